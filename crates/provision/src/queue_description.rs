//! What a queue may be, by whichever door it comes: as a table of a center file, or as the fields
//! of a request. Each door says in its own words where something is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use handoff_domain::center::Acknowledgement;
use handoff_domain::{GroupId, Media, Queue, QueueId, SkillLevels, Step};

use crate::name::name_fault;
use crate::opening_hours::{HoursDescription, HoursFault};
use crate::thing::Thing;
use crate::time_span::TimeSpan;

/// How long an offer may stand, in ms: the reference server's range of `delivering-timeout`
/// (docs/compat/center.md#queues).
const INVITE_TIMEOUT_MS: RangeInclusive<u64> = 1_000..=DAY_MS;
/// How long until the same agent is asked again, in ms: as long as an offer at most.
const REOFFER_AFTER_MS: RangeInclusive<u64> = 0..=DAY_MS;
/// How soon an answer may be promised, in ms; 0 promises nothing.
const ANSWER_TARGET_MS: RangeInclusive<u64> = 0..=30 * DAY_MS;
const DAY_MS: u64 = 86_400_000;
/// Most widening steps of one queue. Each is tried for every agent while routing, and nobody needs
/// as many.
const STEPS_MAX: usize = 100;
/// The longest name of a channel, in characters.
pub(crate) const CHANNEL_LEN_MAX: usize = 64;
/// What is said of an acknowledgement of anything but e-mails.
const ONLY_LETTERS: &str = "only e-mail queues acknowledge";
/// The key of an agent's capacity that bounds all channels together, and so no channel's name.
pub(crate) const OVERALL: &str = "overall";

/// What is said of a queue, as far as it is said. Groups and skills stand there by their names.
#[derive(Debug)]
pub struct QueueDescription<N> {
    pub name: Option<String>,
    pub media: Option<Media>,
    pub groups: Option<Vec<N>>,
    pub skills: Option<BTreeMap<N, u32>>,
    pub priority: Option<i64>,
    pub invite_timeout_ms: Option<u64>,
    pub reoffer_after_ms: Option<u64>,
    /// In order of their time.
    pub steps: Option<Vec<StepDescription<N>>>,
    pub acknowledge: Option<Perhaps<Acknowledgement>>,
    pub hours: Option<Perhaps<HoursDescription>>,
    pub closed: Option<Perhaps<Acknowledgement>>,
    /// How soon an answer is promised; 0 promises nothing.
    pub answer_target_ms: Option<u64>,
    /// What its work can end with, by their keys.
    pub dispositions: Option<Vec<N>>,
    pub disposition_required: Option<bool>,
    /// The queue in which what goes out by this one is looked at first. It is looked up once every
    /// queue is there that may be named.
    pub review: Option<Perhaps<N>>,
}

/// What is said of something that a thing may be without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Perhaps<T> {
    Without,
    With(T),
}

impl<T: Clone> Perhaps<T> {
    /// Changes a value as far as anything is said.
    pub(crate) fn set(said: &Option<Self>, value: &mut Option<T>) {
        match said {
            None => {}
            Some(Self::Without) => *value = None,
            Some(Self::With(other)) => *value = Some(other.clone()),
        }
    }
}

impl Perhaps<String> {
    /// Reads a text that is empty where there is none.
    #[must_use]
    pub fn unless_empty(text: String) -> Self {
        if text.is_empty() { Self::Without } else { Self::With(text) }
    }
}

/// What is said of a widening step.
#[derive(Debug)]
pub struct StepDescription<N> {
    pub after_ms: u64,
    pub groups: Vec<N>,
    pub skills: BTreeMap<N, u32>,
}

/// A field of a queue that has a value that is not allowed.
#[derive(Debug, PartialEq, Eq)]
pub struct QueueFault {
    pub field: QueueField,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// Where something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueField {
    Name,
    Channel,
    InviteTimeout,
    ReofferAfter,
    /// One step, by its place.
    Step(usize),
    /// How many steps there are; the first that is too many, by its place.
    Steps(usize),
    AcknowledgementSubject,
    AcknowledgementText,
    /// An option of its hours, and which one of a list, by its place.
    Hours(&'static str, Option<usize>),
    ClosedSubject,
    ClosedText,
    AnswerTarget,
}

/// Looks up what a queue names.
pub trait QueueNames<N> {
    /// A name that is not known.
    type Unknown;

