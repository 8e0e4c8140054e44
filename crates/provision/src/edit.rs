//! Changes of one thing of a contact center at a time: what is to be written and removed for one,
//! or why it cannot be.
//!
//! Each is decided on one directory, and holds as long as that is the present one: that a name is
//! free, that what is named is there and that nothing refers to what is removed follows from all of
//! it. Descriptions that have a fault must not get here.

mod center;
mod dispositions;
mod lost_password;
mod named;
mod queues;
mod refused;
mod responses;
mod services;
mod users;
mod webhooks;
mod workbins;

#[cfg(test)]
mod tests;

use handoff_domain::{
    CenterId, Group, GroupId, Queue, QueueId, Service, ServiceId, Skill, SkillId, User, UserId,
    Workbin, WorkbinId,
};
use handoff_engine::Directory;
use handoff_store::{ChangeSet, Extent, Key, Put, Record, Removal, Version};

use crate::center_file::Removing;
use crate::changing::{By, change_set};
use crate::thing::Thing;

pub(crate) use dispositions::not_for;
pub use lost_password::{NotReplaced, replace_password};
pub use refused::Refused;
pub(crate) use responses::nothing as no_response;
pub use responses::{
    add_own_response, change_own_response, own_response_version, remove_own_response,
};
pub use users::GivenPassword;
pub use webhooks::Replaces;

/// A contact center as it is, to decide changes of it.
#[derive(Clone, Copy, Debug)]
pub struct Editor<'a> {
    directory: &'a Directory,
    center: CenterId,
}

/// What a change writes and removes; nothing when everything is so already.
#[derive(Debug, Default)]
pub struct Edit {
    puts: Vec<Put>,
    removals: Vec<Removal>,
}

impl Edit {
    /// Returns the things that it writes, as they are to be.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.puts.iter().map(|put| &put.record)
    }

    /// Asks whoever it writes for no second factor.
    fn without_second_factor(mut self) -> Self {
        for put in &mut self.puts {
            if let Record::User(user) = &mut put.record {
                user.second_factor = false;
            }
        }
        self
    }
}

impl<'a> Editor<'a> {
    #[must_use]
    pub const fn new(directory: &'a Directory, center: CenterId) -> Self {
        Self { directory, center }
    }

    /// Returns the contact center that it is about.
    #[must_use]
    pub const fn center(&self) -> CenterId {
        self.center
    }

    /// Returns the change as the store takes it, all or nothing, and only if the contact center is
    /// as it was here.
    #[must_use]
    pub fn change_set(&self, edit: Edit, by: &By) -> ChangeSet {
        let guard = self.directory.guard(self.center, Extent::Whole);
        change_set(self.directory, guard, by, edit.puts, edit.removals)
    }

    /// Returns how often a thing was written.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`].
    pub fn version(&self, key: &Key) -> Result<Version, Refused> {
        match key {
            Key::User(id) => drop(self.user(*id)?),
            Key::Skill(id) => drop(self.skill(*id)?),
            Key::Group(id) => drop(self.group(*id)?),
            Key::Queue(id) => drop(self.queue(*id)?),
            Key::Workbin(id) => drop(self.workbin(*id)?),
            Key::Service(id) => drop(self.service(*id)?),
            Key::Center(_) => {}
            Key::Webhook(id) => drop(self.webhook(*id)?),
            Key::StandardResponse(id) => drop(self.response(*id)?),
            other => unreachable!("{other:?} is not changed by itself"),
        }
        Ok(self.directory.version(key))
    }

    fn user(&self, id: UserId) -> Result<&'a User, Refused> {
        let known = self.directory.user(self.center, id).map(|user| &**user);
        known.ok_or(Refused::Absent(Thing::User))
    }

    fn skill(&self, id: SkillId) -> Result<&'a Skill, Refused> {
        let known = self.directory.skills.get(&id).filter(|skill| skill.center == self.center);
        known.ok_or(Refused::Absent(Thing::Skill))
    }

    fn group(&self, id: GroupId) -> Result<&'a Group, Refused> {
        let known = self.directory.groups.get(&id).filter(|group| group.center == self.center);
        known.ok_or(Refused::Absent(Thing::Group))
    }

    fn queue(&self, id: QueueId) -> Result<&'a Queue, Refused> {
        let known = self.directory.queue(self.center, id).map(|queue| &**queue);
        known.ok_or(Refused::Absent(Thing::Queue))
    }

    fn workbin(&self, id: WorkbinId) -> Result<&'a Workbin, Refused> {
        let known = self.directory.workbins.get(&id).filter(|it| it.center == self.center);
        known.ok_or(Refused::Absent(Thing::Workbin))
    }

    fn service(&self, id: ServiceId) -> Result<&'a Service, Refused> {
        let known = self.directory.service_of(self.center, id).map(|service| &**service);
        known.ok_or(Refused::Absent(Thing::Service))
    }

    fn users(&self) -> impl Iterator<Item = &'a User> {
        let center = self.center;
        let all = self.directory.users.values().map(|user| &**user);
        all.filter(move |user| user.center == center)
    }

    fn queues(&self) -> impl Iterator<Item = &'a Queue> {
        let center = self.center;
        let all = self.directory.queues.values().map(|queue| &**queue);
        all.filter(move |queue| queue.center == center)
    }

    fn workbins(&self) -> impl Iterator<Item = &'a Workbin> {
        let center = self.center;
        self.directory.workbins.values().filter(move |workbin| workbin.center == center)
    }

    fn services(&self) -> impl Iterator<Item = &'a Service> {
        let center = self.center;
        let all = self.directory.services.values().map(|service| &**service);
        all.filter(move |service| service.center == center)
    }

    /// Writes a thing as it is to be.
    fn write<T: PartialEq>(&self, before: Option<&T>, after: T, record: fn(T) -> Record) -> Edit {
        if before == Some(&after) {
            return Edit::default();
        }
        let record = record(after);
        let expected = self.directory.version(&record.key());
        Edit { puts: vec![Put { record, expected }], removals: Vec::new() }
    }

    /// Removes a thing with which no work is.
    fn remove(&self, key: Key) -> Edit {
        let removal = Removal { version: self.directory.version(&key), key };
        Edit { puts: Vec::new(), removals: vec![removal] }
    }

    /// Removes a thing once no work is with it.
    fn clear_away(&self, record: Record) -> Removing {
        Removing::new(record, self.directory, self.center)
    }
}

/// Refuses to remove what something refers to.
fn expect_unused(thing: Thing, referring: Option<String>) -> Result<(), Refused> {
    referring.map_or(Ok(()), |by| Err(Refused::InUse { thing, by }))
}

/// Refuses a name that another thing has.
fn expect_free(thing: Thing, name: &str, is_taken: bool) -> Result<(), Refused> {
    if is_taken { Err(Refused::Taken { thing, name: name.to_owned() }) } else { Ok(()) }
}

/// Names a thing to people.
fn called(thing: Thing, name: &str) -> String {
    format!("the {thing} {name:?}")
}

/// Returns the groups that a queue asks, at once or later.
fn groups_of(queue: &Queue) -> impl Iterator<Item = GroupId> {
    queue.groups.iter().chain(queue.steps.iter().flat_map(|step| &step.groups)).copied()
}

/// Returns the skills that a queue asks for, at once or later.
fn skills_of(queue: &Queue) -> impl Iterator<Item = SkillId> {
    queue.skills.keys().chain(queue.steps.iter().flat_map(|step| step.skills.keys())).copied()
}
