//! Header fields: found by our own bounded scan, understood one by one by the library.

use std::borrow::Cow;

use handoff_domain::mail::breaks_line;
use handoff_domain::{Address, Time};
use mail_parser::parsers::MessageStream;
use mail_parser::{Address as Addresses, ContentType, HeaderValue};

use super::{decode, names};

/// The most bytes of one field that the library sees. 64 KiB holds 1,500 recipients.
const FIELD_LEN_MAX: usize = 64 * 1024;
/// The most bytes of one field that describes a part. RFC 2231 values of long names stay below 4 KiB; merging their continuations is
/// quadratic in the library.
const PART_FIELD_LEN_MAX: usize = 8 * 1024;
/// The most beginnings of encoded words in a field. The library looks for the end of each one to the end of the line, again from each,
/// so the product of this and the field's length bounds its work. A subject of 2,000 bytes has 40.
const ENCODED_WORDS_MAX: usize = 1_000;
/// The most addresses of a field that are kept.
const ADDRESSES_MAX: usize = 1_000;
/// The longest address or name that is kept, in bytes: three times what RFC 5321 allows.
const ADDRESS_LEN_MAX: usize = 1_024;
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
}

impl<'a> Fields<'a> {
    /// Reads the fields that begin at `start`, and gives where the body begins: after the first empty line, or at the first line that is
    /// no field, as mail servers decide it. What is beyond the bounds is skipped, but counted when it is a `Received`.
    pub(super) fn scan(raw: &'a [u8], start: usize, len_max: usize, count_max: usize) -> (Self, usize) {
        let mut found = Self::default();
        let mut at = start;
        // Where the value of the field that may go on begins; nothing when that field is skipped.
        let mut open: Option<(&'a [u8], usize)> = None;
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
                let Some(name_len) = name_len(line) else { return (found, at) };
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

    /// Gives a field as text on one line, decoded.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.all(name).map(decoded).find(|text| !text.is_empty())
    }

    /// Gives every field of a name as text on one line, decoded.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        self.all(name).map(decoded).collect()
    }

    /// Gives the first word of a field in lower case, without parameters and comments: what `Auto-Submitted` and `Precedence` say.
    pub(super) fn keyword(&self, name: &str) -> Option<String> {
        let text = self.text(name)?;
        let end = text.find([';', '(', ' ', '\t', ',']).unwrap_or(text.len());
        Some(text[..end].to_ascii_lowercase())
    }

    /// Gives the `Message-ID`s in all fields of a name, in order, without angle brackets.
    pub(super) fn ids(&self, name: &str) -> Vec<String> {
        let mut ids = Vec::new();
        for value in self.all(name) {
            let value = prepared(value, FIELD_LEN_MAX);
            match MessageStream::new(&value).parse_id() {
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

    /// Gives the addresses in all fields of a name, those of groups too. What has no `@` is left out.
    pub(super) fn addresses(&self, name: &str) -> Vec<Address> {
        let mut addresses = Vec::new();
        for value in self.all(name) {
            let value = prepared(value, FIELD_LEN_MAX);
            let HeaderValue::Address(found) = MessageStream::new(&value).parse_address() else { continue };
            let entries = match found {
                Addresses::List(list) => list,
                Addresses::Group(groups) => groups.into_iter().flat_map(|group| group.addresses).collect(),
            };
            let kept = entries.into_iter().filter_map(|entry| address(entry.address?, entry.name));
            addresses.extend(kept.take(ADDRESSES_MAX.saturating_sub(addresses.len())));
        }
        addresses
    }

    /// Gives the date, in UTC; nothing when it is none.
    pub(super) fn date(&self) -> Option<Time> {
        let value = prepared(self.all("date").next()?, PART_FIELD_LEN_MAX);
        match MessageStream::new(&value).parse_date() {
            HeaderValue::DateTime(date) if date.is_valid() => {
                date.to_timestamp().checked_mul(1_000).map(Time)
            }
            _ => None,
        }
    }

    /// Gives a field of the form of `Content-Type` or `Content-Disposition`.
    pub(super) fn described(&self, name: &str) -> Option<ContentType<'static>> {
        let value = prepared(self.all(name).next()?, PART_FIELD_LEN_MAX);
        match MessageStream::new(&value).parse_content_type().into_owned() {
            HeaderValue::ContentType(described) => Some(described),
            _ => None,
        }
    }
}

fn address(address: Cow<'_, str>, name: Option<Cow<'_, str>>) -> Option<Address> {
    let address = one_line(&address).replace(' ', "");
    let name = name.map(|name| one_line(&name)).filter(|name| !name.is_empty() && *name != address);
    let is_kept = address.contains('@') && address.len() <= ADDRESS_LEN_MAX;
    is_kept.then(|| Address { address, name: name.map(|name| names::cut(&name, ADDRESS_LEN_MAX).to_owned()) })
}

fn decoded(value: &[u8]) -> String {
    let value = prepared(value, FIELD_LEN_MAX);
    match MessageStream::new(&value).parse_unstructured() {
        HeaderValue::Text(text) => one_line(&text),
        _ => String::new(),
    }
}

/// Makes a value ready for the library: bounded in length and in encoded words, in UTF-8, and with the line end that the library needs.
fn prepared(value: &[u8], len_max: usize) -> Vec<u8> {
    let mut value = &value[..value.len().min(len_max)];
    let mut words = value.windows(2).enumerate().filter(|(_, pair)| pair == b"=?");
    if let Some((at, _)) = words.nth(ENCODED_WORDS_MAX * len_max / FIELD_LEN_MAX) {
        value = &value[..at];
    }
    let value = value.trim_ascii();
    // Fields outside ASCII are UTF-8 (RFC 6532), or come from programs that wrote the charset of western Windows.
    let mut text = decode::guessed(value);
    text.push('\n');
    text.into_bytes()
}

/// Makes one line of a text: controls become blanks, and runs of blanks one.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| breaks_line(c) || c == ' ');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Gives where the line that begins at `at` ends, its line end included.
pub(super) fn line_end(raw: &[u8], at: usize) -> usize {
    raw[at..].iter().position(|byte| *byte == b'\n').map_or(raw.len(), |len| at + len + 1)
}

/// Gives the length of the field's name, or nothing when the line is no field (RFC 5322, section 3.6.8; blanks before the colon are of
/// the obsolete form).
fn name_len(line: &[u8]) -> Option<usize> {
    let len = line.iter().position(|byte| *byte == b':')?;
    let name = line[..len].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(len)
}
