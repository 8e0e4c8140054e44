//! Segments: small files one after the other in large ones, so that many share one sync (ADR 0018).
//!
//! `<directory>/<16 hex digits>` is a segment, `<same>.index` says where in it which file is once
//! nothing more is added to it. One thread appends what is to be kept by everybody who waits,
//! syncs once, and then answers all of them. Every life of the directory begins a segment of its
//! own: none is added to that a crash may have left in part, and nothing is cut.
//!
//! What must stay true: who was answered that a file is kept finds it whole, whatever is killed
//! when; nobody reads one before; and a segment goes only when every byte of it is of files that
//! were removed.

mod entry;
mod index;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::{FileId, Time};
use rustix::fs::{FallocateFlags, fallocate};

pub(super) use self::entry::is_damage;
use self::entry::{Entry, Head, Scanned};
use self::index::{Extent, Index};
pub(super) use self::writer::{Job, Writer};
use super::disk::{make_directory, sync_directory};
use super::{KeptFile, READ_BYTES_MAX};

/// How an index's name ends.
const INDEX: &str = "index";
/// The length of a segment's number as text.
const NAME_LEN: usize = 16;
/// What zeros are written by, where the file system makes no holes. Bytes.
const ZEROS: [u8; 4 * 1024] = [0; 4 * 1024];

/// All segments of a directory.
#[derive(Debug)]
pub(super) struct Segments {
    directory: PathBuf,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    closed: BTreeMap<u64, Index>,
    /// What is kept in a segment that has no index: the one that is added to, and any for whose
    /// index there was no room at the start.
    unindexed: BTreeMap<u64, BTreeMap<FileId, Entry>>,
    /// The number that the next one gets.
    next: u64,
}

/// A file that was found.
struct Found {
    segment: File,
    entry: Entry,
    head: Head,
}

impl Found {
    /// Reads some of it, or all, which must be what was written; `None` when it was removed.
    fn read(&self, offset: u64, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        let len = self.entry.len as usize;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(len);
        let mut bytes = vec![0; (len - from).min(bytes_max)];
        self.segment.read_exact_at(&mut bytes, self.entry.content_at() + from as u64)?;
        if bytes.len() == len && !self.head.is_whole(&bytes) {
            // It may have been removed just now.
            return match self.entry.head(&self.segment)?.is_removed {
                true => Ok(None),
                false => Err(io::Error::new(ErrorKind::InvalidData, "a kept file is damaged")),
            };
        }
        Ok(Some(bytes))
    }
}

impl Segments {
    /// Opens a directory and makes it if there is none. A segment without an index is read, and
    /// gets one, written at `arriving` first; without that it is read again at each start. One that
    /// cannot be read is set aside: its files are not found, and the others are.
    pub(super) fn open(directory: PathBuf, arriving: Option<&Path>) -> io::Result<Self> {
        make_directory(&directory)?;
        let segments = Self { directory, known: Mutex::new(Known { next: 1, ..Known::default() }) };
        for entry in fs::read_dir(&segments.directory)? {
            let path = entry?.path();
            let Some(number) = number_of(&path) else { continue };
            if path.extension().is_none() {
                if let Err(error) = segments.take_up(number, arriving) {
                    tell_unreadable(number, &error);
                }
            } else if !path.with_extension("").try_exists()? {
                fs::remove_file(path)?;
            }
        }
        Ok(segments)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, number: u64) -> PathBuf {
        self.directory.join(format!("{number:016x}"))
    }

    fn index_path(&self, number: u64) -> PathBuf {
        self.path(number).with_extension(INDEX)
    }

