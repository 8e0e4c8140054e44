//! Brings a schema up to date. Two nodes may start at once: one of them waits for the other.
//!
//! Nodes of two versions of the program work beside each other: a step that takes something away
//! waits until no node lives that does not know the schema without it.

use tokio_postgres::{Client, Error, Row, Transaction};

use crate::error::StoreError;
use crate::postgres::explain::Sentence;
use crate::schema::SchemaReport;
use crate::sql::migration::{Applied, Migration, Schema, Unfit};

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
    Migration {
        version: 5,
        name: "nodes",
        sql: include_str!("../../migrations/postgres/0005_nodes.sql"),
    },
    Migration {
        version: 6,
        name: "files",
        sql: include_str!("../../migrations/postgres/0006_files.sql"),
    },
    Migration {
        version: 7,
        name: "sign in",
        sql: include_str!("../../migrations/postgres/0007_sign_in.sql"),
    },
    Migration {
        version: 8,
        name: "webhooks",
        sql: include_str!("../../migrations/postgres/0008_webhooks.sql"),
    },
    Migration {
        version: 9,
        name: "erasures",
        sql: include_str!("../../migrations/postgres/0009_erasures.sql"),
    },
    Migration {
        version: 10,
        name: "responses",
        sql: include_str!("../../migrations/postgres/0010_responses.sql"),
    },
    Migration {
        version: 11,
        name: "draft versions",
        sql: include_str!("../../migrations/postgres/0011_draft_versions.sql"),
    },
];

/// The steps that take something away, see [`Schema`].
const CONTRACTIONS: &[(i64, i64)] = &[];
const SCHEMA: Schema<'_> = Schema { steps: MIGRATIONS, contractions: CONTRACTIONS };

/// Keeps a second node from migrating at the same time; any number that means nothing else.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7273116)";
const LIST: &str = "CREATE TABLE IF NOT EXISTS schema_migrations \
     (version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)";

/// → whether there is one
const IS_LISTED: &str = "SELECT to_regclass('schema_migrations') IS NOT NULL";
/// With it: the oldest schema that a program must know to work with this one.
const LIST_READABLE: &str = "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_attribute \
     WHERE attrelid = 'schema_migrations'::REGCLASS AND attname = 'readable_from') THEN \
     ALTER TABLE schema_migrations ADD COLUMN readable_from BIGINT NOT NULL DEFAULT 1; \
     END IF; END $$";
const APPLIED_READ: &str =
    "SELECT version, checksum, readable_from FROM schema_migrations ORDER BY version";
const APPLIED_ADD: &str = "INSERT INTO schema_migrations (version, name, checksum, readable_from) \
     VALUES ($1, $2, $3, $4)";
/// schema → who lives and does not know it
const OLD_READ: &str = "SELECT node FROM leases \
     WHERE until > clock_timestamp() AND schema < $1 ORDER BY node LIMIT 1";

/// Returns the newest schema that this program knows.
pub(super) const fn newest() -> i64 {
    SCHEMA.newest()
}

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
    let found = run(client, SCHEMA).await;
    let what = match found.map_err(|error| explain(error).into_error())? {
        Ok(()) => return Ok(()),
        Err(Hindrance::Unfit(unfit)) => unfit.to_string(),
        Err(Hindrance::Older { node, version }) => format!(
            "the node {node} still runs and cannot work with schema {version}; stop the nodes of \
             the version before, then start this program again"
        ),
    };
    Err(StoreError::Corrupt { what })
}

/// Says what [`migrate`] would do, and changes nothing.
pub(super) async fn report(client: &mut Client) -> Result<Result<SchemaReport, Unfit>, Error> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    let is_listed: bool = transaction.query_one(IS_LISTED, &[]).await?.get(0);
    let applied = if is_listed { applied(&transaction).await? } else { Vec::new() };
    let Ok(mut report) = SCHEMA.report(&applied) else {
        return Ok(SCHEMA.report(&applied));
    };
    if !report.missing.is_empty() {
        report.awaited = who_knows_less(&transaction, report.readable_from).await?;
    }
    Ok(Ok(report))
}

/// What keeps a program from bringing a schema up to date.
enum Hindrance {
    Unfit(Unfit),
    /// A node lives that could not go on.
    Older {
        node: String,
        version: i64,
    },
}

