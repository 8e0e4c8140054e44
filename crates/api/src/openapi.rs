//! What the API says of itself: an OpenAPI document of all of REST, and an AsyncAPI document of
//! what CometD tells (docs/adr/0041-the-document-is-data.md).
//!
//! Schemas lie in files as JSON Schema, operations are rows by area. Nothing here is asked when a
//! request is answered. That the document tells the truth is tested from outside: every route has
//! an operation, and every answer and message that tests receive is compared with its schema
//! (`handoff_testkit::Contract`).

mod areas;
mod document;
mod operation;
pub(crate) mod page;
mod told;

use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};

static REST: LazyLock<String> = LazyLock::new(|| written(&document::document()));
static TOLD: LazyLock<String> = LazyLock::new(|| written(&told::document()));

/// Another server may be another version: a page asks again within minutes.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");
const HEAD: [(HeaderName, HeaderValue); 2] =
    [(CONTENT_TYPE, HeaderValue::from_static("application/json")), (CACHE_CONTROL, KEPT)];

/// Returns the OpenAPI document of REST, as JSON.
#[must_use]
pub fn rest() -> &'static str {
    &REST
}

/// Returns the AsyncAPI document of what CometD tells, as JSON.
#[must_use]
pub fn told() -> &'static str {
    &TOLD
}

/// `GET /openapi.json`
pub(crate) async fn get_rest() -> ([(HeaderName, HeaderValue); 2], &'static str) {
    (HEAD, rest())
}

/// `GET /asyncapi.json`
pub(crate) async fn get_told() -> ([(HeaderName, HeaderValue); 2], &'static str) {
    (HEAD, told())
}

fn written(document: &serde_json::Value) -> String {
    format!("{document:#}")
}