    /// Takes up a segment of before: by its index, which is made where there is none.
    fn take_up(&self, number: u64, arriving: Option<&Path>) -> io::Result<()> {
        {
            // First: whatever comes of it, its number is taken.
            let mut known = self.known();
            known.next = known.next.max(number + 1);
        }
        let (path, segment) = (self.index_path(number), File::open(self.path(number))?);
        // One that cannot be read is as good as none.
        let index = match Index::open(&path, segment.metadata()?.len()).ok().flatten() {
            Some(index) => Ok(index),
            None => {
                let Scanned { entries, extent, is_damaged } = entry::scan(&segment)?;
                tell_read(number, entries.len(), extent, is_damaged);
                let arriving = arriving.ok_or_else(|| io::Error::other("nodes share it"));
                let written =
                    arriving.and_then(|arriving| index::write(&path, arriving, &entries, extent));
                written.map_err(|error| (entries, error))
            }
        };
        let mut known = self.known();
        match index {
            Ok(index) => drop(known.closed.insert(number, index)),
            Err((entries, error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(segment = number, error, "a segment got no index; it is read again");
                let files = entries.into_iter().map(|entry| (entry.id, entry)).collect();
                known.unindexed.insert(number, files);
            }
        }
        Ok(())
    }

    /// Finds a file that is kept.
    fn find(&self, id: FileId) -> io::Result<Option<Found>> {
        let (unindexed, closed) = {
            let known = self.known();
            let mut unindexed = known.unindexed.iter().rev();
            let entry = unindexed.find_map(|(number, files)| Some((*number, *files.get(&id)?)));
            let closed = known.closed.iter().rev().filter(|(_, index)| index.may_have(id));
            (entry, closed.map(|(number, index)| (*number, *index)).collect::<Vec<_>>())
        };
        if let Some((number, entry)) = unindexed {
            return self.kept(number, entry);
        }
        for (number, index) in closed {
            let Some(entry) = self.closed_entry(number, &index, id)? else { continue };
            if let Some(found) = self.kept(number, entry)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Finds a file in a closed segment, by its index if that can be read.
    fn closed_entry(&self, number: u64, index: &Index, id: FileId) -> io::Result<Option<Entry>> {
        match index.find(&self.index_path(number), id) {
            Ok(found) => Ok(found),
            Err(error) => {
                self.read_again(number, &error)?;
                let known = self.known();
                Ok(known.unindexed.get(&number).and_then(|files| files.get(&id)).copied())
            }
        }
    }

    /// Reads a closed segment whose index is gone or damaged; until the next start it has none. A
    /// damaged one is removed, so that the start makes another.
    fn read_again(&self, number: u64, why: &io::Error) -> io::Result<()> {
        // It may have been reclaimed just now.
        let Some(segment) = if_there(File::open(self.path(number)))? else { return Ok(()) };
        let entries = entry::scan(&segment)?.entries;
        let mut known = self.known();
        if known.closed.remove(&number).is_some() {
            let error: &dyn std::error::Error = why;
            tracing::error!(segment = number, error, "the index of a segment of files is lost");
            let files = entries.into_iter().map(|entry| (entry.id, entry)).collect();
            known.unindexed.insert(number, files);
            if is_damage(why) {
                if_there(fs::remove_file(self.index_path(number)))?;
            }
        }
        Ok(())
    }

    /// Opens a file unless it was removed.
    fn kept(&self, number: u64, entry: Entry) -> io::Result<Option<Found>> {
        let opened = OpenOptions::new().read(true).write(true).open(self.path(number));
        let Some(segment) = if_there(opened)? else { return Ok(None) };
        let head = entry.head(&segment)?;
        Ok((!head.is_removed).then_some(Found { segment, entry, head }))
    }

    /// Tells whether there is a file.
    pub(super) fn has(&self, id: FileId) -> io::Result<bool> {
        Ok(self.find(id)?.is_some())
    }

    pub(super) fn read(
        &self,
        id: FileId,
        offset: u64,
        bytes_max: usize,
    ) -> io::Result<Option<Vec<u8>>> {
        let Some(found) = self.find(id)? else { return Ok(None) };
        found.read(offset, bytes_max.min(READ_BYTES_MAX))
    }

    /// Returns when a file began to arrive, and all of it.
    pub(super) fn whole(&self, id: FileId) -> io::Result<Option<(Time, Vec<u8>)>> {
        let Some(found) = self.find(id)? else { return Ok(None) };
        Ok(found.read(0, usize::MAX)?.map(|content| (found.head.at, content)))
    }

    /// Removes a file if it is there. What was in it cannot be read from the disk afterwards, and
    /// where the file system makes holes its room is free.
    pub(super) fn remove(&self, id: FileId) -> io::Result<()> {
        while let Some(Found { segment, entry, .. }) = self.find(id)? {
            // First: a file whose content is gone and which is not said to be removed is damaged.
            entry.set_removed(&segment)?;
            for files in self.known().unindexed.values_mut() {
                files.remove(&id);
            }
            erase(&segment, entry.content_at(), u64::from(entry.len))?;
        }
        Ok(())
    }

    /// Returns the files of the first segment from a number on that has any after `after`, which
    /// counts for the segment of that very number alone, at most `limit`; and that segment's
    /// number. `None` when there is none.
    pub(super) fn list(
        &self,
        from: u64,
        after: Option<FileId>,
        limit: usize,
    ) -> io::Result<Option<(u64, Vec<KeptFile>)>> {
        let numbers = {
            let known = self.known();
            let closed = known.closed.range(from..).map(|(number, _)| *number);
            let unindexed = known.unindexed.range(from..).map(|(number, _)| *number);
            closed.chain(unindexed).collect::<BTreeSet<_>>()
        };
        for number in numbers {
            let read = self.entries(number).and_then(|entries| {
                Ok(if_there(File::open(self.path(number)))?.map(|segment| (entries, segment)))
            });
            let (mut entries, segment) = match read {
                Ok(Some(read)) => read,
                Ok(None) => continue,
                Err(error) => {
                    tell_unreadable(number, &error);
                    continue;
                }
            };
            entries.retain(|entry| number > from || after.is_none_or(|after| entry.id > after));
            let kept = entries.iter().filter(|entry| !entry.is_removed(&segment));
            let files: Vec<_> =
                kept.map(|entry| KeptFile { id: entry.id, at: entry.at }).take(limit).collect();
            if !files.is_empty() {
                return Ok(Some((number, files)));
            }
        }
        Ok(None)
    }

    /// Returns what is, or was, in a segment, ordered by id.
    fn entries(&self, number: u64) -> io::Result<Vec<Entry>> {
        let index = self.known().closed.get(&number).copied();
        if let Some(index) = index {
            match index.rows(&self.index_path(number)) {
                Ok(rows) => return Ok(rows),
                Err(error) => self.read_again(number, &error)?,
            }
        }
        let known = self.known();
        let files = known.unindexed.get(&number);
        Ok(files.map(|files| files.values().copied().collect()).unwrap_or_default())
    }

    /// Removes the closed segments of which every file was removed, as the segment itself says.
    pub(super) fn reclaim(&self) -> io::Result<()> {
        let closed: Vec<_> = {
            let known = self.known();
            let complete = known.closed.iter().filter(|(_, index)| index.is_complete());
            complete.map(|(number, _)| *number).collect()
        };
        for number in closed {
            if let Err(error) = self.reclaim_one(number) {
                tell_unreadable(number, &error);
            }
        }
        Ok(())
    }

    fn reclaim_one(&self, number: u64) -> io::Result<()> {
        // Another node may have reclaimed it.
        let segment = if_there(File::open(self.path(number)))?;
        if segment.as_ref().map_or(Ok(true), entry::is_all_removed)? {
            self.known().closed.remove(&number);
            if_there(fs::remove_file(self.path(number)))?;
            if_there(fs::remove_file(self.index_path(number)))?;
        }
        Ok(())
    }

    /// Makes the next segment. Durable on return, and empty.
    fn begin(&self) -> io::Result<(u64, File)> {
        let number = {
            let mut known = self.known();
            known.next += 1;
            known.next - 1
        };
        let file = writer::create(&self.path(number))?;
        sync_directory(&self.directory)?;
        self.known().unindexed.insert(number, BTreeMap::new());
        Ok((number, file))
    }

    /// Lets everybody read what was kept in the segment that is added to.
    fn publish(&self, number: u64, entries: &[Entry]) {
        let mut known = self.known();
        let files = known.unindexed.entry(number).or_default();
        files.extend(entries.iter().map(|entry| (entry.id, *entry)));
    }

    /// Ends the segment that is added to: it gets its index.
    fn close(&self, number: u64, extent: Extent, arriving: &Path) -> io::Result<()> {
        let entries = self.entries(number)?;
        let index = index::write(&self.index_path(number), arriving, &entries, extent)?;
        let mut known = self.known();
        known.closed.insert(number, index);
        known.unindexed.remove(&number);
        Ok(())
    }
}

fn tell_unreadable(segment: u64, error: &io::Error) {
    let error: &dyn std::error::Error = error;
    tracing::error!(segment, error, "a segment of files cannot be read; it is gone on without it");
}

fn tell_read(segment: u64, files: usize, extent: Extent, is_damaged: bool) {
    let Extent { end, len } = extent;
    if is_damaged {
        tracing::error!(
            segment,
            files,
            damage_at = end,
            "a segment of files was read that is damaged: what is whole behind it was found, the rest may be lost, and the segment stays"
        );
    } else {
        tracing::info!(
            segment,
            files,
            rest_bytes = len - end,
            "a segment of files that was not closed was read; the rest is of files that were never kept"
        );
    }
}

/// Returns the number in a segment's or an index's name; what this program did not name so is
/// neither.
fn number_of(path: &Path) -> Option<u64> {
    let is_ours = path.extension().is_none_or(|extension| extension == INDEX);
    let name = path.file_stem()?.to_str().filter(|name| is_ours && name.len() == NAME_LEN)?;
    let number = u64::from_str_radix(name, 16).ok()?;
    (format!("{number:016x}") == name).then_some(number)
}

/// Returns `None` for what is not there.
fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// Makes a hole, or zeros where there are none.
fn erase(segment: &File, from: u64, len: u64) -> io::Result<()> {
    let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    if len == 0 || fallocate(segment, flags, from, len).is_ok() {
        return Ok(());
    }
    let mut at = from;
    while at < from + len {
        let piece = usize::try_from(from + len - at).unwrap_or(usize::MAX).min(ZEROS.len());
        segment.write_all_at(&ZEROS[..piece], at)?;
        at += piece as u64;
    }
    Ok(())
}
