//! How the mailboxes are doing that this node fetches: for operators, and for nothing else.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::Time;

/// How a mailbox is doing that this node fetches, or would fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxState {
    /// When a look at its folder last went well here.
    pub last_success: Option<Time>,
    /// Since when none has; `None` while they go well.
    pub failing_since: Option<Time>,
}

/// The mailboxes of this node by their addresses.
#[derive(Debug, Default)]
pub struct Fetching(Mutex<BTreeMap<String, MailboxState>>);

impl Fetching {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, MailboxState>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all that this node looks after, by address.
    #[must_use]
    pub fn states(&self) -> BTreeMap<String, MailboxState> {
        self.lock().clone()
    }

    /// Notes that a look at a mailbox's folder went well.
    pub fn went_well(&self, address: &str, at: Time) {
        let state = MailboxState { last_success: Some(at), failing_since: None };
        self.lock().insert(address.to_owned(), state);
    }

    /// Notes that one did not.
    pub fn failed(&self, address: &str, at: Time) {
        let mut states = self.lock();
        let state = states.entry(address.to_owned()).or_default();
        state.failing_since.get_or_insert(at);
    }

    /// Forgets a mailbox that another node fetches, or nobody any more.
    pub(crate) fn forget(&self, address: &str) {
        self.lock().remove(address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_fails_since_the_first_look_that_did_not_go_well() {
        let fetching = Fetching::default();
        let state = || fetching.states().remove("a@demo.example");
        fetching.failed("a@demo.example", Time(1));
        fetching.failed("a@demo.example", Time(2));
        let failing = MailboxState { last_success: None, failing_since: Some(Time(1)) };
        assert_eq!(state(), Some(failing));
        fetching.went_well("a@demo.example", Time(3));
        fetching.failed("a@demo.example", Time(4));
        let again = MailboxState { last_success: Some(Time(3)), failing_since: Some(Time(4)) };
        assert_eq!(state(), Some(again));
        fetching.forget("a@demo.example");
        assert_eq!(state(), None);
    }
}
