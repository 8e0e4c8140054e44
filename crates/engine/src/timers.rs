//! The timers worker: due timers become commands, on the same path as everybody else's.

use std::sync::atomic::{AtomicI64, Ordering};

use handoff_domain::interaction::decide::TimerKind;
use handoff_domain::{Action, Actor, Command, Time};
use handoff_store::{ChangeSet, CommitError, StoreError, Timer, TimerKey};

use crate::engine::Engine;
use crate::execute::{Attempt, ExecuteError};

/// Timers taken in one page.
const PAGE: usize = 256;

/// When the next timer is due, as far as this node knows; a commit that sets an earlier one wakes
/// the worker.
#[derive(Debug)]
pub(crate) struct Watch {
    next_due: AtomicI64,
}

impl Default for Watch {
    fn default() -> Self {
        Self { next_due: AtomicI64::new(i64::MAX) }
    }
}

impl Watch {
    pub(crate) fn next_due(&self) -> Time {
        Time(self.next_due.load(Ordering::Acquire))
    }

    fn set(&self, next: Option<Time>) {
        self.next_due.store(next.map_or(i64::MAX, |time| time.0), Ordering::Release);
    }
}

impl Engine {
    /// Carries out every timer that is due. A timer is removed by the commit that it causes, so a
    /// crash repeats it and a late one is refused by the rules. Gives how many were due.
    ///
    /// # Errors
    ///
    /// The store's own; what was not carried out is due still.
    pub async fn fire_timers(&self) -> Result<usize, StoreError> {
        let mut fired = 0;
        loop {
            // Until this round has read what is next, every newly set timer must wake the worker.
            self.timers_watch.set(None);
            let (due, next) = self.store.timers(self.clock.now(), PAGE).await?;
            let mut cleared = 0;
            for timer in &due {
                cleared += usize::from(self.fire(timer).await?);
            }
            fired += due.len();
            // Timers that could not be carried out wait for the next period instead of being tried
            // in a circle.
            if due.len() < PAGE || cleared == 0 {
                self.timers_watch.set(next);
                return Ok(fired);
            }
        }
    }

    /// Carries one timer out; tells whether it is gone now.
    async fn fire(&self, timer: &Timer) -> Result<bool, StoreError> {
        let (id, action) = match timer.key {
            TimerKey::Grace(user) => {
                return match self.end_grace(user).await {
                    Ok(()) => Ok(true),
                    Err(error) => error.into_store_error().map(|()| false),
                };
            }
            TimerKey::Interaction(id, TimerKind::Offer { number }) => {
                (id, Action::ExpireOffer { number })
            }
            TimerKey::Interaction(id, TimerKind::Handling) => (id, Action::ExpireHandling),
            TimerKey::Interaction(id, TimerKind::CustomerSilence) => (id, Action::CheckCustomer),
            TimerKey::Interaction(id, TimerKind::ChatIdle) => (id, Action::CheckIdle),
            TimerKey::Interaction(id, TimerKind::LongestWait) => (id, Action::CheckWait),
        };
        let command =
            Command { actor: Actor::Server, epoch: None, action, farewell: None, note: None };
        match self
            .execute(&Attempt { id, command, reference: None, receipt: None, also: Vec::new() })
            .await
        {
            Ok(_) => Ok(true),
            Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => {
                self.drop_timer(timer).await
            }
            // What cannot be read was set aside by the store; its timer stays due, and the others
            // are carried out.
            Err(ExecuteError::Store(error)) if error.is_unreadable() => Ok(false),
            Err(ExecuteError::Store(error)) => Err(error),
            Err(error @ (ExecuteError::Contended(_) | ExecuteError::KeyReused)) => {
                tracing::warn!(interaction.id = %id, error = %error, "a timer could not be carried out; it is tried again");
                Ok(false)
            }
        }
    }

    /// Removes a timer that has nothing to end any more.
    async fn drop_timer(&self, timer: &Timer) -> Result<bool, StoreError> {
        let change = ChangeSet { timers_cleared: vec![timer.key], ..ChangeSet::default() };
        match self.commit_change(change).await {
            Ok(_) => Ok(true),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conflict { .. } | CommitError::Receipt(_)) => Ok(false),
        }
    }
}
