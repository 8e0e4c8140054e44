//! The log, its histories and its streams, in maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::{Event, Fact, InteractionId, Media, Notice, Owner, Time, Topic};

use crate::committed::Added;
use crate::erased::{Deed, ErasedWords};
use crate::error::StoreError;
use crate::log::{GENERATION_JUMP, LogEnd, SubjectKey, epoch_of, is_history};
use crate::missed::Search;
use crate::query::{Head, HistoryEntry, Numbering, StreamRow};

/// What one notice became: the notice's place in its event is the last part of its key.
#[derive(Debug)]
struct Row {
    notice: Notice,
    numbers: Numbering,
}

/// How far one stream has come on one topic.
#[derive(Clone, Copy, Debug, Default)]
struct Counter {
    position: u64,
    last: u64,
}

#[derive(Debug)]
pub(super) struct Log {
    end: LogEnd,
    pub(super) history: BTreeMap<(SubjectKey, u64), HistoryEntry>,
    /// Events until they are swept.
    recent: BTreeMap<u64, Event>,
    rows: BTreeMap<(Owner, u64, usize), Row>,
    heads: BTreeMap<(Owner, Topic), Counter>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            end: LogEnd { generation: 1, position: 0, floor: 0 },
            history: BTreeMap::new(),
            recent: BTreeMap::new(),
            rows: BTreeMap::new(),
            heads: BTreeMap::new(),
        }
    }
}

impl Log {
    pub(super) const fn end(&self) -> LogEnd {
        self.end
    }

    /// Appends the events of one commit; returns what became of their notices, in their order.
    pub(super) fn append(&mut self, events: &[Event]) -> Vec<Added> {
        let owners = events.iter().flat_map(|event| &event.notices).map(|notice| notice.to);
        let before = owners.map(|owner| (owner, self.head(owner).position)).collect();
        events.iter().flat_map(|event| self.append_one(event.clone(), &before)).collect()
    }

    fn append_one(&mut self, event: Event, before: &BTreeMap<Owner, u64>) -> Vec<Added> {
        self.end.position += 1;
        let position = self.end.position;
        if is_history(&event) {
            let entry = HistoryEntry {
                position,
                at: event.at,
                cause: event.cause,
                facts: event.facts.clone(),
                epoch: epoch_of(&event),
            };
            self.history.insert((SubjectKey::of(&event.subject), position), entry);
        }
        let media = event.subject.media();
        let mut added = Vec::with_capacity(event.notices.len());
        for (ordinal, notice) in event.notices.iter().enumerate() {
            let numbers = self.number(notice, media.as_ref(), position);
            added.push(Added { after: before[&notice.to], numbers: numbers.clone() });
            let row = Row { notice: notice.clone(), numbers };
            self.rows.insert((notice.to, position, ordinal), row);
        }
        self.recent.insert(position, event);
        added
    }

    fn number(&mut self, notice: &Notice, media: Option<&Media>, position: u64) -> Numbering {
        let mut numbers = Numbering::new();
        for topic in notice.topics(media) {
            let counter = self.heads.entry((notice.to, topic)).or_default();
            *counter = Counter { position, last: counter.last + 1 };
            numbers.push((topic, counter.last));
        }
        numbers
    }

    /// Forgets what happened to a subject, but for what the log still has.
    pub(super) fn forget(&mut self, subject: SubjectKey) {
        let floor = self.end.floor;
        self.history.retain(|(of, position), _| *of != subject || *position > floor);
    }

    /// Takes the words out of what is said of an interaction, all at once, or counts it.
    pub(super) fn erase(&mut self, interaction: InteractionId, deed: Deed) -> ErasedWords {
        let subject = SubjectKey::Interaction(interaction);
        let of_it = self.recent.iter_mut();
        let of_it = of_it.filter(|(_, event)| SubjectKey::of(&event.subject) == subject);
        let mut erased = ErasedWords::default();
        for (position, event) in of_it {
            erased.log_entries += 1;
            let rows = self.rows.iter_mut().filter(|((_, at, _), _)| at == position);
            for (_, row) in rows {
                erased.stream_rows += 1;
                if deed == Deed::Erase {
                    row.notice.erase();
                }
            }
            if deed == Deed::Erase {
                event.erase();
            }
        }
        if deed == Deed::Erase {
            let all = self.history.iter_mut().filter(|((of, _), _)| *of == subject);
            all.for_each(|(_, entry)| entry.facts.iter_mut().for_each(Fact::erase));
        }
        erased
    }

    /// Returns the events after a position.
    pub(super) fn after(
        &self,
        position: u64,
    ) -> Result<impl Iterator<Item = (u64, &Event)>, StoreError> {
        let floor = self.end.floor;
        if position < floor {
            return Err(StoreError::Swept { position, floor });
        }
        let all = self.recent.iter().filter(move |(at, _)| **at > position);
        Ok(all.map(|(position, event)| (*position, event)))
    }

    pub(super) fn rows(&self, owner: Owner, after: u64) -> impl Iterator<Item = StreamRow> {
        self.rows_of(owner).filter(move |(position, _)| *position > after).filter_map(
            |(position, row)| {
                let event = Event { notices: Vec::new(), ..self.recent.get(&position)?.clone() };
                let event = Arc::new(event);
                let (notice, numbers) = (row.notice.clone(), row.numbers.clone());
                Some(StreamRow { position, notice, numbers, event })
            },
        )
    }

    fn rows_of(&self, owner: Owner) -> impl DoubleEndedIterator<Item = (u64, &Row)> {
        let rows = self.rows.range((owner, 0, 0)..=(owner, u64::MAX, usize::MAX));
        rows.map(|((_, position, _), row)| (*position, row))
    }

    pub(super) fn head(&self, owner: Owner) -> Head {
        let mut head = Head::default();
        for ((_, topic), counter) in self.heads.iter().filter(|((whose, _), _)| *whose == owner) {
            head.position = head.position.max(counter.position);
            head.numbers.insert(*topic, counter.last);
        }
        head
    }

    /// Returns how far a stream has come, and where a reader of it goes on.
    pub(super) fn missed(&self, owner: Owner, after: &BTreeMap<Topic, u64>) -> (Head, Search) {
        let head = self.head(owner);
        let mut search = Search::new(&head, after);
        for (position, row) in self.rows_of(owner).rev() {
            search.see(position, &row.numbers);
        }
        (head, search)
    }

    /// Begins another generation.
    pub(super) fn renew(&mut self) -> LogEnd {
        self.end.generation += 1;
        self.heads.values_mut().for_each(|counter| counter.last += GENERATION_JUMP);
        self.rows.clear();
        self.end
    }

    /// Forgets the log in its order and up to the first entry that is not old enough, so that what
    /// is kept has no gaps even if the clock was set back in between. Returns how many entries and
    /// stream rows went.
    pub(super) fn sweep(&mut self, before: Time, limit: usize) -> (u64, u64) {
        let (mut entries, mut rows) = (0, 0);
        let mut told = 0;
        while let Some((&position, event)) = self.recent.first_key_value() {
            if event.at >= before || entries >= limit as u64 || told >= limit {
                break;
            }
            told += event.notices.len();
            for (ordinal, notice) in event.notices.iter().enumerate() {
                let row = self.rows.remove(&(notice.to, position, ordinal));
                rows += u64::from(row.is_some());
            }
            self.recent.remove(&position);
            self.end.floor = position;
            entries += 1;
        }
        (entries, rows)
    }

    pub(super) fn latest(&self) -> Option<Time> {
        self.recent.last_key_value().map(|(_, event)| event.at)
    }
}
