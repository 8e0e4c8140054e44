//! About how much memory an interaction takes, for whoever keeps many: bounds that count items
//! alone let a stranger choose how much that is.

use alloc::string::String;

use super::{Email, Interaction};
use crate::user_data::{UserData, Value};

/// What everything else of an interaction takes, in bytes: ids, state, a chat's parties.
const REST: usize = 1_024;

impl Interaction {
    /// Returns about how many bytes it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        let texts =
            [&self.subject, &self.comment, &self.contact, &self.external_id, &self.disposition];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        let notes: usize = self.notes.iter().map(|note| size_of_val(note) + note.text.len()).sum();
        REST + texts + notes + self.user_data.weight() + self.email().map_or(0, Email::weight)
    }
}

impl Email {
    fn weight(&self) -> usize {
        let lists = [&self.to, &self.cc, &self.bcc, &self.reply_to_others, &self.answers];
        let lists: usize = lists.into_iter().map(|texts| weight_of(texts)).sum();
        let attachments = self.attachments.iter().map(|one| size_of_val(one) + one.name.len());
        let report = self.report.iter().flat_map(|report| {
            let said = report.recipients.iter();
            let said =
                said.map(|one| size_of_val(one) + one.diagnostic.as_ref().map_or(0, String::len));
            said.chain([weight_of(&report.originals)])
        });
        self.body.len()
            + self.body_as_plain_text.len()
            + lists
            + attachments.sum::<usize>()
            + report.sum::<usize>()
    }
}

fn weight_of(texts: &[String]) -> usize {
    texts.iter().map(|text| size_of_val(text) + text.len()).sum()
}

impl UserData {
    /// Returns about how many bytes it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.0.iter().map(|(key, value)| key.len() + weight_of_value(value)).sum()
    }
}

fn weight_of_value(value: &Value) -> usize {
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Float(_) => 0,
        Value::Text(text) => text.len(),
        Value::List(values) => values.iter().map(weight_of_value).sum(),
        Value::Map(values) => {
            values.iter().map(|(key, value)| key.len() + weight_of_value(value)).sum()
        }
    };
    size_of_val(value) + inside
}
