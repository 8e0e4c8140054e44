//! What can be told of a request before anybody handles it: whose it is.
//!
//! It is for whoever stands before several servers and has to find the one that has the session.
//! Nothing is decided here that the server would not decide again.

use bytes::Bytes;
use serde_json::Value;

use super::advice::{Advice, Reconnect};
use super::channel::{Kind, kind};
use super::error::Failure;
use super::message::{Message, decode};
use super::reply::{Reply, join};
use crate::identity::SessionId;
use crate::limits::Limits;

/// What a request is, as far as it can be seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// The session that it speaks for.
    pub session: SessionId,
    /// Whether the client loses nothing when it is done twice or not at all: it has nothing for the
    /// application.
    pub is_repeatable: bool,
    /// The id of the connect, if that is all there is.
    lone_connect: Option<Option<Value>>,
}

impl Glance {
    /// Looks at the body of a request. Returns `None` for what speaks for no session: a handshake,
    /// a message without a session, and what cannot be read.
    #[must_use]
    pub fn at(body: &[u8], limits: &Limits) -> Option<Self> {
        let mut messages = decode(body, limits).ok()?;
        let kinds: Vec<Option<Kind>> = messages.iter().map(kind_of).collect();
        if kinds.contains(&Some(Kind::Handshake)) {
            return None;
        }
        // That of the first message is the request's (`server/exchange.rs`).
        let session = messages.iter().find_map(|message| message.client_id.clone())?;
        let is_for_application =
            |kind: &Option<Kind>| matches!(kind, Some(Kind::Service | Kind::Broadcast));
        let lone_connect = (kinds == [Some(Kind::Connect)]).then(|| messages.remove(0).id);
        Some(Self {
            session: SessionId::new(session),
            is_repeatable: !kinds.iter().any(is_for_application),
            lone_connect,
        })
    }

    /// Returns the answer that lets a client go which only waits for something to happen: shake
    /// hands again at once. `None` when it asked for more than that.
    ///
    /// The session may be alive elsewhere, but what it has just answered with may be on its way and
    /// come to nobody: were the client told to connect again, it would not know that it missed
    /// that.
    #[must_use]
    pub fn released(&self) -> Option<Bytes> {
        let id = self.lone_connect.as_ref()?;
        let reply = Reply {
            id: id.as_ref(),
            channel: Some("/meta/connect"),
            advice: Some(Advice::after(Reconnect::Handshake, 0)),
            ..Reply::default()
        };
        Some(join(&[reply.failed(Failure::SessionUnknown).encode()]))
    }
}

fn kind_of(message: &Message) -> Option<Kind> {
    message.channel.as_deref().map(kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(body: &str) -> Option<Glance> {
        Glance::at(body.as_bytes(), &Limits::default())
    }

    #[test]
    fn a_request_speaks_for_the_session_of_its_first_message() {
        let body =
            r#"[{"channel":"/meta/connect","clientId":"a"},{"channel":"/x","clientId":"b"}]"#;
        assert_eq!(at(body).expect("a session").session, SessionId::new("a"));
        let nobodys = [
            r#"{"channel":"/meta/handshake","clientId":"a"}"#,
            r#"[{"channel":"/meta/connect","clientId":"a"},{"channel":"/meta/handshake"}]"#,
            r#"{"channel":"/meta/connect"}"#,
            r#"{"channel":"/meta/connect","clientId":5}"#,
            "[]",
            "{",
        ];
        for body in nobodys {
            assert_eq!(at(body), None, "{body}");
        }
    }

    #[test]
    fn what_is_for_the_application_is_not_repeated() {
        let table = [
            (r#"{"channel":"/meta/connect","clientId":"a"}"#, true),
            (r#"{"channel":"/meta/subscribe","clientId":"a"}"#, true),
            (r#"{"channel":"/service/chat","clientId":"a"}"#, false),
            (r#"{"channel":"/chat","clientId":"a"}"#, false),
        ];
        for (body, expected) in table {
            assert_eq!(at(body).expect("a session").is_repeatable, expected, "{body}");
        }
    }

    #[test]
    fn only_who_merely_waits_is_let_go() {
        let lone = at(r#"[{"channel":"/meta/connect","clientId":"a","id":"7"}]"#);
        let told: Value = serde_json::from_slice(
            &lone.expect("a session").released().expect("it waits for nothing else"),
        )
        .expect("JSON");
        assert_eq!(told[0]["id"], "7");
        assert_eq!(told[0]["successful"], false);
        assert_eq!(told[0]["error"], "402::session_unknown");
        assert_eq!(told[0]["advice"], json!({"reconnect": "handshake", "interval": 0}));
        let more =
            r#"[{"channel":"/meta/connect","clientId":"a"},{"channel":"/x","clientId":"a"}]"#;
        assert_eq!(at(more).expect("a session").released(), None);
    }
}