    /// Looks groups up.
    ///
    /// # Errors
    ///
    /// When one is not known.
    fn groups(&self, names: &[N]) -> Result<BTreeSet<GroupId>, Self::Unknown>;

    /// Looks skills up.
    ///
    /// # Errors
    ///
    /// When one is not known.
    fn levels(&self, levels: &BTreeMap<N, u32>) -> Result<SkillLevels, Self::Unknown>;

    /// Looks up dispositions of a medium by their keys.
    ///
    /// # Errors
    ///
    /// When one is not known, or is for other media.
    fn dispositions(&self, keys: &[N], media: &Media) -> Result<BTreeSet<String>, Self::Unknown>;
}

impl<N> QueueDescription<N> {
    /// Returns what cannot be so, as far as that needs no other record.
    #[must_use]
    pub fn faults(&self) -> Vec<QueueFault> {
        let mut faults = Vec::new();
        let name = self.name.as_deref().and_then(|name| name_fault(Thing::Queue, name));
        faults.extend(name.map(|message| QueueField::Name.fault(message)));
        faults.extend(self.media.as_ref().and_then(channel_fault));
        let times = [
            (QueueField::InviteTimeout, "inviteTimeout", self.invite_timeout_ms, INVITE_TIMEOUT_MS),
            (QueueField::ReofferAfter, "reofferAfter", self.reoffer_after_ms, REOFFER_AFTER_MS),
            (QueueField::AnswerTarget, "answerTarget", self.answer_target_ms, ANSWER_TARGET_MS),
        ];
        faults.extend(times.into_iter().filter_map(|(field, name, ms, allowed)| {
            let ms = ms.filter(|ms| !allowed.contains(ms))?;
            let [given, least, most] =
                [ms, *allowed.start(), *allowed.end()].map(TimeSpan::from_ms);
            Some(field.fault(format!("{name} is {given}, allowed is {least} to {most}")))
        }));
        faults.extend(step_faults(self.steps.as_deref().unwrap_or_default()));
        let (subject, text) = (QueueField::AcknowledgementSubject, QueueField::AcknowledgementText);
        faults.extend(self.answer_fault(self.acknowledge.as_ref(), subject, text));
        let (subject, text) = (QueueField::ClosedSubject, QueueField::ClosedText);
        faults.extend(self.answer_fault(self.closed.as_ref(), subject, text));
        if let Some(Perhaps::With(hours)) = &self.hours {
            faults.extend(hours.faults().into_iter().map(
                |HoursFault { option, item, message }| {
                    QueueField::Hours(option, item).fault(message)
                },
            ));
        }
        faults
    }

    /// Says what is wrong with what the server writes to whoever sends an e-mail.
    fn answer_fault(
        &self,
        answer: Option<&Perhaps<Acknowledgement>>,
        of_subject: QueueField,
        of_text: QueueField,
    ) -> Option<QueueFault> {
        let Some(Perhaps::With(Acknowledgement { subject, text })) = answer else {
            return None;
        };
        let blank = |text: &str| text.trim().is_empty();
        let (field, message) = if self.media.as_ref().is_some_and(|media| *media != Media::Email) {
            (of_subject, ONLY_LETTERS)
        } else if subject.contains(char::is_control) {
            (of_subject, "the subject of an acknowledgement is one line")
        } else if blank(subject) {
            (of_subject, "expected a subject, found an empty text")
        } else if blank(text) {
            (of_text, "expected a text, found an empty one")
        } else {
            return None;
        };
        Some(field.fault(message))
    }

