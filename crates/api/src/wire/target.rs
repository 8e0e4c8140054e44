//! Those to whom one interaction can be handed: the answer of `GET /interactions/{id}/targets`.

use handoff_domain::routing::{Agent, Exclusion};
use handoff_domain::{Media, Queue};
use serde::Serialize;

use super::names::rule_name;
use super::resource::{ChannelResource, Link, Lookup, Room, UserPart, channels};

/// An agent or a queue, and how it stands now.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all_fields = "camelCase")]
pub enum TargetPart {
    User {
        user: UserPart,
        /// Their channel of the interaction's medium.
        channel_state: ChannelResource,
        #[serde(flatten)]
        room: Room,
        /// Whether they would be offered it now.
        able: bool,
        /// The rule that is in the way.
        #[serde(skip_serializing_if = "Option::is_none")]
        rule: Option<&'static str>,
    },
    Queue {
        queue: QueuePart,
        /// How many interactions wait in it.
        waiting: usize,
        /// How many agents would be offered something of it now.
        able: usize,
    },
}

/// A queue in short.
#[derive(Clone, Debug, Serialize)]
pub struct QueuePart {
    pub id: String,
    pub name: String,
    #[serde(flatten)]
    pub link: Link,
}

impl TargetPart {
    /// Shows an agent; `rule` keeps them from being offered it.
    #[must_use]
    pub fn of_agent(
        agent: Agent<'_>,
        media: &Media,
        rule: Option<Exclusion>,
        lookup: Lookup<'_>,
    ) -> Self {
        let mut known = channels(agent.desk).into_iter();
        let channel = known.find(|shown| shown.channel == media.name());
        Self::User {
            user: UserPart::new(agent.user.id, lookup),
            channel_state: channel.unwrap_or_else(|| ChannelResource::logged_out(media)),
            room: Room::of(agent.user, Some(agent.desk), media),
            able: rule.is_none(),
            rule: rule.map(rule_name),
        }
    }

    /// Shows a queue.
    #[must_use]
    pub fn of_queue(queue: &Queue, waiting: usize, able: usize, lookup: Lookup<'_>) -> Self {
        let (id, name) = (queue.id.to_string(), queue.name.clone());
        let queue = QueuePart { id, name, link: lookup.url.queue(queue.id) };
        Self::Queue { queue, waiting, able }
    }
}
