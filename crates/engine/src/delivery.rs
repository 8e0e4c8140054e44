//! Delivery: from the durable streams to the CometD sessions that are open on this node.
//!
//! Every session remembers, per topic, the last number that it was given; a row goes to a session
//! when the session is subscribed and the row's number is higher. Rows are read in order under one
//! lock per user. From these two, and from the streams being gap-free, follows that a session
//! misses nothing, gets nothing twice, and sees a user's messages in order, whatever hints are
//! lost.
//!
//! Nothing but this module publishes to agents.

mod audience;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use handoff_domain::{CenterId, Topic, UserId};
use handoff_store::{StoreError, StreamRow};

use crate::agents::AgentError;
use crate::engine::Engine;
use audience::Audience;

/// Stream rows read in one page.
pub(crate) const PAGE: usize = 256;

/// What became of a published message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is in the session's hands.
    Delivered,
    /// The session is no more.
    Gone,
    /// It had no room and is to be tried again; [`Engine::go_on`] says when.
    NoRoom,
}

/// Whether a message can wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It is news: a session that has no room for it is cut off, and asks for a replay when it
    /// comes back.
    Now,
    /// It is a replay: the store has it, so it waits until the client has fetched what is queued
    /// for it.
    WhenThereIsRoom,
}

/// Speaks to agents: renders rows as messages and hands them to CometD sessions.
pub trait Publisher: Send + Sync + 'static {
    /// Returns the data of the message that tells `row` on `topic`, where it has this number.
    fn render(&self, row: &StreamRow, topic: Topic, number: u64) -> Bytes;

    /// Returns the data of the message that says that a replay cannot begin where it was asked to:
    /// `oldest` is the first number that is kept (one past `head` when none is), `head` the last
    /// that was given.
    fn render_resync(&self, topic: Topic, oldest: u64, head: u64) -> Bytes;

    /// Returns the CometD channel of a topic.
    fn channel(&self, topic: Topic) -> &'static str;

    /// Hands a message to one session.
    fn publish(&self, session: &str, channel: &str, data: Bytes, patience: Patience) -> Published;
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// With what comes from now on (the default, and −1 on the wire).
    Live,
    /// With all that is kept (−2 on the wire).
    AllKept,
    /// After this number.
    After(u64),
}

/// One subscription of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    /// The channel or pattern, as the client wrote it.
    pub name: String,
    /// The topics that it covers, and where each begins.
    pub topics: BTreeMap<Topic, Replay>,
    /// Whether messages go out under `name` instead of the topic's own channel (a literal name with
    /// a trailing slash).
    pub under_own_name: bool,
}

/// The sessions of this node and how far each has come.
#[derive(Default)]
pub struct Delivery {
    publisher: OnceLock<Arc<dyn Publisher>>,
    audiences: Mutex<HashMap<UserId, Arc<tokio::sync::Mutex<Audience>>>>,
    /// Users for whom a round is already on its way.
    scheduled: Mutex<HashSet<UserId>>,
    /// How far the look for lost hints has come.
    looked_at: Mutex<u64>,
}

impl Delivery {
    pub(crate) fn publish_with(&self, publisher: Arc<dyn Publisher>) {
        // Only the first counts: an engine is started once.
        let _already_set = self.publisher.set(publisher);
    }

    fn publisher(&self) -> Option<&Arc<dyn Publisher>> {
        self.publisher.get()
    }

    fn audience(&self, user: UserId) -> Option<Arc<tokio::sync::Mutex<Audience>>> {
        self.audiences.lock().unwrap_or_else(PoisonError::into_inner).get(&user).cloned()
    }

    fn audience_or_new(&self, user: UserId) -> Arc<tokio::sync::Mutex<Audience>> {
        self.audiences
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(user)
            .or_default()
            .clone()
    }

    fn users(&self) -> Vec<UserId> {
        self.audiences.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn drop_if_empty(&self, user: UserId) {
        let mut audiences = self.audiences.lock().unwrap_or_else(PoisonError::into_inner);
        // With the map locked nobody can take a new handle, so an audience that only the map holds
        // and that is empty stays empty.
        let empty = audiences.get(&user).is_some_and(|audience| {
            Arc::strong_count(audience) == 1
                && audience.try_lock().is_ok_and(|audience| audience.is_empty())
        });
        if empty {
            audiences.remove(&user);
        }
    }
}

impl Engine {
    /// Adds a subscription of a session. On return the session has been given what it asked to be
    /// replayed, the user's reach is recorded, and everything that is committed from now on will
    /// come.
    ///
    /// # Errors
    ///
    /// [`AgentError`] when the reach cannot be recorded or the stream cannot be read; the
    /// subscription then does not take place.
    pub async fn subscribe(
        &self,
        user: UserId,
        center: CenterId,
        session: &str,
        subscription: Subscriptions,
    ) -> Result<(), AgentError> {
        let Some(publisher) = self.delivery.publisher() else { return Ok(()) };
        let handle = self.delivery.audience_or_new(user);
        let mut audience = handle.lock().await;
        // Rows up to here go to whoever was subscribed before; what the newcomer is owed of them is
        // replayed to them alone.
        audience.catch_up(&**publisher, &*self.store, user).await?;
        audience.add(&**publisher, &*self.store, user, session, subscription).await?;
        self.set_reach(user, center, audience.reach()).await
    }

