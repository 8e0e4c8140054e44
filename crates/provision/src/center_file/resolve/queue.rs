//! Queues: where work waits, and who is asked to take it.

use handoff_domain::center::Acknowledgement;
use handoff_domain::{Media, Queue, QueueId, Step};
use handoff_store::Record;

use super::resolver::{OVERALL, Resolver, not_empty, unknown};
use crate::center_file::error::CenterFileError;
use crate::center_file::form::{QueueForm, StepForm, Text};

/// The shortest offer, in ms (docs/compat/center.md#queues: `inviteTimeout` 1…86,400 s).
const INVITE_TIMEOUT_MIN_MS: u64 = 1_000;
/// The longest offer, in ms.
const INVITE_TIMEOUT_MAX_MS: u64 = 86_400_000;
/// The longest name of a channel, in characters.
const CHANNEL_LEN_MAX: usize = 64;

impl Resolver<'_> {
    pub(super) fn queues(&mut self, forms: &[QueueForm]) {
        let names = self.unique_names("queue", forms.iter().map(|form| &form.name));
        let mut made: Vec<Queue> = Vec::with_capacity(forms.len());
        for (form, name) in forms.iter().zip(names) {
            let mut of_center =
                self.directory.queues.values().filter(|queue| queue.center == self.center);
            let id = of_center.find(|queue| queue.name == name).map(|queue| queue.id);
            let queue = Queue {
                id: id.unwrap_or_else(|| QueueId(self.ids.uuid())),
                center: self.center,
                name,
                media: self.media(&form.channel),
                groups: self.group_set(&form.groups),
                skills: self.levels(&form.skills),
                priority: form.priority,
                invite_timeout_ms: self.checked(self.invite_timeout(form)),
                reoffer_after_ms: form
                    .reoffer_after
                    .map_or(Queue::DEFAULT_REOFFER_AFTER_MS, |span| span.ms()),
                steps: self.steps(&form.step),
                review: None,
                acknowledge: self.checked(self.acknowledgement(form)),
            };
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

    /// Returns the channel that a text names. It goes on with one that is wrong, so that nothing is
    /// said twice.
    fn media(&self, channel: &Text) -> Media {
        let name = channel.get_ref();
        let media = Media::from_name(name);
        let message = if name.trim().is_empty() {
            "expected a name, found an empty text".to_owned()
        } else if !is_channel_name(name) {
            format!(
                "the channel name {name:?} becomes a part of addresses: allowed are up to {CHANNEL_LEN_MAX} letters, digits, hyphens, \
                 underscores and dots, and not {OVERALL:?}"
            )
        } else if media.is_silent() {
            format!("nothing is routed to the channel {media}; a queue is for another one")
        } else {
            return media;
        };
        self.problems.borrow_mut().push(self.file.wrong_at(channel.span().start, message));
        media
    }

    /// Returns the queue where somebody looks at what goes out: one of e-mails, and another one.
    fn review(&self, queue: &Queue, name: &Text) -> Result<QueueId, CenterFileError> {
        let found =
            self.queues.get(name.get_ref()).ok_or_else(|| unknown(self.file, "queue", name))?;
        let are_emails = [&queue.media, &found.1].into_iter().all(|media| *media == Media::Email);
        if are_emails && found.0 != queue.id {
            return Ok(found.0);
        }
        let message = "review is for e-mail queues, and names another e-mail queue";
        Err(self.file.wrong_at(name.span().start, message))
    }

    fn acknowledgement(
        &self,
        form: &QueueForm,
    ) -> Result<Option<Acknowledgement>, CenterFileError> {
        let Some(written) = &form.acknowledge else { return Ok(None) };
        if form.channel.get_ref() != "email" {
            let message = "only e-mail queues acknowledge";
            return Err(self.file.wrong_at(written.subject.span().start, message));
        }
        if written.subject.get_ref().contains(char::is_control) {
            let message = "the subject of an acknowledgement is one line";
            return Err(self.file.wrong_at(written.subject.span().start, message));
        }
        Ok(Some(Acknowledgement {
            subject: not_empty(self.file, &written.subject)?,
            text: not_empty(self.file, &written.text)?,
        }))
    }

    fn invite_timeout(&self, form: &QueueForm) -> Result<u64, CenterFileError> {
        let Some(span) = &form.invite_timeout else { return Ok(Queue::DEFAULT_INVITE_TIMEOUT_MS) };
        let ms = span.get_ref().ms();
        if (INVITE_TIMEOUT_MIN_MS..=INVITE_TIMEOUT_MAX_MS).contains(&ms) {
            return Ok(ms);
        }
        let message = format!("inviteTimeout is {}, allowed is 1s to 24h", span.get_ref());
        Err(self.file.wrong_at(span.span().start, message))
    }

    fn steps(&self, forms: &[StepForm]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(forms.len());
        for form in forms {
            let after_ms = form.after.get_ref().ms();
            if steps.last().map_or(0, |before| before.after_ms) >= after_ms {
                let message =
                    "a step comes after more than 0s, and after more than the step before it";
                self.problems
                    .borrow_mut()
                    .push(self.file.wrong_at(form.after.span().start, message));
            }
            steps.push(Step {
                after_ms,
                groups: self.group_set(&form.groups),
                skills: self.levels(&form.skills),
            });
        }
        steps
    }
}

fn is_channel_name(name: &str) -> bool {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= CHANNEL_LEN_MAX
        && name != OVERALL
        && name.chars().all(may_stand)
        && !name.starts_with('.')
}
