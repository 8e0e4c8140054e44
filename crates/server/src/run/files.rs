//! The files that customers and agents send each other: opened with the server, and rid of what
//! nobody can ask for any more.
//!
//! A sweep must never take what another database has records of. So a store is started over its own
//! directory alone ([`take_on`]), it takes nothing in the first hour, it takes only what arrived
//! while this store was in service, and what it takes lies in a trash for a day.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use handoff_domain::Time;
use handoff_engine::Core;
use handoff_store::{
    ChangeSet, DiskFiles, Files, FilesDirectory, FilesTerms, Key, Kind, Put, Record, Store,
    SweepFilesError, Version, Versioned, sweep_files, sweep_trash,
};
use tokio_util::sync::CancellationToken;

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

/// Opens the directory of files, which is made if there is none.
///
/// # Errors
///
/// When it cannot be opened, as while another process has it open.
pub(crate) async fn open(directory: PathBuf) -> anyhow::Result<Arc<DiskFiles>> {
    let named = directory.display().to_string();
    let opened = tokio::task::spawn_blocking(move || DiskFiles::open(directory)).await;
    let files = opened.context("opening the files was interrupted")?;
    Ok(Arc::new(
        files.with_context(|| format!("chat.files: the files in {named} cannot be opened"))?,
    ))
}

/// Whether a store may be started over a directory of files that is not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adopt {
    /// Not.
    No,
    /// Its operator says so.
    Yes,
}

/// What is wrong between a store and a directory of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotItsOwn {
    /// The store is new, and there are files.
    #[error("the store has no record of this directory, and there are files in it")]
    Unrecorded,
    /// The store knows another directory.
    #[error("the store belongs to another directory, and this one has files of others")]
    Anothers,
    /// The store has records of files, and the directory has neither its mark nor a file.
    #[error("the store has records of files, and this directory is not where they are")]
    NotThere,
}

/// What to do about it.
pub(crate) const ADVICE: &str = "name the directory that belongs to this store in chat.files (and mount it), put back the database that these \
     files belong to, or, to use both together from now on, start once with `handoff serve --adopt-files`";

/// A store's record of its directory.
type Known = Option<Versioned<FilesDirectory>>;

async fn recorded(store: &dyn Store) -> anyhow::Result<Known> {
    let found = store.load(&[Key::FilesDirectory]).await?.pop().flatten();
    Ok(found.and_then(|found| match found.value {
        Record::FilesDirectory(value) => Some(Versioned { value, version: found.version }),
        _ => None,
    }))
}

/// Looks whether a directory is a store's own.
///
/// # Errors
///
/// When either cannot be read.
pub(crate) async fn is_its_own(
    store: &dyn Store,
    files: &DiskFiles,
) -> anyhow::Result<Result<(), NotItsOwn>> {
    let (known, mark) = (recorded(store).await?, files.mark().await?);
    let has_files = !files.list(None, 1).await?.items.is_empty();
    let is_known =
        |known: &FilesDirectory| known.mark.is_empty() || mark.as_ref() == Some(&known.mark);
    Ok(match known {
        None if has_files => Err(NotItsOwn::Unrecorded),
        None => Ok(()),
        Some(known) if is_known(&known.value) => Ok(()),
        Some(_) if has_files => Err(NotItsOwn::Anothers),
        // A directory that was removed with nothing in it is no loss.
        Some(_) if store.list(Kind::File, None, 1).await?.items.is_empty() => Ok(()),
        Some(_) => Err(NotItsOwn::NotThere),
    })
}

/// Makes a store and a directory of files each other's, and notes that the store is in service from
/// now on.
///
/// # Errors
///
/// When the directory is not the store's own, with a sentence that says what to do; when either
/// cannot be written.
pub(crate) async fn take_on(
    core: &Core,
    files: &DiskFiles,
    directory: &std::path::Path,
    adopt: Adopt,
) -> anyhow::Result<()> {
    let store = &**core.store();
    if let Err(wrong) = is_its_own(store, files).await? {
        if adopt == Adopt::No {
            anyhow::bail!("chat.files: {}: {wrong}; {ADVICE}", directory.display());
        }
        tracing::warn!(directory = %directory.display(), reason = %wrong, "the store takes on a directory of files that was not its own");
    }
    let known = recorded(store).await?;
    let version = known.as_ref().map_or(0, |known| known.version);
    let mut record = known.map(|known| known.value).unwrap_or_default();
    record.mark = match files.mark().await? {
        Some(mark) if !mark.is_empty() => mark,
        _ => {
            // The mark comes first: a directory with one and no files is anybody's.
            let mark = format!("{:032x}", core.ids().random());
            files.set_mark(mark.clone()).await?;
            mark
        }
    };
    record.begin(core.now(), store.latest().await?);
    write(store, record, version).await
}

async fn write(store: &dyn Store, record: FilesDirectory, expected: Version) -> anyhow::Result<()> {
    let puts = vec![Put { record: Record::FilesDirectory(record), expected }];
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await?;
    Ok(())
}

/// Notes that the store is still in service.
async fn attend(store: &dyn Store, now: Time) -> anyhow::Result<FilesDirectory> {
    let Some(Versioned { mut value, version }) = recorded(store).await? else {
        anyhow::bail!("the record of the directory of files is gone");
    };
    value.go_on(now);
    write(store, value.clone(), version).await?;
    Ok(value)
}

/// Notes once a minute that the store is in service, and sweeps every hour, until it is stopped.
/// What a round leaves undone the next does.
pub(super) async fn keep_swept(
    core: Arc<Core>,
    files: Arc<dyn Files>,
    stopping: CancellationToken,
) {
    let mut sweeper = Sweeper::new(core.store().clone(), files, core.now());
    let sweeping = async {
        let mut period = tokio::time::interval(ATTEND_PERIOD);
        loop {
            period.tick().await;
            if let Err(error) = sweeper.go_on(core.now()).await {
                let error: &dyn std::error::Error = &*error;
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

    /// Does what is to be done at that time.
    async fn go_on(&mut self, now: Time) -> anyhow::Result<()> {
        let directory = attend(&*self.store, now).await?;
        if self.swept.is_none_or(|swept| now.ms_since(swept) >= SWEEP_MS) {
            self.sweep(&directory, now).await?;
            self.swept = Some(now);
        }
        Ok(())
    }

    async fn sweep(&self, directory: &FilesDirectory, now: Time) -> Result<(), SweepFilesError> {
        let is_grace = now.ms_since(self.started) < GRACE_MS;
        let before = Time(now.0.saturating_sub(KEPT_MS));
        let (mut taken, mut strangers, mut removed, mut put_back) = (0, 0, 0, 0);
        let mut after = None;
        loop {
            let swept =
                sweep_trash(&*self.store, &*self.files, (!is_grace).then_some(before), after, PAGE)
                    .await?;
            (removed, put_back) = (removed + swept.removed, put_back + swept.put_back);
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
        let mut after = None;
        loop {
            if is_grace {
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
mod tests;
