//! How files stand in a segment: one after the other, each behind a head that says whose it is, how
//! long it is, and by checksums whether head and content are whole.
//!
//! A head's checksum is its own, so that a file whose content is not whole (removed, or never
//! synced) does not hide those behind it. Everything before an acknowledged file was synced with it
//! or earlier; so what cannot be read on from is the end of what was acknowledged, or damage, and
//! then there are further heads behind it.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;

use handoff_domain::{FileId, Time};
use rustix::io::Errno;

use super::index::Extent;

/// What a segment begins with; the digit is the form's number.
pub(super) const MAGIC: [u8; 16] = *b"handoff files 1\n";
/// Bytes of a head.
pub(super) const HEAD_BYTES: usize = 48;
/// What every head begins with.
const MARK: [u8; 4] = *b"file";
/// Where in a head its own checksum is, and behind it what it does not cover.
const CHECKSUM_AT: usize = 36;
/// Where in a head it says whether the file was removed.
const STATE_AT: usize = 40;
const REMOVED: u8 = 1;
/// How much of a segment is read at once.
const SCAN_BYTES: usize = 1024 * 1024;

/// A file's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) id: FileId,
    /// When it began to arrive.
    pub(super) at: Time,
    pub(super) len: u32,
    checksum: u32,
    pub(super) is_removed: bool,
}

/// Where in its segment a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: FileId,
    pub(super) at: Time,
    /// Where its head begins.
    pub(super) offset: u32,
    pub(super) len: u32,
}

/// What a scan found.
#[derive(Debug)]
pub(super) struct Scanned {
    /// What is whole and was not removed.
    pub(super) entries: Vec<Entry>,
    pub(super) extent: Extent,
    /// Whether there are files behind something that is not whole.
    pub(super) is_damaged: bool,
}

impl Head {
    pub(super) fn of(id: FileId, at: Time, content: &[u8]) -> io::Result<Self> {
        let len = u32::try_from(content.len()).map_err(io::Error::other)?;
        Ok(Self { id, at, len, checksum: crc32fast::hash(content), is_removed: false })
    }

    pub(super) fn write(&self, to: &mut Vec<u8>) {
        let begin = to.len();
        to.extend(MARK);
        to.extend(self.len.to_le_bytes());
        to.extend(self.id.0.to_le_bytes());
        to.extend(self.at.0.to_le_bytes());
        to.extend(self.checksum.to_le_bytes());
        let own = crc32fast::hash(&to[begin..]);
        to.extend(own.to_le_bytes());
        to.push(u8::from(self.is_removed));
        to.resize(begin + HEAD_BYTES, 0);
    }

    fn read(bytes: &[u8; HEAD_BYTES]) -> Option<Self> {
        let own = u32::from_le_bytes(*bytes[CHECKSUM_AT..].first_chunk()?);
        if !bytes.starts_with(&MARK) || own != crc32fast::hash(&bytes[..CHECKSUM_AT]) {
            return None;
        }
        Some(Self {
            len: u32::from_le_bytes(*bytes[4..].first_chunk()?),
            id: FileId(u128::from_le_bytes(*bytes[8..].first_chunk()?)),
            at: Time(i64::from_le_bytes(*bytes[24..].first_chunk()?)),
            checksum: u32::from_le_bytes(*bytes[32..].first_chunk()?),
            is_removed: bytes[STATE_AT] == REMOVED,
        })
    }

    /// Tells whether this is all of the file's content, as it was written.
    pub(super) fn is_whole(&self, content: &[u8]) -> bool {
        content.len() == self.len as usize && crc32fast::hash(content) == self.checksum
    }
}

impl Entry {
    pub(super) const fn content_at(&self) -> u64 {
        self.offset as u64 + HEAD_BYTES as u64
    }

