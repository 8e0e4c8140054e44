//! Fields of the form of `Content-Type`: a value, and parameters after it (RFC 2045, section 5.1;
//! RFC 2231).
//!
//! Folds, comments and blanks may stand between any two tokens. What is broken is read as it was
//! most likely meant: quotes that are not escaped, values with blanks and without quotes, missing
//! semicolons, words of RFC 2047 in quotes.

use super::charset::{self, Said};
use super::fields::one_line;
use super::{decode, words};

/// The most parameters, continuations included, that are read.
const PARAMETERS_MAX: usize = 500;
/// Parameters whose values are names for people, in which blanks and brackets are letters.
const NAMES: &[&str] = &["name", "filename"];

/// A field that was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Described {
    /// What stands before the parameters, in lower case.
    pub(super) value: String,
    parameters: Vec<Parameter>,
}

/// A parameter, or a piece of one.
#[derive(Clone, Debug)]
struct Parameter {
    name: String,
    /// The number of a piece.
    piece: Option<u16>,
    /// Whether it is in RFC 2231's encoding.
    is_extended: bool,
    value: String,
}

impl Described {
    /// Reads a field's text.
    pub(super) fn read(text: &str) -> Self {
        let mut reader = Reader::new(text);
        let mut described =
            Self { value: reader.value().to_ascii_lowercase(), parameters: Vec::new() };
        if described.value.contains('=') {
            described.value.clear();
            reader.rest = text;
        }
        while described.parameters.len() < PARAMETERS_MAX {
            match reader.parameter() {
                Some((name, value)) => described.parameters.extend(parameter(name, value)),
                None => break,
            }
        }
        described
    }

    /// Returns a parameter, decoded. The form of RFC 2231 is preferred (RFC 6266, section 4.3).
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let all = || self.parameters.iter().filter(|parameter| parameter.name == name);
        let mut pieces: Vec<_> = all().filter(|it| it.is_extended || it.piece.is_some()).collect();
        if pieces.is_empty() {
            let plain = all().next()?;
            return Some(words::decoded(&plain.value));
        }
        // `name*` stands for the whole, so it comes first and nothing after it.
        pieces.sort_by_key(|parameter| parameter.piece);
        pieces.dedup_by_key(|parameter| parameter.piece);
        if pieces[0].piece.is_none() {
            pieces.truncate(1);
        }
        Some(joined(&pieces))
    }
}

/// Joins the pieces of a value before its charset is decoded, as a program may have cut it inside a
/// letter (RFC 2231, section 4.1).
fn joined(pieces: &[&Parameter]) -> String {
    let Some(first) = pieces.iter().position(|piece| piece.is_extended) else {
        let whole: String = pieces.iter().map(|piece| piece.value.as_str()).collect();
        return words::decoded(&whole);
    };
    let mut bytes = Vec::new();
    let mut label = None;
    for (at, piece) in pieces.iter().enumerate() {
        let mut value = piece.value.as_str();
        if at == first {
            let mut parts = value.splitn(3, '\'');
            if let (Some(charset), Some(_language), Some(rest)) =
                (parts.next(), parts.next(), parts.next())
            {
                (label, value) = (Some(charset), rest);
            }
        }
        bytes.extend(if piece.is_extended {
            percent_decoded(value)
        } else {
            value.as_bytes().to_vec()
        });
    }
    words::decoded(&charset::text(Said::label(label), &bytes))
}

/// Undoes percent signs; what is no escape stands for itself.
pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%').then(|| tail.get(..2).and_then(decode::byte_of)).flatten();
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    bytes
}

/// Reads what a parameter's name says about its form.
fn parameter(name: &str, value: String) -> Option<Parameter> {
    let name = name.to_ascii_lowercase();
    let (name, is_extended) =
        name.strip_suffix('*').map_or((name.as_str(), false), |name| (name, true));
    let (name, piece) = match name.split_once('*') {
        Some((name, number)) => (name, Some(number.parse().ok()?)),
        None => (name, None),
    };
    Some(Parameter { name: name.to_owned(), piece, is_extended, value })
}

