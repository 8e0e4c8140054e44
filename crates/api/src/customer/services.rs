//! The chat services by their names, and whether the page that a request comes from may use one.

use std::sync::Arc;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use handoff_domain::service::{ChatTerms, Service, ServiceKind};

use super::refusal::{CustomerRefusal, RefusalKind};
use crate::origins::covers;
use crate::shared::Shared;

/// Returns a chat service that takes customers, if it is open to this page.
pub(crate) fn chat_service(
    shared: &Shared,
    name: &str,
) -> Result<(Arc<Service>, ChatTerms), CustomerRefusal> {
    let service = shared.engine().core().directory().service(ServiceKind::Chat, name).cloned();
    let found = service.and_then(|service| {
        let terms = service.chat().cloned().filter(|_| service.enabled)?;
        Some((service, terms))
    });
    found.ok_or_else(|| {
        CustomerRefusal::new(
            RefusalKind::UnknownService,
            "There is no chat service of that name; check the address.",
        )
    })
}

/// Tells whether the page that a request comes from may use a service. Programs name no origin and
/// are let through: this keeps other people's pages out, not programs.
pub(crate) fn may_use(terms: &ChatTerms, headers: &HeaderMap) -> Result<(), CustomerRefusal> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(origin) = text(ORIGIN).filter(|_| !terms.origins.is_empty()) else { return Ok(()) };
    let is_own = origin.split_once("://").is_some_and(|(_, host)| Some(host) == text(HOST));
    if is_own || terms.origins.iter().any(|listed| covers(listed, origin)) {
        return Ok(());
    }
    Err(foreign())
}

pub(crate) fn foreign() -> CustomerRefusal {
    CustomerRefusal::new(
        RefusalKind::ForeignPage,
        "Pages of this origin may not use the service; have the origin listed.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_service_is_for_the_pages_of_its_origins() {
        let terms = ChatTerms {
            origins: vec!["https://*.shop.example".to_owned()],
            ..ChatTerms::default()
        };
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
            may_use(&terms, &from(&[("origin", "https://desk.example"), ("host", "desk.example")]))
                .is_ok()
        );
        assert!(may_use(&terms, &from(&[("origin", "https://evil.example")])).is_err());
        assert!(
            may_use(&ChatTerms::default(), &from(&[("origin", "https://evil.example")])).is_ok()
        );
    }
}
