//! The course of one interaction, as its history tells it: where it waited, whom the router asked,
//! who worked on it in between.

use std::collections::BTreeSet;

use handoff_domain::event::Cause;
use handoff_domain::interaction::{Mode, Pass};
use handoff_domain::{Fact, InteractionId, Media, OfferKind, Time, UserId, Wait};

/// What an interaction is to routing, whatever becomes of it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) id: InteractionId,
    pub(super) media: Media,
    pub(super) priority: i64,
    /// Drafts take no slots.
    pub(super) is_draft: bool,
}

/// One interaction within a span of time.
#[derive(Clone, Debug)]
pub(super) struct Course {
    pub(super) subject: Subject,
    /// Who had a slot for it at the beginning, not by an offer of the router's.
    pub(super) held: BTreeSet<UserId>,
    /// What happened before its first wait here.
    pub(super) before: Vec<Deed>,
    pub(super) waits: Vec<Waited>,
}

/// What happened to slots, apart from the router's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deed {
    pub(super) at: Time,
    pub(super) user: UserId,
    pub(super) what: Slot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Slot {
    Taken,
    Freed,
    /// They were offered it by name: whoever was offered something last is asked last.
    Offered,
}

/// One wait in one queue.
#[derive(Clone, Debug)]
pub(super) struct Waited {
    /// The wait as it began, or as it was at the beginning of the span.
    pub(super) wait: Wait,
    pub(super) entered: Time,
    /// The router's offers, oldest first. Of those before the span only one that was open then is
    /// here; the others are passes of the wait.
    pub(super) asked: Vec<Asked>,
    pub(super) end: End,
    /// What happened after its end, up to the next wait.
    pub(super) then: Vec<Deed>,
}

impl Waited {
    /// Returns when somebody who took it had no more to do with it; `None` while they have it.
    pub(super) fn freed_at(&self, user: UserId) -> Option<Time> {
        let freed = self.then.iter().find(|deed| deed.user == user && deed.what == Slot::Freed);
        freed.map(|deed| deed.at)
    }
}

/// An offer of the router's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) to: UserId,
    pub(super) at: Time,
    pub(super) expires: Time,
    /// What became of it, and when; `None` while it is open.
    pub(super) answer: Option<(Time, Answer)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Accepted,
    Rejected,
    Expired,
    /// It was taken back.
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Accepted {
        by: UserId,
        at: Time,
    },
    /// It left the queue in another way: the customer went, the queue ceased to be.
    Left {
        at: Time,
    },
    Open,
}

/// Makes a course of what happened, in order.
pub(super) struct Recorder {
    course: Course,
    begin: Time,
    has_begun: bool,
    owner: Option<UserId>,
    offered: Option<UserId>,
    others: BTreeSet<UserId>,
}

impl Recorder {
    /// Begins with an interaction that nothing has happened to. What is recorded of the time before
    /// `begin` only says how things stood then.
    pub(super) fn new(subject: Subject, begin: Time) -> Self {
        let course =
            Course { subject, held: BTreeSet::new(), before: Vec::new(), waits: Vec::new() };
        let (owner, offered, others) = (None, None, BTreeSet::new());
        Self { course, begin, has_begun: false, owner, offered, others }
    }

    /// Returns the course, when routing had or has anything to do with it.
    pub(super) fn finish(mut self) -> Course {
        self.begin();
        self.course
    }

    pub(super) fn record(&mut self, at: Time, cause: Cause, fact: &Fact) {
        if at >= self.begin {
            self.begin();
        }
        let was_waiting = self.is_waiting();
        let before = self.holders();
        self.follow(at, cause, fact);
        // What the router does to slots is found anew; the rest is as it was.
        if was_waiting || !self.has_begun || self.course.subject.is_draft {
            return;
        }
        let after = self.holders();
        let deed = |user: &UserId, what| Deed { at, user: *user, what };
        let mut deeds: Vec<Deed> = Vec::new();
        deeds.extend(before.difference(&after).map(|user| deed(user, Slot::Freed)));
        deeds.extend(after.difference(&before).map(|user| deed(user, Slot::Taken)));
        if let Fact::Offered { to, kind, .. } = fact
            && !kind.is_supervision()
        {
            deeds.push(deed(to, Slot::Offered));
        }
        // What led to a wait that has just begun belongs to the time before it.
        let closed = self.course.waits.len() - usize::from(self.is_waiting());
        match closed.checked_sub(1) {
            Some(last) => self.course.waits[last].then.extend(deeds),
            None => self.course.before.extend(deeds),
        }
    }

