//! One request to another node, and its answer: what goes along, and what is the connection's.

use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use axum::http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version};
use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tower::Service;

use super::seal;
use crate::config::HTTPS;

/// How long a connection to a node may take, with its encryption. One that is there is in the same
/// network.
const CONNECTING: Duration = Duration::from_secs(2);
/// How long an unused connection is kept: less than the other node keeps it by default.
const IDLE: Duration = Duration::from_secs(30);
/// Unused connections that are kept to each node: what many answered polls leave is soon asked for
/// again.
const IDLE_MAX: usize = 1_024;
/// The most that is buffered of an answer's head, in bytes, as of a request's.
const BUFFER_BYTES: usize = 16 * 1_024;
/// How long a part of an answer may be waited for.
const PART: Duration = Duration::from_secs(10);

/// What is about one connection (RFC 9110, section 7.6.1), and what is counted anew.
const OF_THE_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    CONTENT_LENGTH,
    EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What asks other nodes.
pub(super) type Asking = Client<Connector, Full<Bytes>>;

/// Connects to a node, but not for ever.
#[derive(Clone)]
pub(super) struct Connector(HttpsConnector<HttpConnector>);

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, node: Uri) -> Self::Future {
        let connecting = timeout(CONNECTING, self.0.call(node));
        Box::pin(async move { connecting.await? })
    }
}

/// Makes what asks other nodes, by connections that are used again, and knows those that speak TLS.
pub(super) fn client(trust: ClientConfig) -> Asking {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new().with_tls_config(trust).https_or_http();
    let connector = Connector(connector.enable_http1().wrap_connector(tcp));
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_MAX)
        .http1_max_buf_size(BUFFER_BYTES)
        .build(connector)
}

/// Reads a body up to a bound. What is longer, or broke off, is returned as a body that is read as
/// it would have been.
pub(super) async fn read(mut body: Body, max: usize) -> Result<Bytes, Body> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => read.extend_from_slice(&data),
            Ok(Err(_trailers)) => {}
            Err(error) => {
                let broken = stream::iter([Ok(read.freeze()), Err(error)]);
                return Err(Body::from_stream(broken));
            }
        }
        if read.len() > max {
            let begun = stream::iter([Ok(read.freeze())]);
            return Err(Body::from_stream(begun.chain(body.into_data_stream())));
        }
    }
    Ok(read.freeze())
}

/// Returns a client's request as it goes to another node, with everything that the client said but
/// for whom it is by.
pub(super) fn outgoing(
    parts: &Parts,
    body: Bytes,
    address: &str,
    (client, stamp): (IpAddr, HeaderValue),
) -> Option<Request<Full<Bytes>>> {
    let target = parts.uri.path_and_query()?;
    let (scheme, authority) = match address.strip_prefix(HTTPS) {
        Some(authority) => ("https", authority),
        None => ("http", address),
    };
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(target.clone());
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = uri.build().ok()?;
    *request.version_mut() = Version::HTTP_11;
    *request.headers_mut() = end_to_end(parts.headers.clone());
    request.headers_mut().insert(seal::HEADER, stamp);
    // Only where nodes trust each other as proxies is it read, and then as true.
    request.headers_mut().remove(FORWARDED);
    let client = HeaderValue::try_from(client.to_string()).expect("an address fits a header");
    request.headers_mut().insert(HeaderName::from_static("x-forwarded-for"), client);
    Some(request)
}

/// Returns another node's answer as it goes to the client; it has its place until its end.
pub(super) fn incoming(
    response: Response<Incoming>,
    place: OwnedSemaphorePermit,
) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    // That node counts a user's connections by what they ask there, and says when there are too
    // many; the one that is meant is the client's.
    let closes = parts.headers.get(CONNECTION).is_some_and(|word| word == "close");
    let length = parts.headers.get(CONTENT_LENGTH).cloned();
    parts.headers = end_to_end(parts.headers);
    parts.version = Version::HTTP_11;
    if closes {
        parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(length) = length {
        parts.headers.insert(CONTENT_LENGTH, length);
    }
    let parts_of_body = stream::unfold(Some((body, place)), |going| async move {
        let (mut body, place) = going?;
        match timeout(PART, body.frame()).await {
            Ok(None) => None,
            Ok(Some(Ok(frame))) => {
                let data = frame.into_data().unwrap_or_default();
                Some((Ok::<_, BoxError>(data), Some((body, place))))
            }
            Ok(Some(Err(error))) => Some((Err(error.into()), None)),
            Err(elapsed) => Some((Err(elapsed.into()), None)),
        }
    });
    Response::from_parts(parts, Body::from_stream(parts_of_body))
}

/// Takes out what is about a connection, and what its `Connection` header names.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    let named = headers.get_all(CONNECTION).iter().filter_map(|words| words.to_str().ok());
    let named: Vec<HeaderName> = named
        .flat_map(|words| words.split(','))
        .filter_map(|word| word.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&OF_THE_CONNECTION) {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use axum::http::header::HOST;

    use super::*;

    #[tokio::test]
    async fn a_body_that_is_too_long_is_read_from_its_beginning() {
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
        let whole = read(Body::from("123456"), 5).await.unwrap_err();
        assert_eq!(whole.collect().await.unwrap().to_bytes(), "123456");
        let parts = stream::iter([Ok("12"), Err("broken")]);
        let broken = read(Body::from_stream(parts), 5).await.unwrap_err();
        assert!(broken.collect().await.is_err());
    }

    #[test]
    fn what_is_about_the_connection_stays_with_it() {
        let headers = [
            ("connection", "keep-alive, x-once"),
            ("x-once", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("cookie", "a=b"),
            ("authorization", "Basic x"),
            ("host", "desk.example"),
        ];
        let headers = headers
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let left = end_to_end(headers.into_iter().collect());
        let mut names: Vec<&str> = left.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["authorization", "cookie", "host"]);
    }

    #[test]
    fn a_request_keeps_its_path_and_the_host_that_the_client_named() {
        let request = Request::post("/api/v2/notifications/connect?x=1")
            .header(HOST, "desk.example")
            .header(FORWARDED, "for=192.0.2.9")
            .header("x-forwarded-for", "192.0.2.9")
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let stamp = HeaderValue::from_static("stamp");
        let by = ("192.0.2.7".parse().unwrap(), stamp);
        let sent = outgoing(&parts, Bytes::from("[]"), "10.0.0.2:8090", by.clone()).unwrap();
        assert_eq!(sent.uri(), "http://10.0.0.2:8090/api/v2/notifications/connect?x=1");
        assert_eq!(sent.headers()[HOST], "desk.example");
        assert_eq!(sent.headers()[seal::HEADER], "stamp");
        assert_eq!(sent.headers()["x-forwarded-for"], "192.0.2.7");
        assert!(!sent.headers().contains_key(FORWARDED));
        let encrypted = outgoing(&parts, Bytes::from("[]"), "https://10.0.0.2:8443", by).unwrap();
        assert_eq!(encrypted.uri().scheme_str(), Some("https"));
    }
}
