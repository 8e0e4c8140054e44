//! How a refusal looks in the end.
//!
//! Handlers and extractors only say what was wrong. Which of the older keys the answer carries
//! depends on the operation, and whether a browser's login window may open depends on the request;
//! both are known here.

use axum::http::header::{AUTHORIZATION, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::error::{Code, Refusal};
use crate::wire::envelope::Envelope;

const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
/// How a browser says what a request is for; pages cannot set it.
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// Its value when a person follows a link or types an address.
const NAVIGATE: &[u8] = b"navigate";
const REALM: HeaderValue = HeaderValue::from_static("Basic realm=\"Handoff\", charset=\"UTF-8\"");

/// Whether a browser may open its own login window over a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginWindow {
    May,
    MayNot,
}

impl LoginWindow {
    /// `WWW-Authenticate` makes a browser open it. It must not over a page that has a login form:
    /// the page's request would hang until somebody closes the window. So the header is left out as
    /// soon as anything shows a script's hand: a mark of its libraries, an origin, a mode of
    /// fetching that is no navigation, or credentials, which were just refused
    /// (docs/api/README.md, "Credentials").
    pub(crate) fn over_answer_to(headers: &HeaderMap) -> Self {
        let signs = [&REQUESTED_WITH, &ORIGIN, &AUTHORIZATION];
        let is_navigation =
            headers.get_all(&FETCH_MODE).iter().all(|mode| mode.as_bytes() == NAVIGATE);
        let has_sign = signs.iter().any(|sign| headers.contains_key(*sign));
        if is_navigation && !has_sign { Self::May } else { Self::MayNot }
    }
}

/// Puts a refusal into its final form; every other answer stays as it is.
pub(crate) fn in_final_form(response: Response, window: LoginWindow) -> Response {
    let Some(refusal) = response.extensions().get::<Refusal>().cloned() else { return response };
    let (mut parts, plain_body) = response.into_parts();
    let body = match parts.extensions.get::<Envelope>() {
        Some(envelope) => {
            // Another body has another length; whoever writes the answer counts anew.
            parts.headers.remove(axum::http::header::CONTENT_LENGTH);
            envelope.failure(&refusal).into_response().into_body()
        }
        None => plain_body,
    };
    if refusal.status == StatusCode::UNAUTHORIZED && window == LoginWindow::May {
        parts.headers.insert(WWW_AUTHENTICATE, REALM);
    }
    if let Some(seconds) = refusal.retry_after_s {
        parts.headers.insert(RETRY_AFTER, seconds.into());
    }
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
