//! Lists of addresses (RFC 5322, section 3.4), as programs write them.
//!
//! An address is never made of two: what stands between two of them without a comma separates them
//! all the same, and a local part with blanks keeps them, in quotes. A local part stands in quotes
//! when it was written so and needs them; one with dots where none may be, as some providers give
//! them, stays as it was written.

use handoff_domain::Address;
use handoff_domain::mail::breaks_line;

use super::fields::one_line;
use super::parameters::comment_len;
use super::{names, words};

/// The longest address or name that is kept, in bytes: three times what RFC 5321 allows.
const ADDRESS_LEN_MAX: usize = 1_024;
/// The most comments and quotes of a field that are looked for and never end.
const OPEN_MAX: usize = 8;

/// Reads at most `count_max` addresses, those of groups too. What has no `@` is left out.
pub(super) fn read(text: &str, count_max: usize) -> Vec<Address> {
    let found = Reader::new(text, count_max).read();
    if !found.is_empty() {
        return found;
    }
    // Some programs encode the whole field, address and all.
    let decoded = words::decoded(text);
    if decoded == text { found } else { Reader::new(&decoded, count_max).read() }
}

struct Reader<'a> {
    rest: &'a str,
    count_max: usize,
    /// How many comments and quotes were found that never end.
    open: usize,
    found: Vec<Address>,
    item: Item,
}

/// What was read since the last separator.
#[derive(Default)]
struct Item {
    /// Everything outside angle brackets and comments, as it stands.
    phrase: String,
    comment: String,
    angle: Option<String>,
}

/// What ends an item.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// A comma, which may belong to a name.
    Comma,
    /// A semicolon, or the end of the field.
    End,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, count_max: usize) -> Self {
        Self { rest: text, count_max, open: 0, found: Vec::new(), item: Item::default() }
    }

    fn read(mut self) -> Vec<Address> {
        while let Some(first) = self.rest.chars().next() {
            if self.found.len() >= self.count_max {
                break;
            }
            let len = match first {
                '(' => self.comment(),
                '"' => self.quoted(),
                '<' => self.angle(),
                '=' => self.word(),
                ',' => self.separator(Separator::Comma),
                ';' => self.separator(Separator::End),
                ':' if self.is_group() => {
                    self.item = Item::default();
                    1
                }
                _ => self.text(first.len_utf8()),
            };
            self.rest = &self.rest[len..];
        }
        self.separator(Separator::End);
        self.found
    }

    /// Tells whether a colon ends the name of a group.
    fn is_group(&self) -> bool {
        let phrase = &self.item.phrase;
        self.item.angle.is_none() && !phrase.contains('@') && !phrase.ends_with("mailto")
    }

    fn comment(&mut self) -> usize {
        let len = if self.open < OPEN_MAX { comment_len(self.rest) } else { None };
        let Some(len) = len else {
            self.open += 1;
            return self.text(1);
        };
        if !self.item.comment.is_empty() {
            self.item.comment.push(' ');
        }
        self.item.comment.push_str(&unescaped(&self.rest[1..len - 1]));
        self.item.phrase.push(' ');
        len
    }

    fn quoted(&mut self) -> usize {
        let len = if self.open < OPEN_MAX { quoted_len(self.rest) } else { None };
        if len.is_none() {
            self.open += 1;
        }
        self.text(len.unwrap_or(1))
    }

    fn word(&mut self) -> usize {
        self.text(words::len_at_start(self.rest).unwrap_or(1))
    }

    /// Takes what is part of a name or of an address without brackets. After an address in brackets
    /// it belongs to the next one.
    fn text(&mut self, len: usize) -> usize {
        let text = &self.rest[..len];
        if self.item.angle.is_some() && !text.trim().is_empty() {
            if text == ">" {
                return len;
            }
            self.finish();
        }
        self.item.phrase.push_str(text);
        len
    }

    fn angle(&mut self) -> usize {
        if self.item.angle.is_some() {
            self.finish();
        }
        let inside = self.rest.trim_start_matches('<');
        let start = self.rest.len() - inside.len();
        let (mut is_quoted, mut is_escaped) = (false, false);
        let end = inside.char_indices().find(|(_, character)| {
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => is_quoted = !is_quoted,
                // A route has commas (RFC 5322, section 4.4).
                '>' | ';' => return !is_quoted,
                ',' => return !is_quoted && !inside.starts_with('@'),
                _ => {}
            }
            false
        });
        let (len, closing) =
            end.map_or((inside.len(), 0), |(at, character)| (at, usize::from(character == '>')));
        self.item.angle = Some(inside[..len].to_owned());
        start + len + closing
    }

    /// Ends an item. A name with a comma and without quotes was cut by it, so it goes on.
    fn separator(&mut self, separator: Separator) -> usize {
        let is_name = self.item.angle.is_none()
            && !self.item.phrase.contains('@')
            && !self.item.phrase.trim().is_empty();
        if separator == Separator::Comma && is_name {
            self.item.phrase.truncate(self.item.phrase.trim_end().len());
            self.item.phrase.push_str(", ");
            if self.item.phrase.len() > ADDRESS_LEN_MAX {
                self.item = Item::default();
            }
        } else {
            self.finish();
        }
        1
    }

    fn finish(&mut self) {
        let item = core::mem::take(&mut self.item);
        match item.angle.as_deref().map(address) {
            Some(Some(address)) => {
                let name = if item.phrase.trim().is_empty() { &item.comment } else { &item.phrase };
                self.keep(address, name);
            }
            // A name with something else in brackets, such as `a@b.example <work>`.
            Some(None) | None => self.bare(&item),
        }
    }

    /// Reads addresses without brackets: a word each, with the words before it as its name.
    fn bare(&mut self, item: &Item) {
        if item.phrase.matches('@').count() == 1 {
            // The old form lets blanks stand around `@` and dots (RFC 5322, section 4.4).
            let tight = item.phrase.split_whitespace().collect::<Vec<_>>().join(" ");
            let tight =
                tight.replace(" @", "@").replace("@ ", "@").replace(" .", ".").replace(". ", ".");
            return self.bare_words(&tight, &item.comment);
        }
        self.bare_words(&item.phrase, &item.comment);
    }

    fn bare_words(&mut self, phrase: &str, comment: &str) {
        let mut name = String::new();
        for word in words_of(phrase) {
            match address(word) {
                Some(address) => {
                    let before = core::mem::take(&mut name);
                    self.keep(address, if before.trim().is_empty() { comment } else { &before });
                }
                None => {
                    name.push_str(word);
                    name.push(' ');
                }
            }
        }
    }

    fn keep(&mut self, address: String, name: &str) {
        if address.len() > ADDRESS_LEN_MAX || self.found.len() >= self.count_max {
            return;
        }
        let name = one_line(&words::decoded(&without_quotes(name)));
        let name = name.trim_matches([',', ' ']);
        let name = (!name.is_empty() && name != address)
            .then(|| names::cut(name, ADDRESS_LEN_MAX).to_owned());
        self.found.push(Address { address, name });
    }
}

