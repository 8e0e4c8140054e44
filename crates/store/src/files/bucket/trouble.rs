//! What keeps a bucket from being used, in a sentence that says what to do. A server's own words
//! are not passed on: some repeat what was signed, and with it the key.

use std::io;

use object_store::Error;
use tokio::time::error::Elapsed;

use super::BucketOptions;
use super::wire::NoLine;
use crate::error::with_causes;

/// What is wrong, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{told}")]
pub(in crate::files) struct Trouble {
    told: String,
    /// The same for anybody: without names and addresses.
    pub(in crate::files) in_short: &'static str,
}

impl Trouble {
    pub(super) fn late(options: &BucketOptions) -> Self {
        let told = format!("{} does not answer in time", options.server());
        Self { told, in_short: "the server of the bucket does not answer in time" }
    }
}

/// Tells whether a request was refused because the object begins after its end.
pub(super) fn is_past_the_end(error: &Error) -> bool {
    with_causes(error).contains("status code: 416")
}

/// Tells whether the bucket is what was not found.
pub(super) fn is_without_bucket(error: &Error) -> bool {
    code_in(&with_causes(error)) == Some("NoSuchBucket")
}

/// Says what an error means.
pub(super) fn explain(options: &BucketOptions, error: &Error) -> Trouble {
    let (bucket, server) = (&options.bucket, options.server());
    let text = with_causes(error);
    let code = code_in(&text).unwrap_or_default();
    let (in_short, told) = match code {
        "NoSuchBucket" => (
            "there is no such bucket",
            format!("there is no bucket {bucket} at {server}; make it, or correct chat.files"),
        ),
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" => (
            "the server of the bucket does not know the key or its secret",
            format!(
                "{server} does not know the key or its secret ({code}); correct s3.key and s3.secret"
            ),
        ),
        "AuthorizationHeaderMalformed"
        | "PermanentRedirect"
        | "IllegalLocationConstraintException" => elsewhere(bucket),
        "RequestTimeTooSkewed" => (
            "this node's clock is not that of the bucket's server",
            format!(
                "this machine's clock is not that of {server} ({code}); set it by a time server"
            ),
        ),
        _ if text.contains("without LOCATION") => elsewhere(bucket),
        _ => without_code(options, error, &text),
    };
    Trouble { told, in_short }
}

fn elsewhere(bucket: &str) -> (&'static str, String) {
    let told = format!("the bucket {bucket} is in another region; correct s3.region");
    ("the bucket is in another region", told)
}

/// Says what an error means whose code says nothing of its own.
fn without_code(options: &BucketOptions, error: &Error, text: &str) -> (&'static str, String) {
    let (bucket, server) = (&options.bucket, options.server());
    if matches!(error, Error::PermissionDenied { .. } | Error::Unauthenticated { .. }) {
        let told = format!(
            "the key may not use the bucket {bucket} at {server}; let it list, read, write and delete there"
        );
        return ("the key may not use the bucket", told);
    }
    match status_in(text) {
        Some(status) => {
            let what = [status, code_in(text).unwrap_or_default()].join(" ");
            let told = format!("{server} does not do what it is asked now (status {what})");
            ("the server of the bucket does not do what it is asked now", told)
        }
        None => {
            let cause = cause(error);
            let told = format!(
                "no store answers at {server} ({cause}); let it run, or correct s3.endpoint"
            );
            ("no server of the bucket answers", told)
        }
    }
}

/// Returns the code of an error that a server told.
fn code_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    code.chars().all(|one| one.is_ascii_alphanumeric()).then_some(code)
}

fn status_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("status code: ")?;
    rest.get(..3).filter(|status| status.bytes().all(|digit| digit.is_ascii_digit()))
}

/// Returns what the machine, its libraries or this program say of an error. What else is in it may
/// be what the server wrote.
fn cause(error: &Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        if let Some(io) = source.downcast_ref::<io::Error>()
            && io
                .get_ref()
                .is_none_or(|within| within.is::<NoLine>() || within.is::<rustls::Error>())
        {
            return io.to_string();
        }
        last = source;
    }
    let is_libraries = last.is::<hyper::Error>() || last.is::<Elapsed>();
    let text = last.to_string();
    match is_libraries || [super::NOT_COPIED, super::CUT_SHORT].contains(&&*text) {
        true => text,
        false => "its answer is none of a store's".to_owned(),
    }
}
