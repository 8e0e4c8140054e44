//! What is in the records of the kinds that the rules do not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use handoff_domain::{
    CenterId, ContactId, DraftVersion, FileId, Incarnation, InteractionId, Time, UserId, Visibility,
};
use serde::{Deserialize, Serialize};

use crate::record::{Key, Version};

/// A browser's or program's logged-in HTTP session (the `JSESSIONID` cookie).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginSession {
    /// SHA-256 of the cookie's value, in hex; the value itself is not kept.
    pub id: String,
    /// Whose session it is.
    pub user: UserId,
    /// The token that a cookie-only write must send back; empty once the session has ended.
    pub csrf_token: String,
    /// When it began.
    pub created: Time,
    /// When it was last used, to the minute.
    pub last_used: Time,
    /// What its user's logins rested on when it was stored: it is over once that is another.
    /// Empty of one that a program before this kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub footing: String,
    /// Where it was last used from, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the program that it was begun by says of itself, cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl LoginSession {
    /// Tells whether it has been ended. What is left is there so that its cookie cannot bring it
    /// back.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.csrf_token.is_empty()
    }
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
    /// The e-mails of other threads that it was attached to, as far as that was noted: it is not
    /// theirs, and outlives its own interaction with them. At most [`FileRecord::ALSO_MAX`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub also: BTreeSet<InteractionId>,
    /// Whether it was deleted with the contact whose it was: then what is in it is removed by the
    /// next sweep, and lies in no trash.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
}

impl FileRecord {
    /// How many e-mails are noted that a file is attached to. One that has so many is a form or a
    /// brochure, and is kept for good.
    pub const ALSO_MAX: usize = 100;
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
    /// The generation of the log that it was in service with last; `None` before that was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// What this store wrote into the directory when it swept last, and the time before: one of
    /// the two stands there unless another store wrote since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
    /// When what another store had written was found there last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<Time>,
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

    /// How long nothing of another store may have been found in the directory until this one takes
    /// anything, in ms: a day, in which the other says something every hour.
    const ALONE_MS: u64 = 24 * 60 * 60 * 1_000;

    /// Begins a time of service, with a generation of the log. The one before lasted as long as the
    /// store was written to.
    pub fn begin(&mut self, now: Time, last_written: Option<Time>, generation: u64) {
        self.generation = Some(generation);
        if let (Some(last), Some(written)) = (self.attended.last_mut(), last_written) {
            last.until = last.until.max(written.min(now));
        }
        if self.attended.len() >= Self::ATTENDED_MAX {
            self.attended.remove(0);
        }
        self.attended.push(Attended { from: now, until: now });
    }

    /// Notes that the store is still in service. With another generation of the log another time of
    /// service begins: an older copy of the database was put in its place under whoever writes
    /// this, and what came since then is nothing that it knows.
    pub fn go_on(&mut self, now: Time, generation: u64) {
        if self.generation.replace(generation).is_some_and(|before| before != generation) {
            return self.begin(now, None, generation);
        }
        if let Some(last) = self.attended.last_mut() {
            last.until = last.until.max(now);
        }
    }

    /// Takes note of what stands in the directory, and of what this store is about to write there.
    /// Tells whether it may take anything: it wrote what stands there, and has found nothing of
    /// another store's for a day. Two stores that use one directory, a copy of a database beside
    /// the first, say, find each other's words in turns, so neither takes anything.
    pub fn hear(&mut self, found: Option<String>, now: Time, word: String) -> bool {
        let is_own = found.as_ref().is_some_and(|found| self.said.contains(found));
        if found.is_some() && !is_own {
            self.others = Some(now);
        }
        self.said = found.into_iter().filter(|_| is_own).chain([word]).collect();
        // By the difference, for a clock may have been ahead.
        is_own && self.others.is_none_or(|at| at.0.abs_diff(now.0) >= Self::ALONE_MS)
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
    /// What somebody wrote down of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ContactProfile>,
}

/// What somebody wrote down of a contact; what their letters say is beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactProfile {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone_numbers: Vec<String>,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    /// A time zone by its name in the IANA database.
    pub time_zone: Option<String>,
    /// How often it was written. The record's version grows with each of their letters as well.
    pub version: Version,
    /// Who wrote it last.
    pub by: UserId,
    /// When.
    pub at: Time,
}

impl Contact {
    /// Returns how often something was written down of them.
    #[must_use]
    pub fn profile_version(&self) -> Version {
        self.profile.as_ref().map_or(0, |profile| profile.version)
    }
}

/// How far a folder of a mailbox has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxMark {
    /// The mailbox, by its address's key; in marks from before, by its address as it is written.
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
    /// The user and the host whose folder it is: in another's the numbers mean other messages, and
    /// many servers begin UIDVALIDITY at 1. `None` in marks from before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

