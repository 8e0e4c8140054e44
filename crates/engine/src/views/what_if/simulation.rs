//! A day once more: the same arrivals and the same people, routed by given users and queues.
//!
//! The router's own plan says who is offered what. Whoever was offered the same on that day answers
//! as they did, after the same time; of others it is taken that they accept after the time that
//! they mostly take. Work takes as long as it took. Nothing is left to chance, so the same question
//! has the same answer.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use handoff_domain::interaction::Pass;
use handoff_domain::routing::{Agent, Line, Pair, Plan, Rank, Waiting, plan};
use handoff_domain::{Desk, InteractionId, Queue, QueueId, Time, User, UserId, Wait};

use super::course::{Answer, Asked, Course, Deed, End, Slot};
use super::day::{self, Change, Day};
use super::error::WhatIfError;
use super::figures::Played;
use super::habits::Habits;

/// How much one question may cost: how often a plan looks at whether an agent serves a queue, or at
/// something that waits. It is a few seconds.
const LOOKS_MAX: u64 = 50_000_000;

/// What routing goes by.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) users: &'a BTreeMap<UserId, User>,
    pub(super) queues: &'a BTreeMap<QueueId, Queue>,
}

/// Plays a day by those rules; returns what became of each wait, in order of courses and waits.
pub(super) fn play(
    day: &Day,
    rules: Rules<'_>,
    habits: &Habits,
) -> Result<Vec<Played>, WhatIfError> {
    let mut simulation = Simulation::new(day, rules, habits);
    simulation.run()?;
    let mut played = simulation.played;
    played.extend(simulation.current.into_values().map(|current| current.so_far));
    played.sort_by_key(|played| (played.interaction, played.number));
    Ok(played)
}

struct Simulation<'a> {
    day: &'a Day,
    rules: Rules<'a>,
    habits: &'a Habits,
    desks: BTreeMap<UserId, Desk>,
    /// What waits or is offered, by its course.
    current: BTreeMap<usize, Current>,
    /// What waits and is offered to nobody.
    lines: BTreeMap<QueueId, BTreeMap<Rank, usize>>,
    due: BinaryHeap<Reverse<(Time, u64, Due)>>,
    /// How much is due already: what was noted first is done first.
    noted: u64,
    looks: Cell<u64>,
    played: Vec<Played>,
}

/// A wait that goes on.
struct Current {
    number: usize,
    wait: Wait,
    /// How many offers were made; one that has ended is known by it.
    offers: usize,
    open: Option<Open>,
    /// How often each of them was asked.
    asked: BTreeMap<UserId, usize>,
    so_far: Played,
}

#[derive(Clone, Copy)]
struct Open {
    to: UserId,
    /// Whether it was taken back on that day as well, and will be.
    is_taken_back: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// A wait begins.
    Enters {
        course: usize,
        number: usize,
    },
    Answers {
        course: usize,
        number: usize,
        offer: usize,
        answer: Answer,
    },
    Leaves {
        course: usize,
        number: usize,
    },
    Slot {
        course: usize,
        user: UserId,
        what: Slot,
    },
    /// Somebody changes their session or a channel.
    Desk {
        user: UserId,
        change: usize,
    },
    /// Nothing but that the plan may have another result.
    Look,
}

impl<'a> Simulation<'a> {
    fn new(day: &'a Day, rules: Rules<'a>, habits: &'a Habits) -> Self {
        let desks = day.people.iter().map(|(user, person)| (*user, person.desk.clone())).collect();
        let mut simulation = Self {
            day,
            rules,
            habits,
            desks,
            current: BTreeMap::new(),
            lines: BTreeMap::new(),
            due: BinaryHeap::new(),
            noted: 0,
            looks: Cell::new(0),
            played: Vec::new(),
        };
        for (user, person) in &day.people {
            for (change, (at, _)) in person.changes.iter().enumerate() {
                simulation.note(*at, Due::Desk { user: *user, change });
            }
        }
        for (index, course) in day.courses.iter().enumerate() {
            for user in &course.held {
                simulation.slot(course, *user, Slot::Taken, day.from);
            }
            for deed in &course.before {
                let (user, what) = (deed.user, deed.what);
                simulation.note(deed.at, Due::Slot { course: index, user, what });
            }
            if let Some(first) = course.waits.first() {
                let at = first.entered.max(day.from);
                simulation.note(at, Due::Enters { course: index, number: 0 });
            }
        }
        simulation
    }

