//! Commands: what somebody wants to happen to one interaction. Names are already resolved; one that
//! could not be resolved travels as [`Named::Unknown`], because the refusal "unknown queue" comes
//! only after "not yours" (docs/compat/conventions.md#refusals, order of refusals).

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::center::{Queue, Roles, User, Workbin};
use crate::chat::{LeaveReason, Utterance};
use crate::event::Cause;
use crate::id::{FileId, GroupId, InteractionId, ResponseId, SkillId, UserId};
use crate::interaction::{Attachment, Email, OfferKind};
use crate::operation::Operation;
use crate::rejection::{Noun, Rejection};
use crate::time::Time;
use crate::user_data::{UserData, Value};

/// An authenticated person or server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    /// What they may do. Whoever asks for all that is allowed copies a caller for each question.
    pub roles: Arc<Roles>,
    /// The agent groups they are in.
    pub groups: Arc<BTreeSet<GroupId>>,
}

impl Caller {
    #[must_use]
    pub fn new(user: UserId, roles: Roles, groups: BTreeSet<GroupId>) -> Self {
        Self { user, roles: Arc::new(roles), groups: Arc::new(groups) }
    }

    /// Returns a user as a caller with what they have now.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self::new(user.id, user.roles.clone(), user.groups.clone())
    }
}

/// Who wants something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user, by the agent API.
    User(Caller),
    /// The customer of a chat.
    Customer,
    Router,
    /// A timer, or the server on behalf of an agent who is gone.
    Server,
    /// The outgoing mail worker.
    Mailer,
}

impl Actor {
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(caller) => Some(caller.user),
            Self::Customer | Self::Router | Self::Server | Self::Mailer => None,
        }
    }

    /// Returns the actor as the history names it.
    #[must_use]
    pub const fn cause(&self) -> Cause {
        match self {
            Self::User(caller) => Cause::User(caller.user),
            Self::Customer => Cause::Customer,
            Self::Router => Cause::Router,
            Self::Server => Cause::Server,
            Self::Mailer => Cause::Mailer,
        }
    }
}

/// Something that a command names, resolved or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named<T> {
    /// It exists.
    Known(T),
    /// Nothing of that name or id is visible to the caller; the text is what they gave.
    Unknown(String),
    /// Several things have that name; the text is what they gave.
    Ambiguous(String),
}

impl<T> Named<T> {
    /// Returns the thing itself.
    ///
    /// # Errors
    ///
    /// [`Rejection::Unknown`] or [`Rejection::Ambiguous`], naming `noun`, when the name stands for
    /// nothing or for several things.
    pub fn known(&self, noun: Noun) -> Result<&T, Rejection> {
        match self {
            Self::Known(thing) => Ok(thing),
            Self::Unknown(name) => Err(Rejection::Unknown { noun, name: name.clone() }),
            Self::Ambiguous(name) => Err(Rejection::Ambiguous { noun, name: name.clone() }),
        }
    }
}

/// Where a transfer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one is made for each command, and none is kept")]
pub enum Target {
    /// To an agent, who is offered it first.
    Agent(Named<UserId>),
    Queue(Named<Queue>),
    /// Back to its current queue, asking for a skill (at this level or above) as well.
    Skill(Named<(SkillId, u32)>),
}

/// How a supervisor takes part in a chat that they came into of their own accord (the documents'
/// `supervisorVisibilityMode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum SupervisorMode {
    /// They look on, and only supervisors see them.
    Monitor,
    /// They advise the agents, who see them; the customer does not.
    Coach,
    /// They take part openly.
    BargeIn,
}

impl From<SupervisorMode> for OfferKind {
    fn from(mode: SupervisorMode) -> Self {
        match mode {
            SupervisorMode::Monitor => Self::Monitor,
            SupervisorMode::Coach => Self::Coach,
            SupervisorMode::BargeIn => Self::BargeIn,
        }
    }
}

/// Which kind of draft to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DraftKind {
    /// To the sender.
    Reply,
    /// To the sender and everybody who got a copy.
    ReplyAll,
    /// To somebody else.
    Forward,
}

/// How a draft starts out. The caller has already composed addresses, subject and quoted text.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub kind: DraftKind,
    pub subject: Option<String>,
    /// Its text and recipients, and those files of its original that the text shows.
    pub email: Email,
    /// User data of the draft itself; added to what it inherits from the original.
    pub user_data: UserData,
    /// The queue that it goes out by, when named.
    pub queue: Option<Named<Queue>>,
    /// The latest message of the thread that its writer has seen; `None` is the latest that there
    /// is.
    pub base: Option<InteractionId>,
}

