//! Text in any charset, also when the sender names the wrong one or none.
//!
//! What a letter says about its charset is believed as long as the bytes can be that. Programs that
//! relay, archive and convert letters lose the name or put another in its place, so bytes that
//! cannot be what is said are read as what they most likely are: a letter of replacement characters
//! helps nobody.

mod detect;
mod iso2022;
mod label;
mod utf7;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use self::label::Charset;

/// How many letters of UTF-8 a text in another charset may have by chance and no bytes that are
/// none.
const CHANCE_MAX: usize = 4;

/// What is known of the charset of some bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    /// What their own field says.
    pub(super) label: Option<&'a str>,
    /// What the rest of the letter says, for bytes of which nothing is said.
    pub(super) hint: Option<&'a str>,
}

impl<'a> Said<'a> {
    /// Bytes with a charset of their own.
    pub(super) const fn label(label: Option<&'a str>) -> Self {
        Self { label, hint: None }
    }

    /// Bytes without one, in a letter that has one.
    pub(super) const fn hint(hint: Option<&'a str>) -> Self {
        Self { label: None, hint }
    }
}

/// Reads bytes as text. The result has at most three times their size.
pub(super) fn text(said: Said<'_>, content: &[u8]) -> String {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let charset = said.label.map_or(Charset::Vague, label::find);
    let is_seven_bit = content.is_ascii();
    // No other charset has escape sequences, so they are believed more than a label.
    let is_bytes = !matches!(charset, Charset::Wide(_) | Charset::Iso2022(_));
    if is_bytes && (is_seven_bit || charset == Charset::Vague) && iso2022::is_designated(content) {
        return iso2022::text(content, iso2022::Set::Ascii);
    }
    match charset {
        Charset::Iso2022(shifted) if is_seven_bit || iso2022::is_designated(content) => {
            iso2022::text(content, shifted)
        }
        Charset::Iso2022(_) => guessed(said.hint, content),
        Charset::Hz => iso2022::hz_text(content),
        Charset::Utf7 => utf7::text(content),
        Charset::Vague => guessed(said.hint, content),
        Charset::Encoding(encoding) if encoding == UTF_8 => utf8(said.hint, content),
        Charset::Encoding(encoding) => checked(encoding, said.hint, content),
        Charset::Wide(order) => detect::wide(order, content),
        Charset::Library(decode) => decode(content),
    }
}

/// Tells whether a label names a charset that says more than "some letters".
pub(super) fn is_telling(label: &str) -> bool {
    label::find(label) != Charset::Vague
}

/// Tells whether a label names UTF-8.
pub(super) fn is_utf8(label: &str) -> bool {
    label::find(label) == Charset::Encoding(UTF_8)
}

/// Reads bytes of which nobody said the charset: UTF-8 when they are (the last character may be
/// cut), else what the letter names elsewhere when they can be that, else what they look like.
fn guessed(hint: Option<&str>, content: &[u8]) -> String {
    match core::str::from_utf8(content) {
        Ok(text) => return text.to_owned(),
        Err(error) if is_cut(content, error) => {
            return String::from_utf8_lossy(content).into_owned();
        }
        Err(_) => {}
    }
    if detect::is_wide(content) {
        return detect::wide(detect::Order::Unknown, content);
    }
    let hinted = hint.and_then(|hint| match label::find(hint) {
        Charset::Encoding(encoding) if encoding != UTF_8 => {
            encoding.decode_without_bom_handling_and_without_replacement(content)
        }
        Charset::Library(decode) => Some(decode(content).into()),
        _ => None,
    });
    hinted.map_or_else(|| decoded(detect::encoding(content), content), std::borrow::Cow::into_owned)
}

/// Tells whether bytes that are no UTF-8 only lack the end of their last character.
fn is_cut(content: &[u8], error: core::str::Utf8Error) -> bool {
    error.error_len().is_none() && !content[..error.valid_up_to()].is_ascii()
}

/// Reads bytes that are said to be UTF-8. A program that adds a footer in another charset, or a
/// wrong label, makes lines that are none.
fn utf8(hint: Option<&str>, content: &[u8]) -> String {
    match core::str::from_utf8(content) {
        Ok(text) => return text.to_owned(),
        Err(error) if is_cut(content, error) => {
            return String::from_utf8_lossy(content).into_owned();
        }
        Err(_) => {}
    }
    let is_other = |line: &&[u8]| {
        let (mut good, mut bad) = (0_usize, 0_usize);
        for chunk in line.utf8_chunks() {
            good += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
            bad += usize::from(!chunk.invalid().is_empty());
        }
        bad > good
    };
    let lines = || content.split_inclusive(|byte| *byte == b'\n');
    let others: Vec<u8> = lines().filter(is_other).flatten().copied().collect();
    if others.is_empty() {
        return String::from_utf8_lossy(content).into_owned();
    }
    let hinted = hint.and_then(|hint| match label::find(hint) {
        Charset::Encoding(encoding) if encoding != UTF_8 => Some(encoding),
        _ => None,
    });
    let encoding = hinted.unwrap_or_else(|| detect::encoding(&others));
    let mut text = String::with_capacity(content.len());
    for line in lines() {
        if is_other(&line) {
            text.push_str(&decoded(encoding, line));
        } else {
            text.push_str(&String::from_utf8_lossy(line));
        }
    }
    text
}

/// Reads bytes in the charset that is said, unless they are clearly in another one.
fn checked(encoding: &'static Encoding, hint: Option<&str>, content: &[u8]) -> String {
    // Many programs write UTF-8 and name what they wrote before. Letters of western languages
    // hardly ever make the pairs that UTF-8 has; elsewhere some by chance are possible, but not
    // many, and no others.
    let is_utf8 = match core::str::from_utf8(content) {
        Ok(text) => {
            let letters =
                text.chars().filter(|character| !character.is_ascii()).take(CHANCE_MAX + 1).count();
            encoding == WINDOWS_1252 || letters > CHANCE_MAX
        }
        Err(_) => false,
    };
    if is_utf8 {
        return String::from_utf8_lossy(content).into_owned();
    }
    let text = decoded(encoding, content);
    // One is a cut character or a letter of somebody's own; a wrong label makes many.
    let wrong = text.chars().filter(|character| *character == '\u{fffd}').count();
    let foreign = text.chars().filter(|character| !character.is_ascii()).count();
    if wrong * 8 <= foreign {
        return text;
    }
    let other = guessed(hint, content);
    let still_wrong = other.chars().filter(|character| *character == '\u{fffd}').count();
    if still_wrong < wrong { other } else { text }
}

fn decoded(encoding: &'static Encoding, content: &[u8]) -> String {
    encoding.decode_without_bom_handling(content).0.into_owned()
}

#[cfg(test)]
mod tests;
