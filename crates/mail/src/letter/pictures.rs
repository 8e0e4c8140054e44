//! Pictures that HTML holds in itself (`data:` addresses, RFC 2397), taken out and shown like every
//! other picture of a letter.
//!
//! They are looked for in bytes, before anything else is done with the HTML: a photograph is larger
//! than all the text that is shown.

use std::borrow::Cow;

use handoff_domain::Part;
use sha2::{Digest as _, Sha256};

use super::parameters::percent_decoded;
use super::{decode, hex, names};

/// The most pictures that are taken out. A newsletter has 30. The rest is kept with the letter
/// only.
const PICTURES_MAX: usize = 100;
/// The longest type with its parameters, in bytes.
const TYPE_LEN_MAX: usize = 100;

/// HTML without its pictures, and the pictures.
pub(super) struct Lifted<'a> {
    pub(super) html: Cow<'a, [u8]>,
    pub(super) pictures: Vec<Part>,
    /// There were more than are taken out.
    pub(super) is_cut: bool,
}

/// Takes the pictures out; in their places stand `cid:` addresses of the parts that they become.
pub(super) fn lift(html: &[u8]) -> Lifted<'_> {
    let mut out = Vec::new();
    let mut pictures: Vec<Part> = Vec::new();
    let mut is_cut = false;
    let mut copied = 0;
    let mut at = 0;
    while let Some(start) = next(html, at) {
        let end = start + value_len(&html[start..], html[..start].last().copied());
        at = end;
        let Some(picture) = picture(&html[start..end]) else { continue };
        let known = pictures.iter().any(|known| known.content_id == picture.content_id);
        if !known && pictures.len() == PICTURES_MAX {
            is_cut = true;
            continue;
        }
        out.extend_from_slice(&html[copied..start]);
        out.extend_from_slice(b"cid:");
        out.extend_from_slice(picture.content_id.as_deref().unwrap_or_default().as_bytes());
        copied = end;
        if !known {
            pictures.push(picture);
        }
    }
    if copied == 0 {
        return Lifted { html: Cow::Borrowed(html), pictures, is_cut };
    }
    out.extend_from_slice(&html[copied..]);
    Lifted { html: Cow::Owned(out), pictures, is_cut }
}

/// Finds the next `data:` address that is the value of a `src` attribute.
fn next(html: &[u8], from: usize) -> Option<usize> {
    let begins = |colon: usize| {
        let at = (from + colon).checked_sub(4).filter(|at| *at >= from)?;
        html[at..at + 4].eq_ignore_ascii_case(b"data").then_some(at)
    };
    let is_source = |at: &usize| {
        let before = html[..*at].trim_ascii_end();
        let before = before
            .strip_suffix(b"\"")
            .or_else(|| before.strip_suffix(b"'"))
            .unwrap_or(before)
            .trim_ascii_end();
        let before = before.strip_suffix(b"=").map(<[u8]>::trim_ascii_end);
        before.is_some_and(|before| {
            before.len() > 3 && before[before.len() - 3..].eq_ignore_ascii_case(b"src")
        })
    };
    memchr::memchr_iter(b':', &html[from..]).filter_map(begins).find(is_source)
}

/// Returns how long a value is that begins after `before`: to the quote that ends it, or to a blank
/// when it has none.
fn value_len(value: &[u8], before: Option<u8>) -> usize {
    let is_end = |byte: &u8| match before {
        Some(quote @ (b'"' | b'\'')) => *byte == quote,
        _ => byte.is_ascii_whitespace() || *byte == b'>',
    };
    value.iter().position(is_end).unwrap_or(value.len())
}

/// Reads `data:image/…;base64,…`, or with percent signs.
fn picture(address: &[u8]) -> Option<Part> {
    let comma = address.iter().take(TYPE_LEN_MAX).position(|byte| *byte == b',')?;
    let described = core::str::from_utf8(&address[5..comma]).ok()?.to_ascii_lowercase();
    let media_type = described.split(';').next().unwrap_or_default().trim();
    let subtype = media_type.strip_prefix("image/")?;
    if subtype.is_empty()
        || !subtype.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte))
    {
        return None;
    }
    let data = &address[comma + 1..];
    let data = if data.contains(&b'%') {
        Cow::Owned(percent_decoded(&String::from_utf8_lossy(data)))
    } else {
        Cow::Borrowed(data)
    };
    let is_base64 = described.split(';').any(|parameter| parameter.trim() == "base64");
    let content = if is_base64 { decode::base64(&data) } else { data.into_owned() };
    if content.is_empty() {
        return None;
    }
    let hash = hex(&Sha256::digest(&content)[..12]);
    Some(Part {
        name: names::of_type(media_type, None).or_else(|| Some("image".to_owned())),
        content_type: media_type.to_owned(),
        content_id: Some(format!("{hash}@picture.invalid")),
        inline: false,
        content,
    })
}
