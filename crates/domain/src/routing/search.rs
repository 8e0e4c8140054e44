//! Whom a queue asks at a time: its own groups and skills, or those of the last widening step that
//! has begun.

use alloc::collections::BTreeSet;

use crate::center::{Queue, SkillLevels};
use crate::id::GroupId;
use crate::interaction::Wait;
use crate::time::Time;

/// Whom a queue asks for one wait at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Search<'a> {
    /// The step by its index in [`Queue::steps`]; `None` before the first.
    pub step: Option<usize>,
    /// The groups asked; empty means everybody who has the skills.
    pub groups: &'a BTreeSet<GroupId>,
    /// The least levels asked for.
    pub skills: &'a SkillLevels,
}

impl<'a> Search<'a> {
    /// Returns the search of one step.
    #[must_use]
    pub fn of(queue: &'a Queue, step: Option<usize>) -> Self {
        match step.and_then(|step| queue.steps.get(step)) {
            Some(widened) => Self { step, groups: &widened.groups, skills: &widened.skills },
            None => Self { step: None, groups: &queue.groups, skills: &queue.skills },
        }
    }

    /// Tells whether it asks nobody: neither groups nor skills
    /// (docs/compat/interactions.md#routing).
    #[must_use]
    pub fn asks_nobody(&self) -> bool {
        self.groups.is_empty() && self.skills.is_empty()
    }
}

/// Returns whom the queue asks at `now` for what waits in it.
#[must_use]
pub fn search<'a>(queue: &'a Queue, wait: &Wait, now: Time) -> Search<'a> {
    let begun = queue.steps.iter().rposition(|step| wait.since.plus_ms(step.after_ms) <= now);
    Search::of(queue, begun.max(taken_early(queue, wait)))
}

/// Returns the last step that was taken before its time.
fn taken_early(queue: &Queue, wait: &Wait) -> Option<usize> {
    let widened = usize::try_from(wait.widened).unwrap_or(usize::MAX);
    widened.min(queue.steps.len()).checked_sub(1)
}

/// Returns the next widening step for what waits in the queue: its index and when it begins.
#[must_use]
pub fn next_step(queue: &Queue, wait: &Wait, now: Time) -> Option<(usize, Time)> {
    let next = search(queue, wait, now).step.map_or(0, |step| step + 1);
    queue.steps.get(next).map(|step| (next, wait.since.plus_ms(step.after_ms)))
}
