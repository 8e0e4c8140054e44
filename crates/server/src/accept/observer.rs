//! What is noted of every request: it is counted, and, where that is wanted, written down.
//!
//! A line of the access log says who asked for what and how that ended, by closed words, ids and
//! numbers alone: the route's pattern and not the path, no query, no header, nothing of a body.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use handoff_api::MatchedRoute;
use handoff_cometd::Identity;
use hyper::header::HeaderValue;
use hyper::{Request, Response};

use super::requests::{Asked, RequestCounts};

/// The header by which a client is told the id of its request, where there is an access log.
const REQUEST_ID: &str = "x-request-id";

/// What looks at every request.
#[derive(Default)]
pub(crate) struct Observer {
    counts: RequestCounts,
    log: Option<AccessLog>,
}

/// Numbers requests for the access log.
struct AccessLog {
    /// What the ids of this process begin with, so that those of another are others.
    prefix: u32,
    requests: AtomicU64,
}

impl Observer {
    /// Makes one that writes requests down, too; their ids begin with this.
    pub(crate) fn writing(prefix: u32) -> Self {
        let log = AccessLog { prefix, requests: AtomicU64::new(0) };
        Self { log: Some(log), ..Self::default() }
    }

    /// Returns what was counted.
    pub(super) const fn counts(&self) -> &RequestCounts {
        &self.counts
    }

    /// Notes that a request came.
    pub(super) fn begin(self: &Arc<Self>, request: &mut Request<Body>) -> Observed {
        let asked = Asked::now(request.method(), request.uri().path());
        let line = self.log.as_ref().map(|log| Box::new(log.begin(asked, request)));
        Observed { observer: self.clone(), asked, line }
    }
}

impl AccessLog {
    fn begin(&self, asked: Asked, request: &mut Request<Body>) -> AccessLine {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(24);
        // Writing to a text cannot fail.
        let _ = write!(id, "{:08x}-{number:x}", self.prefix);
        let route = MatchedRoute::default();
        request.extensions_mut().insert(route.clone());
        AccessLine { id, asked, route, user: None, status: None, bytes: 0 }
    }
}

/// A request that is not answered yet.
pub(super) struct Observed {
    observer: Arc<Observer>,
    asked: Asked,
    line: Option<Box<AccessLine>>,
}

impl Observed {
    /// Notes its answer; returns what is written down once that is out.
    pub(super) fn answered(self, response: &mut Response<Body>) -> Option<Box<AccessLine>> {
        self.observer.counts.note(self.asked, response.status());
        let mut line = self.line?;
        line.status = Some(response.status().as_u16());
        line.user = response.extensions().get::<Identity>().cloned();
        let id = HeaderValue::try_from(line.id.as_str()).expect("hexadecimal digits");
        response.headers_mut().insert(REQUEST_ID, id);
        Some(line)
    }
}

/// A line of the access log. It is written when the answer is out, or its client is gone.
pub(super) struct AccessLine {
    id: String,
    asked: Asked,
    route: MatchedRoute,
    user: Option<Identity>,
    /// None was sent when the client was gone before.
    status: Option<u16>,
    bytes: u64,
}

impl AccessLine {
    /// Notes that so much of the answer's body was handed over.
    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let asked = self.asked;
        let duration = asked.began.elapsed().as_millis();
        tracing::info!(
            target: "handoff::access",
            {
                request.id = self.id,
                method = asked.method(),
                route = self.route.pattern().unwrap_or(asked.class.name()),
                status = self.status,
                duration_ms = u64::try_from(duration).unwrap_or(u64::MAX),
                bytes = self.bytes,
                user.id = self.user.as_ref().map(Identity::as_str),
            },
            "request"
        );
    }
}
