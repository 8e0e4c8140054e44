//! The host that a request means, which its head must say before anything else is looked at.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Version};
use axum::response::{IntoResponse, Response};

use crate::customer::paths::is_below_root;
use crate::customer::refusal::CustomerRefusal;
use crate::error::Refusal;

const NO_HOST: &str = "An HTTP/1.1 request must have one Host header that names a host; add it.";

/// Refuses an HTTP/1.1 request that does not say, once, which host it means (RFC 9112, section
/// 3.2): whoever stands between could take it for another host's than we do. It concerns everything
/// that a listener serves.
#[must_use]
pub fn refused_for_host(request: &Request) -> Option<Response> {
    if is_host_said(request.version(), request.headers()) {
        return None;
    }
    Some(match is_below_root(request.uri().path()) {
        true => CustomerRefusal::invalid(NO_HOST).into_response(),
        false => Refusal::invalid(NO_HOST).into_response(),
    })
}

fn is_host_said(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
    }
}

/// Tells whether that is a host, with or without a port. An empty one is allowed where the target
/// has none (RFC 9112, section 3.2).
fn is_host(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    is_plain(bytes)
        || bytes.is_empty()
        || (Authority::try_from(bytes).is_ok() && !bytes.contains(&b'@'))
}

/// Tells whether it is a name or an IPv4 address with or without a port, as nearly every request
/// has it: then nothing need be copied to find that out.
fn is_plain(host: &[u8]) -> bool {
    let mut parts = host.split(|byte| *byte == b':');
    let is_name = |name: &[u8]| {
        !name.is_empty()
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(byte))
    };
    let is_port = |port: &[u8]| !port.is_empty() && port.iter().all(u8::is_ascii_digit);
    parts.next().is_some_and(is_name) && parts.next().is_none_or(is_port) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_said_once_and_is_one() {
        let said = |version, values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HOST, value.parse().expect("a header's value"));
            }
            is_host_said(version, &headers)
        };
        for value in
            ["desk.example", "desk.example:8090", "127.0.0.1:8090", "[::1]:8090", "localhost", ""]
        {
            assert!(said(Version::HTTP_11, &[value]), "{value}");
            assert!(said(Version::HTTP_10, &[value]), "{value}");
        }
        for values in [
            &[][..],
            &["a", "a"],
            &["a", "b"],
            &["a b"],
            &["a/b"],
            &["kate@desk.example"],
            &["a,b c"],
        ] {
            assert!(!said(Version::HTTP_11, values), "{values:?}");
        }
        assert!(said(Version::HTTP_10, &[]), "HTTP/1.0 knows no such header");
        assert!(!said(Version::HTTP_10, &["a", "b"]));
    }
}
