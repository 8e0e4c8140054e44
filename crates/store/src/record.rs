//! Records: the things that are stored by key and version.

use handoff_domain::{
    Center, CenterId, ContactId, Desk, FileId, Group, GroupId, Interaction, InteractionId, Queue,
    QueueId, Service, ServiceId, Skill, SkillId, Time, User, UserId, Workbin, WorkbinId,
};
use serde::{Deserialize, Serialize};

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

/// A browser's or program's logged-in HTTP session (the `JSESSIONID` cookie).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginSession {
    /// SHA-256 of the cookie's value, in hex; the value itself is not kept.
    pub id: String,
    /// Whose session it is.
    pub user: UserId,
    /// The token that a cookie-only write must send back.
    pub csrf_token: String,
    /// When it began.
    pub created: Time,
    /// When it was last used, to the minute.
    pub last_used: Time,
}

/// Who sent a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileSender {
    /// The customer of the interaction.
    Customer,
    /// An agent.
    User(UserId),
}

/// A file that somebody sent; what is in it is kept by [`Files`](crate::files::Files) under the
/// same id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    pub id: FileId,
    /// The interaction that it was sent in. Whoever may not see this may not have the file.
    pub interaction: InteractionId,
    /// The name that the sender gave it. It is shown to people and never becomes part of a path.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its type, found out from what is in it and not from what the sender said.
    pub content_type: String,
    /// Who sent it.
    pub by: FileSender,
    pub at: Time,
    /// When it was deleted; `None` while it is there. From then on nobody gets it, and a sweep
    /// removes what is in it.
    pub deleted: Option<Time>,
}

/// The directory that this store's files are kept in, and when the store was in service with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesDirectory {
    /// The mark that lies in the directory; empty in a store that is older than marks, which takes
    /// on the directory that it finds.
    pub mark: String,
    /// When the store was in service, oldest first. What arrived at another time arrived under
    /// another database: a newer one that this one replaced, or an older copy of this one went on
    /// from. This store cannot know what belongs to it.
    pub attended: Vec<Attended>,
}

/// A time in which a store was in service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attended {
    /// When it began.
    pub from: Time,
    /// When it was last known to last.
    pub until: Time,
}

impl FilesDirectory {
    /// Times that are remembered, one for each start. Forgetting the oldest means that files of
    /// that time are kept for good.
    const ATTENDED_MAX: usize = 1_000;

    /// Begins a time of service. The one before lasted as long as the store was written to.
    pub fn begin(&mut self, now: Time, last_written: Option<Time>) {
        if let (Some(last), Some(written)) = (self.attended.last_mut(), last_written) {
            last.until = last.until.max(written.min(now));
        }
        if self.attended.len() >= Self::ATTENDED_MAX {
            self.attended.remove(0);
        }
        self.attended.push(Attended { from: now, until: now });
    }

    /// Notes that the store is still in service.
    pub fn go_on(&mut self, now: Time) {
        if let Some(last) = self.attended.last_mut() {
            last.until = last.until.max(now);
        }
    }

    /// Tells whether the store was in service at a time.
    #[must_use]
    pub fn was_attended(&self, at: Time) -> bool {
        self.attended.iter().any(|time| (time.from..=time.until).contains(&at))
    }
}

/// Somebody outside who writes e-mails, known by their address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its id, which follows from the contact center and the address.
    pub id: ContactId,
    /// Its contact center.
    pub center: CenterId,
    /// The address, in lower case.
    pub address: String,
    /// The name that stood before the address last.
    pub name: Option<String>,
    /// When the first letter from it came.
    pub first_seen: Time,
    /// When the latest letter from it came.
    pub last_seen: Time,
    /// When the server last confirmed one of its letters.
    pub last_answered: Option<Time>,
    /// How many letters from it were written by programs since `automatic_since`.
    pub automatic_count: u32,
    /// When they began to be counted.
    pub automatic_since: Time,
}

