//! Answers to browsers that ask whether a page of another origin may call (CORS). Only listed
//! origins may, and they with credentials.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method};
use axum::response::{IntoResponse, Response};

use crate::shared::Shared;
use crate::wire::envelope::Envelope;

const METHODS: &str = "GET,POST,PUT,DELETE,OPTIONS";
/// The list that the platform whose API this is ships with (docs/compat/conventions.md#logins), and
/// what this server adds.
const HEADERS: &str = "X-Requested-With,Content-Type,Accept,Origin,Cookie,authorization,ssid,surl,ContactCenterId,X-CSRF-TOKEN,Idempotency-Key,X-Second-Factor";
const EXPOSED: &str = "X-CSRF-HEADER,X-CSRF-TOKEN";
/// How long a browser may remember a preflight, in s, as that platform has it.
const MAX_AGE_S: &str = "120";

/// Where a request comes from, as far as a browser says.
pub(crate) enum Crossing {
    /// From nowhere that is listed.
    None,
    /// A page of this origin calls.
    Call(HeaderValue),
    /// A browser asks whether a page of this origin may.
    Preflight(HeaderValue),
}

impl Crossing {
    pub(crate) fn of(shared: &Shared, request: &Request) -> Self {
        let origins = shared.origins();
        let given = request.headers().get(ORIGIN);
        let listed =
            given.filter(|origin| origin.to_str().is_ok_and(|origin| origins.is_listed(origin)));
        let is_preflight = request.method() == Method::OPTIONS
            && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        match listed.cloned() {
            None => Self::None,
            Some(origin) if is_preflight => Self::Preflight(origin),
            Some(origin) => Self::Call(origin),
        }
    }

    /// Returns the answer to a browser that asks first; nothing else becomes of its request.
    pub(crate) fn word(&self) -> Option<Response> {
        match self {
            Self::Preflight(_) => Some(Envelope::Plain.success(None).into_response()),
            Self::None | Self::Call(_) => None,
        }
    }

    /// Tells the browser with the answer what it may let the page see.
    pub(crate) fn tell(self, shared: &Shared, response: &mut Response) {
        let headers = response.headers_mut();
        if !shared.options().cors_origins.is_empty() {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        let (Self::Call(origin) | Self::Preflight(origin)) = &self else { return };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        if matches!(self, Self::Preflight(_)) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
        }
    }
}
