//! Brings a database's schema up to date.
//!
//! Migrations are applied in order, each in a transaction of its own, and never changed once
//! released: their checksums are kept in the database and compared at every start. A database of a
//! newer program is opened as long as each of its steps allows it. Whoever migrates has the file
//! for themselves.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::schema::SchemaReport;
use crate::sql::migration::{Applied, Migration, Schema, Unfit};
use crate::sqlite::failure::failed;

const ATTEMPTED: &str = "migrating the database";

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        sql: include_str!("../../migrations/sqlite/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "chats",
        sql: include_str!("../../migrations/sqlite/0002_chats.sql"),
    },
    Migration {
        version: 3,
        name: "mail",
        sql: include_str!("../../migrations/sqlite/0003_mail.sql"),
    },
    Migration {
        version: 4,
        name: "files directory",
        sql: include_str!("../../migrations/sqlite/0004_files_directory.sql"),
    },
    Migration {
        version: 5,
        name: "log",
        sql: include_str!("../../migrations/sqlite/0005_log.sql"),
    },
    Migration {
        version: 6,
        name: "owners",
        sql: include_str!("../../migrations/sqlite/0006_owners.sql"),
    },
    Migration {
        version: 7,
        name: "reader cursors",
        sql: include_str!("../../migrations/sqlite/0007_reader_cursors.sql"),
    },
    Migration {
        version: 8,
        name: "promised answers",
        sql: include_str!("../../migrations/sqlite/0008_promised_answers.sql"),
    },
    Migration {
        version: 9,
        name: "directories",
        sql: include_str!("../../migrations/sqlite/0009_directories.sql"),
    },
    Migration {
        version: 10,
        name: "request numbers",
        sql: include_str!("../../migrations/sqlite/0010_request_numbers.sql"),
    },
    Migration {
        version: 11,
        name: "claims",
        sql: include_str!("../../migrations/sqlite/0011_claims.sql"),
    },
    Migration {
        version: 12,
        name: "mailboxes",
        sql: include_str!("../../migrations/sqlite/0012_mailboxes.sql"),
    },
    Migration {
        version: 13,
        name: "ends",
        sql: include_str!("../../migrations/sqlite/0013_ends.sql"),
    },
    Migration {
        version: 14,
        name: "told last",
        sql: include_str!("../../migrations/sqlite/0014_told_last.sql"),
    },
    Migration {
        version: 15,
        name: "desk settings",
        sql: include_str!("../../migrations/sqlite/0015_desk_settings.sql"),
    },
    Migration {
        version: 16,
        name: "chat marks",
        sql: include_str!("../../migrations/sqlite/0016_chat_marks.sql"),
    },
    Migration {
        version: 17,
        name: "words of contacts",
        sql: include_str!("../../migrations/sqlite/0017_words_of_contacts.sql"),
    },
    Migration {
        version: 18,
        name: "shared secrets",
        sql: include_str!("../../migrations/sqlite/0018_shared_secrets.sql"),
    },
    Migration {
        version: 19,
        name: "sign in",
        sql: include_str!("../../migrations/sqlite/0019_sign_in.sql"),
    },
    Migration {
        version: 20,
        name: "webhooks",
        sql: include_str!("../../migrations/sqlite/0020_webhooks.sql"),
    },
    Migration {
        version: 21,
        name: "erasures",
        sql: include_str!("../../migrations/sqlite/0021_erasures.sql"),
    },
    Migration {
        version: 22,
        name: "responses",
        sql: include_str!("../../migrations/sqlite/0022_responses.sql"),
    },
    Migration {
        version: 23,
        name: "draft versions",
        sql: include_str!("../../migrations/sqlite/0023_draft_versions.sql"),
    },
];

/// The steps that take something away, see [`Schema`]. Of those up to 18 some do, and no program
/// before knew the rule.
const CONTRACTIONS: &[(i64, i64)] = &[(18, 18)];
const SCHEMA: Schema<'_> = Schema { steps: MIGRATIONS, contractions: CONTRACTIONS };

