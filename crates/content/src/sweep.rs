//! The sweep: what nobody can ask for any more is taken out of use.
//!
//! It takes nothing in the first hour, it takes only what arrived while this store was in service,
//! what it takes lies in a trash for a day, and it takes nothing from a place where another store
//! has said within a day that it sweeps: two that were made from one know each other's as theirs.

use std::sync::Arc;
use std::time::Duration;

use handoff_domain::Time;
use handoff_engine::{Core, Duty};
use handoff_store::{
    Files, FilesDirectory, FilesTerms, Store, SweepFilesError, sweep_files, sweep_trash,
};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::directory::{DirectoryError, attend, say};

/// How often it is noted that the store is in service. What arrives in the last moments before a
/// crash, and was not recorded then, is never swept; a minute keeps that little.
const ATTEND_PERIOD: Duration = Duration::from_secs(60);
/// How often files are looked through, in ms. They are listed by hundreds, and a deleted one is out
/// of reach at once anyway.
const SWEEP_MS: u64 = 60 * 60 * 1_000;
/// How long after the start nothing is taken, in ms: time to notice that the wrong database was
/// started.
const GRACE_MS: u64 = 60 * 60 * 1_000;
/// How long a file may have no record, stay after it was deleted, or lie in the trash, in ms: a
/// day, which no file takes to arrive.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// Files looked at between two other things that the store does.
const PAGE: usize = 200;

/// Why a round of the sweep was not gone through.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the record of the place of files is gone")]
    NoRecord,
    #[error(transparent)]
    Attendance(#[from] DirectoryError),
    #[error(transparent)]
    Sweep(#[from] SweepFilesError),
}

/// Notes once a minute that the store is in service, and sweeps every hour, while this node has
/// that duty and until it is stopped. What a round leaves undone the next does.
pub async fn keep_swept(core: Arc<Core>, files: Arc<dyn Files>, stopping: CancellationToken) {
    let mut sweeper = Sweeper::new(core.store().clone(), files, core.now());
    let sweeping = async {
        let mut period = tokio::time::interval(ATTEND_PERIOD);
        // Whoever gets the duty late has nothing to make up for.
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            period.tick().await;
            core.until_duty(Duty::Files).await;
            if let Err(error) = sweeper.go_on(core.now(), core.ids().random()).await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(
                    error,
                    "files could not be looked through; it is tried again in a minute"
                );
            }
        }
    };
    tokio::select! {
        () = sweeping => {}
        () = stopping.cancelled() => {}
    }
}

/// Takes out of use what nobody can ask for any more.
struct Sweeper {
    store: Arc<dyn Store>,
    files: Arc<dyn Files>,
    started: Time,
    swept: Option<Time>,
}

impl Sweeper {
    const fn new(store: Arc<dyn Store>, files: Arc<dyn Files>, started: Time) -> Self {
        Self { store, files, started, swept: None }
    }

    /// Does what is to be done at that time; a sweep says a word that was never said.
    async fn go_on(&mut self, now: Time, word: u128) -> Result<(), RoundError> {
        let attended = attend(&*self.store, now).await?;
        let directory = attended.ok_or(RoundError::NoRecord)?;
        if self.swept.is_none_or(|swept| now.ms_since(swept) >= SWEEP_MS) {
            self.sweep(&directory, now, format!("{word:032x}")).await?;
            self.swept = Some(now);
        }
        Ok(())
    }

    async fn sweep(
        &self,
        directory: &FilesDirectory,
        now: Time,
        word: String,
    ) -> Result<(), RoundError> {
        let swept = async {
            let is_alone = say(&*self.store, &*self.files, now, word).await?;
            if !is_alone && directory.others.is_some() {
                tracing::warn!(
                    "another store uses the same files, or this one was restored within a day: nothing is taken out of use"
                );
            }
            Ok(self.take(directory, is_alone, now).await?)
        };
        let swept = swept.await;
        // Whatever came of it: what ends it may be a full disk, and this makes room.
        self.files.reclaim().await.map_err(SweepFilesError::from)?;
        swept
    }

    async fn take(
        &self,
        directory: &FilesDirectory,
        is_alone: bool,
        now: Time,
    ) -> Result<(), SweepFilesError> {
        let is_left_alone = !is_alone || now.ms_since(self.started) < GRACE_MS;
        let before = Time(now.0.saturating_sub(KEPT_MS));
        let (mut taken, mut strangers, mut removed, mut put_back) = (0, 0, 0, 0);
        let remove_before = (!is_left_alone).then_some(before);
        let mut after = None;
        loop {
            let swept = sweep_trash(&*self.store, &*self.files, remove_before, after, PAGE).await?;
            (removed, put_back) = (removed + swept.removed, put_back + swept.put_back);
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
        let mut after = None;
        loop {
            if is_left_alone {
                break;
            }
            let terms = FilesTerms { directory, before, now };
            let swept = sweep_files(&*self.store, &*self.files, terms, after, PAGE).await?;
            taken += swept.orphans + swept.deleted;
            strangers += swept.strangers;
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
        if strangers > 0 {
            tracing::warn!(
                strangers,
                "there are files of which this store has no record and that came while it was not in service; they are left alone"
            );
        }
        if taken + removed + put_back > 0 {
            tracing::info!(
                taken,
                removed,
                put_back,
                "files that nobody can ask for were taken out of use, and lie in the trash for a day"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
