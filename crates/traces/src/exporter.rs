//! Sends what has ended to the collector.
//!
//! One node does it for all. What ends while nobody does, or is not taken for long, is not told:
//! traces are for whoever looks into how work goes, and nothing rests on them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_domain::InteractionId;
use handoff_engine::{ClaimFor, Claiming, Core, Worker};
use handoff_outgoing::{Client, Unsent};
use handoff_store::{LogEntry, StoreError, SubjectKey};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::otlp::{self, Traced};
use crate::span::{Walk, may_end_something};

/// What the node that sends them has claimed.
const CLAIM: &str = "traces";
/// Entries read at once; what ends by them is one request.
const PAGE: usize = 200;
/// How far the log may be ahead while the collector takes nothing. What is farther back is not
/// told.
const BEHIND_MAX: u64 = 50_000;
/// The longest time between two rounds.
const PERIOD: Duration = Duration::from_secs(5);
/// The time until what was not taken is sent again.
const RESTS: Duration = Duration::from_secs(5);
/// The shortest time between two rounds: every commit is a reason for one.
const PAUSE: Duration = Duration::from_millis(500);

/// Where traces are sent.
pub struct Destination {
    /// As `http://127.0.0.1:4318/v1/traces`.
    pub endpoint: Url,
    /// What is sent as `Authorization`.
    pub authorization: Option<HeaderValue>,
    pub client: Client,
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The rest may be secret.
        let host = self.endpoint.host_str();
        f.debug_struct("Destination").field("host", &host).finish_non_exhaustive()
    }
}

/// Sends traces.
pub struct Traces {
    core: Arc<Core>,
    destination: Destination,
    /// The node's name.
    node: String,
    at: Mutex<Option<At>>,
}

/// How far it has come.
#[derive(Clone, Copy)]
struct At {
    generation: u64,
    position: u64,
    /// Until when it rests, because the collector took nothing.
    rests_until: Option<Instant>,
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error("the collector answers with HTTP {0}")]
    Answered(u16),
    #[error(transparent)]
    Unsent(#[from] Unsent),
}

impl Traces {
    #[must_use]
    pub fn new(core: Arc<Core>, destination: Destination, node: String) -> Self {
        Self { core, destination, node, at: Mutex::default() }
    }

    /// Lets the collector be asked again at once.
    #[cfg(test)]
    pub(crate) async fn rest_no_longer(&self) {
        if let Some(at) = &mut *self.at.lock().await {
            at.rests_until = at.rests_until.map(|_| Instant::now());
        }
    }

    /// Sends what has ended since the last round, if this node is the one that does.
    async fn send(&self) -> Result<(), StoreError> {
        let mut held = self.at.lock().await;
        let Claiming::Ours(_) = self.core.claim(CLAIM, ClaimFor::Incarnation).await? else {
            *held = None;
            return Ok(());
        };
        let end = self.core.store().log_end().await?;
        let at = held.get_or_insert(At {
            generation: end.generation,
            position: end.position,
            rests_until: None,
        });
        if at.rests_until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        if at.generation != end.generation || at.position > end.position {
            (at.generation, at.position) = (end.generation, end.position);
        }
        if end.position - at.position > BEHIND_MAX {
            let entries = end.position - at.position;
            tracing::warn!(
                entries,
                "traces were not taken for too long; what happened then is not told"
            );
            at.position = end.position;
        }
        while at.position < end.position && !self.core.is_stopping() {
            let page = match self.core.store().log_after(at.position, PAGE).await {
                Err(StoreError::Swept { .. }) => {
                    at.position = end.position;
                    break;
                }
                page => page?.items,
            };
            let Some(last) = page.last().map(|entry| entry.position) else { break };
            let traced = self.ended(at.position, &page).await?;
            if let Err(error) = self.post(&traced).await {
                if at.rests_until.replace(Instant::now() + RESTS).is_none() {
                    tracing::warn!(%error, "traces are not taken; it tries again");
                }
                return Ok(());
            }
            if at.rests_until.take().is_some() {
                tracing::info!("traces are taken again");
            }
            at.position = last;
        }
        Ok(())
    }

    /// Returns what ended by entries of the log after a position.
    async fn ended(&self, after: u64, page: &[LogEntry]) -> Result<Vec<Traced>, StoreError> {
        let mut until: BTreeMap<InteractionId, u64> = BTreeMap::new();
        for entry in page {
            if let SubjectKey::Interaction(id) = entry.subject
                && entry.facts.iter().any(may_end_something)
            {
                until.insert(id, entry.position);
            }
        }
        let mut all = Vec::new();
        for (interaction, until) in until {
            // What cannot be read keeps nobody from being told of the rest.
            let spans = match self.walk(interaction, after, until).await {
                Err(error) if error.is_unreadable() => continue,
                spans => spans?,
            };
            if spans.is_empty() {
                continue;
            }
            let channel = match self.core.interaction(interaction).await {
                Err(error) if error.is_unreadable() => None,
                found => found?.map(|found| found.media().name().to_owned()),
            };
            all.push(Traced { interaction, channel, spans });
        }
        Ok(all)
    }

    async fn walk(
        &self,
        interaction: InteractionId,
        after: u64,
        until: u64,
    ) -> Result<Vec<crate::span::Span>, StoreError> {
        let (mut walk, mut read) = (Walk::new(interaction, after), 0);
        loop {
            let subject = SubjectKey::Interaction(interaction);
            let page = self.core.store().history(subject, read, PAGE).await?;
            let Some(last) = page.items.last() else { return Ok(walk.finish()) };
            read = last.position;
            page.items.iter().filter(|it| it.position <= until).for_each(|it| walk.follow(it));
            if !page.more || read >= until {
                return Ok(walk.finish());
            }
        }
    }

    async fn post(&self, traced: &[Traced]) -> Result<(), NotTaken> {
        if traced.is_empty() {
            return Ok(());
        }
        let Destination { endpoint, authorization, client } = &self.destination;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.extend(authorization.iter().map(|value| (AUTHORIZATION, value.clone())));
        let body = otlp::request(&self.node, traced, &self.core.directory());
        let answer = client.post(endpoint, headers, body).await?;
        match answer.status {
            200..=299 => Ok(()),
            // What is refused for good is not sent again: the next may be taken.
            400 | 413 | 415 | 422 => {
                let status = answer.status;
                tracing::warn!(status, "the collector refuses traces for good; they are left out");
                Ok(())
            }
            status => Err(NotTaken::Answered(status)),
        }
    }
}

#[async_trait]
impl Worker for Traces {
    fn name(&self) -> &'static str {
        "traces"
    }

    fn period(&self) -> Duration {
        PERIOD
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        matches!(received, Received::Hint(Hint::Streams { .. } | Hint::Routing) | Received::Missed)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.send().await
    }
}
