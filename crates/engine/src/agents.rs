//! Agents: contact-center sessions, channel states, reach, and what happens to the work of one who
//! is gone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use handoff_domain::desk::{Channels, DoNotDisturb};
use handoff_domain::event::{Cause, Subject};
use handoff_domain::{
    Action, Actor, CenterId, Command, Desk, Event, Media, Notice, NotificationType, Reach,
    Rejection, Time, UserId, View, WorkbinId,
};
use handoff_store::{
    ChangeSet, CommitError, InteractionQuery, InteractionScope, Put, Record, StoreError, Timer,
    TimerKey,
};

use crate::engine::Engine;
use crate::execute::{Attempt, ExecuteError};

/// Attempts at one desk's change. Only the router and the agent's own commands change a desk, so a
/// handful is already unusual.
const ATTEMPTS_MAX: usize = 64;
/// Interactions of one agent handled in one page when they are gone; capacity keeps the number far
/// below it.
const HELD_PAGE: usize = 500;

/// When users last made an authenticated request, since this node started.
#[derive(Debug, Default)]
pub struct Activity {
    last: Mutex<HashMap<UserId, Time>>,
}

impl Activity {
    pub(crate) fn last_request(&self, user: UserId) -> Option<Time> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied()
    }
}

/// A change of channel states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelChange {
    /// Take work.
    Ready,
    /// Take none, for a reason.
    NotReady {
        /// The reason, when given.
        reason: Option<String>,
    },
    /// Take none, whatever else is set.
    DoNotDisturbOn,
    /// Take what Ready allows.
    DoNotDisturbOff,
}