/// How far a folder of a mailbox has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxMark {
    /// The mailbox, by its configured name.
    pub mailbox: String,
    pub folder: String,
    /// The folder's UIDVALIDITY; with another one the numbers mean other messages.
    pub uid_validity: u32,
    /// The last UID that was taken in.
    pub uid: u32,
    /// Of a folder in which only what is new is wanted: the UIDVALIDITY at the first look, and when
    /// the newest came that lay there then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<(u32, Time)>,
}

impl MailboxMark {
    /// Returns the key of a folder's mark. A folder's name has no line break (RFC 3501, section
    /// 5.1), so no two have the same.
    #[must_use]
    pub fn key_of(mailbox: &str, folder: &str) -> Key {
        Key::MailboxMark(format!("{mailbox}\n{folder}"))
    }
}

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Contact centers.
    Center,
    User,
    Skill,
    Group,
    /// Queues.
    Queue,
    /// Workbin definitions.
    Workbin,
    /// Services.
    Service,
    Desk,
    Interaction,
    /// Files.
    File,
    Contact,
    /// How far mailboxes have been read.
    MailboxMark,
    /// Logged-in HTTP sessions.
    LoginSession,
    FilesDirectory,
}

/// Names one record. The order is the canonical order in which a commit locks and writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A contact center.
    Center(CenterId),
    User(UserId),
    Skill(SkillId),
    Group(GroupId),
    Queue(QueueId),
    /// A workbin definition.
    Workbin(WorkbinId),
    Service(ServiceId),
    /// A user's desk.
    Desk(UserId),
    Interaction(InteractionId),
    File(FileId),
    Contact(ContactId),
    /// How far a folder of a mailbox has been read; made by [`MailboxMark::key_of`].
    MailboxMark(String),
    /// A logged-in HTTP session by the hash of its cookie.
    LoginSession(String),
    /// The directory of files, of which a store has one.
    FilesDirectory,
}

impl Key {
    /// Returns the kind of record that the key names.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Center(_) => Kind::Center,
            Self::User(_) => Kind::User,
            Self::Skill(_) => Kind::Skill,
            Self::Group(_) => Kind::Group,
            Self::Queue(_) => Kind::Queue,
            Self::Workbin(_) => Kind::Workbin,
            Self::Service(_) => Kind::Service,
            Self::Desk(_) => Kind::Desk,
            Self::Interaction(_) => Kind::Interaction,
            Self::File(_) => Kind::File,
            Self::Contact(_) => Kind::Contact,
            Self::MailboxMark(_) => Kind::MailboxMark,
            Self::LoginSession(_) => Kind::LoginSession,
            Self::FilesDirectory => Kind::FilesDirectory,
        }
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all records that are moved about are interactions, the largest kind"
)]
pub enum Record {
    /// A contact center.
    Center(Center),
    User(User),
    Skill(Skill),
    Group(Group),
    Queue(Queue),
    /// A workbin definition.
    Workbin(Workbin),
    Service(Service),
    Desk(Desk),
    Interaction(Interaction),
    /// A file, less what is in it.
    File(FileRecord),
    Contact(Contact),
    /// How far a folder of a mailbox has been read.
    MailboxMark(MailboxMark),
    /// A logged-in HTTP session.
    LoginSession(LoginSession),
    FilesDirectory(FilesDirectory),
}

impl Record {
    /// Returns the key of the record.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Center(center) => Key::Center(center.id),
            Self::User(user) => Key::User(user.id),
            Self::Skill(skill) => Key::Skill(skill.id),
            Self::Group(group) => Key::Group(group.id),
            Self::Queue(queue) => Key::Queue(queue.id),
            Self::Workbin(workbin) => Key::Workbin(workbin.id),
            Self::Service(service) => Key::Service(service.id),
            Self::Desk(desk) => Key::Desk(desk.user),
            Self::Interaction(interaction) => Key::Interaction(interaction.id),
            Self::File(file) => Key::File(file.id),
            Self::Contact(contact) => Key::Contact(contact.id),
            Self::MailboxMark(mark) => MailboxMark::key_of(&mark.mailbox, &mark.folder),
            Self::LoginSession(session) => Key::LoginSession(session.id.clone()),
            Self::FilesDirectory(_) => Key::FilesDirectory,
        }
    }
}