const CREATE_LIST: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, \
     readable_from INTEGER NOT NULL DEFAULT 1) STRICT";
/// The list of a database that was made before it said who works with it.
const COMPLETE_LIST: &str =
    "ALTER TABLE schema_migrations ADD COLUMN readable_from INTEGER NOT NULL DEFAULT 1";
/// a column → whether the list has it; no list has none
const LIST_HAS: &str =
    "SELECT COUNT(*) > 0 FROM pragma_table_info('schema_migrations') WHERE name = $1";
const APPLIED_READ: &str = "SELECT version, checksum, readable_from FROM schema_migrations";
/// The same of a list without that column.
const APPLIED_READ_BEFORE: &str = "SELECT version, checksum, 1 FROM schema_migrations";
const APPLIED_ADD: &str = "INSERT INTO schema_migrations (version, name, checksum, readable_from) \
     VALUES ($1, $2, $3, $4)";

/// Applies what is missing.
pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    run(connection, SCHEMA)
}

/// Says what [`migrate`] would do, of a database that may not be changed.
pub(super) fn report(connection: &Connection) -> Result<SchemaReport, StoreError> {
    let applied = applied(connection).map_err(|error| failed("reading the schema", error))?;
    SCHEMA.report(&applied).map_err(unfit)
}

/// Refuses a schema that is not this program's newest, of a database that may not be changed.
pub(super) fn expect_current(connection: &Connection) -> Result<(), StoreError> {
    let SchemaReport { found, newest, .. } = report(connection)?;
    if found == newest {
        return Ok(());
    }
    let what = format!("the database has schema {found} and this program's is {newest}");
    Err(StoreError::Corrupt { what })
}

fn unfit(unfit: Unfit) -> StoreError {
    StoreError::Corrupt { what: unfit.to_string() }
}

fn run(connection: &Connection, schema: Schema<'_>) -> Result<(), StoreError> {
    let listed = || {
        connection.execute_batch(CREATE_LIST)?;
        applied(connection)
    };
    let applied = listed().map_err(|error| failed(ATTEMPTED, error))?;
    let missing = schema.missing(&applied).map_err(unfit)?;
    if missing.is_empty() {
        return Ok(());
    }
    complete_list(connection).map_err(|error| failed(ATTEMPTED, error))?;
    for step in missing {
        apply(connection, step, schema).map_err(|error| failed(ATTEMPTED, error))?;
    }
    Ok(())
}

fn complete_list(connection: &Connection) -> Result<(), rusqlite::Error> {
    if list_has(connection, "readable_from")? {
        return Ok(());
    }
    connection.execute_batch(COMPLETE_LIST)
}

fn list_has(connection: &Connection, column: &str) -> Result<bool, rusqlite::Error> {
    connection.query_row(LIST_HAS, [column], |row| row.get(0))
}

fn applied(connection: &Connection) -> Result<Vec<Applied>, rusqlite::Error> {
    if !list_has(connection, "version")? {
        return Ok(Vec::new());
    }
    let knows = list_has(connection, "readable_from")?;
    let text = if knows { APPLIED_READ } else { APPLIED_READ_BEFORE };
    let mut statement = connection.prepare(text)?;
    let rows = statement.query_map([], |row| {
        let (version, checksum, readable_from) = row.try_into()?;
        Ok(Applied { version, checksum, readable_from })
    })?;
    rows.collect()
}

