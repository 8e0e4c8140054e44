//! Figures of a day, as it was or as it would have been.

use std::collections::BTreeMap;

use handoff_domain::{InteractionId, QueueId, Time, UserId};

use super::course::{Answer, Course, End};
use super::day::Day;

/// What became of one wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    pub interaction: InteractionId,
    /// Which of its waits it is, from 0.
    pub number: usize,
    pub queue: QueueId,
    /// When it entered the queue.
    pub entered: Time,
    /// Whom the router offered it, and when.
    pub offers: Vec<(UserId, Time)>,
    /// How many offers passed by.
    pub passed: u64,
    pub(super) end: End,
    /// Until when they worked on it who took it, at most to the end of the span.
    pub(super) worked_until: Option<Time>,
}

impl Played {
    pub(super) const fn begin(
        interaction: InteractionId,
        number: usize,
        queue: QueueId,
        entered: Time,
    ) -> Self {
        Self {
            interaction,
            number,
            queue,
            entered,
            offers: Vec::new(),
            passed: 0,
            end: End::Open,
            worked_until: None,
        }
    }

    /// Returns who took it, and after how long, in ms.
    #[must_use]
    pub fn taken(&self) -> Option<(UserId, u64)> {
        match self.end {
            End::Accepted { by, at } => Some((by, at.ms_since(self.entered))),
            End::Left { .. } | End::Open => None,
        }
    }

    /// Tells whether it left the queue without anybody's taking it.
    #[must_use]
    pub const fn has_left(&self) -> bool {
        matches!(self.end, End::Left { .. })
    }
}

/// Returns what became of each wait on that day.
pub(super) fn was(day: &Day) -> Vec<Played> {
    day.courses.iter().flat_map(|course| course_was(course, day)).collect()
}

fn course_was(course: &Course, day: &Day) -> impl Iterator<Item = Played> {
    course.waits.iter().enumerate().map(|(number, waited)| {
        let mut played =
            Played::begin(course.subject.id, number, waited.wait.queue, waited.entered);
        let within = waited.asked.iter().filter(|asked| asked.at >= day.from);
        played.offers = within.map(|asked| (asked.to, asked.at)).collect();
        // One that ended because it left passed nobody by.
        let left_at = if let End::Left { at } = waited.end { Some(at) } else { None };
        let answers = waited.asked.iter().filter_map(|asked| asked.answer);
        let passed = answers.filter(|(at, it)| *it != Answer::Accepted && Some(*at) != left_at);
        played.passed = passed.count() as u64;
        played.end = waited.end;
        if let End::Accepted { by, .. } = waited.end {
            played.worked_until = Some(waited.freed_at(by).unwrap_or(day.to).min(day.to));
        }
        played
    })
}

/// What happened to what waited in a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueFigures {
    /// How much waited, what did so at the beginning included.
    pub waited: u64,
    pub offered: u64,
    /// How many offers passed by: rejected, expired or taken back.
    pub passed: u64,
    pub accepted: u64,
    /// How much left the queue without anybody's taking it.
    pub left: u64,
    /// How much waits at the end.
    pub waiting: u64,
    /// How long what was accepted had waited, in ms: half of it, nine tenths, the longest.
    pub wait_ms: Option<[u64; 3]>,
}

/// What an agent had to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentFigures {
    pub offered: u64,
    pub accepted: u64,
    /// How long they had what they accepted, in ms, each by itself.
    pub work_ms: u64,
}

/// The figures of one way in which a day went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub queues: BTreeMap<QueueId, QueueFigures>,
    pub agents: BTreeMap<UserId, AgentFigures>,
}

impl Figures {
    pub(super) fn of(played: &[Played]) -> Self {
        let mut figures = Self::default();
        let mut waits: BTreeMap<QueueId, Vec<u64>> = BTreeMap::new();
        for one in played {
            let queue = figures.queues.entry(one.queue).or_default();
            queue.waited += 1;
            queue.offered += one.offers.len() as u64;
            queue.passed += one.passed;
            for (user, _) in &one.offers {
                figures.agents.entry(*user).or_default().offered += 1;
            }
            match one.end {
                End::Accepted { by, at } => {
                    queue.accepted += 1;
                    waits.entry(one.queue).or_default().push(at.ms_since(one.entered));
                    let agent = figures.agents.entry(by).or_default();
                    agent.accepted += 1;
                    agent.work_ms += one.worked_until.map_or(0, |until| until.ms_since(at));
                }
                End::Left { .. } => queue.left += 1,
                End::Open => queue.waiting += 1,
            }
        }
        for (queue, mut waits) in waits {
            waits.sort_unstable();
            // The nearest rank.
            let at = |tenths: usize| waits[(waits.len() * tenths).div_ceil(10) - 1];
            let figures = figures.queues.entry(queue).or_default();
            figures.wait_ms = Some([at(5), at(9), at(10)]);
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nine_tenths_are_the_nearest_ranks() {
        let waited = |seconds: i64| {
            let (id, queue) = (InteractionId::compose(0, seconds.unsigned_abs()), QueueId(1));
            let end = End::Accepted { by: UserId(1), at: Time(seconds * 1_000) };
            Played { end, ..Played::begin(id, 0, queue, Time(0)) }
        };
        let of = |most: i64| {
            let played: Vec<Played> = (1..=most).map(waited).collect();
            Figures::of(&played).queues[&QueueId(1)].wait_ms.unwrap()
        };
        assert_eq!(of(10), [5_000, 9_000, 10_000]);
        assert_eq!(of(2), [1_000, 2_000, 2_000]);
        assert_eq!(of(1), [1_000; 3]);
    }
}
