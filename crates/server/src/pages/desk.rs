//! The desk: one page at every address of it, and the files that it loads.
//!
//! The page finds its files relative to its own address, so that it works below any prefix that a
//! proxy takes off. It was built once for each depth of an address for that.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, REFERRER_POLICY,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use handoff_web::{Packing, Page, Pages};

use super::{RESOURCE_POLICY, as_asked, not_built};

/// The addresses of the desk. What one of them shows, the page decides: it also says where there is
/// nothing.
const ADDRESSES: [&str; 11] = [
    "/",
    "/sign-in",
    "/settings",
    "/desk",
    "/desk/{list}",
    "/desk/{list}/{interaction}",
    "/supervise/{place}",
    "/supervise/{place}/{id}",
    "/admin",
    "/admin/{place}",
    "/admin/{place}/{id}",
];

/// A page names its files, whose names change with what is in them: a browser asks for the page
/// each time and for a file once.
const PAGE_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const FILE_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// The names of the icons never change.
const ICON_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// The desk shows what strangers write: nothing runs on it but its own scripts, and nothing is
/// asked of another host. Its frames are letters, each with a policy of its own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; \
     frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Returns the routes of the desk.
pub(crate) fn desk(pages: &Pages) -> Router {
    let with_slash = ADDRESSES.into_iter().filter(|address| *address != "/");
    let all = with_slash.map(|address| format!("{address}/")).chain(ADDRESSES.map(str::to_owned));
    all.fold(files(pages), |router, address| {
        // What stands behind the last slash is a part as well, also an empty one.
        let depth = address.split('/').skip(1).count();
        router.route(&address, page(pages, format!("desk/depth-{depth}.html")))
    })
}

/// The page's icons: the plain one, and the one while something is offered.
const ICONS: [&str; 2] = ["favicon.svg", "favicon-offer.svg"];

fn files(pages: &Pages) -> Router {
    let files = pages.clone();
    let any = async move |Path(name): Path<String>, headers: HeaderMap| {
        file(&files, &format!("desk/desk-assets/{name}"), FILE_CACHE, &headers)
    };
    let router = Router::new().route("/desk-assets/{name}", get(any));
    ICONS.into_iter().fold(router, |router, icon| {
        let pages = pages.clone();
        let answer = async move |headers: HeaderMap| {
            file(&pages, &format!("desk/{icon}"), ICON_CACHE, &headers)
        };
        router.route(&format!("/{icon}"), get(answer))
    })
}

fn page(pages: &Pages, path: String) -> MethodRouter {
    let pages = pages.clone();
    get(async move |headers: HeaderMap| {
        let Some(mut response) = smallest(&pages, &path, &headers) else { return not_built() };
        let said = response.headers_mut();
        said.insert(CACHE_CONTROL, PAGE_CACHE);
        said.insert(CONTENT_SECURITY_POLICY, POLICY);
        said.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    })
}

fn file(pages: &Pages, path: &str, cache: HeaderValue, asked: &HeaderMap) -> Response {
    // Of a build before this one: whoever still has its page is told to load the new one.
    let Some(mut response) = smallest(pages, path, asked) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    response.headers_mut().insert(CACHE_CONTROL, cache);
    response
}

/// Answers with the smallest form of a page that the browser takes.
fn smallest(pages: &Pages, path: &str, asked: &HeaderMap) -> Option<Response> {
    let packed = |packing: Packing| -> Option<(Option<Packing>, Page)> {
        Some((Some(packing), takes(asked, packing).then(|| pages.packed(path, packing))??))
    };
    let (packing, page) =
        Packing::ALL.into_iter().find_map(packed).or_else(|| Some((None, pages.page(path)?)))?;
    let mut response = as_asked(page, asked);
    let said = response.headers_mut();
    said.insert(VARY, HeaderValue::from_static("accept-encoding"));
    said.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    if let Some(packing) = packing {
        said.insert(CONTENT_ENCODING, HeaderValue::from_static(packing.name()));
    }
    Some(response)
}

/// Tells whether a browser takes a packing: it names it, and not with a weight of nothing
/// (RFC 9110, 12.5.3).
fn takes(asked: &HeaderMap, packing: Packing) -> bool {
    let given = asked.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().trim_start_matches("q=");
        name.trim().eq_ignore_ascii_case(packing.name())
            && !weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests;
