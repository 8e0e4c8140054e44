//! Between the listener and the router: a request to a CometD session of another node is passed on
//! to that node.
//!
//! A session lives in the memory of the node that opened it, and its id begins with that node's
//! prefix (docs/adr/0033-a-session-is-asked-for-where-it-is.md). A client behind a load balancer
//! that spreads requests reaches other nodes as well; they ask the session's node and answer with
//! what it says. Nothing is decided on the way: who is calling, what they may do and how often, the
//! session's node finds out as if the client had come there, by the address that the request was
//! passed on with.
//!
//! What must stay true: a request is passed on once and never twice; one that cannot be passed on
//! is answered here, where the client is told that there is no such session and shakes hands again.

mod exchange;
mod nodes;
mod seal;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use handoff_api::{PeerAddress, comet, customer};
use handoff_cometd::{Glance, Limits};
use handoff_engine::Core;
use handoff_store::StoreError;
use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::{ServiceExt as _, service_fn};

use exchange::Asking;
use nodes::{Nodes, Other, Whose};
use seal::{Seals, Stamped};

/// Requests that are passed on at a time: each has a connection to the other node for as long as a
/// poll is held. A third of what a node of twenty thousand polling clients would need; it has
/// `limits.connections` of its own.
const AT_ONCE_MAX: usize = 10_000;
/// What the bodies of requests to the CometD servers may take until they are passed on, in KiB:
/// each is some hundred bytes, and kept until the other node begins to answer.
const BODIES_KIB: usize = 16 << 10;
/// How long the other node has to begin its answer, beyond the time for which a poll is held: as
/// long as a busy machine may take for a request.
const BEYOND_POLL: Duration = Duration::from_secs(10);

/// Passes on what belongs to other nodes.
pub(crate) struct PassOn {
    nodes: Nodes,
    seals: Seals,
    client: Asking,
    agents: Limits,
    customers: Limits,
    places: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    stopping: CancellationToken,
}

/// What is known of a request after a look at it.
enum Look {
    /// It is answered here.
    Here(Box<Request>),
    /// Another node has its session.
    There(Box<Elsewhere>),
}

/// A request to a session of another node.
struct Elsewhere {
    parts: Parts,
    body: Bytes,
    glance: Glance,
    node: Other,
    /// The room of its body.
    _room: OwnedSemaphorePermit,
}

