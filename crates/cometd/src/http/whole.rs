//! Answers that are written in one piece.

use std::time::SystemTime;

use bytes::{BufMut as _, Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::Body;
use hyper::header::{CONTENT_LENGTH, DATE};

/// What a head takes beside the body, in bytes, as a guess.
const HEAD_BYTES: usize = 512;

/// Waits for all of a response's body. One that fails is cut where it does, as on the wire.
pub async fn whole<B: Body<Data = Bytes>>(response: Response<B>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    let mut body = std::pin::pin!(body);
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if !rest.is_empty() {
        first = [first, rest.freeze()].concat().into();
    }
    Response::from_parts(parts, first)
}

/// Writes a response as HTTP/1.1.
pub(super) fn encode(response: &Response<Bytes>) -> Bytes {
    let (status, body) = (response.status(), response.body());
    let mut text = BytesMut::with_capacity(HEAD_BYTES + body.len());
    text.put_slice(b"HTTP/1.1 ");
    text.put_slice(status.as_str().as_bytes());
    text.put_u8(b' ');
    text.put_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    text.put_slice(b"\r\n");
    for (name, value) in response.headers().iter().filter(|(name, _)| **name != CONTENT_LENGTH) {
        line(&mut text, name.as_str(), value.as_bytes());
    }
    line(&mut text, CONTENT_LENGTH.as_str(), body.len().to_string().as_bytes());
    if !response.headers().contains_key(DATE) {
        line(&mut text, DATE.as_str(), httpdate::fmt_http_date(now()).as_bytes());
    }
    text.put_slice(b"\r\n");
    text.put_slice(body);
    text.freeze()
}

fn line(text: &mut BytesMut, name: &str, value: &[u8]) {
    text.put_slice(name.as_bytes());
    text.put_slice(b": ");
    text.put_slice(value);
    text.put_slice(b"\r\n");
}

#[expect(clippy::disallowed_methods, reason = "a Date is the machine's time, as hyper writes it")]
fn now() -> SystemTime {
    SystemTime::now()
}