    /// Forgets how things came to stand as they do at the beginning.
    fn begin(&mut self) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let is_waiting = self.is_waiting();
        let closed = self.course.waits.len() - usize::from(is_waiting);
        self.course.waits.drain(..closed);
        for waited in &mut self.course.waits {
            waited.asked.retain(|asked| asked.answer.is_none());
        }
        if !is_waiting && !self.course.subject.is_draft {
            self.course.held = self.holders();
        }
    }

    fn is_waiting(&self) -> bool {
        self.course.waits.last().is_some_and(|waited| waited.end == End::Open)
    }

    fn holders(&self) -> BTreeSet<UserId> {
        let mut holders = self.others.clone();
        holders.extend(self.owner);
        holders.extend(self.offered);
        holders
    }

    fn follow(&mut self, at: Time, cause: Cause, fact: &Fact) {
        match fact {
            Fact::Opened => {
                self.owner = if let Cause::User(user) = cause { Some(user) } else { None };
            }
            Fact::Queued { queue, since, front, skills, .. } => {
                self.leave(at);
                let mode =
                    if self.course.subject.is_draft { Mode::Composing } else { Mode::Processing };
                let (since, skills) = (since.unwrap_or(at), skills.clone());
                let (queue, front, passes) = (*queue, *front, Vec::new());
                let widened = 0;
                let wait = Wait { queue, since, front, mode, widened, skills, passes };
                let (asked, then) = (Vec::new(), Vec::new());
                self.course.waits.push(Waited { wait, entered: at, asked, end: End::Open, then });
            }
            Fact::Offered { to, kind, expires, .. } => self.offer(at, *to, *kind, *expires),
            Fact::Accepted { by, kind } => self.accept(at, *by, *kind),
            Fact::Rejected { by } => self.refuse(at, *by, Answer::Rejected),
            Fact::OfferExpired { to } => self.refuse(at, *to, Answer::Expired),
            Fact::OfferRevoked { to, .. } => self.refuse(at, *to, Answer::Gone),
            Fact::Pulled { by, .. } => self.owner = Some(*by),
            Fact::Taken { by } => {
                self.leave(at);
                self.owner = Some(*by);
            }
            Fact::Widened { step } => {
                let waited = self.course.waits.last_mut().filter(|it| it.end == End::Open);
                if let Some(waited) = waited {
                    waited.wait.widened = *step;
                }
            }
            Fact::ParticipantLeft { user } => {
                self.others.remove(user);
                self.owner.take_if(|owner| owner == user);
            }
            Fact::OwnerChanged { to } => {
                self.others.remove(to);
                self.owner = Some(*to);
            }
            Fact::Parked { .. }
            | Fact::SendStarted
            | Fact::Completed
            | Fact::Canceled
            | Fact::Sent
            | Fact::Filed { .. } => self.leave(at),
            _ => {}
        }
    }

    /// Nobody has it any more, and it waits no longer.
    fn leave(&mut self, at: Time) {
        if let Some(waited) = self.course.waits.last_mut().filter(|it| it.end == End::Open) {
            waited.end = End::Left { at };
        }
        (self.owner, self.offered) = (None, None);
        self.others.clear();
    }

    fn offer(&mut self, at: Time, to: UserId, kind: OfferKind, expires: Time) {
        if kind.is_supervision() {
            return;
        }
        self.offered = Some(to);
        if let Some(waited) = self.course.waits.last_mut().filter(|it| it.end == End::Open) {
            waited.asked.push(Asked { to, at, expires, answer: None });
        }
    }

    fn accept(&mut self, at: Time, by: UserId, kind: OfferKind) {
        self.offered.take_if(|offered| *offered == by);
        self.others.remove(&by);
        match kind.role() {
            None => self.owner = Some(by),
            Some(role) if role.is_supervision() => {}
            Some(_) => drop(self.others.insert(by)),
        }
        self.answer(at, by, Answer::Accepted);
        if let Some(waited) = self.course.waits.last_mut().filter(|it| it.end == End::Open) {
            waited.end = End::Accepted { by, at };
        }
    }

    fn refuse(&mut self, at: Time, by: UserId, answer: Answer) {
        self.offered.take_if(|offered| *offered == by);
        self.answer(at, by, answer);
        let waited = self.course.waits.last_mut().filter(|it| it.end == End::Open);
        if let Some(waited) = waited.filter(|_| !self.has_begun) {
            waited.wait.pass(Pass { user: by, at });
        }
    }

    fn answer(&mut self, at: Time, by: UserId, answer: Answer) {
        let waited = self.course.waits.last_mut().filter(|it| it.end == End::Open);
        let open = waited.and_then(|it| it.asked.last_mut()).filter(|it| it.answer.is_none());
        if let Some(asked) = open.filter(|asked| asked.to == by) {
            asked.answer = Some((at, answer));
        }
    }
}
