//! Header fields: found by our own bounded scan, understood one by one.

use std::borrow::Cow;

use handoff_domain::mail::breaks_line;
use handoff_domain::{Address, Time};
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

use super::parameters::{Described, first_word};
use super::{mailboxes, words};

/// The most bytes of one field that are read. 64 KiB holds 1,500 recipients.
const FIELD_LEN_MAX: usize = 64 * 1024;
/// The most bytes of one field that describes a part. RFC 2231 values of long names stay below 4
/// KiB.
const PART_FIELD_LEN_MAX: usize = 8 * 1024;
/// The most beginnings of encoded words in a field of 64 KiB, and fewer in shorter ones: each may
/// be in another charset, which costs more than its bytes. A subject of 2,000 bytes has 40.
const ENCODED_WORDS_MAX: usize = 1_000;
/// The most addresses of a field that are kept.
const ADDRESSES_MAX: usize = 1_000;
/// The most `Message-ID`s of a field that are kept: those that matter are the last ones.
const IDS_MAX: usize = 100;
/// The longest `Message-ID` that is kept, in bytes: a line's length (RFC 5322, section 2.1.1).
const ID_LEN_MAX: usize = 998;

/// One field, as it stands in the message.
#[derive(Clone, Copy, Debug)]
struct Field<'a> {
    name: &'a [u8],
    /// What comes after the colon, with its folds.
    value: &'a [u8],
}

/// The header fields of a message or of a part.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields<'a> {
    fields: Vec<Field<'a>>,
    hops: usize,
    is_cut: bool,
    /// What the letter names as its charset, for fields that name none.
    charset: Option<String>,
}

