//! Small files in segments: a power cut, a crash at each step, failing writes, damage, and what is
//! removed.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use handoff_domain::FileId;
use handoff_store::conformance::samples::BEGIN;
use handoff_store::files::faults::{FilesFaults, Step};
use handoff_store::{DiskFiles, Files, FilesError, FilesOptions, NewFile, Trashed};
use tempfile::TempDir;

fn id(n: u64) -> FileId {
    FileId::compose(BEGIN.plus_ms(n), u128::from(n))
}

/// What is in the n-th file: sizes from nothing to some KiB, and nothing that another has.
fn content(n: u64) -> Vec<u8> {
    let words = (0..n * 97 % 1_500).map(|word| format!("{n}.{word} "));
    words.collect::<String>().into_bytes()
}

async fn keep(files: &DiskFiles, n: u64) -> Result<(), FilesError> {
    let new = NewFile { id: id(n), at: BEGIN, bytes_max: 1 << 20 };
    let mut incoming = files.begin(new).await?;
    incoming.write(&content(n)).await?;
    incoming.keep().await
}

async fn keep_all(files: &DiskFiles, numbers: impl IntoIterator<Item = u64>) {
    for n in numbers {
        keep(files, n).await.unwrap();
    }
}

/// Counts those of some files that are not there. One that is there is whole.
async fn missing(files: &DiskFiles, numbers: impl IntoIterator<Item = u64>) -> usize {
    let mut missing = 0;
    for n in numbers {
        match files.read(id(n), 0, 1 << 20).await.unwrap() {
            Some(found) => assert_eq!(found, content(n), "file {n}"),
            None => missing += 1,
        }
    }
    missing
}

async fn listed(files: &DiskFiles) -> BTreeSet<FileId> {
    let (mut ids, mut after) = (BTreeSet::new(), None);
    loop {
        let page = files.list(after, 7).await.unwrap();
        for kept in page.items {
            assert!(ids.insert(kept.id), "{} is listed twice", kept.id);
        }
        after = page.next;
        if after.is_none() {
            return ids;
        }
    }
}

fn faulty(directory: &TempDir) -> (DiskFiles, FilesFaults) {
    let faults = FilesFaults::default();
    let options = FilesOptions { faults: faults.clone(), ..FilesOptions::default() };
    (DiskFiles::open_with(directory.path(), options).unwrap(), faults)
}

/// A segment in which a few files fill it.
fn small_segments() -> FilesOptions {
    FilesOptions { segment_bytes_max: 20_000, segment_files_max: 8, ..FilesOptions::default() }
}

/// The paths of the segments, and of their indexes, in order.
fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join("segments")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Copies a directory of files as a crash would leave it: whoever has it open goes on.
fn crashed(directory: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for part in ["segments", "incoming"] {
        fs::create_dir(copy.path().join(part)).unwrap();
        for entry in fs::read_dir(directory.join(part)).unwrap() {
            let entry = entry.unwrap();
            match fs::copy(entry.path(), copy.path().join(part).join(entry.file_name())) {
                // An index that was being written has its own name now, or is listed by it.
                Err(gone) if gone.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
    }
    copy
}

#[tokio::test]
async fn files_are_found_in_many_segments_and_after_a_start() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    keep_all(&files, 0..100).await;
    let wanted: BTreeSet<_> = (0..100).map(id).collect();
    assert_eq!((missing(&files, 0..100).await, listed(&files).await), (0, wanted.clone()));
    assert_eq!(missing(&files, 100..110).await, 10);
    let crash = crashed(directory.path());
    assert!(segments(crash.path()).len() > 20, "many segments and indexes");
    drop(files);
    let closed = segments(directory.path());
    for path in [directory.path(), crash.path()] {
        let files = DiskFiles::open_with(path, small_segments()).unwrap();
        assert_eq!((missing(&files, 0..100).await, listed(&files).await), (0, wanted.clone()));
        keep_all(&files, [100]).await;
        assert_eq!(missing(&files, 0..101).await, 0);
    }
    assert_eq!(segments(directory.path()).len(), closed.len() + 2, "a segment of its own");
}

#[tokio::test]
async fn an_index_that_is_lost_or_damaged_is_made_again() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    keep_all(&files, 0..50).await;
    files.delete(id(3)).await.unwrap();
    drop(files);
    let indexes = segments(directory.path());
    let mut indexes = indexes.iter().filter(|path| path.extension().is_some());
    fs::remove_file(indexes.next().unwrap()).unwrap();
    fs::write(indexes.next().unwrap(), "nothing that is an index, and as long as its head")
        .unwrap();
    let third = indexes.next().unwrap();
    let whole = fs::read(third).unwrap();
    fs::write(third, &whole[..whole.len() - 1]).unwrap();
    // A copy of the next segment that was made before the last of its files came.
    let fourth =
        fs::OpenOptions::new().write(true).open(third.with_file_name(format!("{:016x}", 4)));
    let fourth = fourth.unwrap();
    fourth.set_len(fourth.metadata().unwrap().len() - 1).unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    assert_eq!(
        missing(&files, 0..50).await,
        2,
        "what was removed stays so, what is cut is not there"
    );
    assert_eq!(listed(&files).await.len(), 48);
}

