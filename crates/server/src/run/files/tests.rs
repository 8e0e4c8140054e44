use handoff_bus::LocalBus;
use handoff_domain::FileId;
use handoff_engine::{Core, Parts, SystemClock, SystemIds};
use handoff_store::{Attended, FileRecord, FileSender, MemoryFiles, MemoryStore, NewFile, Trashed};

use super::*;

const HOUR: u64 = 60 * 60 * 1_000;
const BEGIN: Time = Time(1_767_960_000_000);

fn hours(n: u64) -> Time {
    BEGIN.plus_ms(n * HOUR)
}

async fn keep(files: &dyn Files, n: u128, at: Time) {
    let new = NewFile { id: FileId(n), at, bytes_max: 1 };
    files.begin(new).await.unwrap().keep().await.unwrap();
}

fn record(n: u128) -> Record {
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

async fn put(store: &dyn Store, record: Record) {
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

async fn core_over(store: Arc<dyn Store>) -> Arc<Core> {
    let parts = Parts {
        store,
        bus: Arc::new(LocalBus::default()),
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds::default()),
        options: handoff_engine::Options::default(),
    };
    Core::open(parts).await.unwrap()
}

#[tokio::test]
async fn a_store_is_started_over_its_own_files_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let core = core_over(store.clone()).await;
    let files = open(path.to_owned()).await.unwrap();
    take_on(&core, &files, path, Adopt::No).await.unwrap();
    put(&*store, record(1)).await;
    keep(&*files, 1, core.now()).await;
    take_on(&core, &files, path, Adopt::No).await.unwrap();
    assert_eq!(recorded(&*store).await.unwrap().unwrap().value.attended.len(), 2);
    // A new store over these files.
    let other: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let stranger = core_over(other.clone()).await;
    let refused = format!("{:#}", take_on(&stranger, &files, path, Adopt::No).await.unwrap_err());
    for part in
        ["no record of this directory", "chat.files", "--adopt-files", &path.display().to_string()]
    {
        assert!(refused.contains(part), "{refused}");
    }
    assert!(recorded(&*other).await.unwrap().is_none(), "nothing was written");
    // This store over a directory that is none: a disk that is not mounted.
    let elsewhere = tempfile::tempdir().unwrap();
    let empty = open(elsewhere.path().to_owned()).await.unwrap();
    assert_eq!(is_its_own(&*store, &empty).await.unwrap(), Err(NotItsOwn::NotThere));
    keep(&*empty, 2, core.now()).await;
    assert_eq!(is_its_own(&*store, &empty).await.unwrap(), Err(NotItsOwn::Anothers));
    // The control: with the operator's word it starts, and is its own from then on.
    take_on(&stranger, &files, path, Adopt::Yes).await.unwrap();
    take_on(&stranger, &files, path, Adopt::No).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_older_than_marks_takes_on_what_it_finds() {
    let directory = tempfile::tempdir().unwrap();
    let files = open(directory.path().to_owned()).await.unwrap();
    keep(&*files, 1, BEGIN).await;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    // What the migration leaves in a store that was in use before.
    put(&*store, Record::FilesDirectory(FilesDirectory::default())).await;
    let core = core_over(store.clone()).await;
    take_on(&core, &files, directory.path(), Adopt::No).await.unwrap();
    assert_eq!(
        files.mark().await.unwrap(),
        Some(recorded(&*store).await.unwrap().unwrap().value.mark)
    );
}
