//! Events: past facts of one interaction, and who is told of them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::center::SkillLevels;
use crate::chat::{Entry, Visibility};
use crate::command::SupervisorMode;
use crate::desk::{ChannelState, Desk};
use crate::id::{
    CenterId, ContactId, FileId, GroupId, InteractionId, MailboxId, QueueId, ResponseId, ServiceId,
    SkillId, UserId, WebhookId, WorkbinId,
};
use crate::interaction::{Filing, Interaction, OfferKind, Silence, Status, Threading};
use crate::media::Media;
use crate::time::Time;

/// A notification topic. Every user's messages on one topic are numbered without gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Topic {
    /// `/v2/me/interactions`
    Interactions,
    /// `/v2/me/channels`
    Channels,
    /// `/v2/me/chats`
    Chats,
    /// `/v2/me/emails`
    Emails,
    /// `/v2/me/workitems`
    Workitems,
    /// `/v2/me/openmedia`
    Openmedia,
    /// `/v2/me/workbins`
    Workbins,
    /// `/v2/me`
    Me,
    /// `/notifications/services`
    Services,
    /// `/v2/ucs/interactions`: answers alone, and no events, so that nothing on it has a number.
    Contacts,
}

impl Topic {
    /// Tells whether offers of some medium come on it: whoever listens to none of these is out of
    /// reach.
    #[must_use]
    pub const fn shows_offers(self) -> bool {
        match self {
            Self::Interactions | Self::Chats | Self::Emails | Self::Workitems | Self::Openmedia => {
                true
            }
            Self::Channels | Self::Workbins | Self::Me | Self::Services | Self::Contacts => false,
        }
    }

    pub const ALL: [Self; 10] = [
        Self::Interactions,
        Self::Channels,
        Self::Chats,
        Self::Emails,
        Self::Workitems,
        Self::Openmedia,
        Self::Workbins,
        Self::Me,
        Self::Services,
        Self::Contacts,
    ];

    /// Returns the name by which the store knows it. It is never changed: rows are found by it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interactions => "Interactions",
            Self::Channels => "Channels",
            Self::Chats => "Chats",
            Self::Emails => "Emails",
            Self::Workitems => "Workitems",
            Self::Openmedia => "Openmedia",
            Self::Workbins => "Workbins",
            Self::Me => "Me",
            Self::Services => "Services",
            Self::Contacts => "Contacts",
        }
    }

    /// Returns the topic of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }
}

/// What kind of message an agent gets; the wire's `notificationType`
/// (docs/compat/notifications.md#messages).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum NotificationType {
    /// The state, as this reader sees it, changed.
    StatusChange,
    /// Data or properties changed.
    PropertiesUpdated,
    /// Agents came into or left the conversation.
    ParticipantsUpdated,
    /// A draft was saved (told as `EmailSaved` on the e-mail topic).
    DraftSaved,
    /// A file was attached to a draft.
    AttachmentAdded,
    /// An attached file was taken off a draft.
    AttachmentRemoved,
    /// Something that was asked for did not come about.
    Error,
    /// Something was said in a chat.
    NewMessages,
}

/// What one agent is told of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum View {
    /// The interaction concerns them still: they see this state, with its capabilities.
    Concerned(Status),
    /// It stopped concerning them: they see this state, with no capabilities.
    Gone(Status),
    /// They watch the workbin that it came into or left.
    Workbin {
        workbin: WorkbinId,
        /// True when it came in, false when it left.
        added: bool,
    },
    /// Their own channels changed.
    Channels,
    /// They take part in a chat in which something was said: those of the event's entries that they
    /// see, by their numbers in that audience.
    Messages {
        /// How much they see.
        sees: Visibility,
    },
}

/// Whose a stream is: messages are numbered for each owner and topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Owner {
    User(UserId),
    /// Everybody of a contact center who may listen to the topic.
    Center(CenterId),
    /// Everybody of a group who may.
    Group(GroupId),
}

impl Owner {
    /// Returns the user whose own stream it is; `None` for a shared one.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Center(_) | Self::Group(_) => None,
        }
    }
}

/// One agent, or several who share a stream, who are told of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Notice {
    /// Who is told.
    pub to: Owner,
    /// What they see.
    pub view: View,
    /// What kind of message it is.
    pub kind: NotificationType,
    /// For an error: the wire's code and a sentence.
    pub error: Option<(i32, String)>,
    /// The number of the caller's request that caused it; set for the caller alone.
    pub reference: Option<i32>,
}

impl Notice {
    /// Returns the agent who is told; `None` for a shared stream.
    #[must_use]
    pub const fn user(&self) -> Option<UserId> {
        self.to.user()
    }

    /// Returns the topics that carry this notice, for an interaction of `media`.
    #[must_use]
    pub fn topics(&self, media: Option<&Media>) -> Vec<Topic> {
        let mut topics = Vec::with_capacity(2);
        match self.view {
            View::Concerned(_) | View::Gone(_) | View::Messages { .. } => {
                topics.push(Topic::Interactions);
                topics.extend(media.map(Media::topic));
            }
            View::Workbin { .. } => topics.push(Topic::Workbins),
            View::Channels => topics.push(Topic::Channels),
        }
        topics
    }
}

