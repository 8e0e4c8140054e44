//! CometD: the mount of the server at `/api/v2/notifications`, and the only door through which
//! agents are spoken to.
//!
//! A subscription of a client becomes one of the engine's delivery, which knows what the client has
//! been given and what it is owed. The hub below publishes nothing on its own: messages go to
//! single sessions, so a wildcard never shows one user another's. The rule of this module is that
//! no subscription stands whose messages would not come: when the engine cannot take one, the
//! session is ended with the advice to come back.

mod audience;
pub(crate) mod identity;
mod link;
mod policy;
mod publisher;
mod replay;

use std::sync::Arc;

use handoff_cometd::{CometdServer, Limits, Ports};
use handoff_domain::UserId;
use handoff_engine::Engine;

use crate::auth::Logins;
use crate::limit::Limiter;
use crate::wire::letters::Cleaner;
use crate::wire::operation_lists::OperationLists;
#[cfg(test)]
pub(crate) use audience::tests::user as sample_user;
pub use identity::{credentials_of, identity_of};
use link::{Link, Subscribers};
use policy::ByRole;
pub use publisher::Voice;

/// Where the server is mounted.
pub const PATH: &str = "/api/v2/notifications";

/// The CometD side of the API: a cheap handle, whose clones are the same.
#[derive(Clone)]
pub struct Comet {
    server: CometdServer,
    link: Arc<Link>,
    requests: Arc<Limiter<UserId>>,
    letters: Arc<Cleaner>,
    operations: Arc<OperationLists>,
    logins: Arc<Logins>,
}

impl Comet {
    /// Makes the server for an engine that speaks through that voice.
    /// A user may make so many requests per second, messages among them.
    pub(crate) fn new(
        engine: &Arc<Engine>,
        voice: &Voice,
        requests_per_s: u32,
        limits: Limits,
        ports: Ports,
    ) -> Self {
        let link = voice.link.clone();
        let subscribers = Subscribers::new(Arc::clone(engine), Arc::clone(&link));
        let requests = Arc::new(Limiter::new(requests_per_s));
        let policy = ByRole::new(Arc::clone(engine), requests.clone());
        let server = CometdServer::new(limits, Arc::new(policy), Arc::new(subscribers), ports);
        link.connect(server.clone());
        let (letters, logins) = (voice.letters.clone(), voice.logins.clone());
        let operations = voice.operations.clone();
        Self { server, link, requests, letters, operations, logins }
    }

    /// Returns what counts the requests of users, those inside sockets included.
    pub(crate) fn requests(&self) -> Arc<Limiter<UserId>> {
        self.requests.clone()
    }

    /// Returns what is remembered of login sessions, and forgotten when one has ended on whichever
    /// node.
    pub(crate) const fn logins(&self) -> &Arc<Logins> {
        &self.logins
    }

    /// Runs timers and the reports of ended sessions until [`Comet::shutdown`]. Spawn it once;
    /// dropping it stops all timers.
    pub async fn run(&self) {
        self.server.run().await;
    }

    /// Answers parked polls, closes sockets and refuses what comes later. Returns when all are gone
    /// or the bound for it has passed.
    pub async fn shutdown(&self) {
        self.server.shutdown().await;
        self.link.disconnect();
    }

    /// Returns what shows letters, to agents by CometD and by REST.
    #[must_use]
    pub fn letters(&self) -> &Cleaner {
        &self.letters
    }

    /// Returns what readers were found to be allowed, by CometD and by REST.
    #[must_use]
    pub fn operations(&self) -> &OperationLists {
        &self.operations
    }

    /// Returns the server itself.
    #[must_use]
    pub const fn server(&self) -> &CometdServer {
        &self.server
    }
}
