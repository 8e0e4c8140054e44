//! What a decision may look up, gathered for one attempt.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use handoff_domain::interaction::decide::{ForNotices, World};
use handoff_domain::service::FileLimits;
use handoff_domain::{
    Center, CenterId, Desk, Entry, Interaction, InteractionId, Queue, QueueId, SkillId, User,
    UserId, Workbin, WorkbinId,
};
use handoff_store::{Check, Key, Put, Version, Versioned};

use crate::core::{Board, Directory};
use crate::outward::Mailboxes;
use crate::views::Sight;

/// Another interaction that a decision may look up, whether it is there or not.
pub(super) struct Other {
    id: InteractionId,
    version: Version,
    value: Option<Arc<Interaction>>,
}

impl Other {
    pub(super) fn new(id: InteractionId, found: Option<Versioned<Arc<Interaction>>>) -> Self {
        let version = found.as_ref().map_or(0, |found| found.version);
        Self { id, version, value: found.map(|found| found.value) }
    }

    /// Hides what is not for the eyes of whoever asks; it is as if it were not there.
    pub(super) fn filter(self, is_seen: impl FnOnce(&Interaction) -> bool) -> Self {
        Self { value: self.value.filter(|value| is_seen(value)), ..self }
    }
}

/// What is around one interaction at one moment. Whatever the rules ask for is noted with the
/// version that it showed: these are the guards of the commit.
pub(super) struct LoadedWorld<'a> {
    pub(super) directory: &'a Directory,
    pub(super) board: &'a Board,
    pub(super) center: CenterId,
    pub(super) parent: Option<Other>,
    /// What was said so far, for an agent who comes into a chat.
    pub(super) transcript: Vec<Entry>,
    /// Who would be asked for advice by way of a queue.
    pub(super) adviser: Option<UserId>,
    /// The interaction that the decision is about.
    pub(super) id: InteractionId,
    /// The newest inbound e-mail of its thread, for a draft that is made or sent.
    pub(super) newest_inbound: Option<Interaction>,
    /// The interaction that the writer of a draft says to have seen last.
    pub(super) base: Option<Other>,
    /// The interaction under which it is to be joined.
    pub(super) joined: Option<Other>,
    /// By what an attempt at delivering it is claimed, and the version of that claim.
    pub(super) claim: Option<(String, Version)>,
    /// The contact centers' own addresses.
    pub(super) mailboxes: Option<&'a dyn Mailboxes>,
    /// The desks that were asked for; each is read once, so that a decision sees one version.
    pub(super) desks: RefCell<HashMap<UserId, Option<Versioned<Arc<Desk>>>>>,
    pub(super) relied: RefCell<BTreeMap<Key, Version>>,
}

impl LoadedWorld<'_> {
    /// Relies on a record of the directory, or on its not being there.
    pub(super) fn rely(&self, key: Key) {
        if !self.directory.is_unreadable(&key) {
            self.note(key.clone(), self.directory.version(&key));
        }
    }

    /// Relies on what lets a user see an interaction.
    pub(super) fn rely_on_sight(&self, user: UserId, sight: &Sight) {
        self.rely(Key::User(user));
        match sight {
            Sight::Own => {}
            Sight::Served(queue) => self.rely(Key::Queue(*queue)),
            Sight::Usable(workbin) => {
                self.directory.records_of_workbin(*workbin).into_iter().for_each(|it| self.rely(it))
            }
        }
    }

    /// Notes what was relied on. What was shown first counts: a later version of the same would be
    /// a contradiction that the guard is to notice.
    fn note(&self, key: Key, version: Version) {
        self.relied.borrow_mut().entry(key).or_insert(version);
    }

    fn other<'o>(&self, other: Option<&'o Other>) -> Option<&'o Interaction> {
        let other = other?;
        self.note(Key::Interaction(other.id), other.version);
        other.value.as_deref()
    }

    /// Returns the version of something that the decision changes: as it was shown, zero of what
    /// comes into being.
    pub(super) fn expected(&self, key: &Key) -> Version {
        self.relied.borrow().get(key).copied().unwrap_or(0)
    }

    /// Returns the checks of everything that was relied on and is not written, which guards itself.
    pub(super) fn checks(&self, puts: &[Put]) -> Vec<Check> {
        let mut relied = self.relied.borrow().clone();
        for put in puts {
            relied.remove(&put.record.key());
        }
        relied.into_iter().map(|(key, version)| Check { key, version }).collect()
    }

    /// Returns whose desks were asked for.
    pub(super) fn into_desks(self) -> Vec<UserId> {
        self.desks.into_inner().into_keys().collect()
    }
}

