//! From names to ids: what a file says, as records.
//!
//! A thing that the contact center already has under that name keeps its id; a new one gets one
//! from the id source. A name that the file uses without introducing it is an error, also if the
//! store knows it: the file describes the whole.

mod mailbox;
mod queue;
mod resolver;
mod response;
mod service;
mod user;
mod workspace;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{
    Center, CenterId, Group, GroupId, QueueId, Skill, SkillId, Workbin, WorkbinId, WorkbinOwner,
};
use handoff_engine::{Directory, IdSource};
use handoff_store::Record;

use super::error::CenterFileError;
use super::file::{CenterFile, Unnamed};
use super::form::{Form, NamedForm, WorkbinForm};
use super::passwords::Passwords;
use crate::name::NamedDescription;
use crate::thing::Thing;
use crate::workbin_description::{WorkbinDescription, WorkbinField};
use resolver::{Resolver, checked, not_empty, twice};

/// A file as records.
#[derive(Debug)]
pub(super) struct Resolved {
    pub center: CenterId,
    /// Everything that the file names, in an order in which nothing refers to what comes later.
    pub records: Vec<Record>,
    pub warnings: Vec<String>,
    /// Where the file says which channel a queue is for.
    pub channels: BTreeMap<QueueId, usize>,
}

/// Looks up everything that a file names. What is wrong is gathered, so that whoever wrote the file
/// sees all of it at once.
pub(super) fn resolve(
    file: &CenterFile,
    form: Form,
    directory: &Directory,
    ids: &dyn IdSource,
    passwords: &dyn Passwords,
    unnamed: Unnamed,
) -> Result<Resolved, CenterFileError> {
    let problems = RefCell::default();
    let name = checked(&problems, not_empty(file, &form.center.name));
    let known = directory.centers.values().find(|center| center.name == name);
    let center = known.map_or_else(|| CenterId(ids.uuid()), |center| center.id);
    let mut resolver = Resolver {
        file,
        directory,
        ids,
        passwords,
        center,
        skills: BTreeMap::new(),
        groups: BTreeMap::new(),
        queues: BTreeMap::new(),
        dispositions: Vec::new(),
        records: Vec::new(),
        warnings: Vec::new(),
        channels: BTreeMap::new(),
        problems,
    };
    resolver.skills(&form.skill);
    resolver.groups(&form.group);
    resolver.workbins(&form.workbin);
    resolver.dispositions = resolver.dispositions(&form.disposition);
    resolver.queues(&form.queue);
    resolver.services(&form.service);
    resolver.mailboxes(&form.mailbox, unnamed);
    resolver.users(form.user);
    resolver.responses(&form.response);
    let workspace = resolver.workspace(&form.workspace);
    // Everything else is of the center, so it is written first. The queue that it names is shown to
    // desktops and not followed.
    let most = form.center.missed_offers_to_not_ready.as_ref();
    let missed_offers_to_not_ready = resolver.missed_offers(most);
    let retention_ms = resolver.retention(&form.center.retention);
    let time_zone = resolver.time_zone(form.center.time_zone.as_ref());
    let record =
        Center { id: center, name, workspace, missed_offers_to_not_ready, retention_ms, time_zone };
    resolver.records.insert(0, Record::Center(record));
    let Resolver { records, warnings, channels, problems, .. } = resolver;
    match CenterFileError::all_of(problems.into_inner()) {
        None => Ok(Resolved { center, records, warnings, channels }),
        Some(error) => Err(error),
    }
}

impl Resolver<'_> {
    fn skills(&mut self, forms: &[NamedForm]) {
        let center = self.center;
        for name in self.names(Thing::Skill, forms) {
            let known = self.directory.skill_named(center, &name).map(|skill| skill.id);
            let id = known.unwrap_or_else(|| SkillId(self.ids.uuid()));
            self.skills.insert(name.clone(), id);
            self.records.push(Record::Skill(Skill { id, center, name }));
        }
    }

    fn groups(&mut self, forms: &[NamedForm]) {
        let center = self.center;
        for name in self.names(Thing::Group, forms) {
            let known = self.directory.group_named(center, &name).map(|group| group.id);
            let id = known.unwrap_or_else(|| GroupId(self.ids.uuid()));
            self.groups.insert(name.clone(), id);
            self.records.push(Record::Group(Group { id, center, name }));
        }
    }

    /// Returns the names of things that have nothing else.
    fn names(&self, thing: Thing, forms: &[NamedForm]) -> Vec<String> {
        let names = self.unique_names(&thing.to_string(), forms.iter().map(|form| &form.name));
        for form in forms {
            let described = NamedDescription { name: Some(form.name.get_ref().clone()) };
            if let Some(fault) = described.fault(thing) {
                self.wrong(form.name.span().start, fault);
            }
        }
        names
    }

    /// Every contact center has the two workbins of an agent that the rules themselves put work
    /// into (docs/compat/center.md#workbins).
    fn workbins(&mut self, forms: &[WorkbinForm]) {
        let mut wanted: Vec<(String, WorkbinOwner)> = [Workbin::IN_PROGRESS, Workbin::DRAFTS]
            .map(|name| (name.to_owned(), WorkbinOwner::EachAgent))
            .into();
        let mut written = BTreeSet::new();
        for form in forms {
            let name = self.checked(not_empty(self.file, &form.name));
            let Some(owner) = self.checked(self.owner_of(form).map(Some)) else { continue };
            let entry = (name, owner);
            if !written.insert(entry.clone()) {
                self.problems.borrow_mut().push(twice(self.file, "workbin", &form.name));
            }
            if !wanted.contains(&entry) {
                wanted.push(entry);
            }
        }
        for (name, owner) in wanted {
            let mut of_center =
                self.directory.workbins.values().filter(|workbin| workbin.center == self.center);
            let known = of_center.find(|workbin| workbin.name == name && workbin.owner == owner);
            let id = known.map_or_else(|| WorkbinId(self.ids.uuid()), |workbin| workbin.id);
            self.records.push(Record::Workbin(Workbin { id, center: self.center, name, owner }));
        }
    }

    fn owner_of(&self, form: &WorkbinForm) -> Result<WorkbinOwner, CenterFileError> {
        let name = form.name.get_ref();
        let (kind, group) = (Some(form.owner), form.group.as_ref());
        // That it is empty was told.
        let name = (!name.is_empty()).then(|| name.clone());
        let described = WorkbinDescription { name, kind, group };
        if let Some(fault) = described.faults().into_iter().next() {
            let place = match fault.field {
                WorkbinField::Name => &form.name,
                WorkbinField::Group => form.group.as_ref().unwrap_or(&form.name),
            };
            return Err(self.file.wrong_at(place.span().start, fault.message));
        }
        group
            .map_or(Ok(WorkbinOwner::EachAgent), |group| self.group(group).map(WorkbinOwner::Group))
    }
}
