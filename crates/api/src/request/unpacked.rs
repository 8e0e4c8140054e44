//! Bodies that are compressed, which nothing here unpacks.

use axum::body::{Body, HttpBody as _};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error::Refusal;

pub(crate) const PACKED: &str =
    "The body must not be compressed; send it without Content-Encoding.";
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Answers a request whose body is compressed. Nothing here unpacks one, because what a few bytes
/// unpack to has no bound, and read as it is it would be refused for what it does not say.
pub(crate) fn packed_refused() -> Response {
    let refusal = Refusal::invalid(PACKED).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    telling_what_is_taken(refusal.into_response())
}

pub(crate) fn telling_what_is_taken(mut response: Response) -> Response {
    response.headers_mut().insert(ACCEPT_ENCODING, IDENTITY);
    response
}

pub(crate) fn is_packed(headers: &HeaderMap, body: &Body) -> bool {
    let lines = headers.get_all(CONTENT_ENCODING).iter();
    // What is not text is no coding that anybody knows.
    let mut codings = lines.flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim);
    let is_coded =
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
    is_coded && !body.is_end_stream()
}