/// How a draft is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dispatch {
    /// The queue that it goes out by; `None` is the draft's own.
    pub queue: Option<Named<Queue>>,
    /// Its last text and recipients; `None` leaves them as they were saved.
    pub email: Option<Email>,
    /// Its last subject; `None` leaves it as it was saved.
    pub subject: Option<String>,
    /// The latest message of the thread that its writer has seen; `None` is what the draft says.
    pub base: Option<InteractionId>,
    /// Whether it is sent though the customer has written again.
    pub force: bool,
    /// How long it waits before it goes out, in ms, and can be taken back; 0 is not at all, at most
    /// [`Dispatch::DELAY_MS_MAX`].
    pub delay_ms: u64,
}

impl Dispatch {
    /// The longest time in which a mail can be taken back, in ms: whoever sees a slip sees it at
    /// once, and customers wait meanwhile.
    pub const DELAY_MS_MAX: u64 = 60_000;
}

/// Which keys to delete.
#[derive(Clone, Debug, PartialEq)]
pub enum Removal {
    /// Top-level keys by name (8.5.2 form).
    Keys(Vec<String>),
    /// Keys of the object; a nested object names nested keys, other values do not matter (reference
    /// document's form).
    Tree(BTreeMap<String, Value>),
}

/// The changed part of an interaction, from `PUT /interactions/{id}`. `None` leaves a property as
/// it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// Merge-patch of the user data (RFC 7396): null removes a key, objects merge, everything else
    /// replaces.
    pub user_data: Option<BTreeMap<String, Value>>,
    /// New subject.
    pub subject: Option<String>,
    /// New priority; supervisors and admins only.
    pub priority: Option<i64>,
    /// A note to put behind the others; an empty one lets none be shown as the comment.
    pub comment: Option<String>,
    /// New text and recipients, of a draft only.
    pub email: Option<Email>,
}

/// What an agent or a supervisor may want, by the agent API.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Take the offered interaction.
    Accept {
        /// The name to show to a customer.
        nickname: Option<String>,
    },
    /// Pass the offer by.
    Reject,
    /// Set the given keys, creating missing ones.
    UpdateUserData(UserData),
    /// The same by its other name: clients use Attach to set what may be there already
    /// (docs/api/README.md, "User data").
    AttachUserData(UserData),
    /// Remove keys.
    DeleteUserData(Removal),
    /// Change properties (`PUT`).
    Change(Patch),
    /// Set the disposition: a user-data key of the server's choosing or the caller's.
    SetDisposition {
        key: String,
        disposition: Value,
    },
    /// Put a note behind the others.
    AddComment(String),
    /// Say that a text that is kept ready was used.
    UseResponse(ResponseId),
    /// Say that one looks at it now; changes nothing.
    SetInFocus,
    PlaceInQueue(Named<Queue>),
    /// Put it into a workbin, from where it comes back at a time when there is one.
    PlaceInWorkbin(Named<Workbin>, Option<Time>),
    /// Take it out of a workbin.
    Pull {
        /// The workbin it is expected in; `None` for wherever it is.
        from: Option<Named<Workbin>>,
    },
    /// Put it into somebody's hands, wherever it is: a supervisor's.
    Take {
        /// Whose; `None` is the caller's own.
        to: Option<Named<UserId>>,
    },
    /// Change its priority.
    SetPriority(i64),
    /// Take the next step of the queue that it waits in now.
    Widen,
    /// Hand it over.
    Transfer(Target),
    /// Bring another agent into a live chat.
    Invite(Named<UserId>),
    /// Ask another agent for advice in a live chat.
    Consult(Named<UserId>),
    /// Ask for the advice of whoever serves a queue and can take it best now.
    ConsultQueue(Named<Queue>),
    /// Take another agent out of a live chat.
    RemoveParticipant(Named<UserId>),
    /// Leave a live chat.
    Leave,
    /// End the customer's chat session, keeping the interaction.
    EndChatSession,
    /// Say something in a live chat.
    Say(Utterance),
    /// Hand a live chat over to an agent who is in it already.
    CompleteTransfer {
        /// The agent; `None` for who came in last.
        to: Option<Named<UserId>>,
    },
    /// Show an agent to the customer who was asked for advice.
    CompleteConference {
        /// The agent; `None` for who came in last.
        agent: Option<Named<UserId>>,
    },
    /// Come into a live chat as a supervisor.
    Intrude {
        /// In which way.
        mode: SupervisorMode,
        /// The name to go by there, unless another is given when they accept.
        nickname: Option<String>,
    },
    /// Go on in another way as a supervisor in a live chat.
    SwitchMode {
        /// In which way.
        mode: SupervisorMode,
    },
    /// Finish it, or with a queue pass it on there.
    Complete {
        /// Where it goes instead of ending.
        queue: Option<Named<Queue>>,
    },
    /// Make a draft that answers it.
    CreateDraft(Box<Draft>),
    /// Keep the draft's present text.
    SaveDraft {
        /// The text and recipients.
        email: Email,
        subject: Option<String>,
    },
    /// Give the draft to the outgoing mail worker.
    Send(Box<Dispatch>),
    /// Take back what was sent and waits still.
    CancelSend,
    AddAttachment(Attachment),
    /// Take an attached file off the draft.
    RemoveAttachment(FileId),
    /// Make an inbound e-mail the first of a thread of its own.
    Split,
    /// Put an inbound e-mail into the thread of an earlier interaction, as an answer to it.
    Join {
        /// The earlier interaction.
        parent: Named<InteractionId>,
    },
    /// Give the draft up.
    Cancel,
}

