//! Makes days of quarters of an hour that are old. A day is kept as the quarter of an hour that it
//! begins with, so that whoever adds up quarters of an hour adds up days as well.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::{Center, CenterId, Time};
use handoff_engine::{Clock, CountedBy, QUARTER_MS, Worker};
use handoff_store::{Kind, Record, Store, StoreError};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Counters, KEPT_QUARTERS, Quarter, kept, quarter_of};
use crate::projection::{ProjectionError, Standing};

const PERIOD: Duration = Duration::from_secs(60 * 60);
/// Contact centers read at once.
const PAGE: usize = 100;

const EACH: [CountedBy; 6] = [
    CountedBy::Center,
    CountedBy::Queue,
    CountedBy::Agent,
    CountedBy::Channel,
    CountedBy::Service,
    CountedBy::Disposition,
];

const FOLDED: &str = "SELECT until FROM folded WHERE center = ?1";
const FOLD_UNTIL: &str = "INSERT OR REPLACE INTO folded (center, until) VALUES (?1, ?2)";
const OLDEST: &str = "SELECT min(quarter) FROM quarters \
    WHERE center = ?1 AND kind = ?2 AND quarter >= ?3 AND quarter < ?4";
const READ: &str = "SELECT center, kind, quarter, counted, tally FROM quarters \
    WHERE center = ?1 AND kind = ?2 AND quarter >= ?3 AND quarter < ?4";

/// Makes days of old quarters of an hour, each of its contact center's time zone as it is then.
pub struct Fold {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
}

impl Fold {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, counters: Arc<Counters>) -> Self {
        Self { store, clock, counters }
    }

    /// Folds what it can. What it cannot is tried again: nothing else stands on it, and it keeps
    /// nobody from being served.
    async fn fold_all(&self, center: &Center) {
        let zone = center.time_zone.as_deref().unwrap_or("UTC");
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let id = center.id;
        let until = Day::of(&zone, quarter_of(self.clock.now()) - KEPT_QUARTERS).begins;
        let counters = self.counters.clone();
        let folded = tokio::task::spawn_blocking(move || {
            while counters.fold(id, &zone, until)? {}
            Ok(())
        });
        let folded = folded
            .await
            .unwrap_or_else(|error| Err(ProjectionError::Unreadable(error.to_string())));
        if let Err(error) = folded {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, center = %center.name, "old counters are not made into days");
        }
    }
}

/// A day, as the quarters of an hour with which it and the next one begin.
struct Day {
    begins: Quarter,
    ends: Quarter,
}

impl Day {
    /// Returns the day that a quarter of an hour is in.
    fn of(zone: &TimeZone, quarter: Quarter) -> Self {
        let at = Timestamp::from_millisecond(quarter.saturating_mul(QUARTER_MS));
        let midnights = at.and_then(|at| {
            let begins = at.to_zoned_datetime(zone.clone()).start_of_day()?;
            Ok((begins.timestamp(), begins.tomorrow()?.start_of_day()?.timestamp()))
        });
        // Beyond all times that there are no day begins.
        let Ok((begins, ends)) = midnights else {
            return Self { begins: quarter, ends: quarter + 1 };
        };
        let quarter = |at: Timestamp| quarter_of(Time(at.as_millisecond()));
        Self { begins: quarter(begins), ends: quarter(ends) }
    }
}

impl Counters {
    /// Makes a day of the oldest quarters of an hour of a contact center that are none yet and
    /// before one; tells whether there may be more. While they are rebuilt it leaves them alone.
    pub(crate) fn fold(
        &self,
        center: CenterId,
        zone: &TimeZone,
        until: Quarter,
    ) -> Result<bool, ProjectionError> {
        let mut connection = self.file.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !matches!(crate::file::standing(&transaction)?, Standing::Following(_)) {
            return Ok(false);
        }
        let stored = center.stored();
        let folded: Option<Quarter> =
            transaction.query_row(FOLDED, [&stored], |row| row.get(0)).optional()?;
        let from = folded.unwrap_or(Quarter::MIN);
        let kinds = EACH.map(kept::kind_of);
        let mut first = None;
        for kind in kinds {
            let oldest: Option<Quarter> = transaction
                .prepare_cached(OLDEST)?
                .query_row(params![stored, kind, from, until], |row| row.get(0))?;
            first = first.into_iter().chain(oldest).min();
        }
        let next = first.map_or(until, |first| Day::of(zone, first).ends.min(until));
        if let Some(first) = first {
            let begins = Day::of(zone, first).begins;
            for kind in kinds {
                fold_rows(&transaction, (&stored, kind), first..next, begins)?;
            }
        }
        transaction.prepare_cached(FOLD_UNTIL)?.execute(params![stored, next.max(from)])?;
        transaction.commit()?;
        Ok(first.is_some())
    }
}

fn fold_rows(
    transaction: &Transaction<'_>,
    (center, kind): (&str, &str),
    quarters: Range<Quarter>,
    day: Quarter,
) -> Result<(), ProjectionError> {
    let mut old = Vec::new();
    {
        let mut statement = transaction.prepare_cached(READ)?;
        let mut rows = statement.query(params![center, kind, quarters.start, quarters.end])?;
        while let Some(row) = rows.next()? {
            old.push(kept::row_of(row)?);
        }
    }
    for (mut key, tally) in old.into_iter().filter(|(key, _)| key.quarter != day) {
        kept::remove_tally(transaction, &key)?;
        key.quarter = day;
        kept::add_tally(transaction, &key, tally)?;
    }
    Ok(())
}

#[async_trait]
impl Worker for Fold {
    fn name(&self) -> &'static str {
        "counters-fold"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn round(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.list(Kind::Center, after.take(), PAGE).await?;
            after = page.items.last().map(|last| last.value.key());
            for found in page.items {
                if let Record::Center(center) = found.value {
                    self.fold_all(&center).await;
                }
            }
            if !page.more {
                return Ok(());
            }
        }
    }
}
