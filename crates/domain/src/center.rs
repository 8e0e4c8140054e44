//! What a contact center consists of: users, skills, groups, queues and workbins, as configured.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use crate::hours::Hours;
use crate::id::{CenterId, GroupId, QueueId, SkillId, UserId, WorkbinId};
use crate::media::Media;

/// Levels by skill: what a user has, or the least that a queue or an interaction asks for.
pub type SkillLevels = BTreeMap<SkillId, u32>;

/// A contact center (tenant). Everything else belongs to exactly one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Center {
    pub id: CenterId,
    /// Its name, unique across the installation.
    pub name: String,
    /// What agents' desktops are told.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Workspace::is_empty"))]
    pub workspace: Workspace,
    /// After how many offers in a row that an agent let pass by they are set to NotReady; 0 is
    /// never, `None` is [`Center::MISSED_OFFERS_DEFAULT`].
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub missed_offers_to_not_ready: Option<u32>,
    /// How long an interaction is kept after the last thing that happened to it once it is over, in
    /// ms; of a medium that is not named, for good. At least [`Center::RETENTION_MS_MIN`]. By the
    /// name [`Center::CONTACTS`], how long contacts are.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub retention_ms: BTreeMap<Media, u64>,
    /// The IANA name of the time zone whose days are the contact center's; `None` is UTC.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub time_zone: Option<String>,
}

impl Center {
    /// The shortest time that anything is kept, in ms: three days, in which clients have caught up
    /// with all that they missed, and nobody has lost a weekend's work by a slip.
    pub const RETENTION_MS_MIN: u64 = 3 * 24 * 60 * 60 * 1_000;

    /// What stands for contacts among the media in [`Center::retention_ms`].
    pub const CONTACTS: &str = "contacts";

    /// Returns how long a contact is kept after they were last heard of once nothing of theirs is
    /// left, in ms; `None` is for good.
    #[must_use]
    pub fn contacts_kept_ms(&self) -> Option<u64> {
        self.retention_ms.get(&Media::from_name(Self::CONTACTS)).copied()
    }

    /// How many offers in a row agents may let pass by when nothing else is configured: after one
    /// or two they may be on their way back, after three customers wait for nobody.
    pub const MISSED_OFFERS_DEFAULT: u32 = 3;
}

/// What agents' desktops are told beside what there is: where their mail goes out, as whom, and how
/// work can end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Workspace {
    /// The queue that e-mails go out by when an agent names none.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub outbound_queue: Option<QueueId>,
    /// The addresses that an agent can choose to write as.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub from_addresses: Vec<String>,
    /// How work can end, in the order in which it is shown.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub dispositions: Vec<Disposition>,
    /// Why an agent may be NotReady, in the order in which it is shown.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub not_ready_reasons: Vec<String>,
    /// What is shown of a reason where that is not the reason itself.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub reason_names: BTreeMap<String, String>,
    /// Other settings by name.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeMap::is_empty"))]
    pub settings: BTreeMap<String, String>,
}

impl Workspace {
    /// Tells whether nothing is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what is shown of a reason for being NotReady.
    #[must_use]
    pub fn name_of_reason<'a>(&'a self, reason: &'a str) -> &'a str {
        self.reason_names.get(reason).map_or(reason, String::as_str)
    }
}

/// One way in which work can end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Disposition {
    /// What is stored.
    pub key: String,
    /// What is shown.
    pub display_name: String,
    /// The media whose work can end so; none is all.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub channels: BTreeSet<Media>,
    /// Whether desktops ask for a note with it.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub note_required: bool,
}

impl Disposition {
    /// Tells whether work of a medium can end so.
    #[must_use]
    pub fn is_for(&self, media: &Media) -> bool {
        self.channels.is_empty() || self.channels.contains(media)
    }
}

/// What a user may do. `Admin` is the documents' "Contact Center Admin".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum Role {
    /// Works on interactions.
    Agent,
    /// Watches and helps agents.
    Supervisor,
    /// Configures the contact center.
    Admin,
    /// A server that submits interactions, not a person.
    ApiUser,
}

/// The roles of one user.
pub type Roles = BTreeSet<Role>;

/// How many interactions an agent handles at once. A medium that is not named has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Capacity {
    /// By medium; zero means none of it.
    pub by_media: BTreeMap<Media, u32>,
    /// Over all media together; `None` is no overall bound (docs/compat/agents.md#capacity).
    pub overall: Option<u32>,
}

