//! What users sign in with beside a password, and what is on record of who did what.

use std::collections::BTreeSet;
use std::fmt;

use handoff_domain::{CenterId, Time, TokenId, User, UserId};
use serde::{Deserialize, Serialize};

use crate::change_set::Put;
use crate::record::{ErasureReceipt, Key, Record};

/// The tokens that a user has for programs. They are one record, so that how many there are is
/// guarded by its version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserTokens {
    pub user: UserId,
    /// Oldest first.
    pub tokens: Vec<ApiToken>,
}

impl UserTokens {
    /// Tells whether one of them is there and has not expired.
    #[must_use]
    pub fn alive(&self, id: TokenId, now: Time) -> bool {
        self.tokens.iter().any(|token| token.id == id && now < token.expires)
    }
}

/// A token for a program.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: TokenId,
    /// What the user calls it; no two of theirs have one name.
    pub name: String,
    /// SHA-256 of its secret, in hex; the secret itself is not kept. It is 256 random bits, which
    /// nobody finds by trying, so that a slow hash would protect nothing.
    pub hash: String,
    /// What it may be used for, each at most once.
    pub scopes: Vec<TokenScope>,
    pub made: Time,
    /// From then on it opens nothing.
    pub expires: Time,
    /// When it was last used, to some minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Time>,
}

impl fmt::Debug for ApiToken {
    /// Without the hash: what is debugged may be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiToken").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a token may be used for, of what its user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TokenScope {
    /// To read, and to be notified.
    Read,
    /// To read, and to change what is work: interactions, chats, one's own state, contacts.
    Work,
    /// To submit interactions and to read one by its id, and nothing else.
    Submit,
    /// To read, and to change the contact center.
    Admin,
}

/// What a user proves who they are with beside their password, once their own record says so:
/// before that they have still to show that their device knows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    pub user: UserId,
    /// What their device and the server both know. The server computes with it, so that it cannot
    /// be hashed.
    pub secret: Vec<u8>,
    /// The step of time of the last code that was taken: neither it nor an earlier one is again.
    pub last_step: u64,
    /// SHA-256 of each recovery code that was not used, in hex.
    pub recovery: Vec<String>,
    /// When wrong codes were given lately, oldest first.
    pub wrong: Vec<Time>,
}

impl SecondFactor {
    /// Returns one that is about to be made.
    #[must_use]
    pub const fn of(user: UserId) -> Self {
        Self { user, secret: Vec::new(), last_step: 0, recovery: Vec::new(), wrong: Vec::new() }
    }
}

impl fmt::Debug for SecondFactor {
    /// Without what is secret: what is debugged may be logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecondFactor").field("user", &self.user).finish_non_exhaustive()
    }
}

/// One entry of a contact center's audit: who did what, and never with which secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its key, by which a contact center's entries lie together, the newest first.
    pub id: String,
    pub center: CenterId,
    pub at: Time,
    /// From then on it is forgotten.
    pub until: Time,
    pub action: AuditAction,
    /// The user who did it, with what they were called then; `None` when nobody was signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AuditUser>,
    /// By what.
    pub tool: AuditTool,
    /// From where, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The token that the request was authorized by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenId>,
    /// To what it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<AuditTarget>,
    /// Which fields were changed. Their values are not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// How many tries it stands for.
    pub count: u32,
    /// Of an erasure that is over: what was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ErasureReceipt>,
    /// Of a sign-in by a provider: which one, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// Who does something, by what and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditSource {
    pub by: Option<AuditUser>,
    pub tool: AuditTool,
    pub address: Option<String>,
    pub token: Option<TokenId>,
}

impl AuditSource {
    /// Returns whoever operates the server, by a tool.
    #[must_use]
    pub const fn operator(tool: AuditTool) -> Self {
        Self { by: None, tool, address: None, token: None }
    }
}

impl AuditEntry {
    /// Makes an entry of one act; `apart` keeps those of one moment apart.
    #[must_use]
    pub fn of(
        center: CenterId,
        at: Time,
        apart: u64,
        action: AuditAction,
        source: AuditSource,
    ) -> Self {
        Self {
            id: Self::id_of(center, at, apart),
            center,
            at,
            until: at.plus_ms(action.kept_ms()),
            action,
            by: source.by,
            tool: source.tool,
            address: source.address,
            token: source.token,
            target: None,
            fields: Vec::new(),
            count: 1,
            receipt: None,
            provider: None,
        }
    }

    /// The same, of what was done to something.
    #[must_use]
    pub fn on(self, target: AuditTarget) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Returns what writes it.
    #[must_use]
    pub const fn put(self) -> Put {
        Put { record: Record::AuditEntry(self), expected: 0 }
    }

    /// Returns the key of an entry.
    #[must_use]
    pub fn id_of(center: CenterId, at: Time, apart: u64) -> String {
        // Counted from the end of time, so that the newest is the first in the order of keys.
        let before_the_end = u64::MAX - at.0.cast_unsigned();
        format!("{}:{before_the_end:016x}{apart:016x}", center.stored())
    }

    /// Returns a key that stands before those of a contact center's entries that are not newer than
    /// a time; without one, before all of them.
    #[must_use]
    pub fn before(center: CenterId, newest: Option<Time>) -> Key {
        let center = center.stored();
        Key::AuditEntry(newest.map_or_else(
            || format!("{center}:"),
            |at| format!("{center}:{:016x}", u64::MAX - at.0.cast_unsigned()),
        ))
    }
}

/// A user as the audit names them, for they may be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditUser {
    pub id: UserId,
    pub user_name: String,
}

impl AuditUser {
    /// Returns what a user is called now.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self { id: user.id, user_name: user.user_name.clone() }
    }
}

