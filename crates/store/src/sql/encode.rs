//! A change set as rows, ready to be bound.

use std::collections::HashMap;
use std::sync::Arc;

use handoff_domain::event::Subject;
use handoff_domain::{Event, Media, Notice, Topic};

use crate::change_set::{ChangeSet, Put, Receipt, Timer};
use crate::codec::{self, CodecError, SubjectKind};
use crate::log::{SubjectKey, epoch_of, is_history};
use crate::promised::PromisedAnswer;
use crate::record::{Key, Part, Record, Version};
use crate::sql::columns::{self, Value};
use crate::sql::directories::{DirectoryChange, SeenDirectory};
use crate::sql::keys::{owner_text, subject_text};
use crate::sql::timers::TimerName;

/// What is done to one record once every guard holds.
#[derive(Debug)]
pub(crate) enum Write {
    /// Nothing; the record was only checked.
    Nothing,
    /// It is written.
    Put(Row),
    /// It is removed.
    Remove,
}

/// One guarded record.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) key: Key,
    pub(crate) id: String,
    pub(crate) expected: Version,
    pub(crate) write: Write,
}

impl Step {
    /// Tells whether a record of a directory is checked, and not written.
    pub(crate) const fn is_check_of_directory(&self) -> bool {
        matches!((&self.write, self.key.kind().part()), (Write::Nothing, Part::Directory))
    }
}

/// Where a row is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowPlace {
    /// Where it was.
    Same,
    /// Behind every row of its table: an interaction that is over is smaller than it was before,
    /// and stays. Where it was it would leave a hole that nothing fills, as large as itself.
    Last,
}

/// A record as a row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) place: RowPlace,
    pub(crate) form: i64,
    pub(crate) body: Arc<str>,
    /// Its columns beside key, version, form and body.
    pub(crate) columns: Vec<Value>,
}

/// An event as rows; the n-th of a change set gets the n-th position after the log's end.
#[derive(Debug)]
pub(crate) struct EventRows {
    pub(crate) at: i64,
    pub(crate) subject: String,
    /// The owners of the rows in their order, separated by spaces.
    pub(crate) told: Arc<str>,
    pub(crate) kind: SubjectKind,
    /// The text of the event, which is written once: to the history, or beside the snapshot.
    pub(crate) body: String,
    pub(crate) history: Option<HistoryColumns>,
    /// What it was about; `None` where nobody is told.
    pub(crate) snapshot: Option<Arc<str>>,
    pub(crate) rows: Vec<NoticeRow>,
}

/// Returns the owners of rows in their order, separated by spaces.
fn told(rows: &[NoticeRow]) -> Arc<str> {
    match rows {
        [only] => Arc::clone(&only.owner),
        _ => rows.iter().map(|row| &*row.owner).collect::<Vec<_>>().join(" ").into(),
    }
}

/// What the history has beside key and body.
#[derive(Debug)]
pub(crate) struct HistoryColumns {
    pub(crate) epoch: i64,
    /// The number of the last entry that was said in it; `None` when nothing was.
    pub(crate) last_entry: Option<i64>,
}

/// A notice as a row, less its numbers.
#[derive(Debug)]
pub(crate) struct NoticeRow {
    pub(crate) owner: Arc<str>,
    pub(crate) body: String,
    /// The topics, each with the growth that gives its number.
    pub(crate) topics: Vec<(Topic, usize)>,
}

/// By how much one owner's numbers on a topic grow.
#[derive(Debug)]
pub(crate) struct Growth {
    pub(crate) owner: Arc<str>,
    pub(crate) topic: Topic,
    pub(crate) count: u64,
    /// Which event of the change set is the last that tells them.
    pub(crate) last_event: u64,
}

/// Most growths that are looked through for one; beyond it they are found by owner, because one
/// event may tell thousands.
const FEW: usize = 8;

impl Growth {
    fn key(&self) -> (Arc<str>, Topic) {
        (Arc::clone(&self.owner), self.topic)
    }
}

/// What a change set does to heads.
#[derive(Debug, Default)]
struct Growths {
    rows: Vec<Growth>,
    /// Where each is, once there are more than a few.
    places: HashMap<(Arc<str>, Topic), usize>,
}

