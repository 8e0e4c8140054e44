//! Builds a message. The same [`Outgoing`] gives the same bytes: also the boundaries come from its
//! content.

use std::time::{Duration, UNIX_EPOCH};

use handoff_domain::{Address, Part};
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue,
};
use lettre::message::{Body, Mailbox, MessageBuilder, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address as LibraryAddress, Message};
use sha2::{Digest as _, Sha256};

use super::{
    AutoKind, Composed, Field, MESSAGE_LEN_MAX, NotSendable, Outgoing, REFERENCES_MAX, check,
};
use crate::address::NotAddress;
use crate::letter::hex;

/// The last second that the library can write: the end of the year 9999, in ms since 1970.
const DATE_MAX_MS: u64 = 253_402_300_799_000;

/// Makes the bytes and the envelope of a message.
///
/// # Errors
///
/// When a field could break out of its place, an address is none, nobody would get the message, or
/// it would be too large.
pub fn compose(message: &Outgoing) -> Result<Composed, NotSendable> {
    check::fields(message)?;
    let recipients = check::recipients(message)?;
    let content_len: usize = message.attachments.iter().map(|part| part.content.len()).sum();
    let content_len =
        content_len + message.text.len() + message.html.as_ref().map_or(0, String::len);
    if content_len > MESSAGE_LEN_MAX {
        return Err(NotSendable::TooLarge { max: MESSAGE_LEN_MAX });
    }
    let content = Content::new(message)?;
    let builder = headers(message)?;
    let built = match content {
        Content::Single(part) => builder.singlepart(part),
        Content::Multi(parts) => builder.multipart(parts),
    };
    let mut raw = built.map_err(NotSendable::Library)?.formatted();
    if !raw.ends_with(b"\r\n") {
        raw.extend_from_slice(b"\r\n");
    }
    if raw.len() > MESSAGE_LEN_MAX {
        return Err(NotSendable::TooLarge { max: MESSAGE_LEN_MAX });
    }
    if !check::is_transportable(&raw, check::headers_of(message)) {
        return Err(NotSendable::Unsafe);
    }
    let envelope_from = message.auto.is_none().then(|| message.from.address.clone());
    Ok(Composed { envelope_from, recipients, raw })
}

fn headers(message: &Outgoing) -> Result<MessageBuilder, NotSendable> {
    let date = u64::try_from(message.date.0).ok().filter(|ms| *ms <= DATE_MAX_MS);
    let date = date.ok_or(NotSendable::Malformed { field: Field::Date })?;
    let mut builder = Message::builder()
        .date(UNIX_EPOCH + Duration::from_millis(date))
        .from(mailbox(Field::From, &message.from)?)
        .subject(message.subject.clone())
        .raw_header(ids("Message-ID", &[&message.message_id]));
    if let Some(address) = &message.reply_to {
        builder = builder.reply_to(mailbox(Field::ReplyTo, address)?);
    }
    for address in &message.to {
        builder = builder.to(mailbox(Field::To, address)?);
    }
    for address in &message.cc {
        builder = builder.cc(mailbox(Field::Cc, address)?);
    }
    // The library wants an envelope; ours is made of the same addresses, and the blind ones are
    // only there.
    let sender = address(Field::From, &message.from)?;
    let blind = message.to.iter().chain(&message.cc).chain(&message.bcc);
    let all =
        blind.map(|recipient| address(Field::Bcc, recipient)).collect::<Result<Vec<_>, _>>()?;
    let envelope =
        lettre::address::Envelope::new(Some(sender), all).map_err(NotSendable::Library)?;
    builder = builder.envelope(envelope);
    if let Some(answered) = &message.in_reply_to {
        builder = builder.raw_header(ids("In-Reply-To", &[answered]));
    }
    let references = thread(&message.references);
    if !references.is_empty() {
        builder = builder.raw_header(ids("References", &references));
    }
    if let Some(kind) = message.auto {
        let submitted = match kind {
            AutoKind::Replied => "auto-replied",
            AutoKind::Generated => "auto-generated",
        };
        builder = builder
            .raw_header(fixed("Auto-Submitted", submitted.to_owned()))
            .raw_header(fixed("Precedence", "bulk".to_owned()))
            .raw_header(fixed("X-Auto-Response-Suppress", "All".to_owned()));
    }
    Ok(builder)
}

/// Keeps the message that began the thread and the newest ones.
fn thread(references: &[String]) -> Vec<&String> {
    let surplus = references.len().saturating_sub(REFERENCES_MAX);
    references
        .iter()
        .enumerate()
        .filter(|(at, _)| *at == 0 || *at > surplus || surplus == 0)
        .map(|(_, id)| id)
        .collect()
}

/// A field of `Message-ID`s, one a line. The library would encode long ones as if they were words.
fn ids(name: &'static str, ids: &[&String]) -> HeaderValue {
    let bracketed: Vec<_> = ids.iter().map(|id| format!("<{id}>")).collect();
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, bracketed.join(" "), bracketed.join("\r\n "))
}

