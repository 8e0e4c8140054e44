//! What happened in a contact center within a span of time: the courses of its interactions, and
//! what its agents did with their channels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_domain::desk::ContactSession;
use handoff_domain::event::Cause;
use handoff_domain::{
    CenterId, ChannelState, Desk, Direction, Fact, Incarnation, InteractionId, Media, Reach, Time,
    Topic, UserId,
};
use handoff_store::{Key, LogEntry, Record, Store, StoreError, SubjectKey};

use super::course::{Course, Recorder, Subject};
use super::error::WhatIfError;
use crate::core::{Core, Directory};

/// Entries of the log that one question reads at most: a day of a busy center has a tenth.
const ENTRIES_MAX: u64 = 1_000_000;
/// Entries, or records, read at once.
const PAGE: usize = 500;
/// For how long before the span it is looked who was offered something last.
const LOOKED_BACK_MS: i64 = 3_600_000;
/// By how much entries may stand out of the order of their times: the clocks of nodes are apart.
const CLOCKS_APART_MS: u64 = 60_000;

/// What happened within a span of time.
pub(super) struct Day {
    pub(super) from: Time,
    pub(super) to: Time,
    /// In order of the interactions' ids.
    pub(super) courses: Vec<Course>,
    pub(super) people: BTreeMap<UserId, Person>,
    /// How many interactions are left out, because their records are gone.
    pub(super) left_out: usize,
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

/// A part of what happened to one subject.
type Happened = Vec<(Time, Cause, Vec<Fact>)>;

#[derive(Default)]
struct Log {
    interactions: BTreeMap<InteractionId, Happened>,
    desks: BTreeMap<UserId, Happened>,
    /// When each of them was offered something last, before the span.
    offered: BTreeMap<UserId, Time>,
}

/// Reads what happened from `from` to before `to`.
pub(super) async fn read(
    core: &Core,
    center: CenterId,
    (from, to): (Time, Time),
) -> Result<Day, WhatIfError> {
    let store = &**core.store();
    let log = read_log(store, from).await?;
    // Desks as they are after all that was read: what is changed since is later than the span, or
    // is taken for what was so all along.
    let board = core.current_board().await?;
    let desks: Vec<Arc<Desk>> = board.desks();
    let directory = core.directory();
    let mut day = Day { from, to, courses: Vec::new(), people: BTreeMap::new(), left_out: 0 };
    let ids: Vec<InteractionId> = log.interactions.keys().copied().collect();
    let mut known = BTreeMap::new();
    for ids in ids.chunks(PAGE) {
        known.extend(subjects(store, center, ids).await?);
    }
    for (id, happened) in &log.interactions {
        match known.get(id) {
            Some(Some(subject)) => {
                day.courses.push(course(store, subject.clone(), happened, (from, to)).await?);
            }
            Some(None) => {}
            None if is_of(center, &directory, happened) => day.left_out += 1,
            None => {}
        }
    }
    let moved: BTreeSet<InteractionId> = ids.into_iter().collect();
    for desk in desks.iter().filter(|desk| desk.center == center) {
        let happened = log.desks.get(&desk.user).map_or(&[][..], Vec::as_slice);
        let mut person = person(desk, happened, &moved, (from, to));
        if let Some(last) = log.offered.get(&desk.user) {
            person.desk.last_offer = Some(*last);
        }
        day.people.insert(desk.user, person);
    }
    Ok(day)
}

/// Reads the log from a time on.
async fn read_log(store: &dyn Store, from: Time) -> Result<Log, WhatIfError> {
    let end = store.log_end().await?;
    let first = store.log_after(end.floor, 1).await?;
    if let Some(first) = first.items.first().filter(|first| end.floor > 0 && first.at > from) {
        return Err(WhatIfError::NotKept { since: first.at });
    }
    let begin = Time(from.0 - LOOKED_BACK_MS);
    let mut after = position_before(store, begin, (end.floor, end.position)).await?;
    if end.position - after > ENTRIES_MAX {
        return Err(WhatIfError::TooMuch);
    }
    let mut log = Log::default();
    while after < end.position {
        let page = store.log_after(after, PAGE).await?;
        let Some(last) = page.items.last() else { break };
        after = last.position;
        for LogEntry { at, subject, cause, mut facts, .. } in page.items {
            // What was said moves nothing.
            facts.retain(|fact| !matches!(fact, Fact::Said(_)));
            if facts.is_empty() {
                continue;
            }
            if at < from {
                log.offered.extend(facts.iter().filter_map(|fact| match fact {
                    Fact::Offered { to, kind, .. } if !kind.is_supervision() => Some((*to, at)),
                    _ => None,
                }));
                continue;
            }
            let happened = match subject {
                SubjectKey::Interaction(id) => log.interactions.entry(id).or_default(),
                SubjectKey::Desk(user) => log.desks.entry(user).or_default(),
                SubjectKey::Center(_) => continue,
            };
            happened.push((at, cause, facts));
        }
    }
    Ok(log)
}

/// Finds a position before all entries that are not older than a time.
async fn position_before(
    store: &dyn Store,
    from: Time,
    (mut low, mut high): (u64, u64),
) -> Result<u64, StoreError> {
    while low < high {
        let middle = low + (high - low) / 2;
        let page = store.log_after(middle, 1).await?;
        let is_older = |entry: &LogEntry| entry.at.plus_ms(CLOCKS_APART_MS) < from;
        match page.items.first() {
            Some(entry) if is_older(entry) => low = middle + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Looks interactions up: `None` of what is another contact center's; what is gone is missing.
async fn subjects(
    store: &dyn Store,
    center: CenterId,
    ids: &[InteractionId],
) -> Result<Vec<(InteractionId, Option<Subject>)>, StoreError> {
    let keys: Vec<Key> = ids.iter().copied().map(Key::Interaction).collect();
    let found = store.load(&keys).await?.into_iter().flatten();
    let subject = |record: Record| match record {
        Record::Interaction(it) => {
            let media = it.media().clone();
            let is_draft = it.direction == Direction::Outbound && media == Media::Email;
            let subject = Subject { id: it.id, media, priority: it.priority, is_draft };
            Some((it.id, Some(subject).filter(|_| it.center == center)))
        }
        _ => None,
    };
    Ok(found.filter_map(|found| subject(found.value)).collect())
}

/// Tells whether something that is gone was a contact center's, as far as its queue tells.
fn is_of(center: CenterId, directory: &Directory, happened: &Happened) -> bool {
    let mut facts = happened.iter().flat_map(|(_, _, facts)| facts);
    facts.any(|fact| match fact {
        Fact::Queued { queue, .. } => directory.queue(center, *queue).is_some(),
        _ => false,
    })
}

async fn course(
    store: &dyn Store,
    subject: Subject,
    happened: &Happened,
    (from, to): (Time, Time),
) -> Result<Course, StoreError> {
    let is_new = happened.first().is_some_and(|(_, _, facts)| facts.contains(&Fact::Opened));
    let earlier = if is_new { Vec::new() } else { history_before(store, subject.id, from).await? };
    let mut recorder = Recorder::new(subject, from);
    let within = happened.iter().filter(|(at, ..)| *at < to);
    for (at, cause, facts) in earlier.iter().chain(within) {
        facts.iter().for_each(|fact| recorder.record(*at, *cause, fact));
    }
    Ok(recorder.finish())
}

async fn history_before(
    store: &dyn Store,
    id: InteractionId,
    from: Time,
) -> Result<Happened, StoreError> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = store.history(SubjectKey::Interaction(id), after, PAGE).await?;
        let Some(last) = page.items.last() else { return Ok(found) };
        after = last.position;
        let is_over = !page.more || last.at >= from;
        let earlier = page.items.into_iter().filter(|entry| entry.at < from);
        found.extend(earlier.map(|entry| (entry.at, entry.cause, entry.facts)));
        if is_over {
            return Ok(found);
        }
    }
}

/// Works out how a desk stood at the beginning from how it stands now: what changed first tells
/// what was before.
fn person(
    now: &Desk,
    happened: &[(Time, Cause, Vec<Fact>)],
    moved: &BTreeSet<InteractionId>,
    (from, to): (Time, Time),
) -> Person {
    let mut changes = Vec::new();
    let mut channels = now.channels.clone();
    let mut had_session = now.session.is_some();
    let (mut told_channels, mut told_session) = (BTreeSet::new(), false);
    for (at, _, facts) in happened {
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
