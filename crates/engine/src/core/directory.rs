//! The directory: users, skills, groups, queues, workbins, services, mailboxes, webhooks and
//! standard responses of all contact centers, in memory.
//!
//! It is read far more often than it changes, so a whole new one replaces the old, made from it by
//! reading what changed. Each contact center's part is as it was at one version. Decisions that
//! rely on an entry guard that version and the entry's own in the commit, so an outdated directory
//! costs a retry and never a wrong decision.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use handoff_domain::mail::mailbox_key;
use handoff_domain::{
    Center, CenterId, Group, GroupId, Hours, Interaction, MailboxId, Named, Queue, QueueId,
    ResponseId, Role, Service, ServiceId, ServiceKind, Skill, SkillId, User, UserId, WebhookId,
    Workbin, WorkbinId, WorkbinOwner,
};
use handoff_store::{
    Check, DirectoryEntry, DirectoryGuard, Extent, Key, Kind, Mailbox, Part, Record,
    StandardResponse, Store, StoreError, Version, Versioned, Webhook,
};

/// Records read in one page while loading.
const PAGE: usize = 1_000;

/// An immutable snapshot of everything configured.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// Contact centers.
    pub centers: BTreeMap<CenterId, Center>,
    pub users: BTreeMap<UserId, Arc<User>>,
    pub skills: BTreeMap<SkillId, Skill>,
    pub groups: BTreeMap<GroupId, Group>,
    pub queues: BTreeMap<QueueId, Arc<Queue>>,
    /// Workbin definitions.
    pub workbins: BTreeMap<WorkbinId, Workbin>,
    pub services: BTreeMap<ServiceId, Arc<Service>>,
    pub mailboxes: BTreeMap<MailboxId, Arc<Mailbox>>,
    pub webhooks: BTreeMap<WebhookId, Arc<Webhook>>,
    /// Those of contact centers and groups; users' own are not here.
    pub responses: BTreeMap<ResponseId, Arc<StandardResponse>>,
    versions: HashMap<Key, Version>,
    /// How often each contact center's part had been changed.
    changes: BTreeMap<CenterId, Version>,
    /// What the store has and cannot read, of that what somebody met.
    unreadable: BTreeSet<Key>,
    users_by_name: HashMap<String, UserId>,
    personal_workbins: HashMap<WorkbinId, (WorkbinId, UserId)>,
    services_by_name: HashMap<ServiceKind, HashMap<String, ServiceId>>,
    /// By the keys of their addresses.
    mailboxes_by_key: HashMap<String, MailboxId>,
}

