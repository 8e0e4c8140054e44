//! Queues: where work waits, and who is asked to take it.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{GroupId, Media, Queue, QueueId, SkillLevels, User};
use handoff_store::Record;

use super::{Edit, Editor, Refused, called, expect_free, expect_unused};
use crate::center_file::Removing;
use crate::queue_description::{
    Perhaps, QueueDescription, QueueNames, answers_fault, review_fault,
};
use crate::thing::Thing;

impl Editor<'_> {
    /// Makes a queue.
    ///
    /// # Errors
    ///
    /// [`Refused::Taken`], [`Refused::Unknown`], [`Refused::Unfit`].
    pub fn add_queue(&self, id: QueueId, said: &QueueDescription<String>) -> Result<Edit, Refused> {
        self.write_queue(None, Queue::new(id, self.center), said)
    }

    /// Changes a queue. Later offers are made by the new values.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::Fixed`], [`Refused::Taken`], [`Refused::Unknown`],
    /// [`Refused::Unfit`].
    pub fn change_queue(
        &self,
        id: QueueId,
        said: &QueueDescription<String>,
    ) -> Result<Edit, Refused> {
        let before = self.queue(id)?;
        if said.media.as_ref().is_some_and(|media| *media != before.media) {
            return Err(Refused::Fixed { thing: Thing::Queue, property: "channel" });
        }
        self.write_queue(Some(before), before.clone(), said)
    }

    fn write_queue(
        &self,
        before: Option<&Queue>,
        mut queue: Queue,
        said: &QueueDescription<String>,
    ) -> Result<Edit, Refused> {
        if let Some(name) = &said.name {
            let of_that_name = self.directory.queue_named(self.center, name);
            expect_free(Thing::Queue, name, of_that_name.is_some_and(|it| it.id != queue.id))?;
        }
        said.apply(&mut queue, self)?;
        if let Some(fault) = answers_fault(&queue) {
            return Err(unfit(fault));
        }
        match &said.review {
            None => {}
            Some(Perhaps::Without) => queue.review = None,
            Some(Perhaps::With(name)) => queue.review = Some(self.review(&queue, name)?),
        }
        Ok(self.write(before, queue, Record::Queue))
    }

    /// Returns the queue where somebody looks at what goes out.
    fn review(&self, queue: &Queue, name: &str) -> Result<QueueId, Refused> {
        let review = self.queue_named(name)?;
        match review_fault(queue, (review.id, &review.media)) {
            None => Ok(review.id),
            Some(fault) => Err(unfit(fault)),
        }
    }

    pub(super) fn queue_named(&self, name: &str) -> Result<&Queue, Refused> {
        let queue = self.directory.queue_named(self.center, name);
        let unknown = || Refused::Unknown { thing: Thing::Queue, name: name.to_owned() };
        queue.map(|queue| &**queue).ok_or_else(unknown)
    }

    /// Removes a queue.
    ///
    /// # Errors
    ///
    /// [`Refused::Absent`], [`Refused::InUse`].
    pub fn remove_queue(&self, id: QueueId) -> Result<Removing, Refused> {
        let queue = self.queue(id)?;
        expect_unused(Thing::Queue, self.refers_to_queue(id))?;
        Ok(self.clear_away(Record::Queue(queue.clone())))
    }

    /// Finds a user whose capacity is for the channel of a queue that is the only one of it. There
    /// is no such channel without the queue, and nobody could send their capacity back.
    fn counts_on_channel(&self, id: QueueId) -> Option<&User> {
        let media = &self.queue(id).ok()?.media;
        let is_alone = matches!(media, Media::Open(_))
            && !self.queues().any(|queue| queue.id != id && queue.media == *media);
        let mut users = self.users().filter(|_| is_alone);
        users.find(|user| user.capacity.by_media.contains_key(media))
    }

    fn refers_to_queue(&self, id: QueueId) -> Option<String> {
        let mailboxes = self.directory.mailboxes.values().filter(|it| it.center == self.center);
        let outbound = self.directory.centers.get(&self.center)?.workspace.outbound_queue;
        let service = self.services().find(|service| service.queue == id);
        let mailbox = mailboxes.into_iter().find(|mailbox| mailbox.queue == id);
        let reviewed = self.queues().find(|queue| queue.review == Some(id));
        let user = self.counts_on_channel(id);
        let webhook = self.webhook_of_queue(id);
        service
            .map(|service| called(Thing::Service, &service.name))
            .or_else(|| mailbox.map(|mailbox| format!("the mailbox {:?}", mailbox.address)))
            .or_else(|| reviewed.map(|queue| called(Thing::Queue, &queue.name)))
            .or_else(|| (outbound == Some(id)).then(|| "the setting outboundQueue".to_owned()))
            .or_else(|| user.map(|user| format!("the capacity of the user {:?}", user.user_name)))
            .or_else(|| webhook.map(|webhook| called(Thing::Webhook, &webhook.name)))
    }
}

fn unfit(fault: &str) -> Refused {
    Refused::Unfit { thing: Thing::Queue, fault: fault.to_owned() }
}

impl QueueNames<String> for Editor<'_> {
    type Unknown = Refused;

    fn groups(&self, names: &[String]) -> Result<BTreeSet<GroupId>, Refused> {
        names.iter().map(|name| self.group_named(name)).collect()
    }

    fn levels(&self, levels: &BTreeMap<String, u32>) -> Result<SkillLevels, Refused> {
        let id = |(name, level): (&String, &u32)| Ok((self.skill_named(name)?, *level));
        levels.iter().map(id).collect()
    }

    fn dispositions(&self, keys: &[String], media: &Media) -> Result<BTreeSet<String>, Refused> {
        self.offered(keys, media)
    }
}
