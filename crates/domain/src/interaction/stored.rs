//! The stored form of an interaction: its medium by name, and beside it an e-mail and a
//! conversation that both may be missing, as it was before [`Medium`] held them. What is not there
//! is not written; earlier programs wrote nulls, and read what is missing as one.
//!
//! The medium decides what is read. No program ever stored an e-mail of what is none, or a
//! conversation; if there is one all the same, it is left out.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::chat::Chat;
use crate::id::{CenterId, InteractionId, QueueId, UserId};
use crate::interaction::{Email, Interaction, Medium, Note, State};
use crate::media::{Direction, Media};
use crate::time::Time;
use crate::user_data::UserData;

/// An interaction as it is stored, in the order in which it is written.
#[derive(Serialize, Deserialize)]
struct Stored<'a> {
    id: InteractionId,
    center: CenterId,
    media: Media,
    direction: Direction,
    sub_type: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<InteractionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread: Option<InteractionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    notes: Cow<'a, [Note]>,
    priority: i64,
    received: Time,
    user_data: Cow<'a, UserData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, Email>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat: Option<Cow<'a, Chat>>,
    state: Cow<'a, State>,
    epoch: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<QueueId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queued_at: Option<Time>,
    offers: u64,
    drafts: Cow<'a, BTreeSet<InteractionId>>,
    concerned: Cow<'a, BTreeSet<UserId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    submitter: Option<UserId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    disposition: Option<Cow<'a, str>>,
}

fn is_empty(notes: &[Note]) -> bool {
    notes.is_empty()
}

impl<'a> Stored<'a> {
    fn of(interaction: &'a Interaction) -> Self {
        Self {
            id: interaction.id,
            center: interaction.center,
            media: interaction.media(),
            direction: interaction.direction,
            sub_type: interaction.sub_type.as_str().into(),
            external_id: interaction.external_id.as_deref().map(Cow::Borrowed),
            parent: interaction.parent,
            thread: interaction.thread,
            contact: interaction.contact.as_deref().map(Cow::Borrowed),
            subject: interaction.subject.as_deref().map(Cow::Borrowed),
            comment: interaction.comment.as_deref().map(Cow::Borrowed),
            notes: interaction.notes.as_slice().into(),
            priority: interaction.priority,
            received: interaction.received,
            user_data: Cow::Borrowed(&interaction.user_data),
            email: interaction.email().map(Cow::Borrowed),
            chat: interaction.chat().map(Cow::Borrowed),
            state: Cow::Borrowed(&interaction.state),
            epoch: interaction.epoch,
            queue: interaction.queue,
            queued_at: interaction.queued_at,
            offers: interaction.offers,
            drafts: Cow::Borrowed(&interaction.drafts),
            concerned: Cow::Borrowed(&interaction.concerned),
            submitter: interaction.submitter,
            disposition: interaction.disposition.as_deref().map(Cow::Borrowed),
        }
    }
}

impl From<Stored<'_>> for Interaction {
    fn from(stored: Stored<'_>) -> Self {
        let medium = match stored.media {
            Media::Email => Medium::Email(stored.email.map(Cow::into_owned).unwrap_or_default()),
            Media::Chat => Medium::Chat(stored.chat.map(Cow::into_owned)),
            Media::Workitem => Medium::Workitem,
            Media::Open(name) => Medium::Open(name),
        };
        Self {
            medium,
            id: stored.id,
            center: stored.center,
            direction: stored.direction,
            sub_type: stored.sub_type.into_owned(),
            external_id: stored.external_id.map(Cow::into_owned),
            parent: stored.parent,
            thread: stored.thread,
            contact: stored.contact.map(Cow::into_owned),
            subject: stored.subject.map(Cow::into_owned),
            comment: stored.comment.map(Cow::into_owned),
            notes: stored.notes.into_owned(),
            priority: stored.priority,
            received: stored.received,
            user_data: stored.user_data.into_owned(),
            state: stored.state.into_owned(),
            epoch: stored.epoch,
            queue: stored.queue,
            queued_at: stored.queued_at,
            offers: stored.offers,
            drafts: stored.drafts.into_owned(),
            concerned: stored.concerned.into_owned(),
            submitter: stored.submitter,
            disposition: stored.disposition.map(Cow::into_owned),
        }
    }
}

impl Serialize for Interaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored::of(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Interaction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Stored::deserialize(deserializer).map(Self::from)
    }
}
