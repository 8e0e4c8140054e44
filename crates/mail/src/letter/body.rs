//! The text of a letter, and everything that is no text of it.

use std::collections::HashSet;

use handoff_domain::{Letter, Part};

use super::structure::{Entity, Relation};
use super::{Bounds, decode};
use crate::html;

/// One text, in the forms in which it came.
#[derive(Clone, Debug, Default)]
struct Body {
    plain: Option<String>,
    html: Option<String>,
}

/// Fills in the text, the HTML and the parts.
pub(super) fn fill(letter: &mut Letter, raw: &[u8], entities: &[Entity], bounds: &Bounds) {
    let mut children = vec![Vec::new(); entities.len()];
    for (at, entity) in entities.iter().enumerate() {
        if let Some(parent) = entity.parent {
            children[parent].push(at);
        }
    }
    let mut collect = Collect {
        raw,
        entities,
        children,
        text_left: bounds.text_len_max,
        html_left: bounds.html_len_max,
        parts: Vec::new(),
        remarks: Vec::new(),
    };
    let bodies = collect.entity(0, Place::Free);
    letter.parts = collect.parts;
    letter.remarks.extend(collect.remarks);
    letter.text = joined_text(&bodies);
    if letter.text.len() > bounds.text_len_max {
        letter.text.truncate(letter.text.floor_char_boundary(bounds.text_len_max));
        letter
            .remarks
            .push("The text that was made of the HTML is too long; its end was left out.".to_owned());
    }
    letter.html = joined_html(&bodies);
    let shown = letter.html.as_deref().map(shown_ids).unwrap_or_default();
    for part in &mut letter.parts {
        part.inline = part.content_id.as_deref().is_some_and(|id| shown.contains(id));
    }
}

/// Where a part stands, which decides whether it may be a text of the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It is a text when it has the form of one.
    Free,
    /// It is never a text, such as what an HTML body shows.
    Beside,
}

struct Collect<'a> {
    raw: &'a [u8],
    entities: &'a [Entity],
    children: Vec<Vec<usize>>,
    text_left: usize,
    html_left: usize,
    parts: Vec<Part>,
    remarks: Vec<String>,
}

impl Collect<'_> {
    /// Gives the texts of an entity, and keeps its other parts. It calls itself at most as deep as multiparts may be inside each other.
    fn entity(&mut self, at: usize, place: Place) -> Vec<Body> {
        let children = core::mem::take(&mut self.children[at]);
        let Some(relation) = self.entities[at].relation else { return self.leaf(at, place) };
        match relation {
            Relation::Alternative => {
                let forms = children.iter().map(|child| self.entity(*child, place)).collect();
                best(forms)
            }
            Relation::Related | Relation::Report => {
                let mut bodies = Vec::new();
                for (number, child) in children.iter().enumerate() {
                    let place = if number == 0 { place } else { Place::Beside };
                    bodies.extend(self.entity(*child, place));
                }
                bodies
            }
            Relation::Encrypted => {
                self.remarks.push("The message is encrypted; it was kept unopened.".to_owned());
                children.iter().flat_map(|child| self.entity(*child, Place::Beside)).collect()
            }
            Relation::Mixed | Relation::Digest => {
                children.iter().flat_map(|child| self.entity(*child, place)).collect()
            }
        }
    }

    fn leaf(&mut self, at: usize, place: Place) -> Vec<Body> {
        let entity = &self.entities[at];
        let raw = self.raw;
        let content = decode::transfer(&entity.encoding, &raw[entity.content.clone()]);
        if !decode::is_known(&entity.encoding) {
            self.remarks.push("A part has an unknown transfer encoding; it was kept as it came.".to_owned());
        }
        let is_alone = entity.parent.is_none();
        let may_be_text =
            place == Place::Free && !entity.is_attachment && (is_alone || entity.name.is_none());
        let body = match entity.media_type.as_str() {
            "text/plain" if may_be_text => {
                let text = self.text(entity, &content);
                Body { plain: Some(text), html: None }
            }
            "text/html" if may_be_text => {
                let html = self.html(entity, &content);
                Body { plain: None, html: Some(html) }
            }
            media_type => {
                if media_type == "application/ms-tnef" {
                    self.remarks.push("An attachment is of a form that only Outlook opens.".to_owned());
                }
                self.keep(entity, content.into_owned());
                return Vec::new();
            }
        };
        vec![body]
    }

    fn text(&mut self, entity: &Entity, content: &[u8]) -> String {
        let text = self.within(entity, content, self.text_left);
        let text = if entity.is_flowed { decode::unflowed(&text, entity.deletes_blank) } else { text };
        self.text_left = self.text_left.saturating_sub(text.len());
        text
    }

    fn html(&mut self, entity: &Entity, content: &[u8]) -> String {
        let html = self.within(entity, content, self.html_left);
        self.html_left = self.html_left.saturating_sub(html.len());
        html
    }

    /// Reads as much of a text as there is room for; when that is not all, the whole is kept as an attachment.
    fn within(&mut self, entity: &Entity, content: &[u8], len_max: usize) -> String {
        let text = decode::text(entity.charset.as_deref(), &content[..content.len().min(len_max)]);
        let shown = super::names::cut(&text, len_max);
        if content.len() > len_max || shown.len() < text.len() {
            self.remarks.push("The text is too long; all of it was kept as an attachment.".to_owned());
            self.keep(entity, content.to_vec());
        }
        shown.to_owned()
    }

    fn keep(&mut self, entity: &Entity, content: Vec<u8>) {
        self.parts.push(Part {
            name: entity.name.clone(),
            content_type: entity.media_type.clone(),
            content_id: entity.content_id.clone(),
            inline: false,
            content,
        });
    }
}

/// Makes one text of several forms of the same: the first plain one, and the last HTML one, which is the best (RFC 2046, section 5.1.4).
fn best(forms: Vec<Vec<Body>>) -> Vec<Body> {
    let has_html = |bodies: &Vec<Body>| bodies.iter().any(|body| body.html.is_some());
    let html = forms.iter().rev().find(|bodies| has_html(bodies)).and_then(|bodies| joined_html(bodies));
    let plain = forms.iter().find(|bodies| !bodies.is_empty() && !has_html(bodies));
    let plain =
        plain.map(|bodies| joined_text(bodies)).filter(|text| !text.trim().is_empty() || html.is_none());
    if plain.is_none() && html.is_none() { Vec::new() } else { vec![Body { plain, html }] }
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

/// Finds the `Content-ID`s that the HTML names, in one pass.
fn shown_ids(html: &str) -> HashSet<&str> {
    let ends =
        |character: char| character.is_whitespace() || matches!(character, '"' | '\'' | '>' | ')' | '&');
    html.split("cid:").skip(1).map(|rest| &rest[..rest.find(ends).unwrap_or(rest.len())]).collect()
}