/// A field whose value is our own, or was checked to be of visible ASCII.
fn fixed(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        value.clone(),
        value,
    )
}

fn mailbox(field: Field, mailbox: &Address) -> Result<Mailbox, NotSendable> {
    Ok(Mailbox::new(mailbox.name.clone(), address(field, mailbox)?))
}

fn address(field: Field, address: &Address) -> Result<LibraryAddress, NotSendable> {
    let parsed = address.address.parse();
    parsed.map_err(|_| NotSendable::Address { field, source: NotAddress::Malformed })
}

/// What comes after the headers.
enum Content {
    Single(SinglePart),
    Multi(MultiPart),
}

impl Content {
    /// Builds `mixed(alternative(text, related(html, images)), attachments)`, leaving out each
    /// level that has only one part.
    fn new(message: &Outgoing) -> Result<Self, NotSendable> {
        let seed = seed(message);
        let html = message.html.as_deref().filter(|html| !html.is_empty());
        let is_shown = |part: &&Part| html.is_some() && part.inline && part.content_id.is_some();
        let (shown, attached): (Vec<_>, Vec<_>) = message.attachments.iter().partition(is_shown);
        let mut content = Self::Single(text(ContentType::TEXT_PLAIN, &message.text));
        if let Some(html) = html {
            let mut best = Self::Single(text(ContentType::TEXT_HTML, html));
            if !shown.is_empty() {
                best = Self::Multi(best.first_of(MultiPartKind::Related, &seed, &shown)?);
            }
            let alternative = content.begin(MultiPartKind::Alternative, &seed);
            content = Self::Multi(match best {
                Self::Single(part) => alternative.singlepart(part),
                Self::Multi(parts) => alternative.multipart(parts),
            });
        }
        if attached.is_empty() {
            Ok(content)
        } else {
            content.first_of(MultiPartKind::Mixed, &seed, &attached).map(Self::Multi)
        }
    }

    /// Makes a multipart of this and other parts.
    fn first_of(
        self,
        kind: MultiPartKind,
        seed: &str,
        others: &[&Part],
    ) -> Result<MultiPart, NotSendable> {
        let mut parts = self.begin(kind, seed);
        for other in others {
            parts = parts.singlepart(attachment(other)?);
        }
        Ok(parts)
    }

    fn begin(self, kind: MultiPartKind, seed: &str) -> MultiPart {
        let name = match kind {
            MultiPartKind::Related => "related",
            MultiPartKind::Alternative => "alternative",
            _ => "mixed",
        };
        let builder = MultiPart::builder().kind(kind).boundary(format!("{name}-{seed}"));
        match self {
            Self::Single(part) => builder.singlepart(part),
            Self::Multi(parts) => builder.multipart(parts),
        }
    }
}

/// What the boundaries are made of: a hash of everything that stands between them. No content can
/// have it in itself, as it would have to be known before the content is.
fn seed(message: &Outgoing) -> String {
    let mut hash = Sha256::new();
    let html = message.html.as_deref().unwrap_or_default();
    let texts = [message.message_id.as_bytes(), message.text.as_bytes(), html.as_bytes()];
    for content in
        texts.into_iter().chain(message.attachments.iter().map(|part| part.content.as_slice()))
    {
        hash.update(content.len().to_be_bytes());
        hash.update(content);
    }
    hex(&hash.finalize()[..16])
}

/// A text with CRLF as line ends. Line ends of any kind come in; none comes out alone.
fn text(content_type: ContentType, text: &str) -> SinglePart {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "");
    SinglePart::builder().header(content_type).body(Body::new(lines.replace('\n', "\r\n")))
}

fn attachment(part: &Part) -> Result<SinglePart, NotSendable> {
    let content_type = ContentType::parse(&part.content_type)
        .ok()
        .filter(|_| {
            part.content_type.is_ascii()
                && !part.content_type.to_ascii_lowercase().starts_with("multipart/")
        })
        .ok_or(NotSendable::Malformed { field: Field::AttachmentType })?;
    let name = part.name.as_deref().unwrap_or("attachment");
    let disposition = if part.inline && part.content_id.is_some() {
        ContentDisposition::inline_with_name(name)
    } else {
        ContentDisposition::attachment(name)
    };
    let mut builder = SinglePart::builder().header(content_type).header(disposition);
    if let Some(id) = &part.content_id {
        builder = builder.header(ContentId(format!("<{id}>")));
    }
    // Base 64 whatever is in it: nothing on the way may take a line of it for something else.
    let body = Body::new_with_encoding(part.content.clone(), ContentTransferEncoding::Base64);
    Ok(builder.body(body.map_err(|_| NotSendable::Unsafe)?))
}

/// `Content-ID`, which was checked to be visible ASCII; the library's own would encode long ones.
#[derive(Clone)]
struct ContentId(String);

impl Header for ContentId {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-ID")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn core::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        fixed("Content-ID", self.0.clone())
    }
}
