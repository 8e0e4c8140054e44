//! Counting again, by looking at whole histories instead of following them.

use std::collections::BTreeMap;

use handoff_domain::event::Cause;
use handoff_domain::{Fact, OfferKind, QueueId, Time, UserId};
use handoff_store::{HistoryEntry, Key, Kind, Store, SubjectKey};

use crate::counters::{Quarter, QueueOrAgent, Tally, Waiting, quarter_of};

#[derive(Debug, Default)]
pub(super) struct Recount {
    /// Everything that happened.
    pub(super) facts: Vec<Fact>,
    pub(super) waiting: BTreeMap<QueueId, Waiting>,
    pub(super) quarters: BTreeMap<(Quarter, QueueOrAgent), Tally>,
}

pub(super) async fn recount(store: &dyn Store) -> Recount {
    let mut recount = Recount::default();
    for item in store.list(Kind::Interaction, None, usize::MAX).await.unwrap().items {
        let Key::Interaction(id) = item.value.key() else { unreachable!() };
        let history = store.history(SubjectKey::Interaction(id), 0, usize::MAX).await.unwrap();
        let facts: Vec<Happened> = history.items.into_iter().flat_map(happened).collect();
        recount.add(&facts);
        recount.facts.extend(facts.into_iter().map(|happened| happened.fact));
    }
    recount
}

/// A fact with what it was part of.
struct Happened {
    at: Time,
    cause: Cause,
    fact: Fact,
}

fn happened(entry: HistoryEntry) -> impl Iterator<Item = Happened> {
    let (at, cause) = (entry.at, entry.cause);
    entry.facts.into_iter().map(move |fact| Happened { at, cause, fact })
}

impl Recount {
    fn at(&mut self, at: Time, whose: QueueOrAgent) -> &mut Tally {
        self.quarters.entry((quarter_of(at), whose)).or_default()
    }

    fn add(&mut self, facts: &[Happened]) {
        for (n, Happened { at, fact, .. }) in facts.iter().enumerate() {
            let before = &facts[..n];
            let queue = last_queue(before).map(QueueOrAgent::Queue);
            match fact {
                Fact::Queued { queue, .. } => {
                    self.at(*at, QueueOrAgent::Queue(*queue)).entered += 1;
                }
                Fact::Offered { to, kind, .. } => {
                    for whose in whom(*to, *kind, queue) {
                        self.at(*at, whose).offered += 1;
                    }
                }
                Fact::Accepted { by, kind } => {
                    let waited = if *kind == OfferKind::Routed { waited(before, *at) } else { 0 };
                    for whose in whom(*by, *kind, queue) {
                        let tally = self.at(*at, whose);
                        tally.accepted += 1;
                        tally.longest_wait_ms = tally.longest_wait_ms.max(waited);
                    }
                }
                Fact::Completed | Fact::Canceled | Fact::Sent | Fact::Filed { .. } => {
                    for whose in queue.into_iter().chain(owner(before).map(QueueOrAgent::Agent)) {
                        self.at(*at, whose).ended += 1;
                    }
                }
                _ => {}
            }
        }
        self.add_wait(facts);
    }

    /// What waits has entered a queue, and was neither taken nor put elsewhere nor ended since.
    fn add_wait(&mut self, facts: &[Happened]) {
        let is_over = |fact: &Fact| {
            matches!(
                fact,
                Fact::Accepted { kind: OfferKind::Routed, .. }
                    | Fact::Parked { .. }
                    | Fact::Completed
                    | Fact::Canceled
            )
        };
        let last = facts.iter().rev().find_map(|Happened { at, fact, .. }| match fact {
            Fact::Queued { queue, .. } => Some(Some((*queue, *at))),
            fact if is_over(fact) => Some(None),
            _ => None,
        });
        if let Some((queue, at)) = last.flatten() {
            let waiting = self.waiting.entry(queue).or_insert(Waiting { count: 0, oldest: at });
            waiting.count += 1;
            waiting.oldest = waiting.oldest.min(at);
        }
    }
}

fn whom(agent: UserId, kind: OfferKind, queue: Option<QueueOrAgent>) -> Vec<QueueOrAgent> {
    match kind {
        OfferKind::Routed => [QueueOrAgent::Agent(agent)].into_iter().chain(queue).collect(),
        OfferKind::Transfer => vec![QueueOrAgent::Agent(agent)],
        _ => Vec::new(),
    }
}

fn last_queue(before: &[Happened]) -> Option<QueueId> {
    before.iter().rev().find_map(|Happened { fact, .. }| match fact {
        Fact::Queued { queue, .. } => Some(*queue),
        _ => None,
    })
}

fn waited(before: &[Happened], at: Time) -> u64 {
    let entered = before.iter().rev().find(|it| matches!(it.fact, Fact::Queued { .. }));
    entered.map_or(0, |entered| at.ms_since(entered.at))
}

fn owner(before: &[Happened]) -> Option<UserId> {
    let last = before.iter().rev().find_map(|Happened { cause, fact, .. }| match (fact, cause) {
        (Fact::Accepted { by, kind: OfferKind::Routed | OfferKind::Transfer }, _)
        | (Fact::Pulled { by, .. } | Fact::OwnerChanged { to: by }, _)
        | (Fact::Opened, Cause::User(by)) => Some(Some(*by)),
        (Fact::Queued { .. } | Fact::Parked { .. } | Fact::Opened, _) => Some(None),
        _ => None,
    });
    last.flatten()
}
