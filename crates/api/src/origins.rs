//! Which web pages may make a browser send requests here.
//!
//! A request that a cookie alone authenticates is checked by its `Origin`, or by `Sec-Fetch-Site`
//! where the browser sends no origin, before its token: a foreign page must not even get to guess.
//! Programs send neither and are let through to the token.
//!
//! On the CometD endpoint every poll and every upgrade is checked, whatever authenticates it: a
//! browser sends remembered Basic credentials along with a WebSocket of any page's, and that page
//! could read what comes back.

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};

use crate::error::{Code, Refusal};
use crate::options::Options;
use crate::wire::resource::API_ROOT;

/// The origins that are listed, and our own.
pub(crate) struct Origins {
    own: String,
    listed: Vec<String>,
}

impl Origins {
    pub(crate) fn new(options: &Options) -> Self {
        let root = options.public_url.uri("");
        let own = root.trim_end_matches(API_ROOT).trim_end_matches('/');
        // A path in front of `/api/v2` is no part of an origin.
        let scheme_end = own.find("://").map_or(0, |at| at + 3);
        let host_end = own[scheme_end..].find('/').map_or(own.len(), |at| scheme_end + at);
        Self { own: own[..host_end].to_owned(), listed: options.cors_origins.clone() }
    }

    /// Tells whether a page of that origin may read answers, with credentials.
    pub(crate) fn is_listed(&self, origin: &str) -> bool {
        self.listed.iter().any(|listed| covers(listed, origin))
    }

    /// Tells whether a write authenticated by cookie alone may come from where it says.
    pub(crate) fn may_write(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let sentence = "A page of another origin may not do this by the session cookie; send credentials, or have its origin listed.";
        if self.is_ours(headers) { Ok(()) } else { Err(Refusal::new(Code::Forbidden, sentence)) }
    }

    /// Tells whether somebody may speak CometD from where they say.
    pub(crate) fn may_connect(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let sentence = "A page of another origin may not connect here; have its origin listed.";
        if self.is_ours(headers) { Ok(()) } else { Err(Refusal::new(Code::Forbidden, sentence)) }
    }

    /// Tells whether a request comes from our own pages, from listed ones or from a program.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let text = |value: Option<&HeaderValue>| {
            value.and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        match text(headers.get(ORIGIN)) {
            Some(origin) => {
                // Behind a balancer the public address need not be the one that this page was
                // loaded from; then the host tells.
                let host = text(headers.get(HOST));
                let is_same_host = origin.split_once("://").map(|(_, host)| host)
                    == host.as_deref()
                    && host.is_some();
                is_same_host || origin == self.own || self.is_listed(&origin)
            }
            None => text(headers.get("sec-fetch-site"))
                .is_none_or(|site| site == "same-origin" || site == "none"),
        }
    }
}

/// Tells whether a listed origin, exact or with `*.` before the domain
/// (docs/compat/conventions.md#logins), covers another.
pub(crate) fn covers(listed: &str, origin: &str) -> bool {
    let Some((scheme, domain)) = listed.split_once("://*.") else { return listed == origin };
    origin
        .strip_prefix(scheme)
        .and_then(|rest| rest.strip_prefix("://"))
        .and_then(|host| host.strip_suffix(domain))
        .and_then(|labels| labels.strip_suffix('.'))
        .is_some_and(|labels| {
            !labels.is_empty()
                && labels.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::resource::PublicUrl;

    fn origins() -> Origins {
        let mut options = Options::new(PublicUrl::new("https://desk.example/handoff"));
        options.cors_origins =
            vec!["https://pages.example".to_owned(), "https://*.shop.example".to_owned()];
        Origins::new(&options)
    }

    #[test]
    fn a_listed_origin_is_exact_or_below_a_domain() {
        let table = [
            ("https://pages.example", true),
            ("http://pages.example", false),
            ("https://pages.example.evil", false),
            ("https://a.shop.example", true),
            ("https://a.b.shop.example", true),
            ("https://shop.example", false),
            ("https://evilshop.example", false),
            ("https://evil.example/.shop.example", false),
            ("null", false),
        ];
        for (origin, is_listed) in table {
            assert_eq!(origins().is_listed(origin), is_listed, "{origin}");
        }
    }

    #[test]
    fn a_cookie_alone_writes_from_our_own_pages_listed_ones_and_programs() {
        let table: [(&[(&str, &str)], bool); 9] = [
            (&[], true),
            (&[("origin", "https://desk.example")], true),
            (&[("origin", "http://10.0.0.1:8090"), ("host", "10.0.0.1:8090")], true),
            (&[("origin", "https://pages.example")], true),
            (&[("origin", "https://evil.example"), ("host", "desk.example")], false),
            (&[("origin", "null")], false),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
        ];
        for (pairs, may_write) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(origins().may_write(&headers).is_ok(), may_write, "{pairs:?}");
            assert_eq!(origins().may_connect(&headers).is_ok(), may_write, "{pairs:?}");
        }
    }
}
