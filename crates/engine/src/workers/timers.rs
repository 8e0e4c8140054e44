//! The timers: what is due becomes commands, on the same path as everybody else's.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_domain::interaction::decide::TimerKind;
use handoff_domain::{SystemAction, Time};
use handoff_store::{StoreError, Timer, TimerKey};

use crate::commands::{CommandRequest, Commands, ExecuteError};
use crate::core::{Core, Duty};
use crate::desks::{AgentError, Desks};
use crate::worker::Worker;
use crate::workers::SignsOfLife;

/// Timers taken in one page.
const PAGE: usize = 256;

/// Carries out what is due.
pub struct Timers {
    core: Arc<Core>,
    commands: Arc<Commands>,
    desks: Arc<Desks>,
    signs: Arc<SignsOfLife>,
}

impl Timers {
    pub(super) const fn new(
        core: Arc<Core>,
        commands: Arc<Commands>,
        desks: Arc<Desks>,
        signs: Arc<SignsOfLife>,
    ) -> Self {
        Self { core, commands, desks, signs }
    }

    /// Carries out every timer that is due. A timer is removed by the commit that it causes, so a
    /// crash repeats it and a late one is refused by the rules. Returns how many were due.
    ///
    /// # Errors
    ///
    /// The store's own; what was not carried out is due still.
    pub async fn fire_due(&self) -> Result<usize, StoreError> {
        let mut fired = 0;
        loop {
            // Nothing ends here for a silence that this node knows to be none.
            self.signs.record().await?;
            // Until this round has read what is next, every newly set timer must wake the worker.
            self.core.timers_due.set(None);
            let (due, next) = self.core.store.timers(self.core.now(), PAGE).await?;
            let mut cleared = 0;
            for timer in &due {
                cleared += usize::from(self.carry_out(*timer).await?);
            }
            fired += due.len();
            // Timers that could not be carried out wait for the next period instead of being tried
            // in a circle.
            if due.len() < PAGE || cleared == 0 {
                self.core.timers_due.set(next);
                return Ok(fired);
            }
        }
    }

    /// Carries a timer out that was due when it was read; tells whether it is gone now.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn carry_out(&self, timer: Timer) -> Result<bool, StoreError> {
        let (id, action) = match timer.key {
            TimerKey::Grace(user) => {
                return is_gone(self.desks.end_grace(user, &timer).await);
            }
            TimerKey::Handling(user) => {
                return is_gone(self.desks.end_silence(user, timer).await);
            }
            TimerKey::Interaction(id, TimerKind::Offer { number }) => {
                (id, SystemAction::ExpireOffer { number, running_since: self.core.started })
            }
            TimerKey::Interaction(id, TimerKind::CustomerSilence) => {
                (id, SystemAction::CheckCustomer { listening_since: self.core.started })
            }
            TimerKey::Interaction(id, TimerKind::ChatIdle) => (id, SystemAction::CheckIdle),
            TimerKey::Interaction(id, TimerKind::LongestWait) => (id, SystemAction::CheckWait),
            TimerKey::Interaction(id, TimerKind::Reminder) => (id, SystemAction::Remind),
        };
        let request = CommandRequest { timer: Some(timer), ..CommandRequest::new(id, action) };
        match self.commands.execute(&request).await {
            Ok(_) | Err(ExecuteError::NotDue) => Ok(true),
            Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => {
                self.commands.commits().drop_timer(timer).await.map(|()| true)
            }
            // What cannot be read was set aside by the store; its timer stays due, and the others
            // are carried out.
            Err(ExecuteError::Store(error)) if error.is_unreadable() => Ok(false),
            Err(ExecuteError::Store(error)) => Err(error),
            Err(
                error @ (ExecuteError::Contended(_)
                | ExecuteError::Overtaken(_)
                | ExecuteError::KeyReused),
            ) => {
                tracing::warn!(
                    interaction.id = %id,
                    error = %error,
                    "a timer could not be carried out; it is tried again"
                );
                Ok(false)
            }
        }
    }
}

/// Tells whether a timer of an agent's is gone, after what it caused.
fn is_gone(result: Result<(), AgentError>) -> Result<bool, StoreError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) => error.into_store_error().map(|()| false),
    }
}

#[async_trait]
impl Worker for Timers {
    fn name(&self) -> &'static str {
        "timers"
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Timers)
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    fn next_due(&self) -> Option<Time> {
        Some(self.core.timers_due.get())
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        matches!(received, Received::Hint(Hint::Timers) | Received::Missed)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.fire_due().await.map(drop)
    }
}