fn apply(
    connection: &Connection,
    step: &Migration,
    schema: Schema<'_>,
) -> Result<(), rusqlite::Error> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    transaction.execute_batch(step.sql)?;
    let row = params![step.version, step.name, step.checksum(), schema.readable_from(step)];
    transaction.execute(APPLIED_ADD, row)?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::log as text;

    fn known(steps: &[Migration]) -> Schema<'_> {
        Schema { steps, contractions: &[(2, 2)] }
    }

    const FIRST: Migration =
        Migration { version: 1, name: "first", sql: "CREATE TABLE a (x INTEGER)" };
    const SECOND: Migration =
        Migration { version: 2, name: "second", sql: "CREATE TABLE b (x INTEGER)" };

    fn corruption(result: Result<(), StoreError>) -> String {
        match result {
            Err(StoreError::Corrupt { what }) => what,
            other => panic!("expected corruption, got {other:?}"),
        }
    }

    #[test]
    fn what_is_missing_is_applied_once() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, known(&[FIRST])).unwrap();
        run(&connection, known(&[FIRST, SECOND])).unwrap();
        run(&connection, known(&[FIRST, SECOND])).unwrap();
        connection.execute_batch("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)").unwrap();
    }

    #[test]
    fn a_database_of_every_earlier_schema_is_brought_up_to_date() {
        for step in 1..=MIGRATIONS.len() {
            let connection = Connection::open_in_memory().unwrap();
            run(&connection, known(&MIGRATIONS[..step])).unwrap();
            let subject = if step < 5 { "interaction" } else { "subject" };
            let row = format!(
                "INSERT INTO history ({subject}, position, at, epoch, form, body) VALUES ('i', 1, 2, 3, 1, '{{}}')"
            );
            connection.execute_batch(&row).unwrap();
            let row = "INSERT INTO interactions (id, version, lists, center, place, media, contact, form, body) VALUES \
                ('m', 1, 'aC', 'C', 'sending', 'email', 'c1', 1, '{}'), ('w', 1, '', 'C', 'ended', 'workitem', 'a b', 1, '{}')";
            if step < 3 {
                connection.execute_batch(row).unwrap();
            }
            migrate(&connection).unwrap();
            if step < 3 {
                let lists = |id| {
                    connection.query_row(
                        "SELECT lists FROM interactions WHERE id = $1",
                        [id],
                        |row| row.get(0),
                    )
                };
                assert_eq!(lists("m"), Ok("aC tm cC:c1 s".to_owned()));
                assert_eq!(lists("w"), Ok(String::new()));
                let rows: u32 = connection
                    .query_row("SELECT COUNT(*) FROM interaction_lists", [], |row| row.get(0))
                    .unwrap();
                assert_eq!(rows, 3);
            }
            let body: String =
                connection.query_row(text::HISTORY_READ, ("i", 0, 9), |row| row.get(4)).unwrap();
            assert_eq!(body, "{}");
        }
    }

    /// SQLite finds what stands behind a long text by following it from page to page.
    #[test]
    fn who_was_told_stands_behind_what_each_of_them_reads() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, known(&MIGRATIONS[..13])).unwrap();
        let row = "INSERT INTO recent (position, at, subject, told, kind, form, snapshot) \
            VALUES (7, 2, 'i', 'u1 u2', 'interaction', 1, '{}')";
        connection.execute_batch(row).unwrap();
        let columns = |connection: &Connection| -> Vec<String> {
            let mut columns =
                connection.prepare("SELECT name FROM pragma_table_info('recent')").unwrap();
            let names = columns.query_map([], |row| row.get(0)).unwrap();
            names.collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(columns(&connection)[3], "told", "the control");
        migrate(&connection).unwrap();
        assert_eq!(columns(&connection).last().map(String::as_str), Some("told"));
        let mut statement = connection.prepare(text::TOLD_READ).unwrap();
        let told = statement.query_row((0, 9), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        assert_eq!(told, Ok((7, "i".to_owned(), "u1 u2".to_owned())));
    }

    #[test]
    fn contacts_that_were_there_are_found_by_address_and_name() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, known(&MIGRATIONS[..16])).unwrap();
        let rows = r#"INSERT INTO contacts (id, version, form, body) VALUES
            ('e', 1, 1, '{"center":"C","address":"eve@x","name":"Eve  Adams Eve"}'),
            ('n', 1, 1, '{"center":"C","address":"n@x","name":null}'), ('b', 1, 1, 'broken')"#;
        connection.execute_batch(rows).unwrap();
        migrate(&connection).unwrap();
        let mut read = connection.prepare("SELECT id, lists FROM contacts ORDER BY id").unwrap();
        let lists = read.query_map([], |row| row.try_into()).unwrap();
        let lists: Vec<(String, String)> = lists.collect::<Result<_, _>>().unwrap();
        let of = |id: &str, lists: &str| (id.to_owned(), lists.to_owned());
        let expected = [of("b", ""), of("e", "nC:adams nC:eve nC:eve@x"), of("n", "nC:n@x")];
        assert_eq!(lists, expected);
        let mut found = connection.prepare(crate::sql::statements::WORDS_READ).unwrap();
        let found = found.query_map(("nC:eve", "", "nC:eve~", 9), |row| row.try_into()).unwrap();
        let found: Vec<(String, String)> = found.collect::<Result<_, _>>().unwrap();
        assert_eq!(found, [of("nC:eve", "e"), of("nC:eve@x", "e")]);
    }

    #[test]
    fn the_timers_of_what_a_user_owns_become_one() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, known(&MIGRATIONS[..4])).unwrap();
        let rows = "INSERT INTO interactions (id, version, lists, center, place, media, owner, form, body) VALUES \
            ('a', 1, '', 'C', 'handling', 'chat', 'k', 1, '{}'), ('b', 1, '', 'C', 'handling', 'chat', 'k', 1, '{}'); \
            INSERT INTO timers (subject, kind, number, due) VALUES ('ia', 1, 0, 10), ('ib', 1, 0, 30), ('ib', 0, 1, 20)";
        connection.execute_batch(rows).unwrap();
        migrate(&connection).unwrap();
        let mut statement = connection.prepare(crate::sql::statements::TIMERS_FIRST).unwrap();
        let found = statement.query_map([9], |row| row.try_into()).unwrap();
        let found: Vec<(String, i64, i64, i64)> = found.collect::<Result<_, _>>().unwrap();
        assert_eq!(found, [("ib".to_owned(), 0, 1, 20), ("ok".to_owned(), 1, 0, 30)]);
    }

    #[test]
    fn a_transcript_is_read_over_its_index() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {}", text::TRANSCRIPT_READ);
        let mut statement = connection.prepare(&explain).unwrap();
        let steps = statement.query_map(("i", 0, 9), |row| row.get(3)).unwrap();
        let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(steps[0].contains("history_by_entry (subject=? AND last_entry>?)"), "{steps:?}");
    }

    #[test]
    fn a_newer_database_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, known(&[FIRST, SECOND])).unwrap();
        let what = corruption(run(&connection, known(&[FIRST])));
        assert!(what.contains("schema 2"), "{what}");
    }

    #[test]
    fn a_newer_database_whose_steps_allow_it_is_opened() {
        const THIRD: Migration =
            Migration { version: 3, name: "third", sql: "CREATE TABLE c (x INTEGER)" };
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, known(&[FIRST, SECOND, THIRD])).unwrap();
        run(&connection, known(&[FIRST, SECOND])).unwrap();
        run(&connection, known(&[FIRST, SECOND, THIRD])).unwrap();
    }

    #[test]
    fn a_list_that_does_not_say_who_works_with_it_is_completed() {
        let connection = Connection::open_in_memory().unwrap();
        let before = "CREATE TABLE schema_migrations \
            (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";
        connection.execute_batch(before).unwrap();
        let row = (FIRST.version, FIRST.name, FIRST.checksum());
        connection.execute("INSERT INTO schema_migrations VALUES ($1, $2, $3)", row).unwrap();
        assert_eq!(applied(&connection).unwrap()[0].readable_from, 1);
        run(&connection, known(&[FIRST, SECOND])).unwrap();
        assert_eq!(applied(&connection).unwrap()[1].readable_from, 2);
    }

    #[test]
    fn a_changed_migration_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, known(&[FIRST])).unwrap();
        let changed = Migration { sql: "CREATE TABLE c (x INTEGER)", ..FIRST };
        corruption(run(&connection, known(&[changed])));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        let broken = Migration { sql: "CREATE TABLE a (x INTEGER); CREATE NONSENSE", ..FIRST };
        run(&connection, known(&[broken])).unwrap_err();
        run(&connection, known(&[FIRST])).unwrap();
    }
}
