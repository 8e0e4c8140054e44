//! Files: that all places for them do the same, and what becomes of a directory after a crash.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use handoff_domain::{FileId, Time};
use handoff_store::conformance::samples::chats::{file, file_id};
use handoff_store::conformance::samples::{BEGIN, put};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{
    Attended, ChangeSet, DiskFiles, FileRecord, Files, FilesDirectory, FilesError, FilesOptions,
    FilesSwept, FilesTerms, MemoryFiles, MemoryStore, NewFile, PostgresFiles, PostgresOptions,
    PostgresStore, Record, Store, TrashSwept, Trashed, sweep_files, sweep_trash,
};
use tempfile::TempDir;

pub(crate) const fn new(id: FileId, at: Time) -> NewFile {
    NewFile { id, at, bytes_max: 1_000_000 }
}

pub(crate) async fn keep(files: &dyn Files, new: NewFile, bytes: &[u8]) {
    let mut incoming = files.begin(new).await.unwrap();
    for piece in bytes.chunks(1_000) {
        incoming.write(piece).await.unwrap();
    }
    incoming.keep().await.unwrap();
}

pub(crate) async fn whole(files: &dyn Files, id: FileId, bytes_max: usize) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let piece = files.read(id, whole.len() as u64, bytes_max).await.unwrap()?;
        assert!(piece.len() <= bytes_max);
        if piece.is_empty() {
            return Some(whole);
        }
        whole.extend(piece);
    }
}

