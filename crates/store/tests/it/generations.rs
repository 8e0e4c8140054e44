//! A database that was restored or copied is noticed when it is opened, and one that was only
//! stopped is not.

use std::path::Path;

use handoff_domain::Topic;
use handoff_store::conformance::samples::{BEGIN, event, interaction, notice, owner};
use handoff_store::{ChangeSet, GENERATION_JUMP, LogEnd, SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;

/// Opens the database of a directory, tells the first user once, and closes it again. Returns where
/// the log ended at the start, and the number of what was told.
async fn tell(directory: &Path) -> (LogEnd, u64) {
    let store = SqliteStore::open(SqliteOptions::new(directory.join("handoff.db"))).unwrap();
    let end = store.log_end().await.unwrap();
    let events = vec![event(interaction(1), BEGIN, vec![notice(1)])];
    store.commit(ChangeSet { events, ..ChangeSet::default() }).await.unwrap();
    let number = store.head(owner(1)).await.unwrap().numbers[&Topic::Interactions];
    store.close().await;
    (end, number)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_database_that_was_stopped_keeps_its_generation() {
    let kept = TempDir::new().unwrap();
    let (first, _) = tell(kept.path()).await;
    for number in 2..5 {
        let (end, told) = tell(kept.path()).await;
        assert_eq!((end.generation, told), (first.generation, number));
    }
    // A lock file that was lost tells nothing.
    std::fs::remove_file(kept.path().join("handoff.db-lock")).unwrap();
    assert_eq!(tell(kept.path()).await.0.generation, first.generation);
}

#[tokio::test]
async fn a_copy_has_another_generation_and_so_has_what_is_put_back() {
    let kept = TempDir::new().unwrap();
    let original = kept.path().join("original");
    std::fs::create_dir(&original).unwrap();
    let (first, _) = tell(&original).await;
    copy(&original, &kept.path().join("copy"));
    copy(&original, &kept.path().join("another"));
    tell(&original).await;
    let (copied, number) = tell(&kept.path().join("copy")).await;
    assert_ne!(copied.generation, first.generation);
    assert_eq!(number, GENERATION_JUMP + 2);
    let (another, _) = tell(&kept.path().join("another")).await;
    assert!(another.generation != copied.generation && another.generation != first.generation);
    let (again, _) = tell(&kept.path().join("copy")).await;
    assert_eq!(again.generation, copied.generation, "once");
}

#[tokio::test]
async fn an_older_state_put_back_into_the_same_file_is_noticed() {
    let kept = TempDir::new().unwrap();
    let backup = kept.path().join("backup.db");
    let data = kept.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let (first, _) = tell(&data).await;
    std::fs::copy(data.join("handoff.db"), &backup).unwrap();
    tell(&data).await;
    // Written over, as `cp` does it: the file stays the same one.
    std::fs::write(data.join("handoff.db"), std::fs::read(&backup).unwrap()).unwrap();
    let (restored, number) = tell(&data).await;
    assert_ne!(restored.generation, first.generation);
    assert_eq!(number, GENERATION_JUMP + 2);
    assert_eq!(tell(&data).await.0.generation, restored.generation, "once");
}
