//! Tags and texts of HTML, found in one pass as browsers find them (HTML standard, section 13.2.5).
//! Comments, declarations and the content of elements like `script` are skipped; entities stay as
//! they are.

use super::lists;

/// The most attributes of a tag that are read.
const ATTRIBUTES_MAX: usize = 32;

/// A piece of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text between tags; it may have a `<` that begins no tag.
    Text(&'a str),
    /// A start tag: its name in lower case and its attributes with their values as they stand.
    Start(String, Vec<(String, &'a str)>),
    /// An end tag.
    End(String),
}

/// Reads a document. Each character is looked at a bounded number of times.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) const fn new(html: &'a str) -> Self {
        Self { rest: html }
    }

    /// Skips through the first of some endings; all that is left when there is none.
    fn skip_past(&mut self, end: &str) {
        self.rest = self.rest.find(end).map_or("", |at| &self.rest[at + end.len()..]);
    }

    /// Reads what begins with a `<` that begins more than text; nothing when it is to be skipped.
    fn markup(&mut self) -> Option<Token<'a>> {
        if let Some(rest) = self.rest.strip_prefix("<!--") {
            // `<!-->` and `<!--->` are comments of their own.
            self.rest = rest
                .strip_prefix('>')
                .or_else(|| rest.strip_prefix("->"))
                .unwrap_or_else(|| after_comment(rest));
            return None;
        }
        let is_end = self.rest.as_bytes()[1] == b'/';
        let name_start = if is_end { 2 } else { 1 };
        if !self.rest.as_bytes().get(name_start).is_some_and(u8::is_ascii_alphabetic) {
            self.skip_past(">");
            return None;
        }
        self.rest = &self.rest[name_start..];
        let name = self
            .take_until(|byte| is_blank(byte) || matches!(byte, b'/' | b'>'))
            .to_ascii_lowercase();
        let attributes = self.attributes()?;
        if is_end {
            return Some(Token::End(name));
        }
        if lists::RAW.contains(&name.as_str()) {
            self.skip_raw(&name);
            return None;
        }
        Some(Token::Start(name, attributes))
    }

    /// Reads attributes through the end of the tag; nothing when the document ends before, as the
    /// tag is then no tag.
    fn attributes(&mut self) -> Option<Vec<(String, &'a str)>> {
        let mut attributes = Vec::new();
        loop {
            self.take_until(|byte| !is_blank(byte) && byte != b'/');
            match self.rest.as_bytes().first()? {
                b'>' => {
                    self.rest = &self.rest[1..];
                    return Some(attributes);
                }
                _ => {
                    let (name, value) = self.attribute()?;
                    if attributes.len() < ATTRIBUTES_MAX
                        && !attributes.iter().any(|(known, _)| *known == name)
                    {
                        attributes.push((name, value));
                    }
                }
            }
        }
    }

    fn attribute(&mut self) -> Option<(String, &'a str)> {
        // A name may begin with an equals sign, and with nothing else that ends one.
        let rest = self.rest;
        let first = rest.chars().next()?.len_utf8();
        self.rest = &rest[first..];
        let len =
            self.take_until(|byte| is_blank(byte) || matches!(byte, b'/' | b'>' | b'=')).len();
        let name = rest[..first + len].to_ascii_lowercase();
        self.take_until(|byte| !is_blank(byte));
        let Some(after) = self.rest.strip_prefix('=') else { return Some((name, "")) };
        self.rest = after;
        self.take_until(|byte| !is_blank(byte));
        let value = match self.rest.as_bytes().first()? {
            quote @ (b'"' | b'\'') => {
                let quote = char::from(*quote);
                let (value, rest) = self.rest[1..].split_once(quote).unwrap_or(("", ""));
                self.rest = rest;
                value
            }
            _ => self.take_until(|byte| is_blank(byte) || byte == b'>'),
        };
        Some((name, value))
    }

    fn take_until(&mut self, ends: impl Fn(u8) -> bool) -> &'a str {
        let len = self.rest.bytes().position(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    /// Skips the content of an element without markup, with its end tag.
    fn skip_raw(&mut self, name: &str) {
        let bytes = self.rest.as_bytes();
        let is_end = |at: &usize| {
            bytes[*at..].starts_with(b"</")
                && bytes[at + 2..]
                    .get(..name.len())
                    .is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
                && bytes
                    .get(at + 2 + name.len())
                    .is_none_or(|byte| is_blank(*byte) || matches!(byte, b'/' | b'>'))
        };
        let end = (0..bytes.len()).find(is_end);
        self.rest = end.map_or("", |at| &self.rest[at..]);
        self.skip_past(">");
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while !self.rest.is_empty() {
            let begins = |(at, _): &(usize, &str)| {
                matches!(
                    self.rest.as_bytes().get(at + 1),
                    Some(b'!' | b'/' | b'?' | b'a'..=b'z' | b'A'..=b'Z')
                )
            };
            let text_len =
                self.rest.match_indices('<').find(begins).map_or(self.rest.len(), |(at, _)| at);
            if text_len > 0 {
                let (text, rest) = self.rest.split_at(text_len);
                self.rest = rest;
                return Some(Token::Text(text));
            }
            if let Some(token) = self.markup() {
                return Some(token);
            }
        }
        None
    }
}

/// Returns what comes after the end of a comment, which is `-->` or `--!>`.
fn after_comment(rest: &str) -> &str {
    let bytes = rest.as_bytes();
    let end_len = |at: usize| match &bytes[at..] {
        [b'-', b'-', b'>', ..] => Some(3),
        [b'-', b'-', b'!', b'>', ..] => Some(4),
        _ => None,
    };
    (0..bytes.len()).find_map(|at| end_len(at).map(|len| &rest[at + len..])).unwrap_or("")
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}
