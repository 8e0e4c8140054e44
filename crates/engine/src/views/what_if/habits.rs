//! How long people mostly take: for what nobody did on the day.

use std::collections::BTreeMap;

use handoff_domain::{QueueId, UserId};

use super::course::{Answer, End};
use super::day::Day;

/// What is taken where nobody did anything of the kind on that day: a few seconds to accept, and a
/// few minutes of work.
const ANSWERS_AFTER_MS: u64 = 5_000;
const WORKS_FOR_MS: u64 = 300_000;

/// The medians of a day.
pub(super) struct Habits {
    answers: BTreeMap<UserId, u64>,
    answers_of_all: u64,
    works: BTreeMap<QueueId, u64>,
    works_of_all: u64,
}

impl Habits {
    pub(super) fn of(day: &Day) -> Self {
        let (mut answers, mut works) = (BTreeMap::new(), BTreeMap::new());
        for waited in day.courses.iter().flat_map(|course| &course.waits) {
            for asked in &waited.asked {
                if let Some((at, Answer::Accepted)) = asked.answer {
                    let after: &mut Vec<u64> = answers.entry(asked.to).or_default();
                    after.push(at.ms_since(asked.at));
                }
            }
            if let End::Accepted { by, at } = waited.end
                && let Some(freed) = waited.freed_at(by)
            {
                let took: &mut Vec<u64> = works.entry(waited.wait.queue).or_default();
                took.push(freed.ms_since(at));
            }
        }
        let all = |of: Vec<Vec<u64>>, otherwise| median(of.concat()).unwrap_or(otherwise);
        Self {
            answers_of_all: all(answers.values().cloned().collect(), ANSWERS_AFTER_MS),
            works_of_all: all(works.values().cloned().collect(), WORKS_FOR_MS),
            answers: medians(answers),
            works: medians(works),
        }
    }

    /// Returns how long after an offer somebody accepts.
    pub(super) fn answers_after_ms(&self, user: UserId) -> u64 {
        self.answers.get(&user).copied().unwrap_or(self.answers_of_all)
    }

    /// Returns how long something of a queue is worked on.
    pub(super) fn works_for_ms(&self, queue: QueueId) -> u64 {
        self.works.get(&queue).copied().unwrap_or(self.works_of_all)
    }
}

fn medians<K: Ord>(of: BTreeMap<K, Vec<u64>>) -> BTreeMap<K, u64> {
    of.into_iter().filter_map(|(key, values)| Some((key, median(values)?))).collect()
}

fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
