//! The stored form of records, events and notices: JSON text beside a form number.
//!
//! Each kind counts its own forms from 1. A form that was ever released is read for ever: when a
//! type changes so that old text would no longer be read, its newest form grows by one and the old
//! one gets an arm in the decoder that converts it. `tests/fixtures` keeps a text of every form. A
//! form that is not known is an error and never a guess: it was written by a newer program.
//!
//! Nothing here is ever sent to a client; the wire has shapes of its own.

use std::cell::RefCell;
use std::fmt::Write as _;

use handoff_domain::event::{Cause, Subject};
use handoff_domain::{
    CenterId, Desk, Entry, Event, Fact, Interaction, Notice, NotificationType, Owner, Time, View,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use crate::query::Numbering;
use crate::record::{Kind, Record};

/// Something stored cannot be read, or something given cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// It was written by a newer program.
    #[error("{kind} has form {form}, and this program reads forms up to {newest}")]
    UnknownForm {
        /// The kind of thing.
        kind: &'static str,
        form: i64,
        /// The newest form that is read.
        newest: i64,
    },
    /// It is damaged. What the JSON reader says of it may repeat what is stored, and this is
    /// logged, so only the place is told.
    #[error("{kind} of form {form} is malformed at byte {at}: {fault}")]
    Malformed {
        /// The kind of thing.
        kind: &'static str,
        form: i64,
        /// Where, in bytes from 1; 0 when that is not known.
        at: usize,
        /// What is wrong.
        fault: &'static str,
    },
    /// It has no stored form.
    #[error("{kind} cannot be stored")]
    Unstorable {
        /// The kind of thing.
        kind: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

/// The newest forms of events and what belongs to them; a record's is in the table of the kinds.
pub mod newest {
    pub const EVENT: i64 = 1;
    /// Notices.
    pub const NOTICE: i64 = 1;
    /// Transcripts as an agent is shown them.
    pub const TRANSCRIPT: i64 = 1;
    /// What stands for a center in the log.
    pub const CENTER_ID: i64 = 1;
}

/// Room that a thread keeps for the text that it writes next; a longer one takes more for itself.
const SCRATCH_KEPT_MAX: usize = 64 * 1024;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes a text and makes of it what is wanted: it is allocated once and as large as it must be,
/// where a text that grows is allocated again and again.
pub(crate) fn encode<T: Serialize, Text: for<'a> From<&'a str>>(
    kind: &'static str,
    value: &T,
) -> Result<Text, CodecError> {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        serde_json::to_writer(&mut *scratch, value)
            .map_err(|source| CodecError::Unstorable { kind, source })?;
        let text = Text::from(str::from_utf8(scratch).expect("JSON is UTF-8"));
        if scratch.capacity() > SCRATCH_KEPT_MAX {
            *scratch = Vec::new();
        }
        Ok(text)
    })
}

/// Reads text whose newest form is 1, the only one there ever was.
pub(crate) fn decode<T: DeserializeOwned>(
    kind: &'static str,
    form: i64,
    body: &str,
) -> Result<T, CodecError> {
    decode_up_to(1, kind, form, body)
}

/// Reads text of any form up to the newest, all of which the type itself can tell apart.
pub(crate) fn decode_up_to<T: DeserializeOwned>(
    newest: i64,
    kind: &'static str,
    form: i64,
    body: &str,
) -> Result<T, CodecError> {
    if !(1..=newest).contains(&form) {
        return Err(CodecError::UnknownForm { kind, form, newest });
    }
    serde_json::from_str(body).map_err(|error| {
        let fault = match error.classify() {
            Category::Io => "it cannot be read",
            Category::Syntax => "it is no JSON",
            Category::Data => "what is there means nothing",
            Category::Eof => "it ends too early",
        };
        CodecError::Malformed { kind, form, at: error.column(), fault }
    })
}

/// Writes a record in its newest form.
///
/// # Errors
///
/// [`CodecError::Unstorable`] when it holds something that has no stored form, such as an integer
/// of more than 64 bits.
pub fn encode_record(record: &Record) -> Result<String, CodecError> {
    record.encode()
}

/// Reads a record of any form.
///
/// # Errors
///
/// [`CodecError::UnknownForm`] and [`CodecError::Malformed`].
pub fn decode_record(kind: Kind, form: i64, body: &str) -> Result<Record, CodecError> {
    Record::decode(kind, form, body)
}

