//! What an agent left in an interaction for themselves, as their own sessions see it.

use handoff_domain::{InteractionId, UserId};
use handoff_engine::{OwnMarks, ReadMark, ReadTo};
use handoff_store::ChatDraft;
use serde::Serialize;

use super::date;
use super::resource::{Lookup, UserPart};
use super::transcript::visibility_name;

/// What was typed and not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DraftPart {
    text: String,
    /// Who would see it: `All`, `Agents` or `Supervisors`.
    visibility: &'static str,
    saved_at: String,
}

impl DraftPart {
    fn of(draft: &ChatDraft) -> Self {
        Self {
            text: draft.text.clone(),
            visibility: visibility_name(draft.visibility),
            saved_at: date::print(draft.saved),
        }
    }
}

/// How far the reader has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadPart {
    /// The last message of a chat that they have read.
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    /// When they last looked at anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// How many messages, or notes and letters, of others came after it.
    unread: usize,
}

impl ReadPart {
    fn of(read: &ReadMark) -> Self {
        let (index, at) = match read.to {
            ReadTo::Message(index) => (Some(index), None),
            ReadTo::Look(at) => (None, Some(date::print(at))),
        };
        Self { index, at, unread: read.unread }
    }
}

/// What an interaction has in addition for its reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MarksPart {
    draft: Option<DraftPart>,
    read: Option<ReadPart>,
}

impl MarksPart {
    #[must_use]
    pub fn of(own: &OwnMarks) -> Self {
        Self {
            draft: own.draft.as_ref().map(DraftPart::of),
            read: own.read.as_ref().map(ReadPart::of),
        }
    }
}

/// The message on `/v2/me/interactions` that another draft is kept. It has no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DraftMessage {
    message_type: &'static str,
    interaction_id: String,
    draft: Option<DraftPart>,
    /// The number of the reader's request that it comes from.
    reference_id: i32,
}

impl DraftMessage {
    #[must_use]
    pub fn new(chat: InteractionId, own: &OwnMarks, reference_id: i32) -> Self {
        Self {
            message_type: "ChatDraftMessage",
            interaction_id: chat.to_string(),
            draft: own.draft.as_ref().map(DraftPart::of),
            reference_id,
        }
    }
}

/// The message on `/v2/me/interactions` that the reader has read on. It has no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadMessage {
    message_type: &'static str,
    interaction_id: String,
    read: Option<ReadPart>,
    /// The number of the reader's request that it comes from.
    reference_id: i32,
}

impl ReadMessage {
    #[must_use]
    pub fn new(interaction: InteractionId, own: &OwnMarks, reference_id: i32) -> Self {
        let is_of_chat = own.read.is_some_and(|read| matches!(read.to, ReadTo::Message(_)));
        Self {
            message_type: if is_of_chat { "ChatReadMessage" } else { "ReadMessage" },
            interaction_id: interaction.to_string(),
            read: own.read.as_ref().map(ReadPart::of),
            reference_id,
        }
    }
}

/// The message on `/v2/me/interactions` who else looks at an interaction now. It has no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ViewersMessage {
    message_type: &'static str,
    interaction_id: String,
    viewers: Vec<UserPart>,
}

impl ViewersMessage {
    #[must_use]
    pub fn new(interaction: InteractionId, viewers: &[UserId], lookup: Lookup<'_>) -> Self {
        Self {
            message_type: "ViewersMessage",
            interaction_id: interaction.to_string(),
            viewers: viewers.iter().map(|user| UserPart::new(*user, lookup)).collect(),
        }
    }
}
