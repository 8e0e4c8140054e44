//! What browsers load from here: the desk, the script of the chat window, and the demo's page
//! around it.
//!
//! The files come from `handoff-web`. Everything else that browsers do here goes through the API,
//! which this module knows nothing of.

use axum::Router;
use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use handoff_web::{NOT_BUILT, Page, Pages};

mod desk;

pub(crate) use desk::desk;

/// Where the page of the demo is.
pub(crate) const DEMO_PATH: &str = "/demo/chat";

/// How long a browser may use a file without asking whether there is another one: a visitor looks
/// at several pages, and an upgrade reaches everybody within minutes.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// The page shows what strangers write: nothing runs on it and nothing is asked of anybody but by
/// the widget and of this server.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Returns the routes of every server: the script that pages anywhere include.
pub(crate) fn widget(pages: &Pages) -> Router {
    Router::new().route("/chat/widget.js", page(pages, "chat/widget.js"))
}

/// Returns the routes of the demo alone.
pub(crate) fn demo(pages: &Pages) -> Router {
    Router::new()
        .route("/chat/demo.css", page(pages, "chat/demo.css"))
        .route("/chat/demo.js", page(pages, "chat/demo.js"))
        .route(DEMO_PATH, page(pages, "chat/demo.html"))
}

/// Answers with one page.
fn page(pages: &Pages, path: &'static str) -> MethodRouter {
    let pages = pages.clone();
    get(async move |headers: HeaderMap| answer(pages.page(path), &headers))
}

fn answer(page: Option<Page>, asked: &HeaderMap) -> Response {
    let Some(page) = page else { return not_built() };
    let is_html = page.content_type.starts_with("text/html");
    let mut response = as_asked(page, asked);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, CACHE);
    // Without it a page that isolates itself from other origins (COEP) could not load the script.
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    if is_html {
        headers.insert(CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}

fn not_built() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT).into_response()
}

/// Answers with a page, or with the word that the browser's copy is still the right one.
fn as_asked(Page { content_type, bytes, etag }: Page, asked: &HeaderMap) -> Response {
    let is_same = asked.get_all(IF_NONE_MATCH).iter().any(|tags| names(tags, &etag));
    let mut response = if is_same {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(Bytes::from_owner(bytes)).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !is_same {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

/// Tells whether a list of tags has this one. A proxy that packs the file on the way marks the tag
/// as weak, which makes no difference to this question (RFC 9110, 13.1.2).
fn names(tags: &HeaderValue, etag: &str) -> bool {
    let Ok(tags) = tags.to_str() else { return false };
    tags.split(',')
        .map(str::trim)
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::http::Request;
    use tempfile::TempDir;
    use tower::ServiceExt as _;

    use super::*;

    const PAGE: &str = "<!doctype html><script src=\"/chat/widget.js\"></script>";

    /// Pages of this test alone: what the real ones hold is tested where they are built.
    fn pages() -> (TempDir, Pages) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("chat")).unwrap();
        for (name, text) in [("widget.js", "script"), ("demo.html", PAGE), ("demo.css", "style")] {
            std::fs::write(home.path().join("chat").join(name), text).unwrap();
        }
        let pages = Pages::in_directory(home.path().to_owned());
        (home, pages)
    }

    async fn get(router: Router, path: &str, tag: Option<&str>) -> Response {
        let mut request = Request::get(path);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    fn text(response: &Response, name: HeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn the_script_is_a_script_that_browsers_may_keep() {
        let (_home, pages) = pages();
        let response = get(widget(&pages), "/chat/widget.js", None).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(text(&response, CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(text(&response, X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(text(&response, CACHE_CONTROL), "public, max-age=300");
        assert_eq!(text(&response, RESOURCE_POLICY), "cross-origin");
        let tag = text(&response, ETAG).to_owned();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert_eq!(&*bytes, b"script");
        for (given, status) in [
            (tag.clone(), StatusCode::NOT_MODIFIED),
            (format!("\"other\", W/{tag}"), StatusCode::NOT_MODIFIED),
            ("*".to_owned(), StatusCode::NOT_MODIFIED),
            ("\"other\"".to_owned(), StatusCode::OK),
            (tag.trim_matches('"').to_owned(), StatusCode::OK),
        ] {
            let again = get(widget(&pages), "/chat/widget.js", Some(&given)).await;
            assert_eq!(again.status(), status, "{given}");
            assert_eq!(text(&again, ETAG), tag);
        }
    }

    #[tokio::test]
    async fn the_page_lets_nothing_run_but_its_script() {
        let (_home, pages) = pages();
        let response = get(demo(&pages), DEMO_PATH, None).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(text(&response, CONTENT_TYPE), "text/html; charset=utf-8");
        let policy = text(&response, CONTENT_SECURITY_POLICY).to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }

    #[tokio::test]
    async fn a_page_that_is_not_built_says_what_to_do() {
        let pages = Pages::in_directory("/no/such/directory".into());
        let response = get(demo(&pages), DEMO_PATH, None).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(std::str::from_utf8(&bytes).unwrap().contains("cargo xtask web"));
    }

    #[tokio::test]
    async fn a_server_that_is_no_demo_has_no_page() {
        let (_home, pages) = pages();
        for path in [DEMO_PATH, "/chat/demo.css", "/chat/", "/chat/demo.html"] {
            assert_eq!(
                get(widget(&pages), path, None).await.status(),
                StatusCode::NOT_FOUND,
                "{path}"
            );
        }
    }
}
