//! Between the hub and the engine: clients' subscriptions become the engine's, and ended sessions
//! are forgotten there.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use handoff_cometd::{Application, CometdServer, EndAdvice, RemovalReason, SessionId, SessionInfo};
use handoff_domain::UserId;
use handoff_engine::{AgentError, Engine, Subscriptions, WatchCenter};
use serde_json::Value;

use super::{audience, policy, replay};
use crate::notify::topics::Coverage;

/// The way to the server for those whom the server itself holds. It is cut at shutdown, so that
/// nothing keeps itself alive in a circle.
#[derive(Default)]
pub(super) struct Link {
    server: RwLock<Option<CometdServer>>,
}

impl Link {
    pub(super) fn connect(&self, server: CometdServer) {
        *self.server.write().unwrap_or_else(PoisonError::into_inner) = Some(server);
    }

    pub(super) fn disconnect(&self) {
        *self.server.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Returns the server; `None` before the start and after the shutdown.
    pub(super) fn server(&self) -> Option<CometdServer> {
        self.server.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Ends a session unless what was begun for it was finished: when it failed, or when the client's
/// connection broke and took the hook with it. Otherwise hub and engine could disagree about a
/// subscription, and the client would wait for messages that never come.
struct EndUnlessDone<'a> {
    link: &'a Link,
    session: &'a SessionId,
    is_done: bool,
}

impl Drop for EndUnlessDone<'_> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        if let Some(server) = self.link.server() {
            server.end_session(self.session, EndAdvice::Handshake);
        }
    }
}

/// The engine's side of every session.
pub(super) struct Subscribers {
    engine: Arc<Engine>,
    link: Arc<Link>,
}

impl Subscribers {
    pub(super) const fn new(engine: Arc<Engine>, link: Arc<Link>) -> Self {
        Self { engine, link }
    }

    async fn subscribe(
        &self,
        user: UserId,
        session: &SessionId,
        subscription: Subscriptions,
    ) -> Result<(), AgentError> {
        let name = subscription.name.clone();
        self.engine.delivery().subscribe(user, session.as_str(), subscription).await?;
        self.set_right(user, session, &name).await
    }

    async fn watch_center(
        &self,
        user: UserId,
        session: &SessionId,
        watch: WatchCenter,
    ) -> Result<(), AgentError> {
        let name = watch.name.clone();
        self.engine.delivery().watch_center(session.as_str(), watch).await?;
        self.set_right(user, session, &name).await
    }

    /// Takes a subscription back that has just been made, when it stands no more.
    async fn set_right(
        &self,
        user: UserId,
        session: &SessionId,
        name: &str,
    ) -> Result<(), AgentError> {
        // The session may have ended, or the name been given up, on another connection meanwhile;
        // its notice then came too early to find anything. Whoever looks after the other has done
        // so sets it right.
        let standing =
            self.link.server().map(|server| server.subscriptions_of(session)).unwrap_or_default();
        if standing.is_empty() {
            return self.engine.delivery().forget_session(user, session.as_str()).await;
        }
        if !standing.iter().any(|standing| standing == name) {
            return self.engine.delivery().unsubscribe(user, session.as_str(), name).await;
        }
        Ok(())
    }

    fn guard<'a>(&'a self, session: &'a SessionInfo) -> EndUnlessDone<'a> {
        EndUnlessDone { link: &self.link, session: &session.id, is_done: false }
    }
}

#[async_trait]
impl Application for Subscribers {
    async fn subscribed(&self, session: &SessionInfo, subscription: &str, ext: Option<&Value>) {
        let mut guard = self.guard(session);
        // The policy has let the name pass; but the user may have gone or got other roles since,
        // and then it would stand for nothing.
        let user =
            session.identity.as_ref().and_then(|identity| policy::user_of(&self.engine, identity));
        let granted = user.and_then(|user| Some((audience::granted(&user, subscription)?, user)));
        let Some((coverage, user)) = granted else {
            tracing::info!(session.id = %session.id, "a session is ended whose user is no more or has other roles now");
            return;
        };
        if let Coverage::Center(topic) = coverage {
            let (name, replay) = (subscription.to_owned(), replay::start_of_center(topic, ext));
            let watch = WatchCenter { center: user.center, topic, name, replay };
            match self.watch_center(user.id, &session.id, watch).await {
                Ok(()) => guard.is_done = true,
                Err(error) => failed("watch the center", session, &error),
            }
            return;
        }
        if coverage.topics().is_empty() {
            // On silent topics nothing is ever sent; the engine has no part in them.
            guard.is_done = true;
            return;
        }
        let wanted = Subscriptions {
            name: subscription.to_owned(),
            topics: replay::starts(&coverage, ext),
            under_own_name: matches!(coverage, Coverage::Slashed(_)),
        };
        match self.subscribe(user.id, &session.id, wanted).await {
            Ok(()) => guard.is_done = true,
            Err(error) => failed("subscribe", session, &error),
        }
    }

    async fn unsubscribed(&self, session: &SessionInfo, subscription: &str) {
        let mut guard = self.guard(session);
        let Some(user) = user_of(session) else { return };
        match self.engine.delivery().unsubscribe(user, session.id.as_str(), subscription).await {
            Ok(()) => guard.is_done = true,
            Err(error) => failed("unsubscribe", session, &error),
        }
    }

    fn has_room(&self, session: &SessionInfo) {
        if let Some(user) = user_of(session) {
            self.engine.delivery().deliver_soon(user);
            self.engine.delivery().center_has_room();
        }
    }

    async fn session_removed(&self, session: &SessionInfo, reason: RemovalReason) {
        let Some(user) = user_of(session) else { return };
        tracing::debug!(agent.id = %user, session.id = %session.id, ?reason, "an agent's session is no more");
        if let Err(error) = self.engine.delivery().forget_session(user, session.id.as_str()).await {
            failed("forget", session, &error);
        }
    }
}

fn user_of(session: &SessionInfo) -> Option<UserId> {
    session.identity.as_ref()?.as_str().parse().ok()
}

fn failed(what: &'static str, session: &SessionInfo, error: &AgentError) {
    tracing::error!(
        session.id = %session.id,
        error = error as &dyn std::error::Error,
        "could not {what} in the delivery; the client is told to shake hands again"
    );
}
