//! The tree of a message's parts, found in one pass over its lines.
//!
//! A line that is a delimiter of any open multipart ends everything inside that multipart, so a
//! part whose own end is missing cannot swallow what comes after it. Enclosed messages are not
//! opened: they are parts.

use core::ops::Range;

use super::decode::{Encoding, FlowBlank};
use super::fields::{Fields, line_end};
use super::parameters::Described;
use super::{Bounds, charset, names};

/// The most bytes of headers of one part that are read. Names and types take a few hundred.
const PART_HEADERS_LEN_MAX: usize = 32 * 1024;
/// The most header fields of one part that are read.
const PART_HEADER_COUNT_MAX: usize = 100;
/// The longest boundary, in bytes: RFC 2046, section 5.1.1, allows 70; some programs write a little
/// more.
const BOUNDARY_LEN_MAX: usize = 200;

/// What the children of a multipart are to each other (RFC 2046, section 5.1; RFC 2387; RFC 6522).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// One after the other.
    Mixed,
    /// The same in several forms, the best last.
    Alternative,
    /// One shows the others.
    Related,
    /// Text, a report for programs, and the message that it is about.
    Report,
    /// Messages.
    Digest,
    /// Instructions and something that only a key opens.
    Encrypted,
}

/// A part, or a multipart.
#[derive(Clone, Debug)]
pub(super) struct Entity {
    /// The multipart that it is in.
    pub(super) parent: Option<usize>,
    /// What its children are, when it has children.
    pub(super) relation: Option<Relation>,
    /// `type/subtype`, in lower case.
    pub(super) media_type: String,
    pub(super) charset: Option<String>,
    pub(super) is_flowed: bool,
    /// `DelSp` of flowed text.
    pub(super) flow_blank: FlowBlank,
    pub(super) name: Option<String>,
    pub(super) is_attachment: bool,
    pub(super) encoding: Encoding,
    pub(super) content_id: Option<String>,
    /// Of related parts: what says which of them is shown.
    pub(super) root: Root,
    /// Where its content is in the message, still encoded.
    pub(super) content: Range<usize>,
}

/// What a multipart says about the part that shows the others (RFC 2387, section 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Root {
    /// Its `Content-ID`, without angle brackets.
    pub(super) start: Option<String>,
    /// Its type, in lower case.
    pub(super) media_type: Option<String>,
}

/// The parts of a message.
pub(super) struct Structure {
    /// The message itself is the first, parents come before their children, children are in order.
    pub(super) entities: Vec<Entity>,
    /// The first charset that says anything.
    pub(super) charset: Option<String>,
}

/// A multipart whose end has not come.
struct Open {
    entity: usize,
    boundary: Vec<u8>,
    has_children: bool,
}

/// Finds the parts.
pub(super) fn walk(
    raw: &[u8],
    fields: &Fields<'_>,
    body_start: usize,
    bounds: &Bounds,
    remarks: &mut Vec<String>,
) -> Structure {
    let mut walk =
        Walk { raw, bounds, entities: Vec::new(), open: Vec::new(), is_deep: false, charset: None };
    walk.enter(fields, body_start);
    let mut at = body_start;
    let mut is_full = false;
    while at < raw.len() {
        let end = line_end(raw, at);
        let Some((level, delimiter)) = walk.delimiter(&raw[at..end]) else {
            at = end;
            continue;
        };
        walk.close(level, delimiter, at);
        at = end;
        if delimiter == Delimiter::Last {
            continue;
        }
        if walk.entities.len() >= bounds.parts_max {
            is_full = true;
            break;
        }
        let (mut fields, start) =
            Fields::scan(raw, end, PART_HEADERS_LEN_MAX, PART_HEADER_COUNT_MAX);
        fields.set_charset(walk.charset.clone());
        // A part without an empty line after its headers may run into the next delimiter; that line
        // is looked at again.
        walk.enter(&fields, start);
        at = start;
    }
    if is_full {
        remarks.push(format!(
            "The message has more than {} parts; the others were left out.",
            bounds.parts_max
        ));
    }
    if walk.is_deep {
        remarks.push(
            "Parts of the message are too deep inside each other; they were kept unopened."
                .to_owned(),
        );
    }
    let end = if is_full { at } else { raw.len() };
    walk.finish(end);
    Structure { entities: walk.entities, charset: walk.charset }
}

struct Walk<'a> {
    raw: &'a [u8],
    bounds: &'a Bounds,
    entities: Vec<Entity>,
    open: Vec<Open>,
    is_deep: bool,
    charset: Option<String>,
}

/// What a boundary line of a multipart says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Delimiter {
    /// Another part follows.
    Next,
    /// The multipart ends.
    Last,
}

