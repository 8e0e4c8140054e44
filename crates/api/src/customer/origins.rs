//! Which origins' pages may read the customers' answers.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_DISPOSITION, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use handoff_domain::service::ServiceKind;

use super::paths::ROOT;
use super::refusal::CustomerRefusal;
use super::services::{foreign, may_use};
use crate::shared::Shared;

/// How long a browser may remember what a foreign page is allowed, in s.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");

/// Where a request comes from that names an origin.
///
/// Pages of those origins may call that the service lists, without credentials, because there are
/// none. Where the address names no service, the pages of every service may. Whoever may not is
/// told so when their browser asks first; what is sent without asking is carried out, as for a
/// program, and their page cannot read the answer.
pub(super) struct Crossing {
    origin: HeaderValue,
    allowed: Result<(), CustomerRefusal>,
    asks_first: bool,
}

impl Crossing {
    pub(super) fn of(shared: &Shared, request: &Request) -> Option<Self> {
        let origin = request.headers().get(ORIGIN).cloned()?;
        let path = request.uri().path();
        let allowed = match is_of_emails(path) {
            true => Ok(()),
            false => may_call(shared, service_in(path).as_deref(), request.headers()),
        };
        Some(Self { origin, allowed, asks_first: request.method() == Method::OPTIONS })
    }

    /// Returns the answer to a browser that asks first; nothing else becomes of its request.
    pub(super) fn word(&self) -> Option<Response> {
        let word = || match &self.allowed {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(refusal) => refusal.clone().into_response(),
        };
        self.asks_first.then(word)
    }

    /// Tells the browser with the answer what it may let the page see.
    pub(super) fn tell(self, response: &mut Response) {
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from(ORIGIN));
        if self.allowed.is_err() {
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from(CONTENT_DISPOSITION));
        if self.asks_first {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            let allowed =
                HeaderValue::from_static("content-type, contactcenterid, idempotency-key");
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
        }
    }
}

/// Tells whether a path is one of the e-mail services'. They list no origins: whoever may write to
/// a contact center may do so from any page.
fn is_of_emails(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.starts_with("/2/email/"))
}

/// Returns the chat service that a path names.
fn service_in(path: &str) -> Option<String> {
    let name = path.strip_prefix(ROOT)?.strip_prefix("/2/chat/")?.split('/').next()?;
    // What a form escapes and a path does not, so that the decoder of forms reads a path.
    let escaped = name.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned())
}

/// Tells whether a page may call the address of a service, or one that is of all services, as that
/// of a service that nobody knows.
fn may_call(
    shared: &Shared,
    service: Option<&str>,
    headers: &HeaderMap,
) -> Result<(), CustomerRefusal> {
    let directory = shared.engine().core().directory();
    let found = service.and_then(|name| directory.service(ServiceKind::Chat, name)?.chat());
    let Some(terms) = found else {
        let mut all = directory.services.values().filter_map(|service| service.chat());
        return if all.any(|terms| may_use(terms, headers).is_ok()) {
            Ok(())
        } else {
            Err(foreign())
        };
    };
    may_use(terms, headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_service() {
        let named = |path| service_in(path);
        assert_eq!(named("/genesys/2/chat/a%20b+c&d=e/1/send").as_deref(), Some("a b+c&d=e"));
        assert_eq!(named("/genesys/2/chat/help").as_deref(), Some("help"));
        assert_eq!(named("/genesys/2/chat-ntf"), None);
        assert_eq!(named("/api/v2/chats/1"), None);
    }
}
