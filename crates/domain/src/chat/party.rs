//! Who takes part in a chat, and by which number whom of them knows.

use alloc::string::String;

use crate::chat::Visibility;
use crate::id::UserId;

/// A party's number within its chat: 0 for the server, 1 for the customer, then in the order of
/// coming in. Whoever comes back has the number that they had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct PartyId(pub u32);

impl PartyId {
    /// The server's own number.
    pub const SYSTEM: Self = Self(0);
    /// The customer's number.
    pub const CUSTOMER: Self = Self(1);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum PartyKind {
    /// The server itself.
    System,
    Customer,
    /// An agent who owns the chat or was asked into it.
    Agent(UserId),
    /// A supervisor who came in of their own accord.
    Supervisor(UserId),
}

impl PartyKind {
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::Agent(user) | Self::Supervisor(user) => Some(*user),
            Self::System | Self::Customer => None,
        }
    }
}

/// Somebody who takes part in a chat, or took part in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Party {
    /// Their number among all; what supervisors know them by.
    pub id: PartyId,
    /// Their number as agents know it: counted over those alone whom agents ever saw, so that no
    /// gap betrays a supervisor who only looks on. `None` while no agent ever saw them, and for
    /// everybody in a chat that began before there were such numbers: there it is `id`.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub colleague: Option<PartyId>,
    /// Their number as the customer knows it: counted over those alone whom the customer ever saw,
    /// so that no gap betrays a hidden party. `None` while the customer never saw them.
    pub public: Option<PartyId>,
    /// What they are.
    pub kind: PartyKind,
    /// The name that the others see.
    pub nickname: String,
    /// How much they see.
    pub sees: Visibility,
    /// Who sees them.
    pub shown_to: Visibility,
    /// Whether they are there now.
    pub present: bool,
}

/// Who said something, as they were then.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Speaker {
    /// Their number among all; what supervisors know them by.
    pub id: PartyId,
    /// Their number as agents know it, as in [`Party::colleague`].
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub colleague: Option<PartyId>,
    /// Their number as the customer knows it; always there in an entry that the customer sees.
    pub public: Option<PartyId>,
    /// What they are.
    pub kind: PartyKind,
    /// Their name.
    pub nickname: String,
}

impl Speaker {
    /// The name under which the server speaks.
    pub const SYSTEM_NICKNAME: &'static str = "System";

    /// Returns the server as a speaker.
    #[must_use]
    pub fn system() -> Self {
        let (id, public) = (PartyId::SYSTEM, Some(PartyId::SYSTEM));
        Self {
            id,
            colleague: None,
            public,
            kind: PartyKind::System,
            nickname: Self::SYSTEM_NICKNAME.into(),
        }
    }

    /// Returns the number by which a reader knows them; `None` when the reader never saw them.
    #[must_use]
    pub const fn id_for(&self, sees: Visibility) -> Option<PartyId> {
        number_for(sees, self.id, self.colleague, self.public)
    }
}

impl Party {
    /// Returns the number by which a reader knows them; `None` when the reader never saw them.
    #[must_use]
    pub const fn id_for(&self, sees: Visibility) -> Option<PartyId> {
        number_for(sees, self.id, self.colleague, self.public)
    }
}

const fn number_for(
    sees: Visibility,
    id: PartyId,
    colleague: Option<PartyId>,
    public: Option<PartyId>,
) -> Option<PartyId> {
    match (sees, colleague) {
        (Visibility::All, _) => public,
        (Visibility::Agents, Some(colleague)) => Some(colleague),
        (Visibility::Agents, None) | (Visibility::Supervisors, _) => Some(id),
    }
}

impl From<&Party> for Speaker {
    fn from(party: &Party) -> Self {
        let Party { id, colleague, public, kind, .. } = *party;
        Self { id, colleague, public, kind, nickname: party.nickname.clone() }
    }
}
