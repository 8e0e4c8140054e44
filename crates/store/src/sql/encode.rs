//! A change set as rows, ready to be bound.

use std::collections::HashMap;
use std::sync::Arc;

use handoff_domain::event::Subject;
use handoff_domain::{Event, Interaction, Media, Notice, Topic, UserId};

use crate::change_set::{ChangeSet, Put, Receipt, Timer};
use crate::codec::{self, CodecError, SubjectKind, newest};
use crate::query::place;
use crate::record::{Key, Record, Version};
use crate::sql::lists::lists_of;
use crate::sql::statements::{COUNTERS, counter};
use crate::sql::timers::TimerName;

/// Returns the text of a record's key, whose byte order is the order of the keys.
pub(crate) fn id_text(key: &Key) -> String {
    match key {
        Key::Center(id) => id.stored(),
        Key::User(id) | Key::Desk(id) => id.stored(),
        Key::Skill(id) => id.stored(),
        Key::Group(id) => id.stored(),
        Key::Queue(id) => id.stored(),
        Key::Workbin(id) => id.stored(),
        Key::Service(id) => id.stored(),
        Key::Interaction(id) => id.stored(),
        Key::File(id) => id.stored(),
        Key::Contact(id) => id.stored(),
        Key::LoginSession(id) | Key::MailboxMark(id) => id.clone(),
        Key::FilesDirectory => "1".to_owned(),
    }
}

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

/// A record as a row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) form: i64,
    pub(crate) body: Arc<str>,
    pub(crate) columns: Columns,
}

/// The columns that a kind has beside key, version and body.
#[derive(Debug)]
pub(crate) enum Columns {
    None,
    LoginSession { last_used: i64 },
    Interaction(Box<InteractionColumns>),
}

/// What queries filter interactions on.
#[derive(Debug)]
pub(crate) struct InteractionColumns {
    pub(crate) lists: String,
    pub(crate) center: String,
    pub(crate) place: &'static str,
    pub(crate) media: String,
    pub(crate) queue: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) external_id: Option<String>,
    pub(crate) contact: Option<String>,
}

impl InteractionColumns {
    fn of(interaction: &Interaction) -> Self {
        Self {
            lists: lists_of(interaction),
            center: interaction.center.to_string(),
            place: place(interaction),
            media: interaction.media().name().to_owned(),
            queue: interaction.queue.map(|queue| queue.to_string()),
            owner: interaction.owner().map(UserId::stored),
            external_id: interaction.external_id.clone(),
            contact: interaction.contact.clone(),
        }
    }
}

/// An event as rows; the n-th of a change set gets the n-th position after the log's end.
#[derive(Debug)]
pub(crate) struct EventRows {
    pub(crate) at: i64,
    pub(crate) body: String,
    pub(crate) history: Option<HistoryKey>,
    pub(crate) told: Option<Notified>,
}

/// Which interaction's history the event belongs to.
#[derive(Debug)]
pub(crate) struct HistoryKey {
    pub(crate) interaction: String,
    pub(crate) epoch: i64,
    /// The number of the last entry that was said in it; `None` when nothing was.
    pub(crate) last_entry: Option<i64>,
}

/// What is stored only because somebody is told.
#[derive(Debug)]
pub(crate) struct Notified {
    /// The users of `rows`, 32 characters each.
    pub(crate) users: String,
    pub(crate) subject_kind: SubjectKind,
    pub(crate) subject: Arc<str>,
    pub(crate) rows: Vec<NoticeRow>,
}

/// A notice as a row, less its numbers.
#[derive(Debug)]
pub(crate) struct NoticeRow {
    /// Whose growth gives the numbers.
    pub(crate) growth: usize,
    pub(crate) body: String,
    pub(crate) topics: Vec<Topic>,
}

/// By how much one user's head grows.
#[derive(Debug)]
pub(crate) struct Growth {
    pub(crate) user: String,
    pub(crate) reference: i32,
    pub(crate) counts: [u64; COUNTERS],
    /// Which event of the change set is the last that tells them.
    pub(crate) last_event: u64,
}

/// The growths of a change set, found by user: one event may tell thousands.
#[derive(Debug, Default)]
struct Growths {
    rows: Vec<Growth>,
    places: HashMap<UserId, usize>,
}

impl Growths {
    /// Returns the place of a user's growth.
    fn place_of(&mut self, user: UserId) -> usize {
        let rows = &mut self.rows;
        *self.places.entry(user).or_insert_with(|| {
            rows.push(Growth {
                user: user.stored(),
                reference: 0,
                counts: [0; COUNTERS],
                last_event: 0,
            });
            rows.len() - 1
        })
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
    pub(crate) receipts: Vec<Receipt>,
    pub(crate) timers_cleared: Vec<TimerName>,
    pub(crate) timers_done: Vec<TimerRow>,
    pub(crate) timers_set: Vec<TimerRow>,
    pub(crate) events: Vec<EventRows>,
    pub(crate) growths: Vec<Growth>,
    /// About how many bytes will be written.
    pub(crate) bytes: usize,
}

impl EncodedChange {
    /// Makes the rows of a change set.
    pub(crate) fn of(change: &ChangeSet) -> Result<Self, CodecError> {
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
            receipts: change.receipts.clone(),
            timers_cleared: change.timers_cleared.iter().copied().map(TimerName::of).collect(),
            timers_done: change.timers_done.iter().map(timer_row).collect(),
            timers_set: change.timers_set.iter().map(timer_row).collect(),
            events,
            growths: growths.rows,
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
            let told = event.told.as_ref();
            let rows = told.map_or(0, |told| told.rows.iter().map(|row| row.body.len()).sum());
            event.body.len() * 2 + told.map_or(0, |told| told.subject.len()) + rows
        });
        let receipts = self.receipts.iter().map(|receipt| receipt.answer.len());
        records.chain(events).chain(receipts).sum()
    }
}

