//! Metrics, for Prometheus and whatever reads OpenMetrics: a listener of its own with one page.
//!
//! Nothing is counted here. What is told are the plain counts that the rooms of the server keep,
//! and what they have in memory anyway: a scrape reads nothing of the store, so it says what it can
//! also while the database is away. However often it is asked for, a page is made once a second.

mod collect;
mod family;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accept::{self, Acceptor, Entry};
use crate::config::Config;
use crate::run::options;
pub(crate) use collect::Sources;

/// What the page is said to be, as OpenMetrics demands it.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What the names of all metrics begin with.
const PREFIX: &str = "handoff";
/// How long a page is the same: some of it is worked out of all that waits.
const HOLDS: Duration = Duration::from_secs(1);
/// Connections of scrapers altogether: a few of them, and somebody who looks.
const CONNECTIONS: usize = 32;

/// The page, and what it was last.
struct Page {
    registry: Registry,
    last: Mutex<Option<(Instant, Bytes)>>,
}

impl Page {
    fn new(sources: Sources) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register_collector(Box::new(sources));
        Self { registry, last: Mutex::default() }
    }

    /// Returns the page of a moment ago, or makes one. Whoever asks meanwhile waits for the same.
    async fn text(&self) -> Result<Bytes, std::fmt::Error> {
        let mut last = self.last.lock().await;
        if let Some((made, text)) = &*last
            && made.elapsed() < HOLDS
        {
            return Ok(text.clone());
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(last.insert((Instant::now(), text.into())).1.clone())
    }
}

/// Tells metrics until it is stopped, where that is configured. Must be called within the runtime.
///
/// # Errors
///
/// When the address cannot be listened on.
pub(crate) fn tell(
    config: &Config,
    sources: Sources,
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) -> anyhow::Result<()> {
    let Some(address) = config.metrics.place().ok().flatten() else { return Ok(()) };
    let cannot_listen = || format!("metrics.listen: {address} cannot be listened on");
    let listener = accept::listen(address).with_context(cannot_listen)?;
    let address = listener.local_addr().with_context(cannot_listen)?;
    let router = Router::new().route("/metrics", get(show));
    let router = router.with_state(Arc::new(Page::new(sources)));
    let limits = accept::Limits { connections: CONNECTIONS, ..options::accept(config) };
    let acceptor = Acceptor::new(router, limits, Entry::default(), Arc::default());
    let stopped = stopping.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = acceptor.run(listener) => {}
            () = stopped.cancelled() => {}
        }
        // Nobody waits for a scraper.
        acceptor.abort();
    });
    tracing::info!(%address, "metrics are told");
    Ok(())
}

/// `GET /metrics`
async fn show(State(page): State<Arc<Page>>) -> Response {
    match page.text().await {
        Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
