//! What is written in a transaction of its own, and not with a batch of commits: sweeps, leases,
//! another generation.

use std::collections::BTreeSet;
use std::time::Duration;

use deadpool_postgres::Client;
use handoff_domain::{Incarnation, Time};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::PostgresStore;
use crate::error::StoreError;
use crate::log::LogEnd;
use crate::postgres::failure::{Lacking, Verdict, failed, judge};
use crate::postgres::generation::renew;
use crate::postgres::migrate::{newest, tables};
use crate::postgres::pipeline::call;
use crate::postgres::reads::log::end_of;
use crate::postgres::reads::{ANSWER_MAX, Ended};
use crate::postgres::start::{FORBIDDEN_READ, lacking};
use crate::postgres::statements::LOG_END_READ;
use crate::postgres::until::Until;
use crate::sql::decode::{senseless, text_at};
use crate::sql::{log, promised, statements as shared};
use crate::store::{Lease, SweepReport};

/// How often a sweep is tried that is in somebody's way.
pub(super) const TRIES_MAX: usize = 5;

/// owners, position
const ROWS_SWEEP: &str = "DELETE FROM streams WHERE owner = ANY($1) AND position <= $2";
/// floor
const FLOOR_RAISE: &str = "UPDATE log_end SET floor = GREATEST(floor, $1) WHERE id = 1";
/// limit. The last one stays, however old it is.
const ENDS_SWEEP: &str = "DELETE FROM log_ends WHERE number IN (SELECT number FROM log_ends \
     WHERE at < now() - INTERVAL '1 hour' AND number < (SELECT MAX(number) FROM log_ends) \
     ORDER BY number LIMIT $1)";

/// node, milliseconds, the newest schema that it knows
const LEASE_BEGIN: &str = "INSERT INTO leases (node, until, schema) \
     VALUES ($1, clock_timestamp() + $2 * INTERVAL '1 millisecond', $3) \
     ON CONFLICT (node) DO UPDATE SET until = excluded.until";
/// node, milliseconds
const LEASE_RENEW: &str = "UPDATE leases SET until = clock_timestamp() + $2 * INTERVAL '1 millisecond' \
     WHERE node = $1 AND until > clock_timestamp()";
/// node
const LEASE_END: &str = "DELETE FROM leases WHERE node = $1";
const LEASES_OVER: &str = "DELETE FROM leases WHERE until <= clock_timestamp()";
const LEASES_READ: &str = "SELECT node FROM leases WHERE until > clock_timestamp()";

/// How long a sweep or a new generation may take: seconds, of the largest. A server that does not
/// answer keeps whoever does it for so long.
pub(super) const LONG_MAX: Duration = Duration::from_secs(60);

/// What may be forgotten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) now: Time,
    pub(super) streams_before: Time,
    pub(super) logins_before: Time,
    pub(super) limit: usize,
}

pub(super) fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl PostgresStore {
    pub(super) async fn swept(&self, bounds: &Bounds) -> Result<SweepReport, StoreError> {
        const ATTEMPTED: &str = "sweeping";
        let until = Until::after(LONG_MAX);
        let mut tries = 1;
        loop {
            let sweep = async |client: &mut Client| sweep_once(client, bounds).await;
            match self.reads.work(ATTEMPTED, until, sweep).await? {
                Ok(report) => return Ok(report),
                Err(error) if judge(&error) == Verdict::Again && tries < TRIES_MAX => tries += 1,
                Err(error) => return Err(failed(ATTEMPTED, error)),
            }
        }
    }

    pub(super) async fn renewed(&self) -> Result<LogEnd, StoreError> {
        const ATTEMPTED: &str = "renewing the log";
        let work = async |client: &mut Client| {
            // The tokio client's own, which the other ways to a connection have as well.
            let client: &mut tokio_postgres::Client = client;
            let transaction = client.transaction().await?;
            renew(&transaction).await?;
            let end = transaction.query_one(LOG_END_READ, &[]).await?;
            transaction.commit().await?;
            Ok(end)
        };
        let done = self.reads.work(ATTEMPTED, Until::after(LONG_MAX), work).await?;
        end_of(&done.map_err(|error| failed(ATTEMPTED, error))?)
    }

    pub(super) async fn lease_begun(
        &self,
        node: Incarnation,
        for_ms: u64,
    ) -> Result<(), StoreError> {
        const ATTEMPTED: &str = "beginning a lease";
        self.execute(ATTEMPTED, LEASES_OVER, &[]).await?;
        let (node, ms, schema) = (node.stored(), milliseconds(for_ms), newest());
        self.execute(ATTEMPTED, LEASE_BEGIN, &[&node, &ms, &schema]).await.map(|_| ())
    }

    pub(super) async fn lease_renewed(
        &self,
        node: Incarnation,
        for_ms: u64,
    ) -> Result<Lease, StoreError> {
        let parameters: [&(dyn ToSql + Sync); 2] = [&node.stored(), &milliseconds(for_ms)];
        let renewed = self.execute("renewing a lease", LEASE_RENEW, &parameters).await?;
        Ok(if renewed == 0 { Lease::Lost } else { Lease::Kept })
    }

    pub(super) async fn lease_ended(&self, node: Incarnation) -> Result<(), StoreError> {
        self.execute("ending a lease", LEASE_END, &[&node.stored()]).await.map(|_| ())
    }

    pub(super) async fn lease_holders(&self) -> Result<BTreeSet<Incarnation>, StoreError> {
        let rows = self.reads.ask_one("reading who lives", call!(LEASES_READ)).await?;
        let node = |row: &Row| {
            let node = text_at(row, 0, "leases", "node")?;
            node.parse().map_err(|_| senseless("leases", node, "no node"))
        };
        rows.iter().map(node).collect()
    }

    /// Tells whether the database takes a commit, of everything that there is: what is written is
    /// what was there.
    pub(super) async fn probed(&self) -> Result<(), StoreError> {
        const ATTEMPTED: &str = "taking commits";
        let tables: Vec<&str> = tables().collect();
        let (until, mut ended) = (Until::after(ANSWER_MAX), Ended::default());
        let forbidden = loop {
            let probe = async |client: &mut Client| {
                client.execute(&client.prepare_cached(FLOOR_RAISE).await?, &[&0_i64]).await?;
                client.query(&client.prepare_cached(FORBIDDEN_READ).await?, &[&tables]).await
            };
            match self.reads.work(ATTEMPTED, until, probe).await? {
                Err(error) if ended.is_why(&error) => {}
                done => break done.map_err(|error| failed(ATTEMPTED, error))?,
            }
        };
        match lacking(forbidden.iter().map(|row| row.get(0))) {
            Some(what) => Err(failed(ATTEMPTED, Lacking(what))),
            None => Ok(()),
        }
    }

    /// Carries out a statement that may be carried out twice.
    pub(super) async fn execute(
        &self,
        attempted: &'static str,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        let (until, mut ended) = (Until::after(ANSWER_MAX), Ended::default());
        loop {
            let work = async |client: &mut Client| {
                client.execute(&client.prepare_cached(sql).await?, parameters).await
            };
            match self.reads.work(attempted, until, work).await? {
                Err(error) if ended.is_why(&error) => {}
                done => return done.map_err(|error| failed(attempted, error)),
            }
        }
    }
}

