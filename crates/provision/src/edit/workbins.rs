//! Workbins: where work waits for its owner instead of in a queue.

use handoff_domain::{GroupId, Workbin, WorkbinId, WorkbinOwner};
use handoff_store::Record;

use super::{Edit, Editor, Refused, expect_free, expect_unused};
use crate::center_file::Removing;
use crate::thing::Thing;
use crate::workbin_description::{OwnerKind, WorkbinDescription, is_of_the_rules};

impl Editor<'_> {
    /// Makes a workbin: of a group that is named, else one of each agent's own.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`], [`Refused::Unknown`].
    pub fn add_workbin(
        &self,
        id: WorkbinId,
        said: &WorkbinDescription<String>,
    ) -> Result<Edit, Refused> {
        let group = said.group.as_ref().map(|name| self.group_named(name)).transpose()?;
        let owner = group.map_or(WorkbinOwner::EachAgent, WorkbinOwner::Group);
        let name = String::new();
        self.write_workbin(None, Workbin { id, center: self.center, name, owner }, said)
    }

    /// Changes a workbin's name. Whose it is never changes.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Fixed`], [`Refused::Taken`], [`Refused::Unknown`].
    pub fn change_workbin(
        &self,
        id: WorkbinId,
        said: &WorkbinDescription<String>,
    ) -> Result<Edit, Refused> {
        let fixed = |property| Err(Refused::Fixed { thing: Thing::Workbin, property });
        let before = self.workbin(id)?;
        let (kind, group) = match before.owner {
            WorkbinOwner::EachAgent | WorkbinOwner::Agent(_) => (OwnerKind::Agent, None),
            WorkbinOwner::Group(group) => (OwnerKind::AgentGroup, Some(group)),
        };
        if said.kind.is_some_and(|said| said != kind) {
            return fixed("type");
        }
        if let Some(name) = &said.group
            && Some(self.group_named(name)?) != group
        {
            return fixed("group");
        }
        let is_another = said.name.as_ref().is_some_and(|name| *name != before.name);
        if is_another && is_of_the_rules(before) {
            return fixed("name");
        }
        self.write_workbin(Some(before), before.clone(), said)
    }

    fn write_workbin(
        &self,
        before: Option<&Workbin>,
        mut workbin: Workbin,
        said: &WorkbinDescription<String>,
    ) -> Result<Edit, Refused> {
        if let Some(name) = &said.name {
            // Two groups may each have one of that name.
            let is_taken = self
                .workbins()
                .any(|it| it.id != workbin.id && it.name == *name && it.owner == workbin.owner);
            expect_free(Thing::Workbin, name, is_taken)?;
            workbin.name.clone_from(name);
        }
        Ok(self.write(before, workbin, Record::Workbin))
    }

    /// Removes a workbin.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::InUse`].
    pub fn remove_workbin(&self, id: WorkbinId) -> Result<Removing, Refused> {
        let workbin = self.workbin(id)?;
        let by = is_of_the_rules(workbin).then(|| "the server, which puts work into it".to_owned());
        expect_unused(Thing::Workbin, by)?;
        Ok(self.clear_away(Record::Workbin(workbin.clone())))
    }

    /// Finds a group by its name.
    ///
    /// # Errors
    ///
    /// [`Refused::Unknown`].
    pub fn group_named(&self, name: &str) -> Result<GroupId, Refused> {
        let group = self.directory.group_named(self.center, name);
        let unknown = || Refused::Unknown { thing: Thing::Group, name: name.to_owned() };
        group.map(|group| group.id).ok_or_else(unknown)
    }
}