struct Reader<'a> {
    rest: &'a str,
    /// A comment was found that never ends. None is looked for again, so that the work stays
    /// linear.
    has_open_comment: bool,
    /// The same with a quote.
    has_open_quote: bool,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str) -> Self {
        Self { rest: text, has_open_comment: false, has_open_quote: false }
    }

    /// Reads what stands before the parameters.
    fn value(&mut self) -> String {
        self.skip_blanks();
        if let Some((value, rest)) =
            self.rest.strip_prefix('"').and_then(|rest| rest.split_once('"'))
        {
            self.rest = rest;
            return value.to_owned();
        }
        let mut value = self.token().to_owned();
        self.skip_blanks();
        // Some programs write `text / plain`.
        if let Some(rest) = self.rest.strip_prefix('/').filter(|_| !value.contains('/')) {
            self.rest = rest;
            value.push('/');
        }
        if value.ends_with('/') {
            self.skip_blanks();
            value.push_str(self.token());
        }
        value
    }

    fn token(&mut self) -> &'a str {
        self.take_until(|c| c.is_whitespace() || matches!(c, ';' | '(' | ','))
    }

    /// Reads the next parameter.
    fn parameter(&mut self) -> Option<(&'a str, String)> {
        loop {
            self.skip_blanks();
            if let Some(rest) = self.rest.strip_prefix([';', ',']) {
                self.rest = rest;
                continue;
            }
            if self.rest.is_empty() {
                return None;
            }
            let name = self.take_until(|c| c.is_whitespace() || matches!(c, ';' | '=' | '('));
            self.skip_blanks();
            let Some(rest) = self.rest.strip_prefix('=') else {
                if name.is_empty() {
                    self.rest = self.rest.get(1..).unwrap_or_default();
                }
                continue;
            };
            self.rest = rest;
            let base = name.split('*').next().unwrap_or_default();
            let is_name = NAMES.iter().any(|known| base.eq_ignore_ascii_case(known));
            // `filename=(1).pdf` is a name and no comment.
            self.rest = self.rest.trim_start();
            if !is_name {
                self.skip_blanks();
            }
            let value = match self.rest.strip_prefix('"') {
                Some(rest) => self.quoted(rest),
                None if is_name => one_line(self.take_until(|c| c == ';')),
                None => self.take_until(|c| c.is_whitespace() || matches!(c, ';' | '(')).to_owned(),
            };
            return Some((name, value));
        }
    }

    /// Reads a quoted value, whose first quote was taken.
    fn quoted(&mut self, text: &'a str) -> String {
        let mut value = String::new();
        let searched = if self.has_open_quote { "" } else { text };
        let mut characters = searched.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                // Programs of Windows write paths with single backslashes.
                '\\' if matches!(characters.peek(), Some((_, '"' | '\\'))) => {
                    value.extend(characters.next().map(|(_, escaped)| escaped));
                }
                '"' if ends_value(&text[at + 1..]) => {
                    self.rest = &text[at + 1..];
                    return value;
                }
                '\r' | '\n' => {}
                _ => value.push(character),
            }
        }
        self.has_open_quote = true;
        // The closing quote is missing: the value ends where the next parameter begins.
        let value = self.take_until(|c| c == ';');
        one_line(value.trim_start_matches('"'))
    }

    /// Skips blanks, folds and comments. A comment that never ends is none.
    fn skip_blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if self.has_open_comment || !self.rest.starts_with('(') {
                return;
            }
            match comment_len(self.rest) {
                Some(len) => self.rest = &self.rest[len..],
                None => self.has_open_comment = true,
            }
        }
    }

    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let (taken, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }
}

/// Tells whether what follows a quote shows that it was the last one of its value: the end, a
/// semicolon, a comment, or, where a program forgot the semicolon, a name and an equals sign.
fn ends_value(rest: &str) -> bool {
    const NAME_LEN_MAX: usize = 40;
    let after = rest.trim_start();
    let Some(first) = after.chars().next() else { return true };
    let name_len = after
        .bytes()
        .take(NAME_LEN_MAX)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-*_".contains(byte))
        .count();
    matches!(first, ';' | '(' | ',')
        || after.len() < rest.len()
            && name_len > 0
            && after[name_len..].trim_start().starts_with('=')
}

/// Returns the length of the comment with which a text begins (RFC 5322, section 3.2.2).
pub(super) fn comment_len(text: &str) -> Option<usize> {
    if !text.starts_with('(') {
        return None;
    }
    let (mut depth, mut is_escaped) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Returns the first word of a field, without what may stand around it.
pub(super) fn first_word(text: &str) -> String {
    Reader::new(text).value().trim_end_matches(':').to_ascii_lowercase()
}
