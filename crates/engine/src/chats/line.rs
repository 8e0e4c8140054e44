//! The line before a customer: how many go first, whether anybody is there for it, and how long it
//! may take.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use handoff_domain::routing::{Agent, Attendance, attendance};
use handoff_domain::{Interaction, Queue, QueueId, SkillLevels, Time};

use crate::directory::Directory;
use crate::engine::Engine;

/// How many of a queue's latest acceptances tell how fast it moves: enough to even out chance, few
/// enough to follow a busy hour.
const REMEMBERED: usize = 20;
/// How old an acceptance may be to tell anything, in ms.
const TELLING_MS: u64 = 60 * 60 * 1_000;

/// A customer's place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceInLine {
    /// Their place; 1 is next, also while an agent is being asked.
    pub position: usize,
    /// Whether anybody is there for them.
    pub attendance: Attendance,
    /// How long they may wait from now on, in ms; `None` while the queue has not moved often enough
    /// to tell, and while nobody serves it.
    pub expected_wait_ms: Option<u64>,
}

/// How fast the queues of this node move.
#[derive(Default)]
pub(super) struct Pace {
    taken: Mutex<HashMap<QueueId, VecDeque<Time>>>,
}

impl Pace {
    /// Notes that something of a queue was accepted.
    pub(super) fn note(&self, queue: QueueId, at: Time) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = taken.entry(queue).or_default();
        latest.push_back(at);
        if latest.len() > REMEMBERED {
            latest.pop_front();
        }
    }

    /// Returns the wait of whoever has that place: so many times the mean interval between
    /// acceptances. An interval that is still open counts once it is longer than the mean, so that
    /// a queue whose agents have left does not promise a quick answer.
    fn wait_ms(&self, queue: QueueId, position: usize, now: Time) -> Option<u64> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let latest: Vec<Time> = taken
            .get(&queue)?
            .iter()
            .copied()
            .filter(|at| now.ms_since(*at) <= TELLING_MS)
            .collect();
        let (first, last) = (latest.first()?, latest.last()?);
        let intervals = u64::try_from(latest.len() - 1).ok().filter(|count| *count > 0)?;
        let mean_ms = last.ms_since(*first) / intervals;
        let interval_ms = mean_ms.max(now.ms_since(*last) / 2);
        Some(interval_ms.saturating_mul(u64::try_from(position).unwrap_or(u64::MAX)))
    }
}

/// How the queues are attended, as worked out from the desks that there were and the directory that
/// counted then.
#[derive(Default)]
pub(super) struct Attended {
    known: Mutex<Option<Known>>,
}

struct Known {
    directory: Arc<Directory>,
    desk_changes: u64,
    by_queue: HashMap<QueueId, Attendance>,
}

impl Attended {
    /// Returns how a queue is attended, working it out when a desk or the directory has changed
    /// since: customers who wait ask often.
    fn of(
        &self,
        queue: QueueId,
        directory: &Arc<Directory>,
        desk_changes: u64,
        work_out: impl FnOnce() -> Attendance,
    ) -> Attendance {
        let is_current = |known: &Known| {
            known.desk_changes == desk_changes && Arc::ptr_eq(&known.directory, directory)
        };
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock()
            .as_ref()
            .filter(|known| is_current(known))
            .and_then(|known| known.by_queue.get(&queue))
        {
            return *found;
        }
        let found = work_out();
        let mut known = lock();
        if !known.as_ref().is_some_and(is_current) {
            *known = Some(Known {
                directory: directory.clone(),
                desk_changes,
                by_queue: HashMap::new(),
            });
        }
        if let Some(known) = known.as_mut() {
            known.by_queue.insert(queue, found);
        }
        found
    }
}

impl Engine {
    /// Tells whether anybody is there for what waits in a queue and asks for those skills beyond
    /// the queue's, by the rules that routing goes by.
    #[must_use]
    pub fn attendance(&self, queue: &Queue, skills: &SkillLevels) -> Attendance {
        let desk_changes = self.board.desk_changes();
        let directory = self.directory();
        let work_out = || {
            let desks = self.board.desks();
            let here =
                desks.iter().filter(|desk| desk.center == queue.center && desk.session.is_some());
            let agents = here.filter_map(|desk| {
                Some(Agent { user: directory.user(queue.center, desk.user)?, desk })
            });
            attendance(queue, skills, agents)
        };
        if skills.is_empty() {
            self.chats.attended.of(queue.id, &directory, desk_changes, work_out)
        } else {
            work_out()
        }
    }

    /// Returns a waiting interaction's place in the line of its queue; `None` when it does not
    /// wait.
    #[must_use]
    pub fn place_in_line(&self, interaction: &Interaction) -> Option<PlaceInLine> {
        let wait = interaction.wait()?;
        let before = match interaction.offer() {
            Some(_) => 0,
            None => self.board.look_at_lines(|lines| {
                lines.of(wait.queue).take_while(|waiting| waiting.id != interaction.id).count()
            }),
        };
        let position = before + 1;
        let directory = self.directory();
        let queue = directory.queue(interaction.center, wait.queue);
        let attendance =
            queue.map_or(Attendance::Nobody, |queue| self.attendance(queue, &wait.skills));
        // How fast the queue moved tells nothing while nobody takes anything from it.
        let expected_wait_ms = match attendance {
            Attendance::Served => self.chats.pace.wait_ms(wait.queue, position, self.now()),
            Attendance::Nobody | Attendance::Paused => None,
        };
        Some(PlaceInLine { position, attendance, expected_wait_ms })
    }

    /// Tells how many interactions wait in a queue without an offer.
    #[must_use]
    pub fn waiting_in(&self, queue: QueueId) -> usize {
        self.board.look_at_lines(|lines| lines.of(queue).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_the_pace_of_the_queue() {
        let (pace, queue) = (Pace::default(), QueueId(1));
        assert_eq!(pace.wait_ms(queue, 1, Time(0)), None);
        pace.note(queue, Time(0));
        assert_eq!(pace.wait_ms(queue, 1, Time(0)), None, "one acceptance tells no interval");
        pace.note(queue, Time(10_000));
        pace.note(queue, Time(20_000));
        assert_eq!(pace.wait_ms(queue, 3, Time(20_000)), Some(30_000));
        assert_eq!(
            pace.wait_ms(queue, 1, Time(80_000)),
            Some(30_000),
            "nobody has accepted for a minute"
        );
        assert_eq!(pace.wait_ms(queue, 1, Time(4 * 60 * 60 * 1_000)), None, "that was long ago");
        assert_eq!(pace.wait_ms(QueueId(2), 1, Time(20_000)), None);
    }
}