impl Directory {
    /// Reads everything configured.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut directory = Self { changes: store.directory_versions().await?, ..Self::default() };
        for kind in Kind::ALL.iter().copied().filter(|kind| kind.part() == Part::Directory) {
            let mut after = None;
            loop {
                let page = store.list(kind, after.take(), PAGE).await?;
                after = page.items.last().map(|last| last.value.key());
                page.items.into_iter().for_each(|item| directory.add(item));
                if !page.more {
                    break;
                }
            }
        }
        // The pages are of several moments; what was changed in between is read again.
        directory.catch_up(store, &store.directory_versions().await?).await?;
        directory.index();
        Ok(directory)
    }

    /// Returns the directory as it is now, by reading what was changed; `None` when nothing was.
    pub(super) async fn renewed(&self, store: &dyn Store) -> Result<Option<Self>, StoreError> {
        let present = store.directory_versions().await?;
        if present == self.changes {
            return Ok(None);
        }
        let mut fresh = self.clone();
        fresh.catch_up(store, &present).await?;
        fresh.index();
        Ok(Some(fresh))
    }

    async fn catch_up(
        &mut self,
        store: &dyn Store,
        present: &BTreeMap<CenterId, Version>,
    ) -> Result<(), StoreError> {
        for center in present.keys() {
            // Only after the last page is all of it of one moment.
            let mut is_whole = self.version_of(*center) == present[center];
            while !is_whole {
                let page = store.directory_after(*center, self.version_of(*center), PAGE).await?;
                page.entries.into_iter().for_each(|entry| self.enter(entry));
                self.changes.insert(*center, page.version);
                is_whole = !page.more;
            }
        }
        Ok(())
    }

    fn enter(&mut self, entry: DirectoryEntry) {
        self.remove(&entry.key());
        match entry {
            DirectoryEntry::Is(record) => self.add(record),
            DirectoryEntry::Gone(_) => {}
            DirectoryEntry::Unreadable(key) => drop(self.unreadable.insert(key)),
        }
    }

    fn remove(&mut self, key: &Key) {
        self.versions.remove(key);
        self.unreadable.remove(key);
        match key {
            Key::Center(id) => drop(self.centers.remove(id)),
            Key::User(id) => drop(self.users.remove(id)),
            Key::Skill(id) => drop(self.skills.remove(id)),
            Key::Group(id) => drop(self.groups.remove(id)),
            Key::Queue(id) => drop(self.queues.remove(id)),
            Key::Workbin(id) => drop(self.workbins.remove(id)),
            Key::Service(id) => drop(self.services.remove(id)),
            Key::Mailbox(id) => drop(self.mailboxes.remove(id)),
            Key::Webhook(id) => drop(self.webhooks.remove(id)),
            Key::StandardResponse(id) => drop(self.responses.remove(id)),
            // Work is not here.
            _ => {}
        }
    }

    fn add(&mut self, item: Versioned<Record>) {
        self.versions.insert(item.value.key(), item.version);
        match item.value {
            Record::Center(center) => {
                self.centers.insert(center.id, center);
            }
            Record::User(user) => {
                self.users.insert(user.id, Arc::new(user));
            }
            Record::Skill(skill) => {
                self.skills.insert(skill.id, skill);
            }
            Record::Group(group) => {
                self.groups.insert(group.id, group);
            }
            Record::Queue(queue) => {
                self.queues.insert(queue.id, Arc::new(queue));
            }
            Record::Workbin(workbin) => {
                self.workbins.insert(workbin.id, workbin);
            }
            Record::Service(service) => {
                self.services.insert(service.id, Arc::new(service));
            }
            Record::Mailbox(mailbox) => {
                self.mailboxes.insert(mailbox.id, Arc::new(mailbox));
            }
            Record::Webhook(webhook) => {
                self.webhooks.insert(webhook.id, Arc::new(webhook));
            }
            Record::StandardResponse(response) => {
                self.responses.insert(response.id, Arc::new(response));
            }
            // Of the other part of the table, which is not read.
            _ => {}
        }
    }

    fn index(&mut self) {
        self.users_by_name =
            self.users.values().map(|user| (user.user_name.clone(), user.id)).collect();
        let personal =
            self.workbins.values().filter(|workbin| workbin.owner == WorkbinOwner::EachAgent);
        self.personal_workbins = personal
            .flat_map(|workbin| {
                let agents = self.users.values().filter(|user| user.center == workbin.center);
                agents.map(|user| (workbin.id.of_owner(user.id), (workbin.id, user.id)))
            })
            .collect();
        self.services_by_name.clear();
        for service in self.services.values() {
            let named = self.services_by_name.entry(service.kind()).or_default();
            named.insert(service.name.clone(), service.id);
        }
        self.mailboxes_by_key.clear();
        for mailbox in self.mailboxes.values() {
            for address in mailbox.addresses() {
                self.mailboxes_by_key.entry(mailbox_key(address)).or_insert(mailbox.id);
            }
        }
    }

    /// Returns the version of an entry as it was read; zero when there is none.
    #[must_use]
    pub fn version(&self, key: &Key) -> Version {
        self.versions.get(key).copied().unwrap_or(0)
    }

    /// Returns the check of a commit that an entry is still as it was read.
    #[must_use]
    pub fn check(&self, key: Key) -> Check {
        Check { version: self.version(&key), key }
    }

    /// Returns how often a contact center's part had been changed.
    fn version_of(&self, center: CenterId) -> Version {
        self.changes.get(&center).copied().unwrap_or(0)
    }

    /// Returns the guard of a commit that relied on a contact center's part.
    #[must_use]
    pub fn guard(&self, center: CenterId, extent: Extent) -> DirectoryGuard {
        DirectoryGuard { center, version: self.version_of(center), extent }
    }

    /// Finds out of what is not here whether it is there and cannot be read.
    pub(super) async fn is_hidden(&self, key: &Key, store: &dyn Store) -> Result<bool, StoreError> {
        if self.versions.contains_key(key) || self.unreadable.contains(key) {
            return Ok(false);
        }
        match store.load(std::slice::from_ref(key)).await {
            Err(error) if error.is_unreadable() => Ok(true),
            Err(error) => Err(error),
            Ok(_) => Ok(false),
        }
    }

    /// Returns the directory with an entry that is there and cannot be read.
    pub(super) fn with_unreadable(&self, key: Key) -> Self {
        let mut fresh = self.clone();
        fresh.unreadable.insert(key);
        fresh
    }

    /// Tells whether an entry is there and cannot be read. Its absence here is nothing to rely on,
    /// and must not keep what belongs to it from being moved.
    pub(crate) fn is_unreadable(&self, key: &Key) -> bool {
        self.unreadable.contains(key)
    }

    /// Tells whether there is a mailbox that cannot be read: an address that none of the others has
    /// may be one of its.
    #[must_use]
    pub fn has_unreadable_mailboxes(&self) -> bool {
        self.unreadable.iter().any(|key| matches!(key, Key::Mailbox(_)))
    }

    /// Returns a user of a contact center.
    #[must_use]
    pub fn user(&self, center: CenterId, id: UserId) -> Option<&Arc<User>> {
        self.users.get(&id).filter(|user| user.center == center)
    }

    /// Returns a user by the name that they log in with.
    #[must_use]
    pub fn user_by_name(&self, user_name: &str) -> Option<&Arc<User>> {
        self.users.get(self.users_by_name.get(user_name)?)
    }

    /// Returns a queue of a contact center.
    #[must_use]
    pub fn queue(&self, center: CenterId, id: QueueId) -> Option<&Arc<Queue>> {
        self.queues.get(&id).filter(|queue| queue.center == center)
    }

    /// Finds a queue of a contact center by name.
    #[must_use]
    pub fn queue_named(&self, center: CenterId, name: &str) -> Option<&Arc<Queue>> {
        self.queues.values().find(|queue| queue.center == center && queue.name == name)
    }

    /// Returns a service of a contact center.
    #[must_use]
    pub fn service_of(&self, center: CenterId, id: ServiceId) -> Option<&Arc<Service>> {
        self.services.get(&id).filter(|service| service.center == center)
    }

    /// Returns a service by its kind and name, of whatever contact center: a customer's request
    /// names no center.
    #[must_use]
    pub fn service(&self, kind: ServiceKind, name: &str) -> Option<&Arc<Service>> {
        self.services.get(self.services_by_name.get(&kind)?.get(name)?)
    }

    /// Returns the service that a chat came in by: of its contact center, because the name of one
    /// that is gone may be another's by now.
    #[must_use]
    pub fn service_of_chat(&self, interaction: &Interaction) -> Option<&Arc<Service>> {
        self.chat_service(interaction.center, &interaction.chat()?.service)
    }

    /// Returns a chat service of a contact center by its name.
    #[must_use]
    pub fn chat_service(&self, center: CenterId, name: &str) -> Option<&Arc<Service>> {
        self.service(ServiceKind::Chat, name).filter(|service| service.center == center)
    }

    /// Returns when a service is open: by its own hours, or else by those of its queue. Nothing is
    /// always.
    #[must_use]
    pub fn hours_of<'a>(&'a self, service: &'a Service) -> Option<&'a Hours> {
        let own = service.chat().and_then(|terms| terms.hours.as_ref());
        own.or_else(|| self.queue(service.center, service.queue)?.hours.as_deref())
    }

    /// Returns the mailbox that an address belongs to, of whatever contact center: its own or an
    /// alias.
    #[must_use]
    pub fn mailbox_of(&self, address: &str) -> Option<&Arc<Mailbox>> {
        self.mailboxes.get(self.mailboxes_by_key.get(&mailbox_key(address))?)
    }

    /// Returns the mailbox by which a contact center sends what names no sender: its default, else
    /// of those by which mail goes out the one whose address comes first.
    #[must_use]
    pub fn default_mailbox(&self, center: CenterId) -> Option<&Arc<Mailbox>> {
        let own = self.mailboxes.values().filter(|mailbox| mailbox.center == center);
        let usable = own.filter(|mailbox| mailbox.is_default || mailbox.exit.is_some());
        usable.min_by_key(|mailbox| (!mailbox.is_default, &mailbox.address))
    }

    /// Finds a skill of a contact center by name.
    #[must_use]
    pub fn skill_named(&self, center: CenterId, name: &str) -> Option<&Skill> {
        self.skills.values().find(|skill| skill.center == center && skill.name == name)
    }

    /// Finds a group of a contact center by name.
    #[must_use]
    pub fn group_named(&self, center: CenterId, name: &str) -> Option<&Group> {
        self.groups.values().find(|group| group.center == center && group.name == name)
    }

    /// Returns a workbin of a contact center by id: a shared one, or one agent's copy.
    #[must_use]
    pub fn workbin(&self, center: CenterId, id: WorkbinId) -> Option<Workbin> {
        let workbin = match self.personal_workbins.get(&id) {
            Some((definition, owner)) => self.workbins.get(definition)?.of(*owner),
            None => self
                .workbins
                .get(&id)
                .filter(|found| found.owner != WorkbinOwner::EachAgent)?
                .clone(),
        };
        (workbin.center == center).then_some(workbin)
    }

    /// Returns the definition that a workbin of a contact center follows from, by its id or that of
    /// one agent's copy.
    #[must_use]
    pub fn workbin_definition(&self, center: CenterId, id: WorkbinId) -> Option<&Workbin> {
        let definition = self.personal_workbins.get(&id).map_or(id, |(definition, _)| *definition);
        self.workbins.get(&definition).filter(|workbin| workbin.center == center)
    }

    /// Returns the records that a workbin follows from: its definition, and whose copy it is.
    pub(crate) fn records_of_workbin(&self, id: WorkbinId) -> Vec<Key> {
        match self.personal_workbins.get(&id) {
            Some((definition, owner)) => vec![Key::Workbin(*definition), Key::User(*owner)],
            None => vec![Key::Workbin(id)],
        }
    }

    /// Returns `owner`'s copy of a workbin that every agent has.
    #[must_use]
    pub fn own_workbin(&self, name: &str, owner: &User) -> Option<Workbin> {
        let definition = self.workbins.values().find(|workbin| {
            workbin.center == owner.center
                && workbin.name == name
                && workbin.owner == WorkbinOwner::EachAgent
        })?;
        Some(definition.of(owner.id))
    }

    /// Returns the workbins that a user may use: their own copies first, then their groups'
    /// (docs/compat/center.md#workbins).
    #[must_use]
    pub fn workbins_of(&self, user: &User) -> Vec<Workbin> {
        let of_center = || self.workbins.values().filter(|workbin| workbin.center == user.center);
        let own = of_center().filter_map(|workbin| match workbin.owner {
            WorkbinOwner::EachAgent => {
                user.roles.contains(&Role::Agent).then(|| workbin.of(user.id))
            }
            WorkbinOwner::Agent(owner) => (owner == user.id).then(|| workbin.clone()),
            WorkbinOwner::Group(_) => None,
        });
        let shared = of_center().filter(
            |workbin| {
                matches!(workbin.owner, WorkbinOwner::Group(group) if user.groups.contains(&group))
            },
        );
        own.chain(shared.cloned()).collect()
    }

    /// Finds a workbin that a user may use, by id or name; their own go before their groups', two
    /// of one rank are ambiguous (docs/compat/center.md#workbins).
    #[must_use]
    pub fn workbin_for(&self, user: &User, id_or_name: &str) -> Named<Workbin> {
        let usable = self.workbins_of(user);
        if let Ok(id) = id_or_name.parse::<WorkbinId>()
            && let Some(found) = usable.iter().find(|workbin| workbin.id == id)
        {
            return Named::Known(found.clone());
        }
        let is_own = |workbin: &&Workbin| !matches!(workbin.owner, WorkbinOwner::Group(_));
        let named: Vec<&Workbin> =
            usable.iter().filter(|workbin| workbin.name == id_or_name).collect();
        let own: Vec<&&Workbin> = named.iter().filter(|workbin| is_own(workbin)).collect();
        match (own.as_slice(), named.as_slice()) {
            ([only], _) => Named::Known(Workbin::clone(only)),
            ([], [only]) => Named::Known(Workbin::clone(only)),
            ([], []) => Named::Unknown(id_or_name.to_owned()),
            _ => Named::Ambiguous(id_or_name.to_owned()),
        }
    }

    /// Returns the queues that a user serves: by one of their groups, or by skills alone where the
    /// queue asks for no group. Levels count, and so do the steps that widen a queue's search.
    #[must_use]
    pub fn queues_served_by(&self, user: &User) -> Vec<QueueId> {
        let serves = |groups: &std::collections::BTreeSet<GroupId>,
                      skills: &handoff_domain::SkillLevels| {
            let in_group =
                groups.is_empty() || groups.iter().any(|group| user.groups.contains(group));
            let skilled = skills
                .iter()
                .all(|(skill, level)| user.skills.get(skill).is_some_and(|has| has >= level));
            !(groups.is_empty() && skills.is_empty()) && in_group && skilled
        };
        let of_center = self.queues.values().filter(|queue| queue.center == user.center);
        of_center
            .filter(|queue| {
                serves(&queue.groups, &queue.skills)
                    || queue.steps.iter().any(|step| serves(&step.groups, &step.skills))
            })
            .map(|queue| queue.id)
            .collect()
    }
}
