//! What bytes are of which nobody says it.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How many bytes are looked at. Whole books are in one language.
const SEEN_LEN_MAX: usize = 16 * 1024;
/// From how many bytes outside ASCII on the statistics of languages are believed. With fewer,
/// western letters are the rule: `é` alone says nothing.
const FOREIGN_MIN: usize = 4;

/// Which byte of a letter comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The mark at the beginning says it, or the bytes that are zero.
    Unknown,
    /// The lower one.
    Little,
    /// The higher one.
    Big,
}

/// Finds the most likely encoding of bytes that are no UTF-8.
pub(super) fn encoding(content: &[u8]) -> &'static Encoding {
    let seen = &content[..content.len().min(SEEN_LEN_MAX)];
    let foreign = seen.iter().filter(|byte| !byte.is_ascii()).count();
    if foreign < FOREIGN_MIN {
        return WINDOWS_1252;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(seen, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// Tells whether bytes begin with the mark of two bytes a letter.
pub(super) fn is_wide(content: &[u8]) -> bool {
    content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff")
}

/// Reads text with two bytes a letter.
pub(super) fn wide(order: Order, content: &[u8]) -> String {
    let encoding = match (order, content) {
        (_, [0xff, 0xfe, ..]) | (Order::Little, _) => UTF_16LE,
        (_, [0xfe, 0xff, ..]) | (Order::Big, _) => UTF_16BE,
        (Order::Unknown, _) => {
            let seen = &content[..content.len().min(SEEN_LEN_MAX)];
            let zeros =
                |first| seen.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
            if zeros(0) > zeros(1) { UTF_16BE } else { UTF_16LE }
        }
    };
    encoding.decode_with_bom_removal(content).0.into_owned()
}
