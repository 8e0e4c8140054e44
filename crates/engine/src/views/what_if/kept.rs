//! What the store keeps of a span of time, as far as routing has to do with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::try_join_all;
use handoff_domain::event::Cause;
use handoff_domain::{CenterId, Desk, Direction, Fact, InteractionId, Media, Time, UserId};
use handoff_store::{Key, LogEntry, Record, Store, StoreError, SubjectKey, Versioned};

use super::course::Subject;
use super::error::WhatIfError;
use crate::core::{Core, Directory};

/// Entries of the log, of all contact centers, that one question reads at most.
const ENTRIES_MAX: u64 = 1_000_000;
/// Interactions that one question is about at most.
const INTERACTIONS_MAX: usize = 100_000;
/// Entries, or records, read at once.
const PAGE: usize = 500;
/// Histories read at the same time.
const AT_ONCE: usize = 16;
/// For how long before the span it is looked who was offered something last.
const LOOKED_BACK_MS: i64 = 3_600_000;
/// By how much entries may stand out of the order of their times: the clocks of nodes are apart.
const CLOCKS_APART_MS: u64 = 60_000;

/// A part of what happened to one subject.
pub(super) type Happened = Vec<(Time, Cause, Vec<Fact>)>;

/// What is kept.
pub(super) struct Kept {
    pub(super) stories: BTreeMap<InteractionId, Story>,
    /// What happened at desks from the beginning on.
    pub(super) at_desks: BTreeMap<UserId, Happened>,
    /// Desks as they are after all that.
    pub(super) desks: Vec<Arc<Desk>>,
    /// Interactions to which anything happened.
    pub(super) moved: BTreeSet<InteractionId>,
    /// When each of them was offered something last, before the span.
    pub(super) offered: BTreeMap<UserId, Time>,
    /// How many interactions are left out, because their records are gone or cannot be read.
    pub(super) left_out: usize,
}

/// What happened to one interaction.
pub(super) struct Story {
    pub(super) subject: Subject,
    /// Before the span.
    pub(super) earlier: Happened,
    /// From its beginning on.
    pub(super) happened: Happened,
}

#[derive(Default)]
struct Log {
    interactions: BTreeMap<InteractionId, Happened>,
    desks: BTreeMap<UserId, Happened>,
    offered: BTreeMap<UserId, Time>,
}

/// Reads what happened from a time on.
pub(super) async fn read(core: &Core, center: CenterId, from: Time) -> Result<Kept, WhatIfError> {
    let store = &**core.store();
    let mut log = read_log(store, from).await?;
    let moved: BTreeSet<InteractionId> = log.interactions.keys().copied().collect();
    // What is changed after all that was read is later than the span; what nothing happened to has
    // been so all along.
    let board = core.current_board().await?;
    let mut desks = board.desks();
    desks.retain(|desk| desk.center == center);
    let directory = core.directory();
    core.board().look_at_lines(|lines| {
        for queue in directory.queues.values().filter(|queue| queue.center == center) {
            for waiting in lines.of(queue.id).take(INTERACTIONS_MAX) {
                log.interactions.entry(waiting.id).or_default();
            }
        }
    });
    if log.interactions.len() > INTERACTIONS_MAX {
        return Err(WhatIfError::TooMuch);
    }
    let Log { interactions, desks: mut at_desks, offered } = log;
    at_desks.retain(|user, _| directory.user(center, *user).is_some());
    let (stories, left_out) = stories(store, center, &directory, (interactions, from)).await?;
    Ok(Kept { stories, at_desks, desks, moved, offered, left_out })
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
        page.items.into_iter().for_each(|entry| log.enter(entry, from));
    }
    Ok(log)
}

impl Log {
    fn enter(&mut self, entry: LogEntry, from: Time) {
        let LogEntry { at, subject, cause, mut facts, .. } = entry;
        facts.retain(moves_something);
        if facts.is_empty() {
            return;
        }
        if at < from {
            self.offered.extend(facts.iter().filter_map(|fact| match fact {
                Fact::Offered { to, kind, .. } if !kind.is_supervision() => Some((*to, at)),
                _ => None,
            }));
            return;
        }
        let happened = match subject {
            SubjectKey::Interaction(id) => self.interactions.entry(id).or_default(),
            SubjectKey::Desk(user) => self.desks.entry(user).or_default(),
            SubjectKey::Center(_) => return,
        };
        happened.push((at, cause, facts));
    }
}

