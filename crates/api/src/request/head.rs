//! What a request's head must say before anything else of it is looked at.

use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::customer::refusal::{CustomerRefusal, RefusalKind};
use crate::error::Refusal;

const NO_HOST: &str = "An HTTP/1.1 request must have one Host header that names a host; add it.";
const PACKED: &str = "The body must not be compressed; send it without Content-Encoding.";
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

/// Layer around everything that a listener serves: refuses an HTTP/1.1 request that does not say,
/// once, which host it means (RFC 9112, section 3.2). Whoever stands between could take it for
/// another host's than we do.
pub async fn expect_host(request: Request, next: Next) -> Response {
    if is_host_said(request.version(), request.headers()) {
        return next.run(request).await;
    }
    match crate::customer::is_below_root(request.uri().path()) {
        true => CustomerRefusal::invalid(NO_HOST).into_response(),
        false => Refusal::invalid(NO_HOST).into_response(),
    }
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
    bytes.is_empty() || (Authority::try_from(bytes).is_ok() && !bytes.contains(&b'@'))
}

/// Layer of the API's routes: refuses a body that is compressed. Nothing here unpacks one, because
/// what a few bytes unpack to has no bound, and read as it is it would be refused for what it does
/// not say.
pub(crate) async fn expect_unpacked(request: Request, next: Next) -> Response {
    if !is_packed(&request) {
        return next.run(request).await;
    }
    let refusal = Refusal::invalid(PACKED).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    telling_what_is_taken(refusal.into_response())
}

/// The same of the customers' doors.
pub(crate) async fn expect_unpacked_of_customers(request: Request, next: Next) -> Response {
    if !is_packed(&request) {
        return next.run(request).await;
    }
    telling_what_is_taken(CustomerRefusal::new(RefusalKind::Packed, PACKED).into_response())
}

fn telling_what_is_taken(mut response: Response) -> Response {
    response.headers_mut().insert(ACCEPT_ENCODING, IDENTITY);
    response
}

fn is_packed(request: &Request) -> bool {
    let lines = request.headers().get_all(CONTENT_ENCODING).iter();
    // What is not text is no coding that anybody knows.
    let mut codings = lines.flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim);
    let is_coded =
        codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
    is_coded && !request.body().is_end_stream()
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