    /// Reads the head, which must be this file's.
    pub(super) fn head(&self, segment: &File) -> io::Result<Head> {
        let mut bytes = [0; HEAD_BYTES];
        segment.read_exact_at(&mut bytes, u64::from(self.offset))?;
        Head::read(&bytes)
            .filter(|head| head.id == self.id && head.len == self.len)
            .ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "a segment's head is damaged"))
    }

    /// Tells whether the file was removed. One whose head cannot be read was not, as far as anybody
    /// knows; it keeps nobody from looking at the others.
    pub(super) fn is_removed(&self, segment: &File) -> bool {
        self.head(segment).is_ok_and(|head| head.is_removed)
    }

    /// Says for good that the file was removed. It is not synced: a power cut may bring the file
    /// back.
    pub(super) fn set_removed(&self, segment: &File) -> io::Result<()> {
        segment.write_all_at(&[REMOVED], u64::from(self.offset) + STATE_AT as u64)
    }
}

/// Tells whether an error says that what was written is not what is there, or cannot be read.
pub(in crate::files) fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
        || error.raw_os_error() == Some(Errno::IO.raw_os_error())
}

/// Reads a whole segment.
pub(super) fn scan(segment: &File) -> io::Result<Scanned> {
    let len = segment.metadata()?.len();
    let mut reader = BufReader::with_capacity(SCAN_BYTES, segment);
    let (mut entries, mut content) = (Vec::new(), Vec::new());
    let (mut magic, mut bytes) = ([0; MAGIC.len()], [0; HEAD_BYTES]);
    // Where what is not whole begins.
    let mut broken = (!read_all(&mut reader, &mut magic)? || magic != MAGIC).then_some(0);
    let (mut at, mut last) = (MAGIC.len() as u64, 0);
    while read_all(&mut reader, &mut bytes)? {
        let Some(head) = Head::read(&bytes) else {
            broken = broken.or(Some(at));
            let Some(next) = next_head(segment, at + 1, len)? else { break };
            at = reader.seek(SeekFrom::Start(next))?;
            continue;
        };
        let next = at + HEAD_BYTES as u64 + u64::from(head.len);
        if next > len {
            break;
        }
        content.resize(head.len as usize, 0);
        reader.read_exact(&mut content)?;
        let is_whole = head.is_removed || head.is_whole(&content);
        if is_whole && !head.is_removed {
            let offset = u32::try_from(at).map_err(io::Error::other)?;
            entries.push(Entry { id: head.id, at: head.at, offset, len: head.len });
        }
        match is_whole {
            true => last = next,
            false => broken = broken.or(Some(at)),
        }
        at = next;
    }
    let end = broken.unwrap_or(last.max(MAGIC.len() as u64));
    Ok(Scanned { entries, extent: Extent { end, len }, is_damaged: end < last })
}

/// Looks for the next head from somewhere on whose file may be there.
fn next_head(segment: &File, from: u64, len: u64) -> io::Result<Option<u64>> {
    let (mut at, mut block) = (from, vec![0; SCAN_BYTES]);
    while at + HEAD_BYTES as u64 <= len {
        let size = usize::try_from(len - at).unwrap_or(usize::MAX).min(SCAN_BYTES);
        segment.read_exact_at(&mut block[..size], at)?;
        for (place, bytes) in (at..).zip(block[..size].windows(HEAD_BYTES)) {
            let head = bytes.first_chunk().and_then(Head::read);
            let end = head.map(|head| place + HEAD_BYTES as u64 + u64::from(head.len));
            if end.is_some_and(|end| end <= len) {
                return Ok(Some(place));
            }
        }
        at += (size - HEAD_BYTES + 1) as u64;
    }
    Ok(None)
}

/// Tells whether every byte of a segment is of files that were removed: the heads lead to its end.
pub(super) fn is_all_removed(segment: &File) -> io::Result<bool> {
    let len = segment.metadata()?.len();
    let (mut at, mut bytes) = (MAGIC.len() as u64, [0; HEAD_BYTES]);
    while at + HEAD_BYTES as u64 <= len {
        segment.read_exact_at(&mut bytes, at)?;
        let Some(head) = Head::read(&bytes).filter(|head| head.is_removed) else {
            return Ok(false);
        };
        at += HEAD_BYTES as u64 + u64::from(head.len);
    }
    Ok(at == len)
}

/// Fills a buffer; tells whether there was as much.
fn read_all(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(bytes) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}
