//! A change in the making: a working copy of the interaction plus what only the command knows
//! (facts, what somebody sees when it stops concerning them). Everything that follows from the
//! states before and after is derived here when the change is finished: epoch, slots, timers, who
//! is concerned. No command sets any of these itself, so none can forget one.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use crate::center::{Queue, SkillLevels};
use crate::chat;
use crate::command::Actor;
use crate::event::{Event, Fact, NotificationType, RevokeReason, Subject};
use crate::id::{QueueId, SkillId, UserId, WorkbinId};
use crate::interaction::attempt::Purpose;
use crate::interaction::context::Context;
use crate::interaction::decision::{Decision, TimerChange, TimerKind};
use crate::interaction::{
    Handling, Interaction, Mode, Offer, OfferKind, Pass, Reminder, State, Status, Wait,
};
use crate::interaction::{conversation, desks, notices};
use crate::time::Time;

/// A change in the making.
pub(super) struct Change<'a> {
    /// The interaction before; `None` when it comes into being.
    before: Option<&'a Interaction>,
    /// Who causes it.
    pub(super) actor: &'a Actor,
    /// What it depends on.
    pub(super) context: &'a Context<'a>,
    /// The interaction afterwards, as far as it is worked out.
    pub(super) after: Interaction,
    /// What happened, in order.
    pub(super) facts: Vec<Fact>,
    /// What those see whom it stops concerning; whoever is not named sees that it was taken away.
    pub(super) last_seen: BTreeMap<UserId, Status>,
    /// What somebody is told went wrong.
    pub(super) errors: BTreeMap<UserId, String>,
    /// The kind of message for those whose own view of the state stays the same.
    pub(super) kind: NotificationType,
    /// Other interactions that change with it.
    pub(super) related: Vec<Related>,
    /// Who is told of the change of this interaction.
    pub(super) addressees: Addressees,
    /// What was said in its conversation, in order.
    pub(super) said: Vec<chat::Entry>,
    /// Where the conversation was when somebody had said their last words; who is there then hears
    /// them, whoever goes with the change.
    pub(super) last_words: Option<LastWords>,
    /// Who answered what they were offered, or let it pass by.
    pub(super) heard: Option<(UserId, Heard)>,
    /// Who handed it over to somebody else, which the conversation tells from leaving.
    pub(super) handed_over: Option<UserId>,
    purpose: Purpose,
}

/// A moment in the middle of a change: last words are said, and nobody has gone yet.
pub(super) struct LastWords {
    pub(super) then: Interaction,
    /// How much of what is said was said by then.
    pub(super) said: usize,
}

/// Who is told of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addressees {
    /// Those whom it concerns.
    Everybody,
    /// Nobody: it changed nothing that an agent sees.
    Nobody,
    /// One user alone: a supervisor whose doings are not the others' business.
    Only(UserId),
}

impl Addressees {
    /// Tells whether a user whom the change concerns is told of it.
    pub(super) fn includes(self, user: UserId) -> bool {
        match self {
            Self::Everybody => true,
            Self::Nobody => false,
            Self::Only(only) => only == user,
        }
    }
}

/// Another interaction that changes with the one that the command is about.
pub(super) enum Related {
    /// It comes into being: its owner is shown it.
    New(Interaction, Vec<Fact>),
    /// Its list of open drafts changes, and with it what may be done with it, or is owed: those see
    /// it whom it concerns.
    Changed(Interaction, Vec<Fact>),
}

/// What an agent did about what they were offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Answered,
    /// They let it pass by that was made then.
    Missed {
        since: Time,
    },
}

/// How an offer ended that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Its target rejected it.
    Rejected,
    /// Its time was over.
    Expired,
    /// Its target is gone.
    Gone,
}

/// How an interaction enters a queue.
pub(super) struct Entry {
    pub(super) queue: QueueId,
    /// How soon that promises an answer.
    pub(super) target_ms: Option<u64>,
    /// Its place in line.
    pub(super) since: Time,
    /// Whether it goes before everything that entered normally.
    pub(super) front: bool,
    /// Skills asked for beyond the queue's.
    pub(super) skills: SkillLevels,
    /// The skill that a transfer to a skill added.
    pub(super) skill: Option<SkillId>,
}

