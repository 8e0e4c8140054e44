//! Following one interaction, and what each fact of it counts for.

use handoff_domain::event::Cause;
use handoff_domain::{CenterId, Fact, Interaction, Media, OfferKind, QueueId, Time, UserId};
use handoff_engine::{Counted, DispositionMark, Tally};
use handoff_store::LogEntry;

/// What never changes of an interaction. Facts do not say it, so the record is read once, with its
/// first entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct About {
    pub(super) center: CenterId,
    pub(super) media: Media,
    pub(super) service: Option<String>,
    /// Whether agents write it: the time that they take for it is no handling.
    pub(super) is_draft: bool,
}

impl About {
    pub(super) fn of(interaction: &Interaction) -> Self {
        Self {
            center: interaction.center,
            media: interaction.media(),
            service: interaction.chat().map(|chat| chat.service.clone()),
            is_draft: interaction.email().is_some()
                && interaction.direction == handoff_domain::Direction::Outbound,
        }
    }
}

/// Where an interaction is that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) about: About,
    /// The queue that it was last in.
    pub(super) queue: Option<QueueId>,
    /// When it entered that; `None` when it waits no longer.
    pub(super) since: Option<Time>,
    /// What that promised when it did.
    pub(super) target_ms: Option<u64>,
    /// When it entered a queue first.
    pub(super) arrived: Option<Time>,
    pub(super) is_answered: bool,
    /// To whom it is offered, so that they would own it.
    pub(super) offer: Option<(UserId, OfferKind)>,
    /// Whose it is.
    pub(super) owner: Option<UserId>,
    /// Since when they have it in hands.
    pub(super) held: Option<Time>,
    /// How long agents had it in hands before.
    pub(super) handled_ms: u64,
    pub(super) disposition: Option<DispositionMark>,
    pub(super) is_over: bool,
}

/// An entry while its facts are gone through.
struct Step<'a> {
    entry: &'a LogEntry,
    found: Vec<(Counted, Tally)>,
}

impl Step<'_> {
    fn has(&self, is: impl Fn(&Fact) -> bool) -> bool {
        self.entry.facts.iter().any(is)
    }

    fn is_users(&self) -> bool {
        matches!(self.entry.cause, Cause::User(_))
    }

    fn count(
        &mut self,
        whose: impl IntoIterator<Item = Counted>,
        count: impl Fn(&mut Tally) + Copy,
    ) {
        self.found.extend(whose.into_iter().map(|whose| {
            let mut tally = Tally::default();
            count(&mut tally);
            (whose, tally)
        }));
    }
}

impl Place {
    pub(super) const fn new(about: About) -> Self {
        Self {
            about,
            queue: None,
            since: None,
            target_ms: None,
            arrived: None,
            is_answered: false,
            offer: None,
            owner: None,
            held: None,
            handled_ms: 0,
            disposition: None,
            is_over: false,
        }
    }

    /// Follows what happened, and returns what it counts for.
    pub(super) fn follow(&mut self, entry: &LogEntry) -> Vec<(Counted, Tally)> {
        let mut step = Step { entry, found: Vec::new() };
        for fact in &entry.facts {
            if !self.is_over {
                self.take(fact, &mut step);
            }
        }
        step.found
    }

    fn take(&mut self, fact: &Fact, step: &mut Step<'_>) {
        let at = step.entry.at;
        match fact {
            Fact::Opened => self.open(step),
            Fact::Queued { queue, target_ms, .. } => self.enter(*queue, *target_ms, step),
            Fact::Offered { to, kind, .. } if kind.role().is_none() => {
                self.offer = Some((*to, *kind));
                step.count(self.offered(*to, *kind), |it| it.offered = 1);
            }
            Fact::Accepted { by, kind } if kind.role().is_none() => self.accept(*by, *kind, step),
            Fact::Rejected { by } => self.end_offer(*by, step, |it| it.rejected = 1),
            Fact::OfferExpired { to } => self.end_offer(*to, step, |it| it.timed_out = 1),
            Fact::OfferRevoked { to, .. } => self.end_offer(*to, step, |it| it.withdrawn = 1),
            Fact::Pulled { by, .. } => self.hold(*by, at),
            Fact::Taken { by } => self.take_out(*by, step),
            Fact::OwnerChanged { to } => {
                if step.is_users() {
                    self.transfer(Counted::Agent(*to), None, step);
                }
                self.release(step);
                self.hold(*to, at);
            }
            Fact::Parked { .. } => {
                self.release(step);
                (self.since, self.owner) = (None, None);
            }
            Fact::Said(said) => self.answer(said.answered_by(), step),
            Fact::DraftClosed { answers: true, .. } => {
                let by = if let Cause::User(user) = step.entry.cause { Some(user) } else { None };
                self.answer(by.or(self.owner), step);
            }
            Fact::DispositionSet { disposition } => {
                let mark = |text: &String| DispositionMark::of(self.about.center, text);
                self.disposition = disposition.as_ref().map(mark);
            }
            Fact::SendStarted => self.release(step),
            Fact::Completed => self.complete(step),
            Fact::Canceled => {
                self.abandon(step);
                self.end(step);
            }
            Fact::Sent | Fact::Filed { .. } => self.end(step),
            _ => {}
        }
    }

    /// Whoever opens it has it, unless it goes to a queue.
    fn open(&mut self, step: &Step<'_>) {
        if let Cause::User(user) = step.entry.cause
            && !step.has(|fact| matches!(fact, Fact::Queued { .. }))
        {
            self.owner = Some(user);
            self.held = Some(step.entry.at).filter(|_| !self.about.is_draft);
        }
    }