#[tokio::test]
async fn an_index_that_is_lost_while_files_are_open_costs_none() {
    // Gone, and cut to its head and a row.
    for left in [None, Some(40 + 36)] {
        let directory = TempDir::new().unwrap();
        let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
        keep_all(&files, 0..20).await;
        files.delete(id(0)).await.unwrap();
        let index = segments(directory.path())[0].with_extension("index");
        match left {
            None => fs::remove_file(&index).unwrap(),
            Some(len) => {
                fs::OpenOptions::new().write(true).open(&index).unwrap().set_len(len).unwrap();
            }
        }
        files.reclaim().await.unwrap();
        assert_eq!(missing(&files, 1..20).await, 0, "{left:?}");
        assert_eq!(listed(&files).await.len(), 19, "{left:?}");
        drop(files);
        let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
        assert_eq!(missing(&files, 0..20).await, 1, "{left:?}");
    }
}

/// Any byte of any row: of where a file is, and of an id, which would lead the search astray.
#[tokio::test]
async fn a_damaged_row_of_an_index_hides_no_file() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    keep_all(&files, 0..20).await;
    drop(files);
    let index = segments(directory.path())[0].with_extension("index");
    let whole = fs::read(&index).unwrap();
    let rows = (whole.len() - 40) / 36;
    assert!(rows > 2, "some rows: {rows}");
    for place in 40..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x40;
        fs::write(&index, damaged).unwrap();
        let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
        assert_eq!(missing(&files, 0..20).await, 0, "{place}");
        assert_eq!(listed(&files).await.len(), 20, "{place}");
        drop(files);
        assert!(!index.exists(), "the next start makes another: {place}");
    }
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    drop(files);
    assert_eq!(fs::read(&index).unwrap(), whole);
}

/// Rows that are fewer, and an index whose head agrees with them.
#[tokio::test]
async fn a_segment_is_reclaimed_only_by_what_its_own_heads_say() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    keep_all(&files, 0..20).await;
    files.delete(id(0)).await.unwrap();
    drop(files);
    let index = segments(directory.path())[0].with_extension("index");
    let mut bytes = fs::read(&index).unwrap();
    bytes.truncate(40 + 36);
    bytes[8] = 1;
    let checksum = crc32fast::hash(&bytes[..36]);
    bytes[36..40].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&index, bytes).unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    files.reclaim().await.unwrap();
    drop(files);
    fs::remove_file(&index).unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    assert_eq!(missing(&files, 1..20).await, 0);
}

#[tokio::test]
async fn a_start_goes_on_without_room_for_an_index() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open(directory.path()).unwrap();
    keep_all(&files, 0..10).await;
    let crash = crashed(directory.path());
    // Nothing can be written where a directory is.
    let index = segments(crash.path())[0].with_extension("index");
    fs::create_dir(index).unwrap();
    let after = DiskFiles::open(crash.path()).unwrap();
    assert_eq!(missing(&after, 0..10).await, 0);
    after.delete(id(3)).await.unwrap();
    keep_all(&after, [10]).await;
    assert_eq!((missing(&after, 0..11).await, listed(&after).await.len()), (1, 10));
}

