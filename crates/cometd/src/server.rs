//! The driver: axum and tokio around the hub.
//!
//! One std mutex guards the hub; it is held for one decision at a time and never across an await.
//! Whoever is to be woken is woken after it was released. A held poll is a parked future and
//! nothing else: no task, no timer of its own; one loop, [`CometdServer::run`], sleeps until the
//! hub's next deadline.

mod compress;
mod exchange;
mod guards;
mod later;
mod long_polling;
mod run;
mod websocket;

pub use later::{LaterBody, TakesLaterBody};

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use crate::application::Application;
use crate::identity::{Identity, Login, SessionId};
use crate::limits::Limits;
use crate::policy::Policy;
use crate::ports::Ports;
use crate::protocol::Moment;
use crate::protocol::ack::Urgency;
use crate::protocol::hub::{Delivery, EndAdvice, Hub, Stats, Wake};
use crate::protocol::reply::encode_delivery;
use crate::protocol::session::{PollId, SocketId};

/// What a request is told that comes after the shutdown, in seconds.
const RETRY_AFTER_S: &str = "1";

/// How often shutdown looks whether all polls and sockets are gone, in ms.
const SHUTDOWN_STEP_MS: u64 = 20;

/// A CometD server: a cheap handle, whose clones are the same server.
#[derive(Clone)]
pub struct CometdServer {
    shared: Arc<Shared>,
}

/// What all handles share.
struct Shared {
    limits: Limits,
    application: Arc<dyn Application>,
    ports: Ports,
    state: Mutex<DriverState>,
    /// No request is let in any more; the hub knows it too, this is for those who need nothing else
    /// of it.
    is_shut_down: AtomicBool,
    /// An earlier deadline than the one that the timer loop sleeps for.
    deadline_changed: Notify,
    /// Sessions have ended whose end must be reported.
    sessions_ended: Notify,
}

/// The hub, and how to wake those who wait for it.
struct DriverState {
    hub: Hub,
    polls: HashMap<PollId, oneshot::Sender<()>>,
    sockets: HashMap<SocketId, Arc<Notify>>,
    /// Until when the timer loop sleeps, in ms.
    sleeping_until_ms: u64,
}

/// Somebody to wake, found under the lock and woken after it.
enum Waker {
    Poll(oneshot::Sender<()>),
    Socket(Arc<Notify>),
}

