//! The medium of an interaction, with what only an interaction of that medium has.

use alloc::string::{String, ToString};

use crate::chat::Chat;
use crate::interaction::{Email, Interaction};
use crate::media::Media;

/// A medium and what belongs to it alone. [`Media`] is its name, by which queues and desks know it.
///
/// `C` is the conversation of a chat: what it is, or while it is to come into being what the
/// customer asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "most are e-mails and chats, which are as large")]
pub enum Medium<C = Chat> {
    /// An e-mail, inbound or a draft.
    Email(Email),
    /// A chat, with its conversation when its customer came by a service. What a server submitted
    /// as a chat has none, and neither has anything stored before there were conversations.
    Chat(Option<C>),
    /// A work item.
    Workitem,
    /// An interaction of an open-media type, by the type's name.
    Open(String),
}

impl<C> Medium<C> {
    /// Returns which medium it is.
    #[must_use]
    pub fn media(&self) -> Media {
        match self {
            Self::Email(_) => Media::Email,
            Self::Chat(_) => Media::Chat,
            Self::Workitem => Media::Workitem,
            Self::Open(name) => Media::Open(name.to_string()),
        }
    }

    /// Turns its conversation into another.
    pub fn map_conversation<D>(self, turn: impl FnOnce(C) -> D) -> Medium<D> {
        match self {
            Self::Email(email) => Medium::Email(email),
            Self::Chat(conversation) => Medium::Chat(conversation.map(turn)),
            Self::Workitem => Medium::Workitem,
            Self::Open(name) => Medium::Open(name),
        }
    }
}

/// A medium with nothing in it: an empty e-mail, a chat without a conversation.
impl<C> From<Media> for Medium<C> {
    fn from(media: Media) -> Self {
        match media {
            Media::Email => Self::Email(Email::default()),
            Media::Chat => Self::Chat(None),
            Media::Workitem => Self::Workitem,
            Media::Open(name) => Self::Open(name),
        }
    }
}

impl Interaction {
    /// Returns which medium it is of.
    #[must_use]
    pub fn media(&self) -> Media {
        self.medium.media()
    }

    /// Returns the e-mail that it is.
    #[must_use]
    pub const fn email(&self) -> Option<&Email> {
        match &self.medium {
            Medium::Email(email) => Some(email),
            Medium::Chat(_) | Medium::Workitem | Medium::Open(_) => None,
        }
    }

    /// Returns the e-mail that it is, to be changed.
    pub const fn email_mut(&mut self) -> Option<&mut Email> {
        match &mut self.medium {
            Medium::Email(email) => Some(email),
            Medium::Chat(_) | Medium::Workitem | Medium::Open(_) => None,
        }
    }

    /// Returns its conversation with a customer.
    #[must_use]
    pub const fn chat(&self) -> Option<&Chat> {
        match &self.medium {
            Medium::Chat(conversation) => conversation.as_ref(),
            Medium::Email(_) | Medium::Workitem | Medium::Open(_) => None,
        }
    }

    /// Returns its conversation with a customer, to be changed.
    pub const fn chat_mut(&mut self) -> Option<&mut Chat> {
        match &mut self.medium {
            Medium::Chat(conversation) => conversation.as_mut(),
            Medium::Email(_) | Medium::Workitem | Medium::Open(_) => None,
        }
    }
}
