//! TNEF, the form in which Outlook sends letters to itself: `winmail.dat` ([MS-OXTNEF]). Its text
//! and its files are taken out.
//!
//! What is cut or broken ends the reading; what was read until then is kept. Everything that comes
//! out is a piece of what came in, except compressed text, which has a bound of its own.

mod rtf;

use handoff_domain::Part;

use super::charset::{self, Said};
use super::decode;
use super::names;

/// The first bytes ([MS-OXTNEF] 2.1.3.1).
const SIGNATURE: [u8; 4] = 0x223e_9f78_u32.to_le_bytes();
/// The most properties of a message or file that are read. Outlook writes about 80.
const PROPERTIES_MAX: usize = 2_000;
/// The most files that are taken out.
const FILES_MAX: usize = 500;
/// How deep messages may be inside each other.
const NESTING_MAX: usize = 4;

/// What was in it.
#[derive(Debug, Default)]
pub(super) struct Opened {
    pub(super) text: Option<String>,
    pub(super) html: Option<String>,
    pub(super) files: Vec<Part>,
}

/// Opens it. `None` when it is none, or nothing is in it.
pub(super) fn open(content: &[u8]) -> Option<Opened> {
    let message = Message::read(content, 0)?;
    let (text, html) = message.body();
    let opened = Opened { text, html, files: message.files };
    (opened.text.is_some() || opened.html.is_some() || !opened.files.is_empty()).then_some(opened)
}

/// Reads numbers and pieces, little end first.
struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn len(&mut self) -> Option<usize> {
        self.u32().and_then(|len| usize::try_from(len).ok())
    }

    /// Takes a piece of a length that stands before it, and what fills it up to four bytes.
    fn padded(&mut self) -> Option<&'a [u8]> {
        let len = self.len()?;
        let taken = self.take(len)?;
        let fill = len.next_multiple_of(4) - len;
        self.rest = self.rest.get(fill..).unwrap_or_default();
        Some(taken)
    }
}

/// A value of a property, of the kinds that are needed.
#[derive(Clone, Copy)]
enum Value<'a> {
    Number(u32),
    /// Text in the message's code page.
    Narrow(&'a [u8]),
    /// Text with two bytes a letter.
    Wide(&'a [u8]),
    Binary(&'a [u8]),
    Object(&'a [u8]),
    Other,
}

/// Properties by their numbers ([MS-OXPROPS]).
mod property {
    pub(super) const SUBJECT: u16 = 0x0037;
    pub(super) const BODY: u16 = 0x1000;
    pub(super) const RTF: u16 = 0x1009;
    pub(super) const HTML: u16 = 0x1013;
    pub(super) const DATA: u16 = 0x3701;
    pub(super) const FILE_NAME: u16 = 0x3704;
    pub(super) const METHOD: u16 = 0x3705;
    pub(super) const LONG_FILE_NAME: u16 = 0x3707;
    pub(super) const MEDIA_TYPE: u16 = 0x370e;
    pub(super) const CONTENT_ID: u16 = 0x3712;
    pub(super) const CODE_PAGE: u16 = 0x3fde;
}

/// Reads properties ([MS-OXTNEF] 2.1.3.4).
fn properties(content: &[u8]) -> Vec<(u16, Value<'_>)> {
    let mut bytes = Bytes { rest: content };
    let count = bytes.len().unwrap_or_default().min(PROPERTIES_MAX);
    let mut found = Vec::new();
    for _ in 0..count {
        match next_property(&mut bytes) {
            Some(property) => found.push(property),
            None => break,
        }
    }
    found
}

fn next_property<'a>(bytes: &mut Bytes<'a>) -> Option<(u16, Value<'a>)> {
    const MULTIPLE: u16 = 0x1000;
    const NAMED: u16 = 0x8000;
    const GUID_LEN: usize = 16;
    let (kind, id) = (bytes.u16()?, bytes.u16()?);
    if id >= NAMED {
        bytes.take(GUID_LEN)?;
        match bytes.u32()? {
            0 => drop(bytes.u32()?),
            _ => drop(bytes.padded()?),
        }
    }
    // One that is nothing takes no room, so a count of it would bound nothing.
    if kind & !MULTIPLE == 0x01 {
        return Some((id, Value::Other));
    }
    let is_counted = kind & MULTIPLE != 0 || matches!(kind, 0x0d | 0x1e | 0x1f | 0x102);
    let count = if is_counted { bytes.len()? } else { 1 };
    let mut first = Value::Other;
    for number in 0..count {
        let value = value(bytes, kind & !MULTIPLE)?;
        if number == 0 {
            first = value;
        }
    }
    Some((id, first))
}

fn value<'a>(bytes: &mut Bytes<'a>, kind: u16) -> Option<Value<'a>> {
    Some(match kind {
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Value::Number(bytes.u32()?),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => {
            bytes.take(8)?;
            Value::Other
        }
        0x48 => {
            bytes.take(16)?;
            Value::Other
        }
        0x0d => Value::Object(bytes.padded()?),
        0x1e => Value::Narrow(bytes.padded()?),
        0x1f => Value::Wide(bytes.padded()?),
        0x102 => Value::Binary(bytes.padded()?),
        _ => return None,
    })
}