async fn run(client: &mut Client, schema: Schema<'_>) -> Result<Result<(), Hindrance>, Error> {
    let transaction = client.transaction().await?;
    transaction.execute(LOCK, &[]).await?;
    transaction.batch_execute(LIST).await?;
    transaction.batch_execute(LIST_READABLE).await?;
    let missing = match schema.missing(&applied(&transaction).await?) {
        Ok(missing) => missing,
        Err(unfit) => return Ok(Err(Hindrance::Unfit(unfit))),
    };
    for step in missing {
        let (Migration { version, name, sql }, checksum) = (step, step.checksum());
        let readable_from = schema.readable_from(step);
        if let Some(node) = who_knows_less(&transaction, readable_from).await? {
            return Ok(Err(Hindrance::Older { node, version: *version }));
        }
        transaction.batch_execute(sql).await?;
        transaction.execute(APPLIED_ADD, &[version, name, &checksum, &readable_from]).await?;
    }
    transaction.commit().await?;
    Ok(Ok(()))
}

async fn applied(transaction: &Transaction<'_>) -> Result<Vec<Applied>, Error> {
    let rows = transaction.query(APPLIED_READ, &[]).await?;
    let of = |row: &Row| Applied {
        version: row.get(0),
        checksum: row.get(1),
        readable_from: row.get(2),
    };
    Ok(rows.iter().map(of).collect())
}

/// Returns a node that lives and does not know a schema; every program knows the first.
async fn who_knows_less(
    transaction: &Transaction<'_>,
    schema: i64,
) -> Result<Option<String>, Error> {
    if schema <= 1 {
        return Ok(None);
    }
    let found = transaction.query_opt(OLD_READ, &[&schema]).await?;
    Ok(found.map(|row| row.get(0)))
}

#[cfg(test)]
mod tests {
    use handoff_domain::Incarnation;
    use tokio_postgres::NoTls;

    use super::*;
    use crate::conformance::server::PostgresServer;
    use crate::postgres::{PostgresOptions, PostgresStore};
    use crate::store::Store as _;

    /// What the next version does, and the one after it: the first only adds.
    const NEXT: &[Migration] = &[
        Migration { version: 98, name: "added", sql: "CREATE TABLE added (id BIGINT)" },
        Migration { version: 99, name: "taken away", sql: "ALTER TABLE leases DROP COLUMN about" },
    ];
    const TAKES_AWAY: &[(i64, i64)] = &[(99, 98)];

    async fn client(address: &str) -> Client {
        let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Returns all that a later program knows.
    fn known(next: usize) -> Schema<'static> {
        let all: Vec<Migration> = MIGRATIONS.iter().chain(&NEXT[..next]).copied().collect();
        Schema { steps: all.leak(), contractions: TAKES_AWAY }
    }

    #[test]
    fn every_table_is_named() {
        let tables: Vec<_> = tables().collect();
        assert!(tables.len() > 30, "{tables:?}");
        assert!(["interactions", "log_end", "chat_marks"].iter().all(|it| tables.contains(it)));
    }

    #[tokio::test]
    async fn a_report_says_what_a_start_would_do_and_does_nothing() {
        let address = PostgresServer::shared().fresh_schema();
        let options = PostgresOptions::new(&address);
        for _ in 0..2 {
            let empty = PostgresStore::schema(&options).await.unwrap();
            assert_eq!((empty.found, empty.missing.len()), (0, MIGRATIONS.len()), "{empty:?}");
        }
        PostgresStore::open(options.clone()).await.unwrap().close().await;
        let after = PostgresStore::schema(&options).await.unwrap();
        assert_eq!((after.found, after.missing, after.awaited), (newest(), vec![], None));
    }

    #[tokio::test]
    async fn programs_of_two_versions_work_beside_each_other() {
        let address = PostgresServer::shared().fresh_schema();
        let this = PostgresStore::open(PostgresOptions::new(&address)).await.unwrap();
        let node = Incarnation(7);
        this.begin_lease(node, 600_000).await.unwrap();
        let mut next = client(&address).await;
        let added = run(&mut next, known(1)).await.unwrap();
        assert!(added.is_ok(), "what adds does not wait");
        this.take_duties(node, &["routing"]).await.unwrap();
        let again = PostgresStore::open(PostgresOptions::new(&address)).await;
        again.expect("it starts on the newer schema").close().await;

        // This program does not know what the step needs, and works.
        match run(&mut next, known(2)).await.unwrap() {
            Err(Hindrance::Older { node: named, version: 99 }) => assert_eq!(named, node.stored()),
            _ => panic!("it must wait"),
        }
        this.nodes().await.expect("nothing was taken away");
        this.end_lease(node).await.unwrap();
        let taken = run(&mut next, known(2)).await.unwrap();
        assert!(taken.is_ok(), "the control: nobody lives who needs it");
        let late = PostgresStore::open(PostgresOptions::new(&address)).await.unwrap_err();
        assert!(late.to_string().contains("start the newer program"), "{late}");
        this.close().await;
    }
}
