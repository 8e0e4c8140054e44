//! The plan: which waiting interaction is offered to which agent now.
//!
//! The work is bounded by what can come of it. A queue that no agent could take anything from is
//! skipped without a look at what waits in it, however much that is; one whose last candidate fills
//! up is left at once.

use alloc::collections::{BTreeMap, BinaryHeap};
use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::center::{Queue, SkillLevels};
use crate::id::{InteractionId, UserId};
use crate::media::Media;
use crate::routing::eligibility::{by_desk, by_search, by_skills};
use crate::routing::pool::{Candidate, Choice, Pool};
use crate::routing::{Agent, Rank, Search, Waiting, asked_again, next_step, search};
use crate::time::Time;

/// One queue and what waits in it.
pub struct Line<'a, W> {
    pub queue: &'a Queue,
    /// What waits in it, in ascending order of [`Waiting::rank`]. It is read only as far as there
    /// are candidates.
    pub waiting: W,
}

/// An interaction and the agent to whom it is to be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    pub interaction: InteractionId,
    /// The agent.
    pub user: UserId,
    /// Of how many who could take it they are chosen, themselves among them: those who did not pass
    /// it by, or where all did, those who may be asked again. At most
    /// [`COUNTED_MAX`](crate::routing::COUNTED_MAX), which stands for as many or more.
    pub of: u32,
}

/// What the router is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The offers to make, in routing order.
    pub pairs: Vec<Pair>,
    /// When time alone can next change the result: a widening step begins, or an agent may be asked
    /// again. Everything else that can change it (somebody becomes Ready, a slot is freed, …) is an
    /// event.
    pub next_change: Option<Time>,
}

/// Plans the offers to make at `now`.
///
/// `lines` are the queues of one contact center, `agents` its users with their desks. The order of
/// either does not matter.
#[must_use]
pub fn plan<'a, W>(
    lines: impl IntoIterator<Item = Line<'a, W>>,
    agents: impl IntoIterator<Item = Agent<'a>>,
    now: Time,
) -> Plan
where
    W: Iterator<Item = Waiting<'a>>,
{
    let mut planner = Planner::new(agents, now);
    let mut open: Vec<OpenLine<'a, W>> = Vec::new();
    let mut heads = BinaryHeap::new();
    for line in lines {
        let could_serve = planner.servers(line.queue);
        if could_serve.is_empty() {
            continue;
        }
        let mut line = OpenLine {
            queue: line.queue,
            waiting: line.waiting,
            could_serve,
            pools: BTreeMap::new(),
        };
        if let Some(head) = line.waiting.next() {
            heads.push(Reverse(Head { rank: head.rank(), line: open.len(), waiting: head }));
            open.push(line);
        }
    }
    while let Some(Reverse(head)) = heads.pop() {
        let line = &mut open[head.line];
        let is_found = planner.place(line, &head.waiting);
        if !is_found && !planner.has_servers(line) {
            continue;
        }
        if let Some(next) = line.waiting.next() {
            heads.push(Reverse(Head { rank: next.rank(), line: head.line, waiting: next }));
        }
    }
    planner.plan
}

/// The first of a line, compared by rank alone.
struct Head<'a> {
    rank: Rank,
    line: usize,
    waiting: Waiting<'a>,
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Head<'_> {}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.rank.cmp(&other.rank)
    }
}

/// A line that somebody could serve.
struct OpenLine<'a, W> {
    queue: &'a Queue,
    waiting: W,
    /// Candidates that any step of the queue asks, as far as they are known to have room.
    could_serve: Vec<usize>,
    /// Candidates by step and by the skills that a wait asks for beyond it, made when first needed.
    pools: BTreeMap<(Option<usize>, &'a SkillLevels), Pool>,
}

struct Planner<'a> {
    now: Time,
    /// Agents with a session; nobody else could take anything.
    candidates: Vec<Candidate<'a>>,
    /// Of these who could take something of a medium.
    by_media: BTreeMap<&'a Media, Vec<usize>>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(agents: impl IntoIterator<Item = Agent<'a>>, now: Time) -> Self {
        let candidates = agents
            .into_iter()
            .filter(|agent| agent.desk.session.is_some())
            .map(Candidate::new)
            .collect();
        Self { now, candidates, by_media: BTreeMap::new(), plan: Plan::default() }
    }

    /// Returns who could take something of that queue at some step.
    fn servers(&mut self, queue: &'a Queue) -> Vec<usize> {
        let candidates = &self.candidates;
        let available = self.by_media.entry(&queue.media).or_insert_with(|| {
            let is_available = |(_, candidate): &(usize, &Candidate<'a>)| {
                by_desk(&queue.media, candidate.agent).is_none()
            };
            candidates.iter().enumerate().filter(is_available).map(|(index, _)| index).collect()
        });
        let steps = || core::iter::once(None).chain((0..queue.steps.len()).map(Some));
        let could_serve = |index: &usize| {
            steps()
                .any(|step| by_search(&Search::of(queue, step), candidates[*index].agent).is_none())
        };
        available.iter().copied().filter(could_serve).collect()
    }

    /// Tells whether anybody who serves the line has room still.
    fn has_servers<W>(&self, line: &mut OpenLine<'a, W>) -> bool {
        let has_room = |index: &usize| self.candidates[*index].has_room(&line.queue.media);
        while line.could_serve.last().is_some_and(|last| !has_room(last)) {
            line.could_serve.pop();
        }
        !line.could_serve.is_empty()
    }

    /// Finds an agent for the interaction; tells whether there was one.
    fn place<W>(&mut self, line: &mut OpenLine<'a, W>, waiting: &Waiting<'a>) -> bool {
        let OpenLine { queue, could_serve, pools, .. } = line;
        let (queue, wait, now) = (*queue, waiting.wait, self.now);
        let candidates = &self.candidates;
        let search = search(queue, wait, now);
        let pool = pools.entry((search.step, &wait.skills)).or_insert_with(|| {
            let asked = |index: &usize| {
                let agent = candidates[*index].agent;
                by_search(&search, agent).or_else(|| by_skills(&wait.skills, agent)).is_none()
            };
            Pool::new(&queue.media, candidates, could_serve.iter().copied().filter(asked))
        });
        let choice = |user| match wait.passes.iter().find(|pass| pass.user == user) {
            None => Choice::Fresh,
            Some(pass) if asked_again(queue, pass.at) <= now => Choice::Again,
            Some(_) => Choice::NotYet,
        };
        let Some((best, of)) = pool.best(&queue.media, candidates, choice) else {
            self.note_next_change(queue, waiting);
            return false;
        };
        let candidate = &mut self.candidates[best];
        candidate.give(waiting.takes_slot().then_some(&queue.media), now);
        self.plan.pairs.push(Pair { interaction: waiting.id, user: candidate.agent.user.id, of });
        true
    }

    /// Notes when time alone could find somebody for an interaction that found nobody now.
    fn note_next_change(&mut self, queue: &Queue, waiting: &Waiting<'a>) {
        let step = next_step(queue, waiting.wait, self.now).map(|(_, begin)| begin);
        let again = waiting.wait.passes.iter().map(|pass| asked_again(queue, pass.at));
        let next = again.chain(step).filter(|time| *time > self.now).min();
        self.plan.next_change = self.plan.next_change.into_iter().chain(next).min();
    }
}
