//! The rules of Handoff: what may happen to an interaction, and who may do it.
//!
//! Everything here is a pure function of its arguments. The crate is `no_std`, so the compiler
//! proves that no rule reads a clock, a socket, a file or a thread: time is a [`Time`] argument,
//! identifiers are made by the caller, and what must be remembered comes back as a value
//! ([`Decision`]).
//!
//! It deliberately knows nothing of JSON, HTTP, CometD or SQL. The wire names of states and
//! operations are derived from these types in the API crate, and the stored form (feature `stored`)
//! is used by the store's codec alone.
//!
//! What must stay true is written down as named predicates in [`invariants`].
#![no_std]

extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod capabilities;
pub mod center;
pub mod chat;
pub mod command;
pub mod desk;
pub mod event;
pub mod exchange;
pub mod hours;
pub mod id;
pub mod interaction;
pub mod invariants;
pub mod mail;
pub mod media;
mod operation;
pub mod operations;
pub mod rejection;
pub mod routing;
pub mod service;
pub mod time;
pub mod user_data;

pub use center::{
    Acknowledgement, Capacity, Center, Disposition, Group, Queue, Role, Roles, Skill, SkillLevels,
    Step, User, Workbin, WorkbinOwner, Workspace,
};
pub use chat::{
    Chat, ChatRequest, ChatTimes, Content, CustomerKey, Entry, FileUse, LeaveReason, Party,
    PartyId, PartyKind, Speaker, TreatAs, Utterance, Visibility,
};
pub use command::{
    Action, Actor, Caller, Command, CustomerAction, Dispatch, Named, SupervisorMode, SystemAction,
    Target, UserCommand,
};
pub use desk::{
    ChannelState, Channels, Desk, DoNotDisturb, Reach, Readiness, Supervision, SupervisionExtent,
};
pub use event::{
    DirectoryChange, DirectoryItem, Event, Fact, Notice, NotificationType, Owner, Topic, View,
};
pub use hours::{Date, ExceptionalDate, Hours, MinuteSpan, OpenTime, Weekday};
pub use id::{
    CenterId, ContactId, FileId, GroupId, Incarnation, InteractionId, MailboxId, QueueId,
    ResponseId, ServiceId, SkillId, TokenId, UserId, WebhookId, WorkbinId,
};
pub use interaction::context::{Context, GonePolicy, Options, World};
pub use interaction::decide::decide;
pub use interaction::decision::{Decision, TimerChange, TimerKind};
pub use interaction::open::{NewInteraction, Placement, open};
pub use interaction::{
    Arrival, Attachment, DraftVersion, Email, Filing, Handling, Interaction, Medium, Mode,
    NewAcknowledgement, Note, Offer, OfferKind, Outcome, Participant, ParticipantRole, Reminder,
    Sender, Silence, State, Status, Threading, Unproven, Wait, Writing, open_letter, silence,
};
pub use mail::{Address, Automatic, Letter, Part, Report, ReportKind, ReportedRecipient};
pub use media::{Direction, Media};
pub use operation::Operation;
pub use operations::Outline;
pub use rejection::Rejection;
pub use service::{
    ChatTerms, EmailTerms, FileLimits, OpenMediaTerms, Service, ServiceKind, ServiceTerms,
};
pub use time::Time;
pub use user_data::{UserData, UserDataError, Value};
