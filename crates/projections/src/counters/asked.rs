//! Answering with counts.

use std::time::Duration;

use async_trait::async_trait;
use handoff_engine::{Counts, Statistics, StatisticsError, WantedCounts};
use handoff_store::LogEnd;
use rusqlite::{Connection, params};

use super::{Counters, kept, quarter_of};
use crate::projection::{ProjectionError, reaches};

/// Rows that are gone through for one answer: every quarter of an hour of a month for 300 agents.
const READ_MAX: usize = 1_000_000;

const READ: &str = "SELECT center, kind, quarter, counted, tally FROM quarters \
    WHERE center = ?1 AND kind = ?2 AND quarter >= ?3 AND quarter < ?4 ORDER BY quarter";

/// Why there is no answer.
enum Failed {
    TooMany,
    File(ProjectionError),
}

impl<E: Into<ProjectionError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::File(error.into())
    }
}

#[async_trait]
impl Statistics for Counters {
    async fn reaches(&self, end: LogEnd, patience: Duration) -> bool {
        reaches(&self.standing, end, patience).await
    }

    async fn counts(&self, wanted: WantedCounts) -> Result<Counts, StatisticsError> {
        let place = self.places.clone().acquire_owned().await;
        let reading = self.reading.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // Held until the thread is done, also when nobody waits for the answer any more.
            let _place = place;
            let connection = reading.connection()?;
            let counts = read(&connection, &wanted);
            reading.give_back(connection);
            counts
        });
        match asked.await {
            Ok(Ok(counts)) => Ok(counts),
            Ok(Err(Failed::TooMany)) => Err(StatisticsError::TooMany),
            Ok(Err(Failed::File(error))) => {
                let error = handoff_store::with_causes(&error);
                tracing::warn!(%error, "the counters cannot be read");
                Err(StatisticsError::NoCounts)
            }
            Err(error) => {
                tracing::error!(%error, "the counters were interrupted");
                Err(StatisticsError::NoCounts)
            }
        }
    }
}

fn read(connection: &Connection, wanted: &WantedCounts) -> Result<Counts, Failed> {
    let Some(first) = wanted.begins.first() else { return Ok(Counts::new()) };
    let begins: Vec<_> = wanted.begins.iter().map(|at| quarter_of(*at)).collect();
    let mut statement = connection.prepare_cached(READ)?;
    let mut rows = statement.query(params![
        wanted.center.stored(),
        kept::kind_of(wanted.by),
        quarter_of(*first),
        quarter_of(wanted.until)
    ])?;
    let (mut counts, mut read) = (Counts::new(), 0);
    while let Some(row) = rows.next()? {
        read += 1;
        let (key, tally) = kept::row_of(row)?;
        let part = begins.partition_point(|begin| *begin <= key.quarter) - 1;
        counts.entry((part, key.counted)).or_default().add(tally);
        if counts.len() > wanted.rows_max || read > READ_MAX {
            return Err(Failed::TooMany);
        }
    }
    Ok(counts)
}