/// Why an offer was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum RevokeReason {
    /// The agent it was made to is gone.
    AgentGone,
    CustomerLeft,
    /// The owner did something else with the interaction.
    OwnerActed,
    /// The owner is gone, or was silent for too long.
    OwnerGone,
    /// The queue ceased to be.
    QueueGone,
    /// A supervisor did something else with the interaction.
    SupervisorActed,
}

/// What happened to one interaction, one desk or one contact center.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Fact {
    /// It entered the server.
    Opened,
    /// It entered a queue.
    Queued {
        queue: QueueId,
        /// The skill added for this wait by a transfer to a skill.
        #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
        skill: Option<SkillId>,
        /// Its place in line, when that is older than this.
        #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
        since: Option<Time>,
        /// Whether it goes before what entered normally.
        #[cfg_attr(
            feature = "stored",
            serde(default, skip_serializing_if = "core::ops::Not::not")
        )]
        front: bool,
        /// The skills asked for in this wait beyond the queue's.
        #[cfg_attr(
            feature = "stored",
            serde(default, skip_serializing_if = "SkillLevels::is_empty")
        )]
        skills: SkillLevels,
        /// How soon the queue promised an answer at that moment, in ms; `None` of one that promises
        /// nothing, and of what entered before this was said.
        #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
        target_ms: Option<u64>,
    },
    /// The queue that it was last in ceased to be, or it had none; this one stands for it. It stays
    /// where it is.
    QueueReplaced {
        queue: QueueId,
    },
    /// It was offered to an agent.
    Offered {
        /// Whom.
        to: UserId,
        /// Why.
        kind: OfferKind,
        /// Until when.
        expires: Time,
        /// Of how many agents who could take it, whom it is offered to among them, the router chose
        /// them: 1 to [`crate::routing::COUNTED_MAX`], which stands for as many or more. `None` of
        /// what others offer, and of what the router offered before it was counted.
        #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
        of: Option<u32>,
    },
    /// An agent took it.
    Accepted {
        by: UserId,
        /// What they were offered it for.
        kind: OfferKind,
    },
    /// An agent passed it by.
    Rejected {
        by: UserId,
    },
    /// An offer ended by itself.
    OfferExpired {
        to: UserId,
    },
    /// An offer was taken back.
    OfferRevoked {
        /// From whom.
        to: UserId,
        /// Why.
        reason: RevokeReason,
    },
    UserDataChanged,
    /// An agent said what came of it, or took that back.
    DispositionSet {
        #[cfg_attr(feature = "stored", serde(skip_serializing_if = "Option::is_none"))]
        disposition: Option<String>,
    },
    /// A text that is kept ready was used.
    ResponseUsed {
        response: ResponseId,
    },
    /// Other properties changed.
    PropertiesChanged,
    /// It was put into a workbin.
    Parked {
        workbin: WorkbinId,
        /// When it comes back by itself.
        #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
        until: Option<Time>,
    },
    /// The time came until which it was to lie in a workbin.
    Reminded {
        /// Who had put it there.
        of: UserId,
    },
    /// It was taken out of a workbin.
    Pulled {
        workbin: WorkbinId,
        /// By whom.
        by: UserId,
    },
    /// It was put into an agent's hands out of its queue, without being offered.
    Taken {
        /// Whose.
        by: UserId,
    },
    /// The step of its queue that is in force was taken before its time.
    Widened {
        /// Its number, from 1.
        step: u32,
    },
    /// A draft of it was made.
    DraftCreated {
        draft: InteractionId,
    },
    /// A draft of it ended or went out.
    DraftClosed {
        draft: InteractionId,
        /// Whether it went out as the answer to whoever wrote this. What closed before this was
        /// said did not.
        #[cfg_attr(
            feature = "stored",
            serde(default, skip_serializing_if = "core::ops::Not::not")
        )]
        answers: bool,
    },
    /// A draft of it could not be delivered and is open again.
    DraftReopened {
        draft: InteractionId,
    },
    /// The draft was saved.
    DraftSaved,
    /// The draft was given to the outgoing mail worker.
    SendStarted,
    /// It waits, and can be taken back until then.
    SendHeld {
        until: Time,
    },
    /// It was taken back before it went out.
    SendCanceled,
    /// Somebody has to look at the draft before it goes out.
    SentForReview,
    /// The mail could not be delivered yet.
    DeliveryDeferred {
        /// How often it was put off, this time included.
        attempt: u32,
        /// What the other server said.
        reply: String,
        /// When it is tried next.
        next: Time,
    },
    /// A file was attached.
    AttachmentAdded {
        file: FileId,
        name: String,
    },
    /// An attached file was taken off.
    AttachmentRemoved {
        file: FileId,
        name: String,
    },
    /// It was put into a thread, or made the first of one.
    Threaded {
        /// What it answers.
        parent: Option<InteractionId>,
        /// Why.
        how: Threading,
    },
    /// Something that whoever read the letter noticed.
    Remark(String),
    /// The server confirmed its receipt to the sender.
    Acknowledged {
        by: InteractionId,
    },
    /// The server did not confirm its receipt, though its queue says that it should.
    NotAcknowledged {
        /// Why not.
        why: Silence,
    },
    /// It was put on file, because nobody has to do anything about it.
    Filed {
        /// Why nobody has to.
        why: Filing,
    },
    /// The mail is out.
    Sent,
    /// The mail will never be delivered.
    DeliveryFailed {
        /// Why.
        reason: String,
    },
    /// An agent left the conversation.
    ParticipantLeft {
        user: UserId,
    },
    /// Another participant became the owner.
    OwnerChanged {
        to: UserId,
    },
    /// The customer's chat session ended.
    ChatEnded,
    /// Something was said in a chat, or somebody came or went.
    Said(Box<Entry>),
    /// A supervisor in the conversation watches or helps in another way than before.
    ModeSwitched {
        by: UserId,
        /// How they take part now.
        kind: SupervisorMode,
    },
    /// The customer fetched a file of the chat.
    FileDownloaded {
        file: FileId,
    },
    /// The handling timeout took it from its owner.
    HandlingExpired {
        /// From whom.
        owner: UserId,
    },
    /// It was taken from an agent who is gone.
    AgentGone {
        user: UserId,
    },
    /// It was done.
    Completed,
    /// It was given up.
    Canceled,
    /// All words were taken out of it, and whose they were. What readers of the log keep of them
    /// goes as well.
    Erased,
    /// An agent's contact-center session began.
    SessionBegan {
        /// The place that the client named.
        place: Option<String>,
    },
    /// An agent's contact-center session ended.
    SessionEnded,
    /// The state of one of an agent's channels changed.
    ChannelChanged {
        media: Media,
        from: ChannelState,
        to: ChannelState,
    },
    /// A part of a contact center's directory changed.
    DirectoryChanged {
        what: DirectoryItem,
        how: DirectoryChange,
    },
    /// Somebody wrote down what they know of a contact. What was there before is not kept: it is
    /// about a person, and a history is for good.
    ContactChanged {
        contact: ContactId,
        fields: Vec<ContactField>,
    },
}

