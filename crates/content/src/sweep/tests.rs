use std::sync::atomic::{AtomicU64, Ordering};

use handoff_domain::FileId;
use handoff_store::{
    Attended, ChangeSet, DiskFiles, FileRecord, FileSender, MemoryFiles, MemoryStore, NewFile, Put,
    Record, Store as _, Trashed,
};

use super::*;

const HOUR: u64 = 60 * 60 * 1_000;
pub(crate) const BEGIN: Time = Time(1_767_960_000_000);

/// Returns a word that nobody has said.
fn word() -> u128 {
    static SAID: AtomicU64 = AtomicU64::new(0);
    SAID.fetch_add(1, Ordering::Relaxed).into()
}

fn hours(n: u64) -> Time {
    BEGIN.plus_ms(n * HOUR)
}

pub(crate) async fn keep(files: &dyn Files, n: u128, at: Time) {
    let new = NewFile { id: FileId(n), at, bytes_max: 1 };
    files.begin(new).await.unwrap().keep().await.unwrap();
}

pub(crate) fn record(n: u128) -> Record {
    Record::File(FileRecord {
        id: FileId(n),
        interaction: handoff_domain::InteractionId(1),
        name: "a".to_owned(),
        bytes: 0,
        content_type: "text/plain".to_owned(),
        by: FileSender::Customer,
        at: BEGIN,
        deleted: None,
        also: std::collections::BTreeSet::new(),
        erased: false,
    })
}

pub(crate) async fn put(store: &dyn Store, record: Record) {
    let puts = vec![Put { record, expected: 0 }];
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
}

async fn count(files: &dyn Files) -> (usize, usize) {
    (
        files.list(None, 9_999).await.unwrap().items.len(),
        files.trash(None, 9_999).await.unwrap().items.len(),
    )
}

#[tokio::test]
async fn nothing_is_taken_in_the_first_hour_and_nothing_removed_within_a_day() {
    let (store, files) = (Arc::new(MemoryStore::new()), Arc::new(MemoryFiles::new()));
    let attended = vec![Attended { from: BEGIN, until: BEGIN }];
    put(&*store, Record::FilesDirectory(FilesDirectory { attended, ..FilesDirectory::default() }))
        .await;
    // More than a page of what a crash left behind, one that has a record, and one that came before
    // this store was.
    let orphans = PAGE * 2 + 1;
    for n in 0..orphans {
        keep(&*files, n as u128, BEGIN).await;
    }
    put(&*store, record(70_000)).await;
    keep(&*files, 70_000, BEGIN).await;
    keep(&*files, 80_000, Time(BEGIN.0 - 1)).await;
    let mut sweeper = Sweeper::new(store.clone(), files.clone(), hours(48));
    sweeper.go_on(hours(48), word()).await.unwrap();
    assert_eq!(count(&*files).await, (orphans + 2, 0), "the grace");
    sweeper.go_on(hours(49).plus_ms(1), word()).await.unwrap();
    assert_eq!(count(&*files).await, (2, orphans));
    sweeper.go_on(hours(72), word()).await.unwrap();
    assert_eq!(count(&*files).await, (2, orphans), "a day in the trash");
    // One of them has a record after all, as when the right database was put back.
    put(&*store, record(7)).await;
    sweeper.go_on(hours(74), word()).await.unwrap();
    assert_eq!(count(&*files).await, (3, 0));
    // The control: what this store took out of use is gone, what it knows nothing of is not.
    assert!(files.read(FileId(8), 0, 1).await.unwrap().is_none());
    for kept in [7, 70_000, 80_000] {
        assert!(files.read(FileId(kept), 0, 1).await.unwrap().is_some(), "{kept}");
    }
}

#[tokio::test]
async fn a_file_that_was_taken_comes_back_at_the_next_start_when_its_record_is_there() {
    let (store, files) = (Arc::new(MemoryStore::new()), Arc::new(MemoryFiles::new()));
    put(&*store, Record::FilesDirectory(FilesDirectory::default())).await;
    put(&*store, record(1)).await;
    keep(&*files, 1, BEGIN).await;
    files.put_in_trash(Trashed { id: FileId(1), since: BEGIN }).await.unwrap();
    Sweeper::new(store, files.clone(), hours(99)).go_on(hours(99), word()).await.unwrap();
    assert_eq!(count(&*files).await, (1, 0), "within the grace, because it takes nothing");
}

