//! Counting again, by looking at whole histories instead of following them.

use std::collections::BTreeMap;

use handoff_domain::event::Cause;
use handoff_domain::{Direction, Fact, Interaction, OfferKind, QueueId, Time, UserId};
use handoff_engine::{Counted, DispositionMark, Tally};
use handoff_store::{HistoryEntry, Record, Store, SubjectKey};

use crate::counters::{Key, Waiting, quarter_of};

#[derive(Clone, Debug, Default)]
pub(super) struct Recount {
    /// Everything that happened.
    pub(super) facts: Vec<Fact>,
    pub(super) waiting: BTreeMap<QueueId, Waiting>,
    pub(super) quarters: BTreeMap<Key, Tally>,
}

/// Counts what the store has.
pub(super) async fn recount(store: &dyn Store) -> Recount {
    let mut recount = Recount::default();
    for item in store.list(handoff_store::Kind::Interaction, None, usize::MAX).await.unwrap().items
    {
        let Record::Interaction(interaction) = item.value else { unreachable!() };
        recount.add_one(store, &interaction).await;
    }
    recount
}

/// A fact with what it was part of.
struct Happened {
    at: Time,
    cause: Cause,
    /// Which entry of the history it is of.
    entry: u64,
    fact: Fact,
}

fn happened(entry: HistoryEntry) -> impl Iterator<Item = Happened> {
    let (at, cause, position) = (entry.at, entry.cause, entry.position);
    entry.facts.into_iter().map(move |fact| Happened { at, cause, entry: position, fact })
}

impl Recount {
    pub(super) async fn add_one(&mut self, store: &dyn Store, interaction: &Interaction) {
        let subject = SubjectKey::Interaction(interaction.id);
        let history = store.history(subject, 0, usize::MAX).await.unwrap();
        let facts: Vec<Happened> = history.items.into_iter().flat_map(happened).collect();
        History { interaction, facts: &facts }.add_to(self);
        self.facts.extend(facts.into_iter().map(|happened| happened.fact));
    }

    /// Adds what was counted of what is no more.
    pub(super) fn add(&mut self, gone: &Self) {
        for (key, tally) in &gone.quarters {
            self.quarters.entry(key.clone()).or_default().add(tally.clone());
        }
        self.facts.extend(gone.facts.iter().cloned());
    }
}

struct History<'a> {
    interaction: &'a Interaction,
    facts: &'a [Happened],
}

fn is_own(kind: OfferKind) -> bool {
    matches!(kind, OfferKind::Routed | OfferKind::Transfer)
}

fn is_end(fact: &Fact) -> bool {
    matches!(fact, Fact::Completed | Fact::Canceled | Fact::Sent | Fact::Filed { .. })
}

fn in_and_out(tally: &mut Tally) {
    (tally.transferred_in, tally.transferred_out) = (1, 1);
}

/// Returns the same for each.
fn each(
    whose: impl IntoIterator<Item = Counted>,
    set: impl Fn(&mut Tally),
) -> Vec<(Counted, Tally)> {
    let of_one = |one| {
        let mut tally = Tally::default();
        set(&mut tally);
        (one, tally)
    };
    whose.into_iter().map(of_one).collect()
}

