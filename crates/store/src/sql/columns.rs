//! The columns that a kind of record has beside key, version, form and body.

use handoff_domain::{Interaction, UserId};

use crate::query::place;
use crate::record::{Kind, Record};
use crate::sql::lists::{lists_of, lists_of_contact};

/// The column with the lists that a record is in, separated by spaces. Whoever writes the record
/// writes the lists.
pub(crate) const LISTS: &str = "lists";

/// What a column holds.
#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    Word(&'static str),
    Integer(i64),
    Nothing,
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

/// Tells whether a column of records holds numbers.
pub(crate) fn is_number(column: &str) -> bool {
    matches!(column, "version" | "form" | "last_used" | "until")
}

/// Returns the names of a kind's columns. Most kinds have none.
pub(crate) const fn names(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Interaction => {
            &[LISTS, "center", "place", "media", "queue", "owner", "external_id", "contact"]
        }
        Kind::Contact => &[LISTS],
        Kind::LoginSession => &["last_used", "user_id"],
        Kind::Claim | Kind::ChatMarks | Kind::AuditEntry => &["until"],
        _ => &[],
    }
}

/// Returns what a record has in its columns, in the order of their names.
pub(crate) fn values(record: &Record) -> Vec<Value> {
    match record {
        Record::Interaction(interaction) => of_interaction(interaction).into(),
        Record::Contact(contact) => vec![Value::Text(lists_of_contact(contact))],
        Record::LoginSession(session) => {
            vec![Value::Integer(session.last_used.0), Value::Text(session.user.stored())]
        }
        Record::Claim(claim) => vec![Value::Integer(claim.until.0)],
        Record::ChatMarks(marks) => vec![Value::Integer(marks.until.0)],
        Record::AuditEntry(entry) => vec![Value::Integer(entry.until.0)],
        _ => Vec::new(),
    }
}

/// Returns the lists among a record's columns; nothing of a kind that is in no lists.
pub(crate) fn lists(kind: Kind, values: &[Value]) -> &str {
    match names(kind).iter().zip(values).find(|(name, _)| **name == LISTS) {
        Some((_, Value::Text(lists))) => lists,
        _ => "",
    }
}

/// What queries filter interactions on.
fn of_interaction(interaction: &Interaction) -> [Value; 8] {
    [
        Value::Text(lists_of(interaction)),
        Value::Text(interaction.center.to_string()),
        Value::Word(place(interaction)),
        Value::Text(interaction.media().name().to_owned()),
        interaction.queue.map(|queue| queue.to_string()).into(),
        interaction.owner().map(UserId::stored).into(),
        interaction.external_id.clone().into(),
        interaction.contact.clone().into(),
    ]
}
