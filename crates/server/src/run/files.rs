//! The files that customers and agents send each other: opened with the server, and rid of what nobody can ask for any more.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use handoff_domain::Time;
use handoff_engine::Engine;
use handoff_store::{DiskFiles, Files, Store, SweepFilesError, sweep_files};
use tokio_util::sync::CancellationToken;

/// How often files are looked through. They are listed by hundreds, and a deleted one is out of reach at once anyway.
const SWEEP_PERIOD: Duration = Duration::from_secs(3_600);
/// How long a file may have no record, or stay after it was deleted, in ms: a day, which no file takes to arrive.
const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;
/// Files looked at between two other things that the store does.
const PAGE: usize = 200;

/// Opens the directory of files, which is made if there is none.
///
/// # Errors
///
/// When it cannot be opened, as while another process has it open.
pub(super) async fn open(directory: PathBuf) -> anyhow::Result<Arc<dyn Files>> {
    let named = directory.display().to_string();
    let opened = tokio::task::spawn_blocking(move || DiskFiles::open(directory)).await;
    let files = opened.context("opening the files was interrupted")?;
    Ok(Arc::new(files.with_context(|| format!("chat.files: the files in {named} cannot be opened"))?))
}

/// Removes files that no record speaks for, at the start and every hour until it is stopped. What a round leaves undone the next one does.
pub(super) async fn keep_swept(engine: Arc<Engine>, files: Arc<dyn Files>, stopping: CancellationToken) {
    let sweeping = async {
        let mut period = tokio::time::interval(SWEEP_PERIOD);
        loop {
            period.tick().await;
            let before = Time(engine.now().0.saturating_sub(KEPT_MS));
            match sweep(&**engine.store(), &*files, before).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "files that nobody can ask for were removed"),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "files could not be swept; it is tried again in an hour");
                }
            }
        }
    };
    tokio::select! {
        () = sweeping => {}
        () = stopping.cancelled() => {}
    }
}

async fn sweep(store: &dyn Store, files: &dyn Files, before: Time) -> Result<u64, SweepFilesError> {
    let (mut removed, mut after) = (0, None);
    loop {
        let swept = sweep_files(store, files, before, after, PAGE).await?;
        removed += swept.orphans + swept.deleted;
        after = swept.next;
        if after.is_none() {
            return Ok(removed);
        }
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::FileId;
    use handoff_store::{MemoryFiles, MemoryStore, NewFile};

    use super::*;

    #[tokio::test]
    async fn every_page_is_swept() {
        let files = MemoryFiles::new();
        let count = PAGE as u128 * 2 + 1;
        for n in 0..count {
            let new = NewFile { id: FileId(n), at: Time(i64::from(n == 7)), bytes_max: 1 };
            files.begin(new).await.unwrap().keep().await.unwrap();
        }
        let removed = sweep(&MemoryStore::new(), &files, Time(1)).await.unwrap();
        assert_eq!(u128::from(removed), count - 1);
        assert_eq!(files.list(None, 9).await.unwrap().items.len(), 1);
    }
}
