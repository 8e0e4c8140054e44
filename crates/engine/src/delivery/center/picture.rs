//! What those who watch a contact center were told, on this node.
//!
//! Each message tells the whole present state of one subject (an agent, a queue), so the latest of
//! each that changed since a place in the log is a complete replay since there
//! (docs/adr/0032-the-center-live-is-states.md).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use handoff_domain::{QueueId, UserId};

use crate::outward::{AgentState, CenterNews, CenterTopic, Publisher, QueueState};

/// How many subjects that are no more are remembered, to say so to whoever comes back.
const GONE_MAX: usize = 1_000;

/// One of those whose states are told.
pub(super) trait Subject: Clone + Send + 'static {
    type Key: Copy + Ord + Send + 'static;
    const TOPIC: CenterTopic;
    /// The least key.
    const FIRST: Self::Key;

    fn key(&self) -> Self::Key;
    /// Tells whether nothing can have changed since.
    fn is_as(&self, before: &Self) -> bool;
    fn render(&self, publisher: &dyn Publisher) -> Bytes;
    /// Returns the message that there is none of that key any more.
    fn render_gone(key: Self::Key, publisher: &dyn Publisher) -> Bytes;
}

impl Subject for AgentState {
    type Key = UserId;
    const TOPIC: CenterTopic = CenterTopic::Agents;
    const FIRST: UserId = UserId(0);

    fn key(&self) -> UserId {
        self.user.id
    }

    fn is_as(&self, before: &Self) -> bool {
        let is_same_desk = match (&self.desk, &before.desk) {
            (Some(now), Some(before)) => Arc::ptr_eq(now, before),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        is_same_desk
            && Arc::ptr_eq(&self.user, &before.user)
            && Arc::ptr_eq(&self.directory, &before.directory)
    }

    fn render(&self, publisher: &dyn Publisher) -> Bytes {
        publisher.render_center(&CenterNews::Agent(self))
    }

    fn render_gone(key: UserId, publisher: &dyn Publisher) -> Bytes {
        publisher.render_center(&CenterNews::NoAgent(key))
    }
}

impl Subject for QueueState {
    type Key = QueueId;
    const TOPIC: CenterTopic = CenterTopic::Queues;
    const FIRST: QueueId = QueueId(0);

    fn key(&self) -> QueueId {
        self.id
    }

    fn is_as(&self, before: &Self) -> bool {
        self == before
    }

    fn render(&self, publisher: &dyn Publisher) -> Bytes {
        publisher.render_center(&CenterNews::Queue(self))
    }

    fn render_gone(key: QueueId, publisher: &dyn Publisher) -> Bytes {
        publisher.render_center(&CenterNews::NoQueue(key))
    }
}

/// A look at all subjects. What it shows has everything up to `from`, and nothing after `to`.
pub(super) struct Seen<S> {
    pub(super) states: Vec<S>,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// What was told of one subject last.
struct Told<S> {
    /// How it is; `None` when it is no more.
    state: Option<S>,
    message: Bytes,
    round: u64,
}

/// When a round was, in the log.
#[derive(Clone, Copy, Default)]
struct Round {
    /// Up to where the round before it had everything; `None` of the first.
    before: Option<u64>,
    from: u64,
    to: u64,
}

/// What was told of all of them.
pub(super) struct Picture<S: Subject> {
    /// From where on it knows what changed.
    begun: u64,
    /// The number of the latest look, and where it was.
    round: u64,
    last: Round,
    /// Where the rounds were after which something was told.
    rounds: BTreeMap<u64, Round>,
    told: BTreeMap<S::Key, Told<S>>,
    /// Who was told of in which round.
    order: BTreeSet<(u64, S::Key)>,
}

/// How far somebody has come in a picture.
pub(super) struct Place<S: Subject> {
    next: Bound<(u64, S::Key)>,
    /// What is no later than this they know already.
    known: Option<u64>,
}

/// A message that somebody is owed.
pub(super) struct Owed<'a, S: Subject> {
    pub(super) message: &'a Bytes,
    /// Up to where they have everything once they have this; `None` while they still lack some of
    /// the first look.
    pub(super) position: Option<u64>,
    /// What it is of, for whoever has been given it.
    pub(super) after: (u64, S::Key),
}

impl<S: Subject> Place<S> {
    pub(super) const fn pass(&mut self, owed: (u64, S::Key)) {
        self.next = Bound::Excluded(owed);
    }
}

impl<S: Subject> Picture<S> {
    /// Begins with a look.
    pub(super) fn begin(seen: Seen<S>, publisher: &dyn Publisher) -> Self {
        let mut picture = Self {
            begun: seen.from,
            round: 0,
            last: Round::default(),
            rounds: BTreeMap::new(),
            told: BTreeMap::new(),
            order: BTreeSet::new(),
        };
        picture.take_in(seen, publisher);
        picture
    }

