//! Encoded words (RFC 2047), as programs write them: cut inside a letter, without padding, next to
//! each other, with raw bytes inside.

use super::charset::{self, Said};
use super::decode;

/// The longest name of a charset with its language, in bytes.
const CHARSET_LEN_MAX: usize = 80;

/// How a word is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Base64,
    Quoted,
}

/// A word that was found: `start..end` of the text, and what is in it.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    start: usize,
    end: usize,
    charset: &'a [u8],
    kind: Kind,
    content: &'a [u8],
}

/// Finds words one after the other, in one pass.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Words<'a> {
    const fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        while self.at < self.text.len() {
            let start = self.at + memchr::memmem::find(&self.text[self.at..], b"=?")?;
            if let Some(word) = word(self.text, start) {
                self.at = word.end;
                return Some(word);
            }
            self.at = start + 2;
        }
        None
    }
}

/// Reads the word that begins at `start`, if one does. It never looks beyond the beginning of the
/// next one.
fn word(text: &[u8], start: usize) -> Option<Word<'_>> {
    let rest = &text[start + 2..];
    let charset_len = rest.iter().take(CHARSET_LEN_MAX + 1).position(|byte| *byte == b'?')?;
    let charset = &rest[..charset_len];
    if charset.iter().any(|byte| !byte.is_ascii_graphic()) {
        return None;
    }
    let (kind, content) = match &rest[charset_len + 1..] {
        [b'B' | b'b', b'?', content @ ..] => (Kind::Base64, content),
        [b'Q' | b'q', b'?', content @ ..] => (Kind::Quoted, content),
        _ => return None,
    };
    let begins_other =
        |at: usize| content[at..].starts_with(b"=?") && content.get(at + 2) != Some(&b'=');
    let len = (0..content.len()).find_map(|at| match content[at] {
        b'?' if content.get(at + 1) == Some(&b'=') => Some(Some(at)),
        b'=' if begins_other(at) => Some(None),
        _ => None,
    })??;
    let end = start + 2 + charset_len + 3 + len + 2;
    Some(Word { start, end, charset, kind, content: &content[..len] })
}

/// Returns the length of the word with which a text begins.
pub(super) fn len_at_start(text: &str) -> Option<usize> {
    text.starts_with("=?").then(|| word(text.as_bytes(), 0)).flatten().map(|word| word.end)
}

/// Makes text of a field's bytes, each in its charset, and leaves encoded words as they are: what
/// is outside of them is in the charset that the letter names elsewhere, and what is raw inside of
/// them is in theirs, and becomes an escape so that it is decoded once.
pub(super) fn armored(value: &[u8], hint: Option<&str>) -> String {
    let mut text = String::with_capacity(value.len());
    let mut at = 0;
    for word in Words::new(value) {
        text.push_str(&charset::text(Said::hint(hint), &value[at..word.start]));
        for byte in &value[word.start..word.end] {
            match (byte.is_ascii(), word.kind) {
                (true, _) => text.push(char::from(*byte)),
                (false, Kind::Quoted) => text.push_str(&format!("={byte:02X}")),
                (false, Kind::Base64) => {}
            }
        }
        at = word.end;
    }
    text.push_str(&charset::text(Said::hint(hint), &value[at..]));
    text
}

/// Returns the charset of the first word of a field that names one.
pub(super) fn charset(value: &[u8]) -> Option<&str> {
    Words::new(value)
        .filter_map(|word| core::str::from_utf8(word.charset).ok())
        .find(|name| charset::is_telling(name))
}

/// Decodes the words of a text. White space between two of them is not shown (section 6.2), and
/// what a program cut in two is joined before it is decoded.
pub(super) fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Vec<Word<'_>> = Vec::new();
    let mut at = 0;
    for word in Words::new(text.as_bytes()) {
        let between = &text[at..word.start];
        let is_next = !open.is_empty() && between.chars().all(char::is_whitespace);
        if !is_next {
            out.push_str(&joined(&open));
            open.clear();
            out.push_str(between);
        } else if !open[0].charset.eq_ignore_ascii_case(word.charset) {
            out.push_str(&joined(&open));
            open.clear();
        }
        at = word.end;
        open.push(word);
    }
    out.push_str(&joined(&open));
    out.push_str(&text[at..]);
    out
}

/// Decodes words of one charset as one text.
fn joined(words: &[Word<'_>]) -> String {
    let Some(first) = words.first() else { return String::new() };
    let label = Said::label(core::str::from_utf8(first.charset).ok());
    let bytes: Vec<u8> = words.iter().flat_map(|word| content(word.kind, word.content)).collect();
    let text = charset::text(label, &bytes);
    if words.len() == 1 || words.iter().any(|word| word.kind == Kind::Quoted) {
        return text;
    }
    // Some programs cut the base 64 itself, so that only the whole has groups of four.
    let whole: Vec<u8> = words.iter().flat_map(|word| word.content).copied().collect();
    let is_open =
        |word: &Word<'_>| !word.content.ends_with(b"=") && !word.content.len().is_multiple_of(4);
    let is_cut = whole.len().is_multiple_of(4) && words[..words.len() - 1].iter().any(is_open);
    if !is_cut && !text.contains('\u{fffd}') {
        return text;
    }
    let other = charset::text(label, &content(Kind::Base64, &whole));
    let wrong = |text: &str| text.matches('\u{fffd}').count();
    if wrong(&other) < wrong(&text) || is_cut && wrong(&other) == 0 { other } else { text }
}

fn content(kind: Kind, text: &[u8]) -> Vec<u8> {
    match kind {
        Kind::Base64 => decode::base64(text),
        Kind::Quoted => quoted(text),
    }
}

/// Undoes the `Q` encoding. Raw blanks and broken escapes stand for themselves.
fn quoted(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail.get(..2).and_then(decode::byte_of)) {
            (b'=', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            (b'_', _) => bytes.push(b' '),
            (b'\r' | b'\n', _) => {}
            _ => bytes.push(*first),
        }
    }
    bytes
}
