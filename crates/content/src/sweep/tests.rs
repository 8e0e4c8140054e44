use handoff_domain::FileId;
use handoff_store::{
    Attended, ChangeSet, DiskFiles, FileRecord, FileSender, MemoryFiles, MemoryStore, NewFile, Put,
    Record, Store as _, Trashed,
};

use super::*;

const HOUR: u64 = 60 * 60 * 1_000;
pub(crate) const BEGIN: Time = Time(1_767_960_000_000);

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
    put(&*store, Record::FilesDirectory(FilesDirectory { mark: "m".to_owned(), attended })).await;
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
    sweeper.go_on(hours(48)).await.unwrap();
    assert_eq!(count(&*files).await, (orphans + 2, 0), "the grace");
    sweeper.go_on(hours(49).plus_ms(1)).await.unwrap();
    assert_eq!(count(&*files).await, (2, orphans));
    sweeper.go_on(hours(72)).await.unwrap();
    assert_eq!(count(&*files).await, (2, orphans), "a day in the trash");
    // One of them has a record after all, as when the right database was put back.
    put(&*store, record(7)).await;
    sweeper.go_on(hours(74)).await.unwrap();
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
    Sweeper::new(store, files.clone(), hours(99)).go_on(hours(99)).await.unwrap();
    assert_eq!(count(&*files).await, (1, 0), "within the grace, because it takes nothing");
}

/// A store that has an orphan among its files, and another that was made from a copy of it.
async fn copied() -> (Arc<MemoryStore>, Arc<MemoryStore>, Arc<MemoryFiles>) {
    let files = Arc::new(MemoryFiles::new());
    let stores = [Arc::new(MemoryStore::new()), Arc::new(MemoryStore::new())];
    for store in &stores {
        let attended = vec![Attended { from: BEGIN, until: hours(1) }];
        put(&**store, Record::FilesDirectory(FilesDirectory { mark: "m".to_owned(), attended }))
            .await;
    }
    stores[1].renew_generation().await.unwrap();
    keep(&*files, 1, BEGIN).await;
    let [one, other] = stores;
    (one, other, files)
}

#[tokio::test]
async fn of_two_stores_over_the_same_files_one_sweeps_them() {
    let (one, other, files) = copied().await;
    // What the first has a record of, and the copy was made before.
    put(&*one, record(1)).await;
    let mut of_one = Sweeper::new(one, files.clone(), BEGIN);
    let mut of_other = Sweeper::new(other, files.clone(), BEGIN);
    for hour in 48..100 {
        of_one.go_on(hours(hour)).await.unwrap();
        of_other.go_on(hours(hour).plus_ms(1)).await.unwrap();
    }
    assert_eq!(count(&*files).await, (1, 0));
    // The first is gone: after a day the copy has the place to itself.
    for hour in [100, 122] {
        of_other.go_on(hours(hour)).await.unwrap();
    }
    assert_eq!(count(&*files).await, (1, 0));
    for hour in [124, 125] {
        of_other.go_on(hours(hour)).await.unwrap();
    }
    assert_eq!(count(&*files).await, (0, 1));
}

/// The control of the test above: a place that does not say who sweeps it is swept by both.
#[tokio::test]
async fn without_a_word_of_the_place_the_copy_takes_what_it_does_not_know() {
    let (one, other, files) = copied().await;
    put(&*one, record(1)).await;
    let mut of_other = Sweeper::new(other, files.clone(), BEGIN);
    for hour in [48, 49] {
        of_other.go_on(hours(hour)).await.unwrap();
    }
    assert_eq!(count(&*files).await, (0, 1));
}

#[tokio::test]
async fn what_came_while_another_database_was_in_this_ones_place_is_left_alone() {
    let (store, _, files) = copied().await;
    // An older copy of the database is put back, under a server that runs.
    keep(&*files, 2, hours(2)).await;
    let mut sweeper = Sweeper::new(store, files.clone(), BEGIN);
    for hour in [48, 49] {
        sweeper.go_on(hours(hour)).await.unwrap();
    }
    assert_eq!(count(&*files).await, (1, 1), "the orphan, and not what came meanwhile");
    assert!(files.read(FileId(2), 0, 1).await.unwrap().is_some());
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
    Sweeper::new(store, files, hours(1)).go_on(hours(1)).await.unwrap_err();
    assert_eq!(segments(), 0);
}
