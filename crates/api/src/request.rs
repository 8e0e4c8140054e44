//! The one place where a request's body is read, and the extractors for what a path and a body say.

mod unpacked;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use bytes::{Bytes, BytesMut};
use handoff_domain::Value;
use http_body_util::BodyExt;
use serde::Deserialize;

use crate::error::{Code, Refusal};
use crate::hex::sha256;
use crate::signposts::Variables;
use crate::wire::fields::Fields;
use crate::wire::{json, value};

pub(crate) use unpacked::{PACKED, is_packed, packed_refused, telling_what_is_taken};

/// Most bytes of a body: far above any request of this API, far below what would hurt.
const BYTES_MAX: usize = 1024 * 1024;

/// A body that was read: a JSON object.
#[derive(Clone, Debug)]
pub struct JsonBody(Arc<Parsed>);

#[derive(Debug)]
struct Parsed {
    values: BTreeMap<String, Value>,
    bytes: Bytes,
}

impl JsonBody {
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields::top(&self.0.values)
    }

    /// Returns what tells it from every other body: the SHA-256 of its bytes, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        sha256(&self.0.bytes)
    }

    /// Returns all of it, written anew: without what stands between its values.
    #[must_use]
    pub fn text(&self) -> String {
        let shown: serde_json::Map<_, _> =
            self.0.values.iter().map(|(name, it)| (name.clone(), value::to_json(it))).collect();
        serde_json::Value::Object(shown).to_string()
    }

    /// Returns the operation that it names.
    ///
    /// # Errors
    ///
    /// Code 1 when it names none, code 10 when the name is no text.
    pub fn operation_name(&self) -> Result<String, Refusal> {
        self.fields().required_text("operationName")
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    ///
    /// Code 10 when it is no JSON object, or too large.
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        let bytes = collect(body).await?;
        expect_json(headers)?;
        match json::read(&bytes)? {
            Value::Map(values) => Ok(Self(Arc::new(Parsed { values, bytes }))),
            _ => Err(Refusal::invalid("The body must be a JSON object; correct it.")),
        }
    }
}

/// Refuses every content type but JSON. A form's types must not get through: a foreign page can
/// send them without asking.
pub(crate) fn expect_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let refusal =
        Refusal::invalid("The body must be JSON; send it with Content-Type: application/json.");
    Err(refusal.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

/// Reads a body up to its bound. What is left of a larger one the listener drops, as of every body
/// that is refused.
async fn collect(mut body: Body) -> Result<Bytes, Refusal> {
    // Most bodies come in one piece, which need not be copied.
    let (mut first, mut joined) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Refusal::invalid("The body broke off; send the request again."))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len().max(joined.len()) + data.len() > BYTES_MAX {
            let refusal =
                Refusal::invalid(format!("The body is larger than {BYTES_MAX} bytes; send less."));
            return Err(refusal.with_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        if first.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.extend_from_slice(&first);
        }
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { joined.freeze() })
}

/// Tells whether a CometD request asks for a handshake, and gives its body back. What cannot be
/// read here counts as one: another reader might find a handshake in it.
pub(crate) async fn is_handshake(body: Body) -> (bool, Body) {
    #[derive(Deserialize)]
    struct Message {
        channel: String,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Batch {
        Many(Vec<Message>),
        One(Message),
    }
    let Ok(bytes) = collect(body).await else { return (true, Body::empty()) };
    let is_handshake = match serde_json::from_slice(&bytes) {
        Ok(Batch::Many(messages)) => {
            messages.iter().any(|message| message.channel == "/meta/handshake")
        }
        Ok(Batch::One(message)) => message.channel == "/meta/handshake",
        Err(_) => true,
    };
    (is_handshake, Body::from(bytes))
}

impl<S: Sync> FromRequestParts<S> for JsonBody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::internal)
    }
}

/// The one variable of a path. What it names is looked up later; here it is any text.
#[derive(Clone, Debug)]
pub struct Id(pub String);

/// The two variables of a path, in order.
#[derive(Clone, Debug)]
pub struct Ids(pub String, pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        variables(parts).map(|[id]| Self(id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        variables(parts).map(|[first, second]| Self(first, second))
    }
}

/// The three variables of a path, in order.
#[derive(Clone, Debug)]
pub struct ThreeIds(pub String, pub String, pub String);

impl<S: Send + Sync> FromRequestParts<S> for ThreeIds {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        variables(parts).map(|[first, second, third]| Self(first, second, third))
    }
}

/// Returns the variables of a path. Bytes that are not UTF-8 name nothing.
fn variables<const N: usize>(parts: &Parts) -> Result<[String; N], Refusal> {
    let Variables(all) = parts.extensions.get().ok_or_else(Refusal::internal)?;
    let all: Option<Vec<String>> = all.iter().cloned().collect();
    all.and_then(|all| all.try_into().ok()).ok_or_else(|| Refusal::not_found("resource"))
}

/// Refuses a body that asks for something this route has not.
#[must_use]
pub fn unknown_operation(name: &str) -> Refusal {
    Refusal::new(
        Code::Invalid,
        format!(
            "There is no operationName {} here; use one of the documented names.",
            crate::error::quoted(name)
        ),
    )
}