/// Why a change of an agent's desk did not take place.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The rules refuse it.
    #[error("refused: {0:?}")]
    Rejected(Box<Rejection>),
    /// Too many others change the same desk at once.
    #[error("gave up on the desk of user {0} after {ATTEMPTS_MAX} contended attempts")]
    Contended(UserId),
    /// One of the agent's interactions could not be taken from them.
    #[error("an interaction of an agent who is gone could not be moved")]
    Interaction(#[source] Box<ExecuteError>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Rejection> for AgentError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

impl AgentError {
    /// For workers: passes on the store's errors and lets the others be; what they concern is tried
    /// again in the next round.
    pub(crate) fn into_store_error(self) -> Result<(), StoreError> {
        match self {
            Self::Store(error) if !error.is_unreadable() => Err(error),
            Self::Store(_) | Self::Rejected(_) | Self::Contended(_) | Self::Interaction(_) => {
                tracing::warn!(error = %self, "an agent's desk could not be changed now");
                Ok(())
            }
        }
    }
}

impl Engine {
    /// Remembers that a user made an authenticated request; their handling timeouts run from here.
    pub fn touch(&self, user: UserId) {
        let now = self.clock.now();
        self.activity.last.lock().unwrap_or_else(PoisonError::into_inner).insert(user, now);
    }

    /// Returns an agent's desk; `None` when they were never here.
    #[must_use]
    pub fn desk(&self, user: UserId) -> Option<Arc<Desk>> {
        self.board.desk(user).map(|desk| desk.value)
    }

    /// Starts an agent's contact-center session with these channels, all NotReady, or joins the one
    /// that is open. Durable on return.
    ///
    /// # Errors
    ///
    /// [`AgentError`].
    pub async fn start_contact_session(
        &self,
        user: UserId,
        center: CenterId,
        channels: &[Media],
        place: Option<String>,
    ) -> Result<(), AgentError> {
        let grace_ms = self.options.disconnect_grace_ms;
        self.change_desk(user, center, |desk, change| {
            let now = self.clock.now();
            let changed = desk.start_session(channels, place.clone(), now);
            if let Some(since) = desk.unreachable_since {
                // Nobody listens yet; the grace runs from the start of the session at the earliest.
                let due = Time(since.0.max(now.0)).plus_ms(grace_ms);
                desk.unreachable_since = Some(now);
                change.timers_set.push(Timer { key: TimerKey::Grace(user), due });
            }
            Ok(changed)
        })
        .await
    }

    /// Ends an agent's contact-center session and takes all their work from them. On return all of
    /// it is done and durable; a crash in between is finished by the grace timer.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; [`Rejection::NoSession`] when there is none.
    pub async fn end_contact_session(
        &self,
        user: UserId,
        center: CenterId,
    ) -> Result<(), AgentError> {
        self.change_desk(user, center, |desk, change| {
            let changed = desk.end_session()?;
            change.timers_set.push(Timer { key: TimerKey::Grace(user), due: self.clock.now() });
            Ok(changed)
        })
        .await?;
        self.clear_desk(user).await
    }

    /// Changes the state of one channel, or of all. Durable on return.
    ///
    /// # Errors
    ///
    /// [`AgentError`]; refused without a session, or on a channel that is not part of it.
    pub async fn change_channels(
        &self,
        user: UserId,
        center: CenterId,
        channel: Option<&Media>,
        to: &ChannelChange,
    ) -> Result<(), AgentError> {
        self.change_desk(user, center, |desk, _| {
            let channels = channel.map_or(Channels::All, Channels::One);
            match to {
                ChannelChange::Ready => desk.set_ready(channels),
                ChannelChange::NotReady { reason } => {
                    desk.set_not_ready(channels, reason.as_deref())
                }
                ChannelChange::DoNotDisturbOn => {
                    desk.set_do_not_disturb(channels, DoNotDisturb::On)
                }
                ChannelChange::DoNotDisturbOff => {
                    desk.set_do_not_disturb(channels, DoNotDisturb::Off)
                }
            }
        })
        .await
    }

    /// Starts or ends a user's watch of a workbin. Durable on return.
    ///
    /// # Errors
    ///
    /// [`AgentError`].
    pub async fn watch_workbin(
        &self,
        user: UserId,
        center: CenterId,
        workbin: WorkbinId,
        watch: bool,
    ) -> Result<(), AgentError> {
        self.change_desk(user, center, |desk, _| {
            if watch {
                desk.watch(workbin);
            } else {
                desk.unwatch(workbin);
            }
            Ok(Vec::new())
        })
        .await
    }

    /// Records what a user listens to. When that is nothing any more, the grace begins; when it is
    /// something again, it ends.
    pub(crate) async fn set_reach(
        &self,
        user: UserId,
        center: CenterId,
        reach: Reach,
    ) -> Result<(), AgentError> {
        self.change_desk(user, center, |desk, change| {
            let now = self.clock.now();
            desk.set_reach(reach.clone(), now);
            let key = TimerKey::Grace(user);
            match (desk.unreachable_since, &desk.session) {
                (Some(since), Some(_)) => {
                    let due = since.plus_ms(self.options.disconnect_grace_ms);
                    change.timers_set.push(Timer { key, due });
                }
                (None, Some(_)) => change.timers_cleared.push(key),
                // Without a session a timer, if there is one, stands for a desk that is still being
                // cleared.
                (_, None) => {}
            }
            Ok(Vec::new())
        })
        .await
    }

    /// Ends the grace of an agent who did not come back (timer). Also finishes the clearing of a
    /// desk that a crash interrupted.
    pub(crate) async fn end_grace(&self, user: UserId) -> Result<(), AgentError> {
        let Some(desk) = self.desk(user) else {
            return self.clear_grace(user).await;
        };
        if desk.session.is_none() {
            return self.clear_desk(user).await;
        }
        let due =
            desk.unreachable_since.map(|since| since.plus_ms(self.options.disconnect_grace_ms));
        match due {
            None => self.clear_grace(user).await,
            Some(due) if due > self.clock.now() => {
                let timer = Timer { key: TimerKey::Grace(user), due };
                self.commit_plain(ChangeSet { timers_set: vec![timer], ..ChangeSet::default() })
                    .await
            }
            Some(_) => {
                tracing::info!(agent.id = %user, "an agent did not come back within the grace");
                self.end_contact_session(user, desk.center).await
            }
        }
    }

    /// Takes from an agent without a session whatever they hold, then drops the timer that made
    /// sure of it.
    async fn clear_desk(&self, user: UserId) -> Result<(), AgentError> {
        let query = InteractionQuery::of(InteractionScope::HeldBy(user), HELD_PAGE);
        // Every round moves at least one interaction or ends, and no new ones come to an agent
        // without a session.
        loop {
            let held = self.store.interactions(&query).await?;
            let mut moved = 0_usize;
            for interaction in &held.items {
                let command = Command {
                    actor: Actor::Server,
                    epoch: None,
                    action: Action::AgentGone { user },
                    farewell: None,
                    note: None,
                };
                let attempt = Attempt {
                    id: interaction.value.id,
                    command,
                    reference: None,
                    receipt: None,
                    also: Vec::new(),
                };
                match self.execute(&attempt).await {
                    Ok(_) => moved += 1,
                    // It ended or moved on meanwhile.
                    Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => {}
                    // What cannot be read was set aside by the store, and the rest is taken from
                    // them.
                    Err(ExecuteError::Store(error)) if error.is_unreadable() => {}
                    Err(ExecuteError::Store(error)) => return Err(error.into()),
                    Err(error @ (ExecuteError::Contended(_) | ExecuteError::KeyReused)) => {
                        return Err(AgentError::Interaction(Box::new(error)));
                    }
                }
            }
            if moved == 0 || !held.more {
                return self.clear_grace(user).await;
            }
        }
    }

    async fn clear_grace(&self, user: UserId) -> Result<(), AgentError> {
        let timers_cleared = vec![TimerKey::Grace(user)];
        self.commit_plain(ChangeSet { timers_cleared, ..ChangeSet::default() }).await
    }

    async fn commit_plain(&self, change: ChangeSet) -> Result<(), AgentError> {
        match self.commit_change(change).await {
            Ok(_) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
            Err(CommitError::Conflict { .. } | CommitError::Receipt(_)) => {
                unreachable!("a change of timers alone has no guard and no receipt")
            }
        }
    }

    /// Changes one desk: the closure changes it and gives the channels whose state is new, which
    /// the agent is then told.
    pub(crate) async fn change_desk<F>(
        &self,
        user: UserId,
        center: CenterId,
        change_it: F,
    ) -> Result<(), AgentError>
    where
        F: Fn(&mut Desk, &mut ChangeSet) -> Result<Vec<Media>, Rejection>,
    {
        for _ in 0..ATTEMPTS_MAX {
            let known = self.board.desk(user);
            let expected = known.as_ref().map_or(0, |desk| desk.version);
            let before = known.map(|desk| desk.value);
            let mut desk = before
                .as_deref()
                .cloned()
                .unwrap_or_else(|| Desk::new(user, center, self.clock.now()));
            let mut change = ChangeSet::default();
            let channels = change_it(&mut desk, &mut change)?;
            if !channels.is_empty() {
                change.events.push(channels_changed(&desk, &channels, self.clock.now()));
            }
            if before.as_deref() != Some(&desk) {
                change.puts.push(Put { record: Record::Desk(desk), expected });
            }
            if change == ChangeSet::default() {
                return Ok(());
            }
            match self.commit_change(change).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict { key }) => self.reread(&key).await?,
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Receipt(_)) => {
                    unreachable!("a change of a desk carries no receipt")
                }
            }
        }
        Err(AgentError::Contended(user))
    }
}

/// The event that tells an agent of their own channels. Its snapshot holds the changed channels
/// alone, as the documents' samples do.
fn channels_changed(desk: &Desk, changed: &[Media], at: Time) -> Event {
    let mut snapshot = Desk::new(desk.user, desk.center, at);
    snapshot.channels = desk.channels.clone();
    snapshot.channels.retain(|media, _| changed.contains(media));
    let notice = Notice {
        user: desk.user,
        view: View::Channels,
        kind: NotificationType::StatusChange,
        error: None,
        reference: None,
    };
    Event {
        at,
        cause: Cause::User(desk.user),
        facts: Vec::new(),
        subject: Subject::Desk(snapshot),
        notices: vec![notice],
    }
}