    fn enter(&mut self, queue: QueueId, target_ms: Option<u64>, step: &mut Step<'_>) {
        let is_review = step.has(|fact| matches!(fact, Fact::SentForReview));
        if step.is_users() && self.owner.is_some() && !is_review {
            self.transfer(Counted::Queue(queue), self.queue, step);
        }
        self.release(step);
        let at = step.entry.at;
        let is_first = self.arrived.is_none();
        self.arrived = self.arrived.or(Some(at));
        (self.queue, self.since, self.target_ms) = (Some(queue), Some(at), target_ms);
        (self.owner, self.offer) = (None, None);
        step.count(self.of_queue(), |it| {
            it.entered = 1;
            it.arrived = is_first.into();
        });
    }

    fn accept(&mut self, by: UserId, kind: OfferKind, step: &mut Step<'_>) {
        self.offer = None;
        let at = step.entry.at;
        // What waits in a queue may be handed over by a supervisor as well.
        let waited = if self.since.is_some() { OfferKind::Routed } else { kind };
        self.end_wait(self.offered(by, waited), step);
        step.count(self.offered(by, kind), |it| it.accepted = 1);
        if kind == OfferKind::Transfer && self.owner.is_some() {
            self.transfer(Counted::Agent(by), None, step);
        }
        self.release(step);
        self.hold(by, at);
    }

    /// A supervisor puts it into somebody's hands, out of its queue.
    fn take_out(&mut self, by: UserId, step: &mut Step<'_>) {
        self.end_wait(self.offered(by, OfferKind::Routed), step);
        self.hold(by, step.entry.at);
    }

    /// Counts the wait that is over because somebody has it, for those whose it is.
    fn end_wait(&mut self, whose: Vec<Counted>, step: &mut Step<'_>) {
        let Some(since) = self.since.take() else { return };
        let waited = step.entry.at.ms_since(since);
        let (promised, kept) =
            (self.target_ms.is_some(), self.target_ms.is_some_and(|target| waited <= target));
        step.count(whose, |it| {
            (it.promised, it.kept) = (promised.into(), kept.into());
            it.wait.note(waited);
        });
    }

    fn end_offer(&mut self, to: UserId, step: &mut Step<'_>, count: impl Fn(&mut Tally) + Copy) {
        if let Some((_, kind)) = self.offer.take_if(|(whom, _)| *whom == to) {
            step.count(self.offered(to, kind), count);
        }
    }

    fn hold(&mut self, by: UserId, at: Time) {
        (self.owner, self.held) = (Some(by), Some(at).filter(|_| !self.about.is_draft));
    }

    /// Whoever has it in hands has it no longer.
    fn release(&mut self, step: &mut Step<'_>) {
        let Some(held) = self.held.take() else { return };
        let ms = step.entry.at.ms_since(held);
        self.handled_ms = self.handled_ms.saturating_add(ms);
        step.count(self.of_both(), |it| it.handling.note(ms));
    }

    /// Whoever has it gives it away, out of its queue when that is another's from now on.
    fn transfer(&self, to: Counted, queue: Option<QueueId>, step: &mut Step<'_>) {
        let from = self.owner.map(Counted::Agent).into_iter().chain(queue.map(Counted::Queue));
        step.count(from, |it| it.transferred_out = 1);
        step.count([to], |it| it.transferred_in = 1);
        step.count(self.of_all(), |it| (it.transferred_in, it.transferred_out) = (1, 1));
    }

    fn answer(&mut self, by: Option<UserId>, step: &mut Step<'_>) {
        let (Some(by), Some(arrived), false) = (by, self.arrived, self.is_answered) else { return };
        self.is_answered = true;
        let ms = step.entry.at.ms_since(arrived);
        let whose = self.of_queue().into_iter().chain([Counted::Agent(by)]);
        step.count(whose, |it| it.first_answer.note(ms));
    }

    fn complete(&mut self, step: &mut Step<'_>) {
        self.release(step);
        step.count(self.of_both(), |it| it.completed = 1);
        let handled_ms = self.handled_ms;
        step.count(self.disposition.map(Counted::Disposition), |it| {
            (it.completed, it.ended) = (1, 1);
            it.handling.note(handled_ms);
        });
        self.end(step);
    }

    /// Counts what ends while somebody waits for it to be taken.
    fn abandon(&mut self, step: &mut Step<'_>) {
        if self.since.take().is_some() {
            let is_promised = self.target_ms.is_some();
            step.count(self.of_queue(), |it| {
                it.abandoned = 1;
                it.promised = is_promised.into();
            });
        }
    }

    fn end(&mut self, step: &mut Step<'_>) {
        self.release(step);
        step.count(self.of_both(), |it| it.ended = 1);
        self.is_over = true;
    }

    /// Returns of whom an offer is: of the agent, and of the rest when it is the router's.
    fn offered(&self, agent: UserId, kind: OfferKind) -> Vec<Counted> {
        let mut whose = if kind == OfferKind::Routed { self.of_queue() } else { Vec::new() };
        whose.push(Counted::Agent(agent));
        whose
    }

    fn of_both(&self) -> Vec<Counted> {
        let mut whose = self.of_queue();
        whose.extend(self.owner.map(Counted::Agent));
        whose
    }

    fn of_queue(&self) -> Vec<Counted> {
        let mut whose = self.of_all();
        whose.extend(self.queue.map(Counted::Queue));
        whose
    }

    /// Returns of whom all of it is.
    fn of_all(&self) -> Vec<Counted> {
        let mut whose = vec![Counted::Center, Counted::Channel(self.about.media.clone())];
        whose.extend(self.about.service.clone().map(Counted::Service));
        whose
    }
}
