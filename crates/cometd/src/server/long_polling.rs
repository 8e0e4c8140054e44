//! The long-polling transport: one POST, one JSON array back.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use tokio::time::timeout;

use super::Shared;
use super::compress::{gzip, is_gzip_accepted};
use super::exchange::exchange;
use super::guards::Departure;
use super::later::{LaterBody, TakesLaterBody};
use crate::identity::{BrowserId, Identity, Login, Source, Tag};
use crate::protocol::message::decode;
use crate::protocol::reply::join;
use crate::protocol::session::{Caller, Transport};

/// The name of the cookie that tells browsers apart.
const BROWSER_COOKIE: &str = "BAYEUX_BROWSER";

/// The longest cookie value that is taken for one of ours, in characters; the reference's are 16 to
/// 26.
const BROWSER_COOKIE_CHARS: usize = 64;

/// How many cookies of that name are looked at: overlapping paths may give two.
const BROWSER_COOKIES: usize = 4;

/// Up to here an oversized body is read and dropped, in bytes: a client that is still sending does
/// not see an answer.
const DRAINED_BYTES: usize = 8 << 20;

/// Serves a POST.
pub(super) async fn serve(shared: &Arc<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) || is_packed(&parts.headers) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
    let arrival = Duration::from_millis(shared.limits.http_body_ms);
    let body =
        match timeout(arrival, read(body, &parts.headers, shared.limits.http_body_bytes)).await {
            Ok(Ok(body)) => body,
            Ok(Err(status)) => return refuse(status),
            Err(_elapsed) => return refuse(StatusCode::REQUEST_TIMEOUT),
        };
    let messages = match decode(&body, &shared.limits) {
        Ok(messages) => messages,
        Err(error) => {
            tracing::debug!(%error, "refused a request");
            return refuse(StatusCode::BAD_REQUEST);
        }
    };
    // A held poll keeps none of what it was asked with.
    drop(body);
    let caller = caller(&parts, Transport::LongPolling);
    let packing = Packing::of(&parts.headers, shared.limits.gzip_from_bytes);
    let takes_later_body = parts.extensions.get::<TakesLaterBody>().is_some();
    drop(parts);
    let exchanged = exchange(shared, &caller, &messages).await;
    drop((messages, caller));
    let (parts, departure) = match exchanged.held {
        None => (exchanged.parts, exchanged.departure),
        Some(held) if takes_later_body => return LaterBody::promise(held, packing),
        Some(held) => {
            let (parcel, departure) = held.answer().await;
            (parcel.parts, departure)
        }
    };
    let mut response = Response::default();
    fill(&mut response, &parts, packing, departure);
    if let Some(cookie) = exchanged.cookie {
        let cookie = format!("{BROWSER_COOKIE}={cookie}; {}", shared.limits.cookie_attributes);
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Tells whether the body claims to be JSON, or claims nothing. The types that a foreign page may
/// send without asking (forms and plain text) are not.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence = content_type.to_str().unwrap_or("").split(';').next().unwrap_or("");
    essence.trim().to_ascii_lowercase().ends_with("json")
}

/// Tells whether the body is compressed. What a few bytes unpack to has no bound, so nothing here
/// unpacks any.
fn is_packed(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Reads a bounded body. One in a single piece is not copied.
async fn read(mut body: Body, headers: &HeaderMap, max: usize) -> Result<Bytes, StatusCode> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > DRAINED_BYTES) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let (mut first, mut rest, mut seen) = (Bytes::new(), BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
        seen += data.len();
        if seen > DRAINED_BYTES {
            break;
        } else if seen > max {
            rest = BytesMut::new();
        } else if first.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&first);
            }
            rest.extend_from_slice(&data);
        }
    }
    match (seen > max, rest.is_empty()) {
        (true, _) => Err(StatusCode::PAYLOAD_TOO_LARGE),
        (false, true) => Ok(first),
        (false, false) => Ok(rest.freeze()),
    }
}

/// Gathers who sends a request from its headers and from what the outer middleware put beside them.
pub(super) fn caller(parts: &Parts, transport: Transport) -> Caller {
    let identity = parts.extensions.get::<Identity>().cloned();
    let tag = parts.extensions.get::<Tag>().cloned();
    let login = parts.extensions.get::<Login>().cloned();
    let source = parts.extensions.get::<Source>().cloned();
    Caller { identity, tag, login, source, browsers: browsers(&parts.headers), transport }
}

/// Reads the browser's cookies. One client sends attributes back as if they were cookies (bayeux.md
/// 2); they do no harm.
fn browsers(headers: &HeaderMap) -> Vec<BrowserId> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let values = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == BROWSER_COOKIE).then(|| value.trim().trim_matches('"'))
    });
    let is_ours = |value: &&str| {
        (1..=BROWSER_COOKIE_CHARS).contains(&value.len())
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    values.filter(is_ours).take(BROWSER_COOKIES).map(BrowserId::new).collect()
}

/// From which size on a client's replies are packed, in bytes; `usize::MAX` if they take no gzip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packing(usize);

impl Packing {
    fn of(headers: &HeaderMap, from_bytes: usize) -> Self {
        Self(if is_gzip_accepted(headers) { from_bytes } else { usize::MAX })
    }
}

/// Puts its messages into a response. They count as handed over when the connection takes the body;
/// a response that is dropped before puts them back.
pub(super) fn fill(
    response: &mut Response,
    parts: &[Bytes],
    packing: Packing,
    mut departure: Departure,
) {
    let plain = join(parts);
    let packed = (plain.len() >= packing.0).then(|| gzip(&plain)).flatten();
    let is_packed = packed.is_some();
    let text = packed.unwrap_or(plain);
    let headers = response.headers_mut();
    headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    // The mapped body does not tell its length any more, and the connection would be chunked.
    headers.insert(header::CONTENT_LENGTH, text.len().into());
    if is_packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    *response.body_mut() = Body::new(Full::new(text).map_frame(move |frame| {
        departure.handed_over();
        frame
    }));
}

fn refuse(status: StatusCode) -> Response {
    let error =
        format!("[{{\"successful\":false,\"error\":\"{}::request_invalid\"}}]", status.as_u16());
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let check = |lines: &[&'static str], expected: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            let found: Vec<String> = browsers(&headers).iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{lines:?}");
        };
        check(&["BAYEUX_BROWSER=abc1; Path=/"], &["abc1"]);
        check(&["x=1; BAYEUX_BROWSER=\"a\"", "BAYEUX_BROWSER=b"], &["a", "b"]);
        check(&["BAYEUX_BROWSER=; BAYEUX_BROWSER=a b; XBAYEUX_BROWSER=c; BAYEUX_BROWSER"], &[]);
    }

    #[test]
    fn only_json_and_silence_pass_for_json() {
        let check = |content_type: Option<&'static str>, expected: bool| {
            let mut headers = HeaderMap::new();
            if let Some(content_type) = content_type {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            }
            assert_eq!(is_json(&headers), expected, "{content_type:?}");
        };
        check(None, true);
        check(Some("application/json;charset=UTF-8"), true);
        check(Some("Application/JSON"), true);
        check(Some("text/plain"), false);
        check(Some("application/x-www-form-urlencoded"), false);
        check(Some("text/plain;application/json"), false);
    }
}
