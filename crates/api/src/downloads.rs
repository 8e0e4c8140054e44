//! Files on their way out.

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response as HttpResponse};
use axum::response::Response;
use futures_util::TryStreamExt as _;
use handoff_content::{FileError, FileKeeper};
use handoff_store::FileRecord;

/// Returns a file as a download: as an attachment, of the type that was found in it, never to be
/// shown or guessed at. One that cannot be read to its end is cut off, so that nobody takes it for
/// whole.
///
/// # Errors
///
/// When its first piece cannot be read.
pub(crate) async fn download(
    keeper: &FileKeeper,
    record: &FileRecord,
) -> Result<Response, FileError> {
    let id = record.id;
    let pieces = keeper.open(record).await?.inspect_err(move |error| {
        let error: &dyn std::error::Error = error;
        tracing::warn!(file.id = %id, error, "a download was cut off");
    });
    let mut response = HttpResponse::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&record.content_type);
    headers
        .insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CONTENT_LENGTH, record.bytes.into());
    headers.insert(CONTENT_DISPOSITION, disposition(&record.name));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// Returns the header that makes a browser save a file under its name (RFC 6266), whatever
/// characters that has.
fn disposition(name: &str) -> HeaderValue {
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(byte);
    let plain: String = name
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || "-_. ".contains(character) {
                character
            } else {
                '_'
            }
        })
        .collect();
    let encoded: String = name
        .bytes()
        .map(
            |byte| {
                if is_safe(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect();
    let text = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_told_to_save_it() {
        let header = disposition("Über\"sicht;.txt");
        let expected =
            "attachment; filename=\"_ber_sicht_.txt\"; filename*=UTF-8''%C3%9Cber%22sicht%3B.txt";
        assert_eq!(header.to_str().unwrap(), expected);
    }
}
