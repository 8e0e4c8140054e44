//! Messages about workbins: what came in or left, what lies there, and whether somebody is told of
//! it.

use std::collections::BTreeMap;

use bytes::Bytes;
use handoff_domain::{Interaction, Media, UserId, Workbin, WorkbinId, WorkbinOwner};
use serde::Serialize;

use super::{Head, StateMessage, encode};
use crate::wire::interaction::{MediumResource, Sight};
use crate::wire::resource::{Lookup, owning_group};

/// The type of the answer to `GetWorkbinContent`.
const CONTENT: &str = "WorkbinContentMessage";

/// What happened to an item of a workbin. `ItemRemoved` is asked for by clients, though no page
/// shows it (docs/compat/media.md#workbins).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ItemAction {
    /// It came in.
    #[serde(rename = "ItemAdded")]
    Added,
    /// It left.
    #[serde(rename = "ItemRemoved")]
    Removed,
}

/// The message that an item came into a workbin or left it (docs/compat/media.md#workbins).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkbinMessage {
    message_type: &'static str,
    /// What happened.
    pub action: ItemAction,
    /// The workbin's id.
    pub id: String,
    /// The group whose workbin it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_group: Option<String>,
    /// Reference and number.
    #[serde(flatten)]
    pub head: Head,
    /// The item, under the key of its medium. Nobody acts on it from there, so it has no
    /// capabilities.
    #[serde(flatten)]
    content: BTreeMap<&'static str, MediumResource>,
}

impl WorkbinMessage {
    /// Makes the message.
    #[must_use]
    pub fn new(
        workbin: WorkbinId,
        action: ItemAction,
        head: Head,
        item: &Interaction,
        lookup: Lookup<'_>,
    ) -> Self {
        let key = match item.media() {
            Media::Email => "emailStateResourceV2",
            Media::Chat => "chatStateResourceV2",
            Media::Workitem => "workitemStateResourceV2",
            Media::Open(_) => "openmediaStateResourceV2",
        };
        let resource = MediumResource::new(item, Sight::gone(item.status()), lookup);
        let found = lookup.directory.workbin(item.center, workbin);
        Self {
            message_type: "WorkbinStateChangeMessage",
            action,
            id: workbin.to_string(),
            agent_group: found.and_then(|workbin| owning_group(&workbin, lookup)),
            head,
            content: BTreeMap::from([(key, resource)]),
        }
    }
}

/// What the answer to `GetWorkbinContent` tells.
#[derive(Clone, Copy, Debug)]
pub struct WorkbinContent<'a> {
    pub workbin: WorkbinId,
    /// The request's number.
    pub reference: i32,
    /// Who asked.
    pub reader: UserId,
    /// What lies there, at most 500 (docs/compat/operations.md; the reference server's
    /// `max-interactions-per-snapshot`).
    pub interactions: &'a [&'a Interaction],
    /// Whether there is more.
    pub truncated: bool,
}

/// Both spellings of the type, as in [`StateMessage`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContentMessage {
    message_type_name: &'static str,
    message_type: &'static str,
    reference_id: i32,
    workbin: String,
    interactions: Vec<StateMessage>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// Writes the answer to `GetWorkbinContent`: one message with everything
/// (docs/compat/operations.md#workbin-content). It is no event and has no number.
#[must_use]
pub fn workbin_content(content: &WorkbinContent<'_>, lookup: Lookup<'_>) -> Bytes {
    let messages =
        content.interactions.iter().map(|it| StateMessage::of_item(it, content.reader, lookup));
    encode(&ContentMessage {
        message_type_name: CONTENT,
        message_type: CONTENT,
        reference_id: content.reference,
        workbin: content.workbin.to_string(),
        interactions: messages.collect(),
        truncated: content.truncated,
    })
}

/// What became of a request to be told about a workbin (docs/compat/media.md#workbins).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum SubscriptionState {
    /// It is told from now on.
    Subscribed,
    /// It is told no more.
    Unsubscribed,
    /// Nothing changed.
    RequestFailed,
}

/// What a [`workbin_subscription`] message tells.
#[derive(Clone, Copy, Debug)]
pub struct WorkbinSubscription<'a> {
    pub workbin: &'a Workbin,
    /// Who asked.
    pub reader: UserId,
    /// What became of it.
    pub state: SubscriptionState,
    /// The request's number.
    pub reference: i32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionMessage {
    message_type: &'static str,
    state_resource: SubscriptionState,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    workbin_user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_group: Option<String>,
    reference_id: i32,
}

/// Writes the message that a workbin's subscription began or ended. Another user's workbin names
/// its owner.
#[must_use]
pub fn workbin_subscription(subscription: &WorkbinSubscription<'_>, lookup: Lookup<'_>) -> Bytes {
    let workbin = subscription.workbin;
    let other_owner = match workbin.owner {
        WorkbinOwner::Agent(owner) if owner != subscription.reader => Some(owner.to_string()),
        WorkbinOwner::Agent(_) | WorkbinOwner::EachAgent | WorkbinOwner::Group(_) => None,
    };
    encode(&SubscriptionMessage {
        message_type: "WorkbinSubscriptionStateChangeMessage",
        state_resource: subscription.state,
        id: workbin.id.to_string(),
        workbin_user_id: other_owner,
        agent_group: owning_group(workbin, lookup),
        reference_id: subscription.reference,
    })
}
