//! Records: the things that are stored by key and version.
//!
//! A kind of record is a row of the table below. Keys, stored forms, statements and what the stores
//! do with a record follow from it.

mod bodies;
mod erasure;
mod mailbox;
mod response;
mod sign_in;
mod table;
mod webhook;

use handoff_domain::{
    Center, CenterId, ContactId, Desk, FileId, Group, GroupId, Interaction, InteractionId,
    MailboxId, Queue, QueueId, ResponseId, Service, ServiceId, Skill, SkillId, User, UserId,
    WebhookId, Workbin, WorkbinId,
};

pub use self::bodies::{
    Attended, ChatDraft, ChatMarks, Claim, Contact, ContactProfile, DeskSettings, DraftVersions,
    FileRecord, FileSender, FilesDirectory, LoginSession, Look, MailboxMark, ReaderCursor,
    RequestNumbers, SecretKey, SharedSecret,
};
pub use self::erasure::{ErasedCounts, Erasure, ErasureReceipt};
pub use self::mailbox::{
    AfterFetch, ImapSource, MailLogin, MailSecurity, Mailbox, OAuthLogin, SecretPlace, SmtpRelay,
    WayOut,
};
pub use self::response::{
    OwnResponse, OwnResponses, ResponseOwner, ResponseUses, StandardResponse, Uses,
};
pub use self::sign_in::{
    ApiToken, AuditAction, AuditEntry, AuditKind, AuditSource, AuditTarget, AuditTool, AuditUser,
    SecondFactor, TokenScope, UserTokens, changed_fields,
};
use self::table::records;
pub use self::table::{Only, Part};
pub use self::webhook::{
    DeliveryOutcome, HeldBack, Webhook, WebhookDelivery, WebhookSecret, WebhookStart, WebhookState,
};
use crate::codec::{self, CodecError};

/// How often a record was written. Zero means that there is none.
pub type Version = u64;

/// A record with the version that a later write must name.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The record.
    pub value: T,
    /// Its version, at least 1.
    pub version: Version,
}

