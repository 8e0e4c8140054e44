//! Media, and what differs between them, as data.

use alloc::string::{String, ToString};
use core::fmt;

use crate::event::Topic;
use crate::interaction::Mode;

/// The medium of an interaction; the wire calls it `channel`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Media {
    /// E-mail, inbound or a draft.
    Email,
    /// Chat with a customer who is there now.
    Chat,
    /// A work item.
    Workitem,
    /// An open-media type by its configured name, such as `sms`.
    Open(String),
}

impl Media {
    /// The channel of telephones. Agents log in to it along with the others and have a state there;
    /// there is nothing behind it, so no queue is for it and nothing is routed to it.
    pub const VOICE: &'static str = "voice";

    /// Returns the medium with that channel name. Every name that is none of the three built-in
    /// ones is an open-media type.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "email" => Self::Email,
            "chat" => Self::Chat,
            "workitem" => Self::Workitem,
            other => Self::Open(other.to_string()),
        }
    }

    /// Returns the channel name: `email`, `chat`, `workitem`, or the open-media type's own.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Email => "email",
            Self::Chat => "chat",
            Self::Workitem => "workitem",
            Self::Open(name) => name,
        }
    }

    /// Tells whether it is a channel without interactions.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.name() == Self::VOICE
    }

    /// Returns how an agent works on a new inbound interaction of this medium.
    #[must_use]
    pub const fn inbound_mode(&self) -> Mode {
        match self {
            Self::Chat => Mode::Chatting,
            Self::Email | Self::Workitem | Self::Open(_) => Mode::Processing,
        }
    }

    /// Returns the medium's own notification topic.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Email => Topic::Emails,
            Self::Chat => Topic::Chats,
            Self::Workitem => Topic::Workitems,
            Self::Open(_) => Topic::Openmedia,
        }
    }

    /// Returns how many interactions of this medium an agent handles at once when nobody set it: 3
    /// chats, 5 of everything else (docs/compat/agents.md).
    #[must_use]
    pub const fn default_capacity(&self) -> u32 {
        match self {
            Self::Chat => 3,
            Self::Email | Self::Workitem | Self::Open(_) => 5,
        }
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(feature = "stored")]
impl serde::Serialize for Media {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(feature = "stored")]
impl<'de> serde::Deserialize<'de> for Media {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = <alloc::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Ok(Self::from_name(&name))
    }
}

/// Who started the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Direction {
    /// The customer.
    Inbound,
    /// An agent.
    Outbound,
    /// Nobody outside: work between colleagues.
    Internal,
}
