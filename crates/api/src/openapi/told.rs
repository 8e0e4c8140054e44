//! What CometD tells, as an AsyncAPI document: a channel for each topic, with its messages.

use handoff_domain::Topic;
use handoff_engine::CenterTopic;
use serde_json::{Map, Value, json};

use super::document::schemas_of;
use crate::notify::topics::{center_channel, channel};

const ABOUT: &str = "What agents are told by CometD (Bayeux 1.0, long-polling and websocket) at \
    `/api/v2/notifications`. The messages here are `data` of what is delivered. Each event has \
    `sequence`, which grows by one per user and topic; a subscription with `ext.replay` gets what \
    was missed first. Clients ignore fields and messages that they do not know.";

/// Returns the messages of a topic; any of them may have `Resync` as well.
const fn messages(topic: Topic) -> &'static [&'static str] {
    match topic {
        Topic::Interactions => &[
            "InteractionStateMessage",
            "WorkbinContentMessage",
            "ChatDraftMessage",
            "ChatReadMessage",
            "ReadMessage",
            "ViewersMessage",
        ],
        Topic::Channels => &["ChannelStateChangeMessageV2"],
        Topic::Chats => &["ChatStateChangeMessage", "MessageLogUpdated"],
        Topic::Emails => &["EmailStateChangeMessage"],
        Topic::Workitems => &["WorkitemStateChangeMessage"],
        Topic::Openmedia => &["OpenmediaStateChangeMessage"],
        Topic::Workbins => &["WorkbinStateChangeMessage", "WorkbinSubscriptionStateChangeMessage"],
        Topic::Me => &["SettingsChangedMessage", "AskMessage"],
        Topic::Services => &[],
        Topic::Contacts => &[
            "IdentifyUCSContactMessage",
            "GetInteractionsHistoryMessage",
            "GetInteractionContentMessage",
        ],
    }
}

/// Returns the message of a topic that tells how the contact center stands.
const fn message_of_center(topic: CenterTopic) -> &'static [&'static str] {
    match topic {
        CenterTopic::Agents => &["AgentStateMessage"],
        CenterTopic::Queues => &["QueueStateMessage"],
    }
}

/// Makes the document.
pub(super) fn document() -> Value {
    let (mut channels, mut operations) = (Map::new(), Map::new());
    let mut all = Map::new();
    let own = Topic::ALL.map(|topic| (channel(topic), messages(topic)));
    let shared = CenterTopic::ALL.map(|topic| (center_channel(topic), message_of_center(topic)));
    for (address, messages) in own.into_iter().chain(shared) {
        let name = address.trim_start_matches('/').replace('/', ".");
        let mut told = Map::new();
        for message in messages.iter().chain(&["Resync"]) {
            let reference = json!({"$ref": format!("#/components/messages/{message}")});
            told.insert((*message).to_owned(), reference);
            let payload = json!({"$ref": format!("#/components/schemas/{message}")});
            all.insert((*message).to_owned(), json!({"name": message, "payload": payload}));
        }
        let reference = json!({"$ref": format!("#/channels/{name}")});
        operations.insert(format!("tell.{name}"), json!({"action": "send", "channel": reference}));
        channels.insert(name, json!({"address": address, "messages": told}));
    }
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {"title": "Handoff", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": all},
    });
    document["components"]["schemas"] = schemas_of(&document);
    document
}
