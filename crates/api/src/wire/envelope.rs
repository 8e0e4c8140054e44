//! The three envelopes of the first API generation.
//!
//! The reference document prints `{"status":"ok"}` for some operations, `{"statusCode":0}` for
//! others and `{"status":0}` for one, while its page on return values says that every method
//! carries `statusCode`. Every answer therefore has `statusCode`, and the older keys stand beside
//! it where the document prints them (docs/compat/operations.md#envelopes, table).

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::availability::Availability;
use crate::error::{NewerMessage, Refusal};

/// The one content type of every answer. Existing clients compare it literally
/// (docs/compat/conventions.md#codes).
const JSON: &str = "application/json";

/// A JSON text as an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonText(pub String);

impl JsonText {
    /// Writes any answer as JSON.
    ///
    /// # Panics
    ///
    /// When the value has a map whose keys are not texts, which no answer has.
    #[must_use]
    pub fn of(value: &impl Serialize) -> Self {
        Self(serde_json::to_string(value).expect("answers have text keys only"))
    }
}

impl IntoResponse for JsonText {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, JSON)], self.0).into_response()
    }
}

/// Which of the older keys an operation's answer carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Envelope {
    /// `statusCode` alone.
    #[default]
    Plain,
    /// Also `"status":"ok"`, and on failure `"status":"error"` and `errorDescription`.
    StatusText,
    /// Also `"status":0`, on success only.
    StatusZero,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Success {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    status_code: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<i32>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Status {
    Text(&'static str),
    Number(i32),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    status_code: i32,
    status_message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    newer_message: Option<&'a NewerMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    availability: Option<&'a Availability>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_factor: Option<&'static str>,
}

impl Envelope {
    /// Writes the answer to an operation that was carried out, with the number of the request when
    /// there is one.
    #[must_use]
    pub fn success(self, reference: Option<i32>) -> JsonText {
        let status = match self {
            Self::Plain => None,
            Self::StatusText => Some(Status::Text("ok")),
            Self::StatusZero => Some(Status::Number(0)),
        };
        JsonText::of(&Success { status, status_code: 0, reference_id: reference })
    }

    /// Writes a refusal.
    #[must_use]
    pub fn failure(self, refusal: &Refusal) -> JsonText {
        let is_older = self == Self::StatusText;
        JsonText::of(&Failure {
            status: is_older.then_some("error"),
            status_code: refusal.code.number(),
            status_message: &refusal.sentence,
            error_description: is_older.then_some(&refusal.sentence),
            newer_message: refusal.newer_message.as_deref(),
            availability: refusal.availability.as_deref(),
            second_factor: refusal.second_factor,
        })
    }
}

impl IntoResponse for Refusal {
    /// Leaves the rest to `respond::in_final_form`, which knows the envelope and the
    /// request's headers.
    fn into_response(self) -> Response {
        if let Some(cause) = &self.cause {
            cause.log();
        }
        let mut response = (self.status, Envelope::Plain.failure(&self)).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_envelopes_are_as_the_contract_prints_them() {
        let refusal = Refusal::missing("queueName");
        let text = "The parameter queueName is missing; give it.";
        let plain = format!(r#"{{"statusCode":1,"statusMessage":"{text}"}}"#);
        let older = format!(
            r#"{{"status":"error","statusCode":1,"statusMessage":"{text}","errorDescription":"{text}"}}"#
        );
        let table = [
            (Envelope::Plain, r#"{"statusCode":0,"referenceId":7}"#, &plain),
            (Envelope::StatusText, r#"{"status":"ok","statusCode":0,"referenceId":7}"#, &older),
            (Envelope::StatusZero, r#"{"status":0,"statusCode":0,"referenceId":7}"#, &plain),
        ];
        for (envelope, success, failure) in table {
            assert_eq!(envelope.success(Some(7)).0, success);
            assert_eq!(envelope.failure(&refusal).0, *failure);
        }
        assert_eq!(Envelope::Plain.success(None).0, r#"{"statusCode":0}"#);
    }
}
