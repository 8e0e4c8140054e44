//! When what lies in a workbin comes back by itself.

use handoff_domain::Interaction;
use serde::Serialize;

use crate::wire::date;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReminderPart {
    pub at: String,
    /// The id of the user to whom it comes back.
    #[serde(rename = "for")]
    pub of: String,
}

impl ReminderPart {
    pub(super) fn of(interaction: &Interaction) -> Option<Self> {
        let reminder = interaction.state.reminder()?;
        Some(Self { at: date::print(reminder.at), of: reminder.of.to_string() })
    }
}
