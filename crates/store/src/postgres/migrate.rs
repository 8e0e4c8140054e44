//! Brings a schema up to date. Two nodes may start at once: one of them waits for the other.

use tokio_postgres::{Client, Error};

use crate::error::StoreError;
use crate::postgres::explain::Sentence;
use crate::sql::migration::Migration;

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "first",
        sql: include_str!("../../migrations/postgres/0001_first.sql"),
    },
    Migration {
        version: 2,
        name: "chat marks",
        sql: include_str!("../../migrations/postgres/0002_chat_marks.sql"),
    },
    Migration {
        version: 3,
        name: "words of contacts",
        sql: include_str!("../../migrations/postgres/0003_words_of_contacts.sql"),
    },
    Migration {
        version: 4,
        name: "cluster place",
        sql: include_str!("../../migrations/postgres/0004_cluster_place.sql"),
    },
];

/// Keeps a second node from migrating at the same time; any number that means nothing else.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7273116)";
const LIST: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";

/// What begins the name of a table that is made.
const MAKES: &str = "CREATE TABLE ";

/// Returns the names of all tables.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let made = MIGRATIONS.iter().flat_map(|migration| migration.sql.split(MAKES).skip(1));
    made.filter_map(|text| text.split([' ', '(']).next())
}

/// Applies what is missing; `explain` says what an error of the database means.
pub(super) async fn migrate(
    client: &mut Client,
    explain: &(dyn Fn(Error) -> Sentence + Sync),
) -> Result<(), StoreError> {
    let newest = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let found = run(client).await.map_err(|error| explain(error).into_error())?;
    let what = match found {
        Found::Known => return Ok(()),
        Found::Newer(version) => format!(
            "the database has schema {version} and this program knows schemas up to {newest}; \
             start the newer program that wrote it"
        ),
        Found::Other(name) => {
            format!("the migration \"{name}\" was applied by a program with another text of it")
        }
    };
    Err(StoreError::Corrupt { what })
}

enum Found {
    Known,
    Newer(i64),
    Other(&'static str),
}

async fn run(client: &mut Client) -> Result<Found, Error> {
    let transaction = client.transaction().await?;
    transaction.execute(LOCK, &[]).await?;
    transaction.batch_execute(LIST).await?;
    let rows =
        transaction.query("SELECT version, checksum FROM schema_migrations ORDER BY version", &[]);
    let applied: Vec<(i64, String)> =
        rows.await?.iter().map(|row| (row.get(0), row.get(1))).collect();
    if let Some((version, _)) = applied
        .last()
        .filter(|(version, _)| MIGRATIONS.last().is_none_or(|newest| *version > newest.version))
    {
        return Ok(Found::Newer(*version));
    }
    for migration in MIGRATIONS {
        let (Migration { version, name, sql }, checksum) = (migration, migration.checksum());
        match applied.iter().find(|(found, _)| found == version) {
            Some((_, found)) if *found != checksum => return Ok(Found::Other(name)),
            Some(_) => {}
            None => {
                transaction.batch_execute(sql).await?;
                let insert =
                    "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)";
                transaction.execute(insert, &[version, name, &checksum]).await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(Found::Known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_named() {
        let tables: Vec<_> = tables().collect();
        assert!(tables.len() > 30, "{tables:?}");
        assert!(["interactions", "log_end", "chat_marks"].iter().all(|it| tables.contains(it)));
    }
}
