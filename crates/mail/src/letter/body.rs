//! The text of a letter, and everything that is no text of it.

use std::collections::HashSet;

use handoff_domain::{Letter, Part};

use super::charset::{self, Said};
use super::decode::Encoding;
use super::fields::Fields;
use super::structure::{self, Entity, Relation};
use super::{Bounds, decode, enriched, names, pictures, signed, tnef};
use crate::html;

/// The longest address of a picture in the text that is looked at, in bytes.
const ID_LEN_MAX: usize = 1_024;
/// The most bytes of headers of an enclosed message that are read for its name.
const ENCLOSED_HEADERS_LEN_MAX: usize = 16 * 1024;
/// The most header fields of it.
const ENCLOSED_HEADER_COUNT_MAX: usize = 100;

/// One text, in the forms in which it came.
#[derive(Clone, Debug, Default)]
struct Body {
    plain: Option<String>,
    html: Option<String>,
}

/// Fills in the text, the HTML and the parts.
pub(super) fn fill(
    letter: &mut Letter,
    raw: &[u8],
    entities: &[Entity],
    hint: Option<&str>,
    bounds: &Bounds,
) {
    let found = Found {
        text_left: bounds.text_len_max,
        html_left: bounds.html_len_max,
        ..Found::default()
    };
    let mut collect = Collect::new(raw, entities, hint, bounds, found);
    let bodies = collect.entity(0, Place::Free);
    letter.parts = collect.found.parts;
    letter.remarks.extend(collect.found.remarks);
    letter.text = joined_text(&bodies);
    if bodies.is_empty() {
        letter.text = report_text(&letter.parts, bounds);
    }
    if letter.text.len() > bounds.text_len_max {
        letter.text.truncate(letter.text.floor_char_boundary(bounds.text_len_max));
        letter.remarks.push(
            "The text that was made of the HTML is too long; its end was left out.".to_owned(),
        );
    }
    letter.html = joined_html(&bodies);
    let shown = letter.html.as_deref().map(shown_ids).unwrap_or_default();
    for part in &mut letter.parts {
        part.inline = part.content_id.as_deref().is_some_and(|id| shown.contains(id));
    }
}

/// Returns what a report for programs says, for a server that sends nothing for people beside it.
fn report_text(parts: &[Part], bounds: &Bounds) -> String {
    let is_report = |part: &&Part| {
        ["message/delivery-status", "message/disposition-notification", "message/feedback-report"]
            .contains(&part.content_type.as_str())
    };
    let report = parts
        .iter()
        .find(is_report)
        .map(|part| &part.content[..part.content.len().min(bounds.text_len_max)]);
    report.map(|content| decode::text(Said::default(), content)).unwrap_or_default()
}

/// Where a part stands, which decides whether it may be a text of the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It is a text when it has the form of one.
    Free,
    /// It is one form of the text, whatever its name.
    Form,
    /// It is never a text, such as what an HTML body shows.
    Beside,
}

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    Plain,
    Enriched,
    Html,
}

impl Script {
    /// Returns what a part is written in whose type is one of texts for people. Unknown texts are
    /// shown as plain ones (RFC 2046, section 4.1.4), but not those that are made for programs.
    fn of(media_type: &str, place: Place) -> Option<Self> {
        const FOR_PROGRAMS: &[&str] = &[
            "calendar",
            "css",
            "csv",
            "directory",
            "ecmascript",
            "javascript",
            "rfc822-headers",
            "rtf",
            "tab-separated-values",
            "vcard",
            "vtt",
            "x-vcard",
            "xml",
        ];
        match media_type.strip_prefix("text/")? {
            "plain" | "markdown" | "x-markdown" => Some(Self::Plain),
            "html" => Some(Self::Html),
            "enriched" | "richtext" => Some(Self::Enriched),
            other if place == Place::Form || FOR_PROGRAMS.contains(&other) => None,
            _ => Some(Self::Plain),
        }
    }
}

/// Forms of the same text for programs that nobody here has; what is in them is in the other forms,
/// too.
const OTHER_FORMS: &[&str] = &["text/x-amp-html", "text/watch-html"];

/// What was found, and the room that is left.
#[derive(Debug, Default)]
struct Found {
    /// There is a text.
    has_text: bool,
    text_left: usize,
    html_left: usize,
    parts: Vec<Part>,
    remarks: Vec<String>,
    /// It is what a signature wraps.
    is_inner: bool,
}

struct Collect<'a> {
    raw: &'a [u8],
    entities: &'a [Entity],
    children: Vec<Vec<usize>>,
    /// The charset that the letter names.
    hint: Option<&'a str>,
    bounds: &'a Bounds,
    found: Found,
}

