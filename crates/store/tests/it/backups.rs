//! Backups: of one moment while the store is written to, whole or not at all, and what is restored
//! is what was backed up.

use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use handoff_domain::Time;
use handoff_store::conformance::samples::chats::file_id;
use handoff_store::conformance::samples::{BEGIN, event, interaction, notice};
use handoff_store::{
    BackupError, BackupProgress, BackupSource, Backups, ChangeSet, DiskFiles, Files, FilesOptions,
    SqliteOptions, SqliteStore, Store, StoreError,
};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::kept_files::{keep, new, whole};

/// A store and files that somebody serves, and a directory of backups.
struct Site {
    home: TempDir,
    store: SqliteStore,
    files: DiskFiles,
    runtime: Runtime,
}

/// Large enough for a file of its own.
const LARGE: usize = 900_000;

fn nothing(_: BackupProgress) {}

impl Site {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let data = home.path().join("data");
        let store = SqliteStore::open(SqliteOptions::new(data.join("handoff.db"))).unwrap();
        let options = FilesOptions { segment_files_max: 2, ..FilesOptions::default() };
        let files = DiskFiles::open_with(data.join("files"), options).unwrap();
        let site = Self { home, store, files, runtime: Runtime::new().unwrap() };
        site.runtime.block_on(site.files.set_mark("mark-1".to_owned())).unwrap();
        std::fs::write(data.join("key"), b"a secret").unwrap();
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Commits an interaction, and keeps a file that it might name.
    fn comes(&self, n: u64, bytes: usize) {
        let events = vec![event(interaction(n), BEGIN, vec![notice(n)])];
        let change = ChangeSet { events, ..ChangeSet::default() };
        self.runtime.block_on(async {
            keep(&self.files, new(file_id(n), BEGIN), &content(n, bytes)).await;
            self.store.commit(change).await.unwrap();
        });
    }

    fn backups(&self) -> Backups {
        Backups::create(&self.path("backups")).unwrap()
    }

    fn take(&self, at: Time) -> handoff_store::Taken {
        with(&self.path("data"), |source| self.backups().take(source, &|| at, &nothing)).unwrap()
    }

    fn restore(&self, taken: Time, to: &str) -> Result<PathBuf, BackupError> {
        let to = self.path(to);
        with(&to, |target| self.backups().restore(taken, target, &nothing))?;
        Ok(to)
    }

    /// Returns what of some files can be read in a data directory.
    fn lengths(&self, data: &Path, ids: impl Iterator<Item = u64>) -> Vec<Option<usize>> {
        let files = DiskFiles::open(data.join("files")).unwrap();
        let read = ids.map(|n| {
            let bytes = self.runtime.block_on(whole(&files, file_id(n), LARGE))?;
            assert_eq!(bytes, content(n, bytes.len()));
            Some(bytes.len())
        });
        read.collect()
    }
}

fn content(n: u64, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at as u64 * 31 + n) as u8).collect()
}