impl Action {
    /// Returns what kind of thing it is.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Accept { .. } => Operation::Accept,
            Self::Reject => Operation::Reject,
            Self::UpdateUserData(_) => Operation::UpdateUserData,
            Self::AttachUserData(_) => Operation::AttachUserData,
            Self::DeleteUserData(_) => Operation::DeleteUserData,
            Self::Change(_) => Operation::Change,
            Self::SetDisposition { .. } => Operation::SetDisposition,
            Self::AddComment(_) => Operation::AddComment,
            Self::UseResponse(_) => Operation::UseResponse,
            Self::SetInFocus => Operation::SetInFocus,
            Self::PlaceInQueue(_) => Operation::PlaceInQueue,
            Self::PlaceInWorkbin(..) => Operation::PlaceInWorkbin,
            Self::Pull { .. } => Operation::PullInteraction,
            Self::Take { .. } => Operation::Pull,
            Self::SetPriority(_) => Operation::SetPriority,
            Self::Widen => Operation::Widen,
            Self::Transfer(_) => Operation::Transfer,
            Self::Invite(_) => Operation::Invite,
            Self::Consult(_) | Self::ConsultQueue(_) => Operation::Consult,
            Self::RemoveParticipant(_) => Operation::RemoveParticipantFromConference,
            Self::Leave => Operation::Leave,
            Self::EndChatSession => Operation::EndChatSession,
            Self::Say(_) => Operation::SendMessage,
            Self::CompleteTransfer { .. } => Operation::CompleteTransfer,
            Self::CompleteConference { .. } => Operation::CompleteConference,
            Self::Intrude { .. } => Operation::Intrude,
            Self::SwitchMode { mode: SupervisorMode::Monitor } => Operation::SwitchToMonitor,
            Self::SwitchMode { mode: SupervisorMode::Coach } => Operation::SwitchToCoach,
            Self::SwitchMode { mode: SupervisorMode::BargeIn } => Operation::SwitchBargeIn,
            Self::Complete { .. } => Operation::Complete,
            Self::CreateDraft(draft) => match draft.kind {
                DraftKind::Reply => Operation::Reply,
                DraftKind::ReplyAll => Operation::ReplyAll,
                DraftKind::Forward => Operation::Forward,
            },
            Self::SaveDraft { .. } => Operation::Save,
            Self::Send(_) => Operation::Send,
            Self::CancelSend => Operation::CancelSend,
            Self::AddAttachment(_) => Operation::AddAttachment,
            Self::RemoveAttachment(_) => Operation::RemoveAttachment,
            Self::Split => Operation::SplitFromThread,
            Self::Join { .. } => Operation::JoinThread,
            Self::Cancel => Operation::Cancel,
        }
    }
}

/// What the customer of a chat may want.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomerAction {
    /// Say something.
    Say(Utterance),
    /// Set the given keys, creating missing ones.
    UpdateUserData(UserData),
    /// Have it counted that they fetched a file of the chat.
    CountDownload { file: FileId },
    /// Go.
    Leave {
        /// Why.
        reason: LeaveReason,
    },
}

impl CustomerAction {
    const fn operation(&self) -> Operation {
        match self {
            Self::Say(_) => Operation::SendMessage,
            Self::UpdateUserData(_) => Operation::UpdateUserData,
            Self::CountDownload { .. } => Operation::CountDownload,
            Self::Leave { .. } => Operation::CustomerLeft,
        }
    }
}

