//! An agent's channels: the same objects in `/me/channels`, in `/me?subresources=*` and in the
//! channel notification.

use handoff_domain::{ChannelState, Desk, Media, Readiness};
use serde::Serialize;

/// The fixed id of Ready (docs/compat/agents.md#states).
pub const READY_ID: &str = "9430250E-0A1B-421F-B372-F29E69366DED";
/// The fixed id of Not Ready (docs/compat/agents.md#states).
pub const NOT_READY_ID: &str = "900D55CC-2BB0-431F-8BF9-D3525B383BE6";
/// The id of Logged Out; the pages know none, so it is ours (docs/compat/agents.md).
pub const LOGGED_OUT_ID: &str = "3f7a2a5e-6c1b-4f0e-9d57-0c1d0a5b7e21";

/// One channel of an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelResource {
    /// The channel's name.
    pub channel: String,
    /// `On` while they want no disturbance.
    pub dnd_state: &'static str,
    /// Ready or not.
    pub user_state: UserState,
}

/// The state of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserState {
    /// The state's fixed id.
    pub id: &'static str,
    /// Its name for people.
    pub display_name: &'static str,
    /// Its name for programs.
    pub state: &'static str,
    /// Why they are not ready, when they said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ChannelResource {
    /// Shows a channel whose agent has never come to work on it.
    #[must_use]
    pub fn logged_out(media: &Media) -> Self {
        let user_state = UserState::of(&Readiness::LoggedOut);
        Self { channel: media.name().to_owned(), dnd_state: "Off", user_state }
    }
}

impl UserState {
    fn of(readiness: &Readiness) -> Self {
        let (id, display_name, state) = match readiness {
            Readiness::Ready => (READY_ID, "Ready", "Ready"),
            Readiness::NotReady { .. } => (NOT_READY_ID, "Not Ready", "NotReady"),
            Readiness::LoggedOut => (LOGGED_OUT_ID, "Logged Out", "LoggedOut"),
        };
        let reason = match readiness {
            Readiness::NotReady { reason } => reason.clone(),
            Readiness::Ready | Readiness::LoggedOut => None,
        };
        Self { id, display_name, state, reason }
    }
}

/// Returns the channels of a desk, or those that changed where the desk is a notification's
/// snapshot.
#[must_use]
pub fn channels(desk: &Desk) -> Vec<ChannelResource> {
    let show = |(media, state): (&Media, &ChannelState)| ChannelResource {
        channel: media.name().to_owned(),
        dnd_state: if state.do_not_disturb { "On" } else { "Off" },
        user_state: UserState::of(&state.readiness),
    };
    desk.channels.iter().map(show).collect()
}
