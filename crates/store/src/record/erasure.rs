//! The erasure of a contact, while it goes on; and the receipt that it leaves in the audit.

use handoff_domain::{CenterId, InteractionId, Time};
use serde::{Deserialize, Serialize};

use super::AuditSource;

/// An erasure that is not over. With its end it becomes an entry of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    pub center: CenterId,
    /// The contact, as its interactions name it.
    pub contact: String,
    pub asked: Time,
    /// Who asked for it, by what and from where.
    pub source: AuditSource,
    /// The newest interaction that there was then: what is newer is of whoever came afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<InteractionId>,
    /// What was erased so far. It grows in the commit that erases.
    pub counts: ErasedCounts,
}

impl Erasure {
    /// Returns its key: a contact has at most one.
    #[must_use]
    pub fn key_of(center: CenterId, contact: &str) -> super::Key {
        super::Key::Erasure(Self::id_of(center, contact))
    }

    pub(super) fn id(&self) -> String {
        Self::id_of(self.center, &self.contact)
    }

    fn id_of(center: CenterId, contact: &str) -> String {
        format!("{}:{contact}", center.stored())
    }
}

/// What was erased, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasedCounts {
    /// Contacts: 1, or 0 of one that interactions alone name.
    pub contacts: u64,
    /// Interactions of which a skeleton stays.
    pub interactions: u64,
    /// What was said in chats.
    pub messages: u64,
    /// Entries of their histories.
    pub history_entries: u64,
    /// Entries that the log still had of them.
    pub log_entries: u64,
    /// Notifications that were still kept of them.
    pub stream_rows: u64,
    pub files: u64,
    pub file_bytes: u64,
    pub receipts: u64,
    /// Drafts and marks of reading in chats.
    pub chat_marks: u64,
}

impl ErasedCounts {
    /// Returns each count with the name that it is told by.
    #[must_use]
    pub fn named(&self) -> [(String, serde_json::Value); 10] {
        [
            ("contacts", self.contacts),
            ("interactions", self.interactions),
            ("messages", self.messages),
            ("historyEntries", self.history_entries),
            ("logEntries", self.log_entries),
            ("streamRows", self.stream_rows),
            ("files", self.files),
            ("fileBytes", self.file_bytes),
            ("receipts", self.receipts),
            ("chatMarks", self.chat_marks),
        ]
        .map(|(name, count)| (name.to_owned(), count.into()))
    }

    /// Adds others.
    pub const fn add(&mut self, more: &Self) {
        self.contacts += more.contacts;
        self.interactions += more.interactions;
        self.messages += more.messages;
        self.history_entries += more.history_entries;
        self.log_entries += more.log_entries;
        self.stream_rows += more.stream_rows;
        self.files += more.files;
        self.file_bytes += more.file_bytes;
        self.receipts += more.receipts;
        self.chat_marks += more.chat_marks;
    }
}

/// Proof of what was erased: the text says it, and the signature was made of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureReceipt {
    /// JSON.
    pub text: String,
    /// HMAC-SHA256 of the text with a key that the nodes share, in hex.
    pub signature: String,
}
