//! The six questions that decide what a client may do.
//!
//! They are asked while the hub is locked: an implementation answers from memory, at once, and
//! never calls back into the server.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::identity::{Identity, Source, Tag};

/// The answer to one of the questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The client may.
    Allow,
    /// The client may not.
    Deny(Denial),
}

/// Whether a refused client should try again. It matters for handshakes, whose reply advises the
/// client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The client may try another handshake: `"reconnect":"handshake"`.
    Temporary,
    /// The client should stop: `"reconnect":"none"`, which clients take as final (bayeux.md 1.3).
    Permanent,
}

/// Decides who may open sessions and which channels they may use.
pub trait Policy: Send + Sync + 'static {
    /// Decides whether a session may be opened. The tag is the request's, or that of the socket's
    /// upgrade, which may be long ago; `ext` is the handshake's, where some put credentials.
    fn may_handshake(
        &self,
        identity: Option<&Identity>,
        tag: Option<&Tag>,
        ext: Option<&Value>,
    ) -> Verdict;

    /// Decides whether one more message may be handled now. It is asked for each message of a
    /// socket, and for each but the first of an HTTP request, which whoever counts requests has
    /// counted; a disconnect is always handled. What is refused is answered by
    /// `429::too_many_requests`, and a socket is not read for a moment.
    fn may_send(&self, _identity: Option<&Identity>, _source: Option<&Source>) -> Verdict {
        Verdict::Allow
    }

    /// Decides whether a channel without any subscription may come into being.
    fn may_create(&self, _identity: Option<&Identity>, _channel: &str) -> Verdict {
        Verdict::Allow
    }

    /// Decides whether a channel, pattern or `/service` channel may be subscribed to, named as the
    /// client wrote it.
    fn may_subscribe(&self, identity: Option<&Identity>, channel: &str) -> Verdict;

    /// Decides whether a client may publish to a channel; `/service` channels are asked about too.
    fn may_publish(&self, identity: Option<&Identity>, channel: &str) -> Verdict;

    /// Decides whether a publication goes on, by the `data` it carries. One that does not is
    /// answered by `404::message_deleted`, as when a listener of the reference server vetoes it
    /// (bayeux.md 1.8).
    fn may_pass(&self, _identity: Option<&Identity>, _channel: &str, _data: &RawValue) -> Verdict {
        Verdict::Allow
    }
}

/// A policy that allows everything: for stand-alone use and tests.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

impl Policy for AllowAll {
    fn may_handshake(
        &self,
        _identity: Option<&Identity>,
        _tag: Option<&Tag>,
        _ext: Option<&Value>,
    ) -> Verdict {
        Verdict::Allow
    }

    fn may_subscribe(&self, _identity: Option<&Identity>, _channel: &str) -> Verdict {
        Verdict::Allow
    }

    fn may_publish(&self, _identity: Option<&Identity>, _channel: &str) -> Verdict {
        Verdict::Allow
    }
}