/// Returns the ids of all files, page by page.
async fn ids(files: &dyn Files, limit: usize) -> Vec<FileId> {
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = files.list(after, limit).await.unwrap();
        assert!(page.items.len() <= limit);
        ids.extend(page.items.iter().map(|kept| kept.id));
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

async fn what_is_kept_is_read_in_pieces(files: &dyn Files) {
    let bytes: Vec<u8> = (0..600_000_u32).map(|n| (n % 251) as u8).collect();
    keep(files, new(file_id(1), BEGIN), &bytes).await;
    keep(files, new(file_id(2), BEGIN), b"").await;
    for bytes_max in [7_777, 1_000_000] {
        assert_eq!(whole(files, file_id(1), bytes_max).await.as_ref(), Some(&bytes));
    }
    assert_eq!(whole(files, file_id(2), 9).await, Some(Vec::new()));
    assert_eq!(whole(files, file_id(3), 9).await, None);
    assert_eq!(
        files.read(file_id(1), 599_999, 9).await.unwrap().as_deref(),
        Some(&bytes[599_999..])
    );
    assert_eq!(files.read(file_id(1), u64::MAX, 9).await.unwrap(), Some(Vec::new()));
}

async fn nobody_reads_what_is_not_kept(files: &dyn Files) {
    let mut incoming = files.begin(new(file_id(1), BEGIN)).await.unwrap();
    incoming.write(b"half a f").await.unwrap();
    assert_eq!(files.read(file_id(1), 0, 9).await.unwrap(), None);
    assert_eq!(ids(files, 9).await, []);
    drop(incoming);
    keep(files, new(file_id(1), BEGIN), b"another").await;
    assert_eq!(whole(files, file_id(1), 9).await.as_deref(), Some(&b"another"[..]));
}

async fn more_than_is_allowed_is_refused(files: &dyn Files) {
    let small = NewFile { bytes_max: 5, ..new(file_id(1), BEGIN) };
    let mut incoming = files.begin(small).await.unwrap();
    incoming.write(b"1234").await.unwrap();
    incoming.write(b"5").await.unwrap();
    let refused = incoming.write(b"6").await.unwrap_err();
    assert!(matches!(refused, FilesError::TooLarge { bytes_max: 5 }), "{refused:?}");
    drop(incoming);
    assert_eq!(ids(files, 9).await, []);
}

async fn a_kept_file_is_not_written_over(files: &dyn Files) {
    let late = files.begin(new(file_id(2), BEGIN)).await.unwrap();
    keep(files, new(file_id(1), BEGIN), b"first").await;
    let again = async { files.begin(new(file_id(1), BEGIN)).await?.keep().await }.await;
    assert!(matches!(again, Err(FilesError::Exists { .. })), "{again:?}");
    assert_eq!(whole(files, file_id(1), 9).await.as_deref(), Some(&b"first"[..]));
    late.keep().await.unwrap();
}

async fn what_is_deleted_is_gone(files: &dyn Files) {
    keep(files, new(file_id(1), BEGIN), b"x").await;
    files.delete(file_id(1)).await.unwrap();
    files.delete(file_id(1)).await.unwrap();
    assert_eq!(files.read(file_id(1), 0, 9).await.unwrap(), None);
    assert_eq!(ids(files, 9).await, []);
}

async fn pages_give_each_file_once(files: &dyn Files) {
    let wanted = [0, 1, 0xff << 120, u128::MAX, 0xff, 0x100, 0x01 << 120].map(FileId);
    for (n, id) in (0..).zip(wanted) {
        keep(files, new(id, BEGIN.plus_ms(n)), b"x").await;
    }
    let mut sorted = wanted;
    sorted.sort_unstable();
    for limit in [1, 2, 3, 6, 7, 8, 99] {
        let mut found = ids(files, limit).await;
        found.sort_unstable();
        assert_eq!(found, sorted, "{limit} at a time");
    }
    let kept = files.list(None, 99).await.unwrap().items;
    let at = kept.iter().find(|kept| kept.id == wanted[3]).unwrap().at;
    assert_eq!(at, BEGIN.plus_ms(3));
}

/// A store that has been in service since ever.
fn always() -> FilesDirectory {
    FilesDirectory {
        attended: vec![Attended { from: Time(0), until: Time(i64::MAX) }],
        ..FilesDirectory::default()
    }
}

/// The files that are swept: without a record, deleted, and each of it long ago and just now.
async fn only_what_no_record_speaks_for_is_swept(files: &dyn Files) {
    let store = MemoryStore::new();
    let before = BEGIN.plus_ms(10);
    let now = BEGIN.plus_ms(20);
    let deleted = |n, at| FileRecord { deleted: Some(at), ..file(n) };
    let records =
        [file(3), deleted(4, BEGIN), deleted(5, before)].map(|file| put(Record::File(file), 0));
    store.commit(ChangeSet { puts: records.into(), ..ChangeSet::default() }).await.unwrap();
    for (n, at) in [(1, BEGIN), (2, before), (3, BEGIN), (4, BEGIN), (5, BEGIN)] {
        keep(files, new(file_id(n), at), b"x").await;
    }
    let terms = FilesTerms { directory: &always(), before, now };
    let first = sweep_files(&store, files, terms, None, 2).await.unwrap();
    assert_eq!(first, FilesSwept { orphans: 1, next: first.next, ..FilesSwept::default() });
    assert!(first.next.is_some());
    let rest = sweep_files(&store, files, terms, first.next, 99).await.unwrap();
    assert_eq!(rest, FilesSwept { deleted: 1, ..FilesSwept::default() });
    assert_eq!(ids(files, 99).await, [2, 3, 5].map(file_id));
    let taken = [1, 4].map(|n| Trashed { id: file_id(n), since: now });
    assert_eq!(files.trash(None, 99).await.unwrap().items, taken);
    assert_eq!(
        files.read(file_id(1), 0, 9).await.unwrap(),
        None,
        "nobody reads what is in the trash"
    );
}

/// A file without a record is taken only where this store was in service when it arrived.
async fn what_arrived_under_another_database_is_never_swept(files: &dyn Files) {
    let store = MemoryStore::new();
    let minute = |n: u64| BEGIN.plus_ms(n * 60_000);
    for n in 0..10 {
        keep(files, new(file_id(n), minute(n)), b"x").await;
    }
    let mut directory = FilesDirectory::default();
    let sweep = async |directory: &FilesDirectory| {
        let now = minute(100_000);
        sweep_files(&store, files, FilesTerms { directory, before: now, now }, None, 99)
            .await
            .unwrap()
    };
    // A new database over an old directory.
    directory.begin(minute(20), None, 1);
    directory.go_on(minute(30), 1);
    assert_eq!(sweep(&directory).await, FilesSwept { strangers: 10, ..FilesSwept::default() });
    // An older copy of the database, which knows of the minutes from 2 to 4, put back long after.
    directory = FilesDirectory::default();
    directory.begin(minute(2), None, 1);
    directory.go_on(minute(3), 1);
    directory.begin(minute(20), Some(minute(4)), 1);
    // The control: what arrived in those minutes is what a crash left behind, and is taken.
    assert_eq!(
        sweep(&directory).await,
        FilesSwept { orphans: 3, strangers: 7, ..FilesSwept::default() }
    );
    assert_eq!(ids(files, 99).await, [0, 1, 5, 6, 7, 8, 9].map(file_id));
}

async fn what_is_in_the_trash_goes_for_good_after_a_while_or_comes_back(files: &dyn Files) {
    let store = MemoryStore::new();
    for n in 1..=3 {
        keep(files, new(file_id(n), BEGIN), b"what was in it").await;
    }
    let (first, later) = (BEGIN.plus_ms(10), BEGIN.plus_ms(20));
    for (n, since) in [(1, first), (2, later), (3, first)] {
        files.put_in_trash(Trashed { id: file_id(n), since }).await.unwrap();
    }
    files.put_in_trash(Trashed { id: file_id(9), since: first }).await.unwrap();
    // The right database is back, and has a record of the third.
    let change = ChangeSet { puts: vec![put(Record::File(file(3)), 0)], ..ChangeSet::default() };
    store.commit(change).await.unwrap();
    let none = sweep_trash(&store, files, Some(first), None, 1).await.unwrap();
    assert_eq!(
        none,
        TrashSwept {
            next: Some(Trashed { id: file_id(1), since: first }),
            ..TrashSwept::default()
        }
    );
    let back = sweep_trash(&store, files, None, none.next, 99).await.unwrap();
    assert_eq!(back, TrashSwept { put_back: 1, ..TrashSwept::default() });
    assert_eq!(whole(files, file_id(3), 99).await.as_deref(), Some(&b"what was in it"[..]));
    let removed = sweep_trash(&store, files, Some(later), None, 99).await.unwrap();
    assert_eq!(removed, TrashSwept { removed: 1, ..TrashSwept::default() });
    assert_eq!(
        files.trash(None, 9).await.unwrap().items,
        [Trashed { id: file_id(2), since: later }]
    );
    assert_eq!(ids(files, 99).await, [file_id(3)]);
}

async fn what_is_in_use_is_not_lost_to_what_comes_back(files: &dyn Files) {
    keep(files, new(file_id(1), BEGIN), b"first").await;
    let taken = Trashed { id: file_id(1), since: BEGIN };
    assert!(files.put_in_trash(taken).await.unwrap());
    files.put_back(taken).await.unwrap();
    files.put_back(taken).await.unwrap();
    assert_eq!(whole(files, file_id(1), 99).await.as_deref(), Some(&b"first"[..]));
    assert_eq!(ids(files, 9).await, [file_id(1)]);
    assert!(files.trash(None, 9).await.unwrap().items.is_empty());
}

async fn a_place_keeps_its_first_mark(files: &dyn Files) {
    assert_eq!(files.mark().await.unwrap(), None);
    files.set_mark("a".to_owned()).await.unwrap();
    files.set_mark("b".to_owned()).await.unwrap();
    assert_eq!(files.mark().await.unwrap().as_deref(), Some("a"));
    assert_eq!(ids(files, 9).await, [], "it is none of the files");
    files.ready().await.unwrap();
}

async fn a_place_says_who_swept_it_last(files: &dyn Files) {
    assert_eq!(files.swept_by().await.unwrap(), None);
    for word in ["a", "b", "a"] {
        files.set_swept_by(word.to_owned()).await.unwrap();
        assert_eq!(files.swept_by().await.unwrap().as_deref(), Some(word));
    }
    assert_eq!(files.mark().await.unwrap(), None);
    assert_eq!(ids(files, 9).await, [], "it is none of the files");
}

async fn two_sweeps_at_once_take_each_file_once(files: &dyn Files) {
    const MANY: u64 = 40;
    for n in 0..MANY {
        keep(files, new(file_id(n), BEGIN), b"x").await;
    }
    let (store, now) = (MemoryStore::new(), BEGIN.plus_ms(2));
    let terms = FilesTerms { directory: &always(), before: BEGIN.plus_ms(1), now };
    let sweep = || sweep_files(&store, files, terms, None, 1_000);
    let (first, second) = tokio::join!(sweep(), sweep());
    assert!(first.unwrap().orphans + second.unwrap().orphans >= MANY);
    assert_eq!(files.trash(None, 1_000).await.unwrap().items.len() as u64, MANY);
    assert_eq!(ids(files, 99).await, []);
    let empty = || sweep_trash(&store, files, Some(BEGIN.plus_ms(9)), None, 1_000);
    let (first, second) = tokio::join!(empty(), empty());
    assert!(first.unwrap().removed + second.unwrap().removed >= MANY);
    assert!(files.trash(None, 9).await.unwrap().items.is_empty());
}

/// Opens a directory in which every file has a file of its own.
fn each_alone(directory: impl Into<PathBuf>) -> DiskFiles {
    let options = FilesOptions { small_bytes_max: 0, ..FilesOptions::default() };
    DiskFiles::open_with(directory, options).unwrap()
}

/// Returns files in a fresh schema, which arrive in a directory.
async fn in_database() -> (PostgresFiles, TempDir) {
    let options = PostgresOptions::new(PostgresServer::shared().fresh_schema());
    PostgresStore::open(options.clone()).await.unwrap().close().await;
    let directory = TempDir::new().unwrap();
    (PostgresFiles::new(&options, directory.path()).unwrap(), directory)
}

macro_rules! on_all {
    ($($case:ident),* $(,)?) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&super::MemoryFiles::new()).await;
            })*
        }
        mod each_alone {
            $(#[tokio::test]
            async fn $case() {
                let directory = super::TempDir::new().unwrap();
                super::$case(&super::each_alone(directory.path().join("files"))).await;
            })*
        }
        mod in_segments {
            $(#[tokio::test]
            async fn $case() {
                let directory = super::TempDir::new().unwrap();
                super::$case(&super::DiskFiles::open(directory.path().join("files")).unwrap()).await;
            })*
        }
        mod in_a_bucket {
            $(#[tokio::test]
            async fn $case() {
                let (files, _directory) = crate::bucket_files::fresh().await;
                super::$case(&files).await;
            })*
        }
        mod in_a_database {
            $(#[tokio::test]
            async fn $case() {
                let (files, _directory) = super::in_database().await;
                super::$case(&files).await;
            })*
        }
    };
}