impl Walk<'_> {
    /// Begins a part.
    fn enter(&mut self, fields: &Fields<'_>, start: usize) {
        let parent = self.open.last_mut().map(|open| {
            open.has_children = true;
            open.entity
        });
        let content_type = fields.described("content-type");
        let mut entity = describe(fields, content_type.as_ref(), start);
        entity.parent = parent;
        let is_digest =
            parent.is_some_and(|at| self.entities[at].relation == Some(Relation::Digest));
        if content_type.is_none() && is_digest {
            "message/rfc822".clone_into(&mut entity.media_type);
        }
        if self.charset.is_none() && entity.media_type.starts_with("text/") {
            self.charset = entity.charset.clone().filter(|name| charset::is_telling(name));
        }
        if entity.media_type.starts_with("multipart/") {
            match content_type.as_ref().and_then(boundary) {
                Some(boundary) if self.open.len() < self.bounds.nesting_max => {
                    entity.relation = Some(relation(&entity.media_type));
                    self.open.push(Open {
                        entity: self.entities.len(),
                        boundary,
                        has_children: false,
                    });
                }
                Some(_) => self.is_deep = true,
                None => "text/plain".clone_into(&mut entity.media_type),
            }
        }
        self.entities.push(entity);
    }

    /// Returns which open multipart a line delimits, and how.
    fn delimiter(&self, line: &[u8]) -> Option<(usize, Delimiter)> {
        let line = line.strip_prefix(b"--")?.trim_ascii_end();
        self.open.iter().enumerate().rev().find_map(|(level, open)| {
            match line.strip_prefix(open.boundary.as_slice())? {
                b"" => Some((level, Delimiter::Next)),
                b"--" => Some((level, Delimiter::Last)),
                _ => None,
            }
        })
    }

    /// Ends what is open inside a multipart, and the multipart too when its last line has come.
    fn close(&mut self, level: usize, delimiter: Delimiter, at: usize) {
        self.end_part(at);
        while self.open.len() > level + usize::from(delimiter == Delimiter::Next) {
            self.pop();
        }
    }

    /// The last part that was entered, if it is still running, ends before the line that begins
    /// here; the line end before a delimiter is part of the delimiter (RFC 2046, section 5.1.1).
    fn end_part(&mut self, at: usize) {
        let Some(last) = self.entities.last_mut() else { return };
        if last.content.end == usize::MAX {
            let content = &self.raw[last.content.start..at.max(last.content.start)];
            let content = content.strip_suffix(b"\n").unwrap_or(content);
            let content = content.strip_suffix(b"\r").unwrap_or(content);
            last.content.end = last.content.start + content.len();
        }
    }

    /// Takes the innermost multipart from the stack. One in which no part was found is text: its
    /// boundary was wrong.
    fn pop(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let entity = &mut self.entities[open.entity];
        if !open.has_children {
            entity.relation = None;
            "text/plain".clone_into(&mut entity.media_type);
            entity.charset = None;
            entity.is_attachment = false;
        }
    }

    fn finish(&mut self, end: usize) {
        if let Some(last) = self.entities.last_mut().filter(|last| last.content.end == usize::MAX) {
            last.content.end = end.max(last.content.start);
        }
        while !self.open.is_empty() {
            self.pop();
        }
    }
}

fn describe(fields: &Fields<'_>, content_type: Option<&Described>, start: usize) -> Entity {
    let parameter = |name| content_type.and_then(|described| described.get(name));
    let is =
        |name, value: &str| parameter(name).is_some_and(|text| text.eq_ignore_ascii_case(value));
    let disposition = fields.described("content-disposition");
    let given = disposition
        .as_ref()
        .and_then(|described| described.get("filename").or_else(|| described.get("name")));
    let name = given.or_else(|| parameter("name")).or_else(|| parameter("filename"));
    let is_attachment = disposition.is_some_and(|described| described.value == "attachment");
    let carries = if is_attachment || name.is_some() { Carries::File } else { Carries::Text };
    let root = Root {
        start: parameter("start").map(|id| id.trim().trim_matches(['<', '>']).to_owned()),
        media_type: parameter("type").map(|name| name.to_ascii_lowercase()),
    };
    Entity {
        parent: None,
        relation: None,
        media_type: content_type
            .map_or_else(|| "text/plain".to_owned(), |described| media_type(described, carries)),
        charset: parameter("charset"),
        is_flowed: is("format", "flowed"),
        flow_blank: if is("delsp", "yes") { FlowBlank::Deleted } else { FlowBlank::Kept },
        name: name.and_then(|name| names::harmless(&name)),
        is_attachment,
        encoding: Encoding::named(&fields.keyword("content-transfer-encoding").unwrap_or_default()),
        content_id: fields.ids("content-id").pop(),
        root,
        content: start..usize::MAX,
    }
}

/// What a part seems to be by its other headers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    /// It is named or attached.
    File,
    Text,
}

/// Returns the type in its usual form. One that is none is plain text (RFC 2045, section 5.2),
/// unless it is a file or the half that is there says that it is no text.
fn media_type(described: &Described, carries: Carries) -> String {
    const BINARY: &[&str] = &["application", "image", "audio", "video", "font", "model"];
    let text = described.value.trim_end_matches('/');
    let half = text.split('/').next().unwrap_or_default();
    match half {
        _ if names::is_media_type(text) => text.to_owned(),
        "multipart" => "multipart/mixed".to_owned(),
        _ if BINARY.contains(&half) || carries == Carries::File && half != "text" => {
            "application/octet-stream".to_owned()
        }
        _ => "text/plain".to_owned(),
    }
}

fn boundary(described: &Described) -> Option<Vec<u8>> {
    let boundary = described.get("boundary")?;
    let boundary = boundary.trim_end();
    (!boundary.is_empty() && boundary.len() <= BOUNDARY_LEN_MAX)
        .then(|| boundary.as_bytes().to_vec())
}

fn relation(media_type: &str) -> Relation {
    match media_type {
        "multipart/alternative" => Relation::Alternative,
        "multipart/related" => Relation::Related,
        "multipart/report" => Relation::Report,
        "multipart/digest" => Relation::Digest,
        "multipart/encrypted" => Relation::Encrypted,
        // RFC 2046, section 5.1.3: unknown ones are mixed. So is `signed`: its second part is the
        // signature.
        _ => Relation::Mixed,
    }
}