    pub(super) const fn begun(&self) -> u64 {
        self.begun
    }

    /// Returns up to where it has everything.
    pub(super) const fn reached(&self) -> u64 {
        self.last.from
    }

    /// Takes in a later look.
    pub(super) fn take_in(&mut self, seen: Seen<S>, publisher: &dyn Publisher) {
        let before = (self.round > 0).then_some(self.last.from);
        self.round += 1;
        self.last = Round { before, from: self.last.from.max(seen.from), to: seen.to };
        let mut gone: BTreeSet<S::Key> = self.present().collect();
        for state in seen.states {
            let key = state.key();
            gone.remove(&key);
            let known = self.told.get_mut(&key);
            if known.as_ref().and_then(|it| it.state.as_ref()).is_some_and(|it| state.is_as(it)) {
                continue;
            }
            let message = state.render(publisher);
            match known {
                // What changed is nothing that is told.
                Some(known) if known.message == message => known.state = Some(state),
                _ => self.tell(key, Some(state), message),
            }
        }
        for key in gone {
            self.tell(key, None, S::render_gone(key, publisher));
        }
        let used: BTreeSet<u64> = self.order.iter().map(|(round, _)| *round).collect();
        self.rounds.retain(|round, _| used.contains(round));
    }

    fn present(&self) -> impl Iterator<Item = S::Key> {
        self.told.iter().filter(|(_, told)| told.state.is_some()).map(|(key, _)| *key)
    }

    fn tell(&mut self, key: S::Key, state: Option<S>, message: Bytes) {
        let told = Told { state, message, round: self.round };
        if let Some(before) = self.told.insert(key, told) {
            self.order.remove(&(before.round, key));
        }
        self.order.insert((self.round, key));
        self.rounds.insert(self.round, self.last);
    }

    /// Tells whether it remembers more that is no more than it may.
    pub(super) fn is_overfull(&self) -> bool {
        self.told.len() - self.present().count() > GONE_MAX
    }

    /// Returns the place of somebody who is told what changes from now on.
    pub(super) const fn live(&self) -> Place<S> {
        Place { next: Bound::Included((self.round + 1, S::FIRST)), known: None }
    }

    /// Returns the place of somebody who is told all states.
    pub(super) const fn all() -> Place<S> {
        Place { next: Bound::Unbounded, known: None }
    }

    /// Returns the place of somebody who knows everything up to a position; `None` when it is not
    /// known what changed since.
    pub(super) fn since(&self, position: u64) -> Option<Place<S>> {
        let place = Place { next: Bound::Unbounded, known: Some(position) };
        (position >= self.begun).then_some(place)
    }

    /// Returns what somebody is owed next.
    pub(super) fn owed(&self, place: &Place<S>) -> Option<Owed<'_, S>> {
        let mut rest = self.order.range((place.next, Bound::Unbounded)).peekable();
        while let Some((number, key)) = rest.next() {
            let round = self.rounds.get(number)?;
            if place.known.is_some_and(|known| round.to <= known) {
                continue;
            }
            let is_last = rest.peek().is_none_or(|(next, _)| next != number);
            let reached = if is_last { Some(round.from) } else { round.before };
            let position = reached.max(place.known);
            let message = &self.told.get(key)?.message;
            return Some(Owed { message, position, after: (*number, *key) });
        }
        None
    }
}

#[cfg(test)]
mod tests;
