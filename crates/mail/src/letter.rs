//! Letters: from the bytes of a message to what the engine decides on.
//!
//! Reading is best effort and never fails for bad form: whatever cannot be understood is left out
//! and said in a remark, because the raw message is kept elsewhere and a customer's question must
//! not be lost to a broken mail program. Only what must not be taken in at all is [`Unreadable`].
//!
//! The structure is walked by our own code in one pass, so that the bounds hold by construction:
//! the library, which follows nested messages without a bound, only sees single header fields of
//! bounded length and texts to decode. Every step is linear in the size of the message, and what is
//! made is at most four times its size; that is why no clock and no thread of its own is needed.
//!
//! It does not clean HTML (see [`crate::html`]), does not unpack archives and does not believe what
//! the sender says about types.

mod automatic;
mod body;
mod charset;
mod decode;
mod enriched;
mod fields;
mod mailboxes;
mod names;
mod origin;
mod parameters;
mod pictures;
mod report;
mod signed;
mod structure;
mod tnef;
mod words;

use std::collections::HashSet;
use std::fmt::Write as _;

use handoff_domain::Letter;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use self::fields::Fields;
pub(crate) use self::parameters::percent_decoded;
use crate::token::Signer;

/// Bytes of a text that are hashed at once: short lines one after the other take longer than all of
/// them.
const HASHED_AT_ONCE: usize = 16 * 1024;

/// What bounds the reading of a message (docs/testing.md#sizes-of-mail).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The largest message, in bytes. 1…1 GiB. Default 25 MiB: what large providers take. A larger
    /// one is refused.
    pub message_len_max: usize,
    /// The most `Received` fields. Default 100: a message with more goes round in circles (RFC
    /// 5321, section 6.3). It is refused.
    pub hops_max: usize,
    /// The most bytes of headers that are read. Default 256 KiB. The rest is skipped.
    pub headers_len_max: usize,
    /// The most header fields that are read. Default 500. The rest is skipped.
    pub header_count_max: usize,
    /// The most multiparts inside each other. Default 20: programs make five at most. What is
    /// deeper is kept as one part.
    pub nesting_max: usize,
    /// The most parts. Default 1,000. The rest is left out.
    pub parts_max: usize,
    /// The most bytes of text. Default 1 MiB: a book. The rest is kept as an attachment.
    pub text_len_max: usize,
    /// The most bytes of HTML. Default 1 MiB. The rest is kept as an attachment.
    pub html_len_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            message_len_max: 25 * 1024 * 1024,
            hops_max: 100,
            headers_len_max: 256 * 1024,
            header_count_max: 500,
            nesting_max: 20,
            parts_max: 1_000,
            text_len_max: 1024 * 1024,
            html_len_max: 1024 * 1024,
        }
    }
}

/// What is known of a message beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope<'a> {
    /// Nothing: it lay in a mailbox.
    Unknown,
    /// What was said when it was handed over.
    Known {
        /// The sender; `None` for `<>`, which reports have.
        sender: Option<&'a str>,
        recipients: &'a [String],
    },
}

/// How to read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// Checks the tokens that the message brings.
    pub signer: &'a Signer,
    /// Addresses of the mailbox by which it came: a message that one of them sent is our own.
    pub own_addresses: &'a [String],
    /// Local parts from which reports of servers come; see [`REPORT_SENDERS`].
    pub report_senders: &'a [&'a str],
    pub envelope: Envelope<'a>,
    pub bounds: Bounds,
}

/// The default of `ndr-senders-list` (`reference/ingest.md` 5, "Bounces").
pub const REPORT_SENDERS: &[&str] = &["mailer-daemon", "postmaster", "mmdf"];

impl<'a> Reading<'a> {
    /// Returns the defaults, for a message of which only the bytes are known.
    #[must_use]
    pub fn new(signer: &'a Signer) -> Self {
        Self {
            signer,
            own_addresses: &[],
            report_senders: REPORT_SENDERS,
            envelope: Envelope::Unknown,
            bounds: Bounds::default(),
        }
    }
}

/// Why a message is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// It is larger than the bound.
    #[error("the message has {len} bytes, more than {max}")]
    TooLarge {
        /// Its size, in bytes.
        len: usize,
        /// The bound, in bytes.
        max: usize,
    },
    /// It goes round in circles.
    #[error("the message passed {hops} servers, more than {max}")]
    TooManyHops {
        /// Its `Received` fields.
        hops: usize,
        /// The bound.
        max: usize,
    },
    /// It does not begin with a header field.
    #[error("the message has no headers")]
    NoHeaders,
}

/// Reads a message.
///
/// # Errors
///
/// When it must not be taken in. Bad form is no reason.
pub fn read(raw: &[u8], reading: &Reading<'_>) -> Result<Letter, Unreadable> {
    let bounds = &reading.bounds;
    if raw.len() > bounds.message_len_max {
        return Err(Unreadable::TooLarge { len: raw.len(), max: bounds.message_len_max });
    }
    let (mut fields, body_start) =
        Fields::scan(raw, 0, bounds.headers_len_max, bounds.header_count_max);
    if fields.is_empty() {
        return Err(Unreadable::NoHeaders);
    }
    if fields.hops() > bounds.hops_max {
        return Err(Unreadable::TooManyHops { hops: fields.hops(), max: bounds.hops_max });
    }
    let mut letter = Letter { body_hash: body_hash(&raw[body_start..]), ..Letter::default() };
    if fields.is_cut() {
        letter.remarks.push("The headers are too long; the last of them were not read.".to_owned());
    }
    let structure = structure::walk(raw, &fields, body_start, bounds, &mut letter.remarks);
    fields.set_charset(structure.charset.clone());
    origin::fill(&mut letter, &fields, reading);
    body::fill(&mut letter, raw, &structure.entities, structure.charset.as_deref(), bounds);
    letter.report = report::find(&letter, &fields, reading);
    letter.proven = origin::proven(&letter, &fields, reading);
    letter.automatic = automatic::judge(&letter, &fields, reading);
    let mut said = HashSet::new();
    letter.remarks.retain(|remark| said.insert(remark.clone()));
    Ok(letter)
}

/// Hashes what comes after the headers, in such a way that a copy that came another way (with other
/// line ends, with an empty line more) has the same hash.
fn body_hash(body: &[u8]) -> String {
    let end =
        body.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    let mut hash = Sha256::new();
    let mut waiting = Vec::with_capacity(end.min(HASHED_AT_ONCE));
    for line in fields::lines(&body[..end]) {
        let (content, line_end) = match line.strip_suffix(b"\r\n") {
            Some(content) => (content, &b"\n"[..]),
            None => (line, &b""[..]),
        };
        if waiting.len() + content.len() >= HASHED_AT_ONCE {
            hash.update(&waiting);
            waiting.clear();
        }
        if content.len() < HASHED_AT_ONCE {
            waiting.extend_from_slice(content);
        } else {
            hash.update(content);
        }
        waiting.extend_from_slice(line_end);
    }
    hash.update(&waiting);
    hex(&hash.finalize())
}

/// Writes bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
