//! Erasure: takes out of what is stored whatever somebody outside said or is known by, and what
//! was written to them and about them.
//!
//! What stays is a skeleton: which queue and which agents it was with, when, and how it ended. No
//! count of facts changes by it, and neither does any number of an entry. It is idempotent.

use alloc::string::String;

use crate::chat::{Content, Entry, PartyKind, Speaker};
use crate::event::{Event, Fact, Notice, Subject};
use crate::interaction::{Email, Interaction, Medium};
use crate::user_data::UserData;

impl Interaction {
    /// Leaves its skeleton, which is no contact's any more.
    pub fn erase(&mut self) {
        self.external_id = None;
        self.contact = None;
        self.subject = None;
        self.comment = None;
        self.disposition = None;
        self.notes.clear();
        self.user_data = UserData::default();
        match &mut self.medium {
            Medium::Email(email) => email.erase(),
            Medium::Chat(Some(chat)) => {
                chat.customer.user_id.clear();
                chat.customer.key_hash.clear();
                chat.exchange.last = None;
                let customers =
                    chat.parties.iter_mut().filter(|party| party.kind == PartyKind::Customer);
                customers.for_each(|party| party.nickname.clear());
            }
            Medium::Chat(None) | Medium::Workitem | Medium::Open(_) => {}
        }
    }
}

impl Email {
    fn erase(&mut self) {
        let Self { base, mailbox, automatic, sends, .. } = core::mem::take(self);
        *self = Self { base, mailbox, automatic, sends, ..Self::default() };
    }
}

impl Event {
    /// Takes the words out of it: out of what happened, and of what it is about.
    pub fn erase(&mut self) {
        self.facts.iter_mut().for_each(Fact::erase);
        self.notices.iter_mut().for_each(Notice::erase);
        self.subject.erase();
    }
}

impl Subject {
    /// Takes the words out of a snapshot.
    pub fn erase(&mut self) {
        match self {
            Self::Interaction(interaction) => interaction.erase(),
            Self::Transcript { interaction, entries } => {
                interaction.erase();
                entries.iter_mut().for_each(Entry::erase);
            }
            Self::Desk(_) | Self::Center(_) => {}
        }
    }
}

impl Notice {
    /// Takes the words out of it: an error may repeat what another mail server said.
    pub fn erase(&mut self) {
        if let Some((_, sentence)) = &mut self.error {
            sentence.clear();
        }
    }
}

impl Fact {
    /// Takes the words out of it; what happened stays.
    pub fn erase(&mut self) {
        match self {
            Self::AttachmentAdded { name: words, .. }
            | Self::AttachmentRemoved { name: words, .. }
            | Self::DeliveryDeferred { reply: words, .. }
            | Self::DeliveryFailed { reason: words }
            | Self::Remark(words) => words.clear(),
            // Clients may have put any text there.
            Self::DispositionSet { disposition } => *disposition = None,
            Self::Said(entry) => entry.erase(),
            Self::Opened
            | Self::Queued { .. }
            | Self::QueueReplaced { .. }
            | Self::Offered { .. }
            | Self::Accepted { .. }
            | Self::Rejected { .. }
            | Self::OfferExpired { .. }
            | Self::OfferRevoked { .. }
            | Self::UserDataChanged
            | Self::ResponseUsed { .. }
            | Self::PropertiesChanged
            | Self::Parked { .. }
            | Self::Reminded { .. }
            | Self::Pulled { .. }
            | Self::Taken { .. }
            | Self::Widened { .. }
            | Self::DraftCreated { .. }
            | Self::DraftClosed { .. }
            | Self::DraftReopened { .. }
            | Self::DraftSaved
            | Self::SendStarted
            | Self::SendHeld { .. }
            | Self::SendCanceled
            | Self::SentForReview
            | Self::Threaded { .. }
            | Self::Acknowledged { .. }
            | Self::NotAcknowledged { .. }
            | Self::Filed { .. }
            | Self::Sent
            | Self::ParticipantLeft { .. }
            | Self::OwnerChanged { .. }
            | Self::ChatEnded
            | Self::ModeSwitched { .. }
            | Self::FileDownloaded { .. }
            | Self::HandlingExpired { .. }
            | Self::AgentGone { .. }
            | Self::Completed
            | Self::Canceled
            | Self::Erased
            | Self::SessionBegan { .. }
            | Self::SessionEnded
            | Self::ChannelChanged { .. }
            | Self::DirectoryChanged { .. }
            | Self::ContactChanged { .. } => {}
        }
    }
}

impl Entry {
    fn erase(&mut self) {
        self.message_id = None;
        self.from.erase();
        match &mut self.content {
            Content::Text { text, message_type, .. } => {
                text.clear();
                *message_type = None;
            }
            Content::PushUrl { url } => url.clear(),
            Content::CustomNotice { text } => *text = None,
            Content::Notice { text, data } => {
                text.clear();
                data.clear();
            }
            Content::NicknameUpdated { nickname } => nickname.clear(),
            Content::FileUploaded { name, description, .. } => {
                name.clear();
                *description = None;
            }
            Content::FileDeleted { name, .. } => name.clear(),
            Content::Joined | Content::Left { .. } | Content::IdleAlert | Content::IdleClose => {}
        }
    }
}

impl Speaker {
    fn erase(&mut self) {
        if self.kind == PartyKind::Customer {
            self.nickname = String::new();
        }
    }
}