impl<'a> Fields<'a> {
    /// Reads the fields that begin at `start`, and returns where the body begins: after the first
    /// empty line, or at the first line that is no field, as mail servers decide it. What is beyond
    /// the bounds is skipped, but counted when it is a `Received`. A line that some program broke
    /// does not end the fields of a message when those that everybody reads come after it.
    pub(super) fn scan(
        raw: &'a [u8],
        start: usize,
        len_max: usize,
        count_max: usize,
    ) -> (Self, usize) {
        let mut found = Self::default();
        let mut at = start;
        // Where the value of the field that may go on begins; nothing when that field is skipped.
        let mut open: Option<(&'a [u8], usize)> = None;
        let mut goes_on = false;
        while at < raw.len() {
            let end = line_end(raw, at);
            let line = &raw[at..end];
            if matches!(line, b"\n" | b"\r\n") {
                found.close(raw, open, at);
                return (found, end);
            }
            let is_fold = at > start && matches!(line[0], b' ' | b'\t');
            let is_mailbox_line = at == start && line.starts_with(b"From ");
            if !is_fold && !is_mailbox_line {
                found.close(raw, open.take(), at);
                let Some(name_len) = name_len(line) else {
                    // Looked for once, so that the work stays linear.
                    goes_on = goes_on || start == 0 && found.go_on(&raw[end..]);
                    if goes_on {
                        at = end;
                        continue;
                    }
                    return (found, at);
                };
                let name = line[..name_len].trim_ascii_end();
                found.hops += usize::from(name.eq_ignore_ascii_case(b"received"));
                if end - start > len_max || found.fields.len() >= count_max {
                    found.is_cut = true;
                } else {
                    open = Some((name, at + name_len + 1));
                }
            } else if end - start > len_max && open.is_some() {
                found.is_cut = true;
                found.close(raw, open.take(), at);
            }
            at = end;
        }
        found.close(raw, open, at);
        (found, at)
    }

    /// Tells whether what follows has, before its first empty line, at least two of the fields that
    /// everybody reads and that were not found yet.
    fn go_on(&self, rest: &[u8]) -> bool {
        const READ: &[&str] =
            &["from", "to", "subject", "date", "message-id", "mime-version", "content-type"];
        const SEEN_LEN_MAX: usize = 64 * 1024;
        let mut missing: Vec<_> = READ.iter().filter(|name| !self.has(name)).collect();
        let count = missing.len();
        let has_end = lines(&rest[..rest.len().min(SEEN_LEN_MAX)]).any(|line| {
            let name = name_len(line).map(|len| line[..len].trim_ascii_end());
            missing.retain(|wanted| {
                name.is_none_or(|name| !name.eq_ignore_ascii_case(wanted.as_bytes()))
            });
            matches!(line, b"\n" | b"\r\n")
        });
        has_end && count - missing.len() >= 2
    }

    fn close(&mut self, raw: &'a [u8], open: Option<(&'a [u8], usize)>, end: usize) {
        if let Some((name, start)) = open {
            self.fields.push(Field { name, value: &raw[start..end] });
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Tells whether not everything was read.
    pub(super) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Counts the `Received` fields, also those beyond the bounds.
    pub(super) const fn hops(&self) -> usize {
        self.hops
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'_, 'a> {
        let name = name.to_owned();
        let is_wanted = move |field: &&Field<'a>| field.name.eq_ignore_ascii_case(name.as_bytes());
        self.fields.iter().filter(is_wanted).map(|field| field.value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Says in which charset fields are that name none, unless an encoded word in one of them says
    /// it.
    pub(super) fn set_charset(&mut self, charset: Option<String>) {
        let in_words = || {
            self.fields
                .iter()
                .find_map(|field| words::charset(bounded(field.value, PART_FIELD_LEN_MAX)))
        };
        self.charset = charset.or_else(|| in_words().map(str::to_owned));
    }

    /// Returns a field as text on one line, decoded.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.all(name).map(|value| self.decoded(value)).find(|text| !text.is_empty())
    }

    /// Returns every field of a name as text on one line, decoded.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.all(name).map(|value| self.decoded(value)).collect()
    }

    /// Returns the first word of a field in lower case, without parameters and comments: what
    /// `Auto-Submitted`, `Precedence` and `Content-Transfer-Encoding` say.
    pub(super) fn keyword(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|value| first_word(&self.armored(value, PART_FIELD_LEN_MAX)))
    }

    /// Returns the `Message-ID`s in all fields of a name, in order, without angle brackets.
    pub(super) fn ids(&self, name: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for value in self.all(name) {
            let value = self.line(value, FIELD_LEN_MAX);
            match MessageStream::new(value.as_bytes()).parse_id() {
                HeaderValue::Text(id) => ids.push(id.into_owned()),
                HeaderValue::TextList(list) => ids.extend(list.into_iter().map(Cow::into_owned)),
                _ => {}
            }
        }
        let mut ids: Vec<_> = ids.iter().map(|id| one_line(id).replace(' ', "")).collect();
        ids.retain(|id| !id.is_empty() && id.len() <= ID_LEN_MAX);
        let surplus = ids.len().saturating_sub(IDS_MAX);
        ids.split_off(surplus)
    }

    /// Returns the addresses in all fields of a name, those of groups too. What has no `@` is left
    /// out.
    pub(super) fn addresses(&self, name: &str) -> Vec<Address> {
        let mut addresses = Vec::new();
        for value in self.all(name) {
            let text = self.armored(value, FIELD_LEN_MAX);
            addresses.extend(mailboxes::read(&text, ADDRESSES_MAX - addresses.len()));
        }
        addresses
    }

    /// Returns the date, in UTC; nothing when it is none.
    pub(super) fn date(&self) -> Option<Time> {
        let value = self.line(self.all("date").next()?, PART_FIELD_LEN_MAX);
        match MessageStream::new(value.as_bytes()).parse_date() {
            HeaderValue::DateTime(date) if date.is_valid() => {
                date.to_timestamp().checked_mul(1_000).map(Time)
            }
            _ => None,
        }
    }

    /// Returns a field of the form of `Content-Type` or `Content-Disposition`.
    pub(super) fn described(&self, name: &str) -> Option<Described> {
        let value = self.all(name).next()?;
        Some(Described::read(&self.armored(value, PART_FIELD_LEN_MAX)))
    }

    fn decoded(&self, value: &[u8]) -> String {
        one_line(&words::decoded(&self.armored(value, FIELD_LEN_MAX)))
    }

    /// Makes text of a value, in which encoded words still are what they were.
    fn armored(&self, value: &[u8], len_max: usize) -> String {
        words::armored(bounded(value, len_max), self.charset.as_deref())
    }

    /// Makes a value ready for the library, which needs a line end.
    fn line(&self, value: &[u8], len_max: usize) -> String {
        let mut line = self.armored(value, len_max);
        line.push('\n');
        line
    }
}

/// Cuts a value to what is read of it, in length and in encoded words.
fn bounded(value: &[u8], len_max: usize) -> &[u8] {
    let mut value = &value[..value.len().min(len_max)];
    let mut words = memchr::memmem::find_iter(value, b"=?");
    if let Some(at) = words.nth(ENCODED_WORDS_MAX * len_max / FIELD_LEN_MAX) {
        value = &value[..at];
    }
    value.trim_ascii()
}

/// Makes one line of a text: controls become blanks, and runs of blanks one.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| breaks_line(c) || c == ' ');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns where the line that begins at `at` ends, its line end included.
pub(super) fn line_end(raw: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |len| at + len + 1)
}

/// Returns the lines of a text, each with its line end.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    core::iter::from_fn(move || {
        let (line, after) = rest.split_at(line_end(rest, 0));
        rest = after;
        (!line.is_empty()).then_some(line)
    })
}

/// Returns the length of the field's name, or nothing when the line is no field (RFC 5322, section
/// 3.6.8; blanks before the colon are of the obsolete form).
fn name_len(line: &[u8]) -> Option<usize> {
    let len = line.iter().position(|byte| *byte == b':')?;
    let name = line[..len].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(len)
}
