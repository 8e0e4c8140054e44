//! One attempt to send one message.

use std::sync::Arc;

use bytes::Bytes;
use handoff_domain::{Fact, Interaction, Time};
use handoff_engine::{Core, Directory};
use handoff_outgoing::{Client, Unsent};
use handoff_store::{HistoryEntry, Webhook, with_causes};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use url::Url;

use crate::signature::sign;
use crate::standing::Standing;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("Handoff/", env!("CARGO_PKG_VERSION")));

/// What one message tells.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// What happened.
    pub fact: &'a Fact,
    /// The entry of the log that it is a part of.
    pub entry: &'a HistoryEntry,
    /// What it is about, as it is while this is sent.
    pub interaction: &'a Interaction,
    pub directory: &'a Directory,
}

/// What messages look like.
pub trait Wire: Send + Sync + 'static {
    /// Returns the type of the event that a fact is; `None` of what no receiver is told.
    fn event(&self, fact: &Fact) -> Option<&'static str>;

    /// Returns the body of an event's message.
    fn body(&self, happened: Happened<'_>) -> Bytes;

    /// Returns the type and the body of a message that is sent to try a webhook.
    fn test(&self, webhook: &Webhook, at: Time) -> (&'static str, Bytes);
}

/// Every number that sending depends on.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How long a message rests after each attempt that failed, in ms; the last counts from then
    /// on. At least one; by default 5 and 30 seconds, 2, 10 and 30 minutes, an hour.
    pub rests_ms: Vec<u64>,
    /// How often a webhook looks at the log without a hint, in ms; default 1,000.
    pub period_ms: u64,
    /// Interactions whose events one webhook sends at the same time. Default 4: order holds within
    /// an interaction, and a receiver should not feel a burst.
    pub at_once: usize,
    /// Interactions that one webhook holds back. Default 200; at the bound it reads no further.
    pub held_max: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            rests_ms: vec![5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000],
            period_ms: 1_000,
            at_once: 4,
            held_max: 200,
        }
    }
}

/// What all webhooks of a node share.
pub(crate) struct Sending {
    pub(crate) core: Arc<Core>,
    pub(crate) client: Client,
    pub(crate) wire: Arc<dyn Wire>,
    pub(crate) terms: Terms,
    pub(crate) standing: Arc<Standing>,
}

/// How an attempt went.
pub(crate) struct Attempt {
    pub(crate) at: Time,
    pub(crate) took_ms: u64,
    pub(crate) status: Option<u16>,
    /// Why the receiver does not have it; `None` when it has.
    pub(crate) error: Option<String>,
}

impl Sending {
    /// Sends a message once, signed with what is good now.
    pub(crate) async fn attempt(&self, webhook: &Webhook, id: &str, body: Bytes) -> Attempt {
        let (at, begun) = (self.core.now(), Instant::now());
        let answer = self.post(webhook, id, at, body).await;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (status, error) = match answer {
            Ok(status @ 200..=299) => (Some(status), None),
            Ok(status @ 300..=399) => {
                let why = format!("the receiver answered {status}; redirects are not followed");
                (Some(status), Some(why))
            }
            Ok(status) => (Some(status), Some(format!("the receiver answered {status}"))),
            Err(why) => (None, Some(why)),
        };
        Attempt { at, took_ms, status, error }
    }

    async fn post(
        &self,
        webhook: &Webhook,
        id: &str,
        at: Time,
        body: Bytes,
    ) -> Result<u16, String> {
        let url = Url::parse(&webhook.url).map_err(|error| error.to_string())?;
        let seconds = at.0.div_euclid(1_000);
        let signatures: Vec<String> =
            webhook.secrets(at).map(|secret| sign(&secret.0, id, seconds, &body)).collect();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(USER_AGENT, AGENT);
        for (name, value) in [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", signatures.join(" ")),
        ] {
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            headers.insert(name, value);
        }
        let answer = self.client.post(&url, headers, body).await;
        answer.map(|answer| answer.status).map_err(|error| reason(&error))
    }

    /// Returns how long something rests after so many attempts, a little apart from others.
    pub(crate) fn rest_ms(&self, attempts: u32) -> u64 {
        let rests = &self.terms.rests_ms;
        let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
        let rest_ms = rests.get(place).or(rests.last()).copied().unwrap_or_default();
        let apart = self.core.ids().random() % u128::from(rest_ms / 10 + 1);
        rest_ms + u64::try_from(apart).unwrap_or_default()
    }
}

/// Says why nothing was sent, for the admin to read: some hundred characters.
fn reason(error: &Unsent) -> String {
    const CHARS_MAX: usize = 200;
    with_causes(error).chars().filter(|one| !one.is_control()).take(CHARS_MAX).collect()
}
