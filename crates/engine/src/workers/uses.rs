//! Counts how often standard responses are used: a reader of the log.
//!
//! A use is a fact of the interaction that it was in. What is found is added to the counts by the
//! commit that stores how far the log was read, so each use counts once, wherever this ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::event::{Cause, DirectoryChange, DirectoryItem};
use handoff_domain::{Fact, ResponseId, UserId};
use handoff_store::{
    ChangeSet, Key, LogEntry, Put, ReaderCursor, Record, Removal, ResponseUses, StoreError, Uses,
    Version, Versioned,
};

use crate::commands::Commands;
use crate::core::{Core, Duty};
use crate::worker::Worker;

/// Its name as a reader of the log.
const READER: &str = "uses of responses";
/// Entries read at once.
const PAGE: usize = 500;
/// How often it looks: counts are for people, and one commit stands for all uses of that time.
const PERIOD: Duration = Duration::from_secs(10);
/// How many entries without any use are read again at most after this node was gone.
const UNSTORED_MAX: u64 = 10_000;

/// Counts how often standard responses are used.
pub struct UseCounter {
    core: Arc<Core>,
    commands: Arc<Commands>,
    /// `None` until it was read. Held for a whole round.
    place: tokio::sync::Mutex<Option<Place>>,
}

/// How far the log was read.
struct Place {
    generation: u64,
    position: u64,
    stored: u64,
    version: Version,
}

/// What a page of the log says.
#[derive(Default)]
struct Counted {
    uses: BTreeMap<(ResponseId, UserId), Uses>,
    /// Responses that are no more.
    removed: BTreeSet<ResponseId>,
}

impl UseCounter {
    pub(super) fn new(core: Arc<Core>, commands: Arc<Commands>) -> Self {
        Self { core, commands, place: tokio::sync::Mutex::default() }
    }

    /// Counts what was used since the last round.
    ///
    /// # Errors
    ///
    /// The store's own; what was not counted is counted in the next round.
    pub async fn count(&self) -> Result<(), StoreError> {
        let mut held = self.place.lock().await;
        loop {
            let place = match held.take() {
                Some(place) => place,
                None => self.read_place().await?,
            };
            let (place, more) = self.step(place).await?;
            let was_overtaken = place.is_none();
            *held = place;
            if was_overtaken || !more {
                return Ok(());
            }
        }
    }

    async fn read_place(&self) -> Result<Place, StoreError> {
        let generation = self.core.store.log_end().await?.generation;
        let key = Key::ReaderCursor(READER.to_owned());
        let found = self.core.store.load_one(&key).await?;
        let version = found.as_ref().map_or(0, |found| found.version);
        let position = match found.map(|found| found.value) {
            // Counts, cursor and log are of one store: whatever became of it, they agree.
            Some(Record::ReaderCursor(cursor)) => cursor.position,
            _ => 0,
        };
        Ok(Place { generation, position, stored: position, version })
    }

    /// Reads a page. Returns how far the log was read then, `None` when another node read on, and
    /// whether there is more.
    async fn step(&self, mut place: Place) -> Result<(Option<Place>, bool), StoreError> {
        let page = match self.core.store.log_after(place.position, PAGE).await {
            // For longer than the log is kept nobody counted.
            Err(StoreError::Swept { floor, .. }) => {
                place.position = floor;
                return Ok((Some(place), true));
            }
            page => page?,
        };
        let Some(last) = page.items.last() else { return Ok((Some(place), false)) };
        place.position = last.position;
        let counted = Counted::of(&page.items);
        if counted.is_empty() && place.position - place.stored < UNSTORED_MAX {
            return Ok((Some(place), page.more));
        }
        let mut change = self.change(counted).await?;
        let cursor = ReaderCursor {
            reader: READER.to_owned(),
            generation: place.generation,
            position: place.position,
        };
        change.puts.push(Put { record: Record::ReaderCursor(cursor), expected: place.version });
        match self.commands.commits().make(change).await {
            Ok(_) => {
                (place.stored, place.version) = (place.position, place.version + 1);
                Ok((Some(place), page.more))
            }
            Err(error) => {
                error.into_conflict()?;
                Ok((None, false))
            }
        }
    }

    /// Returns what adds to the counts of what is there.
    async fn change(&self, counted: Counted) -> Result<ChangeSet, StoreError> {
        // What was made a moment ago on another node may not be known here yet.
        self.core.reload_directory().await?;
        let directory = self.core.directory();
        let mut shared: BTreeMap<ResponseId, Uses> = BTreeMap::new();
        let mut own: BTreeMap<UserId, Vec<(ResponseId, Uses)>> = BTreeMap::new();
        for ((response, user), uses) in counted.uses {
            if directory.responses.contains_key(&response) {
                shared.entry(response).or_default().add(uses);
            } else {
                own.entry(user).or_default().push((response, uses));
            }
        }
        let mut change = ChangeSet::default();
        for (response, uses) in shared {
            let found = self.core.store.load_one(&Key::ResponseUses(response)).await?;
            let (mut all, expected) = match found {
                Some(Versioned { value: Record::ResponseUses(all), version }) => (all, version),
                _ => (ResponseUses { response, uses: Uses::default() }, 0),
            };
            all.uses.add(uses);
            change.puts.push(Put { record: Record::ResponseUses(all), expected });
        }
        for (user, used) in own {
            let found = self.core.store.load_one(&Key::OwnResponses(user)).await?;
            let Some(Versioned { value: Record::OwnResponses(mut all), version }) = found else {
                continue;
            };
            let mut was_found = false;
            for (response, uses) in used {
                if let Some(it) = all.responses.iter_mut().find(|it| it.response.id == response) {
                    it.uses.add(uses);
                    was_found = true;
                }
            }
            if !was_found {
                continue;
            }
            change.puts.push(Put { record: Record::OwnResponses(all), expected: version });
        }
        for response in counted.removed {
            let key = Key::ResponseUses(response);
            let version = self.core.store.versions(std::slice::from_ref(&key)).await?.pop();
            let version = version.filter(|version| *version > 0);
            change.removals.extend(version.map(|version| Removal { key, version }));
        }
        Ok(change)
    }
}

impl Counted {
    fn of(entries: &[LogEntry]) -> Self {
        let mut counted = Self::default();
        for entry in entries {
            for fact in &entry.facts {
                counted.take(entry, fact);
            }
        }
        counted
    }

    fn take(&mut self, entry: &LogEntry, fact: &Fact) {
        match (fact, entry.cause) {
            (Fact::ResponseUsed { response }, Cause::User(user)) => {
                let one = Uses { count: 1, last: Some(entry.at) };
                self.uses.entry((*response, user)).or_default().add(one);
            }
            (
                Fact::DirectoryChanged {
                    what: DirectoryItem::Response(response),
                    how: DirectoryChange::Removed,
                },
                _,
            ) => {
                self.removed.insert(*response);
                self.uses.retain(|(used, _), _| used != response);
            }
            _ => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.removed.is_empty()
    }
}

#[async_trait]
impl Worker for UseCounter {
    fn name(&self) -> &'static str {
        READER
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Uses)
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.count().await
    }
}
