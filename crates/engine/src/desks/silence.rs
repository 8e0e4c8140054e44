//! What is taken from a user who makes no request (docs/compat/agents.md#gone).

use handoff_domain::{Interaction, InteractionId, SystemAction, Time, UserId};
use handoff_store::{ChangeSet, InteractionQuery, InteractionScope, Timer};

use super::{AgentError, Desks};
use crate::commands::{CommandRequest, ExecuteError, Standing};

/// Interactions of one user read in one page.
const PAGE: usize = 500;

impl Desks {
    /// Takes from a user who made no request for the handling timeout whatever they have owned for
    /// as long, and watches over the rest (timer). Each of it is taken only while the timer is as
    /// it was read: a request of theirs on any node puts it off.
    pub(crate) async fn end_silence(&self, user: UserId, timer: Timer) -> Result<(), AgentError> {
        let mut query = InteractionQuery::of(InteractionScope::HeldBy(user), PAGE);
        let mut next: Option<Time> = None;
        loop {
            let held = self.core.store.interactions(&query).await?;
            query.after = held.items.last().map(|last| last.value.id);
            for held in held.items {
                let Some(due) = self.silent_from(user, &held.value) else { continue };
                if due > self.core.now() {
                    next = next.into_iter().chain([due]).min();
                } else if self.expire_handling(held.value.id, timer).await? == Standing::PutOff {
                    return Ok(());
                }
            }
            if !held.more {
                return self.watch_over_rest(timer, next).await;
            }
        }
    }

    /// Returns when a user has owned an interaction for the whole timeout; `None` when they do not
    /// own it.
    fn silent_from(&self, user: UserId, interaction: &Interaction) -> Option<Time> {
        let handling = interaction.handling().filter(|handling| handling.by == user)?;
        Some(handling.since.plus_ms(self.core.options.rules.handling_timeout_ms))
    }

    async fn expire_handling(
        &self,
        id: InteractionId,
        timer: Timer,
    ) -> Result<Standing, AgentError> {
        let request = CommandRequest {
            timer: Some(timer),
            ..CommandRequest::new(id, SystemAction::ExpireHandling)
        };
        match self.commands.execute(&request).await {
            // It ended or moved on meanwhile, or there is nowhere to go.
            Ok(_) | Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => {
                Ok(Standing::AsRead)
            }
            Err(ExecuteError::NotDue) => Ok(Standing::PutOff),
            // What cannot be read was set aside by the store, and the rest is taken from them.
            Err(ExecuteError::Store(error)) if error.is_unreadable() => Ok(Standing::AsRead),
            Err(ExecuteError::Store(error)) => Err(error.into()),
            Err(
                error @ (ExecuteError::Contended(_)
                | ExecuteError::Overtaken(_)
                | ExecuteError::KeyReused),
            ) => Err(AgentError::Interaction(Box::new(error))),
        }
    }

    async fn watch_over_rest(&self, timer: Timer, next: Option<Time>) -> Result<(), AgentError> {
        let rest = next.map(|due| Timer { key: timer.key, due });
        let change = ChangeSet {
            timers_checked: vec![timer],
            timers_done: vec![timer],
            timers_set: rest.into_iter().collect(),
            ..ChangeSet::default()
        };
        self.commands.commits().make_of_timers(change).await?;
        Ok(())
    }
}
