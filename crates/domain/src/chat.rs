//! What is special about a chat: who takes part, what was said, and to whom each of it may be
//! shown.
//!
//! The transcript is the sequence of [`Entry`]s that the interaction's events carry as
//! [`Fact::Said`](crate::event::Fact::Said); there is no second copy of it. [`Chat`] is the small
//! part that every decision needs: the parties and the numbers given so far.
//!
//! Three audiences see three sequences: the customer, the agents and the supervisors. Each numbers
//! its own entries from 1 without a gap, and nobody is ever told a number of another audience,
//! because a gap would tell them that something was hidden from them.
//!
//! Typing, read receipts and previews are no entries: they are told to those who are there now and
//! kept nowhere.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::id::{FileId, UserId};
use crate::time::Time;

mod ledger;

/// Who may see an entry or a party; also how much a reader sees. The order is from the widest
/// audience to the narrowest, so that a reader sees whatever is not above them. (Chat Server's ALL,
/// INT and VIP; its CLIENT, AGENT and SUPERVISOR.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Visibility {
    /// Everybody; what the customer sees.
    All,
    /// Agents and supervisors; what an agent sees.
    Agents,
    /// Supervisors alone, as their silent monitoring; what a supervisor sees.
    Supervisors,
}

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

/// What a party is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum PartyKind {
    /// The server itself.
    System,
    /// The customer.
    Customer,
    /// An agent who owns the chat or was asked into it.
    Agent(UserId),
    /// A supervisor who came in of their own accord.
    Supervisor(UserId),
}

impl PartyKind {
    /// Returns the user, when it is one.
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
    /// A text.
    Text {
        /// The text.
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
    CustomNotice {
        /// Its text.
        text: Option<String>,
    },
    /// A notice with data.
    Notice {
        /// Its text.
        text: String,
        /// Its data.
        data: BTreeMap<String, String>,
    },
    /// The party goes by another name from now on.
    NicknameUpdated {
        /// The new name.
        nickname: String,
    },
    /// A file was sent.
    FileUploaded {
        /// The file.
        file: FileId,
        /// Its name.
        name: String,
        /// Its size.
        bytes: u64,
        /// Its type.
        content_type: String,
        /// What the sender says about it.
        description: Option<String>,
    },
    /// A file was deleted.
    FileDeleted {
        /// The file.
        file: FileId,
        /// Its name.
        name: String,
    },
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

    /// Returns how many bytes of text it has.
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
    /// When.
    pub at: Time,
    /// Who.
    pub from: Speaker,
    /// Who may see it.
    pub visibility: Visibility,
    /// What.
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
    /// What.
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

/// What a customer proves themselves with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct CustomerKey {
    /// The customer API's `userId`, 16 characters.
    pub user_id: String,
    /// SHA-256 of the secure key, in hex. The key itself is not kept.
    pub key_hash: String,
}

/// The times of a chat, copied from its service when it opens, so that a change of the service
/// leaves running chats as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct ChatTimes {
    /// How long the customer may go without a request before they count as gone, in ms; 0 is for
    /// ever.
    pub customer_silence_ms: u64,
    /// How long nobody may say anything before everybody is alerted, in ms; 0 is for ever. It runs
    /// while an agent is in the chat.
    pub idle_alert_ms: u64,
    /// How long after the alert the session ends, in ms; 0 is never.
    pub idle_close_ms: u64,
    /// How long the customer may wait in one queue before the chat is canceled, in ms; 0 is for
    /// ever.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "is_off"))]
    pub wait_max_ms: u64,
}

/// Tells whether a time is off, which is not written down: chats and services from before there was
/// such a time have none.
#[cfg(feature = "stored")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_off(ms: &u64) -> bool {
    *ms == 0
}

/// How far the customer has used what the service allows them in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct FileUse {
    /// Files that they sent. Deleting one does not give it back.
    pub uploads: u32,
    /// Their size together.
    pub bytes: u64,
    /// How often they fetched one.
    pub downloads: u32,
}

/// What a customer's wish to chat brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRequest {
    /// The service that they came by.
    pub service: String,
    /// The name that they go by.
    pub nickname: String,
    /// What they prove themselves with from now on.
    pub customer: CustomerKey,
    /// The times of their chat.
    pub times: ChatTimes,
}

#[cfg(feature = "stored")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The conversation of a chat interaction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Chat {
    /// The service that the customer came by.
    pub service: String,
    /// What the customer proves themselves with.
    pub customer: CustomerKey,
    /// Who takes part or took part, in the order of coming in; the customer is the first.
    pub parties: Vec<Party>,
    /// How many entries there are.
    pub total: u64,
    /// How many of them agents see.
    pub for_agents: u64,
    /// How many of them the customer sees.
    pub for_customer: u64,
    /// How many bytes of text they have together. Of a chat that was stored before this was
    /// counted, those since.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "is_zero"))]
    pub bytes: u64,
    /// When the conversation last gave a sign of life.
    pub last_activity: Time,
    /// When everybody was alerted that it is idle; `None` when it was not, or not since the last
    /// sign of life.
    pub alerted: Option<Time>,
    /// How the customer's session ended; `None` while it is live.
    pub ended: Option<LeaveReason>,
    /// Files.
    pub files: FileUse,
    /// The times that count for it.
    pub times: ChatTimes,
}

impl Chat {
    /// How many entries people can make in one chat. Some hours of fast typing; a bound, because a
    /// transcript is held in memory. What the server itself records still fits.
    pub const ENTRIES_MAX: u64 = 10_000;
    /// How many bytes of text they may have together: a large book. The same bound for those who
    /// write long texts, which is reached first.
    pub const BYTES_MAX: u64 = 4 << 20;
    /// How many characters a text or a notice has at most; as many as one packet to the reference
    /// server holds.
    pub const TEXT_CHARS_MAX: usize = 4_096;
    /// How many characters an address has at most.
    pub const URL_CHARS_MAX: usize = 2_048;
    /// How many characters a nickname, a file's name or a type has at most.
    pub const NAME_CHARS_MAX: usize = 255;
    /// How many entries of its history an agent is shown who takes a chat; they can ask for the
    /// rest.
    pub const SHOWN_ENTRIES_MAX: usize = 500;
    /// How many bytes of text these entries have at most.
    pub const SHOWN_BYTES_MAX: usize = 256 * 1024;

    /// Tells whether the customer's session is live.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.ended.is_none()
    }

    /// Returns the customer.
    #[must_use]
    pub fn customer_party(&self) -> Option<&Party> {
        self.parties.iter().find(|party| party.kind == PartyKind::Customer)
    }

    /// Returns an agent or supervisor who is there now.
    #[must_use]
    pub fn present(&self, user: UserId) -> Option<&Party> {
        self.parties.iter().find(|party| party.present && party.kind.user() == Some(user))
    }

    /// Returns how many entries a reader sees.
    #[must_use]
    pub const fn total_for(&self, sees: Visibility) -> u64 {
        match sees {
            Visibility::All => self.for_customer,
            Visibility::Agents => self.for_agents,
            Visibility::Supervisors => self.total,
        }
    }
}

/// Tells whether a character shows nothing, or only turns what follows it: format characters, and
/// the letters that are blank.
#[must_use]
pub const fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