impl PassOn {
    /// Makes it for the CometD servers of agents and customers, of which it takes the bounds of a
    /// request. Other nodes that speak TLS are known by whom it trusts. On return it knows who
    /// lives, and the keys that nodes share, which it makes if there are none.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn new(
        core: &Arc<Core>,
        (agents, customers): (Limits, Limits),
        trust: ClientConfig,
        stopping: CancellationToken,
    ) -> Result<Arc<Self>, StoreError> {
        let (seals, nodes) = (Seals::new(core.clone()), Nodes::new(core.clone()));
        seals.look().await?;
        nodes.look_after(core.now()).await?;
        Ok(Arc::new(Self {
            nodes,
            seals,
            client: exchange::client(trust),
            agents,
            customers,
            places: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            bodies: Arc::new(Semaphore::new(BODIES_KIB)),
            stopping,
        }))
    }

    /// Follows which nodes live, and the keys, until the server stops.
    pub(crate) async fn run(&self) {
        let following = async { tokio::join!(self.nodes.follow(), self.seals.follow()) };
        tokio::select! {
            _ = following => {}
            () = self.stopping.cancelled() => {}
        }
    }

    /// Returns a router that passes on, and has another router for everything else.
    pub(crate) fn before(self: &Arc<Self>, router: Router) -> Router {
        let this = self.clone();
        let service = service_fn(move |request: Request| {
            let (this, router) = (this.clone(), router.clone());
            async move { Ok(this.answer(router, request).await) }
        });
        Router::new().fallback_service(service)
    }

    async fn answer(&self, router: Router, mut request: Request) -> Response {
        let Some(limits) = self.limits_of(&request) else { return routed(router, request).await };
        let stamp = request.headers_mut().remove(seal::HEADER);
        if let Some(stamp) = stamp {
            match self.seals.read(&stamp, request.uri().path()).await {
                Stamped::ForThis(address) => {
                    request.extensions_mut().insert(PeerAddress(address));
                    return routed(router, request).await;
                }
                // Somebody else was at this address when it was looked up.
                Stamped::ForAnother => return StatusCode::MISDIRECTED_REQUEST.into_response(),
                // As if it were not there.
                Stamped::ByNobody => {}
            }
        }
        match self.look_at(request, limits).await {
            Look::Here(request) => routed(router, *request).await,
            // In a box, so that what is answered here takes no more room than it needs.
            Look::There(request) => Box::pin(self.answer_there(router, *request)).await,
        }
    }

    /// Returns the bounds of a request to a CometD server by long-polling; `None` for any other.
    fn limits_of(&self, request: &Request) -> Option<&Limits> {
        let is_below = |root: &str| {
            let rest = request.uri().path().strip_prefix(root);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match () {
            () if *request.method() != Method::POST => None,
            () if is_below(comet::PATH) => Some(&self.agents),
            () if is_below(customer::COMET_PATH) => Some(&self.customers),
            () => None,
        }
    }

    /// Finds out whose session a request is for.
    async fn look_at(&self, request: Request, limits: &Limits) -> Look {
        let max = limits.http_body_bytes;
        let bytes = announced(request.headers()).unwrap_or(max);
        let kib = u32::try_from(bytes.div_ceil(1_024).max(1)).unwrap_or(u32::MAX);
        // What is too large, or too much at once, is bounded where it is answered.
        let room = self.bodies.clone().try_acquire_many_owned(kib);
        let Some(room) = room.ok().filter(|_| bytes <= max) else {
            return Look::Here(Box::new(request));
        };
        let (parts, body) = request.into_parts();
        let body = match exchange::read(body, max).await {
            Ok(body) => body,
            Err(body) => return Look::Here(Box::new(Request::from_parts(parts, body))),
        };
        match self.node_of(&body, limits).await {
            None => Look::Here(Box::new(Request::from_parts(parts, Body::from(body)))),
            Some((glance, node)) => {
                Look::There(Box::new(Elsewhere { parts, body, glance, node, _room: room }))
            }
        }
    }

    /// Returns which other node has the session that a request speaks for. Most requests are told
    /// from the bytes; only one that seems to be another's is read twice.
    async fn node_of(&self, body: &[u8], limits: &Limits) -> Option<(Glance, Other)> {
        if self.nodes.is_own_alone(body) {
            return None;
        }
        let glance = Glance::at(body, limits)?;
        let node = match self.nodes.whose(glance.session.as_str()) {
            Whose::This => return None,
            Whose::Other(node) => node,
            Whose::Unknown => self.nodes.look_for(glance.session.as_str()).await?,
        };
        Some((glance, node))
    }

    /// Answers with what another node says, or here when it cannot be asked.
    async fn answer_there(&self, router: Router, request: Elsewhere) -> Response {
        match self.ask(&request).await {
            Some(response) => response,
            None => {
                let Elsewhere { parts, body, .. } = request;
                routed(router, Request::from_parts(parts, Body::from(body))).await
            }
        }
    }

    /// Asks the node that has the session; `None` when nothing is lost by answering here. Dropped,
    /// it closes the connection to that node, where the poll then ends as if the client had gone.
    async fn ask(&self, request: &Elsewhere) -> Option<Response> {
        let Elsewhere { parts, body, glance, node, .. } = request;
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return Some((StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response());
        };
        let peer = parts.extensions.get::<PeerAddress>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
        let stamp = self.seals.write(&node.prefix, peer, parts.uri.path())?;
        let outgoing = exchange::outgoing(parts, body.clone(), &node.address, (peer, stamp))?;
        let bound = Duration::from_millis(self.agents.timeout_ms) + BEYOND_POLL;
        let lost = || (!glance.is_repeatable).then(outcome_unknown);
        tokio::select! {
            answered = timeout(bound, self.client.request(outgoing)) => match answered {
                Ok(Ok(response)) if response.status() == StatusCode::MISDIRECTED_REQUEST => None,
                Ok(Ok(response)) => Some(exchange::incoming(response, place)),
                // It never left.
                Ok(Err(error)) if error.is_connect() => None,
                Ok(Err(error)) => {
                    tracing::debug!(%error, node = %node.address, "another node did not answer");
                    lost()
                }
                Err(_elapsed) => lost(),
            },
            () = self.nodes.until_gone(&node.prefix) => lost(),
            response = self.until_let_go(glance) => Some(response),
        }
    }

    /// Waits until this node stops, and returns what a client is told that only waits.
    async fn until_let_go(&self, glance: &Glance) -> Response {
        let Some(text) = glance.released() else { return std::future::pending().await };
        self.stopping.cancelled().await;
        ([(CONTENT_TYPE, "application/json;charset=UTF-8")], text).into_response()
    }
}

/// Returns how long a body says it is.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// What a client is told when the connection to the session's node broke after what it said to the
/// application was sent.
fn outcome_unknown() -> Response {
    let text = "[{\"successful\":false,\"error\":\"502::outcome_unknown\"}]";
    let headers = [(CONTENT_TYPE, "application/json;charset=UTF-8")];
    (StatusCode::BAD_GATEWAY, headers, text).into_response()
}

async fn routed(router: Router, request: Request) -> Response {
    let Ok(response) = router.oneshot(request).await;
    response
}