impl Entry {
    /// Enters a queue at a place in line, with nothing asked for beyond what the queue asks for.
    pub(super) const fn of(queue: &Queue, since: Time) -> Self {
        Self {
            queue: queue.id,
            target_ms: queue.answer_target_ms,
            since,
            front: false,
            skills: SkillLevels::new(),
            skill: None,
        }
    }
}

impl<'a> Change<'a> {
    /// Starts a change of an interaction.
    pub(super) fn of(
        before: &'a Interaction,
        actor: &'a Actor,
        context: &'a Context<'a>,
        purpose: Purpose,
    ) -> Self {
        Self { before: Some(before), purpose, ..Self::of_new(before.clone(), actor, context) }
    }

    /// Starts with an interaction that comes into being.
    pub(super) const fn of_new(
        after: Interaction,
        actor: &'a Actor,
        context: &'a Context<'a>,
    ) -> Self {
        Self {
            before: None,
            actor,
            context,
            after,
            facts: Vec::new(),
            last_seen: BTreeMap::new(),
            errors: BTreeMap::new(),
            kind: NotificationType::StatusChange,
            related: Vec::new(),
            addressees: Addressees::Everybody,
            said: Vec::new(),
            last_words: None,
            heard: None,
            handed_over: None,
            purpose: Purpose::CarryOut,
        }
    }

    /// Lets everybody who is there now hear what was said so far before they see what else the
    /// change brings.
    pub(super) fn end_last_words(&mut self) {
        self.last_words = Some(LastWords { then: self.after.clone(), said: self.said.len() });
    }

    /// Notes what a user sees when it stops concerning them.
    pub(super) fn last_sees(&mut self, user: UserId, status: Status) {
        self.last_seen.insert(user, status);
    }

    /// Returns the handling of an interaction that is owned at this point of the change.
    pub(super) const fn handling_mut(&mut self) -> Option<&mut Handling> {
        self.after.state.handling_mut()
    }

    /// Opens the router's offer to whom it chose of so many who could take it.
    pub(super) fn offer_of(&mut self, of: u32, to: UserId, timeout_ms: u64) {
        self.open_offer(to, OfferKind::Routed, timeout_ms, None, Some(of));
    }

    /// Opens an offer of somebody on a waiting or an owned interaction; an offer that is open
    /// already is replaced. What a supervisor offers themselves stands beside it.
    pub(super) fn offer(
        &mut self,
        to: UserId,
        kind: OfferKind,
        timeout_ms: u64,
        note: Option<String>,
    ) {
        self.open_offer(to, kind, timeout_ms, note, None);
    }

    fn open_offer(
        &mut self,
        to: UserId,
        kind: OfferKind,
        timeout_ms: u64,
        note: Option<String>,
        of: Option<u32>,
    ) {
        let now = self.context.now;
        let number = self.after.offers + 1;
        let expires = now.plus_ms(timeout_ms);
        let offer = Offer { number, to, kind, since: now, expires, note, nickname: None };
        self.facts.push(Fact::Offered { to, kind, expires: offer.expires, of });
        match &mut self.after.state {
            State::Queued(wait) | State::Invited(wait, _) => {
                let wait = wait.clone();
                self.after.state = State::Invited(wait, offer);
            }
            State::Handling(handling) if kind.is_supervision() => {
                handling.supervision_offers.push(offer)
            }
            State::Handling(handling) => handling.offer = Some(offer),
            State::Parked { .. } | State::Sending { .. } | State::Ended { .. } => {}
        }
        self.after.offers = number;
    }

    /// Ends what somebody was offered without its being accepted: a routed offer goes back to its
    /// place in line, of any other the owner is told, of what a supervisor asked for they
    /// alone.
    pub(super) fn refuse_offer(&mut self, to: UserId, how: Refused) {
        let Some(offer) = self.after.offer_to(to) else { return };
        let (kind, since) = (offer.kind, offer.since);
        self.facts.push(match how {
            Refused::Rejected => Fact::Rejected { by: to },
            Refused::Expired => Fact::OfferExpired { to },
            Refused::Gone => Fact::OfferRevoked { to, reason: RevokeReason::AgentGone },
        });
        if how == Refused::Rejected {
            self.last_sees(to, Status::Completed);
        }
        self.heard = match how {
            // What supervisors ask for themselves is no work that waits for them.
            _ if kind.is_supervision() => None,
            Refused::Rejected => Some((to, Heard::Answered)),
            Refused::Expired => Some((to, Heard::Missed { since })),
            Refused::Gone => None,
        };
        let at = self.context.now;
        match &mut self.after.state {
            State::Invited(wait, _) => {
                let mut wait = wait.clone();
                wait.pass(Pass { user: to, at });
                self.after.state = State::Queued(wait);
            }
            State::Handling(handling) => {
                take_offer(handling, to);
                match notices::refused_sentence(kind, how) {
                    Some(sentence) => drop(self.errors.insert(handling.by, sentence)),
                    None => self.addressees = Addressees::Only(to),
                }
            }
            State::Queued(_)
            | State::Parked { .. }
            | State::Sending { .. }
            | State::Ended { .. } => {}
        }
    }

