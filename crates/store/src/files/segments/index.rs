//! The index of a closed segment: which files are in it and where, ordered by id.
//!
//! It is written once, whole, and can be made from the segment again; so one that is missing or
//! damaged loses nothing. Its head and each of its rows have a checksum: a row that is damaged, or
//! leads the search astray, does not hide a file that is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

use handoff_domain::{FileId, Time};

use super::entry::Entry;

const MAGIC: [u8; 8] = *b"hfindex2";
const HEAD_BYTES: usize = 40;
const ROW_BYTES: usize = 36;
/// Where in a row its checksum is.
const ROW_CHECKSUM_AT: usize = 32;
/// Where in the head its checksum is.
const CHECKSUM_AT: usize = 36;

/// How much of a segment is of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    /// Up to where every file is whole or was removed.
    pub(super) end: u64,
    /// Where the segment ends: behind the files, what a crash cut off, or damage.
    pub(super) len: u64,
}

/// What is known of a closed segment without a look at its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index {
    count: u32,
    /// When the files were made of which it has any, by their ids: the first and the last ms.
    made: (u64, u64),
    /// Up to where in the segment every file was whole.
    end: u64,
    /// Whether the segment ends there.
    is_complete: bool,
}

impl Index {
    fn of(entries: &[Entry], extent: Extent) -> io::Result<Self> {
        let Extent { end, len } = extent;
        let made = entries.iter().map(|entry| entry.id.made_ms());
        let made = made.fold((u64::MAX, 0), |(first, last), ms| (first.min(ms), last.max(ms)));
        let count = u32::try_from(entries.len()).map_err(io::Error::other)?;
        Ok(Self { count, made, end, is_complete: end == len })
    }

    /// Tells whether a file may be in the segment.
    pub(super) fn may_have(&self, id: FileId) -> bool {
        (self.made.0..=self.made.1).contains(&id.made_ms())
    }

    /// Tells whether every byte of the segment is of a file that was whole, so that it is of no use
    /// once all of them were removed. What else is there may be damage, which somebody may want to
    /// look at.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    fn head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend(MAGIC);
        head.extend(self.count.to_le_bytes());
        head.extend(self.made.0.to_le_bytes());
        head.extend(self.made.1.to_le_bytes());
        head.extend(self.end.to_le_bytes());
        head.extend(crc32fast::hash(&head).to_le_bytes());
        head
    }

    /// Reads what an index says of itself; `None` when there is none, or none that can be relied on
    /// for a segment of so many bytes, as in a copy that was made while it was added to.
    pub(super) fn open(path: &Path, segment_len: u64) -> io::Result<Option<Self>> {
        let mut head = [0; HEAD_BYTES];
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let len = file.metadata()?.len();
        if len < HEAD_BYTES as u64 {
            return Ok(None);
        }
        file.read_exact_at(&mut head, 0)?;
        let read = || {
            let checksum = u32::from_le_bytes(*head[CHECKSUM_AT..].first_chunk()?);
            let end = u64::from_le_bytes(*head[28..].first_chunk()?);
            let index = Self {
                count: u32::from_le_bytes(*head[8..].first_chunk()?),
                made: (
                    u64::from_le_bytes(*head[12..].first_chunk()?),
                    u64::from_le_bytes(*head[20..].first_chunk()?),
                ),
                end,
                is_complete: end == segment_len,
            };
            let is_whole = head.starts_with(&MAGIC)
                && end <= segment_len
                && checksum == crc32fast::hash(&head[..CHECKSUM_AT])
                && len == HEAD_BYTES as u64 + u64::from(index.count) * ROW_BYTES as u64;
            is_whole.then_some(index)
        };
        Ok(read())
    }

    /// Finds a file of the index at this path. An error where a row on the way is damaged.
    pub(super) fn find(&self, path: &Path, id: FileId) -> io::Result<Option<Entry>> {
        let file = File::open(path)?;
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut row = [0; ROW_BYTES];
            file.read_exact_at(&mut row, HEAD_BYTES as u64 + u64::from(middle) * ROW_BYTES as u64)?;
            let entry = entry_of(&row)?;
            match entry.id.cmp(&id) {
                std::cmp::Ordering::Equal => return Ok(Some(entry)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// Returns all rows of the index at this path, ordered by id. As many as it had when it was
    /// opened, or an error.
    pub(super) fn rows(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut bytes = Vec::new();
        File::open(path)?.read_to_end(&mut bytes)?;
        let (rows, rest) = bytes.get(HEAD_BYTES..).unwrap_or_default().as_chunks::<ROW_BYTES>();
        if rows.len() != self.count as usize || !rest.is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidData, "an index has other rows"));
        }
        rows.iter().map(entry_of).collect()
    }
}

/// Writes the index of a segment, by way of another path, so that it is never there in part.
pub(super) fn write(
    path: &Path,
    by_way_of: &Path,
    entries: &[Entry],
    extent: Extent,
) -> io::Result<Index> {
    let index = Index::of(entries, extent)?;
    let mut entries: Vec<_> = entries.iter().collect();
    entries.sort_unstable_by_key(|entry| entry.id);
    let mut bytes = index.head();
    for entry in entries {
        let begin = bytes.len();
        bytes.extend(entry.id.0.to_le_bytes());
        bytes.extend(entry.at.0.to_le_bytes());
        bytes.extend(entry.offset.to_le_bytes());
        bytes.extend(entry.len.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[begin..]);
        bytes.extend(checksum.to_le_bytes());
    }
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(by_way_of)?;
    file.write_all_at(&bytes, 0)?;
    file.sync_all()?;
    fs::rename(by_way_of, path)?;
    Ok(index)
}

fn entry_of(row: &[u8; ROW_BYTES]) -> io::Result<Entry> {
    let four = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    let eight = |at: usize| u64::from(four(at)) | (u64::from(four(at + 4)) << 32);
    if crc32fast::hash(&row[..ROW_CHECKSUM_AT]) != four(ROW_CHECKSUM_AT) {
        return Err(io::Error::new(ErrorKind::InvalidData, "a row of an index is damaged"));
    }
    Ok(Entry {
        id: FileId(u128::from(eight(0)) | (u128::from(eight(8)) << 64)),
        at: Time(eight(16).cast_signed()),
        offset: four(24),
        len: four(28),
    })
}