/// A store that has an orphan among its files, and another that was made from a copy of it: with
/// another generation of the log, like a dump that was put back, or with the same, like a copy of
/// the server's disk. Each has what the other wrote until then.
async fn copied(is_dump: bool) -> (Arc<MemoryStore>, Arc<MemoryStore>, Arc<MemoryFiles>) {
    let files = Arc::new(MemoryFiles::new());
    let stores = [Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new())];
    for store in &stores {
        let directory = FilesDirectory {
            mark: "m".to_owned(),
            attended: vec![Attended { from: BEGIN, until: hours(1) }],
            generation: Some(store.log_end().await.unwrap().generation),
            said: vec!["before".to_owned()],
            others: None,
        };
        put(&**store, Record::FilesDirectory(directory)).await;
    }
    files.set_swept_by("before".to_owned()).await.unwrap();
    if is_dump {
        stores[1].renew_generation().await.unwrap();
    }
    keep(&*files, 1, BEGIN).await;
    let [one, other] = stores;
    (one, other, files)
}

/// Lets a store sweep, as of an hour.
async fn at(sweeper: &mut Sweeper, hour: u64) {
    sweeper.go_on(hours(hour), word()).await.unwrap();
}

#[tokio::test]
async fn of_two_stores_over_the_same_files_neither_takes_any() {
    for (is_dump, is_copy_first) in [(true, true), (true, false), (false, true), (false, false)] {
        let (one, other, files) = copied(is_dump).await;
        let mut first = Sweeper::new(one.clone(), files.clone(), hours(40));
        let mut copy = Sweeper::new(other, files.clone(), hours(40));
        if is_copy_first {
            std::mem::swap(&mut first, &mut copy);
        }
        at(&mut first, 40).await;
        at(&mut copy, 40).await;
        // What the first has a record of, and the copy was made before.
        put(&*one, record(2)).await;
        keep(&*files, 2, hours(41)).await;
        for hour in 41..100 {
            at(&mut first, hour).await;
            at(&mut copy, hour).await;
        }
        assert_eq!(count(&*files).await, (2, 0), "{is_dump} {is_copy_first}");
        // One is gone: after a day the other has the place to itself.
        for hour in 100..124 {
            at(&mut first, hour).await;
        }
        assert_eq!(count(&*files).await, (2, 0));
        for hour in [124, 125] {
            at(&mut first, hour).await;
        }
        assert_ne!(count(&*files).await.1, 0);
    }
}

/// The control of the test above: alone, either takes what it does not know.
#[tokio::test]
async fn a_store_that_hears_nothing_of_another_takes_what_it_does_not_know() {
    let (_, other, files) = copied(false).await;
    let mut copy = Sweeper::new(other, files.clone(), hours(40));
    for hour in [40, 41, 42] {
        at(&mut copy, hour).await;
    }
    assert_eq!(count(&*files).await, (0, 1));
}

#[tokio::test]
async fn a_clock_that_was_ahead_keeps_nobody_from_sweeping() {
    let (one, _, files) = copied(false).await;
    files.set_swept_by("another's".to_owned()).await.unwrap();
    let mut sweeper = Sweeper::new(one.clone(), files.clone(), hours(9_000));
    at(&mut sweeper, 9_000).await;
    let mut sweeper = Sweeper::new(one, files.clone(), hours(48));
    for hour in [48, 49] {
        at(&mut sweeper, hour).await;
    }
    assert_eq!(count(&*files).await, (0, 1));
}

#[tokio::test]
async fn what_came_while_another_database_was_in_this_ones_place_is_left_alone() {
    let (store, _, files) = copied(false).await;
    let mut sweeper = Sweeper::new(store.clone(), files.clone(), hours(40));
    at(&mut sweeper, 40).await;
    // An older copy of the database is put back, under a server that runs.
    keep(&*files, 2, hours(41)).await;
    store.renew_generation().await.unwrap();
    for hour in 42..90 {
        at(&mut sweeper, hour).await;
    }
    keep(&*files, 3, hours(43)).await;
    for hour in [90, 91] {
        at(&mut sweeper, hour).await;
    }
    assert!(files.read(FileId(2), 0, 1).await.unwrap().is_some(), "what came meanwhile");
    for taken in [1, 3] {
        assert!(files.read(FileId(taken), 0, 1).await.unwrap().is_none(), "{taken}, the control");
    }
}

#[tokio::test]
async fn room_is_given_back_although_nothing_can_be_taken() {
    let directory = tempfile::TempDir::new().unwrap();
    let files = DiskFiles::open(directory.path()).unwrap();
    keep(&files, 1, BEGIN).await;
    drop(files);
    let segments = || std::fs::read_dir(directory.path().join("segments")).unwrap().count();
    let files = Arc::new(DiskFiles::open(directory.path()).unwrap());
    files.delete(FileId(1)).await.unwrap();
    assert_eq!(segments(), 2, "with its index");
    let store = Arc::new(MemoryStore::new());
    put(&*store, Record::FilesDirectory(FilesDirectory::default())).await;
    std::fs::remove_dir(directory.path().join("trash")).unwrap();
    Sweeper::new(store, files, hours(1)).go_on(hours(1), word()).await.unwrap_err();
    assert_eq!(segments(), 0);
}