impl<'a> Collect<'a> {
    fn new(
        raw: &'a [u8],
        entities: &'a [Entity],
        hint: Option<&'a str>,
        bounds: &'a Bounds,
        found: Found,
    ) -> Self {
        let mut children = vec![Vec::new(); entities.len()];
        for (at, entity) in entities.iter().enumerate() {
            if let Some(parent) = entity.parent {
                children[parent].push(at);
            }
        }
        Self { raw, entities, children, hint, bounds, found }
    }

    /// Returns the texts of an entity, and keeps its other parts. It calls itself at most as deep
    /// as multiparts may be inside each other.
    fn entity(&mut self, at: usize, place: Place) -> Vec<Body> {
        let children = core::mem::take(&mut self.children[at]);
        let Some(relation) = self.entities[at].relation else { return self.leaf(at, place) };
        match relation {
            Relation::Alternative => {
                let place = if place == Place::Free { Place::Form } else { place };
                let forms = children.iter().map(|child| self.entity(*child, place)).collect();
                best(forms)
            }
            Relation::Related | Relation::Report => {
                let root = self.root(at, &children);
                let mut bodies = Vec::new();
                for child in &children {
                    let place = if Some(*child) == root { place } else { Place::Beside };
                    bodies.extend(self.entity(*child, place));
                }
                bodies
            }
            Relation::Encrypted => {
                self.found
                    .remarks
                    .push("The message is encrypted; it was kept unopened.".to_owned());
                children.iter().flat_map(|child| self.entity(*child, Place::Beside)).collect()
            }
            Relation::Mixed | Relation::Digest => {
                let place = if place == Place::Form { Place::Free } else { place };
                children.iter().flat_map(|child| self.entity(*child, place)).collect()
            }
        }
    }

    /// Finds the part that shows the others: the one that is named, or the first (RFC 2387, section
    /// 3.2). Where the first cannot be it, the first that has the type which is named, or that is a
    /// text.
    fn root(&self, at: usize, children: &[usize]) -> Option<usize> {
        let root = &self.entities[at].root;
        let entity = |child: &&usize| &self.entities[**child];
        let is_named =
            |child: &&usize| root.start.is_some() && entity(child).content_id == root.start;
        let can_be = |child: &&usize| {
            let media_type = entity(child).media_type.as_str();
            media_type.starts_with("multipart/") || Script::of(media_type, Place::Form).is_some()
        };
        let is_of_type = |child: &&usize| {
            root.media_type.as_ref() == Some(&entity(child).media_type) && can_be(child)
        };
        let first = children.first().filter(can_be);
        let mut all = children.iter();
        let found = all.clone().find(is_named).or(first).or_else(|| all.clone().find(is_of_type));
        found.or_else(|| all.find(can_be)).or_else(|| children.first()).copied()
    }

    fn leaf(&mut self, at: usize, place: Place) -> Vec<Body> {
        let entity = &self.entities[at];
        let raw = self.raw;
        if place == Place::Form && OTHER_FORMS.contains(&entity.media_type.as_str()) {
            return Vec::new();
        }
        let content = entity.encoding.undo(&raw[entity.content.clone()]);
        if entity.encoding == Encoding::Unknown {
            self.found.remarks.push(
                "A part has an unknown transfer encoding; it was kept as it came.".to_owned(),
            );
        }
        let Some(script) = self.shown_as(entity, place) else {
            return self.file(entity, content.into_owned());
        };
        // A name alone makes no file of a text that is to be shown (RFC 2183, section 2.1), but
        // behind another one it may be both.
        let is_also_file = self.found.has_text && entity.name.is_some() && place == Place::Free;
        let body = match script {
            Script::Plain => Body { plain: Some(self.text(entity, &content)), html: None },
            Script::Enriched => {
                let text = enriched::to_text(&self.text(entity, &content));
                Body { plain: Some(text), html: None }
            }
            Script::Html => Body { plain: None, html: Some(self.html(entity, &content)) },
        };
        self.found.has_text |= body.is_telling();
        if is_also_file {
            self.keep(entity, content.into_owned());
        }
        vec![body]
    }

    /// Tells whether a part is a text of the letter, and what it is written in.
    fn shown_as(&self, entity: &Entity, place: Place) -> Option<Script> {
        if place == Place::Beside || entity.is_attachment {
            return None;
        }
        let script = Script::of(&entity.media_type, place)?;
        let is_alone = entity.parent.is_none();
        let is_common = entity.media_type == "text/plain" || script == Script::Html;
        let may_have_name = match script {
            _ if is_alone || place == Place::Form => true,
            Script::Plain | Script::Enriched => is_common,
            // A second page with a name is a document.
            Script::Html => !self.found.has_text,
        };
        (entity.name.is_none() || may_have_name).then_some(script)
    }