fn with<T>(data: &Path, work: impl FnOnce(BackupSource<'_>) -> T) -> T {
    let (database, files) = (data.join("handoff.db"), data.join("files"));
    work(BackupSource { database: &database, files: Some(&files), keys: &["key", "none"] })
}

/// Returns every row of every table.
fn rows(database: &Path) -> BTreeMap<String, Vec<String>> {
    let connection = Connection::open(database).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE V%'")
        .unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names
        .map(|name| {
            let name = name.unwrap();
            let mut all = connection.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
            let columns = all.column_count();
            let read = all.query_map([], |row| {
                let row = (0..columns).map(|at| row.get::<_, rusqlite::types::Value>(at));
                Ok(format!("{:?}", row.collect::<Result<Vec<_>, _>>()?))
            });
            let mut found: Vec<_> = read.unwrap().map(Result::unwrap).collect();
            found.sort();
            (name, found)
        })
        .collect()
}

#[test]
fn what_is_restored_is_every_row_and_file_of_one_moment_however_busy_it_was() {
    let site = Site::new();
    site.comes(1, 900);
    // The segment is full: the next small file begins another.
    site.comes(5, 800);
    site.comes(2, LARGE);
    let (before, was_told) = (OnceCell::new(), Cell::new(false));
    let taken = with(&site.path("data"), |source| {
        site.backups().take(
            source,
            // In the moment itself: what comes then is not in it.
            &|| {
                before.set(rows(&site.path("data/handoff.db"))).unwrap();
                site.comes(4, 600);
                Time(1_000)
            },
            // While files are copied for the first time: one comes that the moment knows, and one
            // goes that it may know.
            &|_| {
                if !was_told.replace(true) {
                    site.comes(3, 500);
                    site.runtime.block_on(site.files.delete(file_id(2))).unwrap();
                }
            },
        )
    });
    assert_eq!(taken.unwrap().backup.taken, Time(1_000));
    let before = before.into_inner().unwrap();
    let copy = site.restore(Time(1_000), "copy").unwrap();
    let restored = rows(&copy.join("handoff.db"));
    assert_eq!(restored, before);
    assert!(restored.values().map(Vec::len).sum::<usize>() > 4, "{restored:?}");
    let lengths = site.lengths(&copy, 1..4);
    assert_eq!(lengths, [Some(900), Some(LARGE), Some(500)]);
    let files = DiskFiles::open(copy.join("files")).unwrap();
    assert_eq!(site.runtime.block_on(files.mark()).unwrap().as_deref(), Some("mark-1"));
    assert_eq!(std::fs::read(copy.join("key")).unwrap(), b"a secret");
    assert!(!copy.join("none").exists());
    // It is opened as another log than the one that clients know.
    let first = site.runtime.block_on(site.store.log_end()).unwrap();
    let other = SqliteStore::open(SqliteOptions::new(copy.join("handoff.db"))).unwrap();
    let second = site.runtime.block_on(other.log_end()).unwrap();
    assert_ne!(first.generation, second.generation);
    assert!(rows(&site.path("data/handoff.db")) != before, "what came meanwhile is served on");
}

#[test]
fn each_backup_is_whole_and_costs_what_changed() {
    let site = Site::new();
    site.comes(1, LARGE);
    let first = site.take(Time(1_000));
    let then = rows(&site.path("data/handoff.db"));
    site.comes(2, 700);
    let second = site.take(Time(2_000));
    assert!(first.new_bytes > LARGE as u64, "{first:?}");
    assert!(second.new_bytes < LARGE as u64, "{second:?}");
    assert_eq!(site.take(Time(3_000)).new_bytes, 0, "nothing happened");
    let listed: Vec<_> = site.backups().list().unwrap().0.iter().map(|it| it.taken).collect();
    assert_eq!(listed, [Time(1_000), Time(2_000), Time(3_000)]);
    let old = site.restore(Time(1_000), "old").unwrap();
    assert_eq!(rows(&old.join("handoff.db")), then);
    assert_eq!(site.lengths(&old, 1..3), [Some(LARGE), None]);

    let forgotten = site.backups().forget(Time(5_000)).unwrap();
    assert_eq!(forgotten.backups, 2);
    assert!(forgotten.bytes > 0);
    let backups = site.backups();
    assert_eq!(backups.list().unwrap().0.len(), 1, "the newest stays however old it is");
    backups.check(Time(3_000), &nothing).unwrap();
    assert_eq!(backups.forget(Time(5_000)).unwrap(), handoff_store::Forgotten::default());
    drop(backups);
    let new = site.restore(Time(3_000), "new").unwrap();
    assert_eq!(site.lengths(&new, 1..3), [Some(LARGE), Some(700)]);
}

#[test]
fn a_backup_that_is_broken_off_is_none_and_the_next_one_goes_on() {
    let site = Site::new();
    site.comes(1, LARGE);
    let broken_off = catch_unwind(AssertUnwindSafe(|| {
        let stop_at_the_pages = |progress| {
            let is_file = matches!(progress, BackupProgress::Bytes(_));
            assert!(is_file, "killed in the middle");
        };
        with(&site.path("data"), |source| {
            site.backups().take(source, &|| Time(1_000), &stop_at_the_pages)
        })
    }));
    broken_off.unwrap_err();
    assert_eq!(site.backups().list().unwrap().0, []);
    let taken = site.take(Time(2_000));
    assert!(taken.new_bytes < LARGE as u64, "its file was there: {taken:?}");
    let copy = site.restore(Time(2_000), "copy").unwrap();
    assert_eq!(site.lengths(&copy, 1..2), [Some(LARGE)]);
}

#[test]
fn damage_is_found_and_nothing_is_opened_over_half_of_a_restored_store() {
    let site = Site::new();
    site.comes(1, LARGE);
    site.take(Time(1_000));
    let chunks = || walk(&site.path("backups/chunks"));
    let largest = |left: &PathBuf| std::fs::metadata(left).unwrap().len();
    let chunk = chunks().into_iter().max_by_key(largest).unwrap();
    let sound = std::fs::read(&chunk).unwrap();
    let mut damaged = sound.clone();
    damaged[1_000] ^= 1;
    std::fs::write(&chunk, damaged).unwrap();
    let found = site.backups().check(Time(1_000), &nothing).unwrap_err();
    assert!(matches!(&found, BackupError::Damaged(path) if *path == chunk), "{found}");
    site.restore(Time(1_000), "copy").unwrap_err();
    let open = || SqliteStore::open(SqliteOptions::new(site.path("copy/handoff.db")));
    let refused = open().unwrap_err();
    let StoreError::Unavailable { source, .. } = &refused else { panic!("{refused}") };
    assert!(source.to_string().contains("run the same `handoff restore` again"), "{source}");

    // What is backed up is sound: the next one has it anew, and the older one with it.
    site.take(Time(2_000));
    assert_eq!(std::fs::read(&chunk).unwrap(), sound);
    let other = site.restore(Time(2_000), "copy").unwrap_err();
    assert!(matches!(other, BackupError::BegunWithAnother(_)), "{other}");
    let copy = site.restore(Time(1_000), "copy").unwrap();
    assert_eq!(site.lengths(&copy, 1..2), [Some(LARGE)]);
    open().unwrap();
    let occupied = site.restore(Time(1_000), "copy").unwrap_err();
    assert!(matches!(occupied, BackupError::NotEmpty(_)), "{occupied}");
}

#[test]
fn a_directory_of_backups_has_one_at_work_and_names_nothing_outside() {
    let site = Site::new();
    site.comes(1, 10);
    site.take(Time(1_000));
    let backups = site.backups();
    let second = Backups::open(&site.path("backups")).unwrap_err();
    assert!(matches!(second, BackupError::InUse(_)), "{second}");
    let manifest = walk(&site.path("backups/backups")).pop().unwrap();
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("segments/", "../../")).unwrap();
    let refused = backups.check(Time(1_000), &nothing).unwrap_err();
    assert!(matches!(&refused, BackupError::Damaged(path) if *path == manifest), "{refused}");
    drop(backups);
    // It keeps nobody from the others.
    std::fs::create_dir(site.path("data/files/lost+found")).unwrap();
    site.take(Time(2_000));
    let (listed, damaged) = site.backups().list().unwrap();
    assert_eq!((listed.len(), damaged.len()), (1, 1), "{damaged:?}");
    std::fs::create_dir_all(site.path("copy/lost+found")).unwrap();
    let copy = site.restore(Time(2_000), "copy").unwrap();
    assert_eq!(site.lengths(&copy, 1..2), [Some(10)]);
}

/// Whoever reads for long, as a backup of a large database does, holds no commit up.
#[test]
fn commits_do_not_wait_for_whoever_reads_for_long() {
    let home = TempDir::new().unwrap();
    let path = home.path().join("handoff.db");
    let options = SqliteOptions { checkpoint_pages: 1, ..SqliteOptions::new(&path) };
    let store = SqliteStore::open(options).unwrap();
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM sqlite_master").unwrap();
    let commit = |n| {
        let events = vec![event(interaction(n), BEGIN, vec![notice(n)])];
        store.commit(ChangeSet { events, ..ChangeSet::default() })
    };
    // Each of them copies a log that cannot be begun anew: by the patience with tools, 5 s each.
    let all = async {
        for n in 0..40 {
            commit(n).await.unwrap();
        }
    };
    let runtime = Runtime::new().unwrap();
    let done = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), all).await });
    done.expect("commits wait");
}

/// Returns all files below a directory.
fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
