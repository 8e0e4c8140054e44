//! Brings a database's schema up to date.
//!
//! Migrations are applied in order, each in a transaction of its own, and never changed once
//! released: their checksums are kept in the database and compared at every start. A database of a
//! newer program is refused, because this one would write rows that the newer one cannot read.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::error::StoreError;
use crate::sql::migration::Migration;
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
];

const CREATE_LIST: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT";

/// Applies what is missing.
pub(super) fn migrate(connection: &Connection) -> Result<(), StoreError> {
    run(connection, MIGRATIONS)
}

/// Refuses a schema that is not this program's newest, of a database that may not be changed.
pub(super) fn expect_current(connection: &Connection) -> Result<(), StoreError> {
    let found: i64 = connection
        .query_row("SELECT MAX(version) FROM schema_migrations", [], |row| row.get(0))
        .map_err(|error| failed("reading the schema", error))?;
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if found == known {
        return Ok(());
    }
    let what = format!("the database has schema {found} and this program's is {known}");
    Err(StoreError::Corrupt { what })
}

fn run(connection: &Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    connection.execute_batch(CREATE_LIST).map_err(|error| failed(ATTEMPTED, error))?;
    refuse_newer(connection, migrations)?;
    for migration in migrations {
        apply(connection, migration)?;
    }
    Ok(())
}

fn refuse_newer(connection: &Connection, migrations: &[Migration]) -> Result<(), StoreError> {
    let known = migrations.last().map_or(0, |migration| migration.version);
    let found: i64 = connection
        .query_row("SELECT COALESCE(MAX(version), 0) FROM schema_migrations", [], |row| row.get(0))
        .map_err(|error| failed(ATTEMPTED, error))?;
    if found > known {
        let what = format!(
            "the database has schema {found} and this program knows schemas up to {known}; start the newer program that wrote it"
        );
        return Err(StoreError::Corrupt { what });
    }
    Ok(())
}

fn apply(connection: &Connection, migration: &Migration) -> Result<(), StoreError> {
    let expected = migration.checksum();
    let work = || {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        let found: Option<String> = transaction
            .query_row(
                "SELECT checksum FROM schema_migrations WHERE version = $1",
                [migration.version],
                |row| row.get(0),
            )
            .optional()?;
        if found.is_none() {
            transaction.execute_batch(migration.sql)?;
            transaction.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                params![migration.version, migration.name, expected],
            )?;
            transaction.commit()?;
        }
        Ok(found)
    };
    match work().map_err(|error| failed(ATTEMPTED, error))? {
        Some(found) if found != expected => Err(StoreError::Corrupt {
            what: format!(
                "schema migration {} is not the one that was applied to this database",
                migration.version
            ),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::log as text;

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
        run(&connection, &[FIRST]).unwrap();
        run(&connection, &[FIRST, SECOND]).unwrap();
        run(&connection, &[FIRST, SECOND]).unwrap();
        connection.execute_batch("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)").unwrap();
    }

    #[test]
    fn a_database_of_every_earlier_schema_is_brought_up_to_date() {
        for known in 1..=MIGRATIONS.len() {
            let connection = Connection::open_in_memory().unwrap();
            run(&connection, &MIGRATIONS[..known]).unwrap();
            let subject = if known < 5 { "interaction" } else { "subject" };
            let row = format!(
                "INSERT INTO history ({subject}, position, at, epoch, form, body) VALUES ('i', 1, 2, 3, 1, '{{}}')"
            );
            connection.execute_batch(&row).unwrap();
            let row = "INSERT INTO interactions (id, version, lists, center, place, media, contact, form, body) VALUES \
                ('m', 1, 'aC', 'C', 'sending', 'email', 'c1', 1, '{}'), ('w', 1, '', 'C', 'ended', 'workitem', 'a b', 1, '{}')";
            if known < 3 {
                connection.execute_batch(row).unwrap();
            }
            migrate(&connection).unwrap();
            if known < 3 {
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
        run(&connection, &MIGRATIONS[..13]).unwrap();
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
        run(&connection, &MIGRATIONS[..16]).unwrap();
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
        run(&connection, &MIGRATIONS[..4]).unwrap();
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
        run(&connection, &[FIRST, SECOND]).unwrap();
        let what = corruption(run(&connection, &[FIRST]));
        assert!(what.contains("schema 2"), "{what}");
    }

    #[test]
    fn a_changed_migration_is_refused() {
        let connection = Connection::open_in_memory().unwrap();
        run(&connection, &[FIRST]).unwrap();
        let changed = Migration { sql: "CREATE TABLE c (x INTEGER)", ..FIRST };
        corruption(run(&connection, &[changed]));
    }

    #[test]
    fn a_migration_that_fails_leaves_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        let broken = Migration { sql: "CREATE TABLE a (x INTEGER); CREATE NONSENSE", ..FIRST };
        run(&connection, &[broken]).unwrap_err();
        run(&connection, &[FIRST]).unwrap();
    }
}
