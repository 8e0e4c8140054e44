//! The HTTP side: what is refused before it costs anything, and the paths.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use axum::{Router, http};
use handoff_cometd::Limits;
use tower::ServiceExt;

use crate::support::Bench;

/// What clients append. It need not be what the request is: a path never decides what a message is.
const SUFFIXES: [&str; 10] = [
    "",
    "/",
    "/handshake",
    "/connect",
    "/disconnect",
    "/subscribe",
    "/unsubscribe",
    "/subscribe/",
    "/v2%2Fme",
    "/anything",
];
const HANDSHAKE: &str = r#"[{"channel":"/meta/handshake"}]"#;

async fn status(
    router: &Router,
    request: http::request::Builder,
    body: impl Into<Body>,
) -> StatusCode {
    router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap().status()
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_refused_cheaply() {
    let bench = Bench::new(Limits { http_body_bytes: 1_000, ..Limits::default() });
    let client = bench.client(None);
    let table = [
        (String::new(), StatusCode::BAD_REQUEST),
        ("[".to_owned(), StatusCode::BAD_REQUEST),
        ("[]".to_owned(), StatusCode::BAD_REQUEST),
        ("null".to_owned(), StatusCode::BAD_REQUEST),
        ("[[".repeat(400), StatusCode::BAD_REQUEST),
        (format!("[{}]", vec!["{}"; 65].join(",")), StatusCode::BAD_REQUEST),
        (format!("[{}]", vec!["{}"; 64].join(",")), StatusCode::OK),
        (format!("[{{\"data\":\"{}\"}}]", "x".repeat(990)), StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, expected) in table {
        let (status, _, text) = client.raw(body.clone()).await;
        assert_eq!(status, expected, "{body}");
        assert!(text.starts_with('['), "the answer is JSON in any case: {text}");
    }
    assert_eq!(bench.server.stats().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn a_body_in_pieces_is_put_together_and_a_slow_one_is_given_up() {
    let bench = Bench::new(Limits::default());
    let client = bench.client(None);
    let pieces =
        HANDSHAKE.as_bytes().chunks(5).map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
    let body = Body::from_stream(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
    assert_eq!(client.raw(body).await.0, StatusCode::OK);
    let never =
        Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    assert_eq!(client.raw(never).await.0, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn methods_and_content_types_are_looked_at() {
    let bench = Bench::new(Limits::default());
    let router = bench.server.router();
    for (method, expected) in [
        (Method::OPTIONS, StatusCode::OK),
        (Method::GET, StatusCode::BAD_REQUEST),
        (Method::PUT, StatusCode::BAD_REQUEST),
        (Method::DELETE, StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(
            status(&router, Request::builder().method(&method).uri("/"), "").await,
            expected,
            "{method}"
        );
    }
    let upgrade = Request::get("/").header(header::UPGRADE, "websocket");
    assert_eq!(status(&router, upgrade, "").await, StatusCode::BAD_REQUEST);
    for (content_type, expected) in [
        ("application/json", StatusCode::OK),
        ("text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/x-www-form-urlencoded", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ] {
        let request = Request::post("/").header(header::CONTENT_TYPE, content_type);
        assert_eq!(status(&router, request, HANDSHAKE).await, expected, "{content_type}");
    }
    for (coding, expected) in
        [("identity", StatusCode::OK), ("gzip", StatusCode::UNSUPPORTED_MEDIA_TYPE)]
    {
        let request = Request::post("/").header(header::CONTENT_ENCODING, coding);
        assert_eq!(status(&router, request, HANDSHAKE).await, expected, "{coding}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_path_that_clients_use_is_served_wherever_it_is_mounted() {
    let bench = Bench::new(Limits::default());
    let mounted = [
        Router::new().nest_service("/api/v2/notifications", bench.server.router()),
        bench.server.router_at("/api/v2/notifications"),
        Router::new().nest("/api", bench.server.router_at("/v2/notifications")),
    ];
    for router in mounted {
        for suffix in SUFFIXES {
            let request = Request::post(format!("/api/v2/notifications{suffix}"));
            assert_eq!(status(&router, request, HANDSHAKE).await, StatusCode::OK, "{suffix}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_further_below_the_endpoint_is_not_the_endpoint() {
    let bench = Bench::new(Limits::default());
    let router = bench.server.router_at("/notifications");
    for suffix in ["/handshake/connect", "/subscribe/handshake/", "s", "s/handshake"] {
        let request = Request::post(format!("/notifications{suffix}"));
        assert_eq!(status(&router, request, HANDSHAKE).await, StatusCode::NOT_FOUND, "{suffix}");
    }
}
