//! What keeps the anonymous side from being used up: counts by address, and which pages may call.
//!
//! Everything here is kept in memory and forgotten with the process; none of it protects data, which the secure key does.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_DISPOSITION, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use handoff_domain::service::{ChatTerms, ServiceKind};
use handoff_domain::{InteractionId, Time};

use super::Options;
use super::trouble::{Kind, Trouble};
use crate::auth::PeerAddress;
use crate::limit::Limiter;
use crate::shared::Shared;

/// How long a browser may remember what a foreign page is allowed, in s.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("600");

/// Who has how much.
pub(crate) struct Guard {
    requests: Limiter<IpAddr>,
    messages: Limiter<InteractionId>,
    chats: Mutex<HashMap<IpAddr, Vec<InteractionId>>>,
    chats_max: usize,
}

impl Guard {
    pub(super) fn new(options: &Options) -> Self {
        Self {
            requests: Limiter::new(options.requests_per_s),
            messages: Limiter::new(options.messages_per_s),
            chats: Mutex::default(),
            chats_max: options.chats_per_address,
        }
    }

    /// Counts a message of a customer.
    pub(crate) fn count_message(&self, chat: InteractionId, now: Time) -> Result<(), Trouble> {
        match self.messages.wait_ms(chat, now) {
            None => Ok(()),
            Some(_) => {
                Err(Trouble::new(Kind::TooMany, "Too many messages; wait a second and send it again."))
            }
        }
    }

    /// Tells whether an address may have one more chat; `is_live` tells which of those that it began still are.
    pub(crate) fn may_begin(
        &self,
        address: IpAddr,
        is_live: impl Fn(InteractionId) -> bool,
    ) -> Result<(), Trouble> {
        let mut chats = self.chats.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(begun) = chats.get_mut(&address) else { return Ok(()) };
        begun.retain(|chat| is_live(*chat));
        if begun.is_empty() {
            chats.remove(&address);
        } else if begun.len() >= self.chats_max {
            let advice = "There are too many chats from your address; end one of them or try again later.";
            return Err(Trouble::new(Kind::TooManyChats, advice));
        }
        Ok(())
    }

    /// Notes that an address has begun a chat.
    pub(crate) fn begun(&self, address: IpAddr, chat: InteractionId) {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner).entry(address).or_default().push(chat);
    }
}

/// Gives the address that a request comes from; requests whose address is not known count together.
pub(crate) fn address_of(request: &axum::http::Extensions) -> IpAddr {
    request.get::<PeerAddress>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0)
}

/// Layer of all customers' routes: counts requests by address.
pub(crate) async fn count(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let address = address_of(request.extensions());
    match shared.reception().guard.requests.wait_ms(address, shared.engine().now()) {
        None => next.run(request).await,
        Some(_) => Trouble::new(Kind::TooMany, "Too many requests from your address; try again in a second.")
            .into_response(),
    }
}

/// Layer of all customers' routes: lets pages of those origins call that the service lists, without credentials, because there are none.
/// Where the address names no service, the pages of every service may. Whoever may not is told so when his browser asks first; what is
/// sent without asking is carried out, as for a program, and his page cannot read the answer.
pub(crate) async fn cross_origin(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(ORIGIN).cloned() else { return next.run(request).await };
    let path = request.uri().path();
    let allowed = match is_of_emails(path) {
        true => Ok(()),
        false => may_call(&shared, service_in(path).as_deref(), request.headers()),
    };
    let asks_first = request.method() == Method::OPTIONS;
    let mut response = match (&allowed, asks_first) {
        (Ok(()), true) => StatusCode::NO_CONTENT.into_response(),
        (Err(trouble), true) => trouble.clone().into_response(),
        (_, false) => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from(ORIGIN));
    if allowed.is_ok() {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from(CONTENT_DISPOSITION));
        if asks_first {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            let allowed = HeaderValue::from_static("content-type, contactcenterid, idempotency-key");
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed);
            headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
        }
    }
    response
}