// A row: the kind with what its key holds and how that becomes text, the body's type, what one is
// called in messages, the table, the newest stored form, what the kind is for, and the key of a
// body. The order is canonical: commits lock in it, so a new kind goes to the end of its part.
records! {
    Center(CenterId, stored) Center, "a center", "centers", 1, Directory, |center| center.id;
    User(UserId, stored) User, "a user", "users", 1, Directory, |user| user.id;
    Skill(SkillId, stored) Skill, "a skill", "skills", 1, Directory, |skill| skill.id;
    Group(GroupId, stored) Group, "a group", "agent_groups", 1, Directory, |group| group.id;
    Queue(QueueId, stored) Queue, "a queue", "queues", 1, Directory, |queue| queue.id;
    /// A workbin definition.
    Workbin(WorkbinId, stored) Workbin, "a workbin", "workbins", 1, Directory, |bin| bin.id;
    Service(ServiceId, stored) Service, "a service", "services", 1, Directory, |it| it.id;
    Mailbox(MailboxId, stored) Mailbox, "a mailbox", "mailboxes", 1, Directory, |it| it.id;
    /// Where a contact center's events are sent.
    Webhook(WebhookId, stored) Webhook, "a webhook", "webhooks", 1, Directory, |it| it.id;
    /// A text that a contact center or a group keeps ready.
    StandardResponse(ResponseId, stored)
        StandardResponse, "a standard response", "responses", 1, Directory, |it| it.id;
    /// A user's desk.
    Desk(UserId, stored) Desk, "a desk", "desks", 2, Work, |desk| desk.user;
    Interaction(InteractionId, stored)
        Interaction, "an interaction", "interactions", 1, Work, |interaction| interaction.id;
    /// A file, less what is in it.
    File(FileId, stored) FileRecord, "a file", "files", 1, Work, |file| file.id;
    Contact(ContactId, stored) Contact, "a contact", "contacts", 1, Work, |contact| contact.id;
    /// How far a folder of a mailbox has been read.
    MailboxMark(String, clone)
        MailboxMark, "a mailbox mark", "mailbox_marks", 1, Work, MailboxMark::id;
    /// A logged-in HTTP session, by the hash of its cookie.
    LoginSession(String, clone)
        LoginSession, "a login session", "login_sessions", 1, Work, |session| session.id.clone();
    /// The directory of files, of which a store has one.
    FilesDirectory(Only, stored)
        FilesDirectory, "a directory of files", "files_directory", 1, Work, |_| Only;
    /// How far a reader of the log has come, by the reader's name.
    ReaderCursor(String, clone)
        ReaderCursor, "a reader's cursor", "reader_cursors", 1, Work, |it| it.reader.clone();
    /// The numbers of a user's requests that nodes reserved.
    RequestNumbers(UserId, stored)
        RequestNumbers, "request numbers", "request_numbers", 1, Work, |it| it.user;
    /// Which node does something outside, by what is done.
    Claim(String, clone) Claim, "a claim", "claims", 1, Work, |claim| claim.key.clone();
    /// What a user has set at the desk, for themselves.
    DeskSettings(UserId, stored)
        DeskSettings, "desk settings", "desk_settings", 1, Work, |settings| settings.user;
    /// What agents left in an interaction for themselves.
    ChatMarks(InteractionId, stored)
        ChatMarks, "an interaction's marks", "chat_marks", 1, Work, |marks| marks.chat;
    /// A secret that all nodes share, by its name.
    SharedSecret(String, clone)
        SharedSecret, "a secret", "shared_secrets", 1, Work, |it| it.name.clone();
    /// The tokens that a user has for programs.
    UserTokens(UserId, stored)
        UserTokens, "a user's tokens", "user_tokens", 1, Work, |tokens| tokens.user;
    /// What a user proves who they are with beside their password.
    SecondFactor(UserId, stored)
        SecondFactor, "a second factor", "second_factors", 1, Work, |it| it.user;
    /// An entry of a contact center's audit.
    AuditEntry(String, clone)
        AuditEntry, "an audit entry", "audit_entries", 1, Work, |entry| entry.id.clone();
    /// How far a webhook has come.
    WebhookState(WebhookId, stored)
        WebhookState, "a webhook's state", "webhook_states", 1, Work, |it| it.webhook;
    /// An erasure that goes on, by its contact center and contact.
    Erasure(String, clone) Erasure, "an erasure", "erasures", 1, Work, Erasure::id;
    /// The texts that a user keeps ready for themselves.
    OwnResponses(UserId, stored)
        OwnResponses, "a user's standard responses", "own_responses", 1, Work, |own| own.user;
    /// How often a standard response was used.
    ResponseUses(ResponseId, stored)
        ResponseUses, "uses of a response", "response_uses", 1, Work, |it| it.response;
    /// The texts that a draft had before.
    DraftVersions(InteractionId, stored)
        DraftVersions, "a draft's versions", "draft_versions", 1, Work, |it| it.draft;
}

impl Record {
    /// Returns the contact center whose directory it is part of, for good; `None` of work.
    #[must_use]
    pub const fn directory(&self) -> Option<CenterId> {
        match self {
            Self::Center(center) => Some(center.id),
            Self::User(user) => Some(user.center),
            Self::Skill(skill) => Some(skill.center),
            Self::Group(group) => Some(group.center),
            Self::Queue(queue) => Some(queue.center),
            Self::Workbin(workbin) => Some(workbin.center),
            Self::Service(service) => Some(service.center),
            Self::Mailbox(mailbox) => Some(mailbox.center),
            Self::Webhook(webhook) => Some(webhook.center),
            Self::StandardResponse(response) => Some(response.center),
            _ => None,
        }
    }
}