/// Keeps files from many sides, cuts the power at some moment, and counts what of the acknowledged
/// ones is not there: of each segment there is as much as was synced.
async fn lost_in_a_power_cut(faults: &FilesFaults) -> usize {
    let directory = TempDir::new().unwrap();
    let options = FilesOptions { faults: faults.clone(), ..small_segments() };
    let files = Arc::new(DiskFiles::open_with(directory.path(), options).unwrap());
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let keepers: Vec<_> = (0..8)
        .map(|keeper| {
            let (files, acknowledged) = (files.clone(), acknowledged.clone());
            tokio::spawn(async move {
                for n in (keeper..).step_by(8) {
                    keep(&files, n).await.unwrap();
                    acknowledged.lock().unwrap().push(n);
                }
            })
        })
        .collect();
    let mut lost = 0;
    for cut in 1..=6 {
        while acknowledged.lock().unwrap().len() < cut * 40 {
            tokio::task::yield_now().await;
        }
        // In this order: what is synced later is more.
        let acknowledged = acknowledged.lock().unwrap().clone();
        let synced = faults.synced();
        let copy = crashed(directory.path());
        for (number, bytes) in synced {
            let segment = copy.path().join(format!("segments/{number:016x}"));
            if let Ok(file) = fs::OpenOptions::new().write(true).open(&segment) {
                file.set_len(bytes).unwrap();
                // The index of one that was closed may not be there either.
                let _ = fs::remove_file(segment.with_extension("index"));
            }
        }
        let after = DiskFiles::open(copy.path()).unwrap();
        lost += missing(&after, acknowledged).await;
    }
    keepers.iter().for_each(tokio::task::JoinHandle::abort);
    lost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_survives_a_power_cut() {
    assert_eq!(lost_in_a_power_cut(&FilesFaults::default()).await, 0);
}

/// The control: who answers before the sync loses files, so the test above can fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_acknowledged_too_early_are_lost_in_a_power_cut() {
    for _ in 0..20 {
        let faults = FilesFaults::default();
        faults.answer_early();
        if lost_in_a_power_cut(&faults).await > 0 {
            return;
        }
    }
    panic!("nothing was lost in 20 rounds");
}

#[tokio::test]
async fn a_torn_tail_costs_nothing_that_was_acknowledged() {
    let directory = TempDir::new().unwrap();
    let (files, faults) = faulty(&directory);
    keep_all(&files, 0..10).await;
    let acknowledged = faults.synced()[&1];
    // Short, so that it can be cut in all of its parts.
    keep_all(&files, [31]).await;
    let end = faults.synced()[&1];
    assert!((60..200).contains(&(end - acknowledged)));
    for left in (acknowledged..end).step_by(7).chain([end - 1, end]) {
        // The file system made room for all of it, and wrote a part.
        for is_zeroed in [false, true] {
            let crash = crashed(directory.path());
            let segment = fs::OpenOptions::new().write(true).open(&segments(crash.path())[0]);
            let segment = segment.unwrap();
            segment.set_len(left).unwrap();
            if is_zeroed {
                segment.set_len(end).unwrap();
            }
            let after = DiskFiles::open(crash.path()).unwrap();
            assert_eq!(missing(&after, 0..10).await, 0, "{left} bytes");
            assert_eq!(missing(&after, [31]).await, usize::from(left < end), "{left} bytes");
            if left % 10 == 0 {
                keep_all(&after, [14]).await;
                drop(after);
                let again = DiskFiles::open(crash.path()).unwrap();
                assert_eq!(missing(&again, (0..10).chain([14])).await, 0);
            }
        }
    }
}