on_all!(
    what_is_kept_is_read_in_pieces,
    nobody_reads_what_is_not_kept,
    more_than_is_allowed_is_refused,
    a_kept_file_is_not_written_over,
    what_is_deleted_is_gone,
    pages_give_each_file_once,
    only_what_no_record_speaks_for_is_swept,
    what_arrived_under_another_database_is_never_swept,
    what_is_in_the_trash_goes_for_good_after_a_while_or_comes_back,
    what_is_in_use_is_not_lost_to_what_comes_back,
    a_place_keeps_its_first_mark,
    a_place_says_who_swept_it_last,
);

#[tokio::test]
async fn two_sweeps_of_a_database_take_each_file_once() {
    let (files, _directory) = in_database().await;
    two_sweeps_at_once_take_each_file_once(&files).await;
}

/// Returns every file below a directory but the lock.
fn paths(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(paths(&path)) } else { found.push(path) }
    }
    found.retain(|path| !path.ends_with("lock"));
    found
}

#[tokio::test]
async fn files_survive_and_leftovers_of_a_crash_do_not() {
    let directory = TempDir::new().unwrap();
    let files = each_alone(directory.path());
    keep(&files, new(file_id(1), BEGIN), b"kept").await;
    let mut incoming = files.begin(new(file_id(2), BEGIN)).await.unwrap();
    incoming.write(b"half a f").await.unwrap();
    // A crash runs no destructor.
    std::mem::forget(incoming);
    assert_eq!(paths(directory.path()).len(), 2);
    drop(files);
    // What was forgotten above still has the lock, as a process would not that crashed.
    std::fs::remove_file(directory.path().join("lock")).unwrap();
    let files = each_alone(directory.path());
    assert_eq!(paths(directory.path()).len(), 1);
    assert_eq!(whole(&files, file_id(1), 99).await.as_deref(), Some(&b"kept"[..]));
    keep(&files, new(file_id(2), BEGIN), b"sent again").await;
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    let files = each_alone(directory.path());
    let mut incoming = files.begin(new(file_id(1), BEGIN)).await.unwrap();
    incoming.write(b"half a f").await.unwrap();
    assert_eq!(paths(directory.path()).len(), 1);
    drop(incoming);
    assert_eq!(paths(directory.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_path_is_made_of_the_id_alone() {
    let directory = TempDir::new().unwrap();
    let files = each_alone(directory.path());
    let id: FileId = "ab0123456789abcdef0123456789abcd".parse().unwrap();
    keep(&files, new(id, BEGIN), b"x").await;
    let expected = directory.path().join("ab").join("ab0123456789abcdef0123456789abcd");
    assert_eq!(paths(directory.path()), [expected]);
    for text in ["../../../../etc/passwd0000000000", "ab/../../456789abcdef0123456789ab", "..", ""]
    {
        assert!(text.parse::<FileId>().is_err(), "{text}");
    }
}

#[tokio::test]
async fn what_this_program_did_not_write_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let files = each_alone(directory.path());
    let names = ["ab/notes.txt", "ab/AB0123456789ABCDEF0123456789ABCD", "notes.txt"];
    for name in names {
        std::fs::write(directory.path().join(name), "x").unwrap();
    }
    assert_eq!(ids(&files, 9).await, []);
    drop(files);
    each_alone(directory.path());
    assert_eq!(paths(directory.path()).len(), names.len());
}

#[tokio::test]
async fn only_the_owner_may_read_them() {
    let directory = TempDir::new().unwrap();
    let root = directory.path().join("files");
    let files = DiskFiles::open(&root).unwrap();
    keep(&files, new(file_id(1), BEGIN), b"x").await;
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&root), mode(&root.join("00")), mode(&root.join("incoming"))),
        (0o700, 0o700, 0o700)
    );
    for path in paths(&root) {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_second_server_is_refused_the_directory() {
    let directory = TempDir::new().unwrap();
    let first = DiskFiles::open(directory.path()).unwrap();
    let refused = DiskFiles::open(directory.path()).unwrap_err();
    let FilesError::Unavailable { source, .. } = &refused else { panic!("{refused:?}") };
    assert!(source.to_string().contains("in use by another process"), "{source}");
    drop(first);
    DiskFiles::open(directory.path()).unwrap();
}

#[tokio::test]
async fn a_mark_survives() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open(directory.path()).unwrap();
    files.set_mark("a".to_owned()).await.unwrap();
    drop(files);
    let files = DiskFiles::open(directory.path()).unwrap();
    assert_eq!(files.mark().await.unwrap().as_deref(), Some("a"));
}
