//! Content of a part: its transfer encoding and its charset undone. Each step gives at most three
//! times what it got.

use std::borrow::Cow;

use super::charset::{self, Said};

/// A transfer encoding (RFC 2045, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// The content stands as it is.
    Identity,
    Base64,
    QuotedPrintable,
    /// Nobody knows it.
    Unknown,
}

impl Encoding {
    /// Finds the encoding of a name; some programs write their own spelling.
    pub(super) fn named(name: &str) -> Self {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match name.to_ascii_lowercase().as_str() {
            "" | "7bit" | "7bits" | "8bit" | "8bits" | "7" | "8" | "binary" | "none" | "ascii"
            | "utf8" => Self::Identity,
            "base64" | "b64" | "b" => Self::Base64,
            "quotedprintable" | "quoted" | "qp" | "q" => Self::QuotedPrintable,
            _ => Self::Unknown,
        }
    }

    /// Undoes the encoding; forgiving, as parts are often cut or touched on their way.
    pub(super) fn undo(self, content: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Base64 => Cow::Owned(base64(data(content))),
            Self::QuotedPrintable => Cow::Owned(quoted_printable(content)),
            Self::Identity | Self::Unknown => Cow::Borrowed(content),
        }
    }
}

/// How long a line is at least that can be nothing but base 64. Lines are 60, 64, 72 or 76 long.
const SOLID_LEN_MIN: usize = 40;

/// Cuts off what a mailing list or a scanner adds below the data: from the first line on that
/// cannot be data, when no line that can be nothing else comes after it.
fn data(content: &[u8]) -> &[u8] {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let mut lines =
        content.split_inclusive(|byte| *byte == b'\n').map(|line| (line.len(), line.trim_ascii()));
    // The first line is data, whatever is in it.
    let mut at = lines.by_ref().find_map({
        let mut before = 0;
        move |(len, line)| {
            before += len;
            (!line.is_empty()).then_some(before)
        }
    });
    let mut end = None;
    for (len, line) in lines {
        let start = at.unwrap_or_default();
        at = Some(start + len);
        let is_solid = line.len() >= SOLID_LEN_MIN && line.iter().all(is_digit) && line[0] != b'=';
        let is_data = line.iter().all(is_digit) && line.iter().any(|byte| *byte != b'=');
        if is_solid {
            end = None;
        } else if !is_data && !line.is_empty() && end.is_none() {
            end = Some(start);
        }
    }
    &content[..end.unwrap_or(content.len())]
}

/// Skips what is not of the alphabet, as RFC 2045, section 6.8, demands; padding ends a group, and
/// another group may follow.
pub(super) fn base64(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in content {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                (bits, held) = (0, 0);
                continue;
            }
            _ => continue,
        };
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            decoded.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    decoded
}

/// What is no valid escape stands for itself (RFC 2045, section 6.7, "robust implementation").
fn quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len());
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii_end();
        // Blanks at the end of a line were added on the way.
        let ending = &line[line.len()
            - line.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()..];
        let (text, is_soft) = text.strip_suffix(b"=").map_or((text, false), |text| (text, true));
        let mut at = 0;
        while at < text.len() {
            let escape =
                (text[at] == b'=').then(|| text.get(at + 1..at + 3).and_then(hex)).flatten();
            decoded.push(escape.unwrap_or(text[at]));
            at += if escape.is_some() { 3 } else { 1 };
        }
        if !is_soft {
            decoded.extend_from_slice(ending);
        }
    }
    decoded
}

pub(super) fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

/// Reads text in a charset, with `\n` as line end and without control characters.
pub(super) fn text(said: Said<'_>, content: &[u8]) -> String {
    cleaned(&charset::text(said, content))
}

fn cleaned(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                kept.push('\n');
            }
            '\n' | '\t' => kept.push(character),
            '\u{feff}' => {}
            _ if character.is_control() => {}
            _ => kept.push(character),
        }
    }
    kept
}

/// What becomes of the blank that lets a line flow (`delsp`, RFC 3676, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlowBlank {
    Kept,
    Deleted,
}

/// Undoes `format=flowed` (RFC 3676, section 4): lines that end in a blank go on in the next one of
/// the same quote depth.
pub(super) fn unflowed(text: &str, blank: FlowBlank) -> String {
    let mut joined = String::with_capacity(text.len());
    // The depth of the paragraph that goes on.
    let mut open: Option<usize> = None;
    for (number, line) in text.split('\n').enumerate() {
        let content = line.trim_start_matches('>');
        let depth = line.len() - content.len();
        let content = content.strip_prefix(' ').unwrap_or(content);
        if open != Some(depth) {
            if number > 0 {
                joined.push('\n');
            }
            joined.extend(core::iter::repeat_n('>', depth));
            if depth > 0 && !content.is_empty() {
                joined.push(' ');
            }
        }
        // The line before a signature never flows (section 4.3).
        let is_flowed = content.ends_with(' ') && content != "-- ";
        joined.push_str(if is_flowed && blank == FlowBlank::Deleted {
            &content[..content.len() - 1]
        } else {
            content
        });
        open = is_flowed.then_some(depth);
    }
    joined
}