fn step(key: Key, expected: Version, write: Write) -> Step {
    Step { id: id_text(&key), key, expected, write }
}

fn timer_row(timer: &Timer) -> TimerRow {
    TimerRow { name: TimerName::of(timer.key), due: timer.due.0 }
}

fn put_step(put: &Put) -> Result<Step, CodecError> {
    let key = put.record.key();
    let columns = match &put.record {
        Record::Interaction(interaction) => {
            Columns::Interaction(Box::new(InteractionColumns::of(interaction)))
        }
        Record::LoginSession(session) => Columns::LoginSession { last_used: session.last_used.0 },
        Record::Center(_)
        | Record::User(_)
        | Record::Skill(_)
        | Record::Group(_)
        | Record::Queue(_)
        | Record::Workbin(_)
        | Record::Service(_)
        | Record::Desk(_)
        | Record::File(_)
        | Record::Contact(_)
        | Record::MailboxMark(_)
        | Record::FilesDirectory(_) => Columns::None,
    };
    let body = codec::encode_record(&put.record)?.into();
    let row = Row { form: newest::of(key.kind()), body, columns };
    Ok(step(key, put.expected, Write::Put(row)))
}

fn event_rows(
    event: &Event,
    place: u64,
    change: &ChangeSet,
    steps: &[Step],
    growths: &mut Growths,
) -> Result<EventRows, CodecError> {
    let history = match &event.subject {
        Subject::Interaction(interaction) => Some(HistoryKey {
            interaction: interaction.id.to_string(),
            epoch: interaction.epoch.cast_signed(),
            last_entry: event.entries().last().map(|entry| entry.number.cast_signed()),
        }),
        // A transcript repeats what the history has already.
        Subject::Desk(_) | Subject::Transcript { .. } => None,
    };
    let told = if event.notices.is_empty() {
        None
    } else {
        let (subject_kind, subject) = encode_subject(&event.subject, change, steps)?;
        let mut users = String::with_capacity(32 * event.notices.len());
        let mut rows = Vec::with_capacity(event.notices.len());
        let media = media_of(&event.subject);
        for notice in &event.notices {
            let row = notice_row(notice, media.as_ref(), place, growths)?;
            users.push_str(&growths.rows[row.growth].user);
            rows.push(row);
        }
        Some(Notified { users, subject_kind, subject, rows })
    };
    Ok(EventRows { at: event.at.0, body: codec::encode_event(event)?, history, told })
}

fn media_of(subject: &Subject) -> Option<Media> {
    match subject {
        Subject::Interaction(interaction) | Subject::Transcript { interaction, .. } => {
            Some(interaction.media())
        }
        Subject::Desk(_) => None,
    }
}

/// Encodes what an event is about, or takes the text of the put that writes the very same thing, as
/// nearly always happens.
fn encode_subject(
    subject: &Subject,
    change: &ChangeSet,
    steps: &[Step],
) -> Result<(SubjectKind, Arc<str>), CodecError> {
    let is_subject = |put: &Put| match (&put.record, subject) {
        (Record::Interaction(written), Subject::Interaction(told)) => written == told,
        (Record::Desk(written), Subject::Desk(told)) => written == told,
        _ => false,
    };
    let kind = match subject {
        Subject::Interaction(_) => SubjectKind::Interaction,
        Subject::Desk(_) => SubjectKind::Desk,
        Subject::Transcript { .. } => SubjectKind::Transcript,
    };
    if let Some(place) = change.puts.iter().position(is_subject)
        && let Write::Put(row) = &steps[place].write
    {
        return Ok((kind, Arc::clone(&row.body)));
    }
    let body = match subject {
        Subject::Interaction(interaction) => codec::encode_interaction(interaction)?,
        Subject::Desk(desk) => codec::encode_desk(desk)?,
        Subject::Transcript { interaction, entries } => {
            codec::encode_transcript(interaction, entries)?
        }
    };
    Ok((kind, body.into()))
}

fn notice_row(
    notice: &Notice,
    media: Option<&Media>,
    place: u64,
    growths: &mut Growths,
) -> Result<NoticeRow, CodecError> {
    let growth = growths.place_of(notice.user);
    let topics = notice.topics(media);
    let grown = &mut growths.rows[growth];
    grown.reference = grown.reference.max(notice.reference.unwrap_or(0));
    grown.last_event = place;
    for topic in &topics {
        grown.counts[counter(*topic)] += 1;
    }
    Ok(NoticeRow { growth, body: codec::encode_notice(notice)?, topics })
}
