//! What the program that uses the crate is told, and where it may take part.
//!
//! The driver awaits each hook outside the hub's lock. A hook may call the server (deliver,
//! publish, end a session). If the client's connection breaks, the future of a hook that runs for
//! one of its requests is dropped at its next await point: hooks keep no half-done state across
//! awaits.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::identity::SessionInfo;

/// A message that an application hands to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The channel that the client sees.
    pub channel: String,
    /// The `data` member as JSON text; it is not checked again.
    pub data: Bytes,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalReason {
    /// The client said `/meta/disconnect`.
    Disconnected,
    /// The client was silent for longer than `interval + maxInterval`.
    Expired,
    /// The client did not fetch its messages and the queue's bound was reached.
    Overflow,
    /// The application ended it.
    Ended,
    /// The server is shutting down.
    ShutDown,
}

/// The program behind the server.
#[async_trait]
pub trait Application: Send + Sync + 'static {
    /// Learns of a new session, before the handshake's reply leaves.
    async fn session_opened(&self, _session: &SessionInfo) {}

    /// Learns of a subscription: it is in force already and the reply has not left. Nothing else is
    /// sent to the session meanwhile, and what is delivered to it in here comes right behind the
    /// reply.
    ///
    /// `subscription` is the name or pattern as the client wrote it, `ext` that of the subscribe
    /// message.
    async fn subscribed(&self, _session: &SessionInfo, _subscription: &str, _ext: Option<&Value>) {}

    /// Learns that a client gave up a subscription. It is not called for those that end with their
    /// session.
    async fn unsubscribed(&self, _session: &SessionInfo, _subscription: &str) {}

    /// Answers a message published to a `/service` channel; the result is delivered to its sender
    /// only.
    async fn service(
        &self,
        _session: &SessionInfo,
        _channel: &str,
        _data: &RawValue,
    ) -> Vec<Outgoing> {
        Vec::new()
    }

    /// Learns that a session which had no room for what was offered to it has some now. Called
    /// between other work: it must not wait.
    fn has_room(&self, _session: &SessionInfo) {}

    /// Learns that a session and its subscriptions are gone.
    async fn session_removed(&self, _session: &SessionInfo, _reason: RemovalReason) {}
}

/// An application that does nothing: a plain message broker.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Application for Silent {}
