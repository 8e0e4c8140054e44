//! What is carried over, and what is not.

use std::sync::LazyLock;

use crate::record::Kind;
use crate::sql::columns::{self, is_number};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    Integers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) holds: Holds,
}

/// A table that both SQL stores have, by the same names.
#[derive(Debug)]
pub struct Table {
    pub(crate) name: &'static str,
    pub(crate) key: Vec<Column>,
    pub(crate) rest: Vec<Column>,
    /// Which of the rest differ whenever anything of the row does; none of rows that are never
    /// written again.
    pub(crate) state: Vec<Column>,
    /// Which of the rest is large.
    pub(crate) body: Option<&'static str>,
}

impl Table {
    /// Returns all of its columns, the key first.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.key.iter().chain(&self.rest)
    }
}

const fn text(name: &'static str) -> Column {
    Column { name, holds: Holds::Text }
}

const fn integers(name: &'static str) -> Column {
    Column { name, holds: Holds::Integers }
}

fn of_kind(kind: Kind) -> Table {
    let own = columns::names(kind).iter().map(|name| match is_number(name) {
        true => integers(name),
        false => text(name),
    });
    let rest = [integers("version"), integers("form"), text("body")].into_iter().chain(own);
    Table {
        name: kind.table(),
        key: vec![text("id")],
        rest: rest.collect(),
        state: vec![integers("version")],
        body: Some("body"),
    }
}

fn others() -> [Table; 6] {
    let timer = ["kind", "number"].map(integers);
    [
        Table {
            name: "interaction_lists",
            key: ["list", "id"].map(text).into(),
            rest: Vec::new(),
            state: Vec::new(),
            body: None,
        },
        Table {
            name: "directory_versions",
            key: vec![text("center")],
            rest: vec![integers("version")],
            state: vec![integers("version")],
            body: None,
        },
        Table {
            name: "directory_changes",
            key: ["center", "kind", "id"].map(text).into(),
            rest: vec![integers("version")],
            state: vec![integers("version")],
            body: None,
        },
        Table {
            name: "history",
            key: vec![text("subject"), integers("position")],
            rest: vec![
                integers("at"),
                integers("epoch"),
                integers("form"),
                text("body"),
                integers("last_entry"),
            ],
            state: Vec::new(),
            body: Some("body"),
        },
        Table {
            name: "timers",
            key: [text("subject")].into_iter().chain(timer).collect(),
            rest: vec![integers("due")],
            state: vec![integers("due")],
            body: None,
        },
        Table {
            name: "receipts",
            key: ["scope", "key"].map(text).into(),
            rest: vec![text("fingerprint"), text("answer"), integers("expires")],
            state: vec![text("fingerprint"), integers("expires")],
            body: Some("answer"),
        },
    ]
}

/// Returns every table that is carried over.
pub(crate) fn tables() -> &'static [Table] {
    static ALL: LazyLock<Vec<Table>> =
        LazyLock::new(|| Kind::ALL.iter().copied().map(of_kind).chain(others()).collect());
    &ALL
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rusqlite::Connection;

    use super::*;
    use crate::sqlite::migrated;

    /// Tables of either store that are not carried over, and why not.
    const NOT_CARRIED: &[(&str, &str)] = &[
        ("recent", "the copy's log begins anew"),
        ("streams", "the copy's log begins anew"),
        ("heads", "both stores write them in their own way"),
        ("log_end", "the copy has a generation of its own"),
        ("log_ends", "the copy has a generation of its own"),
        ("promised_answers", "they last a minute"),
        ("leases", "nodes of the source are not at work on the copy"),
        ("duties", "nodes of the source are not at work on the copy"),
        ("cluster", "a copy is a cluster of its own"),
        ("database_file", "it is about the file"),
        ("kept_files", "files are copied apart from records"),
        ("file_pieces", "files are copied apart from records"),
        ("files_mark", "files are copied apart from records"),
        ("schema_migrations", "each store has its own"),
    ];

    fn is_known(table: &str) -> bool {
        tables().iter().any(|known| known.name == table)
            || NOT_CARRIED.iter().any(|(name, _)| *name == table)
    }

    /// Who makes a table says whether copies have it.
    #[test]
    fn every_table_is_carried_or_has_a_reason_why_not() {
        let connection: Connection = migrated();
        let sql =
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let mut statement = connection.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for name in names.map(Result::unwrap) {
            assert!(is_known(&name), "SQLite's {name}");
        }
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
        for file in std::fs::read_dir(directory).unwrap() {
            let sql = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for made in sql.split("CREATE TABLE ").skip(1) {
                let name = made.split([' ', '(']).next().unwrap();
                assert!(is_known(name), "PostgreSQL's {name}");
            }
        }
    }

    #[test]
    fn every_column_of_what_is_carried_is() {
        let connection: Connection = migrated();
        for table in tables() {
            let sql = format!("SELECT name FROM pragma_table_info('{}')", table.name);
            let mut statement = connection.prepare(&sql).unwrap();
            let names = statement.query_map([], |row| row.get(0)).unwrap();
            let names: BTreeSet<String> = names.collect::<Result<_, _>>().unwrap();
            let carried: BTreeSet<String> = table.columns().map(|it| it.name.to_owned()).collect();
            assert_eq!(names, carried, "{}", table.name);
        }
    }
}