impl MailboxMark {
    /// Returns the key of a folder's mark.
    #[must_use]
    pub fn key_of(mailbox: &str, folder: &str) -> Key {
        Key::MailboxMark(Self::id_of(mailbox, folder))
    }

    /// Returns its id.
    pub(super) fn id(&self) -> String {
        Self::id_of(&self.mailbox, &self.folder)
    }

    /// A folder's name has no line break (RFC 3501, section 5.1), so no two have the same.
    fn id_of(mailbox: &str, folder: &str) -> String {
        format!("{mailbox}\n{folder}")
    }
}

/// How far a reader of the log has come that keeps nothing of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderCursor {
    /// The reader's name.
    pub reader: String,
    /// The log's generation; in another one the position stands for another event.
    pub generation: u64,
    /// What lies up to here was acted on.
    pub position: u64,
}

/// Which numbers of a user's requests nodes reserved for themselves. None is given twice, and some
/// are never given: a node that stops leaves its rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestNumbers {
    pub user: UserId,
    /// The last that was reserved.
    pub last: i32,
}

/// What one life of a node does outside, and no other until a time: mails are posted and mailboxes
/// read by one node at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What is done.
    pub key: String,
    /// Who does it.
    pub by: Incarnation,
    /// From then on anybody may take it over.
    pub until: Time,
}

/// What a user has set for themselves at the desk, in whatever form the page writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskSettings {
    pub user: UserId,
    /// A JSON object, of which the server looks at nothing.
    pub text: String,
}

/// What agents left in an interaction for themselves, at first in chats alone. It is no part of the
/// interaction: nobody else is shown it, and nothing follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMarks {
    pub chat: InteractionId,
    /// What was typed and not sent; whoever owns the chat has it.
    pub draft: Option<ChatDraft>,
    /// The last number of theirs that each has read.
    pub read: BTreeMap<UserId, u64>,
    /// What each saw who looked last at what is no conversation with a customer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub looks: BTreeMap<UserId, Look>,
    /// From then on it may be forgotten.
    pub until: Time,
}

impl ChatMarks {
    /// Returns the marks of a chat in which nobody left any.
    #[must_use]
    pub const fn of(chat: InteractionId) -> Self {
        let looks = BTreeMap::new();
        Self { chat, draft: None, read: BTreeMap::new(), looks, until: Time(0) }
    }
}

/// What there was when somebody looked. It is counted and not timed: nodes' clocks may be apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    pub at: Time,
    /// How many notes.
    pub notes: usize,
    /// The newest e-mail of its thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<InteractionId>,
}

/// The texts that a draft had before the one that it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftVersions {
    pub draft: InteractionId,
    /// The oldest first.
    pub versions: Vec<DraftVersion>,
}

impl DraftVersions {
    /// Most that are kept of one draft; the oldest go.
    pub const COUNT_MAX: usize = 50;
    /// Most bytes of all of one draft's texts, beyond which the oldest go; the newest stays.
    pub const BYTES_MAX: usize = 1024 * 1024;

    /// Returns those of a draft that has had one text so far.
    #[must_use]
    pub const fn of(draft: InteractionId) -> Self {
        Self { draft, versions: Vec::new() }
    }

    /// Adds the text that was replaced last, and gives it its number.
    pub fn add(&mut self, version: DraftVersion) {
        let number = self.versions.last().map_or(1, |last| last.number.saturating_add(1));
        self.versions.push(DraftVersion { number, ..version });
        let mut bytes = 0_usize;
        let fits = |version: &&DraftVersion| {
            bytes = bytes.saturating_add(bytes_of(version));
            bytes <= Self::BYTES_MAX
        };
        let fitting = self.versions.iter().rev().take(Self::COUNT_MAX).take_while(fits).count();
        let gone = self.versions.len() - fitting.max(1);
        self.versions.drain(..gone);
    }
}

/// Returns about how many bytes a version takes.
fn bytes_of(version: &DraftVersion) -> usize {
    let DraftVersion { subject, email, .. } = version;
    let addresses = [&email.to, &email.cc, &email.bcc].into_iter().flatten();
    let texts = addresses.chain([&email.from, &email.body, &email.body_as_plain_text]);
    texts.chain(subject).map(String::len).sum()
}

/// What was typed in a chat and not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatDraft {
    pub text: String,
    /// Who would see it.
    pub visibility: Visibility,
    pub saved: Time,
    /// How many entries the chat had then; the same words after them are the draft, sent.
    pub after: u64,
}

/// A secret that all nodes share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedSecret {
    /// What it is for.
    pub name: String,
    /// Its keys, the newest first.
    pub keys: Vec<SecretKey>,
}

/// One key of a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretKey {
    /// When it was made.
    pub made: Time,
    pub bytes: [u8; 32],
}

impl fmt::Debug for SecretKey {
    /// Without the key: what is debugged may be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretKey").field("made", &self.made).finish_non_exhaustive()
    }
}
