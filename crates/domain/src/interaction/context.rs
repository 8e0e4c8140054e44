//! What a decision depends on beside the interaction and the command: the time, the configured
//! numbers, and what it may look up.
//!
//! Nothing here is read from outside: the caller gives what is asked for, and guards what was
//! relied on when it commits the answer.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::center::{Queue, User, Workbin};
use crate::chat::Entry;
use crate::desk::Desk;
use crate::id::{InteractionId, QueueId, SkillId, UserId, WorkbinId};
use crate::interaction::Interaction;
use crate::interaction::notices::ForNotices;
use crate::service::FileLimits;
use crate::time::Time;

/// What happens to the e-mails and work items of an agent who is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GonePolicy {
    /// They go to their own `In Progress` workbin (the default, docs/compat/agents.md#gone).
    Workbin,
    /// They go back to their queue.
    Requeue,
}

/// The numbers that the rules depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long an offer stands that no queue times, in ms; default 30,000.
    pub offer_timeout_ms: u64,
    /// How long an owner may go without a request before they lose what they hold, in ms; default
    /// 10,800,000 (180 min, the reference server's `handling-timeout`).
    pub handling_timeout_ms: u64,
    /// What happens to the e-mails and work items of an agent who is gone.
    pub gone: GonePolicy,
    /// The key of the user data under which clients find and set the disposition; default
    /// `DISP_KEY`, as the reference server's.
    pub disposition_key: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            offer_timeout_ms: Queue::DEFAULT_INVITE_TIMEOUT_MS,
            handling_timeout_ms: 180 * 60 * 1000,
            gone: GonePolicy::Workbin,
            disposition_key: "DISP_KEY".to_string(),
        }
    }
}

/// What a decision may look up beside the interaction itself.
///
/// Whatever is returned as it is, is *relied on*: a refusal or a state may follow from it. Whoever
/// gives it notes the version that it showed, zero for what is not there, and the commit is refused
/// when that has changed. What is only *looked at*, to say whom to tell, comes as [`ForNotices`],
/// which no rule can open; nobody guards it, or every message of a chat would conflict with every
/// offer to one of its participants.
///
/// These are no records, and a race about them is harmless:
///
/// - [`watchers`](Self::watchers) of a workbin: whoever begins to watch is told of what is decided
///   from then on, and reads what lies there afterwards.
/// - [`adviser`](Self::adviser): somebody else may be the better choice a moment later; whoever is
///   asked is relied on like one who was named.
/// - [`transcript`](Self::transcript): every entry is written together with its interaction, whose
///   version the commit guards in any case.
/// - [`newest_inbound`](Self::newest_inbound): a letter that comes while an answer is being sent
///   might have come a moment later. It waits in its queue like any other, and a draft that was
///   begun on an older one is asked about it when it is sent.
/// - [`missed_any`](Self::missed_any): an offer that passes by at the moment in which another is
///   answered is counted before or after that. One too many, and the agent goes Ready again.
/// - the addresses of the center ([`may_send_as`](Self::may_send_as),
///   [`default_sender`](Self::default_sender), [`message_id`](Self::message_id)): no mail leaves by
///   a mailbox that is not there, and one that was being sent comes back to its writer.
pub trait World {
    /// Returns an agent's desk; `None` when they were never here.
    fn desk(&self, user: UserId) -> Option<Arc<Desk>>;
    /// Tells whether an agent has let anything pass by since they last answered.
    fn missed_any(&self, user: UserId) -> bool;
    /// Returns after how many offers in a row that passed by an agent is set to NotReady; 0 is
    /// never.
    fn missed_offers_max(&self) -> u32;
    fn user(&self, user: UserId) -> Option<&User>;
    /// Returns a queue of the interaction's contact center.
    fn queue(&self, queue: QueueId) -> Option<&Queue>;
    /// Tells whether the contact center has a skill.
    fn has_skill(&self, skill: SkillId) -> bool;
    /// Returns a workbin (a shared one, or one agent's copy) by id.
    fn workbin(&self, workbin: WorkbinId) -> Option<Workbin>;
    /// Returns `owner`'s own workbin of that name ([`Workbin::IN_PROGRESS`], [`Workbin::DRAFTS`]).
    fn own_workbin(&self, name: &str, owner: UserId) -> Option<Workbin>;
    /// Returns the users who asked to be told about a workbin.
    fn watchers(&self, workbin: WorkbinId) -> ForNotices<Vec<UserId>>;
    /// Returns the interaction that this one is a draft of.
    fn parent(&self) -> Option<&Interaction>;
    /// Returns the agent whom the router would choose now of those who serve the queue that a
    /// consultation is to go through and have nothing to do with the chat yet; `None` when there is
    /// none.
    fn adviser(&self) -> Option<UserId>;
    /// Returns what was said in the chat so far, oldest first. What an agent is shown who comes in
    /// is taken from its end, so the beginning of a long one may be left off:
    /// [`Chat::SHOWN_ENTRIES_MAX`](crate::chat::Chat::SHOWN_ENTRIES_MAX) entries of each audience
    /// are enough.
    fn transcript(&self) -> &[Entry];
    /// Returns what customers may do with files in chats of a service; `None` when there is no such
    /// service.
    fn file_limits(&self, service: &str) -> Option<&FileLimits>;
    /// Returns the newest inbound e-mail of the interaction's thread that a person wrote.
    fn newest_inbound(&self) -> Option<&Interaction>;
    /// Returns the interaction that the writer of a draft says to have seen last; `None` when there
    /// is none of that id.
    fn base(&self) -> Option<&Interaction>;
    /// Returns the interaction that a [`Join`](crate::command::Action::Join) names; `None` when the
    /// caller does not see it.
    fn joined(&self) -> Option<&Interaction>;
    /// Tells whether the contact center sends as that address, which a name may stand before.
    fn may_send_as(&self, address: &str) -> bool;
    /// Returns the address that the contact center sends as when nobody says another.
    fn default_sender(&self) -> Option<String>;
    /// Returns the `Message-ID` of the interaction when it is sent by `sender` for the `sends`-th
    /// time: always the same for the same.
    fn message_id(&self, sender: &str, sends: u32) -> Option<String>;
    /// Tells whether somebody has begun, or is about to begin, to deliver the mail that waits.
    fn is_claimed(&self) -> bool;
}

/// What a decision depends on beside the interaction and the command.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub now: Time,
    /// The id that a draft gets, should the command make one.
    pub draft_id: InteractionId,
    /// The numbers.
    pub options: &'a Options,
    /// Everything else.
    pub world: &'a dyn World,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("now", &self.now)
            .field("draft_id", &self.draft_id)
            .field("options", self.options)
            .finish_non_exhaustive()
    }
}
