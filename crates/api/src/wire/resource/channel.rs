//! An agent's channels: the same objects in `/me/channels`, in `/me?subresources=*` and in the
//! channel notification.

use std::collections::BTreeSet;

use handoff_domain::{CenterId, ChannelState, Desk, Media, Readiness, Time, User};
use handoff_engine::Directory;
use serde::Serialize;

use crate::wire::date;

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
    /// How much there is room for; in lists of channels, not in notifications.
    #[serde(flatten)]
    pub room: Option<Room>,
}

/// How much work of a channel an agent may have at once, and has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Interactions at once; a bound over all channels together may be lower.
    pub capacity: u32,
    /// Interactions that they own, are offered or take part in; drafts apart.
    pub used: u32,
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
    /// Since when the channel is as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

impl ChannelResource {
    /// Shows a channel whose agent has never come to work on it.
    #[must_use]
    pub fn logged_out(media: &Media) -> Self {
        let user_state = UserState::of(&Readiness::LoggedOut, None);
        Self { channel: media.name().to_owned(), dnd_state: "Off", user_state, room: None }
    }
}

impl Room {
    /// Returns the room of an agent, `desk` being theirs if they have one.
    #[must_use]
    pub fn of(user: &User, desk: Option<&Desk>, media: &Media) -> Self {
        let used = desk.map_or(0, |desk| desk.occupied(media));
        Self { capacity: user.capacity.of(media), used }
    }
}

impl UserState {
    fn of(readiness: &Readiness, since: Option<Time>) -> Self {
        let (id, display_name, state) = match readiness {
            Readiness::Ready => (READY_ID, "Ready", "Ready"),
            Readiness::NotReady { .. } => (NOT_READY_ID, "Not Ready", "NotReady"),
            Readiness::LoggedOut => (LOGGED_OUT_ID, "Logged Out", "LoggedOut"),
        };
        let reason = match readiness {
            Readiness::NotReady { reason } => reason.clone(),
            Readiness::Ready | Readiness::LoggedOut => None,
        };
        Self { id, display_name, state, reason, since: since.map(date::print) }
    }
}

/// Returns the channels of a desk, or those that changed where the desk is a notification's
/// snapshot.
#[must_use]
pub fn channels(desk: &Desk) -> Vec<ChannelResource> {
    let show = |(media, state): (&Media, &ChannelState)| ChannelResource {
        channel: media.name().to_owned(),
        dnd_state: if state.do_not_disturb { "On" } else { "Off" },
        user_state: UserState::of(&state.readiness, desk.channels_since.get(media).copied()),
        room: None,
    };
    desk.channels.iter().map(show).collect()
}

/// Returns the channels of an agent, as they themselves see them, `desk` being theirs if they have
/// one. Without a contact-center session these are all that the contact center has.
#[must_use]
pub fn channels_of(
    directory: &Directory,
    user: &User,
    desk: Option<&Desk>,
) -> Vec<ChannelResource> {
    let mut all = desk.map(channels).unwrap_or_default();
    if desk.is_none_or(|desk| desk.session.is_none()) {
        let others = logged_out(directory, user.center).into_iter();
        let is_new =
            |shown: &ChannelResource| all.iter().all(|known| known.channel != shown.channel);
        all.extend(others.filter(is_new).collect::<Vec<_>>());
    }
    for shown in &mut all {
        shown.room = Some(Room::of(user, desk, &Media::from_name(&shown.channel)));
    }
    all
}

fn logged_out(directory: &Directory, center: CenterId) -> Vec<ChannelResource> {
    let of_center = directory.queues.values().filter(|queue| queue.center == center);
    let built_in = [Media::Email, Media::Chat, Media::Workitem];
    let all: BTreeSet<Media> = of_center.map(|queue| queue.media.clone()).chain(built_in).collect();
    all.iter().map(ChannelResource::logged_out).collect()
}