impl CometdServer {
    /// Makes a server. Nothing runs before [`CometdServer::run`] is spawned: timers and the reports
    /// of ended sessions are its work.
    pub fn new(
        limits: Limits,
        policy: Arc<dyn Policy>,
        application: Arc<dyn Application>,
        ports: Ports,
    ) -> Self {
        let hub = Hub::new(limits.clone(), policy, Arc::clone(&ports.random));
        let state = DriverState {
            hub,
            polls: HashMap::new(),
            sockets: HashMap::new(),
            sleeping_until_ms: u64::MAX,
        };
        let shared = Shared {
            limits,
            application,
            ports,
            state: Mutex::new(state),
            is_shut_down: AtomicBool::new(false),
            deadline_changed: Notify::new(),
            sessions_ended: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Runs timers and reports ended sessions to the application, until [`CometdServer::shutdown`]
    /// was called and every end has been reported. Spawn it once; dropping it stops all timers.
    pub async fn run(&self) {
        run::run(&self.shared).await;
    }

    /// Returns the endpoint as a router that serves every path, for `Router::nest_service`, which
    /// passes on the prefix with and without a trailing slash and everything below it.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(Arc::clone(&self.shared))
    }

    /// Returns the endpoint as a router with exactly the paths that clients use, for
    /// `Router::merge`: the prefix, and the prefix with any one segment behind it, each with and
    /// without a slash at the end. JavaScript clients append three of the message types, Java
    /// clients and their ports all of them, others nothing or their own words (README, "What is
    /// spoken").
    pub fn router_at(&self, prefix: &str) -> Router {
        let without_slash = Self::paths(prefix);
        let with_slash = without_slash.clone().map(|path| format!("{path}/"));
        let paths = without_slash.iter().chain(&with_slash).filter(|path| !path.is_empty());
        let router = paths.fold(Router::new(), |router, path| router.route(path, any(handle)));
        router.with_state(Arc::clone(&self.shared))
    }

    /// Returns the paths of [`CometdServer::router_at`] as a router writes them, but for the slash
    /// at the end that each may have.
    #[must_use]
    pub fn paths(prefix: &str) -> [String; 2] {
        [prefix.to_owned(), format!("{prefix}/{{segment}}")]
    }

    /// Answers a request that came by one of its paths.
    pub async fn answer(&self, request: Request) -> Response {
        handle(State(self.shared.clone()), request).await
    }

    /// Delivers a message to one session, subscribed or not. `data` is JSON text.
    pub fn deliver(&self, session: &SessionId, channel: &str, data: Bytes) -> Delivery {
        let text = encode_delivery(channel, &data);
        self.shared.with(|state, now| state.hub.deliver(now, session, text, Urgency::Prompt))
    }

    /// Delivers a message that can wait: when the session's queue has no room for it nothing
    /// happens, and [`Application::has_room`] is called once there is some.
    pub fn offer(&self, session: &SessionId, channel: &str, data: Bytes) -> Delivery {
        let text = encode_delivery(channel, &data);
        self.shared.with(|state, now| state.hub.offer(now, session, text))
    }

    /// Publishes to all subscribers of a channel and counts the sessions reached. `data` is JSON
    /// text.
    pub fn publish(&self, channel: &str, data: Bytes) -> usize {
        self.shared.publish(channel, &data, Urgency::Prompt)
    }

    /// Publishes as [`CometdServer::publish`] does, but releases no held connect before the lazy
    /// timeout.
    pub fn publish_lazily(&self, channel: &str, data: Bytes) -> usize {
        self.shared.publish(channel, &data, Urgency::Lazy)
    }

    /// Ends a session; tells whether there was one.
    pub fn end_session(&self, session: &SessionId, advice: EndAdvice) -> bool {
        self.shared.with(|state, now| state.hub.end_session(now, session, advice))
    }

    /// Ends all sessions of an identity, as after a change of its password, and counts them; closes
    /// all sockets that it opened, also those without a session.
    pub fn end_identity(&self, identity: &Identity) -> usize {
        self.shared.with(|state, now| state.hub.end_identity(now, identity))
    }

    /// Ends the sessions that an identity opened by a login, and counts them; closes all sockets
    /// that it opened by it, whatever session speaks through them.
    pub fn end_login(&self, identity: &Identity, login: &Login) -> usize {
        self.shared.with(|state, now| state.hub.end_login(now, identity, login))
    }

    /// Lists the logins by which something is open, each with its identity. It visits every
    /// session.
    pub fn open_logins(&self) -> Vec<(Identity, Login)> {
        self.shared.with(|state, _| state.hub.open_logins())
    }

    /// Lists an identity's sessions.
    pub fn sessions_of(&self, identity: &Identity) -> Vec<SessionId> {
        self.shared.with(|state, _| state.hub.sessions_of(identity))
    }

    /// Lists the names and patterns that a session is subscribed to, as its client wrote them.
    pub fn subscriptions_of(&self, session: &SessionId) -> Vec<String> {
        self.shared.with(|state, _| state.hub.subscriptions_of(session))
    }

    /// Counts what there is. It visits every session: for a metrics page, not for every request.
    pub fn stats(&self) -> Stats {
        self.shared.with(|state, _| state.hub.stats())
    }

    /// Ends everything: parked polls are answered with the advice to retry, sockets closed. Who
    /// comes later is advised to shake hands again, where there may be another server then; a new
    /// socket is refused with HTTP 503. Returns when all of them are gone, or after
    /// `shutdown_wait_ms`.
    pub async fn shutdown(&self) {
        self.shared.is_shut_down.store(true, Ordering::Release);
        self.shared.with(|state, now| state.hub.shut_down(now));
        self.shared.sessions_ended.notify_one();
        self.shared.deadline_changed.notify_one();
        let steps = self.shared.limits.shutdown_wait_ms / SHUTDOWN_STEP_MS;
        for _ in 0..steps {
            if self.shared.with(|state, _| state.polls.is_empty() && state.sockets.is_empty()) {
                return;
            }
            self.shared.ports.clock.sleep(Duration::from_millis(SHUTDOWN_STEP_MS)).await;
        }
    }
}

impl Shared {
    /// Makes one decision under the lock, then wakes those whom it concerns.
    fn with<R>(&self, decide: impl FnOnce(&mut DriverState, Moment) -> R) -> R {
        let now = self.ports.clock.now();
        let mut state = self.lock();
        let result = decide(&mut state, now);
        let wakers = state.take_wakers();
        let has_ended = state.hub.has_removed();
        let roomy = state.hub.take_roomy();
        let deadline_ms = state.hub.next_deadline().unwrap_or(u64::MAX);
        // The loop never sleeps for less than a step; waking it for less would make it spin.
        let is_earlier =
            deadline_ms.max(now.at_ms + self.limits.timer_step_ms.max(1)) < state.sleeping_until_ms;
        drop(state);
        for waker in wakers {
            match waker {
                // The receiver may be gone with its client; its guard then puts back what waits.
                Waker::Poll(sender) => _ = sender.send(()),
                Waker::Socket(notify) => notify.notify_one(),
            }
        }
        if has_ended {
            self.sessions_ended.notify_one();
        }
        for session in roomy {
            self.application.has_room(&session);
        }
        if is_earlier {
            self.deadline_changed.notify_one();
        }
        result
    }

    /// Locks the state. A panic under the lock can only come from a policy; the hub's own state is
    /// whole even then.
    fn lock(&self) -> MutexGuard<'_, DriverState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn publish(&self, channel: &str, data: &[u8], urgency: Urgency) -> usize {
        let text = encode_delivery(channel, data);
        self.with(|state, now| state.hub.publish(now, channel, &text, urgency))
    }
}

impl DriverState {
    fn take_wakers(&mut self) -> Vec<Waker> {
        let wakes = self.hub.take_wakes();
        let mut wakers = Vec::with_capacity(wakes.len());
        for wake in wakes {
            wakers.extend(match wake {
                Wake::Poll(poll) => self.polls.remove(&poll).map(Waker::Poll),
                Wake::Socket(socket) => {
                    self.sockets.get(&socket).map(|notify| Waker::Socket(Arc::clone(notify)))
                }
            });
        }
        wakers
    }
}

/// Serves the endpoint. Nothing is read from the path (README, "What is spoken").
async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match *request.method() {
        Method::GET if shared.is_shut_down.load(Ordering::Acquire) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, RETRY_AFTER_S)])
                .into_response()
        }
        Method::POST => long_polling::serve(&shared, request).await,
        Method::GET if request.headers().contains_key(header::UPGRADE) => {
            websocket::serve(shared, request).await
        }
        Method::OPTIONS => StatusCode::OK.into_response(),
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}
