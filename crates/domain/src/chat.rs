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

use alloc::string::String;
use alloc::vec::Vec;

use crate::exchange::Exchange;
use crate::id::UserId;
use crate::time::Time;

mod entry;
mod ledger;
mod party;

pub use entry::{Content, Entry, LeaveReason, TreatAs, Utterance};
pub use party::{Party, PartyId, PartyKind, Speaker};

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
    /// Whether the customer waits for an answer, and what was said last.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Exchange::is_empty"))]
    pub exchange: Exchange,
    /// When the conversation last gave a sign of life.
    pub last_activity: Time,
    /// When everybody was alerted that it is idle; `None` when it was not, or not since the last
    /// sign of life.
    pub alerted: Option<Time>,
    /// How the customer's session ended; `None` while it is live.
    pub ended: Option<LeaveReason>,
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
    /// How many characters a draft has at most: more than can be said at once, so that it can be
    /// cut to measure.
    pub const DRAFT_CHARS_MAX: usize = 16_384;
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

    /// Tells whether nobody can say anything more.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.total >= Self::ENTRIES_MAX || self.bytes >= Self::BYTES_MAX
    }

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
    matches!(
        character,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