impl History<'_> {
    fn add_to(&self, recount: &mut Recount) {
        for n in 0..self.facts.len() {
            for (counted, tally) in self.counts(n) {
                let quarter = quarter_of(self.facts[n].at);
                let key = Key { quarter, center: self.interaction.center, counted };
                recount.quarters.entry(key).or_default().add(tally);
            }
        }
        let is_over = self.facts.iter().any(|it| is_end(&it.fact));
        if let Some((n, queue)) = self.waits(self.facts.len()).filter(|_| !is_over) {
            let at = self.facts[n].at;
            let waiting = recount.waiting.entry(queue).or_insert(Waiting { count: 0, oldest: at });
            waiting.count += 1;
            waiting.oldest = waiting.oldest.min(at);
        }
    }

    fn counts(&self, n: usize) -> Vec<(Counted, Tally)> {
        let mut found = self.of_hands(n);
        found.extend(self.of_queues(n));
        found.extend(self.of_offers(n));
        found.extend(self.of_ends(n));
        found
    }

    /// What is counted of work in hands, and of its changing hands.
    fn of_hands(&self, n: usize) -> Vec<(Counted, Tally)> {
        let at = self.facts[n].at;
        let mut found = Vec::new();
        if let (Some((_, owner)), Some(ms)) = (self.held(n), self.stretch(n)) {
            let whose = self.rows(self.queue(n)).into_iter().chain([Counted::Agent(owner)]);
            found.extend(each(whose, |it| it.handling.note(ms)));
        }
        if let Some(to) = self.handed_over(n) {
            found.extend(each(self.owner(n).map(Counted::Agent), |it| it.transferred_out = 1));
            found.extend(each([Counted::Agent(to)], |it| it.transferred_in = 1));
            found.extend(each(self.rows(None), in_and_out));
        }
        let is_first = !(0..n).any(|n| self.answers(n).is_some());
        if let Some(by) = self.answers(n).filter(|_| is_first) {
            let arrived = self.facts.iter().find(|it| matches!(it.fact, Fact::Queued { .. }));
            let ms = at.ms_since(arrived.unwrap().at);
            let whose = self.rows(self.queue(n)).into_iter().chain([Counted::Agent(by)]);
            found.extend(each(whose, |it| it.first_answer.note(ms)));
        }
        found
    }

    fn of_queues(&self, n: usize) -> Vec<(Counted, Tally)> {
        let Happened { cause, entry, fact, .. } = &self.facts[n];
        let Fact::Queued { queue, .. } = fact else { return Vec::new() };
        let is_first = self.queue(n).is_none();
        let mut found = each(self.rows(Some(*queue)), |it| {
            (it.entered, it.arrived) = (1, u64::from(is_first));
        });
        let is_users = matches!(cause, Cause::User(_));
        let mut entry = self.facts.iter().filter(|it| it.entry == *entry);
        let is_review = entry.any(|it| it.fact == Fact::SentForReview);
        if let Some(owner) = self.owner(n).filter(|_| is_users && !is_review) {
            let from = self.queue(n).map(Counted::Queue).into_iter().chain([Counted::Agent(owner)]);
            found.extend(each(from, |it| it.transferred_out = 1));
            found.extend(each([Counted::Queue(*queue)], |it| it.transferred_in = 1));
            found.extend(each(self.rows(None), in_and_out));
        }
        found
    }

    fn of_offers(&self, n: usize) -> Vec<(Counted, Tally)> {
        match &self.facts[n].fact {
            Fact::Offered { to, kind, .. } if is_own(*kind) => {
                each(self.offered(n, *to, *kind), |it| it.offered = 1)
            }
            Fact::Accepted { by, kind } if is_own(*kind) => {
                let waited = if self.waits(n).is_some() { OfferKind::Routed } else { *kind };
                let mut found = each(self.offered(n, *by, *kind), |it| it.accepted = 1);
                found.extend(each(self.offered(n, *by, waited), |it| self.note_wait(n, it)));
                found
            }
            Fact::Taken { by } => {
                let whose = self.offered(n, *by, OfferKind::Routed);
                each(whose, |it| self.note_wait(n, it))
            }
            Fact::Rejected { by } => each(self.of_open_offer(n, *by), |it| it.rejected = 1),
            Fact::OfferExpired { to } => each(self.of_open_offer(n, *to), |it| it.timed_out = 1),
            Fact::OfferRevoked { to, .. } => {
                each(self.of_open_offer(n, *to), |it| it.withdrawn = 1)
            }
            _ => Vec::new(),
        }
    }

    /// Notes how long it has waited when somebody gets it.
    fn note_wait(&self, n: usize, tally: &mut Tally) {
        let Some((from, _)) = self.waits(n) else { return };
        let from = &self.facts[from];
        let waited = self.facts[n].at.ms_since(from.at);
        if let Fact::Queued { target_ms: Some(target), .. } = from.fact {
            (tally.promised, tally.kept) = (1, u64::from(waited <= target));
        }
        tally.wait.note(waited);
    }

    fn of_ends(&self, n: usize) -> Vec<(Counted, Tally)> {
        let fact = &self.facts[n].fact;
        if !is_end(fact) {
            return Vec::new();
        }
        let is_done = *fact == Fact::Completed;
        let mut found = each(self.of_owned(n), |it| (it.ended, it.completed) = (1, is_done.into()));
        let disposition = self.facts[..n].iter().rev().find_map(|it| match &it.fact {
            Fact::DispositionSet { disposition } => Some(disposition.clone()),
            _ => None,
        });
        if let Some(text) = disposition.flatten().filter(|_| is_done) {
            let mark = DispositionMark::of(self.interaction.center, &text);
            let handled: u64 = (0..=n).filter_map(|n| self.stretch(n)).sum();
            found.extend(each([Counted::Disposition(mark)], |it| {
                (it.completed, it.ended) = (1, 1);
                it.handling.note(handled);
            }));
        }
        if let Some((from, queue)) = self.waits(n).filter(|_| *fact == Fact::Canceled) {
            let fact = &self.facts[from].fact;
            let is_promised = matches!(fact, Fact::Queued { target_ms: Some(_), .. });
            found.extend(each(self.rows(Some(queue)), |it| {
                (it.abandoned, it.promised) = (1, is_promised.into());
            }));
        }
        found
    }

    /// Returns the agent to whom another hands it over.
    fn handed_over(&self, n: usize) -> Option<UserId> {
        match (&self.facts[n].fact, self.facts[n].cause) {
            (Fact::Accepted { by, kind: OfferKind::Transfer }, _) => {
                self.owner(n).is_some().then_some(*by)
            }
            (Fact::OwnerChanged { to: by }, Cause::User(_)) => Some(*by),
            _ => None,
        }
    }

    /// Returns the agent who answers the customer.
    fn answers(&self, n: usize) -> Option<UserId> {
        self.queue(n)?;
        match (&self.facts[n].fact, self.facts[n].cause) {
            (Fact::Said(said), _) => said.answered_by(),
            (Fact::DraftClosed { answers: true, .. }, Cause::User(user)) => Some(user),
            _ => None,
        }
    }

    /// Returns the queue that it was last in before.
    fn queue(&self, n: usize) -> Option<QueueId> {
        self.facts[..n].iter().rev().find_map(|it| match it.fact {
            Fact::Queued { queue, .. } => Some(queue),
            _ => None,
        })
    }

    /// Returns since which fact it waits before another, and where.
    fn waits(&self, n: usize) -> Option<(usize, QueueId)> {
        let found = (0..n).rev().find_map(|n| match self.facts[n].fact {
            Fact::Queued { queue, .. } => Some(Some((n, queue))),
            Fact::Accepted { kind: OfferKind::Routed | OfferKind::Transfer, .. }
            | Fact::Taken { .. }
            | Fact::Parked { .. } => Some(None),
            _ => None,
        });
        found.flatten()
    }

    fn owner(&self, n: usize) -> Option<UserId> {
        let last = (0..n).rev().find_map(|n| match (&self.facts[n].fact, self.facts[n].cause) {
            (Fact::Accepted { by, kind }, _) if is_own(*kind) => Some(Some(*by)),
            (Fact::Pulled { by, .. } | Fact::Taken { by } | Fact::OwnerChanged { to: by }, _) => {
                Some(Some(*by))
            }
            (Fact::Opened, Cause::User(by)) => Some(Some(by).filter(|_| !self.goes_to_queue(n))),
            (Fact::Queued { .. } | Fact::Parked { .. } | Fact::Opened, _) => Some(None),
            _ => None,
        });
        last.flatten()
    }

    fn goes_to_queue(&self, n: usize) -> bool {
        let entry = self.facts[n].entry;
        self.facts.iter().any(|it| it.entry == entry && matches!(it.fact, Fact::Queued { .. }))
    }

    /// Returns since which fact somebody has it in hands before another, and who.
    fn held(&self, n: usize) -> Option<(usize, UserId)> {
        let is_outbound = self.interaction.direction == Direction::Outbound;
        let is_draft = is_outbound && self.interaction.email().is_some();
        let last = (0..n).rev().find_map(|n| match &self.facts[n].fact {
            Fact::Accepted { kind, .. } if !is_own(*kind) => None,
            Fact::Accepted { .. }
            | Fact::Pulled { .. }
            | Fact::Taken { .. }
            | Fact::OwnerChanged { .. }
            | Fact::Opened => Some(Some(n).filter(|_| !is_draft)),
            _ if self.ends_hold(n) => Some(None),
            _ => None,
        })?;
        Some((last?, self.owner(n)?))
    }

    fn ends_hold(&self, n: usize) -> bool {
        match &self.facts[n].fact {
            Fact::Queued { .. }
            | Fact::OwnerChanged { .. }
            | Fact::Parked { .. }
            | Fact::SendStarted => true,
            Fact::Accepted { kind, .. } => *kind == OfferKind::Transfer,
            fact => is_end(fact),
        }
    }

    fn stretch(&self, n: usize) -> Option<u64> {
        let (from, _) = self.held(n).filter(|_| self.ends_hold(n))?;
        Some(self.facts[n].at.ms_since(self.facts[from].at))
    }

    /// Returns of whom an open offer is that was made to an agent.
    fn of_open_offer(&self, n: usize, agent: UserId) -> Vec<Counted> {
        let last = (0..n).rev().find_map(|n| match &self.facts[n].fact {
            Fact::Offered { to, kind, .. } if is_own(*kind) => Some(Some((*to, *kind))),
            Fact::Accepted { kind, .. } if is_own(*kind) => Some(None),
            Fact::Rejected { by: user }
            | Fact::OfferExpired { to: user }
            | Fact::OfferRevoked { to: user, .. }
                if *user == agent =>
            {
                Some(None)
            }
            Fact::Queued { .. } => Some(None),
            _ => None,
        });
        let open = last.flatten().filter(|(to, _)| *to == agent);
        open.map_or_else(Vec::new, |(to, kind)| self.offered(n, to, kind))
    }

    fn offered(&self, n: usize, agent: UserId, kind: OfferKind) -> Vec<Counted> {
        let mut whose = vec![Counted::Agent(agent)];
        if kind == OfferKind::Routed {
            whose.extend(self.rows(self.queue(n)));
        }
        whose
    }

    fn of_owned(&self, n: usize) -> Vec<Counted> {
        let owner = self.owner(n).map(Counted::Agent);
        self.rows(self.queue(n)).into_iter().chain(owner).collect()
    }

    /// Returns what counts whatever happens to it, and a queue.
    fn rows(&self, queue: Option<QueueId>) -> Vec<Counted> {
        let service = self.interaction.chat().map(|chat| chat.service.clone());
        [Counted::Center, Counted::Channel(self.interaction.media())]
            .into_iter()
            .chain(service.map(Counted::Service))
            .chain(queue.map(Counted::Queue))
            .collect()
    }
}
