//! What is looked at before a node uses a database: that it can do what is asked of it, that the
//! user may, and that it is this cluster's.

use std::time::Duration;

use tokio_postgres::Client;

use crate::error::StoreError;
use crate::postgres::PostgresOptions;
use crate::postgres::connect::{Link, Server};
use crate::postgres::explain::Sentence;
use crate::postgres::generation::demand_whole;
use crate::postgres::migrate::{self, tables};
use crate::postgres::until::Until;
use crate::schema::SchemaReport;

/// The oldest PostgreSQL that works, as `server_version_num`: what is older is not tested.
const OLDEST: i32 = 150_000;

/// How long a server may take to accept the first connection and to say something over it: longer
/// than one that is at work needs, and nobody watches a start for longer.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// → version, encoding of texts, the schema of the tables
const SERVER_READ: &str = "SELECT current_setting('server_version_num')::INT, \
     current_setting('server_encoding'), current_schema()::TEXT";
/// tables → those that the user may not use as a node does
pub(super) const FORBIDDEN_READ: &str = "SELECT wanted.name FROM unnest($1::TEXT[]) AS wanted (name) \
     JOIN pg_class ON pg_class.oid = to_regclass(quote_ident(wanted.name)) \
     WHERE NOT (has_table_privilege(pg_class.oid, 'SELECT') \
         AND has_table_privilege(pg_class.oid, 'INSERT') \
         AND has_table_privilege(pg_class.oid, 'UPDATE') \
         AND has_table_privilege(pg_class.oid, 'DELETE')) ORDER BY 1 LIMIT 3";
/// what this cluster is called: written once
const LABEL_WRITE: &str = "UPDATE cluster SET label = $1 WHERE id = 1 AND label IS NULL";
/// → the cluster's id, what it is called
const CLUSTER_READ: &str = "SELECT name, COALESCE(label, '') FROM cluster WHERE id = 1";

/// Brings the schema up to date; returns the cluster's id.
pub(super) async fn begin(
    server: &Server,
    options: &PostgresOptions,
) -> Result<String, StoreError> {
    let address = &server.address;
    let told = |error| address.explain(&error).into_error();
    let mut client = connected(server).await?;
    migrate::migrate(&mut client, &|error| address.explain(&error)).await?;
    if let Some(lacking) = forbidden(&client).await.map_err(told)? {
        return Err(Sentence::new(address.lacking(&lacking)).into_error());
    }
    let cluster = joined(&client, options.cluster.as_deref(), &address.name).await;
    let cluster = cluster.map_err(told)?.map_err(Sentence::into_error)?;
    server.recognise(&client).await.map_err(told)?;
    Ok(cluster)
}

/// Says what [`begin`] would do to the schema.
pub(super) async fn look(server: &Server) -> Result<SchemaReport, StoreError> {
    let mut client = connected(server).await?;
    let report = migrate::report(&mut client).await;
    let report = report.map_err(|error| server.address.explain(&error).into_error())?;
    report.map_err(|unfit| StoreError::Corrupt { what: unfit.to_string() })
}

/// Connects to a server that can be used and has a whole database.
async fn connected(server: &Server) -> Result<Link, StoreError> {
    let address = &server.address;
    let told = |error| address.explain(&error).into_error();
    let opened = Until::after(CONNECT_MAX).wait(server.connect_first()).await;
    let client = opened.map_err(|it| address.unanswered(&it).into_error())?.map_err(told)?;
    let found = client.query_one(SERVER_READ, &[]).await.map_err(told)?;
    let schema: Option<&str> = found.get(2);
    fit(found.get(0), found.get(1), schema).map_err(Sentence::into_error)?;
    demand_whole(&*client).await.map_err(told)?;
    Ok(client)
}

/// Says why a server cannot be used at all.
fn fit(version: i32, encoding: &str, schema: Option<&str>) -> Result<(), Sentence> {
    let what = if version < OLDEST {
        let (found, oldest) = (version / 10_000, OLDEST / 10_000);
        format!(
            "this is PostgreSQL {found}, and {oldest} is the oldest that works; upgrade the server"
        )
    } else if encoding != "UTF8" {
        format!("the database's encoding is {encoding}; make one with ENCODING 'UTF8'")
    } else if schema.is_none() {
        "the first schema of search_path does not exist; make it, or correct the address".to_owned()
    } else {
        return Ok(());
    };
    Err(Sentence::new(what))
}

/// Returns what the user lacks a privilege on, if anything.
async fn forbidden(client: &Client) -> Result<Option<String>, tokio_postgres::Error> {
    let tables: Vec<&str> = tables().collect();
    let rows = client.query(FORBIDDEN_READ, &[&tables]).await?;
    Ok(lacking(rows.iter().map(|row| row.get(0))))
}

/// Says on which tables privileges are missing, if on any.
pub(super) fn lacking<'a>(tables: impl Iterator<Item = &'a str>) -> Option<String> {
    let tables: Vec<_> = tables.collect();
    (!tables.is_empty())
        .then(|| format!("SELECT, INSERT, UPDATE and DELETE on {}", tables.join(", ")))
}

/// Joins the cluster whose database this is; returns its id.
async fn joined(
    client: &Client,
    wanted: Option<&str>,
    name: &str,
) -> Result<Result<String, Sentence>, tokio_postgres::Error> {
    if let Some(wanted) = wanted {
        client.execute(LABEL_WRITE, &[&wanted]).await?;
    }
    let found = client.query_one(CLUSTER_READ, &[]).await?;
    let (id, label): (String, &str) = (found.get(0), found.get(1));
    Ok(match wanted {
        Some(wanted) if wanted != label => Err(Sentence::new(format!(
            "the database {name} is the cluster {label:?}'s, and this node is of the cluster {wanted:?}; correct the address or the \
             cluster's name"
        ))),
        _ => Ok(id),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_cannot_be_used_is_told() {
        let told =
            |version, encoding, schema| fit(version, encoding, schema).unwrap_err().to_string();
        assert!(told(140_013, "UTF8", Some("a")).starts_with("this is PostgreSQL 14, and 15"));
        assert!(told(150_000, "SQL_ASCII", Some("a")).contains("ENCODING 'UTF8'"));
        assert!(told(150_000, "UTF8", None).contains("search_path"));
        assert!(fit(150_000, "UTF8", Some("a")).is_ok());
    }
}
