//! The sessions of this node, and giving them what they have not been given.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use handoff_bus::Hint;
use handoff_domain::{Interaction, Topic, UserId};
use handoff_store::{ChangeSet, CommitError, PromisedAnswer, StoreError, Told};

use super::audience::Audience;
use super::center::Centers;
use super::subscriptions::{PAGE, Subscriptions};
use super::viewers::Viewers;
use crate::core::{Core, Note};
use crate::desks::{AgentError, Desks};
use crate::outward::Publisher;

/// How long a promised answer is kept, in ms: much longer than a hint or the look for lost ones
/// takes to reach every node.
const PROMISED_KEPT_MS: u64 = 60_000;

/// How many users one task gives rows to that need no read: some 10 µs each, after which others
/// have their turn.
const TOGETHER_MAX: usize = 128;

/// How many users get rows from the very task that added them: the owner, and who else takes part.
const GIVEN_AT_ONCE_MAX: usize = 4;

/// What a user's sessions may be owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owed {
    /// Rows that this node itself added, and has.
    FreshRows,
    Rows,
    /// The same, and word of those that were swept.
    RowsOrResync,
    PromisedAnswers,
}

/// The sessions of this node and how far each has come.
pub struct Delivery {
    pub(super) core: Arc<Core>,
    desks: Arc<Desks>,
    pub(super) publisher: Arc<dyn Publisher>,
    /// Who looks at what.
    pub(super) viewers: Viewers,
    /// Who watches a whole contact center.
    pub(super) centers: Centers,
    audiences: Mutex<HashMap<UserId, Arc<tokio::sync::Mutex<Audience>>>>,
    /// Users for whom a round is already on its way.
    scheduled: Mutex<HashSet<(UserId, Owed)>>,
    /// How far the look for lost hints has come in the log; `None` before the first.
    looked_at: Mutex<Option<u64>>,
    /// The same of promised answers.
    promised_looked_at: Mutex<u64>,
}

impl Delivery {
    pub(crate) fn new(core: Arc<Core>, desks: Arc<Desks>, publisher: Arc<dyn Publisher>) -> Self {
        Self {
            core,
            desks,
            publisher,
            viewers: Viewers::default(),
            centers: Centers::default(),
            audiences: Mutex::default(),
            scheduled: Mutex::default(),
            looked_at: Mutex::default(),
            promised_looked_at: Mutex::default(),
        }
    }

    pub(super) fn audience(&self, user: UserId) -> Option<Arc<tokio::sync::Mutex<Audience>>> {
        self.audiences.lock().unwrap_or_else(PoisonError::into_inner).get(&user).cloned()
    }

    /// Returns how many sessions are open on this node; of a user who is being given something now,
    /// one.
    pub(crate) fn sessions_open(&self) -> u64 {
        let audiences = self.audiences.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = |audience: &Arc<tokio::sync::Mutex<Audience>>| {
            audience.try_lock().map_or(1, |audience| audience.sessions_open())
        };
        audiences.values().map(of_one).sum()
    }

