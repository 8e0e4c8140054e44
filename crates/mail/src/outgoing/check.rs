//! What a message must be before it is built, and what it must be afterwards.

use std::collections::HashSet;

use super::{Field, NotSendable, Outgoing, SUBJECT_LEN_MAX};
use handoff_domain::mail::{breaks_line, mailbox_key};

use crate::address;

/// The longest `Message-ID`, in bytes: with its name and brackets it has to fit a line of 998.
const ID_LEN_MAX: usize = 900;
/// The longest file name, in bytes.
const NAME_LEN_MAX: usize = 255;
/// The longest line of a message, in bytes without its end (RFC 5322, section 2.1.1).
const LINE_LEN_MAX: usize = 998;

/// Checks everything that will stand in a header or in the envelope.
pub(super) fn fields(message: &Outgoing) -> Result<(), NotSendable> {
    id(Field::MessageId, &message.message_id)?;
    message.in_reply_to.iter().try_for_each(|text| id(Field::InReplyTo, text))?;
    message.references.iter().try_for_each(|text| id(Field::References, text))?;
    line(Field::Subject, &message.subject, SUBJECT_LEN_MAX)?;
    let single = [(Field::From, Some(&message.from)), (Field::ReplyTo, message.reply_to.as_ref())];
    let single = single.into_iter().filter_map(|(field, address)| Some((field, address?)));
    let lists = [(Field::To, &message.to), (Field::Cc, &message.cc), (Field::Bcc, &message.bcc)];
    let lists = lists
        .into_iter()
        .flat_map(|(field, list)| list.iter().map(move |address| (field, address)));
    for (field, address) in single.chain(lists) {
        address::check(address).map_err(|source| NotSendable::Address { field, source })?;
    }
    for part in &message.attachments {
        line(Field::AttachmentName, part.name.as_deref().unwrap_or_default(), NAME_LEN_MAX)?;
        line(Field::AttachmentType, &part.content_type, NAME_LEN_MAX)?;
        part.content_id.iter().try_for_each(|text| id(Field::AttachmentId, text))?;
    }
    Ok(())
}

/// Returns the envelope's recipients, each once.
pub(super) fn recipients(message: &Outgoing) -> Result<Vec<String>, NotSendable> {
    let mut known = HashSet::new();
    let all =
        message.to.iter().chain(&message.cc).chain(&message.bcc).map(|address| &address.address);
    let recipients: Vec<_> = all.filter(|text| known.insert(mailbox_key(text))).cloned().collect();
    let Some(surplus) = recipients.get(address::ADDRESSES_MAX) else {
        return if recipients.is_empty() { Err(NotSendable::NoRecipient) } else { Ok(recipients) };
    };
    let field = if message.bcc.iter().any(|blind| blind.address == *surplus) {
        Field::Bcc
    } else {
        Field::To
    };
    Err(NotSendable::Address { field, source: address::NotAddress::TooMany })
}

fn line(field: Field, text: &str, len_max: usize) -> Result<(), NotSendable> {
    if text.chars().any(breaks_line) {
        return Err(NotSendable::ControlCharacter { field });
    }
    if text.len() > len_max { Err(NotSendable::Malformed { field }) } else { Ok(()) }
}

/// A `Message-ID`: visible ASCII with one `@` inside and nothing that ends it (RFC 5322, section
/// 3.6.4, without quoted forms). Those that we answer are taken as they came, as long as they
/// cannot break out; some have no `@`.
fn id(field: Field, text: &str) -> Result<(), NotSendable> {
    line(field, text, ID_LEN_MAX)?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    let is_whole =
        field != Field::MessageId || text.split('@').filter(|part| !part.is_empty()).count() == 2;
    if is_plain && is_whole && !text.is_empty() {
        Ok(())
    } else {
        Err(NotSendable::Malformed { field })
    }
}

/// What the headers of a message may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Headers {
    Ascii,
    /// Any letters (RFC 6531).
    International,
}

/// Returns the headers that a message needs: addresses outside ASCII need servers that take them,
/// and with them such headers (RFC 6531).
pub(super) fn headers_of(message: &Outgoing) -> Headers {
    let single = [Some(&message.from), message.reply_to.as_ref()].into_iter().flatten();
    let mut all = single.chain(&message.to).chain(&message.cc).chain(&message.bcc);
    match all.any(|address| !address.address.is_ascii()) {
        true => Headers::International,
        false => Headers::Ascii,
    }
}

/// Tells whether a message is one that every server takes and reads in the same way: no NUL, no
/// lone CR or LF, no line too long, and in the headers nothing but what they may hold.
pub(super) fn is_transportable(raw: &[u8], headers: Headers) -> bool {
    let mut is_header = true;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let Some(content) = line.strip_suffix(b"\r\n") else { return false };
        is_header &= !content.is_empty();
        let is_clean =
            !content.iter().any(|byte| matches!(byte, 0 | b'\r')) && content.len() <= LINE_LEN_MAX;
        if !is_clean || is_header && headers == Headers::Ascii && !content.is_ascii() {
            return false;
        }
    }
    true
}
