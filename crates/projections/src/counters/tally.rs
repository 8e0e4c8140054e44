//! What a fact counts for.

use handoff_domain::event::Cause;
use handoff_domain::{Fact, OfferKind, QueueId, Time, UserId};
use handoff_store::LogEntry;

/// A quarter of an hour, in ms.
pub const QUARTER_MS: i64 = 15 * 60 * 1_000;

/// A quarter of an hour, counted from the beginning of 1970.
pub type Quarter = i64;

/// Returns the quarter of an hour that a time is in.
#[must_use]
pub const fn quarter_of(at: Time) -> Quarter {
    at.0.div_euclid(QUARTER_MS)
}

/// Whom a tally is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueOrAgent {
    Queue(QueueId),
    Agent(UserId),
}

impl QueueOrAgent {
    const QUEUE: char = 'q';
    const AGENT: char = 'a';

    pub(super) fn stored(self) -> String {
        match self {
            Self::Queue(id) => format!("{}{}", Self::QUEUE, id.stored()),
            Self::Agent(id) => format!("{}{}", Self::AGENT, id.stored()),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let mut rest = text.chars();
        match rest.next()? {
            Self::QUEUE => rest.as_str().parse().ok().map(Self::Queue),
            Self::AGENT => rest.as_str().parse().ok().map(Self::Agent),
            _ => None,
        }
    }
}

/// What happened to a queue, or to an agent, within a quarter of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often something entered the queue; zero for agents.
    pub entered: u64,
    /// How often something of the queue was offered by the router; to an agent, by whomever, so
    /// that they would own it.
    pub offered: u64,
    /// How many of these offers were taken.
    pub accepted: u64,
    /// How much ended that was last in the queue, or was the agent's at the end.
    pub ended: u64,
    /// The longest time that something had waited in its queue when it was taken.
    pub longest_wait_ms: u64,
}

impl Tally {
    /// Adds what happened at another time, or to another.
    pub fn add(&mut self, other: Self) {
        self.entered += other.entered;
        self.offered += other.offered;
        self.accepted += other.accepted;
        self.ended += other.ended;
        self.longest_wait_ms = self.longest_wait_ms.max(other.longest_wait_ms);
    }
}

/// Where an interaction is that is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The queue that it was last in.
    pub queue: Option<QueueId>,
    /// When it entered that; `None` when it waits no longer.
    pub since: Option<Time>,
    /// Whose it is.
    pub owner: Option<UserId>,
}

impl Place {
    /// Follows what happened, and returns what it counts for.
    pub(super) fn follow(&mut self, entry: &LogEntry) -> Vec<(QueueOrAgent, Tally)> {
        let mut found = Vec::new();
        for fact in &entry.facts {
            self.take(fact, entry.at, entry.cause, &mut found);
        }
        found
    }

    fn take(
        &mut self,
        fact: &Fact,
        at: Time,
        cause: Cause,
        found: &mut Vec<(QueueOrAgent, Tally)>,
    ) {
        match fact {
            // Whoever opens it has it, unless it goes to a queue, which is said next.
            Fact::Opened => {
                self.owner = if let Cause::User(user) = cause { Some(user) } else { None };
            }
            Fact::Queued { queue, .. } => {
                *self = Self { queue: Some(*queue), since: Some(at), owner: None };
                found.push((QueueOrAgent::Queue(*queue), Tally { entered: 1, ..Tally::default() }));
            }
            Fact::Offered { to, kind, .. } if kind.role().is_none() => {
                self.count(*to, *kind, Tally { offered: 1, ..Tally::default() }, found);
            }
            Fact::Accepted { by, kind } if kind.role().is_none() => {
                let longest_wait_ms = self.since.take().map_or(0, |since| at.ms_since(since));
                let taken = Tally { accepted: 1, longest_wait_ms, ..Tally::default() };
                self.count(*by, *kind, taken, found);
                self.owner = Some(*by);
            }
            Fact::Pulled { by: user, .. } | Fact::OwnerChanged { to: user } => {
                self.owner = Some(*user);
            }
            Fact::Parked { .. } => (self.since, self.owner) = (None, None),
            Fact::Completed | Fact::Canceled | Fact::Sent | Fact::Filed { .. } => self.end(found),
            _ => {}
        }
    }

    /// Counts for an agent, and for the queue when it is the router's doing.
    fn count(
        &self,
        agent: UserId,
        kind: OfferKind,
        tally: Tally,
        found: &mut Vec<(QueueOrAgent, Tally)>,
    ) {
        found.push((QueueOrAgent::Agent(agent), tally));
        let queue = self.queue.filter(|_| kind == OfferKind::Routed);
        found.extend(queue.map(|queue| (QueueOrAgent::Queue(queue), tally)));
    }

    fn end(&mut self, found: &mut Vec<(QueueOrAgent, Tally)>) {
        let ended = Tally { ended: 1, ..Tally::default() };
        found.extend(self.queue.map(|queue| (QueueOrAgent::Queue(queue), ended)));
        found.extend(self.owner.map(|owner| (QueueOrAgent::Agent(owner), ended)));
        *self = Self::default();
    }
}
