//! What a customer is owed (docs/api/README.md, "What is owed").

use handoff_domain::exchange::Side;
use handoff_domain::{Direction, Interaction};
use serde::Serialize;
use serde_json::Number;

use crate::wire::date;
use crate::wire::resource::{Lookup, seconds};

/// Since when an answer is owed, how soon it is promised, and what was said last.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AnswerPart {
    /// `null` while nothing is owed.
    pub owed_since: Option<String>,
    /// What the queue promises, in s; `null` while it promises nothing.
    pub target_seconds: Option<Number>,
    /// `Customer` or `Agent`.
    pub last_from: Option<&'static str>,
    /// Its beginning.
    pub last_text: Option<String>,
    pub last_at: Option<String>,
    /// Whether the customer is typing; in messages that tell of it alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub typing: Option<bool>,
}

impl AnswerPart {
    /// Shows what is owed; `None` for what agents write.
    #[must_use]
    pub fn of(interaction: &Interaction, lookup: Lookup<'_>) -> Option<Self> {
        if interaction.direction == Direction::Outbound {
            return None;
        }
        let queue = interaction.queue.and_then(|id| lookup.directory.queue(interaction.center, id));
        let last = interaction.said_last();
        Some(Self {
            owed_since: interaction.owed_since().map(date::print),
            target_seconds: queue.and_then(|queue| queue.answer_target_ms).map(seconds),
            last_from: last.as_ref().map(|said| match said.from {
                Side::Customer => "Customer",
                Side::Agent => "Agent",
            }),
            last_at: last.as_ref().map(|said| date::print(said.at)),
            last_text: last.map(|said| said.into_owned().text),
            typing: None,
        })
    }
}
