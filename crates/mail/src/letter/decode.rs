//! Content of a part: its transfer encoding and its charset undone. Each step gives at most three times what it got.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

/// Undoes a transfer encoding (RFC 2045, section 6); forgiving, as parts are often cut or touched on their way.
pub(super) fn transfer<'a>(encoding: &str, content: &'a [u8]) -> Cow<'a, [u8]> {
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => Cow::Owned(base64(content)),
        "quoted-printable" => Cow::Owned(quoted_printable(content)),
        _ => Cow::Borrowed(content),
    }
}

/// Tells whether [`transfer`] knows an encoding.
pub(super) fn is_known(encoding: &str) -> bool {
    let known = ["", "7bit", "8bit", "binary", "base64", "quoted-printable"];
    known.iter().any(|known| encoding.eq_ignore_ascii_case(known))
}

/// Skips what is not of the alphabet, as RFC 2045, section 6.8, demands; padding ends a group, and another group may follow.
fn base64(content: &[u8]) -> Vec<u8> {
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
        let ending =
            &line[line.len() - line.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()..];
        let (text, is_soft) = text.strip_suffix(b"=").map_or((text, false), |text| (text, true));
        let mut at = 0;
        while at < text.len() {
            let escape = (text[at] == b'=').then(|| text.get(at + 1..at + 3).and_then(hex)).flatten();
            decoded.push(escape.unwrap_or(text[at]));
            at += if escape.is_some() { 3 } else { 1 };
        }
        if !is_soft {
            decoded.extend_from_slice(ending);
        }
    }
    decoded
}

fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(pair[0])? << 4 | digit(pair[1])?)
}

/// Reads text in a charset, with `\n` as line end and without control characters. An unknown charset, or none, is UTF-8 when the bytes
/// are, and else that of western Windows, which the sender most likely meant.
pub(super) fn text(charset: Option<&str>, content: &[u8]) -> String {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let is_vague = charset.is_none_or(|name| {
        name.is_empty() || name.eq_ignore_ascii_case("us-ascii") || name.eq_ignore_ascii_case("ascii")
    });
    let decoder = charset.filter(|_| !is_vague).and_then(|name| charset_decoder(name.as_bytes()));
    // The library leaves UTF-8 to its callers.
    let is_utf8 =
        charset.is_some_and(|name| ["utf-8", "utf8"].iter().any(|known| name.eq_ignore_ascii_case(known)));
    cleaned(&match decoder {
        Some(decoder) => decoder(content),
        None if is_utf8 => String::from_utf8_lossy(content).into_owned(),
        None => guessed(content),
    })
}

/// Reads bytes of which nobody said the charset: UTF-8 when they are (the last character may be cut), else that of western Windows, in
/// which every byte is some character.
pub(super) fn guessed(content: &[u8]) -> String {
    let is_cut = |error: &core::str::Utf8Error| {
        error.error_len().is_none() && !content[..error.valid_up_to()].is_ascii()
    };
    match (core::str::from_utf8(content), charset_decoder(b"windows-1252")) {
        (Ok(text), _) => text.to_owned(),
        (Err(error), Some(western)) if !is_cut(&error) => western(content),
        (Err(_), _) => String::from_utf8_lossy(content).into_owned(),
    }
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

/// Undoes `format=flowed` (RFC 3676, section 4): lines that end in a blank go on in the next one of the same quote depth.
pub(super) fn unflowed(text: &str, deletes_blank: bool) -> String {
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
        joined.push_str(if is_flowed && deletes_blank { &content[..content.len() - 1] } else { content });
        open = is_flowed.then_some(depth);
    }
    joined
}
