//! Content of a part: its transfer encoding and its charset undone. Each step gives at most three
//! times what it got.

use std::borrow::Cow;

use super::charset::{self, Said};
use super::fields::lines;

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
    let is_digit =
        |byte: &u8| DIGITS[usize::from(*byte)] != NO_DIGIT && !matches!(byte, b'-' | b'_');
    let mut lines = lines(content).map(|line| (line.len(), line.trim_ascii()));
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
        let has_digits_alone = line.iter().all(is_digit);
        let is_solid = has_digits_alone && line.len() >= SOLID_LEN_MIN && line[0] != b'=';
        let is_data = has_digits_alone && line.iter().any(|byte| *byte != b'=');
        if is_solid {
            end = None;
        } else if !is_data && !line.is_empty() && end.is_none() {
            end = Some(start);
        }
    }
    &content[..end.unwrap_or(content.len())]
}

/// What is no digit of base 64.
const NO_DIGIT: u8 = 0xff;
/// What ends a group.
const PADDING: u8 = 0xfe;
/// What each byte is as a digit of base 64, in either alphabet (RFC 4648, sections 4 and 5).
const DIGITS: [u8; 256] = digits();

const fn digits() -> [u8; 256] {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut digits = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 64 {
        digits[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    digits[b'-' as usize] = 62;
    digits[b'_' as usize] = 63;
    digits[b'=' as usize] = PADDING;
    digits
}

/// Returns the three bytes of a group; `None` when not all of it are digits.
fn group(group: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = group.map(|byte| u32::from(DIGITS[usize::from(byte)]));
    let [_, bytes @ ..] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
    (a | b | c | d < 64).then_some(bytes)
}

/// Skips what is not of the alphabet, as RFC 2045, section 6.8, demands; padding ends a group, and
/// another group may follow.
pub(super) fn base64(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut rest = content;
    loop {
        // Nearly all of it is groups, one behind the other to the end of a line.
        while held == 0
            && let Some((four, after)) = rest.split_first_chunk()
            && let Some(bytes) = group(*four)
        {
            decoded.extend_from_slice(&bytes);
            rest = after;
        }
        let Some((byte, after)) = rest.split_first() else { return decoded };
        rest = after;
        let digit = match DIGITS[usize::from(*byte)] {
            NO_DIGIT => continue,
            PADDING => {
                (bits, held) = (0, 0);
                continue;
            }
            digit => digit,
        };
        bits = (bits << 6) | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            decoded.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
}

/// What is no valid escape stands for itself (RFC 2045, section 6.7, "robust implementation").
fn quoted_printable(content: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(content.len());
    for line in lines(content) {
        let text = line.trim_ascii_end();
        // Blanks at the end of a line were added on the way.
        let ending = &line[line.len()
            - line.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()..];
        let (text, is_soft) = text.strip_suffix(b"=").map_or((text, false), |text| (text, true));
        let mut rest = text;
        while let Some(run) = memchr::memchr(b'=', rest) {
            decoded.extend_from_slice(&rest[..run]);
            let escape = rest.get(run + 1..run + 3).and_then(byte_of);
            decoded.push(escape.unwrap_or(b'='));
            rest = &rest[run + if escape.is_some() { 3 } else { 1 }..];
        }
        decoded.extend_from_slice(rest);
        if !is_soft {
            decoded.extend_from_slice(ending);
        }
    }
    decoded
}

/// Returns the byte of two hexadecimal digits.
pub(super) fn byte_of(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

/// Reads text in a charset, with `\n` as line end and without control characters.
pub(super) fn text(said: Said<'_>, content: &[u8]) -> String {
    cleaned(&charset::text(said, content))
}

fn cleaned(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(run) = rest.bytes().position(may_be_touched) {
        kept.push_str(&rest[..run]);
        let mut characters = rest[run..].chars();
        match characters.next() {
            Some('\r') if characters.as_str().starts_with('\n') => {}
            Some('\r') => kept.push('\n'),
            Some('\u{feff}') | None => {}
            Some(character) if character.is_control() => {}
            Some(character) => kept.push(character),
        }
        rest = characters.as_str();
    }
    kept.push_str(rest);
    kept
}

/// Tells whether a byte begins a character that is changed or left out, or may: of a character of
/// several bytes the first says it, U+0080 to U+009F or U+FEFF.
const fn may_be_touched(byte: u8) -> bool {
    (byte < b' ' && !matches!(byte, b'\n' | b'\t')) || matches!(byte, 0x7f | 0xc2 | 0xef)
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

#[cfg(test)]
mod tests {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn base64_is_the_same_wherever_its_lines_end() {
        let bytes: Vec<u8> = (0..=255).collect();
        for text in [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            for width in 1..=80 {
                for between in ["\r\n", "\n", " ", "\r\n\t.", "\u{e9}"] {
                    let lines: Vec<_> = text.as_bytes().chunks(width).collect();
                    let broken = lines.join(between.as_bytes());
                    assert_eq!(base64(&broken), bytes, "{width} {between:?}");
                }
            }
        }
        assert_eq!(base64(b"QUI=QUJD"), b"ABABC", "another group follows padding");
        assert_eq!(base64(b"QUJDQ"), b"ABC");
    }

    #[test]
    fn escapes_are_undone_and_what_is_none_stands_for_itself() {
        for (content, expected) in [
            ("a=3Db=c3=BC\r\n", "a=b\u{fc}\r\n"),
            ("soft=\r\nly =20 \r\n", "softly  \r\n"),
            ("=3", "=3"),
            ("==3D=", "=="),
            ("=zz= 3D", "=zz= 3D"),
            ("", ""),
        ] {
            let undone = quoted_printable(content.as_bytes());
            assert_eq!(undone, expected.as_bytes(), "{content:?}");
        }
    }

    #[test]
    fn texts_have_one_kind_of_line_end_and_nothing_that_is_not_seen() {
        for (text, expected) in [
            ("a\r\nb\rc\nd\r", "a\nb\nc\nd\n"),
            ("\r\r\n\n", "\n\n\n"),
            ("a\0b\u{1b}c\u{7f}d\te", "abcd\te"),
            ("\u{80}\u{9f}\u{a0}\u{bf}", "\u{a0}\u{bf}"),
            ("\u{feff}a\u{feff}\u{fefe}\u{ff01}", "a\u{fefe}\u{ff01}"),
            ("gr\u{fc}\u{df}e \u{1f600}", "gr\u{fc}\u{df}e \u{1f600}"),
        ] {
            assert_eq!(cleaned(text), expected, "{text:?}");
        }
    }
}
