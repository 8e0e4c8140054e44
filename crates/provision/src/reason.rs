//! Why an agent may be NotReady, by whichever door it comes.

use handoff_domain::Desk;

use crate::name::name_fault;
use crate::thing::Thing;

/// Most characters of a reason, as of those that agents give themselves.
const CHARS_MAX: usize = 200;

/// Says what is wrong with a reason; `None` when nothing is.
pub(crate) fn reason_fault(reason: &str) -> Option<String> {
    let is_line = !reason.trim().is_empty() && !reason.contains(char::is_control);
    let is_fit = is_line && reason.chars().count() <= CHARS_MAX && reason != Desk::MISSED_OFFERS;
    let own = Desk::MISSED_OFFERS;
    let fault =
        || format!("a reason is one line of at most {CHARS_MAX} characters, and not {own:?}");
    (!is_fit).then(fault)
}

/// What is said of a reason for being NotReady, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasonDescription {
    /// What agents give and what is stored; of a new one what is shown, when it is not said.
    pub reason: Option<String>,
    /// What is shown of it.
    pub display_name: Option<String>,
}

impl ReasonDescription {
    /// Returns what is wrong with it, and what is allowed.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let shown = self.display_name.as_deref();
        let fault = shown.and_then(|name| name_fault(Thing::AgentState, name));
        fault.or_else(|| self.reason.as_deref().and_then(reason_fault))
    }
}
