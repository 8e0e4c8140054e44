//! What is done wrong on purpose, and how it has to be noticed.

use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::databases::blocking;
use super::scene::Scene;

/// Returns the sequences from which stand-ins take positions, and how they do: with a rest after
/// it, as whoever is interrupted there, so that a short run meets what is rare otherwise.
pub(super) fn sequences() -> String {
    let sequence = |name: &str, from: &str| {
        format!(
            "CREATE SEQUENCE {name} MINVALUE 0;\n\
             SELECT setval('{name}', (SELECT {from} FROM log_ends ORDER BY number DESC LIMIT 1));\n"
        )
    };
    format!(
        "SET search_path = handoff;\n{}{}{}\
         CREATE FUNCTION last_of(name REGCLASS, many BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$\n\
         DECLARE last BIGINT := pg_sequence_last_value(name);\n\
         BEGIN\n\
           PERFORM pg_advisory_lock(1);\n\
           FOR number IN 1..many LOOP last := nextval(name); END LOOP;\n\
           PERFORM pg_advisory_unlock(1);\n\
           PERFORM pg_sleep(random() * 0.05);\n\
           RETURN last;\n\
         END $$;\n",
        sequence("positions", "position"),
        sequence("promises", "promised"),
        sequence("batches", "number"),
    )
}

/// Somebody who reads the log by its positions, as nodes do.
pub(super) struct LogReader {
    over: watch::Sender<bool>,
    reading: AbortOnDropHandle<Result<Read>>,
}

/// What a reader of the log came by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Read {
    pub(super) entries: u64,
    /// Entries that came to be at positions that the reader had passed.
    pub(super) missed: u64,
}

impl LogReader {
    /// Begins to read at the end of the log, and looks so often.
    pub(super) async fn begin(scene: &Scene, every: Duration) -> Result<Self> {
        let server = scene.databases.primary()?;
        let over = watch::Sender::new(false);
        let is_over = over.subscribe();
        let reading = tokio::spawn(async move {
            let count = |told: Option<String>| told.and_then(|it| it.parse::<u64>().ok());
            let (mut last, mut read) = (None, Read::default());
            let mut first = 0;
            while !*is_over.borrow() {
                let from = last.map_or_else(|| "0".to_owned(), |last: u64| last.to_string());
                let sql = format!(
                    "SELECT COUNT(*), MAX(position) FROM handoff.recent WHERE position > {from}"
                );
                let asked = server.clone();
                if let Some(told) = blocking(move || asked.ask(&sql)).await?
                    && let Some((many, to)) = told.split_once('|')
                    && let Ok(to) = to.parse::<u64>()
                {
                    match last {
                        None => first = to,
                        Some(_) => read.entries += many.parse::<u64>().unwrap_or(0),
                    }
                    last = Some(to);
                }
                tokio::time::sleep(every).await;
            }
            let sql = format!(
                "SELECT COUNT(*) FROM handoff.recent WHERE position > {first} AND position <= {}",
                last.unwrap_or(0)
            );
            let all = count(blocking(move || server.ask(&sql)).await?).unwrap_or(0);
            read.missed = all.saturating_sub(read.entries);
            Ok(read)
        });
        Ok(Self { over, reading: AbortOnDropHandle::new(reading) })
    }

    /// Ends, and returns what was read.
    pub(super) async fn end(self) -> Result<Read> {
        self.over.send_replace(true);
        self.reading.await?
    }
}
