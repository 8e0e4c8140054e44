//! The cookies and the CSRF token of one browser-like client.

use std::collections::BTreeMap;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// What a browser would remember of one server. Paths and expiry times are not looked at: tests
/// talk to one server only.
#[derive(Debug, Default)]
pub(crate) struct Cookies {
    cookies: BTreeMap<String, String>,
    csrf: Option<(HeaderName, HeaderValue)>,
}

impl Cookies {
    /// Takes over the cookies and the token of an answer (docs/compat/conventions.md#logins:
    /// `X-CSRF-HEADER` names the header that carries the token).
    pub(crate) fn learn<'a>(
        &mut self,
        set_cookies: impl Iterator<Item = &'a str>,
        headers: &HeaderMap,
    ) {
        for cookie in set_cookies {
            let pair = cookie.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            if cookie.to_ascii_lowercase().contains("max-age=0") || value.is_empty() {
                self.cookies.remove(name.trim());
            } else {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
        let name = headers
            .get("x-csrf-header")
            .and_then(|name| HeaderName::from_bytes(name.as_bytes()).ok());
        if let Some((name, value)) =
            name.and_then(|name| headers.get(&name).map(|value| (name, value.clone())))
        {
            self.csrf = Some((name, value));
        }
    }

    /// The `Cookie` header, if there is any cookie.
    pub(crate) fn header(&self) -> Option<String> {
        let pairs: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// The CSRF header and its value, once a GET brought it.
    pub(crate) fn csrf(&self) -> Option<(HeaderName, HeaderValue)> {
        self.csrf.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_and_forgets_cookies_and_the_token() {
        let mut session = Cookies::default();
        assert_eq!(session.header(), None);
        let mut headers = HeaderMap::new();
        headers.insert("x-csrf-header", HeaderValue::from_static("X-CSRF-TOKEN"));
        headers.insert("x-csrf-token", HeaderValue::from_static("t1"));
        session.learn(["JSESSIONID=abc; Path=/; HttpOnly", "B=1"].into_iter(), &headers);
        assert_eq!(session.header().as_deref(), Some("B=1; JSESSIONID=abc"));
        assert_eq!(session.csrf().map(|(_, value)| value), Some(HeaderValue::from_static("t1")));
        session.learn(["JSESSIONID=; Max-Age=0"].into_iter(), &HeaderMap::new());
        assert_eq!(session.header().as_deref(), Some("B=1"));
        assert!(session.csrf().is_some());
    }
}
