//! Queues: where work waits, and who is asked to take it.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{GroupId, QueueId, SkillLevels};
use handoff_store::Record;

use super::{Edit, Editor, Refused, expect_free};
use crate::queue_description::{QueueDescription, QueueNames};
use crate::thing::Thing;

impl Editor<'_> {
    /// Changes a queue. Later offers are made by the new values.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Fixed`], [`Refused::Taken`], [`Refused::Unknown`].
    pub fn change_queue(
        &self,
        id: QueueId,
        said: &QueueDescription<String>,
    ) -> Result<Edit, Refused> {
        let before = self.queue(id)?;
        if said.media.as_ref().is_some_and(|media| *media != before.media) {
            return Err(Refused::Fixed { thing: Thing::Queue, property: "channel" });
        }
        if let Some(name) = &said.name {
            let of_that_name = self.directory.queue_named(self.center, name);
            expect_free(Thing::Queue, name, of_that_name.is_some_and(|it| it.id != id))?;
        }
        let mut queue = before.clone();
        said.apply(&mut queue, self)?;
        Ok(self.write(Some(before), queue, Record::Queue))
    }
}

impl QueueNames<String> for Editor<'_> {
    type Unknown = Refused;

    fn groups(&self, names: &[String]) -> Result<BTreeSet<GroupId>, Refused> {
        let id = |name: &String| {
            let group = self.directory.group_named(self.center, name);
            group.map(|group| group.id).ok_or_else(|| unknown(Thing::Group, name))
        };
        names.iter().map(id).collect()
    }

    fn levels(&self, levels: &BTreeMap<String, u32>) -> Result<SkillLevels, Refused> {
        let id = |(name, level): (&String, &u32)| {
            let skill = self.directory.skill_named(self.center, name);
            Ok((skill.ok_or_else(|| unknown(Thing::Skill, name))?.id, *level))
        };
        levels.iter().map(id).collect()
    }
}

fn unknown(thing: Thing, name: &str) -> Refused {
    Refused::Unknown { thing, name: name.to_owned() }
}
