//! Who is in reach, the grace of those who are not, and what is taken from one who is gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::{TryStreamExt as _, stream};
use handoff_domain::event::Cause;
use handoff_domain::{CenterId, Desk, Incarnation, SystemAction, Topic, UserId};
use handoff_store::{ChangeSet, InteractionQuery, InteractionScope, StoreError, Timer, TimerKey};

use super::{AgentError, Desks};
use crate::commands::{CommandRequest, ExecuteError};

/// Interactions of one agent handled in one page when they are gone; capacity keeps the number far
/// below it.
const HELD_PAGE: usize = 500;

/// Desks that are changed in one commit when a node is dead: some 15 µs each, after which the store
/// takes what others wait for.
const FORGOTTEN_TOGETHER: usize = 64;
/// Such commits that are on their way at the same time: enough for a batch to be worth its sync.
const FORGETTING_AT_ONCE: usize = 8;

impl Desks {
    /// Records what a user listens to on this node. When that is nothing any more on any, the grace
    /// begins; when it is something again, it ends.
    pub(crate) async fn set_reach(
        &self,
        user: UserId,
        center: CenterId,
        topics: BTreeSet<Topic>,
    ) -> Result<(), AgentError> {
        self.change_desk((user, center), Cause::User(user), |desk, change| {
            let now = self.core.now();
            desk.set_reach(self.core.incarnation(), topics.clone(), now);
            match self.grace_of(desk) {
                Some(grace) => change.timers_set.push(grace),
                None if desk.session.is_some() => {
                    change.timers_cleared.push(TimerKey::Grace(user));
                }
                // Without a session a timer, if there is one, stands for a desk that is still being
                // cleared.
                None => {}
            }
            Ok(Vec::new())
        })
        .await
    }

    /// Ends the grace of an agent who did not come back (timer). Also finishes the clearing of a
    /// desk that a crash interrupted.
    pub(crate) async fn end_grace(&self, user: UserId, timer: &Timer) -> Result<(), AgentError> {
        let Some(desk) = self.core.current_desk(user).await? else {
            return Ok(self.commands.commits().drop_timer(*timer).await?);
        };
        if desk.session.is_none() {
            return self.clear_desk(user, *timer).await;
        }
        let over = Timer { key: timer.key, due: self.core.now() };
        self.change_desk((user, desk.center), Cause::Server, |desk, change| {
            match self.grace_of(desk) {
                Some(grace) if grace.due <= over.due => {
                    change.timers_set.push(over);
                    desk.end_session()
                }
                grace => {
                    change.timers_done.push(*timer);
                    change.timers_set.extend(grace);
                    Ok(Vec::new())
                }
            }
        })
        .await?;
        if self.core.desk(user).is_some_and(|desk| desk.session.is_none()) {
            tracing::info!(agent.id = %user, "an agent did not come back within the grace");
            self.clear_desk(user, over).await?;
        }
        Ok(())
    }

    /// Returns the timer of an agent who has a session and is out of reach. It does not run while
    /// no node does: nobody could come back then.
    fn grace_of(&self, desk: &Desk) -> Option<Timer> {
        let since = desk.unreachable_since.filter(|_| desk.session.is_some())?;
        let due = since.max(self.core.started).plus_ms(self.core.options.disconnect_grace_ms);
        Some(Timer { key: TimerKey::Grace(desk.user), due })
    }

    /// Takes from an agent without a session whatever they hold, then drops the timer that made
    /// sure of it.
    pub(super) async fn clear_desk(&self, user: UserId, timer: Timer) -> Result<(), AgentError> {
        let query = InteractionQuery::of(InteractionScope::HeldBy(user), HELD_PAGE);
        // Every round moves at least one interaction or ends, and no new ones come to an agent
        // without a session.
        loop {
            let held = self.core.store.interactions(&query).await?;
            let mut moved = 0_usize;
            for interaction in &held.items {
                let request =
                    CommandRequest::new(interaction.value.id, SystemAction::AgentGone { user });
                match self.commands.execute(&request).await {
                    Ok(_) => moved += 1,
                    // It ended or moved on meanwhile.
                    Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => {}
                    // What cannot be read was set aside by the store, and the rest is taken from
                    // them.
                    Err(ExecuteError::Store(error)) if error.is_unreadable() => {}
                    Err(ExecuteError::Store(error)) => return Err(error.into()),
                    Err(
                        error @ (ExecuteError::Contended(_)
                        | ExecuteError::Overtaken(_)
                        | ExecuteError::KeyReused
                        | ExecuteError::NotDue),
                    ) => {
                        return Err(AgentError::Interaction(Box::new(error)));
                    }
                }
            }
            if moved == 0 || !held.more {
                return Ok(self.commands.commits().drop_timer(timer).await?);
            }
        }
    }

    /// Removes what desks say of nodes that are dead, with the grace running from now. Many desks
    /// are changed together: one after the other, ten thousand would wait for ten thousand syncs.
    ///
    /// # Errors
    ///
    /// The store's own; what was not removed is found again in the next round.
    pub(crate) async fn forget_dead(&self) -> Result<(), StoreError> {
        // The desks are read before it is asked who lives: an incarnation begins before
        // anything is said under it, so whoever is named and lives not is dead.
        let mut desks = self.core.board.desks();
        let named = desks.iter().flat_map(|desk| desk.reach.0.keys().copied());
        let this = self.core.incarnation();
        let mut dead: BTreeSet<Incarnation> = named.filter(|node| *node != this).collect();
        if dead.is_empty() {
            return Ok(());
        }
        let living = self.core.store.living().await?;
        dead.retain(|node| !living.contains(node));
        desks.retain(|desk| desk.reach.0.keys().any(|node| dead.contains(node)));
        if desks.len() > FORGOTTEN_TOGETHER * FORGETTING_AT_ONCE {
            tracing::info!(
                desks = desks.len(),
                "recording that the agents of a node that is no more are out of reach"
            );
        }
        let dead = &dead;
        stream::iter(desks.chunks(FORGOTTEN_TOGETHER).map(Ok))
            .try_for_each_concurrent(Some(FORGETTING_AT_ONCE), |desks| async move {
                self.forget_reach_of(desks, dead).await
            })
            .await
    }

    async fn forget_reach_of(
        &self,
        desks: &[Arc<Desk>],
        dead: &BTreeSet<Incarnation>,
    ) -> Result<(), StoreError> {
        let forget = |desk: &mut Desk, change: &mut ChangeSet| {
            desk.forget_reach(dead, self.core.now());
            // Without a session the timer, if there is one, stands for a desk that is still being
            // cleared: it stays as it is.
            change.timers_set.extend(self.grace_of(desk));
            Ok(Vec::new())
        };
        let mut together = ChangeSet::default();
        for desk in desks {
            // What is nothing as it is remembered is found again if it is something.
            let prepared = self.prepare((desk.user, desk.center), Cause::Server, &forget);
            if let Ok(Some(ChangeSet { puts, checks, events, timers_set, .. })) = prepared {
                together.puts.extend(puts);
                together.checks.extend(checks);
                together.events.extend(events);
                together.timers_set.extend(timers_set);
            }
        }
        match self.commands.commits().make(together).await {
            Ok(_) => return Ok(()),
            // Somebody changed one of them meanwhile.
            Err(error) => self.commands.commits().reread(&error.into_conflict()?).await?,
        }
        for desk in desks {
            let forgotten = self.change_desk((desk.user, desk.center), Cause::Server, forget);
            forgotten.await.or_else(AgentError::into_store_error)?;
        }
        Ok(())
    }
}
