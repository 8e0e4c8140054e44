use std::fs;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::*;

/// A desk of this test alone: what the real one holds is tested where it is built.
fn built() -> (TempDir, Router) {
    let home = tempfile::tempdir().unwrap();
    let files = home.path().join("desk");
    fs::create_dir_all(files.join("desk-assets")).unwrap();
    for depth in 1..=4 {
        fs::write(files.join(format!("depth-{depth}.html")), format!("page {depth}")).unwrap();
    }
    for (name, text) in [
        ("favicon.svg", "icon"),
        ("favicon-offer.svg", "marked icon"),
        ("desk-assets/index-1.js", "script"),
        ("desk-assets/index-1.js.br", "brotli"),
        ("desk-assets/index-1.js.gz", "gzip"),
        ("desk-assets/inter-1.woff2", "font"),
    ] {
        fs::write(files.join(name), text).unwrap();
    }
    fs::write(home.path().join("outside.js"), "outside").unwrap();
    let router = desk(&Pages::in_directory(home.path().to_owned()));
    (home, router)
}

async fn ask(router: &Router, path: &str, header: Option<(HeaderName, &str)>) -> Response {
    let mut request = Request::get(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn said(response: &Response, name: HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn every_address_gives_the_page_of_its_depth() {
    let (_home, router) = built();
    for (path, page) in [
        ("/", "page 1"),
        ("/sign-in", "page 1"),
        ("/settings", "page 1"),
        ("/desk", "page 1"),
        ("/desk/mine", "page 2"),
        ("/desk/search?q=parcel", "page 2"),
        ("/desk/mine/0123", "page 3"),
        ("/supervise/now", "page 2"),
        ("/supervise/why/0123", "page 3"),
        ("/admin", "page 1"),
        ("/admin/users", "page 2"),
        ("/admin/queues/new", "page 3"),
        ("/sign-in/", "page 2"),
        ("/desk/", "page 2"),
        ("/desk/mine/0123/", "page 4"),
    ] {
        let response = ask(&router, path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(said(&response, CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
        assert_eq!(text(response).await, page, "{path}");
    }
}

#[tokio::test]
async fn nothing_is_at_other_addresses() {
    let (_home, router) = built();
    for path in [
        "/desk/mine/0123/more",
        "/desk-assets/",
        "/desk-assets/index-0.js",
        "/desk-assets/index-1.js.gz",
        "/desk-assets/..%2F..%2Foutside.js",
        "/depth-1.html",
    ] {
        assert_eq!(ask(&router, path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_page_is_asked_for_each_time_and_lets_nothing_run_but_its_own() {
    let (_home, router) = built();
    let response = ask(&router, "/", None).await;
    assert_eq!(said(&response, CACHE_CONTROL), "no-cache");
    assert_eq!(said(&response, REFERRER_POLICY), "no-referrer");
    assert_eq!(said(&response, X_CONTENT_TYPE_OPTIONS), "nosniff");
    let policy = said(&response, CONTENT_SECURITY_POLICY);
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    let tag = said(&response, ETAG).to_owned();
    let again = ask(&router, "/", Some((IF_NONE_MATCH, &tag))).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(said(&again, CONTENT_SECURITY_POLICY), said(&response, CONTENT_SECURITY_POLICY));
}

#[tokio::test]
async fn files_are_kept_for_good_and_are_nobody_elses() {
    let (_home, router) = built();
    for (path, kind) in [
        ("/desk-assets/index-1.js", "text/javascript; charset=utf-8"),
        ("/desk-assets/inter-1.woff2", "font/woff2"),
    ] {
        let response = ask(&router, path, None).await;
        assert_eq!(said(&response, CONTENT_TYPE), kind);
        assert_eq!(said(&response, CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(said(&response, RESOURCE_POLICY), "same-origin");
    }
    for icon in ["/favicon.svg", "/favicon-offer.svg"] {
        let icon = ask(&router, icon, None).await;
        assert_eq!(said(&icon, CONTENT_TYPE), "image/svg+xml");
        assert_eq!(said(&icon, CACHE_CONTROL), "public, max-age=86400");
    }
}

#[tokio::test]
async fn a_browser_gets_the_smallest_form_that_it_takes() {
    let (_home, router) = built();
    for (takes, coding, bytes) in [
        ("gzip, deflate, br", "br", "brotli"),
        ("gzip, br;q=0", "gzip", "gzip"),
        ("GZIP;q=0.5", "gzip", "gzip"),
        ("deflate", "", "script"),
        ("brother", "", "script"),
    ] {
        let response =
            ask(&router, "/desk-assets/index-1.js", Some((ACCEPT_ENCODING, takes))).await;
        assert_eq!(said(&response, CONTENT_ENCODING), coding, "{takes}");
        assert_eq!(said(&response, VARY), "accept-encoding");
        assert_eq!(said(&response, CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(text(response).await, bytes, "{takes}");
    }
}

#[tokio::test]
async fn a_desk_that_is_not_built_says_what_to_do() {
    let router = desk(&Pages::in_directory("/no/such/directory".into()));
    let response = ask(&router, "/desk/mine", None).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(response).await.contains("cargo xtask web"));
}
