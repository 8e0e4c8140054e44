//! Bodies that are compressed, which nothing here unpacks.

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::Refusal;

pub(crate) const PACKED: &str =
    "The body must not be compressed; send it without Content-Encoding.";
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Layer of the API's routes: refuses a body that is compressed. Nothing here unpacks one, because
/// what a few bytes unpack to has no bound, and read as it is it would be refused for what it does
/// not say.
pub(crate) async fn expect_unpacked(request: Request, next: Next) -> Response {
    if !is_packed(&request) {
        return next.run(request).await;
    }
    let refusal = Refusal::invalid(PACKED).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    telling_what_is_taken(refusal.into_response())
}

pub(crate) fn telling_what_is_taken(mut response: Response) -> Response {
    response.headers_mut().insert(ACCEPT_ENCODING, IDENTITY);
    response
}

pub(crate) fn is_packed(request: &Request) -> bool {
    let lines = request.headers().get_all(CONTENT_ENCODING).iter();
    // What is not text is no coding that anybody knows.
    let mut codings = lines.flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim);
    let is_coded =
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
    is_coded && !request.body().is_end_stream()
}
