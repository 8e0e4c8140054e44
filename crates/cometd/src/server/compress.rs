//! Gzip for long-polling replies.
//!
//! A reply is one text that is complete before it is sent, so it is packed whole: it keeps its
//! length header, is written in one piece, and its messages count as handed over at the very moment
//! at which they would uncompressed. A streaming layer around the router would chunk the reply and
//! hold a window of its own for every response in progress.
//!
//! No secret travels in a packed reply beside what others wrote: the only one is the `clientId`, in
//! a handshake's reply, which is alone in its response and stays below any sensible threshold.
//! Sockets are not compressed: see the crate's README.

use std::io::Write as _;

use axum::http::{HeaderMap, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Tells whether the client takes gzip. A wildcard does not count: it names what nobody implements
/// as well.
pub(super) fn is_gzip_accepted(headers: &HeaderMap) -> bool {
    let lines =
        headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(is_zero_weight)
    })
}

/// Tells whether a parameter is a weight of nought, which forbids the coding (RFC 9110, 12.4.2).
fn is_zero_weight(parameter: &str) -> bool {
    let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    weight.is_some_and(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0))
}

/// Packs a text, at the fastest level: notifications repeat their keys so much that the best one
/// saves little more, and costs up to six times the time. `None` when it would not become smaller.
pub(super) fn gzip(text: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 2), Compression::fast());
    // Writing to memory cannot fail; should it ever, the reply goes out as it is.
    encoder.write_all(text).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < text.len()).then(|| Bytes::from(packed))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_accepted_where_it_is_named_and_not_forbidden() {
        let check = |lines: &[&'static str], expected: bool| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::ACCEPT_ENCODING, HeaderValue::from_static(line));
            }
            assert_eq!(is_gzip_accepted(&headers), expected, "{lines:?}");
        };
        check(&["gzip, deflate, br"], true);
        check(&["br;q=1.0,GZIP;q=0.5"], true);
        check(&["br", "gzip"], true);
        check(&[], false);
        check(&["identity"], false);
        check(&["*"], false);
        check(&["gzip;q=0"], false);
        check(&["gzip; q=0.000"], false);
        check(&["xgzip"], false);
    }

    #[test]
    fn what_does_not_become_smaller_is_left_alone() {
        assert_eq!(gzip(b"[]"), None);
        assert!(gzip(&[b'x'; 2_000]).is_some_and(|packed| packed.len() < 100));
    }
}
