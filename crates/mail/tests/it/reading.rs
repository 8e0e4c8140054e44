//! Letters as programs really write them: each kind of mistake with its siblings, and what a reader
//! would have made of it.

use handoff_domain::{Letter, Part};
use handoff_mail::letter::{Envelope, Reading, read};

use crate::letters::{letter, message, signer};

mod addresses;
mod bodies;
mod charsets;
mod fields;
mod files;
mod tnef;

/// Makes a message of bytes: fields and a body.
fn raw(fields: &[u8], body: &[u8]) -> Vec<u8> {
    let mut raw = b"From: Ada <ada@example.org>\r\nMessage-ID: <1@example.org>\r\n".to_vec();
    raw.extend_from_slice(fields);
    raw.extend_from_slice(b"\r\n\r\n");
    raw.extend_from_slice(body);
    raw
}

/// Reads a message of several parts, whose boundary is `b`.
fn parts(kind: &str, parts: &[&str]) -> Letter {
    let mut text = format!("Content-Type: multipart/{kind}; boundary=b\n\n");
    for part in parts {
        text.push_str(&format!("--b\n{part}\n"));
    }
    text.push_str("--b--\n");
    letter(&message(&text))
}

fn names(letter: &Letter) -> Vec<&str> {
    letter.parts.iter().map(|part| part.name.as_deref().unwrap_or("-")).collect()
}

fn types(letter: &Letter) -> Vec<&str> {
    letter.parts.iter().map(|part| part.content_type.as_str()).collect()
}

fn named<'a>(letter: &'a Letter, name: &str) -> &'a Part {
    letter.parts.iter().find(|part| part.name.as_deref() == Some(name)).unwrap()
}

/// Reads a message of which the envelope's sender is known.
fn from_envelope(raw: &[u8], sender: Option<&str>) -> Letter {
    let signer = signer();
    read(
        raw,
        &Reading { envelope: Envelope::Known { sender, recipients: &[] }, ..Reading::new(&signer) },
    )
    .unwrap()
}