    /// Changes a queue as far as anything is said. What has a fault must not get here.
    ///
    /// # Errors
    ///
    /// When a name is not known; the queue is then changed in parts.
    pub fn apply<L: QueueNames<N>>(&self, queue: &mut Queue, names: &L) -> Result<(), L::Unknown> {
        if let Some(groups) = &self.groups {
            queue.groups = names.groups(groups)?;
        }
        if let Some(levels) = &self.skills {
            queue.skills = names.levels(levels)?;
        }
        if let Some(steps) = &self.steps {
            let step = |step: &StepDescription<N>| {
                let (groups, skills) = (names.groups(&step.groups)?, names.levels(&step.skills)?);
                Ok(Step { after_ms: step.after_ms, groups, skills })
            };
            queue.steps = steps.iter().map(step).collect::<Result<_, _>>()?;
        }
        if let Some(name) = &self.name {
            queue.name.clone_from(name);
        }
        if let Some(media) = &self.media {
            queue.media.clone_from(media);
        }
        if let Some(keys) = &self.dispositions {
            queue.dispositions = names.dispositions(keys, &queue.media)?;
        }
        queue.disposition_required =
            self.disposition_required.unwrap_or(queue.disposition_required);
        Perhaps::set(&self.acknowledge, &mut queue.acknowledge);
        Perhaps::set(&self.closed, &mut queue.closed);
        match &self.hours {
            None => {}
            Some(Perhaps::Without) => queue.hours = None,
            Some(Perhaps::With(hours)) => {
                queue.hours = Some(Box::new(hours.in_place_of(queue.hours.as_deref())));
            }
        }
        if let Some(target_ms) = self.answer_target_ms {
            queue.answer_target_ms = Some(target_ms).filter(|ms| *ms > 0);
        }
        queue.priority = self.priority.unwrap_or(queue.priority);
        queue.invite_timeout_ms = self.invite_timeout_ms.unwrap_or(queue.invite_timeout_ms);
        queue.reoffer_after_ms = self.reoffer_after_ms.unwrap_or(queue.reoffer_after_ms);
        Ok(())
    }
}

/// Says what is wrong with the letters that a queue answers by itself; `None` when nothing is.
pub(crate) fn answers_fault(queue: &Queue) -> Option<&'static str> {
    let answers = queue.acknowledge.is_some() || queue.closed.is_some();
    if answers && queue.media != Media::Email {
        Some(ONLY_LETTERS)
    } else if queue.closed.is_some() && queue.hours.is_none() {
        Some("closed is what is answered outside the hours of a queue, and this one has none")
    } else {
        None
    }
}

/// Says what is wrong with looking at what goes out by a queue in another one; `None` when nothing
/// is.
pub(crate) fn review_fault(queue: &Queue, (id, media): (QueueId, &Media)) -> Option<&'static str> {
    let are_emails = [&queue.media, media].into_iter().all(|media| *media == Media::Email);
    let is_right = are_emails && id != queue.id;
    (!is_right).then_some("review is for e-mail queues, and names another e-mail queue")
}

impl QueueField {
    fn fault(self, message: impl Into<String>) -> QueueFault {
        QueueFault { field: self, message: message.into() }
    }
}

fn channel_fault(media: &Media) -> Option<QueueFault> {
    let name = media.name();
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
        return None;
    };
    Some(QueueField::Channel.fault(message))
}

pub(crate) fn is_channel_name(name: &str) -> bool {
    let may_stand = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= CHANNEL_LEN_MAX
        && name != OVERALL
        && name.chars().all(may_stand)
        && !name.starts_with('.')
}

fn step_faults<N>(steps: &[StepDescription<N>]) -> Vec<QueueFault> {
    if steps.len() > STEPS_MAX {
        let message = format!("a queue has {STEPS_MAX} steps at most");
        return vec![QueueField::Steps(STEPS_MAX).fault(message)];
    }
    let mut before_ms = 0;
    let fault_of = |(place, step): (usize, &StepDescription<N>)| {
        let is_later = step.after_ms > before_ms;
        before_ms = step.after_ms;
        let message = if !is_later {
            "a step comes after more than 0s, and after more than the step before it"
        } else if step.after_ms > DAY_MS {
            "a step comes after 24h at most"
        } else {
            return None;
        };
        Some(QueueField::Step(place).fault(message))
    };
    steps.iter().enumerate().filter_map(fault_of).collect()
}