/// Longest lease, in milliseconds: a year.
const LEASE_MAX: u64 = 365 * 24 * 3_600 * 1_000;

fn milliseconds(for_ms: u64) -> f64 {
    u32::try_from(for_ms.min(LEASE_MAX) / 1_000).map_or(0.0, f64::from) * 1_000.0
        + u32::try_from(for_ms % 1_000).map_or(0.0, f64::from)
}

async fn sweep_once(client: &mut Client, bounds: &Bounds) -> Result<SweepReport, Error> {
    let limit = limit_of(bounds.limit);
    let transaction = client.transaction().await?;
    let now = &bounds.now.0;
    let receipts = transaction.execute(shared::RECEIPTS_SWEEP, &[now, &limit]).await?;
    let logins = &bounds.logins_before.0;
    let login_sessions = transaction.execute(shared::LOGINS_SWEEP, &[logins, &limit]).await?;
    let claims = transaction.execute(shared::CLAIMS_SWEEP, &[now, &limit]).await?;
    let chat_marks = transaction.execute(shared::CHAT_MARKS_SWEEP, &[now, &limit]).await?;
    let audit_entries = transaction.execute(shared::AUDIT_SWEEP, &[now, &limit]).await?;
    let promised = transaction.execute(promised::SWEEP, &[now, &limit]).await?;
    transaction.execute(ENDS_SWEEP, &[&limit]).await?;
    let (log_entries, stream_rows) = sweep_log(&transaction, bounds).await?;
    transaction.commit().await?;
    Ok(SweepReport {
        log_entries,
        stream_rows,
        receipts,
        login_sessions,
        promised,
        claims,
        chat_marks,
        audit_entries,
    })
}

/// Sweeps the log in its order, up to the first entry that is not old enough, and until enough
/// stream rows go with it.
async fn sweep_log(
    transaction: &tokio_postgres::Transaction<'_>,
    bounds: &Bounds,
) -> Result<(u64, u64), Error> {
    let oldest = transaction.query(log::RECENT_OLDEST, &[&limit_of(bounds.limit)]).await?;
    let (mut last, mut owners, mut rows_count) = (None, BTreeSet::new(), 0);
    for row in &oldest {
        if row.get::<_, i64>(1) >= bounds.streams_before.0 || rows_count >= bounds.limit {
            break;
        }
        last = Some(row.get::<_, i64>(0));
        let told: &str = row.get(2);
        rows_count += told.split_ascii_whitespace().count();
        owners.extend(told.split_ascii_whitespace());
    }
    let Some(last) = last else { return Ok((0, 0)) };
    let owners: Vec<&str> = owners.into_iter().collect();
    let rows = transaction.execute(ROWS_SWEEP, &[&owners, &last]).await?;
    let entries = transaction.execute(log::RECENT_SWEEP, &[&last]).await?;
    transaction.execute(FLOOR_RAISE, &[&last]).await?;
    Ok((entries, rows))
}