    /// Takes the open offer of an owned interaction back, if there is one.
    pub(super) fn withdraw_offer(&mut self, reason: RevokeReason) {
        if let Some(offer) = self.handling_mut().and_then(|handling| handling.offer.take()) {
            self.facts.push(Fact::OfferRevoked { to: offer.to, reason });
        }
    }

    /// Takes everything back that supervisors asked for and have not taken.
    pub(super) fn withdraw_supervision_offers(&mut self, reason: RevokeReason) {
        let offers = self.handling_mut().map(|it| mem::take(&mut it.supervision_offers));
        let facts =
            offers.into_iter().flatten().map(|offer| Fact::OfferRevoked { to: offer.to, reason });
        self.facts.extend(facts);
    }

    /// Takes back what a supervisor asked for, because they are about to be offered
    /// another.
    pub(super) fn withdraw_supervision_offer(&mut self, to: UserId) {
        let Some(handling) = self.handling_mut() else { return };
        let offers = handling.supervision_offers.len();
        handling.supervision_offers.retain(|offer| offer.to != to);
        if handling.supervision_offers.len() < offers {
            self.facts.push(Fact::OfferRevoked { to, reason: RevokeReason::OwnerActed });
        }
    }

    /// Puts it into a queue.
    pub(super) fn enter_queue(&mut self, entry: Entry, mode: Mode) {
        let Entry { queue, target_ms, since, front, skills, skill } = entry;
        self.facts.push(Fact::Queued {
            queue,
            skill,
            since: Some(since).filter(|since| *since != self.context.now),
            front,
            skills: skills.clone(),
            target_ms,
        });
        self.after.queue = Some(queue);
        self.after.queued_at = Some(since);
        self.after.state = State::Queued(Wait {
            queue,
            since,
            front,
            mode,
            widened: 0,
            skills,
            passes: Vec::new(),
        });
    }

    /// Puts it into a workbin.
    pub(super) fn park(&mut self, workbin: WorkbinId, mode: Mode, reminder: Option<Reminder>) {
        let until = reminder.map(|reminder| reminder.at);
        self.facts.push(Fact::Parked { workbin, until });
        self.after.state = State::Parked { workbin, mode, reminder };
    }

    /// Puts it into an agent's hands.
    pub(super) fn hand_to(&mut self, by: UserId, mode: Mode, nickname: Option<String>) {
        let since = self.context.now;
        self.after.state = State::Handling(Handling {
            by,
            since,
            mode,
            nickname,
            offer: None,
            others: vec![],
            supervision_offers: vec![],
        });
    }

    /// Works out everything that follows.
    pub(super) fn finish(mut self) -> Decision {
        if self.purpose == Purpose::Ask {
            return Decision::without_consequences(self.after);
        }
        if self.before.is_none_or(|before| Place::of(before) != Place::of(&self.after)) {
            self.after.epoch += 1;
        }
        let mut concerned = mem::take(&mut self.after.concerned);
        concerned.extend(self.after.each_of_people());
        self.after.concerned = concerned;
        let came = conversation::settle(self.before, &mut self);
        let desks::Changed { desks, told } = desks::of(self.before, &self);
        let timers = self.timers();
        let mut owners = new_owner(self.before, &self.after, self.context);
        let notices = notices::of(self.before, &self);
        let said = mem::take(&mut self.said);
        let talk = conversation::talk(self.before, &self, said, &came);
        let Self { actor, context, after, facts, related, .. } = self;
        let any_event = |facts, subject, notices| Event {
            at: context.now,
            cause: actor.cause(),
            facts,
            subject,
            notices,
        };
        let event = |facts, subject: &Interaction, notices| {
            any_event(facts, Subject::Interaction(subject.clone()), notices)
        };
        let mut events = Vec::new();
        events.extend(talk.last_words.map(|(facts, then, notices)| event(facts, &then, notices)));
        events.extend(
            talk.endings
                .into_iter()
                .map(|(subject, notice)| any_event(vec![], subject, vec![notice])),
        );
        events.extend((!facts.is_empty()).then(|| event(facts, &after, notices)));
        events.extend(
            talk.transcripts
                .into_iter()
                .map(|(subject, notice)| any_event(vec![], subject, vec![notice])),
        );
        events.extend(talk.said.map(|(facts, notices)| event(facts, &after, notices)));
        events.extend(told);
        let mut others = Vec::new();
        for other in related {
            let (other, event) = match other {
                Related::New(new, facts) => {
                    let told = notices::of_other(&new, NotificationType::StatusChange);
                    let event = event(facts, &new, told);
                    owners.extend(new_owner(None, &new, context));
                    (new, event)
                }
                Related::Changed(other, facts) => {
                    let told = notices::of_other(&other, NotificationType::PropertiesUpdated);
                    let event = event(facts, &other, told);
                    (other, event)
                }
            };
            events.push(event);
            others.push(other);
        }
        Decision { after, related: others, desks, events, timers, owners }
    }

