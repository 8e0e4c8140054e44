//! What server and client tell each other about connecting again.

use serde::Serialize;
use serde_json::Value;

/// What a client should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reconnect {
    /// Connect again.
    Retry,
    /// Open a new session.
    Handshake,
    /// Stop.
    None,
}

/// The `advice` member of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// What to do.
    pub reconnect: Reconnect,
    /// How long to wait before it, in ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<u64>,
    /// How long a connect is held, in ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// How long the session outlives the client's silence, in ms, so that a client which was away
    /// for longer shakes hands at once (the reference's `handshakeReconnect`).
    #[serde(rename = "maxInterval", skip_serializing_if = "Option::is_none")]
    pub max_interval: Option<u64>,
    /// The browser has other sessions with held polls.
    #[serde(rename = "multiple-clients", skip_serializing_if = "std::ops::Not::not")]
    pub multiple_clients: bool,
}

impl Advice {
    /// Advises to connect again, with the session's timers.
    pub fn retry(interval_ms: u64, timeout_ms: u64) -> Self {
        Self { timeout: Some(timeout_ms), ..Self::after(Reconnect::Retry, interval_ms) }
    }

    /// Advises a step after some time.
    pub fn after(reconnect: Reconnect, interval_ms: u64) -> Self {
        Self { interval: Some(interval_ms), ..Self::only(reconnect) }
    }

    /// Advises to stop. Clients take it as final.
    pub fn stop() -> Self {
        Self::only(Reconnect::None)
    }

    fn only(reconnect: Reconnect) -> Self {
        Self {
            reconnect,
            interval: None,
            timeout: None,
            max_interval: None,
            multiple_clients: false,
        }
    }
}

/// What a client asks for with a connect. It holds for that connect only (bayeux.md 1.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientAdvice {
    /// The client sent an `advice`, so it may have forgotten the server's.
    pub given: bool,
    /// How long to hold this connect, in ms.
    pub timeout_ms: Option<u64>,
    /// How long the client will wait before the next one, in ms.
    pub interval_ms: Option<u64>,
}

impl ClientAdvice {
    /// Reads a message's `advice`; numbers that are negative or no numbers count as absent.
    pub fn read(advice: Option<&Value>) -> Self {
        let Some(advice) = advice else { return Self::default() };
        let number = |name: &str| advice.get(name).and_then(whole);
        Self { given: true, timeout_ms: number("timeout"), interval_ms: number("interval") }
    }
}

/// Reads a number that some clients send as `0.0`.
pub(crate) fn whole(value: &Value) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and negatives are filtered"
    )]
    let rounded = |float: f64| (float >= 0.0).then_some(float as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(rounded))
}
