//! What happened in a contact center within a span of time: the courses of its interactions, and
//! what its agents did with their channels.

use std::collections::{BTreeMap, BTreeSet};

use handoff_domain::desk::ContactSession;
use handoff_domain::{
    ChannelState, Desk, Fact, Incarnation, InteractionId, Media, Reach, Time, Topic, UserId,
};

use super::course::{Course, Recorder};
use super::kept::{Happened, Kept};

/// What happened within a span of time.
pub(super) struct Day {
    pub(super) from: Time,
    pub(super) to: Time,
    /// In order of the interactions' ids.
    pub(super) courses: Vec<Course>,
    pub(super) people: BTreeMap<UserId, Person>,
}

/// An agent: how their desk stood at the beginning, and what they did then.
pub(super) struct Person {
    pub(super) desk: Desk,
    pub(super) changes: Vec<(Time, Change)>,
}

pub(super) enum Change {
    SessionBegan,
    SessionEnded,
    Channel(Media, ChannelState),
}

impl Day {
    pub(super) fn of(kept: &Kept, (from, to): (Time, Time)) -> Self {
        let course = |story: &super::kept::Story| {
            let mut recorder = Recorder::new(story.subject.clone(), from);
            let within = story.happened.iter().filter(|(at, ..)| *at < to);
            for (at, cause, facts) in story.earlier.iter().chain(within) {
                facts.iter().for_each(|fact| recorder.record(*at, *cause, fact));
            }
            recorder.finish()
        };
        let courses = kept.stories.values().map(course).collect();
        let person = |desk: &Desk| {
            let happened = kept.at_desks.get(&desk.user);
            let mut person = person(desk, happened, &kept.moved, (from, to));
            let before = kept.offered.get(&desk.user);
            person.desk.last_offer = before.copied().or(person.desk.last_offer);
            (desk.user, person)
        };
        let people = kept.desks.iter().map(|desk| person(desk)).collect();
        Self { from, to, courses, people }
    }
}

/// Works out how a desk stood at the beginning from how it stands now: what changed first tells
/// what was before.
fn person(
    now: &Desk,
    happened: Option<&Happened>,
    moved: &BTreeSet<InteractionId>,
    (from, to): (Time, Time),
) -> Person {
    let mut changes = Vec::new();
    let mut channels = now.channels.clone();
    let mut had_session = now.session.is_some();
    let (mut told_channels, mut told_session) = (BTreeSet::new(), false);
    for (at, _, facts) in happened.into_iter().flatten() {
        for fact in facts {
            let change = match fact {
                Fact::SessionBegan { .. } => Change::SessionBegan,
                Fact::SessionEnded => Change::SessionEnded,
                Fact::ChannelChanged { media, from, to } => {
                    if told_channels.insert(media.clone()) {
                        channels.insert(media.clone(), from.clone());
                    }
                    Change::Channel(media.clone(), to.clone())
                }
                _ => continue,
            };
            if !matches!(change, Change::Channel(..)) && !std::mem::replace(&mut told_session, true)
            {
                had_session = matches!(change, Change::SessionEnded);
            }
            if *at < to {
                changes.push((*at, change));
            }
        }
    }
    let mut desk = Desk::new(now.user, now.center, from);
    desk.channels = channels;
    desk.session = had_session.then(|| session(from));
    desk.reach = in_reach();
    // What nothing happened to was where it is.
    let still = now.slots.iter().filter(|(id, _)| !moved.contains(id));
    desk.slots = still.map(|(id, media)| (*id, media.clone())).collect();
    desk.last_offer = now.last_offer.filter(|last| *last < from);
    Person { desk, changes }
}

/// Returns a contact-center session; nothing of it but that it is there matters to routing.
pub(super) const fn session(since: Time) -> ContactSession {
    ContactSession { since, place: None }
}

/// Returns what somebody listens to who sees every offer: whether they did is not kept.
fn in_reach() -> Reach {
    Reach([(Incarnation(0), BTreeSet::from([Topic::Interactions]))].into())
}