    /// Keeps what is no text, and says what an agent should know of it. What only Outlook opens may
    /// hold a text after all.
    fn file(&mut self, entity: &Entity, content: Vec<u8>) -> Vec<Body> {
        match entity.media_type.as_str() {
            "application/ms-tnef" | "application/vnd.ms-tnef" | "application/octet-stream" => {
                if let Some(opened) = tnef::open(&content) {
                    return self.opened(entity, content, opened);
                }
                if entity.media_type != "application/octet-stream" {
                    self.found
                        .remarks
                        .push("An attachment is of a form that only Outlook opens.".to_owned());
                }
            }
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                if let Some(inner) = signed::content(&content).filter(|_| !self.found.is_inner) {
                    self.found.remarks.push(
                        "The message is signed with S/MIME; the signature was not checked."
                            .to_owned(),
                    );
                    self.keep(entity, content);
                    return self.inner(&inner);
                }
                self.found.remarks.push(
                    "The message is encrypted or signed with S/MIME; it was kept unopened."
                        .to_owned(),
                );
            }
            _ => {}
        }
        self.keep(entity, content);
        Vec::new()
    }

    /// Takes in what a signature wraps: a message's fields of content, and the content. It is done
    /// once, so that the depth stays bounded.
    fn inner(&mut self, raw: &[u8]) -> Vec<Body> {
        let (mut fields, start) =
            Fields::scan(raw, 0, ENCLOSED_HEADERS_LEN_MAX, ENCLOSED_HEADER_COUNT_MAX);
        fields.set_charset(self.hint.map(str::to_owned));
        let mut found = core::mem::take(&mut self.found);
        found.is_inner = true;
        let structure = structure::walk(raw, &fields, start, self.bounds, &mut found.remarks);
        let hint = structure.charset.as_deref().or(self.hint);
        let mut collect = Collect::new(raw, &structure.entities, hint, self.bounds, found);
        let bodies = collect.entity(0, Place::Free);
        self.found = Found { is_inner: false, ..collect.found };
        bodies
    }

    /// Takes in what was in a form that only Outlook opens; it is kept itself when nothing of it is
    /// new.
    fn opened(&mut self, entity: &Entity, content: Vec<u8>, opened: tnef::Opened) -> Vec<Body> {
        let is_new = !self.found.has_text && (opened.text.is_some() || opened.html.is_some());
        if opened.files.is_empty() && !is_new {
            self.found
                .remarks
                .push("An attachment is of a form that only Outlook opens.".to_owned());
            self.keep(entity, content);
            return Vec::new();
        }
        self.found.remarks.push(
            "The message came in a form that only Outlook opens; its text and files were taken out of it."
                .to_owned(),
        );
        opened.files.into_iter().for_each(|part| self.add(part));
        if !is_new {
            return Vec::new();
        }
        let mut is_cut = false;
        let mut bounded = |text: Option<String>, len_max| {
            is_cut |= text.as_ref().is_some_and(|text| text.len() > len_max);
            text.map(|text| names::cut(&text, len_max).to_owned())
        };
        let (plain, html) = (
            bounded(opened.text, self.found.text_left),
            bounded(opened.html, self.found.html_left),
        );
        if is_cut {
            self.found
                .remarks
                .push("The text is too long; all of it was kept as an attachment.".to_owned());
            self.keep(entity, content);
        }
        self.found.text_left -= plain.as_deref().map_or(0, str::len);
        self.found.html_left -= html.as_deref().map_or(0, str::len);
        self.found.has_text = true;
        vec![Body { plain, html }]
    }

    fn text(&mut self, entity: &Entity, content: &[u8]) -> String {
        let said = Said { label: entity.charset.as_deref(), hint: self.hint };
        let text = self.within(entity, content, said, self.found.text_left);
        let text = if entity.is_flowed { decode::unflowed(&text, entity.flow_blank) } else { text };
        self.found.text_left = self.found.text_left.saturating_sub(text.len());
        text
    }

    fn html(&mut self, entity: &Entity, content: &[u8]) -> String {
        let lifted = pictures::lift(content);
        if lifted.is_cut {
            self.found.remarks.push(
                "The text has too many pictures in itself; not all of them are shown.".to_owned(),
            );
        }
        lifted.pictures.into_iter().for_each(|part| self.add(part));
        // What names no charset, or a wrong one, may say it in its head.
        let is_trusted = |name: &&str| charset::is_telling(name) && !charset::is_utf8(name);
        let head = html_charset(&lifted.html);
        let hint = head.as_deref().or(self.hint);
        let said = Said { label: entity.charset.as_deref(), hint: hint.filter(is_trusted) };
        let html = self.within(entity, &lifted.html, said, self.found.html_left);
        self.found.html_left = self.found.html_left.saturating_sub(html.len());
        html
    }

    /// Reads as much of a text as there is room for; when that is not all, the whole is kept as an
    /// attachment.
    fn within(
        &mut self,
        entity: &Entity,
        content: &[u8],
        said: Said<'_>,
        len_max: usize,
    ) -> String {
        let text = decode::text(said, &content[..content.len().min(len_max)]);
        let shown = names::cut(&text, len_max);
        if content.len() > len_max || shown.len() < text.len() {
            self.found
                .remarks
                .push("The text is too long; all of it was kept as an attachment.".to_owned());
            self.keep(entity, content.to_vec());
        }
        shown.to_owned()
    }

    fn keep(&mut self, entity: &Entity, content: Vec<u8>) {
        let name = entity.name.clone().or_else(|| {
            let is_message =
                ["message/rfc822", "message/global"].contains(&entity.media_type.as_str());
            let title = is_message.then(|| self.subject(&content)).flatten();
            names::of_type(&entity.media_type, title.as_deref())
        });
        self.add(Part {
            name,
            content_type: entity.media_type.clone(),
            content_id: entity.content_id.clone(),
            inline: false,
            content,
        });
    }

    /// Keeps a part while there is room: parts may come out of others.
    fn add(&mut self, part: Part) {
        let max = self.bounds.parts_max;
        if self.found.parts.len() < max {
            self.found.parts.push(part);
        } else {
            self.found
                .remarks
                .push(format!("The message has more than {max} parts; the others were left out."));
        }
    }

    /// Returns the subject of an enclosed message.
    fn subject(&self, message: &[u8]) -> Option<String> {
        let (mut fields, _) =
            Fields::scan(message, 0, ENCLOSED_HEADERS_LEN_MAX, ENCLOSED_HEADER_COUNT_MAX);
        fields.set_charset(self.hint.map(str::to_owned));
        fields.text("subject")
    }
}

