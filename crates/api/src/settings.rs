//! Settings that clients read: the agent states (contract 3).

use serde::Serialize;

use crate::caller::AnyUser;
use crate::commands::Answer;
use crate::wire::envelope::JsonText;
use crate::wire::resource::{LOGGED_OUT_ID, NOT_READY_ID, READY_ID};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentStates {
    status_code: i32,
    /// Names the attribute that tells one setting from another (gws-core.md 4).
    key: &'static str,
    settings: [AgentState; 3],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentState {
    id: &'static str,
    display_name: &'static str,
    state: &'static str,
    /// What a client posts to get there; none for the state that only the end of the contact-center session brings.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<&'static str>,
}

/// `GET /settings/agent-states`
pub(crate) async fn agent_states(AnyUser(_): AnyUser) -> Answer {
    let state =
        |id, display_name, state, operation_name| AgentState { id, display_name, state, operation_name };
    let settings = [
        state(READY_ID, "Ready", "Ready", Some("Ready")),
        state(NOT_READY_ID, "Not Ready", "NotReady", Some("NotReady")),
        state(LOGGED_OUT_ID, "Logged Out", "LoggedOut", None),
    ];
    Ok(JsonText::of(&AgentStates { status_code: 0, key: "id", settings }))
}