impl Growths {
    /// Counts a row of the `event`-th event; returns the place of the growth.
    fn grow(&mut self, owner: &Arc<str>, topic: Topic, event: u64) -> usize {
        let place = self.place(owner, topic).unwrap_or_else(|| self.add(owner, topic));
        let growth = &mut self.rows[place];
        (growth.count, growth.last_event) = (growth.count + 1, event);
        place
    }

    fn place(&self, owner: &Arc<str>, topic: Topic) -> Option<usize> {
        if self.rows.len() > FEW {
            return self.places.get(&(Arc::clone(owner), topic)).copied();
        }
        self.rows.iter().position(|growth| growth.topic == topic && growth.owner == *owner)
    }

    fn add(&mut self, owner: &Arc<str>, topic: Topic) -> usize {
        let place = self.rows.len();
        self.rows.push(Growth { owner: Arc::clone(owner), topic, count: 0, last_event: 0 });
        if place == FEW {
            let known = self.rows.iter().zip(0..);
            self.places = known.map(|(row, place)| (row.key(), place)).collect();
        } else if place > FEW {
            self.places.insert((Arc::clone(owner), topic), place);
        }
        place
    }
}

/// A timer as a row.
#[derive(Debug)]
pub(crate) struct TimerRow {
    pub(crate) name: TimerName,
    pub(crate) due: i64,
}

/// A change set as rows.
#[derive(Debug)]
pub(crate) struct EncodedChange {
    /// In canonical order; that is the order of locking where there are locks.
    pub(crate) steps: Vec<Step>,
    pub(crate) directory: Option<SeenDirectory>,
    pub(crate) directory_changes: Vec<DirectoryChange>,
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) receipts_forgotten: Vec<(String, String)>,
    pub(crate) timers_cleared: Vec<TimerName>,
    pub(crate) timers_done: Vec<TimerRow>,
    pub(crate) timers_checked: Vec<Timer>,
    pub(crate) timers_set: Vec<TimerRow>,
    pub(crate) timers_put_off: Vec<TimerRow>,
    pub(crate) events: Vec<EventRows>,
    pub(crate) growths: Vec<Growth>,
    pub(crate) promised: Vec<PromisedAnswer>,
    /// About how many bytes will be written.
    pub(crate) bytes: usize,
}

impl EncodedChange {
    /// Makes the rows of a change set. Receipts, promised answers and the timers to be checked are
    /// taken out of it: whoever commits is given none of them back.
    pub(crate) fn take(change: &mut ChangeSet) -> Result<Self, CodecError> {
        debug_assert!(change.guards_what_it_clears(), "a timer is cleared by its name alone");
        let mut steps =
            Vec::with_capacity(change.puts.len() + change.removals.len() + change.checks.len());
        for put in &change.puts {
            steps.push(put_step(put)?);
        }
        for removal in &change.removals {
            steps.push(step(removal.key.clone(), removal.version, Write::Remove));
        }
        for check in &change.checks {
            steps.push(step(check.key.clone(), check.version, Write::Nothing));
        }
        let mut growths = Growths::default();
        let mut events = Vec::with_capacity(change.events.len());
        for (event, place) in change.events.iter().zip(1..) {
            events.push(event_rows(event, place, change, &steps, &mut growths)?);
        }
        // Sorted only now: until here the puts' steps are found by the puts' places.
        steps.sort_by(|a, b| a.key.cmp(&b.key));
        let mut encoded = Self {
            steps,
            directory: change.directory.map(SeenDirectory::of),
            directory_changes: DirectoryChange::all_of(change),
            receipts: std::mem::take(&mut change.receipts),
            receipts_forgotten: std::mem::take(&mut change.receipts_forgotten),
            timers_cleared: change.timers_cleared.iter().copied().map(TimerName::of).collect(),
            timers_checked: std::mem::take(&mut change.timers_checked),
            timers_done: timer_rows(&change.timers_done),
            timers_set: timer_rows(&change.timers_set),
            timers_put_off: timer_rows(&change.timers_put_off),
            events,
            growths: growths.rows,
            promised: std::mem::take(&mut change.promised),
            bytes: 0,
        };
        encoded.bytes = encoded.weigh();
        Ok(encoded)
    }