/// A message that is being read.
#[derive(Default)]
struct Message<'a> {
    code_page: u32,
    subject: Option<String>,
    body: Option<&'a [u8]>,
    properties: Vec<(u16, Value<'a>)>,
    file: Option<File<'a>>,
    files: Vec<Part>,
}

/// A file that is being read.
#[derive(Default)]
struct File<'a> {
    title: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    properties: Vec<(u16, Value<'a>)>,
}

impl<'a> Message<'a> {
    fn read(content: &'a [u8], depth: usize) -> Option<Self> {
        let mut bytes = Bytes { rest: content.strip_prefix(&SIGNATURE)? };
        // A key that nothing uses.
        bytes.take(2)?;
        let mut message = Self::default();
        while let Some((id, value)) = attribute(&mut bytes) {
            message.attribute(id, value, depth);
        }
        message.end_file(depth);
        Some(message)
    }

    /// Takes an attribute in ([MS-OXTNEF] 2.1.3.3).
    fn attribute(&mut self, id: u16, value: &'a [u8], depth: usize) {
        match id {
            0x9007 => self.code_page = Bytes { rest: value }.u32().unwrap_or_default(),
            0x8004 => self.subject = Some(self.narrow(value)),
            0x800c => self.body = Some(value),
            0x9003 => self.properties = properties(value),
            0x9002 => {
                self.end_file(depth);
                self.file = Some(File::default());
            }
            0x8010 => self.file.get_or_insert_default().title = Some(value),
            0x800f => self.file.get_or_insert_default().data = Some(value),
            0x9005 => self.file.get_or_insert_default().properties = properties(value),
            _ => {}
        }
    }

    fn end_file(&mut self, depth: usize) {
        const EMBEDDED: u32 = 5;
        const INTERFACE_LEN: usize = 16;
        let Some(file) = self.file.take().filter(|_| self.files.len() < FILES_MAX) else { return };
        let of = |id| find(&file.properties, id);
        let text = |id| of(id).and_then(|value| self.text(value));
        let content = match of(property::DATA) {
            Some(Value::Object(object)) => object.get(INTERFACE_LEN..).unwrap_or_default(),
            Some(Value::Binary(data)) if !data.is_empty() => data,
            _ => file.data.unwrap_or_default(),
        };
        let is_message = matches!(of(property::METHOD), Some(Value::Number(EMBEDDED)));
        let is_opened = is_message && depth < NESTING_MAX;
        if let Some(inner) = is_opened.then(|| Self::read(content, depth + 1)).flatten() {
            return self.enclose(inner);
        }
        let name = text(property::LONG_FILE_NAME).or_else(|| text(property::FILE_NAME));
        let name = name.or_else(|| file.title.map(|title| self.narrow(title)));
        let media_type = text(property::MEDIA_TYPE).filter(|name| names::is_media_type(name));
        let media_type = media_type.unwrap_or_else(|| "application/octet-stream".to_owned());
        let part = Part {
            name: name
                .and_then(|name| names::harmless(&name))
                .or_else(|| names::of_type(&media_type, None)),
            content_type: media_type,
            content_id: text(property::CONTENT_ID)
                .map(|id| id.trim_matches(['<', '>', ' ']).to_owned()),
            inline: false,
            content: content.to_vec(),
        };
        if !part.content.is_empty() {
            self.files.push(part);
        }
    }

