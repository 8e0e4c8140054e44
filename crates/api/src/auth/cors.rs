//! Answers to browsers that ask whether a page of another origin may call (CORS). Only listed
//! origins may, and they with credentials.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::shared::Shared;
use crate::wire::envelope::Envelope;

const METHODS: &str = "GET,POST,PUT,DELETE,OPTIONS";
/// The list that the platform whose API this is ships with (docs/compat/conventions.md#logins), and
/// what this server adds.
const HEADERS: &str = "X-Requested-With,Content-Type,Accept,Origin,Cookie,authorization,ssid,surl,ContactCenterId,X-CSRF-TOKEN,Idempotency-Key";
const EXPOSED: &str = "X-CSRF-HEADER,X-CSRF-TOKEN";
/// How long a browser may remember a preflight, in s, as that platform has it.
const MAX_AGE_S: &str = "120";

/// Lets pages of listed origins call.
pub(crate) async fn cors(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let origins = shared.origins();
    let given = request.headers().get(ORIGIN).cloned();
    let listed =
        given.filter(|origin| origin.to_str().is_ok_and(|origin| origins.is_listed(origin)));
    let Some(origin) = listed else {
        let mut response = next.run(request).await;
        if !shared.options().cors_origins.is_empty() {
            response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
        }
        return response;
    };
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight {
        Envelope::Plain.success(None).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if is_preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
    }
    response
}
