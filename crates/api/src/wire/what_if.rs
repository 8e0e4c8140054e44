//! What was and what would have been, side by side.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::{QueueId, Time, UserId};
use handoff_engine::{AgentFigures, Difference, Directory, Figures, Played, QueueFigures, WhatIf};
use serde::Serialize;

use super::date;
use super::resource::Lookup;

/// Most differences of one answer: the figures have all of them.
const DIFFERENCES_MAX: usize = 100;

/// The answer of `POST /system/routing/what-if`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WhatIfResource {
    status_code: u8,
    from: String,
    to: String,
    /// How many waits there were.
    waits: usize,
    /// How many of them come to what was when they are routed by the rules of now: how far the rest
    /// is to be believed.
    recognized: usize,
    /// Interactions whose records are gone.
    left_out: usize,
    queues: Vec<QueuePart>,
    agents: Vec<AgentPart>,
    /// How many waits would have come to something else.
    different: usize,
    differences: Vec<DifferencePart>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueuePart {
    id: String,
    name: Option<String>,
    was: QueueNumbers,
    would_be: QueueNumbers,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueNumbers {
    waited: u64,
    offered: u64,
    passed: u64,
    accepted: u64,
    left: u64,
    waiting: u64,
    /// How long what was accepted had waited; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_seconds: Option<WaitSeconds>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WaitSeconds {
    median: f64,
    p90: f64,
    longest: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentPart {
    id: String,
    user_name: Option<String>,
    was: AgentNumbers,
    would_be: AgentNumbers,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentNumbers {
    offered: u64,
    accepted: u64,
    work_seconds: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DifferencePart {
    interaction_id: Option<String>,
    was: Option<WaitPart>,
    would_be: Option<WaitPart>,
}

/// What became of one wait.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WaitPart {
    queue: Option<String>,
    entered: String,
    /// Who was offered it, in order.
    offers: Vec<Option<String>>,
    /// `Accepted`, `Left` or `Waiting`.
    end: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wait_seconds: Option<f64>,
}

impl WhatIfResource {
    #[must_use]
    pub fn new(answer: &WhatIf, (from, to): (Time, Time), lookup: Lookup<'_>) -> Self {
        let directory = lookup.directory;
        let WhatIf { was, would_be, differences, recognized, waits, left_out } = answer;
        let shown = differences.iter().take(DIFFERENCES_MAX);
        Self {
            status_code: 0,
            from: date::print(from),
            to: date::print(to),
            waits: *waits,
            recognized: *recognized,
            left_out: *left_out,
            queues: queues(was, would_be, directory),
            agents: agents(was, would_be, directory),
            different: differences.len(),
            differences: shown.map(|it| DifferencePart::new(it, directory)).collect(),
        }
    }
}

fn queues(was: &Figures, would_be: &Figures, directory: &Directory) -> Vec<QueuePart> {
    let part = |(id, was, would_be): (QueueId, _, _)| QueuePart {
        id: id.to_string(),
        name: queue_name(directory, id),
        was: QueueNumbers::new(was),
        would_be: QueueNumbers::new(would_be),
    };
    beside(&was.queues, &would_be.queues).into_iter().map(part).collect()
}

fn agents(was: &Figures, would_be: &Figures, directory: &Directory) -> Vec<AgentPart> {
    let part = |(id, was, would_be): (UserId, _, _)| AgentPart {
        id: id.to_string(),
        user_name: user_name(directory, id),
        was: AgentNumbers::new(was),
        would_be: AgentNumbers::new(would_be),
    };
    beside(&was.agents, &would_be.agents).into_iter().map(part).collect()
}

/// Puts the two figures of each key side by side.
fn beside<K: Ord + Copy, F: Default + Clone>(
    was: &BTreeMap<K, F>,
    would_be: &BTreeMap<K, F>,
) -> Vec<(K, F, F)> {
    let keys: BTreeSet<K> = was.keys().chain(would_be.keys()).copied().collect();
    let of = |figures: &BTreeMap<K, F>, key| figures.get(&key).cloned().unwrap_or_default();
    keys.into_iter().map(|key| (key, of(was, key), of(would_be, key))).collect()
}

impl QueueNumbers {
    fn new(figures: QueueFigures) -> Self {
        let QueueFigures { waited, offered, passed, accepted, left, waiting, wait_ms } = figures;
        let wait_seconds = wait_ms.map(|wait_ms| {
            let [median, p90, longest] = wait_ms.map(seconds);
            WaitSeconds { median, p90, longest }
        });
        Self { waited, offered, passed, accepted, left, waiting, wait_seconds }
    }
}

impl AgentNumbers {
    fn new(AgentFigures { offered, accepted, work_ms }: AgentFigures) -> Self {
        Self { offered, accepted, work_seconds: seconds(work_ms) }
    }
}

impl DifferencePart {
    fn new(difference: &Difference, directory: &Directory) -> Self {
        let part = |played: &Option<Played>| played.as_ref().map(|it| WaitPart::new(it, directory));
        Self {
            interaction_id: difference.interaction().map(|id| id.to_string()),
            was: part(&difference.was),
            would_be: part(&difference.would_be),
        }
    }
}

impl WaitPart {
    fn new(played: &Played, directory: &Directory) -> Self {
        let taken = played.taken();
        Self {
            queue: queue_name(directory, played.queue),
            entered: date::print(played.entered),
            offers: played.offers.iter().map(|(user, _)| user_name(directory, *user)).collect(),
            end: match taken {
                Some(_) => "Accepted",
                None if played.has_left() => "Left",
                None => "Waiting",
            },
            by: taken.and_then(|(user, _)| user_name(directory, user)),
            wait_seconds: taken.map(|(_, after_ms)| seconds(after_ms)),
        }
    }
}

fn queue_name(directory: &Directory, id: QueueId) -> Option<String> {
    directory.queues.get(&id).map(|queue| queue.name.clone())
}

fn user_name(directory: &Directory, id: UserId) -> Option<String> {
    directory.users.get(&id).map(|user| user.user_name.clone())
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}