/// A step fails, and the process is killed right then, or goes on.
#[tokio::test]
async fn a_crash_or_a_failure_at_any_step_costs_nothing_that_was_acknowledged() {
    for step in [Step::Begin, Step::Append, Step::Sync, Step::Close] {
        for kind in [ErrorKind::StorageFull, ErrorKind::Other] {
            let directory = TempDir::new().unwrap();
            let faults = FilesFaults::default();
            let options = FilesOptions { faults: faults.clone(), ..small_segments() };
            let files = DiskFiles::open_with(directory.path(), options).unwrap();
            keep_all(&files, 0..13).await;
            faults.plan(step, kind);
            // A segment takes eight, so that each step comes.
            let mut refused = Vec::new();
            for n in 13..30 {
                if let Err(error) = keep(&files, n).await {
                    assert!(matches!(error, FilesError::Unavailable { .. }), "{error:?}");
                    refused.push(n);
                    let crash = crashed(directory.path());
                    let after = DiskFiles::open(crash.path()).unwrap();
                    assert_eq!(missing(&after, 0..n).await, 0, "killed after {step:?}");
                }
            }
            assert_eq!((faults.fired(), refused.len()), (1, 1), "{step:?}");
            let kept = || (0..30).filter(|n| !refused.contains(n));
            assert_eq!(missing(&files, kept()).await, 0, "after {step:?}");
            assert_eq!(missing(&files, refused.clone()).await, 1);
            keep_all(&files, refused.clone()).await;
            drop(files);
            let files = DiskFiles::open(directory.path()).unwrap();
            assert_eq!(missing(&files, 0..30).await, 0, "a start after {step:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_added_to_a_segment_whose_sync_failed() {
    let directory = TempDir::new().unwrap();
    let (files, faults) = faulty(&directory);
    keep_all(&files, 0..3).await;
    faults.plan(Step::Sync, ErrorKind::Other);
    keep(&files, 5).await.unwrap_err();
    let acknowledged = faults.synced()[&1];
    keep_all(&files, 6..9).await;
    assert_eq!(faults.synced()[&1], acknowledged);
    assert_eq!(faults.synced().len(), 2);
    assert_eq!(missing(&files, (0..3).chain(6..9)).await, 0);
    assert_eq!(missing(&files, [5]).await, 1, "nobody reads what was not acknowledged");
}

#[tokio::test]
async fn a_damaged_file_is_told_and_hides_no_other() {
    let directory = TempDir::new().unwrap();
    let (files, _) = faulty(&directory);
    keep_all(&files, 1..10).await;
    let path = &segments(directory.path())[0];
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"4.7 ").unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
    let told = files.read(id(4), 0, 1 << 20).await.unwrap_err();
    assert!(matches!(told, FilesError::Damaged { id: damaged } if damaged == id(4)), "{told:?}");
    assert_eq!(missing(&files, (1..10).filter(|n| *n != 4)).await, 0);
    // A sweep goes on, and leaves it where somebody can look at it.
    assert!(!files.put_in_trash(Trashed { id: id(4), since: BEGIN }).await.unwrap());
    assert_eq!(files.trash(None, 9).await.unwrap().items, []);
    assert_eq!(listed(&files).await.len(), 9);
    let crash = crashed(directory.path());
    let after = DiskFiles::open(crash.path()).unwrap();
    assert_eq!(missing(&after, (1..10).filter(|n| *n != 4)).await, 0);
}

/// Makes a file one that cannot be read.
fn make_unreadable(path: &Path) {
    fs::remove_file(path).unwrap();
    fs::create_dir(path).unwrap();
}

#[tokio::test]
async fn a_segment_that_cannot_be_read_keeps_nobody_from_the_others() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    keep_all(&files, 0..20).await;
    let mut paths = segments(directory.path());
    paths.retain(|path| path.extension().is_none());
    // The first; the second goes all the same when everything in it was removed.
    make_unreadable(&paths[0]);
    assert!(listed(&files).await.is_superset(&(8..20).map(id).collect()));
    for n in 8..16 {
        files.delete(id(n)).await.unwrap();
    }
    files.reclaim().await.unwrap();
    assert!(paths[0].exists() && !paths[1].exists());
    drop(files);
    // The last, whose number would be the next.
    make_unreadable(paths.last().unwrap());
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    assert_eq!(missing(&files, 0..8).await, 8);
    keep_all(&files, 20..30).await;
    assert_eq!((missing(&files, 20..30).await, listed(&files).await.len()), (0, 10));
    files.reclaim().await.unwrap();
}

/// Where in a segment the head of the n-th file is.
fn head_of(bytes: &[u8], n: u64) -> usize {
    let wanted = id(n).0.to_le_bytes();
    bytes.windows(wanted.len()).position(|window| window == wanted).unwrap() - 8
}

#[tokio::test]
async fn a_damaged_head_hides_no_other_file() {
    let directory = TempDir::new().unwrap();
    let (files, _) = faulty(&directory);
    keep_all(&files, 1..20).await;
    let crash = crashed(directory.path());
    let path = &segments(crash.path())[0];
    let whole = fs::read(path).unwrap();
    // In the mark, the length, the id and the checksum; a sector; what names the form.
    let heads = [0, 5, 12, 37].map(|at| head_of(&whole, 4) + at);
    let damages = heads.map(|at| (at, 1)).into_iter().chain([(head_of(&whole, 4), 512), (0, 16)]);
    for (at, len) in damages {
        let mut bytes = whole.clone();
        bytes[at..at + len].iter_mut().for_each(|byte| *byte ^= 0x10);
        let lost = usize::from(at != 0);
        fs::write(path, bytes).unwrap();
        let _ = fs::remove_file(path.with_extension("index"));
        // With the index that is made of it as well.
        for _ in 0..2 {
            let after = DiskFiles::open(crash.path()).unwrap();
            let others = (1..20).filter(|n| *n != 4);
            assert_eq!(missing(&after, others).await, 0, "{len} bytes at {at}");
            assert_eq!(listed(&after).await.len(), 19 - lost, "{len} bytes at {at}");
            assert_eq!(missing(&after, [4]).await, lost, "{len} bytes at {at}");
        }
    }
}

#[tokio::test]
async fn a_segment_with_damage_is_never_reclaimed() {
    for in_head in [0, 48] {
        for is_damaged in [true, false] {
            let directory = TempDir::new().unwrap();
            let (files, _) = faulty(&directory);
            keep_all(&files, 1..10).await;
            let crash = crashed(directory.path());
            let path = &segments(crash.path())[0];
            let mut bytes = fs::read(path).unwrap();
            let at = head_of(&bytes, 4) + in_head;
            bytes[at] ^= u8::from(is_damaged);
            fs::write(path, bytes).unwrap();
            let after = DiskFiles::open(crash.path()).unwrap();
            for n in (1..10).filter(|n| *n != 4 || !is_damaged) {
                after.delete(id(n)).await.unwrap();
            }
            after.reclaim().await.unwrap();
            assert_eq!(path.exists(), is_damaged, "damage {in_head} bytes into a file");
        }
    }
}

#[tokio::test]
async fn what_was_removed_is_not_on_the_disk_and_an_empty_segment_goes() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open_with(directory.path(), small_segments()).unwrap();
    keep_all(&files, 0..40).await;
    let count = segments(directory.path()).len();
    let all = |directory: &Path| {
        let bytes = segments(directory).into_iter().flat_map(|path| fs::read(path).unwrap());
        bytes.collect::<Vec<u8>>()
    };
    let has = |bytes: &[u8], n: u64| {
        let content = content(n);
        bytes.windows(content.len()).any(|window| window == content)
    };
    assert!(has(&all(directory.path()), 3), "the control: it is there before");
    for n in 0..8 {
        files.delete(id(n)).await.unwrap();
    }
    files.put_in_trash(Trashed { id: id(9), since: BEGIN }).await.unwrap();
    let bytes = all(directory.path());
    assert!((1..8).chain([9]).all(|n| !has(&bytes, n)));
    assert!(has(&bytes, 10));
    // A crash before the open segment has an index brings none back.
    let crash = crashed(directory.path());
    let after = DiskFiles::open(crash.path()).unwrap();
    assert_eq!(missing(&after, 0..40).await, 9);
    files.reclaim().await.unwrap();
    assert_eq!(segments(directory.path()).len(), count - 2, "the first, and its index");
    assert_eq!(missing(&files, 0..40).await, 9);
    assert_eq!(missing(&files, (10..40).chain([8])).await, 0);
    files.put_back(Trashed { id: id(9), since: BEGIN }).await.unwrap();
    assert_eq!(missing(&files, 8..40).await, 0);
    assert_eq!(listed(&files).await.len(), 32);
}

