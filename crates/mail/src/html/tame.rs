//! The first wall: markup reduced to the listed elements and attributes, well-formed, with few
//! elements open at a time.
//!
//! It has to be right about work, not about safety: what it lets through is read again by the
//! second wall. Two bounds matter. An element costs a tree builder some hundred bytes, so their
//! number is bounded. And a tree builder opens unclosed formatting elements again in every later
//! block, so their number at a time is bounded, and everything is closed in the order in which it
//! was opened.

use std::collections::HashSet;

use super::tokens::{Token, Tokens};
use super::{Pictures, Remote, lists, text};

/// The most elements that are kept. A long newsletter has 5,000.
const ELEMENTS_MAX: usize = 20_000;
/// The most elements open at a time. Newsletters of nested tables have 40.
const DEPTH_MAX: usize = 100;
/// The most formatting elements open at a time.
const FORMATTING_MAX: usize = 8;
/// The longest value of an attribute, in bytes: what servers take as an address. A longer one is
/// dropped.
const VALUE_LEN_MAX: usize = 8_192;

/// Markup that is ready for the second wall.
pub(super) struct Tamed {
    pub(super) html: String,
    /// Addresses of images that may be shown.
    pub(super) images: HashSet<String>,
}

/// Tames a document.
pub(super) fn tame(html: &str, images: Pictures<'_>) -> Tamed {
    let mut tame = Tame {
        out: String::with_capacity(html.len()),
        open: Vec::new(),
        elements: 0,
        images,
        shown: HashSet::new(),
    };
    for token in Tokens::new(html) {
        match token {
            Token::Text(text) => tame.text(text),
            Token::Start(name, attributes) => tame.start(&name, &attributes),
            Token::End(name) => tame.end(&name),
        }
        if tame.elements >= ELEMENTS_MAX {
            break;
        }
    }
    tame.close_to(0);
    Tamed { html: tame.out, images: tame.shown }
}

struct Tame<'a> {
    out: String,
    open: Vec<&'static str>,
    elements: usize,
    images: Pictures<'a>,
    shown: HashSet<String>,
}

impl Tame<'_> {
    fn text(&mut self, text: &str) {
        for (number, piece) in text.split('<').enumerate() {
            if number > 0 {
                self.out.push_str("&lt;");
            }
            self.out.push_str(piece);
        }
    }

    fn start(&mut self, name: &str, attributes: &[(String, &str)]) {
        let Some(name) = known(name) else { return };
        self.close_implied(name);
        let is_void = lists::VOID.contains(&name);
        let is_formatting = lists::FORMATTING.contains(&name);
        let formatting = self.open.iter().filter(|open| lists::FORMATTING.contains(open)).count();
        if self.open.len() >= DEPTH_MAX && !is_void || is_formatting && formatting >= FORMATTING_MAX
        {
            return;
        }
        self.elements += 1;
        self.out.push('<');
        self.out.push_str(name);
        if name == "img" {
            self.image(attributes);
        }
        for (attribute, value) in attributes {
            let is_image = name == "img" && matches!(attribute.as_str(), "src" | "data-cid");
            if !is_image && lists::may_have(name, attribute) && value.len() <= VALUE_LEN_MAX {
                self.attribute(attribute, value);
            }
        }
        self.out.push('>');
        if !is_void {
            self.open.push(name);
        }
    }

    /// Shows an image of the message. Its `Content-ID` is kept beside its address, so that cleaning
    /// again finds the same image.
    fn image(&mut self, attributes: &[(String, &str)]) {
        let value =
            |name| attributes.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        let source = value("src").map(str::trim).and_then(|source| {
            let is_id = source.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("cid:"));
            is_id.then(|| &source[4..]).filter(|source| source.len() <= VALUE_LEN_MAX)
        });
        let ids = match value("data-cid") {
            Some(id) => vec![id.to_owned()],
            None => source.into_iter().flat_map(super::ids_of).collect(),
        };
        let mut known = ids.into_iter().filter(|id| is_plain_id(id));
        let Some((id, address)) =
            known.find_map(|id| (self.images.of_letter)(&id).map(|address| (id, address)))
        else {
            return self.remote_image(attributes);
        };
        self.attribute("data-cid", &id);
        self.source(address);
    }

    fn remote_image(&mut self, attributes: &[(String, &str)]) {
        if let (Remote::Shown, Some(address)) = (self.images.remote, remote_address(attributes)) {
            self.source(address);
        }
    }

    fn source(&mut self, address: String) {
        let escaped = address.replace('&', "&amp;");
        self.attribute("src", &escaped);
        self.shown.insert(address);
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.out.push_str(&value.replace('"', "&quot;"));
        self.out.push('"');
    }

    fn end(&mut self, name: &str) {
        if let Some(level) = self.open.iter().rposition(|open| *open == name) {
            self.close_to(level);
        }
    }

    fn close_to(&mut self, level: usize) {
        for name in self.open.drain(level..).rev() {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push('>');
        }
    }

    /// Ends what the start of an element ends without saying so (HTML standard, section 13.1.2.4).
    fn close_implied(&mut self, name: &str) {
        if lists::BLOCKS.contains(&name) && self.open.last() == Some(&"p") {
            self.close_to(self.open.len() - 1);
        }
        let (ended, within): (&[&str], &[&str]) = match name {
            "li" => (&["li"], &["ul", "ol", "table"]),
            "dt" | "dd" => (&["dt", "dd"], &["dl", "table"]),
            "td" | "th" => (&["td", "th"], &["tr", "table"]),
            "tr" => (&["tr"], &["table"]),
            "tbody" | "thead" | "tfoot" => (&["tbody", "thead", "tfoot"], &["table"]),
            "a" => (&["a"], &["table"]),
            _ => return,
        };
        let nearest =
            self.open.iter().rposition(|open| ended.contains(open) || within.contains(open));
        if let Some(level) = nearest.filter(|level| ended.contains(&self.open[*level])) {
            self.close_to(level);
        }
    }
}

/// Returns the address of an image at another host; `None` for anything but a plain one by `https`:
/// by `http` everybody on the way would see what is read, and a device in the reader's own network
/// could be made to do something.
pub(super) fn remote_address(attributes: &[(String, &str)]) -> Option<String> {
    let (_, value) = attributes.iter().find(|(name, _)| name == "src")?;
    let value = Some(value.trim()).filter(|value| value.len() <= VALUE_LEN_MAX)?;
    let address = text::unescaped(value);
    let is_secure = address.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
    let is_plain =
        |one: char| !one.is_control() && !one.is_whitespace() && !"\"'<>\\`".contains(one);
    (is_secure && address.len() <= VALUE_LEN_MAX && address.chars().all(is_plain))
        .then_some(address)
}

fn known(name: &str) -> Option<&'static str> {
    lists::ELEMENTS.iter().copied().find(|known| *known == name)
}

/// A `Content-ID` as programs make it; one with anything else is not looked for.
fn is_plain_id(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 255
        && id.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>&".contains(&byte))
}
