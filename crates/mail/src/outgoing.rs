//! Messages that go out: from what the engine wants to say to the bytes that a relay gets.
//!
//! The bytes are made once and kept with the fixed `Message-ID`, so that a message that is sent
//! again is the same message. The envelope is apart from the headers, blind copies are only in the
//! envelope, and no header can be smuggled in: every value is checked here, is encoded by the
//! library, and the result is checked again as a whole.

mod check;
mod compose;

use handoff_domain::{Address, Part, Time};
use thiserror::Error;

pub use self::compose::compose;
use crate::address::NotAddress;

/// The largest message that is made, in bytes: what most servers take, and what this one takes in
/// (docs/testing.md#sizes-of-mail).
pub const MESSAGE_LEN_MAX: usize = 25 * 1024 * 1024;
/// The longest subject, in bytes. Mail programs show less than a tenth of it.
pub const SUBJECT_LEN_MAX: usize = 2_000;
/// The most `Message-ID`s in `References`: the first, which names the thread, and the newest; RFC
/// 5322 sets no bound but lines have one.
pub const REFERENCES_MAX: usize = 20;

/// Why a program and not a person writes (RFC 3834, section 3.1). The message gets the headers that
/// keep other programs from answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoKind {
    /// It answers a message: an acknowledgement, a note of absence.
    Replied,
    /// It tells something of its own accord.
    Generated,
}

/// A message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its `Message-ID`, without angle brackets; see
    /// [`Signer::message_id`](crate::token::Signer::message_id).
    pub message_id: String,
    /// The `Message-ID` that it answers, without angle brackets.
    pub in_reply_to: Option<String>,
    /// The thread so far, oldest first, without angle brackets.
    pub references: Vec<String>,
    /// Who writes; also the envelope's sender.
    pub from: Address,
    /// Where answers should go, when not to `from`.
    pub reply_to: Option<Address>,
    /// Recipients.
    pub to: Vec<Address>,
    /// Recipients of a copy.
    pub cc: Vec<Address>,
    /// Recipients of whom the others do not know.
    pub bcc: Vec<Address>,
    pub subject: String,
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// Attachments, and images that the HTML shows by their `content_id`.
    pub attachments: Vec<Part>,
    /// When it was written.
    pub date: Time,
    /// Set when a program wrote it.
    pub auto: Option<AutoKind>,
}

/// A message in the form in which a relay takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// The envelope's sender; `None` for a message that must not be answered by a report (an
    /// automatic one, RFC 3834 section 3.3).
    pub envelope_from: Option<String>,
    /// The envelope's recipients, each once.
    pub recipients: Vec<String>,
    /// The message, with CRLF line ends and without the final dot.
    pub raw: Vec<u8>,
}

/// A field of an outgoing message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `Message-ID`.
    MessageId,
    /// `In-Reply-To`.
    InReplyTo,
    /// `References`.
    References,
    /// `From`.
    From,
    /// `Reply-To`.
    ReplyTo,
    /// `To`.
    To,
    /// `Cc`.
    Cc,
    /// The blind copies.
    Bcc,
    /// `Subject`.
    Subject,
    AttachmentName,
    AttachmentType,
    /// The `Content-ID` of an attachment.
    AttachmentId,
    Date,
}

/// Why a message cannot be sent. None of these goes away by trying again.
#[derive(Debug, Error)]
pub enum NotSendable {
    /// Nobody would get it.
    #[error("the message has no recipient")]
    NoRecipient,
    /// A field has an address that is none.
    #[error("field {field:?}")]
    Address {
        /// Where.
        field: Field,
        /// What is wrong.
        #[source]
        source: NotAddress,
    },
    /// A field has a line end or another control character.
    #[error("field {field:?} has a control character")]
    ControlCharacter {
        /// Where.
        field: Field,
    },
    /// A field is not of its form, or too long.
    #[error("field {field:?} is malformed")]
    Malformed {
        /// Where.
        field: Field,
    },
    /// The message is larger than [`MESSAGE_LEN_MAX`].
    #[error("the message would have more than {max} bytes")]
    TooLarge {
        /// The bound, in bytes.
        max: usize,
    },
    /// The library refused it.
    #[error("the message could not be built")]
    Library(#[source] lettre::error::Error),
    /// What the library made is not a message that every relay takes; a defect, but better found
    /// here than by a recipient.
    #[error("the message that was built breaks a rule of smtp")]
    Unsafe,
}