#[tokio::test]
async fn all_of_a_file_goes_to_the_trash_and_comes_back() {
    let directory = TempDir::new().unwrap();
    let options = FilesOptions { small_bytes_max: 1 << 20, ..FilesOptions::default() };
    let files = DiskFiles::open_with(directory.path(), options).unwrap();
    let content = [7; 300 << 10];
    let mut file = files.begin(NewFile { id: id(1), at: BEGIN, bytes_max: 1 << 20 }).await.unwrap();
    file.write(&content).await.unwrap();
    file.keep().await.unwrap();
    let trashed = Trashed { id: id(1), since: BEGIN };
    assert!(files.put_in_trash(trashed).await.unwrap());
    assert!(!files.put_in_trash(trashed).await.unwrap());
    files.put_back(trashed).await.unwrap();
    let own = directory.path().join(&id(1).to_string()[..2]).join(id(1).to_string());
    assert!(fs::read(own).unwrap() == content);
}

#[tokio::test]
async fn a_file_that_cannot_go_to_the_trash_leaves_no_copy() {
    let directory = TempDir::new().unwrap();
    let files = DiskFiles::open(directory.path()).unwrap();
    keep_all(&files, [1]).await;
    let incoming = directory.path().join("incoming");
    // Nothing can be renamed to where a directory is that is not empty.
    let trashed = Trashed { id: id(1), since: BEGIN };
    let taken = directory.path().join(format!("trash/{}.{}", id(1), BEGIN.0));
    fs::create_dir_all(taken.join("x")).unwrap();
    files.put_in_trash(trashed).await.unwrap_err();
    assert_eq!(fs::read_dir(incoming).unwrap().count(), 0);
    assert_eq!(missing(&files, [1]).await, 0);
}

