//! Queues: where work waits, and who is asked to take it.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use handoff_domain::center::Acknowledgement;
use handoff_domain::{GroupId, Media, Queue, QueueId, SkillLevels};
use handoff_store::Record;

use super::resolver::{Resolver, unknown};
use super::service::{opening, place_in_hours};
use crate::center_file::error::CenterFileError;
use crate::center_file::form::{AcknowledgementForm, QueueForm, StepForm, Text};
use crate::edit::not_for;
use crate::queue_description::{
    Perhaps, QueueDescription, QueueField, QueueNames, StepDescription, answers_fault, review_fault,
};

/// What the file does not introduce is told where it is named.
impl QueueNames<Text> for Resolver<'_> {
    type Unknown = Infallible;

    fn groups(&self, names: &[Text]) -> Result<BTreeSet<GroupId>, Infallible> {
        Ok(self.group_set(names))
    }

    fn levels(&self, levels: &BTreeMap<Text, u32>) -> Result<SkillLevels, Infallible> {
        Ok(self.skill_levels(levels))
    }

    fn dispositions(&self, keys: &[Text], media: &Media) -> Result<BTreeSet<String>, Infallible> {
        for key in keys {
            let found = self.dispositions.iter().find(|one| one.key == *key.get_ref());
            match found.map(|one| not_for(one, media)) {
                None => self.problems.borrow_mut().push(unknown(self.file, "disposition", key)),
                Some(Some(fault)) => self.wrong(key.span().start, fault),
                Some(None) => {}
            }
        }
        Ok(keys.iter().map(|key| key.get_ref().clone()).collect())
    }
}

impl Resolver<'_> {
    pub(super) fn queues(&mut self, forms: &[QueueForm]) {
        let names = self.unique_names("queue", forms.iter().map(|form| &form.name));
        let mut made: Vec<Queue> = Vec::with_capacity(forms.len());
        for (form, name) in forms.iter().zip(names) {
            let queue = self.queue(form, name);
            self.channels.insert(queue.id, form.channel.span().start);
            self.queues.insert(queue.name.clone(), (queue.id, queue.media.clone()));
            made.push(queue);
        }
        // Queues may be named before they stand in the file.
        for (queue, form) in made.iter_mut().zip(forms) {
            queue.review =
                self.checked(form.review.as_ref().map(|name| self.review(queue, name)).transpose());
        }
        self.records.extend(made.into_iter().map(Record::Queue));
    }

    /// Makes a queue of what the file says. It goes on with what is wrong, so that nothing is said
    /// twice.
    fn queue(&self, form: &QueueForm, name: String) -> Queue {
        let id = self.directory.queue_named(self.center, &name).map(|queue| queue.id);
        let id = id.unwrap_or_else(|| QueueId(self.ids.uuid()));
        let mut queue = Queue::new(id, self.center);
        let described = description(form, name);
        for fault in described.faults() {
            self.wrong(place_of(form, fault.field), fault.message);
        }
        let Ok(()) = described.apply(&mut queue, self);
        if let Some(closed) = form.closed.as_ref().filter(|_| queue.hours.is_none())
            && let Some(fault) = answers_fault(&queue)
        {
            self.wrong(closed.subject.span().start, fault);
        }
        queue
    }

    /// Returns the queue where somebody looks at what goes out.
    fn review(&self, queue: &Queue, name: &Text) -> Result<QueueId, CenterFileError> {
        let found =
            self.queues.get(name.get_ref()).ok_or_else(|| unknown(self.file, "queue", name))?;
        match review_fault(queue, (found.0, &found.1)) {
            None => Ok(found.0),
            Some(fault) => Err(self.file.wrong_at(name.span().start, fault)),
        }
    }
}

fn description(form: &QueueForm, name: String) -> QueueDescription<Text> {
    let step = |step: &StepForm| StepDescription {
        after_ms: step.after.get_ref().ms(),
        groups: step.groups.clone(),
        skills: step.skills.clone(),
    };
    let acknowledgement = |form: &AcknowledgementForm| Acknowledgement {
        subject: form.subject.get_ref().clone(),
        text: form.text.get_ref().clone(),
    };
    QueueDescription {
        // That it is empty was told.
        name: Some(name).filter(|name| !name.is_empty()),
        media: Some(Media::from_name(form.channel.get_ref())),
        groups: Some(form.groups.clone()),
        skills: Some(form.skills.clone()),
        priority: Some(form.priority),
        invite_timeout_ms: form.invite_timeout.as_ref().map(|span| span.get_ref().ms()),
        reoffer_after_ms: form.reoffer_after.as_ref().map(|span| span.get_ref().ms()),
        steps: Some(form.step.iter().map(step).collect()),
        acknowledge: form.acknowledge.as_ref().map(acknowledgement).map(Perhaps::With),
        hours: form.hours.as_ref().map(|hours| Perhaps::With(opening(hours.get_ref()))),
        closed: form.closed.as_ref().map(acknowledgement).map(Perhaps::With),
        answer_target_ms: form.answer_target.as_ref().map(|span| span.get_ref().ms()),
        dispositions: Some(form.dispositions.clone()),
        disposition_required: Some(form.disposition_required),
        review: form.review.clone().map(Perhaps::With),
    }
}

/// Returns where the file says something of a queue.
fn place_of(form: &QueueForm, field: QueueField) -> usize {
    let acknowledge = form.acknowledge.as_ref();
    let place = match field {
        QueueField::Name => None,
        QueueField::Channel => Some(form.channel.span()),
        QueueField::InviteTimeout => form.invite_timeout.as_ref().map(|span| span.span()),
        QueueField::ReofferAfter => form.reoffer_after.as_ref().map(|span| span.span()),
        QueueField::Step(place) | QueueField::Steps(place) => {
            form.step.get(place).map(|step| step.after.span())
        }
        QueueField::AcknowledgementSubject => acknowledge.map(|form| form.subject.span()),
        QueueField::AnswerTarget => form.answer_target.as_ref().map(|span| span.span()),
        QueueField::AcknowledgementText => acknowledge.map(|form| form.text.span()),
        QueueField::ClosedSubject => form.closed.as_ref().map(|form| form.subject.span()),
        QueueField::ClosedText => form.closed.as_ref().map(|form| form.text.span()),
        QueueField::Hours(option, item) => {
            form.hours.as_ref().map(|hours| place_in_hours(hours, option, item))
        }
    };
    place.unwrap_or_else(|| form.name.span()).start
}
