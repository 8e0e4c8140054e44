//! Looks after the login sessions and tokens by which something is open here: what was opened by
//! one that has ended, on whichever node, ends with it, and a session whose connection lives is in
//! use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use handoff_bus::{Hint, Received};
use handoff_domain::Time;
use handoff_store::{
    ChangeSet, CommitError, Key, LoginSession, Put, Record, StoreError, Versioned,
};
use tokio::sync::Notify;

use crate::core::Core;
use crate::outward::{OpenLogin, Publisher};
use crate::worker::Worker;

/// Login sessions read at once.
const PAGE: usize = 500;
/// Login sessions that are put off being idle at the same time; they share the store's syncs.
const AT_ONCE: usize = 16;

/// Looks after open login sessions.
pub struct Logins {
    core: Arc<Core>,
    publisher: Arc<dyn Publisher>,
    /// The first end of a token by which something is being opened.
    noted: Mutex<Option<Time>>,
    /// Wakes it.
    soon: Arc<Notify>,
}

impl Logins {
    pub(super) fn new(core: Arc<Core>, publisher: Arc<dyn Publisher>) -> Self {
        Self { core, publisher, noted: Mutex::default(), soon: Arc::default() }
    }

    /// Says that something is being opened by a token that expires then: it must not go on until
    /// the next look that is due anyway.
    pub fn opens_by_token(&self, expires: Time) {
        if self.core.now().plus_ms(self.core.options.logins_ms) <= expires {
            return;
        }
        let mut noted = self.noted();
        *noted = Some(noted.map_or(expires, |first| first.min(expires)));
        self.soon.notify_one();
    }

    fn noted(&self) -> MutexGuard<'_, Option<Time>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at every login session by which something is open.
    ///
    /// # Errors
    ///
    /// The store's own; what was not looked at is in the next round.
    pub async fn look(&self) -> Result<(), StoreError> {
        let open = self.publisher.open_logins();
        let (provided, stored): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|login| login.provided_until().is_some());
        let is_over = |login: &&OpenLogin| login.ends().is_some_and(|end| end <= self.core.now());
        provided.iter().filter(is_over).for_each(|login| self.publisher.login_ended(login));
        for page in stored.chunks(PAGE) {
            let key = |login: &OpenLogin| match login.token() {
                Some(_) => Key::UserTokens(login.user),
                None => Key::LoginSession(login.id.clone()),
            };
            let keys: Vec<Key> = page.iter().map(key).collect();
            let found = self.core.store.load(&keys).await?;
            let unused = page.iter().zip(found).filter_map(|(login, found)| self.see(login, found));
            stream::iter(unused.collect::<Vec<_>>())
                .map(|session| self.put_off(session))
                .buffer_unordered(AT_ONCE)
                .try_collect::<()>()
                .await?;
        }
        Ok(())
    }

    /// Ends what was opened by a login session or a token that is over; returns a session that is
    /// not and would seem idle before long.
    fn see(
        &self,
        login: &OpenLogin,
        found: Option<Versioned<Record>>,
    ) -> Option<Versioned<LoginSession>> {
        let idle_ms = self.core.options.login_idle_ms;
        let unused_ms = |session: &LoginSession| self.core.now().ms_since(session.last_used);
        match found {
            Some(Versioned { value: Record::LoginSession(session), version })
                if !session.has_ended() && unused_ms(&session) <= idle_ms =>
            {
                // By requests it is put off more often than this, so most need nothing.
                (unused_ms(&session) > idle_ms / 3).then_some(Versioned { value: session, version })
            }
            Some(Versioned { value: Record::UserTokens(tokens), .. })
                if login.token().is_some_and(|(id, _)| tokens.alive(id, self.core.now())) =>
            {
                None
            }
            _ => {
                self.publisher.login_ended(login);
                None
            }
        }
    }

    async fn put_off(&self, session: Versioned<LoginSession>) -> Result<(), StoreError> {
        let used = LoginSession { last_used: self.core.now(), ..session.value };
        let put = Put { record: Record::LoginSession(used), expected: session.version };
        match self.core.store.commit(ChangeSet { puts: vec![put], ..ChangeSet::default() }).await {
            Err(CommitError::Store(error)) => Err(error),
            // A request used it meanwhile, or it was ended: then the next look sees that.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl Worker for Logins {
    fn name(&self) -> &'static str {
        "logins"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.logins_ms)
    }

    fn next_due(&self) -> Option<Time> {
        let open = self.publisher.open_logins();
        open.iter().filter_map(OpenLogin::ends).chain(*self.noted()).min()
    }

    fn wakes(&self) -> Arc<Notify> {
        self.soon.clone()
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        matches!(received, Received::Hint(Hint::Logins) | Received::Missed)
    }

    /// At the end of a shift logins end one after the other, and each look is at all that are open.
    fn pause(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    async fn round(&self) -> Result<(), StoreError> {
        // What was opened until then is among what is open.
        let now = self.core.now();
        self.noted().take_if(|end| *end <= now);
        self.look().await
    }
}
