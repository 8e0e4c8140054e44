//! The outermost layer: how a refusal looks in the end.
//!
//! Handlers and extractors only say what was wrong. Which of the older keys the answer carries depends on the operation, and whether a
//! browser's login window may open depends on the request; both are known here.

use axum::extract::Request;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::{Code, Refusal};
use crate::wire::envelope::Envelope;

const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
const REALM: HeaderValue = HeaderValue::from_static("Basic realm=\"Handoff\", charset=\"UTF-8\"");

/// Gives every refusal its final form.
pub(crate) async fn refusals(request: Request, next: Next) -> Response {
    // A script that marks its requests shows its own login form; the browser's window would get in its way.
    let is_script = request.headers().contains_key(REQUESTED_WITH);
    let response = next.run(request).await;
    let Some(refusal) = response.extensions().get::<Refusal>().cloned() else { return response };
    let (mut parts, plain_body) = response.into_parts();
    let body = match parts.extensions.get::<Envelope>() {
        Some(envelope) => envelope.failure(&refusal).into_response().into_body(),
        None => plain_body,
    };
    if refusal.status == StatusCode::UNAUTHORIZED && !is_script {
        parts.headers.insert(WWW_AUTHENTICATE, REALM);
    }
    if let Some(seconds) = refusal.retry_after_s {
        parts.headers.insert(RETRY_AFTER, seconds.into());
    }
    // Both bodies have their own length; the layer that writes the answer counts anew.
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    Response::from_parts(parts, body)
}

/// Answers for a path that does not exist.
pub(crate) async fn unknown_path(uri: Uri) -> Refusal {
    let path = crate::error::quoted(uri.path());
    Refusal::new(Code::NotFound, format!("There is nothing at {path}; check the path."))
}

/// Answers for a method that a path does not have; the router adds `Allow`.
pub(crate) async fn unknown_method() -> Refusal {
    let sentence = "This path does not have that method; use one of those in the Allow header.";
    Refusal::invalid(sentence).with_status(StatusCode::METHOD_NOT_ALLOWED)
}