impl World for LoadedWorld<'_> {
    fn desk(&self, user: UserId) -> Option<Arc<Desk>> {
        let mut desks = self.desks.borrow_mut();
        let desk = desks.entry(user).or_insert_with(|| self.board.desk(user));
        self.note(Key::Desk(user), desk.as_ref().map_or(0, |desk| desk.version));
        desk.as_ref().map(|desk| desk.value.clone())
    }

    fn missed_any(&self, user: UserId) -> bool {
        self.board.desk(user).is_some_and(|desk| desk.value.missed_offers > 0)
    }

    fn missed_offers_max(&self) -> u32 {
        self.rely(Key::Center(self.center));
        let center = self.directory.centers.get(&self.center);
        let said = center.and_then(|center| center.missed_offers_to_not_ready);
        said.unwrap_or(Center::MISSED_OFFERS_DEFAULT)
    }

    fn user(&self, user: UserId) -> Option<&User> {
        self.rely(Key::User(user));
        self.directory.user(self.center, user).map(|user| &**user)
    }

    fn queue(&self, queue: QueueId) -> Option<&Queue> {
        self.rely(Key::Queue(queue));
        self.directory.queue(self.center, queue).map(|queue| &**queue)
    }

    fn has_skill(&self, skill: SkillId) -> bool {
        self.rely(Key::Skill(skill));
        self.directory.skills.get(&skill).is_some_and(|skill| skill.center == self.center)
    }

    fn workbin(&self, workbin: WorkbinId) -> Option<Workbin> {
        self.directory.records_of_workbin(workbin).into_iter().for_each(|key| self.rely(key));
        self.directory.workbin(self.center, workbin)
    }

    fn own_workbin(&self, name: &str, owner: UserId) -> Option<Workbin> {
        let workbin = self.directory.own_workbin(name, World::user(self, owner)?)?;
        World::workbin(self, workbin.id)
    }

    fn watchers(&self, workbin: WorkbinId) -> ForNotices<Vec<UserId>> {
        ForNotices::new(self.board.watchers(workbin))
    }

    fn parent(&self) -> Option<&Interaction> {
        self.other(self.parent.as_ref())
    }

    fn adviser(&self) -> Option<UserId> {
        self.adviser
    }

    fn transcript(&self) -> &[Entry] {
        &self.transcript
    }

    fn file_limits(&self, service: &str) -> Option<&FileLimits> {
        let service = self.directory.chat_service(self.center, service)?;
        self.rely(Key::Service(service.id));
        Some(&service.chat()?.files)
    }

    fn newest_inbound(&self) -> Option<&Interaction> {
        self.newest_inbound.as_ref()
    }

    fn base(&self) -> Option<&Interaction> {
        self.other(self.base.as_ref())
    }

    fn joined(&self) -> Option<&Interaction> {
        self.other(self.joined.as_ref())
    }

    fn may_send_as(&self, address: &str) -> bool {
        self.mailboxes.is_none_or(|mailboxes| mailboxes.is_ours(self.center, address))
    }

    fn default_sender(&self) -> Option<String> {
        self.mailboxes?.default_sender(self.center)
    }

    fn message_id(&self, sender: &str, sends: u32) -> Option<String> {
        Some(self.mailboxes?.message_id(self.id, sends, sender))
    }

    /// The commit is refused when somebody claims it meanwhile. Whoever claims it later looks
    /// whether it is still to be sent.
    fn is_claimed(&self) -> bool {
        let Some((key, version)) = &self.claim else { return false };
        self.note(Key::Claim(key.clone()), *version);
        *version > 0
    }
}
