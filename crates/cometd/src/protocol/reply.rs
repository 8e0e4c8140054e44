//! What the server sends: replies, delivered messages, and how they are joined to one text.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde_json::{Map, Value};

use super::advice::Advice;
use super::error::Failure;

/// The answer to one message of a client. Members that are absent are not written.
#[derive(Debug, Default, Serialize)]
pub struct Reply<'a> {
    /// The id of the message, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a Value>,
    /// The channel of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'a str>,
    /// Whether the message did what it was for.
    pub successful: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'static str>,
    /// The subscription, in the form in which it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<&'a Value>,
    /// What a handshake adds.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Opened<'a>>,
    /// What the client should do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<Advice>,
    /// The extensions' part.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub ext: Map<String, Value>,
}

/// What a successful handshake tells.
#[derive(Debug, Serialize)]
pub struct Opened<'a> {
    /// The new session.
    #[serde(rename = "clientId")]
    pub client_id: &'a str,
    /// The protocol's version.
    pub version: &'static str,
    /// The oldest version that the server speaks.
    #[serde(rename = "minimumVersion")]
    pub minimum_version: &'static str,
    /// The transports in the server's order of preference; the client takes its own first match.
    #[serde(rename = "supportedConnectionTypes")]
    pub supported_connection_types: [&'static str; 2],
}

impl Reply<'_> {
    /// Makes it an unsuccessful reply.
    #[must_use]
    pub fn failed(self, failure: Failure) -> Self {
        Self { successful: false, error: Some(failure.text()), ..self }
    }

    /// Writes the reply as JSON.
    pub fn encode(&self) -> Bytes {
        encode(self)
    }
}

#[derive(Serialize)]
struct Delivered<'a> {
    channel: &'a str,
}

/// Writes a message as subscribers see it: channel and data and nothing else (bayeux.md 1.8).
pub fn encode_delivery(channel: &str, data: &[u8]) -> Bytes {
    let head = encode(&Delivered { channel });
    let mut text = BytesMut::with_capacity(head.len() + data.len() + 8);
    text.put_slice(&head[..head.len() - 1]);
    text.put_slice(b",\"data\":");
    text.put_slice(if data.is_empty() { b"null" } else { data });
    text.put_u8(b'}');
    text.freeze()
}

/// Joins messages to one JSON array.
pub fn join<'a>(messages: impl IntoIterator<Item = &'a Bytes> + Clone) -> Bytes {
    let len: usize = messages.clone().into_iter().map(|message| message.len() + 1).sum();
    let mut text = BytesMut::with_capacity(len + 2);
    text.put_u8(b'[');
    for (index, message) in messages.into_iter().enumerate() {
        if index > 0 {
            text.put_u8(b',');
        }
        text.put_slice(message);
    }
    text.put_u8(b']');
    text.freeze()
}

fn encode(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).expect("a struct with string keys has a JSON form").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_has_channel_and_data_only() {
        assert_eq!(encode_delivery("/a", b"{\"x\":1}"), r#"{"channel":"/a","data":{"x":1}}"#);
        assert_eq!(encode_delivery("/a", b""), r#"{"channel":"/a","data":null}"#);
    }

    #[test]
    fn messages_are_joined_to_an_array() {
        assert_eq!(join([]), "[]");
        assert_eq!(join(&[Bytes::from("{}"), Bytes::from("{\"a\":1}")]), r#"[{},{"a":1}]"#);
    }
}
