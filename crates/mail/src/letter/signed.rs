//! Messages that a signature wraps (S/MIME's `signed-data`, RFC 8551, section 3.5.2): what is
//! signed is taken out of them.
//!
//! The signature is not checked, and nothing that is encrypted is opened. The encoding (X.690) may
//! be the strict one or the one of programs that do not know lengths beforehand.

/// What says that something is signed, and that what is signed is data (RFC 5652, sections 5.1 and
/// 4).
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const FIRST: u8 = 0xa0;
const OCTETS: u8 = 0x04;
const PIECES: u8 = 0x24;

/// Returns what is signed; `None` when it is not there.
pub(super) fn content(message: &[u8]) -> Option<Vec<u8>> {
    let (kind, rest) = element(enter(message, SEQUENCE)?, OBJECT_ID)?;
    if kind != SIGNED_DATA {
        return None;
    }
    let data = enter(enter(rest, FIRST)?, SEQUENCE)?;
    let (_version, rest) = element(data, 0x02)?;
    let (_digests, rest) = element(rest, 0x31)?;
    let (_data, rest) = element(enter(rest, SEQUENCE)?, OBJECT_ID)?;
    let wrapped = enter(rest, FIRST)?;
    if let Some((whole, _)) = element(wrapped, OCTETS) {
        return Some(whole.to_vec());
    }
    let mut rest = enter(wrapped, PIECES)?;
    let mut joined = Vec::new();
    while let Some((piece, after)) = element(rest, OCTETS) {
        joined.extend_from_slice(piece);
        rest = after;
    }
    Some(joined)
}

/// Returns what is in an element with which the bytes begin, or, when its length is not said,
/// everything after its head.
fn enter(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let rest = bytes.strip_prefix(&[tag])?;
    match length(rest)? {
        (Some(len), rest) => Some(&rest[..len.min(rest.len())]),
        (None, rest) => Some(rest),
    }
}

/// Returns an element whose length is said, and what comes after it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    match length(bytes.strip_prefix(&[tag])?)? {
        (Some(len), rest) => rest.split_at_checked(len),
        (None, _) => None,
    }
}

/// Reads a length, if there is one.
fn length(bytes: &[u8]) -> Option<(Option<usize>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0x80 => Some((None, rest)),
        0..0x80 => Some((Some(usize::from(*first)), rest)),
        // More than four bytes of length are more than any message has.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            Some((Some(digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit))), rest))
        }
        _ => None,
    }
}
