//! Notification messages as JSON: the `data` of what a client gets over CometD.
//!
//! Which event becomes which message is the table in `notify`; here are only their forms.
//! `referenceId` is there only when a request of the reader caused the message, `sequence` only
//! when the message is an event and can be replayed (docs/compat/notifications.md#replay and
//! docs/compat/notifications.md#messages).

mod workbin;

use std::collections::BTreeMap;

use bytes::Bytes;
use handoff_domain::{Interaction, InteractionId, Media, UserId};
use serde::Serialize;

use crate::wire::interaction::{InteractionResource, MediumResource, singular, with_properties};
use crate::wire::resource::{ChannelResource, Lookup, UserPart};
use crate::wire::transcript::LogMessage;

pub use workbin::{
    ItemAction, SubscriptionState, WorkbinContent, WorkbinMessage, WorkbinSubscription,
    workbin_content, workbin_subscription,
};

/// The type of the messages on `/v2/me/interactions`.
const INTERACTION_STATE: &str = "InteractionStateMessage";
/// The kind of the messages that tell what was said.
pub const NEW_MESSAGES: &str = "NewMessages";

/// What every numbered message may carry beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// The number of the reader's request that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<i32>,
    /// Its number among the user's messages on this topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// For an error: the wire's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<i32>,
    /// For an error: a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

/// The message on `/v2/me/interactions`, flat as the notification pages print it
/// (docs/compat/notifications.md#messages; docs/compat/interactions.md#object). It names its type
/// twice: the pages' `messageTypeName`, and the `messageType` by which clients tell all other
/// messages apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StateMessage {
    message_type_name: &'static str,
    message_type: &'static str,
    /// What kind of change it was.
    pub notification_type: &'static str,
    /// Reference, number, error.
    #[serde(flatten)]
    pub head: Head,
    /// The interaction as the reader sees it.
    #[serde(flatten)]
    pub interaction: InteractionResource,
    /// What was said, when that is what it tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<LogMessage>>,
}

impl StateMessage {
    /// Makes the message.
    #[must_use]
    pub const fn new(
        notification_type: &'static str,
        head: Head,
        interaction: InteractionResource,
    ) -> Self {
        Self {
            message_type_name: INTERACTION_STATE,
            message_type: INTERACTION_STATE,
            notification_type,
            head,
            interaction,
            messages: None,
        }
    }

    /// The same with what was said.
    #[must_use]
    pub fn with(self, messages: Vec<LogMessage>) -> Self {
        Self { messages: Some(messages), ..self }
    }

    /// Shows an interaction as `reader` sees it now, in the form of the messages: for lists that
    /// promise the same objects as the notifications (docs/compat/notifications.md#messages).
    #[must_use]
    pub fn read_by(interaction: &Interaction, reader: UserId, lookup: Lookup<'_>) -> Self {
        Self::new(
            "StatusChange",
            Head::default(),
            InteractionResource::read_by(interaction, reader, lookup),
        )
    }

    /// The same as an item of a workbin, whose user data has the interaction's properties beside
    /// it.
    #[must_use]
    pub fn of_item(interaction: &Interaction, reader: UserId, lookup: Lookup<'_>) -> Self {
        let mut message = Self::read_by(interaction, reader, lookup);
        message.interaction.user_data = with_properties(interaction, lookup);
        message
    }
}

/// The message on `/v2/me/chats` that tells what was said
/// (docs/compat/media.md#messages-of-a-chat). Clients of one year find the chat by its address, of
/// another by its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogUpdate {
    message_type: &'static str,
    notification_type: &'static str,
    /// Reference and number.
    #[serde(flatten)]
    pub head: Head,
    chat_uri: String,
    chat_path: String,
    /// What was said.
    pub messages: Vec<LogMessage>,
}

