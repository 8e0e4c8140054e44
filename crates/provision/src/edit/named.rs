//! Skills and groups of agents: names that users and queues refer to.

use handoff_domain::{Group, GroupId, Skill, SkillId, WorkbinOwner};
use handoff_store::{Key, Record};

use super::{Edit, Editor, Refused, called, expect_free, expect_unused, groups_of, skills_of};
use crate::name::NamedDescription;
use crate::thing::Thing;

impl Editor<'_> {
    /// Makes a skill.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`].
    pub fn add_skill(&self, id: SkillId, said: &NamedDescription) -> Result<Edit, Refused> {
        let skill = Skill { id, center: self.center, name: String::new() };
        self.write_skill(None, skill, said)
    }

    /// Changes a skill.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Taken`].
    pub fn change_skill(&self, id: SkillId, said: &NamedDescription) -> Result<Edit, Refused> {
        let before = self.skill(id)?;
        self.write_skill(Some(before), before.clone(), said)
    }

    fn write_skill(
        &self,
        before: Option<&Skill>,
        mut skill: Skill,
        said: &NamedDescription,
    ) -> Result<Edit, Refused> {
        if let Some(name) = &said.name {
            let of_that_name = self.directory.skill_named(self.center, name);
            expect_free(Thing::Skill, name, of_that_name.is_some_and(|it| it.id != skill.id))?;
            skill.name.clone_from(name);
        }
        Ok(self.write(before, skill, Record::Skill))
    }

    /// Removes a skill. What waits for somebody who has it goes on waiting, as for a skill that
    /// nobody has.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::InUse`].
    pub fn remove_skill(&self, id: SkillId) -> Result<Edit, Refused> {
        self.skill(id)?;
        let user = self.users().find(|user| user.skills.contains_key(&id));
        let queue = self.queues().find(|queue| skills_of(queue).any(|skill| skill == id));
        let by = user
            .map(|user| called(Thing::User, &user.user_name))
            .or_else(|| queue.map(|queue| called(Thing::Queue, &queue.name)));
        expect_unused(Thing::Skill, by)?;
        Ok(self.remove(Key::Skill(id)))
    }

    /// Makes a group.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`].
    pub fn add_group(&self, id: GroupId, said: &NamedDescription) -> Result<Edit, Refused> {
        let group = Group { id, center: self.center, name: String::new() };
        self.write_group(None, group, said)
    }

    /// Changes a group.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Taken`].
    pub fn change_group(&self, id: GroupId, said: &NamedDescription) -> Result<Edit, Refused> {
        let before = self.group(id)?;
        self.write_group(Some(before), before.clone(), said)
    }

    fn write_group(
        &self,
        before: Option<&Group>,
        mut group: Group,
        said: &NamedDescription,
    ) -> Result<Edit, Refused> {
        if let Some(name) = &said.name {
            let of_that_name = self.directory.group_named(self.center, name);
            expect_free(Thing::Group, name, of_that_name.is_some_and(|it| it.id != group.id))?;
            group.name.clone_from(name);
        }
        Ok(self.write(before, group, Record::Group))
    }

    /// Removes a group.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::InUse`].
    pub fn remove_group(&self, id: GroupId) -> Result<Edit, Refused> {
        self.group(id)?;
        let user = self.users().find(|user| user.groups.contains(&id));
        let queue = self.queues().find(|queue| groups_of(queue).any(|group| group == id));
        let workbin = self.workbins().find(|workbin| workbin.owner == WorkbinOwner::Group(id));
        let response = self.response_of_group(id);
        let by = user
            .map(|user| called(Thing::User, &user.user_name))
            .or_else(|| queue.map(|queue| called(Thing::Queue, &queue.name)))
            .or_else(|| response.map(|response| called(Thing::Response, &response.name)))
            .or_else(|| workbin.map(|workbin| called(Thing::Workbin, &workbin.name)));
        expect_unused(Thing::Group, by)?;
        Ok(self.remove(Key::Group(id)))
    }
}