/// Returns the charset that HTML says of itself (HTML 4.01, section 5.2.2; HTML standard, section
/// 4.2.5.4).
fn html_charset(html: &[u8]) -> Option<String> {
    const HEAD_LEN_MAX: usize = 4 * 1024;
    let head = String::from_utf8_lossy(&html[..html.len().min(HEAD_LEN_MAX)]).to_ascii_lowercase();
    head.split("<meta").skip(1).find_map(|meta| {
        let meta = &meta[..meta.find('>').unwrap_or(meta.len())];
        let value = meta.split("charset").nth(1)?.trim_start().strip_prefix('=')?;
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        let end = value
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '/'))
            .unwrap_or(value.len());
        Some(value[..end].to_owned())
    })
}

/// Makes one text of several forms of the same: the first plain one, and the last HTML one, which
/// is the best (RFC 2046, section 5.1.4).
fn best(forms: Vec<Vec<Body>>) -> Vec<Body> {
    let has_html = |bodies: &Vec<Body>| bodies.iter().any(|body| body.html.is_some());
    let html =
        forms.iter().rev().find(|bodies| has_html(bodies)).and_then(|bodies| joined_html(bodies));
    let plain = forms.iter().find(|bodies| !bodies.is_empty() && !has_html(bodies));
    let plain = plain
        .map(|bodies| joined_text(bodies))
        .filter(|text| !text.trim().is_empty() || html.is_none());
    if plain.is_none() && html.is_none() { Vec::new() } else { vec![Body { plain, html }] }
}

impl Body {
    /// Tells whether there is anything to read.
    fn is_telling(&self) -> bool {
        let says =
            |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        says(&self.plain) || says(&self.html)
    }
}

fn joined_text(bodies: &[Body]) -> String {
    let mut text = String::new();
    for body in bodies {
        let next = match body {
            Body { plain: Some(plain), .. } => plain.clone(),
            Body { plain: None, html: Some(html) } => html::to_text(html),
            Body { plain: None, html: None } => continue,
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&next);
    }
    text
}

fn joined_html(bodies: &[Body]) -> Option<String> {
    bodies.iter().any(|body| body.html.is_some()).then(|| {
        let forms = bodies.iter().map(|body| match body {
            Body { html: Some(html), .. } => html.clone(),
            Body { plain, html: None } => html::from_text(plain.as_deref().unwrap_or_default()),
        });
        forms.collect()
    })
}

/// Finds the `Content-ID`s that the HTML names, as they stand and with percent signs undone (RFC
/// 2392).
fn shown_ids(html: &str) -> HashSet<String> {
    let ends =
        |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '>' | ')');
    let is_scheme = |at: &usize| {
        html.as_bytes()[..*at]
            .last_chunk()
            .is_some_and(|scheme: &[u8; 3]| scheme.eq_ignore_ascii_case(b"cid"))
    };
    let mut ids = HashSet::new();
    for (at, _) in html.match_indices(':').filter(|(at, _)| is_scheme(at)) {
        let rest = &html[at + 1..];
        let id = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if id.len() <= ID_LEN_MAX {
            ids.extend(html::ids_of(id));
        }
    }
    ids
}
