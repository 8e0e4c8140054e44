//! What an e-mail has beside what every interaction has.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::exchange::Said;
use crate::id::{FileId, InteractionId, UserId};
use crate::interaction::{Attachment, Writing};
use crate::mail::{Automatic, Report};
use crate::time::Time;

/// The e-mail that an e-mail interaction is, or a draft of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Email {
    /// Sender's address.
    pub from: String,
    /// Where answers go when it is not the sender.
    #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
    pub reply_to: Option<String>,
    /// Where answers go as well, of an inbound one.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub reply_to_others: Vec<String>,
    /// Recipients.
    pub to: Vec<String>,
    /// Recipients of a copy.
    pub cc: Vec<String>,
    /// Recipients of a hidden copy.
    pub bcc: Vec<String>,
    /// HTML body.
    pub body: String,
    pub body_as_plain_text: String,
    /// Its `Message-ID` without the angle brackets: of an inbound one as it came, of an outbound
    /// one from its first Send on.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub message_id: Option<String>,
    /// `Message-ID`s that it answers, the nearest first (`In-Reply-To`, `References`).
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub answers: Vec<String>,
    /// Everything that is no text of it.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub attachments: Vec<Attachment>,
    /// The whole message as it came.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub raw: Option<FileId>,
    /// Of a draft: the latest message of its thread that its writer knew of.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub base: Option<InteractionId>,
    /// The address of the mailbox by which it came in; of a draft that of its original.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub mailbox: Option<String>,
    /// When it was written, as its sender says.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub date: Option<Time>,
    /// Why no program may answer it; `None` when one may.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub automatic: Option<Automatic>,
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub report: Option<Report>,
    /// How often Send was given. Each has a `Message-ID` of its own; attempts to deliver one do
    /// not.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "is_zero"))]
    pub sends: u32,
    /// Of a draft: who wrote the text that it has.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub written: Option<Box<Writing>>,
    /// Of an inbound one: the answer that was sent, or is on its way.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub answered: Option<Said>,
}

impl Email {
    /// Takes over what its writer writes: addresses and text. Everything else is the server's and
    /// stays.
    pub fn rewrite(&mut self, written: &Self) {
        let Self { from, reply_to, to, cc, bcc, body, body_as_plain_text, .. } = written.clone();
        *self =
            Self { from, reply_to, to, cc, bcc, body, body_as_plain_text, ..core::mem::take(self) };
    }

    /// Takes over what somebody writes now, and that it is of them.
    pub fn write(&mut self, written: &Self, by: UserId, now: Time) {
        let before = self.text();
        self.rewrite(written);
        if self.written.is_none() || self.text() != before {
            let before = self.written.take().map(|written| *written);
            self.written = Some(Box::new(Writing::next(before, by, now)));
        }
    }

    /// Returns what its writer writes of it, and nothing else.
    #[must_use]
    pub fn text(&self) -> Self {
        let mut text = Self::default();
        text.rewrite(self);
        text
    }

    /// Tells whether it goes to anybody.
    #[must_use]
    pub fn has_recipients(&self) -> bool {
        [&self.to, &self.cc, &self.bcc].into_iter().any(|addresses| !addresses.is_empty())
    }
}

#[cfg(feature = "stored")]
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the derive of the stored form passes references"
)]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
