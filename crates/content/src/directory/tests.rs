use std::sync::Arc;

use handoff_bus::LocalBus;
use handoff_engine::{Parts, SystemClock, SystemIds};
use handoff_store::{DiskFiles, MemoryStore};

use super::*;
use crate::sweep::tests::{BEGIN, keep, put, record};

fn not_its_own(looked: Result<(), DirectoryError>) -> Option<NotItsOwn> {
    match looked {
        Err(DirectoryError::NotItsOwn(wrong)) => Some(wrong),
        _ => None,
    }
}

const fn place(files: &DiskFiles) -> FilesPlace<'_> {
    FilesPlace { files, name: "here", reached: Reached::ByAll }
}

pub(crate) async fn core_over(store: Arc<dyn Store>) -> Arc<Core> {
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
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let core = core_over(store.clone()).await;
    let files = DiskFiles::open(directory.path()).unwrap();
    take_on(&core, place(&files), Adopt::No).await.unwrap();
    put(&*store, record(1)).await;
    keep(&files, 1, core.now()).await;
    take_on(&core, place(&files), Adopt::No).await.unwrap();
    assert_eq!(recorded(&*store).await.unwrap().unwrap().value.attended.len(), 2);
    // A new store over these files.
    let other: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let stranger = core_over(other.clone()).await;
    let refused = take_on(&stranger, place(&files), Adopt::No).await;
    assert_eq!(not_its_own(refused), Some(NotItsOwn::Unrecorded));
    assert!(recorded(&*other).await.unwrap().is_none(), "nothing was written");
    // This store over a directory that is none: a disk that is not mounted.
    let elsewhere = tempfile::tempdir().unwrap();
    let empty = DiskFiles::open(elsewhere.path()).unwrap();
    assert_eq!(not_its_own(expect_own(&*store, place(&empty)).await), Some(NotItsOwn::NotThere));
    let alone = FilesPlace { reached: Reached::ByThisNode, ..place(&empty) };
    assert_eq!(not_its_own(expect_own(&*store, alone).await), Some(NotItsOwn::NotShared));
    keep(&empty, 2, core.now()).await;
    assert_eq!(not_its_own(expect_own(&*store, place(&empty)).await), Some(NotItsOwn::Anothers));
    // The control: with the operator's word it starts, and is its own from then on.
    take_on(&stranger, place(&files), Adopt::Yes).await.unwrap();
    take_on(&stranger, place(&files), Adopt::No).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_older_than_marks_takes_on_what_it_finds() {
    let directory = tempfile::tempdir().unwrap();
    let files = DiskFiles::open(directory.path()).unwrap();
    keep(&files, 1, BEGIN).await;
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    // What the migration leaves in a store that was in use before.
    put(&*store, Record::FilesDirectory(FilesDirectory::default())).await;
    let core = core_over(store.clone()).await;
    take_on(&core, place(&files), Adopt::No).await.unwrap();
    assert_eq!(
        files.mark().await.unwrap(),
        Some(recorded(&*store).await.unwrap().unwrap().value.mark)
    );
}
