//! Tests of how SQLite is built and finds the rows of each statement, and that it decides so once.

use rusqlite::{Connection, StatementStatus, params};
use tempfile::TempDir;

use super::SqliteOptions;
use super::files::{open_reader, open_writer, prepare};
use super::migrate::migrate;
use crate::sql::statements::{self as text, every_statement};
use crate::sql::{directories, log, promised};

fn plan_of(connection: &Connection, statement: &str) -> Vec<String> {
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    // What is not bound is null; the plan is the same whatever is.
    explain.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap()
}

/// Statements that look at all rows of a table, or at some of them in their order, and why that is
/// well.
const LOOKING_AT_ALL: [(&str, &str); 9] = [
    (text::CENSUS, "tests alone count everything"),
    (text::TIMERS_FIRST, "it ends at its limit"),
    (log::RECENT_OLDEST, "it ends at its limit"),
    (log::LATEST_READ, "it ends at its limit"),
    (log::STREAM_OWNERS, "a restored database is rare"),
    (log::HEADS_JUMP, "a restored database is rare"),
    (directories::VERSIONS_READ, "a row for each contact center"),
    (promised::USERS, "what is kept of them is of one minute"),
    (promised::SWEEP, "what is kept of them is of one minute"),
];

fn looks_at_all(plan: &[String]) -> bool {
    let is_of_table = |step: &&String| {
        step.starts_with("SCAN ")
            && !step.starts_with("SCAN (subquery")
            && *step != "SCAN CONSTANT ROW"
    };
    plan.iter().any(|step| is_of_table(&step) || step.contains("TEMP B-TREE"))
}

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let connection = Connection::open_in_memory().unwrap();
    migrate(&connection).unwrap();
    for statement in every_statement() {
        let plan = plan_of(&connection, statement);
        let may = LOOKING_AT_ALL.iter().any(|(excused, _)| *excused == statement);
        assert_eq!(looks_at_all(&plan), may, "{statement}\n{plan:?}");
    }
}

/// Binds other values again and again; returns how often the statement was prepared anew.
fn prepared_anew(connection: &Connection) -> i32 {
    let mut statement = connection.prepare(text::LIST_READ).unwrap();
    for center in [None, Some("c"), None, Some("d")] {
        let nothing = None::<&str>;
        let bound = params!["l", "", center, nothing, nothing, nothing, nothing, nothing, 9];
        assert!(statement.query(bound).unwrap().next().unwrap().is_none());
    }
    statement.get_status(StatementStatus::RePrepare)
}

#[test]
fn no_statement_is_prepared_anew_for_what_is_bound() {
    let directory = TempDir::new().unwrap();
    let options = SqliteOptions::new(directory.path().join("handoff.db"));
    let _lock = prepare(&options.path).unwrap();
    let writer = open_writer(&options.path).unwrap();
    migrate(&writer).unwrap();
    assert_eq!(prepared_anew(&writer), 0);
    assert_eq!(prepared_anew(&open_reader(&options).unwrap()), 0);
    let control = Connection::open(&options.path).unwrap();
    assert!(prepared_anew(&control) > 0, "this SQLite never prepares anew");
}

#[test]
fn sqlite_is_built_as_the_workspace_says() {
    let config = include_str!("../../../../.cargo/config.toml");
    assert!(config.contains("-DHAVE_FDATASYNC=1 -DSQLITE_DEFAULT_MEMSTATUS=0"));
    // SQLite tells of the second alone; they come together.
    let connection = Connection::open_in_memory().unwrap();
    let mut statement = connection.prepare("PRAGMA compile_options").unwrap();
    let options = statement.query_map([], |row| row.get(0)).unwrap();
    let options: Vec<String> = options.collect::<Result<_, _>>().unwrap();
    assert!(options.iter().any(|option| option == "DEFAULT_MEMSTATUS=0"), "{options:?}");
}