/// Layer of the whole router: the same below the customers' root. A browser that asks first uses a method that no route has, and what the
/// router answers then is not layered with the routes.
pub(crate) async fn cross_origin_below_root(state: State<Shared>, request: Request, next: Next) -> Response {
    if super::is_below_root(request.uri().path()) {
        cross_origin(state, request, next).await
    } else {
        next.run(request).await
    }
}

/// Tells whether a path is one of the e-mail services'. They list no origins: whoever may write to a contact center may do so from any page.
fn is_of_emails(path: &str) -> bool {
    path.strip_prefix(super::ROOT).is_some_and(|rest| rest.starts_with("/2/email/"))
}

/// Gives the chat service that a path names.
fn service_in(path: &str) -> Option<String> {
    let name = path.strip_prefix(super::ROOT)?.strip_prefix("/2/chat/")?.split('/').next()?;
    // What a form escapes and a path does not, so that the decoder of forms reads a path.
    let escaped = name.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned())
}

/// Tells whether a page may call the address of a service, or one that is of all services, as that of a service that nobody knows.
fn may_call(shared: &Shared, service: Option<&str>, headers: &HeaderMap) -> Result<(), Trouble> {
    let directory = shared.engine().directory();
    let found = service.and_then(|name| directory.service(ServiceKind::Chat, name)?.chat());
    let Some(terms) = found else {
        let mut all = directory.services.values().filter_map(|service| service.chat());
        return if all.any(|terms| may_use(terms, headers).is_ok()) { Ok(()) } else { Err(foreign()) };
    };
    may_use(terms, headers)
}

/// Tells whether the page that a request comes from may use a service. Programs name no origin and are let through: this keeps other
/// people's pages out, not programs.
pub(crate) fn may_use(terms: &ChatTerms, headers: &HeaderMap) -> Result<(), Trouble> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(origin) = text(ORIGIN).filter(|_| !terms.origins.is_empty()) else { return Ok(()) };
    let is_own = origin.split_once("://").is_some_and(|(_, host)| Some(host) == text(HOST));
    if is_own || terms.origins.iter().any(|listed| crate::auth::covers_origin(listed, origin)) {
        return Ok(());
    }
    Err(foreign())
}

fn foreign() -> Trouble {
    Trouble::new(Kind::ForeignPage, "Pages of this origin may not use the service; have the origin listed.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_live_chats() {
        let guard = Guard::new(&Options { chats_per_address: 2, ..Options::default() });
        let (one, other) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        for number in 1..=2 {
            guard.may_begin(one, |_| true).unwrap();
            guard.begun(one, InteractionId(number));
        }
        assert_eq!(guard.may_begin(one, |_| true).unwrap_err().kind, Kind::TooManyChats);
        guard.may_begin(other, |_| true).unwrap();
        guard.may_begin(one, |chat| chat != InteractionId(1)).unwrap();
    }

    #[test]
    fn a_path_names_its_service() {
        let named = |path| service_in(path);
        assert_eq!(named("/genesys/2/chat/a%20b+c&d=e/1/send").as_deref(), Some("a b+c&d=e"));
        assert_eq!(named("/genesys/2/chat/help").as_deref(), Some("help"));
        assert_eq!(named("/genesys/2/chat-ntf"), None);
        assert_eq!(named("/api/v2/chats/1"), None);
    }

    #[test]
    fn a_listed_service_is_for_the_pages_of_its_origins() {
        let terms = ChatTerms { origins: vec!["https://*.shop.example".to_owned()], ..ChatTerms::default() };
        let from = |pairs: &[(&str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                let name: axum::http::HeaderName = name.parse().unwrap();
                headers.insert(name, value.parse().unwrap());
            }
            headers
        };
        assert!(may_use(&terms, &from(&[])).is_ok(), "a program");
        assert!(may_use(&terms, &from(&[("origin", "https://www.shop.example")])).is_ok());
        assert!(
            may_use(&terms, &from(&[("origin", "https://desk.example"), ("host", "desk.example")])).is_ok()
        );
        assert!(may_use(&terms, &from(&[("origin", "https://evil.example")])).is_err());
        assert!(may_use(&ChatTerms::default(), &from(&[("origin", "https://evil.example")])).is_ok());
    }
}