/// Splits at blanks outside quotes.
fn words_of(phrase: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let words = phrase.split(move |character: char| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => return character.is_whitespace() && !is_quoted,
        }
        false
    });
    words.filter(|word| !word.is_empty())
}

/// Returns the length of the quoted string with which a text begins.
fn quoted_len(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.bytes().enumerate().skip(1).find(|(_, byte)| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end.map(|(at, _)| at + 1)
}

/// Reads `local@domain`, and what programs put around it. `None` when it is none.
fn address(text: &str) -> Option<String> {
    let text = &without_comments(text);
    let text =
        text.trim().trim_start_matches(['[', '<', '\'']).trim_end_matches(['>', '\'', ';', ',']);
    let text = text.strip_prefix("mailto:").unwrap_or(text).trim();
    // A source route is to be ignored (RFC 5322, section 4.4).
    let text = if text.starts_with('@') { text.rsplit_once(':')?.1 } else { text };
    // Two in one pair of brackets: the first is taken.
    let text = match (text.matches('@').count(), words_of(text).next()) {
        (2.., Some(first))
            if first.contains('@') && !first.starts_with('@') && !first.ends_with('@') =>
        {
            first
        }
        _ => text,
    };
    let (local, domain) = split(text)?;
    // The old form lets blanks stand around dots (RFC 5322, section 4.4); other blanks end it.
    let domain = domain
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" .", ".")
        .replace(". ", ".");
    let ends = |c: char| c == ' ' || breaks_line(c) || "<>,;\"()\\".contains(c);
    let end = domain.find(ends).unwrap_or(domain.len());
    let domain = domain[..end].trim_end_matches('.');
    let domain = if domain.starts_with('[') { domain } else { domain.trim_end_matches(']') };
    let local = local_part(local.trim())?;
    (!domain.is_empty()).then(|| format!("{local}@{domain}"))
}

/// Takes comments out (RFC 5322, section 3.2.2), but not from quotes.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // One that never ends is none, and none is looked for after it, so that the work stays linear.
    let mut is_open = false;
    while let Some(first) = rest.chars().next() {
        let found = match first {
            '(' if !is_open => comment_len(rest),
            '"' if !is_open => quoted_len(rest),
            _ => Some(first.len_utf8()),
        };
        is_open |= found.is_none();
        let len = found.unwrap_or(first.len_utf8());
        if first != '(' || is_open {
            out.push_str(&rest[..len]);
        }
        rest = &rest[len..];
    }
    out
}

/// Splits at the last `@` outside quotes.
fn split(text: &str) -> Option<(&str, &str)> {
    let quoted = if text.starts_with('"') { quoted_len(text).unwrap_or(0) } else { 0 };
    let at = quoted + text[quoted..].rfind('@')?;
    Some((&text[..at], &text[at + 1..]))
}

/// Returns a local part in its shortest form: without quotes when it does not need them, and with
/// no more escapes than it needs.
fn local_part(text: &str) -> Option<String> {
    let inside = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let content = inside.map_or_else(|| text.replace(" .", ".").replace(". ", "."), unescaped);
    let content: String = content.chars().filter(|character| !breaks_line(*character)).collect();
    if content.is_empty() {
        return None;
    }
    let is_atom =
        |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    let is_atoms = content.chars().all(|character| is_atom(character) || character == '.');
    let is_plain = !content.split('.').any(str::is_empty);
    if is_atoms && (is_plain || inside.is_none()) {
        return Some(content);
    }
    let mut quoted = String::with_capacity(content.len() + 2);
    for character in content.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    Some(format!("\"{quoted}\""))
}

/// Takes the quotes out of a name.
fn without_quotes(phrase: &str) -> String {
    let mut text = String::with_capacity(phrase.len());
    let mut characters = phrase.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {}
            '\\' => text.extend(characters.next()),
            _ => text.push(character),
        }
    }
    text
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            _ => out.push(character),
        }
    }
    out
}