    fn weigh(&self) -> usize {
        let records = self.steps.iter().map(|step| match &step.write {
            Write::Put(row) => row.body.len(),
            Write::Nothing | Write::Remove => 0,
        });
        let events = self.events.iter().map(|event| {
            let rows: usize = event.rows.iter().map(|row| row.body.len()).sum();
            event.body.len() + event.snapshot.as_ref().map_or(0, |text| text.len()) + rows
        });
        let receipts = self.receipts.iter().map(|receipt| receipt.answer.len());
        let promised = self.promised.iter().map(|answer| answer.body.len());
        records.chain(events).chain(receipts).chain(promised).sum()
    }
}

fn step(key: Key, expected: Version, write: Write) -> Step {
    Step { id: key.id_text(), key, expected, write }
}

fn timer_rows(timers: &[Timer]) -> Vec<TimerRow> {
    let row = |timer: &Timer| TimerRow { name: TimerName::of(timer.key), due: timer.due.0 };
    timers.iter().map(row).collect()
}

fn put_step(put: &Put) -> Result<Step, CodecError> {
    let key = put.record.key();
    let body = put.record.encode()?;
    let columns = columns::values(&put.record);
    let place = match &put.record {
        Record::Interaction(interaction) if interaction.is_ended() => RowPlace::Last,
        _ => RowPlace::Same,
    };
    let row = Row { place, form: key.kind().newest_form(), body, columns };
    Ok(step(key, put.expected, Write::Put(row)))
}

fn event_rows(
    event: &Event,
    place: u64,
    change: &ChangeSet,
    steps: &[Step],
    growths: &mut Growths,
) -> Result<EventRows, CodecError> {
    let history = is_history(event).then(|| HistoryColumns {
        epoch: epoch_of(event).cast_signed(),
        last_entry: event.entries().last().map(|entry| entry.number.cast_signed()),
    });
    let snapshot = if event.notices.is_empty() {
        None
    } else {
        Some(encode_subject(&event.subject, change, steps)?)
    };
    let media = event.subject.media();
    let mut rows = Vec::with_capacity(event.notices.len());
    for notice in &event.notices {
        rows.push(notice_row(notice, media.as_ref(), place, growths)?);
    }
    Ok(EventRows {
        at: event.at.0,
        subject: subject_text(SubjectKey::of(&event.subject)),
        told: told(&rows),
        kind: SubjectKind::of(&event.subject),
        body: codec::encode_event(event)?,
        history,
        snapshot,
        rows,
    })
}

/// Encodes what an event is about, or takes the text of the put that writes the very same thing, as
/// nearly always happens.
fn encode_subject(
    subject: &Subject,
    change: &ChangeSet,
    steps: &[Step],
) -> Result<Arc<str>, CodecError> {
    let is_subject = |put: &Put| match (&put.record, subject) {
        (Record::Interaction(written), Subject::Interaction(told)) => written == told,
        (Record::Desk(written), Subject::Desk(told)) => written == told,
        _ => false,
    };
    if let Some(place) = change.puts.iter().position(is_subject)
        && let Write::Put(row) = &steps[place].write
    {
        return Ok(Arc::clone(&row.body));
    }
    Ok(codec::encode_subject(subject)?.into())
}

fn notice_row(
    notice: &Notice,
    media: Option<&Media>,
    place: u64,
    growths: &mut Growths,
) -> Result<NoticeRow, CodecError> {
    let owner: Arc<str> = owner_text(notice.to).into();
    let mut topics = Vec::with_capacity(2);
    for topic in notice.topics(media) {
        topics.push((topic, growths.grow(&owner, topic, place)));
    }
    Ok(NoticeRow { owner, body: codec::encode_notice(notice)?, topics })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_and_topic_grows_by_itself_however_many_there_are() {
        let topics = [Topic::Me, Topic::Chats];
        for owners in [1, FEW / 2, FEW, 3 * FEW] {
            let mut growths = Growths::default();
            let mut places = Vec::new();
            for event in 1..=3 {
                let owners = (0..owners).map(|owner| Arc::<str>::from(format!("u{owner}")));
                let all = owners.flat_map(|owner| topics.map(|topic| (owner.clone(), topic)));
                places.push(
                    all.map(|(owner, topic)| growths.grow(&owner, topic, event))
                        .collect::<Vec<_>>(),
                );
            }
            assert!(places.iter().all(|all| all.iter().copied().eq(0..2 * owners)), "{places:?}");
            let told = growths.rows.iter().map(|growth| (growth.count, growth.last_event));
            assert!(told.eq(std::iter::repeat_n((3, 3), 2 * owners)), "{:?}", growths.rows);
        }
    }
}