/// Tells whether routing, or who has a slot, can follow from a fact.
const fn moves_something(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Opened
            | Fact::Queued { .. }
            | Fact::Offered { .. }
            | Fact::Accepted { .. }
            | Fact::Rejected { .. }
            | Fact::OfferExpired { .. }
            | Fact::OfferRevoked { .. }
            | Fact::Pulled { .. }
            | Fact::Taken { .. }
            | Fact::Widened { .. }
            | Fact::Parked { .. }
            | Fact::ParticipantLeft { .. }
            | Fact::OwnerChanged { .. }
            | Fact::SendStarted
            | Fact::Completed
            | Fact::Canceled
            | Fact::Sent
            | Fact::Filed { .. }
            | Fact::SessionBegan { .. }
            | Fact::SessionEnded
            | Fact::ChannelChanged { .. }
    )
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

/// Puts to what happened to each interaction what it is and what happened to it before; tells how
/// many are left out.
async fn stories(
    store: &dyn Store,
    center: CenterId,
    directory: &Directory,
    (interactions, from): (BTreeMap<InteractionId, Happened>, Time),
) -> Result<(BTreeMap<InteractionId, Story>, usize), StoreError> {
    let (mut stories, mut left_out) = (BTreeMap::new(), 0);
    let mut rest: Vec<(InteractionId, Happened)> = interactions.into_iter().collect();
    while !rest.is_empty() {
        let page: Vec<_> = rest.split_off(rest.len().saturating_sub(AT_ONCE));
        let keys: Vec<Key> = page.iter().map(|(id, _)| Key::Interaction(*id)).collect();
        let found = subjects(store, center, &keys).await?;
        let earlier = page.iter().map(|(id, happened)| {
            let is_ours = matches!(found.get(id), Some(Some(_)));
            earlier(store, (*id, is_ours), happened, from)
        });
        let earlier = try_join_all(earlier).await?;
        for ((id, happened), earlier) in page.into_iter().zip(earlier) {
            match (found.get(&id), earlier) {
                (Some(Some(subject)), Some(earlier)) => {
                    let subject = subject.clone();
                    stories.insert(id, Story { subject, earlier, happened });
                }
                (Some(None), _) => {}
                (Some(Some(_)), None) => left_out += 1,
                (None, _) => left_out += usize::from(is_of(center, directory, &happened)),
            }
        }
    }
    Ok((stories, left_out))
}

/// Looks interactions up: `None` of what is another contact center's; what is gone or cannot be
/// read is missing.
async fn subjects(
    store: &dyn Store,
    center: CenterId,
    keys: &[Key],
) -> Result<BTreeMap<InteractionId, Option<Subject>>, StoreError> {
    let found: Vec<Option<Versioned<Record>>> = match store.load(keys).await {
        Err(error) if error.is_unreadable() => {
            let mut each = Vec::new();
            for key in keys {
                each.push(match store.load_one(key).await {
                    Err(error) if error.is_unreadable() => None,
                    found => found?,
                });
            }
            each
        }
        found => found?,
    };
    let subject = |found: Versioned<Record>| match found.value {
        Record::Interaction(it) => {
            let media = it.media().clone();
            let is_draft = it.direction == Direction::Outbound && media == Media::Email;
            let subject = Subject { id: it.id, media, priority: it.priority, is_draft };
            Some((it.id, Some(subject).filter(|_| it.center == center)))
        }
        _ => None,
    };
    Ok(found.into_iter().flatten().filter_map(subject).collect())
}

/// Tells whether something that is gone was a contact center's, as far as its queue tells.
fn is_of(center: CenterId, directory: &Directory, happened: &Happened) -> bool {
    let mut facts = happened.iter().flat_map(|(_, _, facts)| facts);
    facts.any(|fact| match fact {
        Fact::Queued { queue, .. } => directory.queue(center, *queue).is_some(),
        _ => false,
    })
}

/// Reads what happened to an interaction before the span; `None` of what cannot be read.
async fn earlier(
    store: &dyn Store,
    (id, is_ours): (InteractionId, bool),
    happened: &Happened,
    from: Time,
) -> Result<Option<Happened>, StoreError> {
    let (mut found, mut after) = (Vec::new(), 0);
    let is_new = happened.first().is_some_and(|(_, _, facts)| facts.contains(&Fact::Opened));
    if is_new || !is_ours {
        return Ok(Some(found));
    }
    loop {
        let page = match store.history(SubjectKey::Interaction(id), after, PAGE).await {
            Err(error) if error.is_unreadable() => return Ok(None),
            page => page?,
        };
        let Some(last) = page.items.last() else { return Ok(Some(found)) };
        after = last.position;
        let is_over = !page.more || last.at >= from;
        for mut entry in page.items.into_iter().filter(|entry| entry.at < from) {
            entry.facts.retain(moves_something);
            found.push((entry.at, entry.cause, entry.facts));
        }
        if is_over {
            return Ok(Some(found));
        }
    }
}
