//! What a contact center consists of beside its users: skills, groups, queues and workbins.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::center::Acknowledgement;
use handoff_domain::{Group, GroupId, Queue, Skill, SkillLevels, Workbin, WorkbinOwner};
use serde::Serialize;
use serde_json::Number;

use super::hours::HoursResource;
use super::{Link, Lookup};

/// A skill, on a list or of a user (docs/compat/center.md#resources).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkillResource {
    pub id: String,
    pub name: String,
    /// The user's level, as text; `"0"` where no user is meant (docs/compat/center.md#resources).
    pub level: String,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

impl SkillResource {
    /// Shows a skill at a level.
    #[must_use]
    pub fn new(skill: &Skill, level: u32, lookup: Lookup<'_>) -> Self {
        Self {
            id: skill.id.to_string(),
            name: skill.name.clone(),
            level: level.to_string(),
            link: lookup.url.skill(skill.id),
        }
    }
}

/// A group (docs/compat/center.md#resources).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GroupResource {
    pub id: String,
    pub name: String,
    /// Always `AgentGroup`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

impl GroupResource {
    /// Shows a group.
    #[must_use]
    pub fn new(group: &Group, lookup: Lookup<'_>) -> Self {
        Self {
            id: group.id.to_string(),
            name: group.name.clone(),
            kind: AGENT_GROUP,
            link: lookup.url.group(group.id),
        }
    }
}

/// A queue, with the same fields as it is created from (docs/compat/center.md#queues). Groups and
/// skills are told by name, times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueResource {
    pub id: String,
    pub name: String,
    /// The medium of what waits in it.
    pub channel: String,
    /// The groups that serve it.
    pub groups: Vec<String>,
    /// The least levels an agent needs.
    pub skills: BTreeMap<String, u32>,
    /// Priority of what is submitted without one of its own.
    pub priority: i64,
    /// How long an offer stands, in s.
    pub invite_timeout: Number,
    /// How long an agent who passed an offer by is left alone, in s.
    pub reoffer_after: Number,
    /// How soon a customer is to have an answer, in s; `null` while nothing is promised.
    pub answer_target: Option<Number>,
    /// Widenings of the search.
    pub steps: Vec<StepResource>,
    /// The keys of what its work can end with; none is all that there are for the channel.
    pub dispositions: Vec<String>,
    /// Whether it is asked for before Complete.
    pub disposition_required: bool,
    /// The queue where a supervisor looks at what goes out by it, by name; ours, absent without
    /// one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_queue: Option<String>,
    /// What the server writes to whoever sends an e-mail; ours, absent without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledge: Option<AcknowledgementResource>,
    /// When somebody is there; ours, absent where that is always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<HoursResource>,
    /// What the server writes in place of `acknowledge` outside the hours; ours, absent without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<AcknowledgementResource>,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

/// What the server writes to whoever sends an e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AcknowledgementResource {
    pub subject: String,
    pub text: String,
}

impl From<&Acknowledgement> for AcknowledgementResource {
    fn from(it: &Acknowledgement) -> Self {
        Self { subject: it.subject.clone(), text: it.text.clone() }
    }
}

/// One widening of a queue's search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepResource {
    /// After how long a wait, in s.
    pub after: Number,
    /// The groups asked from then on.
    pub groups: Vec<String>,
    /// The skills asked for from then on.
    pub skills: BTreeMap<String, u32>,
}

impl QueueResource {
    /// Shows a queue.
    #[must_use]
    pub fn new(queue: &Queue, lookup: Lookup<'_>) -> Self {
        let steps = queue.steps.iter().map(|step| StepResource {
            after: seconds(step.after_ms),
            groups: group_names(&step.groups, lookup),
            skills: skill_names(&step.skills, lookup),
        });
        Self {
            id: queue.id.to_string(),
            name: queue.name.clone(),
            channel: queue.media.name().to_owned(),
            groups: group_names(&queue.groups, lookup),
            skills: skill_names(&queue.skills, lookup),
            priority: queue.priority,
            invite_timeout: seconds(queue.invite_timeout_ms),
            reoffer_after: seconds(queue.reoffer_after_ms),
            answer_target: queue.answer_target_ms.map(seconds),
            steps: steps.collect(),
            dispositions: queue.dispositions.iter().cloned().collect(),
            disposition_required: queue.disposition_required,
            review_queue: queue
                .review
                .and_then(|review| lookup.directory.queues.get(&review))
                .map(|review| review.name.clone()),
            acknowledge: queue.acknowledge.as_ref().map(Into::into),
            hours: queue.hours.as_deref().map(Into::into),
            closed: queue.closed.as_ref().map(Into::into),
            link: lookup.url.queue(queue.id),
        }
    }
}

/// A workbin (docs/compat/media.md#workbins).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkbinResource {
    pub id: String,
    pub name: String,
    /// Its name once more: the pages' sample has both spellings.
    pub workbin_name: String,
    /// The name to show.
    pub display_name: String,
    /// Whose kind of workbin it is: `Agent` or `AgentGroup`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The group's name, for a group's workbin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

impl WorkbinResource {
    /// Shows a workbin.
    #[must_use]
    pub fn new(workbin: &Workbin, lookup: Lookup<'_>) -> Self {
        Self {
            id: workbin.id.to_string(),
            name: workbin.name.clone(),
            workbin_name: workbin.name.clone(),
            display_name: workbin.name.clone(),
            kind: match workbin.owner {
                WorkbinOwner::EachAgent | WorkbinOwner::Agent(_) => "Agent",
                WorkbinOwner::Group(_) => AGENT_GROUP,
            },
            group: owning_group(workbin, lookup),
            link: lookup.url.workbin(workbin.id),
        }
    }
}

const AGENT_GROUP: &str = "AgentGroup";

/// Returns the name of the group that shares a workbin.
pub(in crate::wire) fn owning_group(workbin: &Workbin, lookup: Lookup<'_>) -> Option<String> {
    match workbin.owner {
        WorkbinOwner::Group(group) => Some(lookup.directory.groups.get(&group)?.name.clone()),
        WorkbinOwner::EachAgent | WorkbinOwner::Agent(_) => None,
    }
}

fn group_names(groups: &BTreeSet<GroupId>, lookup: Lookup<'_>) -> Vec<String> {
    groups
        .iter()
        .filter_map(|id| lookup.directory.groups.get(id))
        .map(|group| group.name.clone())
        .collect()
}

fn skill_names(skills: &SkillLevels, lookup: Lookup<'_>) -> BTreeMap<String, u32> {
    let named =
        |(id, level): (&_, &u32)| Some((lookup.directory.skills.get(id)?.name.clone(), *level));
    skills.iter().filter_map(named).collect()
}

/// Returns ms as s: whole seconds as an integer, which is what clients send, and anything else
/// exactly.
pub(crate) fn seconds(ms: u64) -> Number {
    if ms.is_multiple_of(1_000) {
        return Number::from(ms / 1_000);
    }
    // Below 2^53 ms (285,000 years) nothing is rounded, and a division of finite numbers is finite.
    Number::from_f64(ms as f64 / 1_000.0).unwrap_or_else(|| Number::from(ms / 1_000))
}
