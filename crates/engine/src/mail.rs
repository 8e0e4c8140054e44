//! E-mail: how letters come in, and how drafts go out.
//!
//! No mail protocol is spoken here. Whoever fetches letters hands them to
//! [`Engine::take_in_letter`](crate::Engine::take_in_letter), and whoever posts them is a [`Post`];
//! both may be interrupted at any moment, because what counts is in the store.
//!
//! Two things are remembered of every message for good, as receipts: that it was taken in, so that
//! a second copy is none; and which interaction has its `Message-ID`, so that answers to it and
//! reports on it find it.

mod contacts;
mod copies;
mod intake;
mod outbox;
mod quota;
mod threading;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use handoff_domain::{CenterId, Interaction, InteractionId, Time};
use handoff_store::Receipt;
use tokio::sync::Notify;

pub use contacts::contact_id;
pub use intake::{NewLetter, RawMessage, TakenIn};
pub use quota::AcknowledgementLimits;

use outbox::Outbox;
use quota::Acknowledged;

/// What the contact centers' own addresses are, and how their messages are told from everybody
/// else's.
pub trait Mailboxes: Send + Sync + 'static {
    /// Tells whether an address, before which a name may stand, is one of the contact center's own.
    /// Upper and lower case are the same.
    fn is_ours(&self, center: CenterId, address: &str) -> bool;

    /// Returns the address that the contact center sends as when nobody says another.
    fn default_sender(&self, center: CenterId) -> Option<String>;

    /// Returns the `Message-ID`, without the angle brackets, of an interaction that is sent by
    /// `sender` for the `sends`-th time. The same arguments always give the same.
    fn message_id(&self, interaction: InteractionId, sends: u32, sender: &str) -> String;
}

/// What became of a mail that was given to the next server. `reply` is what that said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It took it.
    Sent {
        /// What it said.
        reply: String,
    },
    /// It did not take it, and may later.
    Later {
        /// What it said.
        reply: String,
    },
    /// It will never take it.
    Never {
        /// What it said.
        reply: String,
    },
    /// Nobody knows, because the connection was lost when it had all of it. It is posted again, as
    /// the same message.
    Unsure {
        /// What is known.
        reply: String,
    },
}

/// Returns mails to the next server. A mail may come more than once: after a crash, and after
/// [`Posted::Unsure`]. It is then the same mail with the same `Message-ID`.
#[async_trait]
pub trait Post: Send + Sync + 'static {
    /// Returns a mail away. It may take as long as the protocol takes; when the server stops, it is
    /// dropped at any point.
    async fn post(&self, mail: &Interaction) -> Posted;
}

/// What one node keeps in memory of e-mail.
#[derive(Default)]
pub(crate) struct Mail {
    mailboxes: OnceLock<Arc<dyn Mailboxes>>,
    outbox: Outbox,
    acknowledged: Acknowledged,
}

impl Mail {
    /// Says whose addresses there are. Only the first call counts.
    pub(crate) fn send_from(&self, mailboxes: Arc<dyn Mailboxes>) {
        let _already_set = self.mailboxes.set(mailboxes);
    }

    /// Says who posts mails. Only the first call counts.
    pub(crate) fn post_with(&self, post: Arc<dyn Post>) {
        self.outbox.post_with(post);
    }

    /// Returns the addresses; `None` where nobody has said any, and then every address is as good
    /// as another.
    pub(crate) fn mailboxes(&self) -> Option<&dyn Mailboxes> {
        self.mailboxes.get().map(|mailboxes| &**mailboxes)
    }

    /// Tells whether one more acknowledgement may go to an address of a contact center's
    /// correspondents, and counts it if so.
    fn acknowledges(&self, to: (CenterId, &str), limits: AcknowledgementLimits, now: Time) -> bool {
        self.acknowledged.admits(to, limits, now)
    }

    /// Returns what wakes the worker that posts.
    pub(crate) fn wakes(&self) -> Arc<Notify> {
        self.outbox.wakes()
    }

    /// Returns when the worker that posts has to look again, as far as this node knows.
    pub(crate) fn next_due(&self) -> Time {
        self.outbox.next_due()
    }
}

const MESSAGE_IDS: &str = "message-id/";

/// Returns the scope of the receipts that say which interaction has a `Message-ID`.
fn message_ids(center: CenterId) -> String {
    format!("{MESSAGE_IDS}{center}")
}

/// Returns the receipt that says which interaction has a `Message-ID`.
pub(crate) fn known_message(center: CenterId, message_id: &str, id: InteractionId) -> Receipt {
    Receipt {
        scope: message_ids(center),
        key: message_id.to_owned(),
        fingerprint: String::new(),
        answer: id.to_string(),
        expires: None,
    }
}

/// Tells whether a receipt is one that says which interaction has a `Message-ID`. No request is
/// repeated when there is one already: it means that somebody was faster, and what is to be done is
/// to be decided again.
pub(crate) fn is_known_message(receipt: &Receipt) -> bool {
    receipt.scope.starts_with(MESSAGE_IDS)
}
