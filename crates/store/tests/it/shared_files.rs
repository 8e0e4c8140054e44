//! A directory of files that several nodes share.

use handoff_store::conformance::samples::BEGIN;
use handoff_store::conformance::samples::chats::file_id;
use handoff_store::{
    DiskFiles, Files, FilesDirectory, FilesError, FilesOptions, FilesTerms, MemoryStore, NewFile,
    Trashed, sweep_files, sweep_trash,
};
use tempfile::TempDir;

use crate::kept_files::{keep, new};

fn node(directory: &TempDir) -> Result<DiskFiles, FilesError> {
    DiskFiles::open_with(directory.path(), FilesOptions::of_nodes())
}

async fn read(files: &DiskFiles, n: u64) -> Option<Vec<u8>> {
    files.read(file_id(n), 0, 99).await.unwrap()
}

#[tokio::test]
async fn what_one_node_keeps_every_node_reads_and_removes() {
    let directory = TempDir::new().unwrap();
    // What came while one server had the directory, in a segment.
    let alone = DiskFiles::open(directory.path()).unwrap();
    keep(&alone, new(file_id(1), BEGIN), b"before").await;
    drop(alone);
    let (one, other) = (node(&directory).unwrap(), node(&directory).unwrap());
    keep(&one, new(file_id(2), BEGIN), b"small").await;
    for files in [&one, &other] {
        assert_eq!(read(files, 1).await.as_deref(), Some(&b"before"[..]));
        assert_eq!(read(files, 2).await.as_deref(), Some(&b"small"[..]));
    }
    let again = NewFile { bytes_max: 1, ..new(file_id(2), BEGIN) };
    let again = async { other.begin(again).await?.keep().await }.await;
    assert!(matches!(again, Err(FilesError::Exists { .. })), "{again:?}");
    for n in [1, 2] {
        other.delete(file_id(n)).await.unwrap();
        assert_eq!(read(&one, n).await, None);
        one.delete(file_id(n)).await.unwrap();
    }
    for files in [&other, &one] {
        files.reclaim().await.unwrap();
        assert!(files.list(None, 9).await.unwrap().items.is_empty());
    }
    let segments = std::fs::read_dir(directory.path().join("segments")).unwrap();
    assert_eq!(segments.count(), 0, "nothing is left of the segment, and no node made another");
}

#[tokio::test]
async fn what_arrives_at_one_node_survives_the_start_of_another() {
    let directory = TempDir::new().unwrap();
    let one = node(&directory).unwrap();
    let mut incoming = one.begin(new(file_id(1), BEGIN)).await.unwrap();
    incoming.write(b"half").await.unwrap();
    let left_over = directory.path().join("incoming").join("left over");
    let old = std::fs::File::create(&left_over).unwrap();
    old.set_modified(std::time::UNIX_EPOCH).unwrap();
    let other = node(&directory).unwrap();
    assert!(!left_over.exists(), "what nobody writes to any more is removed");
    incoming.write(b" and half").await.unwrap();
    incoming.keep().await.unwrap();
    assert_eq!(read(&other, 1).await.as_deref(), Some(&b"half and half"[..]));
}

#[tokio::test]
async fn nodes_and_a_server_that_is_alone_keep_each_other_out() {
    let directory = TempDir::new().unwrap();
    let one = node(&directory).unwrap();
    DiskFiles::open(directory.path()).unwrap_err();
    drop(one);
    let alone = DiskFiles::open(directory.path()).unwrap();
    node(&directory).unwrap_err();
    drop(alone);
    node(&directory).unwrap();
}

#[tokio::test]
async fn of_two_nodes_that_mark_a_directory_at_once_one_does() {
    let directory = TempDir::new().unwrap();
    let (one, other) = (node(&directory).unwrap(), node(&directory).unwrap());
    let (first, second) =
        tokio::join!(one.set_mark("a".to_owned()), other.set_mark("b".to_owned()));
    first.and(second).unwrap();
    let mark = one.mark().await.unwrap();
    assert!(mark.is_some() && mark == other.mark().await.unwrap(), "{mark:?}");
}

/// Two nodes that sweep at the same time are in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_may_sweep_at_once() {
    const MANY: u64 = 100;
    let directory = TempDir::new().unwrap();
    let (one, other) = (node(&directory).unwrap(), node(&directory).unwrap());
    for n in 0..MANY {
        keep(&one, new(file_id(n), BEGIN), b"x").await;
    }
    let store = MemoryStore::new();
    let mut attended = FilesDirectory::default();
    attended.begin(BEGIN, None, 1);
    let terms =
        FilesTerms { directory: &attended, before: BEGIN.plus_ms(1), now: BEGIN.plus_ms(2) };
    let sweep = |files| sweep_files(&store, files, terms, None, usize::MAX);
    let (first, second) = tokio::join!(sweep(&one), sweep(&other));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.orphans + second.orphans, MANY, "each was taken by one of them");
    let trashed: Vec<Trashed> = one.trash(None, usize::MAX).await.unwrap().items;
    assert_eq!(trashed.len() as u64, MANY);
    let empty = |files| sweep_trash(&store, files, Some(BEGIN.plus_ms(9)), None, usize::MAX);
    let (first, second) = tokio::join!(empty(&one), empty(&other));
    assert!(first.unwrap().removed + second.unwrap().removed >= MANY);
    assert!(other.trash(None, 9).await.unwrap().items.is_empty());
}
