//! What clients send: from bytes to messages.
//!
//! Decoding is strict about JSON and its bounds, and lenient about members: one of the wrong type
//! counts as absent, and unknown ones are ignored, so that each message gets its own reply. Nothing
//! is recursive here before the nesting has been measured.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::limits::Limits;

/// Why a request cannot be read at all; the transport answers HTTP 400 or closes the socket.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The bytes are not JSON, or not an object or array of objects.
    #[error("the request is not a JSON array of Bayeux messages")]
    Malformed(#[source] serde_json::Error),
    /// The request carries no message.
    #[error("the request carries no message")]
    Empty,
    /// Objects and arrays are nested more deeply than allowed.
    #[error("the request is nested too deeply")]
    TooDeep,
}

/// One message of a client.
#[derive(Debug, Default, Deserialize)]
pub struct Message {
    #[serde(default, deserialize_with = "text")]
    pub channel: Option<String>,
    /// The message id, to be echoed as it came.
    #[serde(default)]
    pub id: Option<Value>,
    /// The session.
    #[serde(default, rename = "clientId", deserialize_with = "text")]
    pub client_id: Option<String>,
    /// A name, or an array of names.
    #[serde(default)]
    pub subscription: Option<Value>,
    /// The client's advice.
    #[serde(default)]
    pub advice: Option<Value>,
    /// The extensions' part.
    #[serde(default)]
    pub ext: Option<Value>,
    /// What a publication carries, passed on as it came.
    #[serde(default)]
    pub data: Option<Box<RawValue>>,
}

impl Message {
    /// Tells whether the id is one that may be echoed: a number, or up to 64 letters and digits
    /// (bayeux.md 1.2).
    pub fn has_valid_id(&self) -> bool {
        match &self.id {
            None | Some(Value::Number(_)) => true,
            Some(Value::String(id)) => {
                (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric())
            }
            Some(_) => false,
        }
    }
}

/// Reads a string; anything else counts as absent.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

/// Decodes a request: an array of messages, or a single one.
///
/// # Errors
/// When the request is not JSON, is nested too deeply, carries too many messages or none.
pub fn decode(body: &[u8], limits: &Limits) -> Result<Vec<Message>, DecodeError> {
    if depth(body) > limits.json_depth {
        return Err(DecodeError::TooDeep);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let batch = Batch { messages_max: limits.batch_messages };
    let is_single = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let messages = if is_single {
        Message::deserialize(&mut deserializer).map(|message| vec![message])
    } else {
        batch.deserialize(&mut deserializer)
    };
    let messages = messages.map_err(DecodeError::Malformed)?;
    deserializer.end().map_err(DecodeError::Malformed)?;
    if messages.is_empty() { Err(DecodeError::Empty) } else { Ok(messages) }
}

/// Reads an array of messages and stops at the first one too many, before memory is spent on it.
struct Batch {
    messages_max: usize,
}

impl<'de> DeserializeSeed<'de> for Batch {
    type Value = Vec<Message>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Batch {
    type Value = Vec<Message>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an array of at most {} messages", self.messages_max)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut messages = Vec::new();
        while let Some(message) = sequence.next_element()? {
            if messages.len() == self.messages_max {
                return Err(de::Error::invalid_length(messages.len() + 1, &self));
            }
            messages.push(message);
        }
        Ok(messages)
    }
}

/// Measures how deeply brackets are nested outside of strings. The text need not be valid JSON.
fn depth(body: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &str) -> Result<Vec<Message>, DecodeError> {
        decode(body.as_bytes(), &Limits { batch_messages: 3, json_depth: 8, ..Limits::default() })
    }

    #[test]
    fn an_array_and_a_single_object_are_accepted() {
        assert_eq!(
            decoded(r#"[{"channel":"/a"},{"channel":"/b"}]"#).expect("it is well formed").len(),
            2
        );
        assert_eq!(
            decoded(" {\"channel\":\"/a\"}\n").expect("it is well formed")[0].channel.as_deref(),
            Some("/a")
        );
    }

    #[test]
    fn members_of_the_wrong_type_count_as_absent() {
        let message = &decoded(r#"[{"channel":5,"clientId":[],"data":{"x":1e2},"surprise":true}]"#)
            .expect("it is well formed")[0];
        assert_eq!((&message.channel, &message.client_id), (&None, &None));
        assert_eq!(message.data.as_ref().expect("it is well formed").get(), r#"{"x":1e2}"#);
    }

    #[test]
    fn what_is_no_batch_is_refused() {
        let bodies = [
            "",
            "null",
            "5",
            "\"x\"",
            "[5]",
            "[null]",
            "[{}",
            "[{}] x",
            "{\"id\":1,\"id\":2}",
            "[{},{},{},{}]",
            "\u{feff}[]",
        ];
        for body in bodies {
            assert!(matches!(decoded(body), Err(DecodeError::Malformed(_))), "{body}");
        }
        assert!(matches!(
            decode(b"[{\"channel\":\"\xff\"}]", &Limits::default()),
            Err(DecodeError::Malformed(_))
        ));
        assert!(matches!(decoded("[]"), Err(DecodeError::Empty)));
    }

    #[test]
    fn nesting_is_measured_outside_of_strings() {
        assert!(matches!(decoded(&"[".repeat(9)), Err(DecodeError::TooDeep)));
        assert!(decoded(r#"[{"channel":"[[[[[[[[[[\"[[["}]"#).is_ok());
        assert!(decoded(r#"[{"data":[[[[[[]]]]]]}]"#).is_ok());
        assert!(matches!(decoded(r#"[{"data":[[[[[[[]]]]]]]}]"#), Err(DecodeError::TooDeep)));
    }

    #[test]
    fn ids_are_numbers_or_letters_and_digits() {
        for (id, valid) in [
            ("\"12a\"", true),
            ("7", true),
            ("null", true),
            ("\"\"", false),
            ("\"a-b\"", false),
            ("{}", false),
        ] {
            let message = &decoded(&format!(r#"[{{"id":{id}}}]"#)).expect("it is well formed")[0];
            assert_eq!(message.has_valid_id(), valid, "{id}");
        }
    }
}
