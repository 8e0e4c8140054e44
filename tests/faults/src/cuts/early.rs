//! A store that tells too early, for the control of this test.
//!
//! It answers a commit, and shows it to readers, some time before it writes it to where it outlives
//! a kill. Such a store keeps two databases: what everybody reads is a copy, made at the start, and
//! each commit made there is repeated in the real one later, in the same order. A kill in between
//! loses what was notified already.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use handoff_store::{ChangeSet, SqliteOptions, SqliteStore, Store as _};
use handoff_testkit::FaultyStore;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::stand_in::DATABASE;

/// How much later a commit is written.
pub(crate) const LATE: Duration = Duration::from_millis(300);

/// Opens a store whose commits become durable only some time after they were answered. The copy is
/// in the data directory, so that the copy of a killed program goes with it.
pub(crate) fn open(data: &Path, late: Duration) -> Result<(FaultyStore, TempDir)> {
    let copy = tempfile::tempdir_in(data).context("make a directory for the copy")?;
    for suffix in ["", "-wal"] {
        let name = format!("{DATABASE}{suffix}");
        if data.join(&name).exists() {
            std::fs::copy(data.join(&name), copy.path().join(&name))?;
        }
    }
    look_like_none(&copy.path().join(DATABASE))?;
    let durable = SqliteStore::open(SqliteOptions::new(data.join(DATABASE)))?;
    let shown = SqliteStore::open(SqliteOptions::new(copy.path().join(DATABASE)))?;
    let (store, committed) = FaultyStore::over(Arc::new(shown)).copied();
    tokio::spawn(write_late(durable, committed, late));
    Ok((store, copy))
}

/// Lets a copy forget which file it was. The store would begin another generation of its log, and
/// no number would be given twice: the clients would be told to look at everything again, which is
/// what they are to be told of a copy, and not what this control is about.
fn look_like_none(copy: &Path) -> Result<()> {
    if copy.exists() {
        let connection = Connection::open(copy).context("open the copy")?;
        connection.execute("UPDATE database_file SET file = ''", [])?;
    }
    Ok(())
}

/// Repeats the commits in the real database, each some time after it was answered. Once a
/// repetition has failed everything from there on is lost at the next kill.
async fn write_late(
    durable: SqliteStore,
    mut committed: UnboundedReceiver<(Instant, ChangeSet)>,
    late: Duration,
) {
    while let Some((at, change)) = committed.recv().await {
        tokio::time::sleep_until(at + late).await;
        if let Err(error) = durable.commit(change).await {
            eprintln!("a commit could not be repeated: {error}");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use handoff_store::Receipt;

    use super::*;

    #[tokio::test]
    async fn a_commit_is_seen_at_once_and_lost_by_whoever_opens_the_data_too_soon() {
        let home = tempfile::tempdir().unwrap();
        let receipt = Receipt {
            scope: "scope".to_owned(),
            key: "key".to_owned(),
            fingerprint: String::new(),
            answer: String::new(),
            expires: None,
        };
        let change = ChangeSet { receipts: vec![receipt], ..ChangeSet::default() };
        let (store, _copy) = open(home.path(), Duration::from_secs(3_600)).unwrap();
        store.commit(change).await.unwrap();
        assert!(store.receipt("scope", "key").await.unwrap().is_some());
        let copy = tempfile::tempdir().unwrap();
        for name in [DATABASE.to_owned(), format!("{DATABASE}-wal")] {
            std::fs::copy(home.path().join(&name), copy.path().join(&name)).unwrap();
        }
        let later = SqliteStore::open(SqliteOptions::new(copy.path().join(DATABASE))).unwrap();
        assert!(later.receipt("scope", "key").await.unwrap().is_none());
    }
}