    /// Returns the timers that change: one for each open offer, that of a reminder, those of a
    /// conversation.
    fn timers(&self) -> Vec<TimerChange> {
        let mut timers = Vec::new();
        let before = self.before.into_iter().flat_map(Interaction::acceptable);
        let timer = |offer: &Offer| TimerKind::Offer { number: offer.number };
        let is_in = |interaction: &Interaction, offer: &Offer| {
            interaction.acceptable().any(|other| other.number == offer.number)
        };
        let closed = before.filter(|offer| !is_in(&self.after, offer));
        timers.extend(closed.map(|offer| TimerChange::Clear(timer(offer))));
        let opened = self
            .after
            .acceptable()
            .filter(|offer| self.before.is_none_or(|before| !is_in(before, offer)));
        timers.extend(opened.map(|offer| TimerChange::Set(timer(offer), offer.expires)));
        timers.extend(self.reminder_timer());
        timers.extend(conversation::timers(self.before, &self.after));
        timers
    }

    fn reminder_timer(&self) -> Option<TimerChange> {
        let before = self.before.and_then(|before| before.state.reminder());
        match self.after.state.reminder() {
            after if after == before => None,
            Some(reminder) => Some(TimerChange::Set(TimerKind::Reminder, reminder.at)),
            None => Some(TimerChange::Clear(TimerKind::Reminder)),
        }
    }
}

/// Takes away what a user was offered of an owned interaction.
pub(super) fn take_offer(handling: &mut Handling, to: UserId) {
    handling.offer.take_if(|offer| offer.to == to);
    handling.supervision_offers.retain(|offer| offer.to != to);
}

/// Returns who owns it from now on, if that is new, and how long they may be silent.
fn new_owner(
    before: Option<&Interaction>,
    after: &Interaction,
    context: &Context<'_>,
) -> BTreeMap<UserId, Time> {
    let owner = ownership(after).filter(|_| before.and_then(ownership) != ownership(after));
    let until = |since: Time| since.plus_ms(context.options.handling_timeout_ms);
    owner.map(|(user, since)| (user, until(since))).into_iter().collect()
}

/// Returns who owns it and since when.
fn ownership(interaction: &Interaction) -> Option<(UserId, Time)> {
    interaction.handling().map(|handling| (handling.by, handling.since))
}

/// Where an interaction is, as far as the epoch is concerned: a change of this raises it
/// (docs/compat/conventions.md#fencing, "owner or place"). Being offered from a queue is a place of
/// its own; an offer on an owned interaction, the mode of work and all data are not.
#[derive(PartialEq, Eq)]
enum Place {
    Queue(QueueId),
    Offered(u64),
    Hands(UserId),
    Workbin(WorkbinId),
    Sending,
    Ended,
}

impl Place {
    const fn of(interaction: &Interaction) -> Self {
        match &interaction.state {
            State::Queued(wait) => Self::Queue(wait.queue),
            State::Invited(_, offer) => Self::Offered(offer.number),
            State::Handling(handling) => Self::Hands(handling.by),
            State::Parked { workbin, .. } => Self::Workbin(*workbin),
            State::Sending { .. } => Self::Sending,
            State::Ended { .. } => Self::Ended,
        }
    }
}