    /// Keeps an enclosed message as its text, and its files beside the others.
    fn enclose(&mut self, inner: Message<'a>) {
        let (text, html) = inner.body();
        let subject = inner.subject.clone().or_else(|| inner.property_text(property::SUBJECT));
        let (media_type, content) = match (text, html) {
            (_, Some(html)) => ("text/html", html),
            (text, None) => ("text/plain", text.unwrap_or_default()),
        };
        self.files.push(Part {
            name: names::of_type(media_type, subject.as_deref()),
            content_type: media_type.to_owned(),
            content_id: None,
            inline: false,
            content: content.into_bytes(),
        });
        let room = FILES_MAX.saturating_sub(self.files.len());
        self.files.extend(inner.files.into_iter().take(room));
    }

    /// Returns its text and its HTML.
    fn body(&self) -> (Option<String>, Option<String>) {
        let filled = |text: String| (!text.trim().is_empty()).then_some(text);
        let label = match find(&self.properties, property::CODE_PAGE) {
            Some(Value::Number(page)) => page_label(page),
            _ => page_label(self.code_page),
        };
        let mut html = match find(&self.properties, property::HTML) {
            Some(Value::Binary(html)) => filled(read_text(&label, html)),
            Some(value) => self.text(value).and_then(filled),
            None => None,
        };
        let plain =
            self.property_text(property::BODY).or_else(|| self.body.map(|body| self.narrow(body)));
        let mut plain = plain.and_then(filled);
        if let (None, Some(Value::Binary(compressed))) =
            (&html, find(&self.properties, property::RTF))
        {
            match rtf::read(compressed) {
                Some(rtf::Content::Html(found)) => html = filled(found),
                Some(rtf::Content::Text(found)) => plain = plain.or_else(|| filled(found)),
                None => {}
            }
        }
        (plain, html)
    }

    fn property_text(&self, id: u16) -> Option<String> {
        find(&self.properties, id).and_then(|value| self.text(value))
    }

    fn text(&self, value: Value<'_>) -> Option<String> {
        match value {
            Value::Narrow(text) => Some(self.narrow(text)),
            Value::Wide(text) => Some(read_text("utf-16le", text)),
            _ => None,
        }
    }

    fn narrow(&self, text: &[u8]) -> String {
        read_text(&page_label(self.code_page), text)
    }
}

fn find<'a>(properties: &[(u16, Value<'a>)], wanted: u16) -> Option<Value<'a>> {
    properties.iter().find(|(id, _)| *id == wanted).map(|(_, value)| *value)
}

/// Reads the next attribute: its level, its number and type, its length, itself and a sum that is
/// not checked.
fn attribute<'a>(bytes: &mut Bytes<'a>) -> Option<(u16, &'a [u8])> {
    bytes.take(1)?;
    let id = bytes.u16()?;
    bytes.u16()?;
    let len = bytes.len()?;
    let value = bytes.take(len)?;
    // The last sum may be cut off.
    let _ = bytes.u16();
    Some((id, value))
}

/// Reads text, which ends with a zero.
fn read_text(label: &str, content: &[u8]) -> String {
    decode::text(Said::label(Some(label)), content)
}

/// Names a code page of Windows.
fn page_label(page: u32) -> String {
    match page {
        20_866 => "koi8-r".to_owned(),
        21_866 => "koi8-u".to_owned(),
        1_200 => "utf-16le".to_owned(),
        _ => format!("cp{page}"),
    }
}

/// Reads bytes in a code page of Windows.
fn in_page(page: u32, content: &[u8]) -> String {
    charset::text(Said::label(Some(&page_label(page))), content)
}