/// To what something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditTarget {
    pub kind: AuditKind,
    pub id: String,
    /// What it was called then.
    pub name: String,
}

impl AuditTarget {
    /// Returns a user as something is done to them.
    #[must_use]
    pub fn user(user: &User) -> Self {
        Self { kind: AuditKind::User, id: user.id.to_string(), name: user.user_name.clone() }
    }

    /// Returns what a record is of a contact center; `None` for what is work.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let (kind, id, name) = match record {
            Record::Center(it) => (AuditKind::Center, it.id.to_string(), &it.name),
            Record::User(it) => return Some(Self::user(it)),
            Record::Skill(it) => (AuditKind::Skill, it.id.to_string(), &it.name),
            Record::Group(it) => (AuditKind::Group, it.id.to_string(), &it.name),
            Record::Queue(it) => (AuditKind::Queue, it.id.to_string(), &it.name),
            Record::Workbin(it) => (AuditKind::Workbin, it.id.to_string(), &it.name),
            Record::Service(it) => (AuditKind::Service, it.id.to_string(), &it.name),
            Record::Mailbox(it) => (AuditKind::Mailbox, it.id.to_string(), &it.address),
            Record::Webhook(it) => (AuditKind::Webhook, it.id.to_string(), &it.name),
            Record::StandardResponse(it) => (AuditKind::Response, it.id.to_string(), &it.name),
            _ => return None,
        };
        Some(Self { kind, id, name: name.clone() })
    }
}

/// Returns the names of the fields in which two records of one kind differ, as requests call them.
/// Of what is secret that it changed is told, and nothing of what it was.
#[must_use]
pub fn changed_fields(before: &Record, after: &Record) -> Vec<String> {
    let fields = |record: &Record| {
        let text = record.encode::<String>().ok()?;
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text).ok()
    };
    let (Some(before), Some(after)) = (fields(before), fields(after)) else { return Vec::new() };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let mut told: Vec<String> = differing.filter_map(|name| told_as(name)).collect();
    told.sort_unstable();
    told.dedup();
    told
}

/// Returns what requests call a field; `None` of one that follows from others.
fn told_as(name: &str) -> Option<String> {
    match name {
        "file_password_hash" | "logins_ended" => None,
        "password_hash" => Some("password".to_owned()),
        // The one that a webhook had before goes on for a day.
        "previous" => Some("secret".to_owned()),
        "must_change_password" => Some("changePasswordOnFirstLogin".to_owned()),
        other => {
            let mut words = other.split('_');
            let first = words.next().unwrap_or_default().to_owned();
            Some(words.fold(first, |told, word| {
                let mut letters = word.chars();
                let head = letters.next().map(|letter| letter.to_ascii_uppercase());
                told + &head.into_iter().chain(letters).collect::<String>()
            }))
        }
    }
}

/// Kinds of things that are administered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditKind {
    Center,
    User,
    Skill,
    Group,
    Queue,
    Workbin,
    Service,
    Mailbox,
    Webhook,
    Contact,
    Response,
}

/// By what something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditTool {
    /// One request for one thing.
    Request,
    /// A center file that an admin sent.
    CenterFile,
    /// `handoff apply`
    Apply,
    /// `handoff password`
    Password,
    /// `handoff demo`
    Demo,
    /// `handoff erase-contact`
    EraseContact,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum AuditAction {
    /// Something was added to the contact center.
    Added,
    Changed,
    Removed,
    /// A password was right where it was not known to be.
    PasswordRight,
    PasswordWrong,
    /// So many passwords were wrong that none was compared.
    Throttled,
    SessionBegan,
    SessionEnded,
    TokenMade,
    TokenRemoved,
    /// The password was right, and the code of the second factor was not.
    CodeWrong,
    RecoveryCodeUsed,
    /// The erasure of a contact was asked for.
    ErasureBegan,
    /// A contact was erased; the entry has the receipt.
    Erased,
    /// All that is known of a contact was given out.
    Exported,
    /// A provider said who somebody is, and they were let in.
    ProviderRight,
}

/// How long what was administered is on record, in ms: a year, and a month to look into it.
const KEPT_MS: u64 = 400 * 24 * 60 * 60 * 1_000;
/// How long who signed in is, in ms.
const SIGN_INS_KEPT_MS: u64 = 90 * 24 * 60 * 60 * 1_000;

impl AuditAction {
    /// Returns for how long an entry is kept, in ms.
    const fn kept_ms(self) -> u64 {
        if self.is_of_sign_in() { SIGN_INS_KEPT_MS } else { KEPT_MS }
    }

    /// Tells whether it is about somebody signing in. Others can make many of these entries, so
    /// they are kept for less long.
    const fn is_of_sign_in(self) -> bool {
        match self {
            Self::PasswordRight
            | Self::PasswordWrong
            | Self::Throttled
            | Self::SessionBegan
            | Self::SessionEnded
            | Self::CodeWrong
            | Self::ProviderRight => true,
            Self::Added
            | Self::Changed
            | Self::Removed
            | Self::TokenMade
            | Self::TokenRemoved
            | Self::RecoveryCodeUsed
            | Self::ErasureBegan
            | Self::Erased
            | Self::Exported => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entry_of_a_center_has_the_first_key() {
        let (center, other) = (CenterId(7), CenterId(8));
        let key = |center, at| Key::AuditEntry(AuditEntry::id_of(center, Time(at), u64::MAX));
        assert!(key(center, 2_000) < key(center, 1_999));
        assert!(AuditEntry::before(center, None) < key(center, i64::MAX));
        assert!(AuditEntry::before(center, Some(Time(1_999))) < key(center, 1_999));
        assert!(AuditEntry::before(center, Some(Time(1_999))) > key(center, 2_000));
        assert!(key(center, 0) < AuditEntry::before(other, None));
    }
}