#[tokio::test]
async fn what_arrives_is_bounded_in_memory_and_large_files_are_their_own() {
    let directory = TempDir::new().unwrap();
    let options = FilesOptions { arriving_bytes_max: 3 << 20, ..FilesOptions::default() };
    let files = DiskFiles::open_with(directory.path(), options).unwrap();
    let mut incoming = Vec::new();
    for n in 0..20 {
        let new = NewFile { id: id(n), at: BEGIN, bytes_max: 1 << 20 };
        let mut file = files.begin(new).await.unwrap();
        file.write(&content(n)).await.unwrap();
        incoming.push(file);
    }
    let own = fs::read_dir(directory.path().join("incoming")).unwrap().count();
    assert_eq!(own, 20 - 12, "of 256 KiB each, twelve have room");
    for file in incoming {
        file.keep().await.unwrap();
    }
    assert_eq!(missing(&files, 0..20).await, 0);
    // The room is there again, and what grows out of it leaves it.
    let new = NewFile { id: id(20), at: BEGIN, bytes_max: 1 << 20 };
    let mut file = files.begin(new).await.unwrap();
    file.write(&[7; 256 << 10]).await.unwrap();
    assert_eq!(fs::read_dir(directory.path().join("incoming")).unwrap().count(), 0);
    file.write(&[8]).await.unwrap();
    file.keep().await.unwrap();
    let tail = files.read(id(20), (256 << 10) - 1, 9).await.unwrap();
    assert_eq!(tail.as_deref(), Some(&[7, 8][..]));
    assert_eq!(listed(&files).await.len(), 21);
}
