//! What a program would do to a database's schema.

/// How a program stands to a database that it was not started with yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaReport {
    /// The schema that the database has; zero of an empty one.
    pub found: i64,
    /// The newest that the program knows.
    pub newest: i64,
    /// The steps that its start would apply, by number and name.
    pub missing: Vec<(i64, &'static str)>,
    /// The oldest schema that a program must know to work with the database after its start.
    pub readable_from: i64,
    /// A node that lives, knows less than that, and must be stopped before.
    pub awaited: Option<String>,
}