/// What the server's own workers may want. No door of the wire leads here.
#[derive(Clone, Debug, PartialEq)]
pub enum SystemAction {
    /// Offer a waiting interaction to an agent (router).
    Offer {
        /// The agent.
        to: UserId,
        /// Of how many who could take it they were chosen ([`crate::routing::Pair::of`]).
        of: u32,
    },
    /// End an offer whose time is over (timer).
    ExpireOffer {
        /// The offer's number.
        number: u64,
        /// Since when an answer could come in: an offer of before is not held against its target.
        running_since: Time,
    },
    /// The owner made no request for the handling timeout (timer).
    ExpireHandling,
    /// The customer made no request for as long as the service allows (timer).
    CheckCustomer {
        /// Since when somebody has been there to hear them: a silence before that is none.
        listening_since: Time,
    },
    /// See whether anybody said something lately (timer).
    CheckIdle,
    /// See whether the customer has waited as long as the service allows (timer).
    CheckWait,
    /// Bring back what lies in a workbin until now (timer).
    Remind,
    /// The agent is gone: take from them whatever they hold of this interaction.
    AgentGone { user: UserId },
    /// Take it out of a workbin that ceases to be, into a queue.
    Requeue(Queue),
    /// Let another queue stand for its own, which ceases to be, or give it the first that it has.
    ReplaceQueue(Queue),
    /// The mail is out (mail worker).
    Delivered,
    /// The mail could not be delivered yet (mail worker).
    DeliveryDeferred {
        /// What the other server said.
        reply: String,
        /// When it is tried next.
        next: Time,
    },
    /// The mail will never be delivered (mail worker).
    DeliveryFailed {
        /// What the agent is told.
        reason: String,
    },
}

impl SystemAction {
    const fn operation(&self) -> Operation {
        match self {
            Self::Offer { .. } => Operation::Offer,
            Self::ExpireOffer { .. } => Operation::ExpireOffer,
            Self::ExpireHandling => Operation::ExpireHandling,
            Self::CheckCustomer { .. } => Operation::CheckCustomer,
            Self::CheckIdle => Operation::CheckIdle,
            Self::CheckWait => Operation::CheckWait,
            Self::Remind => Operation::Remind,
            Self::AgentGone { .. } => Operation::AgentGone,
            Self::Requeue(_) | Self::ReplaceQueue(_) => Operation::PlaceInQueue,
            Self::Delivered => Operation::Delivered,
            Self::DeliveryDeferred { .. } => Operation::DeliveryDeferred,
            Self::DeliveryFailed { .. } => Operation::DeliveryFailed,
        }
    }

    /// Returns whose work it is.
    #[must_use]
    pub const fn actor(&self) -> Actor {
        match self {
            Self::Offer { .. } => Actor::Router,
            Self::Delivered | Self::DeliveryDeferred { .. } | Self::DeliveryFailed { .. } => {
                Actor::Mailer
            }
            Self::ExpireOffer { .. }
            | Self::ExpireHandling
            | Self::CheckCustomer { .. }
            | Self::CheckIdle
            | Self::CheckWait
            | Self::Remind
            | Self::AgentGone { .. }
            | Self::Requeue(_)
            | Self::ReplaceQueue(_) => Actor::Server,
        }
    }
}

/// What a user wants to happen to one interaction.
#[derive(Clone, Debug, PartialEq)]
pub struct UserCommand {
    /// Who wants it.
    pub caller: Caller,
    /// The epoch that the caller believes current; a stale one is refused.
    pub epoch: Option<u64>,
    /// What should happen.
    pub action: Action,
    /// What an agent says first who transfers, completes or leaves a live chat; said in the same
    /// commit or not at all. Where there is no live conversation, or with another action, nothing
    /// is said.
    pub farewell: Option<Utterance>,
    /// What an agent says to whom they offer it, with a transfer to an agent, an invitation or a
    /// consultation.
    pub note: Option<String>,
}

impl UserCommand {
    /// Returns a command about whatever epoch is current, with nothing said beside it.
    #[must_use]
    pub const fn new(caller: Caller, action: Action) -> Self {
        Self { caller, epoch: None, action, farewell: None, note: None }
    }
}

/// A command to one interaction. Each actor has actions of its own, so that nobody can give
/// another's.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one is made for each command, and none is kept")]
pub enum Command {
    /// An agent's or a supervisor's.
    User(UserCommand),
    Customer(CustomerAction),
    /// The server's own.
    System(SystemAction),
}

impl Command {
    /// Returns who wants it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::User(command) => Actor::User(command.caller.clone()),
            Self::Customer(_) => Actor::Customer,
            Self::System(action) => action.actor(),
        }
    }

    /// Returns the user who wants it, when it is one.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(command) => Some(command.caller.user),
            Self::Customer(_) | Self::System(_) => None,
        }
    }

    /// Returns what a user wants, when it is one.
    #[must_use]
    pub const fn action(&self) -> Option<&Action> {
        match self {
            Self::User(command) => Some(&command.action),
            Self::Customer(_) | Self::System(_) => None,
        }
    }

    /// Returns what kind of thing is wanted.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self {
            Self::User(command) => command.action.operation(),
            Self::Customer(action) => action.operation(),
            Self::System(action) => action.operation(),
        }
    }
}

impl From<UserCommand> for Command {
    fn from(command: UserCommand) -> Self {
        Self::User(command)
    }
}

impl From<CustomerAction> for Command {
    fn from(action: CustomerAction) -> Self {
        Self::Customer(action)
    }
}

impl From<SystemAction> for Command {
    fn from(action: SystemAction) -> Self {
        Self::System(action)
    }
}