    /// Removes a subscription of a session.
    ///
    /// # Errors
    ///
    /// [`AgentError`] when the reach cannot be recorded.
    pub async fn unsubscribe(
        &self,
        user: UserId,
        center: CenterId,
        session: &str,
        name: &str,
    ) -> Result<(), AgentError> {
        self.change_audience(user, center, |audience| audience.remove(session, name)).await
    }

    /// Forgets a session that is no more. When it was the user's last, their grace begins.
    ///
    /// # Errors
    ///
    /// [`AgentError`] when the reach cannot be recorded.
    pub async fn forget_session(
        &self,
        user: UserId,
        center: CenterId,
        session: &str,
    ) -> Result<(), AgentError> {
        self.change_audience(user, center, |audience| audience.forget(session)).await
    }

    async fn change_audience(
        &self,
        user: UserId,
        center: CenterId,
        change: impl FnOnce(&mut Audience) + Send,
    ) -> Result<(), AgentError> {
        let Some(handle) = self.delivery.audience(user) else { return Ok(()) };
        change(&mut *handle.lock().await);
        drop(handle);
        self.record_reach(user, center).await
    }

    /// Records what a user's sessions on this node listen to, unless it is recorded already. An
    /// audience is dropped only after that, so what could not be recorded now is found by the next
    /// look.
    async fn record_reach(&self, user: UserId, center: CenterId) -> Result<(), AgentError> {
        let Some(handle) = self.delivery.audience(user) else { return Ok(()) };
        let audience = handle.lock().await;
        let reach = audience.reach();
        if self.desk(user).map(|desk| desk.reach.clone()).unwrap_or_default() != reach {
            self.set_reach(user, center, reach).await?;
        }
        drop(audience);
        drop(handle);
        self.delivery.drop_if_empty(user);
        Ok(())
    }

    /// Records the reach of every user whose reach could not be recorded when it changed.
    async fn record_missed_reach(&self) -> Result<(), StoreError> {
        for user in self.delivery.users() {
            let Some(center) = self.center_of(user) else { continue };
            if let Err(error) = self.record_reach(user, center).await {
                error.into_store_error()?;
            }
        }
        Ok(())
    }

    /// Returns a message that is an answer and not an event to every session of the user that is
    /// subscribed to the topic. It has no number and is not replayed.
    pub async fn answer(&self, user: UserId, topic: Topic, data: Bytes) {
        let (Some(publisher), Some(handle)) =
            (self.delivery.publisher(), self.delivery.audience(user))
        else {
            return;
        };
        handle.lock().await.answer(&**publisher, topic, &data);
    }

    /// Returns a user's sessions on this node what they have not been given yet.
    pub(crate) async fn deliver_to(&self, user: UserId) -> Result<(), StoreError> {
        let (Some(publisher), Some(handle)) =
            (self.delivery.publisher(), self.delivery.audience(user))
        else {
            return Ok(());
        };
        handle.lock().await.catch_up(&**publisher, &*self.store, user).await
    }

    /// Goes on with replays to a user's sessions that had no room.
    pub fn go_on(&self, user: UserId) {
        if let Some(engine) = self.this.upgrade() {
            engine.deliver_soon(user);
        }
    }

    /// Begins a delivery to a user, unless one is about to begin anyway.
    pub(crate) fn deliver_soon(self: &Arc<Self>, user: UserId) {
        if self.delivery.audience(user).is_none() {
            return;
        }
        let scheduled = || self.delivery.scheduled.lock().unwrap_or_else(PoisonError::into_inner);
        if !scheduled().insert(user) {
            return;
        }
        let engine = self.clone();
        self.tasks.spawn(async move {
            // Taken off the list before reading: a hint from here on means rows that this round may
            // not see.
            engine.delivery.scheduled.lock().unwrap_or_else(PoisonError::into_inner).remove(&user);
            if let Err(error) = engine.deliver_to(user).await {
                tracing::warn!(agent.id = %user, error = %error, "a delivery failed; the next look tries again");
            }
        });
    }

    /// The periodic look for what was missed: reach that could not be recorded, and, in one query,
    /// all streams that grew.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn deliver_missed(&self) -> Result<(), StoreError> {
        self.record_missed_reach().await?;
        loop {
            let from = *self.delivery.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
            let grown = self.store.heads_after(from, PAGE).await?;
            for head in &grown {
                self.deliver_to(head.user).await?;
            }
            let Some(last) = grown.last() else { return Ok(()) };
            *self.delivery.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = last.position;
        }
    }
}