impl Capacity {
    /// Returns the bound for one medium.
    #[must_use]
    pub fn of(&self, media: &Media) -> u32 {
        self.by_media.get(media).copied().unwrap_or_else(|| media.default_capacity())
    }
}

/// A user of a contact center.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct User {
    pub id: UserId,
    /// Its contact center.
    pub center: CenterId,
    /// The name to log in with, unique across the installation.
    pub user_name: String,
    pub first_name: String,
    pub last_name: String,
    /// The name that customers see in chats; `None` is the first name.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub nickname: Option<String>,
    /// E-mail address.
    pub email_address: String,
    /// What the user may do.
    pub roles: Roles,
    /// Agent groups.
    pub groups: BTreeSet<GroupId>,
    /// Skills and levels.
    pub skills: SkillLevels,
    /// How many interactions at once.
    pub capacity: Capacity,
    /// A disabled user can neither log in nor be offered anything.
    pub enabled: bool,
    /// The password as a PHC string; `None` means that the user cannot log in with a password.
    pub password_hash: Option<String>,
    /// The password that the center file gave, as a PHC string, once the user has another one of
    /// their own: theirs counts until the file gives a new one.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub file_password_hash: Option<String>,
    /// How often all their logins were ended. What one was made under does not hold under the next,
    /// so that they end in the commit itself, stored or not, without a search.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "is_zero"))]
    pub logins_ended: u32,
    /// Whether they must choose a password of their own before they do anything else.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub must_change_password: bool,
    /// Whether their password alone lets nobody in: a code of their device goes with it.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub second_factor: bool,
}

#[cfg(feature = "stored")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl User {
    /// Returns somebody of a contact center who has no name yet and may do nothing.
    #[must_use]
    pub fn new(id: UserId, center: CenterId) -> Self {
        Self {
            id,
            center,
            user_name: String::new(),
            first_name: String::new(),
            last_name: String::new(),
            nickname: None,
            email_address: String::new(),
            roles: Roles::new(),
            groups: BTreeSet::new(),
            skills: SkillLevels::new(),
            capacity: Capacity::default(),
            enabled: true,
            password_hash: None,
            file_password_hash: None,
            logins_ended: 0,
            must_change_password: false,
            second_factor: false,
        }
    }

    /// Returns the user with another password than the center file's, which they chose or were
    /// given.
    #[must_use]
    pub fn with_own_password(self, hash: String) -> Self {
        let of_file = self.file_password_hash.clone().or_else(|| self.password_hash.clone());
        let after = Self {
            password_hash: Some(hash),
            file_password_hash: of_file,
            must_change_password: false,
            ..self.clone()
        };
        after.in_place_of(&self)
    }

    /// Returns the user as they are to be stored in place of `before`: whoever is disabled, gets
    /// another password, must choose one or begins to use a second factor has all their logins
    /// ended, whatever is undone later.
    #[must_use]
    pub fn in_place_of(self, before: &Self) -> Self {
        let is_disabled = before.enabled && !self.enabled;
        let must_choose = self.must_change_password && !before.must_change_password;
        let is_another = self.password_hash != before.password_hash;
        let begins_factor = self.second_factor && !before.second_factor;
        let ends_logins = is_disabled || must_choose || is_another || begins_factor;
        let logins_ended = before.logins_ended.wrapping_add(u32::from(ends_logins));
        Self { logins_ended, ..self }
    }
}

impl User {
    /// Tells whether they may have a contact-center session and work of their own.
    #[must_use]
    pub fn may_work(&self) -> bool {
        self.enabled && self.roles.contains(&Role::Agent)
    }
}

/// A skill that users have and queues ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Skill {
    pub id: SkillId,
    /// Its contact center.
    pub center: CenterId,
    /// Its name, unique in the contact center.
    pub name: String,
}

/// A group of agents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Group {
    pub id: GroupId,
    /// Its contact center.
    pub center: CenterId,
    /// Its name, unique in the contact center.
    pub name: String,
}

/// One widening of a queue's search.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// How long an interaction must have waited in the queue, in ms.
    pub after_ms: u64,
    /// The groups asked from then on, in place of the queue's.
    pub groups: BTreeSet<GroupId>,
    /// The skills asked for from then on, in place of the queue's.
    pub skills: SkillLevels,
}