/// What somebody may write down of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum ContactField {
    FirstName,
    LastName,
    PhoneNumbers,
    Language,
    TimeZone,
}

/// A part of a contact center's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum DirectoryItem {
    /// The contact center itself.
    Center(CenterId),
    User(UserId),
    Skill(SkillId),
    Group(GroupId),
    Queue(QueueId),
    /// A workbin definition.
    Workbin(WorkbinId),
    Service(ServiceId),
    Mailbox(MailboxId),
    Webhook(WebhookId),
    /// A text that is kept ready.
    Response(ResponseId),
}

/// What became of a part of a contact center's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum DirectoryChange {
    Added,
    Changed,
    Removed,
}

/// Who caused an event, as the history shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Cause {
    User(UserId),
    Customer,
    Router,
    /// A timer, or the server on behalf of an agent who is gone.
    Server,
    /// The outgoing mail worker.
    Mailer,
    /// Whoever operates the server, with a center file.
    Operator,
}

/// What an event is about, as it was right after the event. Messages are rendered from it at
/// delivery.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Subject {
    Interaction(Interaction),
    /// An agent's channels.
    Desk(Desk),
    /// What was said in a chat before the agent came in who is told of it. A snapshot for their
    /// screen and no part of the history, which has every entry already.
    Transcript {
        /// The chat.
        interaction: Interaction,
        /// The latest entries that they may see, oldest first.
        entries: Vec<Entry>,
    },
    /// The directory of a contact center. There is no snapshot of it.
    Center(CenterId),
}

impl Subject {
    /// Returns the medium of the interaction that it is about; `None` when it is about none.
    #[must_use]
    pub fn media(&self) -> Option<Media> {
        match self {
            Self::Interaction(interaction) | Self::Transcript { interaction, .. } => {
                Some(interaction.media())
            }
            Self::Desk(_) | Self::Center(_) => None,
        }
    }
}

/// One event. `facts` are in the order in which they happened within one command;
/// `Subject::Transcript` events have none, and neither has a change of a desk that is no part of
/// its history.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: Time,
    /// Who caused it.
    pub cause: Cause,
    /// What happened.
    pub facts: Vec<Fact>,
    /// What it happened to, afterwards.
    pub subject: Subject,
    /// Who is told.
    pub notices: Vec<Notice>,
}

impl Event {
    /// Returns what was said, in order.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.facts
            .iter()
            .filter_map(|fact| if let Fact::Said(entry) = fact { Some(&**entry) } else { None })
    }
}