/// Writes an interaction in its newest form.
///
/// # Errors
///
/// As [`encode_record`].
pub fn encode_interaction(interaction: &Interaction) -> Result<String, CodecError> {
    encode(Kind::Interaction.named(), interaction)
}

/// Reads an interaction of any form.
///
/// # Errors
///
/// As [`decode_record`].
pub fn decode_interaction(form: i64, body: &str) -> Result<Interaction, CodecError> {
    decode(Kind::Interaction.named(), form, body)
}

/// Writes a desk in its newest form.
///
/// # Errors
///
/// As [`encode_record`].
pub fn encode_desk(desk: &Desk) -> Result<String, CodecError> {
    encode(Kind::Desk.named(), desk)
}

/// The part of an event that is stored for ever: who caused it and what happened. Its subject is
/// stored as a record of its own kind, its time in a column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventBody {
    /// Who caused it.
    pub cause: Cause,
    /// What happened.
    pub facts: Vec<Fact>,
}

#[derive(Serialize)]
struct BorrowedEventBody<'a> {
    cause: &'a Cause,
    facts: &'a [Fact],
}

/// Writes what of an event is stored for ever.
///
/// # Errors
///
/// As [`encode_record`].
pub fn encode_event(event: &Event) -> Result<String, CodecError> {
    encode("an event", &BorrowedEventBody { cause: &event.cause, facts: &event.facts })
}

/// Reads what of an event is stored for ever.
///
/// # Errors
///
/// As [`decode_record`].
pub fn decode_event(form: i64, body: &str) -> Result<EventBody, CodecError> {
    decode("an event", form, body)
}

/// Writes the same of what was read.
///
/// # Errors
///
/// As [`encode_record`].
pub(crate) fn encode_event_body(body: &EventBody) -> Result<String, CodecError> {
    encode("an event", &BorrowedEventBody { cause: &body.cause, facts: &body.facts })
}

/// Puts an event together again; its notices are not part of it any more.
#[must_use]
pub fn event_of(at: Time, body: EventBody, subject: Subject) -> Event {
    Event { at, cause: body.cause, facts: body.facts, subject, notices: Vec::new() }
}

/// Writes what an agent is shown of a chat who comes into it.
///
/// # Errors
///
/// As [`encode_record`].
pub fn encode_transcript(
    interaction: &Interaction,
    entries: &[Entry],
) -> Result<String, CodecError> {
    #[derive(Serialize)]
    struct Borrowed<'a> {
        interaction: &'a Interaction,
        entries: &'a [Entry],
    }
    encode(SubjectKind::Transcript.name(), &Borrowed { interaction, entries })
}

/// Writes what stands for a center in the log.
///
/// # Errors
///
/// As [`encode_record`].
pub fn encode_center_id(center: CenterId) -> Result<String, CodecError> {
    encode(SubjectKind::Center.name(), &center)
}

fn decode_transcript(form: i64, body: &str) -> Result<Subject, CodecError> {
    #[derive(Deserialize)]
    struct Body {
        interaction: Interaction,
        entries: Vec<Entry>,
    }
    let Body { interaction, entries } = decode(SubjectKind::Transcript.name(), form, body)?;
    Ok(Subject::Transcript { interaction, entries })
}

/// Reads the subject of an event, which was stored as a record or in a form of its own.
///
/// # Errors
///
/// As [`decode_record`].
pub fn decode_subject(kind: SubjectKind, form: i64, body: &str) -> Result<Subject, CodecError> {
    Ok(match kind {
        SubjectKind::Interaction => Subject::Interaction(decode_interaction(form, body)?),
        SubjectKind::Desk => {
            let newest = Kind::Desk.newest_form();
            Subject::Desk(decode_up_to(newest, Kind::Desk.named(), form, body)?)
        }
        SubjectKind::Transcript => decode_transcript(form, body)?,
        SubjectKind::Center => Subject::Center(decode(SubjectKind::Center.name(), form, body)?),
    })
}

/// Writes the subject of an event.
///
/// # Errors
///
/// As [`encode_record`].
pub(crate) fn encode_subject(subject: &Subject) -> Result<String, CodecError> {
    match subject {
        Subject::Interaction(interaction) => encode_interaction(interaction),
        Subject::Desk(desk) => encode_desk(desk),
        Subject::Transcript { interaction, entries } => encode_transcript(interaction, entries),
        Subject::Center(center) => encode_center_id(*center),
    }
}

