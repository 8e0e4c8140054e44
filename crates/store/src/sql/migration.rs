//! The steps of a schema, and which program works with what they make; both SQL stores have them.
//!
//! Programs of two versions work with one database, beside each other or the older after the newer:
//! a step adds, and what it makes needless is taken away one version later, by a step that says so.

use std::fmt;

use crate::hash::fnv1a;
use crate::schema::SchemaReport;

/// One step of a schema, which is never changed once it was released.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// Counts from 1.
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

impl Migration {
    /// Returns a checksum that notices a change which nobody meant to hide.
    pub(crate) fn checksum(&self) -> String {
        format!("{:016x}", fnv1a(self.sql))
    }
}

/// A step that a database has.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    pub(crate) version: i64,
    pub(crate) checksum: String,
    /// The oldest schema that a program must know to work with what the step left.
    pub(crate) readable_from: i64,
}

/// All that a program knows of a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schema<'a> {
    pub(crate) steps: &'a [Migration],
    /// The steps that take something away, each with the oldest schema that a program must know to
    /// work with what is left. With what the others leave every program works.
    pub(crate) contractions: &'a [(i64, i64)],
}

/// Why a program cannot work with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// It has a step that the program would have to know.
    Newer { found: i64, known: i64 },
    /// A step was applied whose text was another.
    Other(&'static str),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { found, known } => write!(
                f,
                "the database has schema {found}, and a program that knows schemas up to {known} \
                 cannot work with it; start the newer program that wrote it"
            ),
            Self::Other(name) => {
                write!(
                    f,
                    "the migration \"{name}\" was applied by a program with another text of it"
                )
            }
        }
    }
}

impl<'a> Schema<'a> {
    /// Returns the newest schema that the program knows.
    pub(crate) const fn newest(&self) -> i64 {
        match self.steps.last() {
            Some(step) => step.version,
            None => 0,
        }
    }

    /// Returns the oldest schema that a program must know to work with what a step left.
    pub(crate) fn readable_from(&self, step: &Migration) -> i64 {
        let contraction = self.contractions.iter().find(|(version, _)| *version == step.version);
        contraction.map_or(1, |(_, from)| *from)
    }

    /// Returns the steps that a database lacks, in their order.
    ///
    /// # Errors
    ///
    /// When the program cannot work with it.
    pub(crate) fn missing(&self, applied: &[Applied]) -> Result<Vec<&'a Migration>, Unfit> {
        let known = self.newest();
        if applied.iter().any(|step| step.readable_from > known) {
            return Err(Unfit::Newer { found: newest_of(applied), known });
        }
        let mut missing = Vec::new();
        for step in self.steps {
            match applied.iter().find(|found| found.version == step.version) {
                Some(found) if found.checksum != step.checksum() => {
                    return Err(Unfit::Other(step.name));
                }
                Some(_) => {}
                None => missing.push(step),
            }
        }
        Ok(missing)
    }

    /// Says what the program would do to a database, and who works with it then.
    ///
    /// # Errors
    ///
    /// When the program cannot work with it.
    pub(crate) fn report(&self, applied: &[Applied]) -> Result<SchemaReport, Unfit> {
        let missing = self.missing(applied)?;
        // A list that was made before it said so says 1 of everything.
        let known = |it: &Applied| self.steps.iter().find(|step| step.version == it.version);
        let before = applied
            .iter()
            .map(|it| it.readable_from.max(known(it).map_or(1, |step| self.readable_from(step))));
        let after = missing.iter().map(|step| self.readable_from(step));
        Ok(SchemaReport {
            found: newest_of(applied),
            newest: self.newest(),
            readable_from: before.chain(after).max().unwrap_or(1),
            missing: missing.iter().map(|step| (step.version, step.name)).collect(),
            awaited: None,
        })
    }
}

fn newest_of(applied: &[Applied]) -> i64 {
    applied.iter().map(|step| step.version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Migration; 3] = [
        Migration { version: 1, name: "first", sql: "CREATE TABLE a (x INTEGER)" },
        Migration { version: 2, name: "adds", sql: "CREATE TABLE b (x INTEGER)" },
        Migration { version: 3, name: "takes", sql: "DROP TABLE a" },
    ];
    const TAKES: &[(i64, i64)] = &[(3, 2)];

    fn known(count: usize) -> Schema<'static> {
        Schema { steps: STEPS[..count].to_vec().leak(), contractions: TAKES }
    }

    fn applied(by: Schema<'_>) -> Vec<Applied> {
        let of = |step: &Migration| Applied {
            version: step.version,
            checksum: step.checksum(),
            readable_from: by.readable_from(step),
        };
        by.steps.iter().map(of).collect()
    }

    #[test]
    fn a_program_works_with_what_only_adds_to_its_schema() {
        assert!(known(1).missing(&applied(known(2))).unwrap().is_empty());
        assert!(known(2).missing(&applied(known(3))).unwrap().is_empty());
        let late = known(1).missing(&applied(known(3))).unwrap_err();
        assert_eq!(late, Unfit::Newer { found: 3, known: 1 });
    }

    #[test]
    fn a_report_says_what_is_missing_and_who_works_with_it_then() {
        let report = known(3).report(&applied(known(1))).unwrap();
        assert_eq!((report.found, report.newest, report.readable_from), (1, 3, 2));
        assert_eq!(report.missing, [(2, "adds"), (3, "takes")]);
        assert_eq!(known(2).report(&applied(known(1))).unwrap().readable_from, 1);
        assert_eq!(known(2).report(&applied(known(3))).unwrap().readable_from, 2);
    }

    #[test]
    fn another_text_of_a_step_is_refused() {
        let mut other = applied(known(1));
        other[0].checksum = "0".to_owned();
        assert_eq!(known(2).missing(&other).unwrap_err(), Unfit::Other("first"));
    }
}
