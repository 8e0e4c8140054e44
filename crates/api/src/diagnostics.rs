//! What can be asked without credentials: the version, and whether the server is well.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::shared::Shared;
use crate::wire::envelope::JsonText;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version<'a> {
    status_code: i32,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status_code: i32,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failing: Vec<String>,
}

/// `GET /api/v2/diagnostics/version`
pub(crate) async fn version(State(shared): State<Shared>) -> JsonText {
    JsonText::of(&Version { status_code: 0, version: &shared.options().version })
}

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> JsonText {
    JsonText::of(&Health { status_code: 0, status: "ok", failing: Vec::new() })
}

/// `GET /readyz`: the store takes commits and the last round of every worker went well. The names of what fails are told, the causes are in
/// the log.
pub(crate) async fn readyz(State(shared): State<Shared>) -> Response {
    let mut failing = Vec::new();
    if let Err(error) = shared.engine().store().ready().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "the store is not ready");
        failing.push("store".to_owned());
    }
    let workers = shared.engine().worker_statuses();
    failing.extend(
        workers.into_iter().filter(|worker| worker.last_error.is_some()).map(|worker| worker.name.to_owned()),
    );
    if failing.is_empty() {
        return JsonText::of(&Health { status_code: 0, status: "ready", failing }).into_response();
    }
    let body = JsonText::of(&Health { status_code: 4, status: "not ready", failing });
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}