/// A queue: who serves what waits in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Queue {
    pub id: QueueId,
    /// Its contact center.
    pub center: CenterId,
    /// Its name, unique in the contact center.
    pub name: String,
    /// The medium of what waits in it.
    pub media: Media,
    /// The groups that serve it. A queue with neither groups nor skills is served by nobody
    /// (docs/compat/interactions.md#routing).
    pub groups: BTreeSet<GroupId>,
    /// The least levels an agent needs.
    pub skills: SkillLevels,
    /// Priority of what is submitted without one of its own; higher goes first.
    pub priority: i64,
    /// How long an offer stands, in ms. 1,000…86,400,000; default 30,000 (the reference server's
    /// `delivering-timeout`).
    pub invite_timeout_ms: u64,
    /// How long an agent who passed an offer by is not asked again, in ms; default 30,000
    /// (docs/compat/interactions.md#states).
    pub reoffer_after_ms: u64,
    /// Widenings in order of `after_ms`.
    pub steps: Vec<Step>,
    /// Of a queue of e-mails by which drafts go out: the queue where a supervisor looks at those of
    /// everybody else first.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub review: Option<QueueId>,
    /// Of a queue of e-mails: what the server writes to whoever sends one.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub acknowledge: Option<Acknowledgement>,
    /// When somebody is there; `None` is always.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub hours: Option<Box<Hours>>,
    /// Of a queue of e-mails: what the server writes in place of the acknowledgement to whoever
    /// sends one outside its hours.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub closed: Option<Acknowledgement>,
    /// How soon a customer is to have an answer, in ms. 1,000…2,592,000,000 (30 days); `None` while
    /// nothing is promised.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub answer_target_ms: Option<u64>,
    /// The keys of the dispositions that its work can end with; none is all that there are for its
    /// medium, and any text.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "BTreeSet::is_empty"))]
    pub dispositions: BTreeSet<String>,
    /// Whether its work needs a disposition before it is completed.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "core::ops::Not::not"))]
    pub disposition_required: bool,
}

/// What the server writes to confirm that an e-mail came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Acknowledgement {
    pub subject: String,
    pub text: String,
}

impl Queue {
    /// Returns a queue of work items of a contact center that has no name yet and that nobody
    /// serves.
    #[must_use]
    pub const fn new(id: QueueId, center: CenterId) -> Self {
        Self {
            id,
            center,
            name: String::new(),
            media: Media::Workitem,
            groups: BTreeSet::new(),
            skills: SkillLevels::new(),
            priority: 0,
            invite_timeout_ms: Self::DEFAULT_INVITE_TIMEOUT_MS,
            reoffer_after_ms: Self::DEFAULT_REOFFER_AFTER_MS,
            steps: Vec::new(),
            review: None,
            acknowledge: None,
            hours: None,
            closed: None,
            answer_target_ms: None,
            dispositions: BTreeSet::new(),
            disposition_required: false,
        }
    }

    /// How long an offer stands when nothing else is configured, in ms.
    pub const DEFAULT_INVITE_TIMEOUT_MS: u64 = 30_000;
    /// How long an agent who passed an offer by is left alone when nothing else is configured, in
    /// ms.
    pub const DEFAULT_REOFFER_AFTER_MS: u64 = 30_000;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub enum WorkbinOwner {
    /// Every agent has one of their own.
    EachAgent,
    /// One agent's copy of a workbin that every agent has.
    Agent(UserId),
    /// One group's members share it.
    Group(GroupId),
}

/// A workbin: where work waits for its owner instead of in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Workbin {
    pub id: WorkbinId,
    /// Its contact center.
    pub center: CenterId,
    pub name: String,
    pub owner: WorkbinOwner,
}

impl Workbin {
    /// The workbin that every agent has for work set aside (docs/compat/center.md#workbins).
    pub const IN_PROGRESS: &'static str = "In Progress";
    /// The workbin that every agent has for unfinished replies (docs/compat/center.md#workbins).
    pub const DRAFTS: &'static str = "Drafts";

    /// Returns `owner`'s own copy of a workbin that every agent has.
    #[must_use]
    pub fn of(&self, owner: UserId) -> Self {
        Self { id: self.id.of_owner(owner), owner: WorkbinOwner::Agent(owner), ..self.clone() }
    }
}