    fn audience_or_new(&self, user: UserId) -> Arc<tokio::sync::Mutex<Audience>> {
        let mut audiences = self.audiences.lock().unwrap_or_else(PoisonError::into_inner);
        self.core.fresh.keep(user);
        audiences.entry(user).or_default().clone()
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
            self.core.fresh.forget(user);
        }
    }

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
        session: &str,
        subscription: Subscriptions,
    ) -> Result<(), AgentError> {
        let publisher = &*self.publisher;
        let handle = self.audience_or_new(user);
        let mut audience = handle.lock().await;
        // Rows up to here go to whoever was subscribed before; what the newcomer is owed of them is
        // replayed to them alone.
        audience.catch_up(publisher, &*self.core.store, user).await?;
        self.note_lag(&mut audience);
        audience.give_promised(publisher, &*self.core.store, user).await?;
        audience.add(publisher, &*self.core.store, user, session, subscription).await?;
        self.record_reach_of(user, &audience).await
    }

    /// Removes a subscription of a session.
    ///
    /// # Errors
    ///
    /// [`AgentError`] when the reach cannot be recorded.
    pub async fn unsubscribe(
        &self,
        user: UserId,
        session: &str,
        name: &str,
    ) -> Result<(), AgentError> {
        self.unwatch_centers(session, Some(name));
        self.change_audience(user, |audience| audience.remove(session, name)).await
    }

    /// Forgets a session that is no more. When it was the user's last on any node, their grace
    /// begins, and they look at nothing any more.
    ///
    /// # Errors
    ///
    /// [`AgentError`] when the reach cannot be recorded.
    pub async fn forget_session(&self, user: UserId, session: &str) -> Result<(), AgentError> {
        self.unwatch_centers(session, None);
        self.change_audience(user, |audience| audience.forget(session)).await?;
        if self.audience(user).is_none() && !self.is_elsewhere(user) {
            self.look_away(user, None).await;
        }
        Ok(())
    }

    /// Tells whether a user listens on another node, as far as this one has heard.
    fn is_elsewhere(&self, user: UserId) -> bool {
        let own = self.core.incarnation();
        self.core.desk(user).is_some_and(|desk| desk.reach.0.keys().any(|node| *node != own))
    }

    async fn change_audience(
        &self,
        user: UserId,
        change: impl FnOnce(&mut Audience) + Send,
    ) -> Result<(), AgentError> {
        let Some(handle) = self.audience(user) else { return Ok(()) };
        change(&mut *handle.lock().await);
        drop(handle);
        self.record_reach(user).await
    }

    /// Records what a user's sessions on this node listen to, unless it is recorded already. An
    /// audience is dropped only after that, so what could not be recorded now is found by the next
    /// look.
    async fn record_reach(&self, user: UserId) -> Result<(), AgentError> {
        let Some(handle) = self.audience(user) else { return Ok(()) };
        let audience = handle.lock().await;
        self.record_reach_of(user, &audience).await?;
        drop(audience);
        drop(handle);
        self.drop_if_empty(user);
        Ok(())
    }

    /// The same while nobody else changes it. Nobody but this node writes what it says, unless it
    /// was taken for dead, and then it says so again.
    async fn record_reach_of(&self, user: UserId, audience: &Audience) -> Result<(), AgentError> {
        let desk = self.core.desk(user);
        let recorded = desk.as_ref().and_then(|desk| desk.reach.at(self.core.incarnation()));
        if audience.has_topics(recorded.unwrap_or(&BTreeSet::new())) {
            return Ok(());
        }
        // Where a user was who is no more their desk tells; without one there is nothing to say.
        let center = self.core.center_of(user).or(desk.map(|desk| desk.center));
        match center {
            Some(center) => self.desks.set_reach(user, center, audience.topics()).await,
            None => Ok(()),
        }
    }

    /// Records the reach of every user whose reach could not be recorded when it changed.
    pub(crate) async fn record_missed_reach(&self) -> Result<(), StoreError> {
        for user in self.users() {
            if let Err(error) = self.record_reach(user).await {
                error.into_store_error()?;
            }
        }
        Ok(())
    }

    /// Promises a user messages that are answers and no events: every session of theirs gets them
    /// that is subscribed to the topic now, on whichever node. They have no number and are not
    /// replayed. When it returns they are durable, and the sessions of this node have them.
    ///
    /// # Errors
    ///
    /// The store's own; then nothing comes.
    pub async fn promise(
        &self,
        to: UserId,
        answers: impl IntoIterator<Item = (Topic, Bytes)> + Send,
    ) -> Result<(), StoreError> {
        match self.commit_and_tell(ChangeSet::default(), to, answers).await {
            Ok(()) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
            Err(CommitError::Conflict { .. } | CommitError::Receipt(_) | CommitError::Timer(_)) => {
                unreachable!("promised answers guard nothing and have no receipt")
            }
        }
    }

    /// Commits a change of records that no board has, and promises a user messages with it, as
    /// [`Delivery::promise`] does.
    ///
    /// # Errors
    ///
    /// The store's own, or what refused the change; then nothing comes.
    pub async fn commit_and_tell(
        &self,
        change: ChangeSet,
        to: UserId,
        answers: impl IntoIterator<Item = (Topic, Bytes)> + Send,
    ) -> Result<(), CommitError> {
        let until = self.core.now().plus_ms(PROMISED_KEPT_MS);
        let answer = |(topic, data): (Topic, Bytes)| {
            let body = std::str::from_utf8(&data).expect("messages are JSON").into();
            PromisedAnswer { to, topic, body, until }
        };
        let promised = answers.into_iter().map(answer).collect();
        self.core.store.commit(ChangeSet { promised, ..change }).await?;
        self.core.bus.wake(Hint::Promised([to.0].into()));
        // What cannot be read back now is found by the next look.
        let _found_later = self.give(to, Owed::PromisedAnswers).await;
        Ok(())
    }

    /// Tells a user's sessions on this node what is kept nowhere; `reference` is the number of
    /// their request that it comes from.
    pub(crate) async fn note(
        &self,
        user: UserId,
        chat: &Interaction,
        note: &Note,
        reference: Option<i32>,
    ) {
        let Some(handle) = self.audience(user) else { return };
        let audience = handle.lock().await;
        for (topic, data) in self.publisher.render_note(chat, user, note, reference) {
            audience.answer(&*self.publisher, topic, &data);
        }
    }

    /// Hands a user's sessions on this node what they have not been given yet.
    async fn give(&self, user: UserId, owed: Owed) -> Result<(), StoreError> {
        let Some(handle) = self.audience(user) else { return Ok(()) };
        let mut audience = handle.lock().await;
        let (publisher, store) = (&*self.publisher, &*self.core.store);
        // Rows that are read have all of them, so they are taken out whoever gives rows.
        let taken = || self.core.fresh.take(user);
        let given = match owed {
            Owed::FreshRows => audience.give_fresh(publisher, store, user, taken()).await,
            Owed::Rows => {
                taken();
                audience.catch_up(publisher, store, user).await
            }
            Owed::RowsOrResync => {
                taken();
                audience.catch_up_to_the_end(publisher, store, user).await
            }
            Owed::PromisedAnswers => {
                return audience.give_promised(publisher, store, user).await;
            }
        };
        self.note_lag(&mut audience);
        if given.is_err() {
            // What was taken out was not given: whoever comes next has to read it.
            self.core.fresh.let_go(user);
        }
        given
    }

    /// Begins a delivery to a user, unless one is about to begin anyway; replays that had no room
    /// go on with it.
    pub fn deliver_soon(self: &Arc<Self>, user: UserId) {
        self.give_soon(&[user], Owed::Rows);
    }

    /// Hands users the rows that this node itself has just added. Few are given them at once, by
    /// the task that added them, as far as that has nothing to wait for: it costs less than another
    /// task's turn.
    pub(crate) fn give_own(self: &Arc<Self>, users: &[UserId]) {
        if users.len() > GIVEN_AT_ONCE_MAX {
            return self.give_soon(users, Owed::FreshRows);
        }
        let give = || {
            for user in users {
                if let Some(owed) = self.give_at_once(*user, Owed::FreshRows) {
                    self.give_soon(&[*user], owed);
                }
            }
        };
        // Whoever added them is answered whatever becomes of the telling. What was not given is
        // missing before the next row, and is read then.
        if catch_unwind(AssertUnwindSafe(give)).is_err() {
            tracing::error!("a delivery panicked; what was not given is given with the next");
        }
    }

    /// Begins to give users what they are owed, unless that is about to begin anyway.
    pub(crate) fn give_soon(self: &Arc<Self>, users: &[UserId], owed: Owed) {
        let scheduled = || self.scheduled.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due =
            |user: &UserId| self.audience(*user).is_some() && scheduled().insert((*user, owed));
        if let [user] = users {
            if is_due(user) {
                self.begin_to_give([*user], owed);
            }
            return;
        }
        let due: Vec<UserId> = users.iter().copied().filter(is_due).collect();
        due.chunks(TOGETHER_MAX).for_each(|users| self.begin_to_give(users.to_vec(), owed));
    }

    fn begin_to_give<U>(self: &Arc<Self>, users: U, owed: Owed)
    where
        U: AsRef<[UserId]> + Send + Sync + 'static,
    {
        let delivery = self.clone();
        self.core.tasks.spawn(async move { delivery.give_to_all(users.as_ref(), owed).await });
    }

    async fn give_to_all(self: &Arc<Self>, users: &[UserId], owed: Owed) {
        self.take_off(users, owed);
        for user in users {
            match (users, self.give_at_once(*user, owed)) {
                (_, None) => {}
                ([_], Some(owed)) => self.give_or_warn(*user, owed).await,
                // What has to wait keeps nobody else waiting.
                (_, Some(owed)) => {
                    let (delivery, user) = (self.clone(), *user);
                    self.core.tasks.spawn(async move { delivery.give_or_warn(user, owed).await });
                }
            }
        }
    }

    /// Takes users off the list, before reading: a hint from here on means rows that this round may
    /// not see. All at once: no hint would do for whoever stays on it when a round breaks off.
    fn take_off(&self, users: &[UserId], owed: Owed) {
        let mut scheduled = self.scheduled.lock().unwrap_or_else(PoisonError::into_inner);
        for user in users {
            scheduled.remove(&(*user, owed));
        }
    }

    /// Hands a user's sessions what they are owed as far as nothing has to be waited for; returns
    /// what they are owed still.
    fn give_at_once(&self, user: UserId, owed: Owed) -> Option<Owed> {
        if owed != Owed::FreshRows {
            return Some(owed);
        }
        let handle = self.audience(user)?;
        let Ok(mut audience) = handle.try_lock() else { return Some(owed) };
        let fresh = self.core.fresh.take(user);
        let is_all = audience.give_without_reading(&*self.publisher, user, fresh);
        self.note_lag(&mut audience);
        // What was taken out and not given has to be read.
        (!is_all).then_some(Owed::Rows)
    }

    /// Counts how long after the change somebody was told of it.
    fn note_lag(&self, audience: &mut Audience) {
        if let Some(at) = audience.take_given_of() {
            self.core.notified_after_ms.note(self.core.now().ms_since(at));
        }
    }

    async fn give_or_warn(&self, user: UserId, owed: Owed) {
        if let Err(error) = self.give(user, owed).await {
            tracing::warn!(
                agent.id = %user,
                error = %error,
                "a delivery failed; the next look tries again"
            );
        }
    }

    /// The periodic look for what was missed: reach that could not be recorded, promised answers,
    /// and all streams that grew, by the log.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn deliver_missed(&self) -> Result<(), StoreError> {
        self.expire_looks().await;
        self.record_missed_reach().await?;
        self.give_missed_answers().await?;
        loop {
            let from = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(from) = from else { return self.look_at_everything().await };
            let page = match self.core.store.told_after(from, PAGE).await {
                Err(StoreError::Swept { .. }) => return self.look_at_everything().await,
                page => page?,
            };
            for (user, position) in told_users(&page.items) {
                self.give_up_to(user, position).await?;
            }
            let Some(last) = page.items.last() else { return Ok(()) };
            self.look_from(last.position);
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Hands a user's sessions on this node what they have not been given yet, if it is not known
    /// that they have everything up to a position.
    async fn give_up_to(&self, user: UserId, position: u64) -> Result<(), StoreError> {
        let Some(handle) = self.audience(user) else { return Ok(()) };
        let is_given = handle.lock().await.has_all_up_to(position);
        if is_given { Ok(()) } else { self.give(user, Owed::Rows).await }
    }

    async fn give_missed_answers(&self) -> Result<(), StoreError> {
        let looked_at = || self.promised_looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let from = *looked_at();
        let end = self.core.store.promised_after(from).await?;
        for user in end.to {
            self.give(user, Owed::PromisedAnswers).await?;
        }
        *looked_at() = end.last;
        Ok(())
    }

    /// Hands everybody what they have not been given, or says that it was swept, whoever was told
    /// of what: where the log cannot say it.
    async fn look_at_everything(&self) -> Result<(), StoreError> {
        let end = self.core.store.log_end().await?;
        for user in self.users() {
            self.give(user, Owed::RowsOrResync).await?;
        }
        self.look_from(end.position);
        Ok(())
    }

    fn look_from(&self, position: u64) {
        *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(position);
    }
}

/// Returns who was told of entries of the log, each with the last of them.
fn told_users(told: &[Told]) -> BTreeMap<UserId, u64> {
    let mut last = BTreeMap::new();
    for Told { position, owners, .. } in told {
        last.extend(owners.iter().filter_map(|owner| owner.user()).map(|user| (user, *position)));
    }
    last
}