/// What an event is about, as a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    Interaction,
    Desk,
    /// What was said in a chat so far.
    Transcript,
    /// The directory of a contact center.
    Center,
}

impl SubjectKind {
    /// Returns what a subject is.
    #[must_use]
    pub const fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Interaction(_) => Self::Interaction,
            Subject::Desk(_) => Self::Desk,
            Subject::Transcript { .. } => Self::Transcript,
            Subject::Center(_) => Self::Center,
        }
    }

    /// Returns the column's text.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Desk => "desk",
            Self::Transcript => "transcript",
            Self::Center => "center",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Interaction => Kind::Interaction.named(),
            Self::Desk => Kind::Desk.named(),
            Self::Transcript => "a transcript",
            Self::Center => "a center's id",
        }
    }

    /// Reads the column's text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Interaction, Self::Desk, Self::Transcript, Self::Center]
            .into_iter()
            .find(|kind| kind.text() == text)
    }

    /// Returns the newest form that the subject is stored in.
    #[must_use]
    pub const fn newest(self) -> i64 {
        match self {
            Self::Interaction => Kind::Interaction.newest_form(),
            Self::Desk => Kind::Desk.newest_form(),
            Self::Transcript => newest::TRANSCRIPT,
            Self::Center => newest::CENTER_ID,
        }
    }
}

/// A notice without its owner, whom the row's key names.
#[derive(Deserialize)]
struct NoticeBody {
    view: View,
    kind: NotificationType,
    error: Option<(i32, String)>,
    reference: Option<i32>,
}

#[derive(Serialize)]
struct BorrowedNoticeBody<'a> {
    view: &'a View,
    kind: NotificationType,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a (i32, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<i32>,
}

/// Writes a notice, less its owner.
///
/// # Errors
///
/// As [`encode_record`].
pub fn encode_notice(notice: &Notice) -> Result<String, CodecError> {
    let Notice { to: _, view, kind, error, reference } = notice;
    let (error, reference) = (error.as_ref(), *reference);
    encode("a notice", &BorrowedNoticeBody { view, kind: *kind, error, reference })
}

/// Reads a notice.
///
/// # Errors
///
/// As [`decode_record`].
pub fn decode_notice(to: Owner, form: i64, body: &str) -> Result<Notice, CodecError> {
    let NoticeBody { view, kind, error, reference } = decode("a notice", form, body)?;
    Ok(Notice { to, view, kind, error, reference })
}

/// Writes the numbers of a stream row into an empty text. The writer does so for every row while
/// everybody waits for it, so nothing is allocated.
pub(crate) fn write_numbers(text: &mut String, numbers: &Numbering) {
    text.push('[');
    for (place, (topic, number)) in numbers.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        // A text takes everything, and the name of a topic has nothing to be escaped.
        let _ = write!(text, "{comma}[\"{}\",{number}]", topic.name());
    }
    text.push(']');
}

/// Reads the numbers of a stream row.
///
/// # Errors
///
/// [`CodecError::Malformed`].
pub fn decode_numbers(body: &str) -> Result<Numbering, CodecError> {
    decode("a numbering", 1, body)
}

#[cfg(test)]
mod tests {
    use handoff_domain::Topic;

    use super::*;

    #[test]
    fn numbers_are_written_as_json_has_them() {
        let all: Numbering = Topic::ALL.into_iter().zip(1..).collect();
        for numbers in [&all[..0], &all[..1], &all[..2], &all[..]].map(<[_]>::to_vec) {
            let mut text = String::new();
            write_numbers(&mut text, &numbers);
            assert_eq!(text, serde_json::to_string(&numbers).unwrap());
            assert_eq!(decode_numbers(&text).unwrap(), numbers);
        }
    }

    #[test]
    fn a_thread_keeps_little_of_what_a_large_text_took() {
        let large = "x".repeat(2 * SCRATCH_KEPT_MAX);
        let text: String = encode("a text", &large).unwrap();
        assert_eq!(text.len(), large.len() + 2);
        assert!(SCRATCH.with_borrow(Vec::capacity) <= SCRATCH_KEPT_MAX);
        let again: String = encode("a text", &"y").unwrap();
        assert_eq!(again, "\"y\"");
    }
}
