//! What is said in a chat, line by line.

use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::chat::{Speaker, Visibility};
use crate::id::FileId;
use crate::time::Time;

/// Why a party left, or how the customer's session ended. Codes: Chat Server's quit-reason-code
/// (docs/compat/customers.md#times-and-ends); `Requeued` and `HandedOver` are ours and are told as
/// 0, `WaitedTooLong` is ours and has a code of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum LeaveReason {
    /// They left themselves.
    Itself,
    /// The customer made no request for too long.
    Silence,
    /// Another participant took them out, or an agent ended the session.
    Removed,
    /// The server took them out, as somebody who is gone or whose session is over.
    ByServer,
    /// Nobody said anything for too long.
    Idle,
    /// The chat went back to a queue.
    Requeued,
    /// They handed the chat over to another agent.
    HandedOver,
    /// The customer waited as long as the service allows, and nobody took the chat.
    WaitedTooLong,
}

impl LeaveReason {
    /// Returns the wire's code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Itself | Self::Requeued | Self::HandedOver => 0,
            Self::Silence => 3,
            Self::Removed => 4,
            Self::ByServer => 5,
            Self::Idle => 7,
            // Far from the codes of the reference server, which has no such end.
            Self::WaitedTooLong => 100,
        }
    }
}

/// How a text is meant to be shown (the wire's `treatAs`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum TreatAs {
    /// As somebody's words.
    #[default]
    Normal,
    /// As a message of the system.
    System,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Content {
    /// The party came in, or became visible to more readers.
    Joined,
    /// The party left, or became invisible to some readers.
    Left {
        /// Why.
        reason: LeaveReason,
    },
    Text {
        text: String,
        /// The client's own kind of text.
        message_type: Option<String>,
        /// How it is meant to be shown.
        treat_as: TreatAs,
    },
    /// A page that the others should open.
    PushUrl {
        /// Its address.
        url: String,
    },
    /// A notice between clients.
    CustomNotice { text: Option<String> },
    /// A notice with data.
    Notice { text: String, data: BTreeMap<String, String> },
    /// The party goes by another name from now on.
    NicknameUpdated {
        /// The new name.
        nickname: String,
    },
    /// A file was sent.
    FileUploaded {
        file: FileId,
        name: String,
        /// Its size.
        bytes: u64,
        content_type: String,
        /// What the sender says about it.
        description: Option<String>,
    },
    /// A file was deleted.
    FileDeleted { file: FileId, name: String },
    /// Nobody said anything for a while; the session ends soon.
    IdleAlert,
    /// The session ends because nobody said anything.
    IdleClose,
}

impl Content {
    /// Returns the kind of content by name, for messages to people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Joined => "Joined",
            Self::Left { .. } => "Left",
            Self::Text { .. } => "Text",
            Self::PushUrl { .. } => "PushUrl",
            Self::CustomNotice { .. } => "CustomNotice",
            Self::Notice { .. } => "Notice",
            Self::NicknameUpdated { .. } => "NicknameUpdated",
            Self::FileUploaded { .. } => "FileUploaded",
            Self::FileDeleted { .. } => "FileDeleted",
            Self::IdleAlert => "IdleAlert",
            Self::IdleClose => "IdleClose",
        }
    }

    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let maybe = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        match self {
            Self::Text { text, message_type, .. } => text.len() + maybe(message_type),
            Self::PushUrl { url } => url.len(),
            Self::CustomNotice { text } => maybe(text),
            Self::Notice { text, data } => {
                text.len() + data.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>()
            }
            Self::NicknameUpdated { nickname } => nickname.len(),
            Self::FileUploaded { name, content_type, description, .. } => {
                name.len() + content_type.len() + maybe(description)
            }
            Self::FileDeleted { name, .. } => name.len(),
            Self::Joined | Self::Left { .. } | Self::IdleAlert | Self::IdleClose => 0,
        }
    }

    /// Tells whether it counts as a sign of life of the conversation (Chat Server's default: join,
    /// leave, message, and the major notices, docs/compat/customers.md#times-and-ends).
    #[must_use]
    pub const fn is_activity(&self) -> bool {
        match self {
            Self::Joined
            | Self::Left { .. }
            | Self::Text { .. }
            | Self::PushUrl { .. }
            | Self::FileUploaded { .. }
            | Self::FileDeleted { .. } => true,
            Self::CustomNotice { .. }
            | Self::Notice { .. }
            | Self::NicknameUpdated { .. }
            | Self::IdleAlert
            | Self::IdleClose => false,
        }
    }
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// Its number among all entries; what supervisors see. From 1 without a gap.
    pub number: u64,
    /// Its number among those that agents see; `None` when they do not see it.
    pub agents: Option<u64>,
    /// Its number among those that the customer sees; `None` when they do not see it.
    pub customer: Option<u64>,
    pub at: Time,
    pub from: Speaker,
    /// Who may see it.
    pub visibility: Visibility,
    pub content: Content,
    /// The speaker's client's own id of it, by which they know it again after a lost answer; nobody
    /// else is told.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub message_id: Option<String>,
}

impl Entry {
    /// Returns its number in the sequence that a reader sees; `None` when they do not see it.
    #[must_use]
    pub const fn index_for(&self, sees: Visibility) -> Option<u64> {
        match sees {
            Visibility::All => self.customer,
            Visibility::Agents => self.agents,
            Visibility::Supervisors => Some(self.number),
        }
    }
}

/// Something that somebody wants to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    pub content: Content,
    /// To whom. What an agent says who is hidden goes to no more readers than those who see them.
    pub visibility: Visibility,
    /// The speaker's client's own id of it, when it has one.
    pub message_id: Option<String>,
}

impl Utterance {
    /// Makes one whose client does not name it.
    #[must_use]
    pub const fn new(content: Content, visibility: Visibility) -> Self {
        Self { content, visibility, message_id: None }
    }
}
