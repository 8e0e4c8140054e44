//! Whom a queue asks at a time: its own groups and skills, or those of the last widening step that
//! has begun.

use alloc::collections::BTreeSet;

use crate::center::{Queue, SkillLevels};
use crate::id::GroupId;
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

/// Returns whom the queue asks at `now` for what entered it at `since`.
#[must_use]
pub fn search(queue: &Queue, since: Time, now: Time) -> Search<'_> {
    let begun = queue.steps.iter().rposition(|step| since.plus_ms(step.after_ms) <= now);
    Search::of(queue, begun)
}

/// Returns the next widening step for what entered the queue at `since`: its index and when it
/// begins.
#[must_use]
pub fn next_step(queue: &Queue, since: Time, now: Time) -> Option<(usize, Time)> {
    let begins =
        |(index, step): (usize, &crate::center::Step)| (index, since.plus_ms(step.after_ms));
    queue.steps.iter().enumerate().map(begins).find(|(_, begin)| *begin > now)
}