impl LogUpdate {
    /// Makes the message.
    #[must_use]
    pub fn new(
        head: Head,
        interaction: &Interaction,
        messages: Vec<LogMessage>,
        lookup: Lookup<'_>,
    ) -> Self {
        let link = lookup.url.medium(&Media::Chat, interaction.id);
        Self {
            message_type: "MessageLogUpdated",
            notification_type: NEW_MESSAGES,
            head,
            chat_uri: link.uri,
            chat_path: link.path,
            messages,
        }
    }
}

/// The message on a medium's own topic, in the form of 8.5.2 (docs/compat/media.md#state-messages).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MediumMessage {
    message_type: &'static str,
    /// What kind of change it was.
    pub notification_type: &'static str,
    /// Reference, number, error.
    #[serde(flatten)]
    pub head: Head,
    /// The interaction as the reader sees it, under the key of its medium.
    #[serde(flatten)]
    content: BTreeMap<&'static str, MediumResource>,
}

impl MediumMessage {
    /// Makes the message.
    #[must_use]
    pub fn new(
        notification_type: &'static str,
        head: Head,
        media: &Media,
        resource: MediumResource,
    ) -> Self {
        let message_type = match media {
            Media::Email => "EmailStateChangeMessage",
            Media::Chat => "ChatStateChangeMessage",
            Media::Workitem => "WorkitemStateChangeMessage",
            Media::Open(_) => "OpenmediaStateChangeMessage",
        };
        let content = BTreeMap::from([(singular(media), resource)]);
        Self { message_type, notification_type, head, content }
    }
}

/// The message on `/v2/me/channels` (docs/compat/notifications.md#topics): the channels that
/// changed, and no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelMessage {
    message_type: &'static str,
    /// Reference and number.
    #[serde(flatten)]
    pub head: Head,
    pub channels: Vec<ChannelResource>,
}

impl ChannelMessage {
    /// Makes the message.
    #[must_use]
    pub const fn new(head: Head, channels: Vec<ChannelResource>) -> Self {
        Self { message_type: "ChannelStateChangeMessageV2", head, channels }
    }
}

/// The message on `/v2/me` that a colleague asks something. It has no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AskMessage {
    message_type: &'static str,
    from: UserPart,
    text: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction_id: Option<String>,
}

impl AskMessage {
    /// Makes the message.
    #[must_use]
    pub fn new(from: UserPart, text: String, about: Option<InteractionId>) -> Self {
        let interaction_id = about.map(|id| id.to_string());
        Self { message_type: "AskMessage", from, text, interaction_id }
    }
}

/// The message on `/v2/me` that settings changed, which are to be read again. It has no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingsChangedMessage {
    message_type: &'static str,
    /// Whose or what settings.
    kind: &'static str,
    /// The number of the reader's request that changed them.
    reference_id: i32,
}

impl SettingsChangedMessage {
    /// Makes the message of what the reader has set at the desk.
    #[must_use]
    pub const fn of_desk(reference_id: i32) -> Self {
        Self { message_type: "SettingsChangedMessage", kind: "desk", reference_id }
    }
}

/// The message that a replay could not begin where it was asked to
/// (docs/compat/notifications.md#replay).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResyncMessage {
    message_type: &'static str,
    /// The topic's own name, also where the subscription was a pattern.
    pub topic: &'static str,
    /// The first number that is kept; one past `head` when none is.
    pub oldest: u64,
    /// The last number that was given.
    pub head: u64,
}

impl ResyncMessage {
    /// Makes the message.
    #[must_use]
    pub const fn new(topic: &'static str, oldest: u64, head: u64) -> Self {
        Self { message_type: "Resync", topic, oldest, head }
    }
}

/// Writes a message.
#[must_use]
pub fn encode<M: Serialize>(message: &M) -> Bytes {
    // Every message consists of strings, numbers, lists and objects with string keys, none of which
    // JSON refuses.
    serde_json::to_vec(message).expect("messages consist of what JSON can say").into()
}