    fn note(&mut self, at: Time, due: Due) {
        if at < self.day.to {
            self.noted += 1;
            self.due.push(Reverse((at, self.noted, due)));
        }
    }

    fn run(&mut self) -> Result<(), WhatIfError> {
        while let Some(Reverse((now, _, due))) = self.due.pop() {
            self.carry_out(now, due);
            // The router acts on what happened together.
            let goes_on = self.due.peek().is_some_and(|Reverse((next, ..))| *next == now);
            if !goes_on {
                self.route(now)?;
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, now: Time, due: Due) {
        match due {
            Due::Enters { course, number } => self.enter(now, course, number),
            Due::Answers { course, number, offer, answer } => {
                let current = self.current.get(&course);
                if current.is_some_and(|it| it.number == number && it.offers == offer) {
                    self.answer(now, course, answer);
                }
            }
            Due::Leaves { course, number } => {
                if self.current.get(&course).is_some_and(|it| it.number == number) {
                    self.leave(now, course);
                }
            }
            Due::Slot { course, user, what } => {
                self.slot(&self.day.courses[course], user, what, now);
            }
            Due::Desk { user, change } => self.change_desk(now, user, change),
            Due::Look => {}
        }
    }

    /// Takes or frees a slot for an interaction.
    fn slot(&mut self, course: &Course, user: UserId, what: Slot, now: Time) {
        let Some(desk) = self.desks.get_mut(&user) else { return };
        match what {
            Slot::Taken => desk.take_slot(course.subject.id, course.subject.media.clone()),
            Slot::Freed => {
                desk.free_slot(course.subject.id);
            }
            Slot::Offered => desk.last_offer = Some(now),
        }
    }

    fn change_desk(&mut self, now: Time, user: UserId, change: usize) {
        let (Some(person), Some(desk)) = (self.day.people.get(&user), self.desks.get_mut(&user))
        else {
            return;
        };
        match &person.changes[change].1 {
            Change::SessionBegan => desk.session = Some(day::session(now)),
            Change::Channel(media, state) => {
                desk.channels.insert(media.clone(), state.clone());
            }
            Change::SessionEnded => {
                desk.session = None;
                // What was taken back on that day is, when it was then.
                let is_lost = |open: Open| open.to == user && !open.is_taken_back;
                let lost = self.current.iter().filter(|(_, it)| it.open.is_some_and(is_lost));
                for course in lost.map(|(course, _)| *course).collect::<Vec<_>>() {
                    self.answer(now, course, Answer::Gone);
                }
            }
        }
    }

    fn enter(&mut self, now: Time, course: usize, number: usize) {
        let Course { subject, waits, .. } = &self.day.courses[course];
        let waited = &waits[number];
        let mut wait = waited.wait.clone();
        let is_from_before = waited.entered < self.day.from;
        let entered = if is_from_before { waited.entered } else { now };
        // What keeps its age from an earlier wait is older by as much as it was.
        wait.since = Shift { from: waited.entered, to: entered }.of(wait.since);
        let so_far = Played::begin(subject.id, number, wait.queue, entered);
        let (offers, open, asked) = (0, None, BTreeMap::new());
        self.current.insert(course, Current { number, wait, offers, open, asked, so_far });
        if let End::Left { at } = waited.end {
            let after = at.ms_since(waited.entered.max(self.day.from));
            self.note(now.plus_ms(after), Due::Leaves { course, number });
        }
        // Somebody was being asked when the span began.
        match waited.asked.first().filter(|asked| asked.at < self.day.from) {
            Some(asked) => self.offer(course, asked.to, now, Some(*asked)),
            None => self.stand_in_line(course),
        }
    }

    fn stand_in_line(&mut self, course: usize) {
        let Some(current) = self.current.get(&course) else { return };
        let subject = &self.day.courses[course].subject;
        let rank = Rank::new(subject.id, subject.priority, &current.wait);
        self.lines.entry(current.wait.queue).or_default().insert(rank, course);
    }

    fn route(&mut self, now: Time) -> Result<(), WhatIfError> {
        loop {
            self.lines.retain(|_, line| !line.is_empty());
            if self.lines.is_empty() {
                return Ok(());
            }
            if self.looks.get() > LOOKS_MAX {
                return Err(WhatIfError::TooMuch);
            }
            let Plan { pairs, next_change } = self.plan(now);
            if pairs.is_empty() {
                if let Some(next) = next_change {
                    self.note(next, Due::Look);
                }
                return Ok(());
            }
            for Pair { interaction, user, .. } in pairs {
                let Some(course) = self.course_of(interaction) else { continue };
                let current = &self.current[&course];
                let subject = &self.day.courses[course].subject;
                let rank = Rank::new(interaction, subject.priority, &current.wait);
                if let Some(line) = self.lines.get_mut(&current.wait.queue) {
                    line.remove(&rank);
                }
                self.offer(course, user, now, None);
            }
        }
    }

    fn course_of(&self, interaction: InteractionId) -> Option<usize> {
        self.day.courses.binary_search_by_key(&interaction, |it| it.subject.id).ok()
    }

    fn look(&self, times: usize) {
        self.looks.set(self.looks.get() + times as u64);
    }

    fn plan(&self, now: Time) -> Plan {
        let lines = self.lines.iter().filter_map(|(id, line)| {
            let queue = self.rules.queues.get(id)?;
            self.look((1 + queue.steps.len()) * self.desks.len());
            let waiting = line.values().map(|course| {
                self.look(1);
                let subject = &self.day.courses[*course].subject;
                let wait = &self.current[course].wait;
                let (id, priority, media) = (subject.id, subject.priority, &subject.media);
                Waiting { id, priority, media, wait }
            });
            Some(Line { queue, waiting })
        });
        let agents = self
            .desks
            .values()
            .filter_map(|desk| Some(Agent { user: self.rules.users.get(&desk.user)?, desk }));
        plan(lines, agents, now)
    }

    /// Makes an offer, or goes on with one that was open at the beginning, and notes how it ends.
    fn offer(&mut self, course: usize, to: UserId, now: Time, open: Option<Asked>) {
        let Course { subject, waits, .. } = &self.day.courses[course];
        let Some(current) = self.current.get_mut(&course) else { return };
        let times = current.asked.entry(to).or_default();
        let known = waits[current.number].asked.iter().filter(|it| it.to == to).nth(*times);
        *times += 1;
        current.offers += 1;
        let gone = known.and_then(|asked| asked.answer).is_some_and(|(_, it)| it == Answer::Gone);
        current.open = Some(Open { to, is_taken_back: gone });
        current.so_far.offers.extend(open.is_none().then_some((to, now)));
        let queue = self.rules.queues.get(&current.wait.queue);
        let timeout_ms = queue.map_or(Queue::DEFAULT_INVITE_TIMEOUT_MS, |it| it.invite_timeout_ms);
        let (number, offer) = (current.number, current.offers);
        let ends = match (known, open) {
            (Some(asked), Some(_)) => asked.answer,
            (Some(asked), None) => Some(answer_of(asked, now, timeout_ms)),
            (None, _) => {
                let after = self.habits.answers_after_ms(to);
                let (after, answer) = if after < timeout_ms {
                    (after, Answer::Accepted)
                } else {
                    (timeout_ms, Answer::Expired)
                };
                Some((now.plus_ms(after), answer))
            }
        };
        if !subject.is_draft
            && let Some(desk) = self.desks.get_mut(&to)
        {
            desk.take_slot(subject.id, subject.media.clone());
        }
        if open.is_none()
            && let Some(desk) = self.desks.get_mut(&to)
        {
            desk.last_offer = Some(now);
        }
        if let Some((at, answer)) = ends {
            self.note(at, Due::Answers { course, number, offer, answer });
        }
    }

    fn answer(&mut self, now: Time, course: usize, answer: Answer) {
        if answer == Answer::Accepted {
            self.accept(now, course);
            return;
        }
        let subject = &self.day.courses[course].subject;
        let Some(current) = self.current.get_mut(&course) else { return };
        let Some(open) = current.open.take() else { return };
        current.offers += 1;
        current.wait.pass(Pass { user: open.to, at: now });
        current.so_far.passed += 1;
        if let Some(desk) = self.desks.get_mut(&open.to) {
            desk.free_slot(subject.id);
        }
        self.stand_in_line(course);
    }

    fn accept(&mut self, now: Time, course: usize) {
        let Some(mut current) = self.current.remove(&course) else { return };
        let Some(Open { to, .. }) = current.open else { return };
        let waited = &self.day.courses[course].waits[current.number];
        current.so_far.end = End::Accepted { by: to, at: now };
        let until = match waited.end {
            End::Accepted { by, at } => {
                let later = Shift { from: at, to: now };
                self.go_on(
                    course,
                    current.number,
                    later,
                    |user| if user == by { to } else { user },
                );
                waited.freed_at(by).map(|freed| later.of(freed))
            }
            // On that day nobody came to work on it.
            End::Left { .. } | End::Open => {
                let until = now.plus_ms(self.habits.works_for_ms(current.wait.queue));
                self.note(until, Due::Slot { course, user: to, what: Slot::Freed });
                Some(until)
            }
        };
        current.so_far.worked_until = Some(until.unwrap_or(self.day.to).min(self.day.to));
        self.played.push(current.so_far);
    }

    /// Lets happen, so much later, what happened after a wait: whoever has it does what was done by
    /// whoever had it.
    fn go_on(
        &mut self,
        course: usize,
        number: usize,
        later: Shift,
        instead: impl Fn(UserId) -> UserId,
    ) {
        let waits = &self.day.courses[course].waits;
        for Deed { at, user, what } in &waits[number].then {
            let (user, what) = (instead(*user), *what);
            self.note(later.of(*at), Due::Slot { course, user, what });
        }
        if let Some(next) = waits.get(number + 1) {
            self.note(later.of(next.entered), Due::Enters { course, number: number + 1 });
        }
    }

    fn leave(&mut self, now: Time, course: usize) {
        let Course { subject, waits, .. } = &self.day.courses[course];
        let Some(mut current) = self.current.remove(&course) else { return };
        let End::Left { at } = waits[current.number].end else { return };
        let rank = Rank::new(subject.id, subject.priority, &current.wait);
        if let Some(line) = self.lines.get_mut(&current.wait.queue) {
            line.remove(&rank);
        }
        if let Some(Open { to, .. }) = current.open
            && let Some(desk) = self.desks.get_mut(&to)
        {
            desk.free_slot(subject.id);
        }
        current.so_far.end = End::Left { at: now };
        self.go_on(course, current.number, Shift { from: at, to: now }, |user| user);
        self.played.push(current.so_far);
    }
}

/// By how much something happens at another time than it did.
#[derive(Clone, Copy)]
struct Shift {
    from: Time,
    to: Time,
}

impl Shift {
    const fn of(self, at: Time) -> Time {
        Time(at.0 + (self.to.0 - self.from.0))
    }
}

/// Returns what becomes of an offer to somebody who was offered the same on that day: what they
/// did, if the offer stands for long enough.
fn answer_of(asked: &Asked, now: Time, timeout_ms: u64) -> (Time, Answer) {
    let stood_ms = asked.expires.ms_since(asked.at);
    let expired = (now.plus_ms(timeout_ms), Answer::Expired);
    let Some((at, answer)) = asked.answer else { return expired };
    let after_ms = at.ms_since(asked.at);
    match answer {
        Answer::Expired if timeout_ms != stood_ms => expired,
        Answer::Accepted | Answer::Rejected if after_ms >= timeout_ms && timeout_ms < stood_ms => {
            expired
        }
        _ => (now.plus_ms(after_ms), answer),
    }
}
