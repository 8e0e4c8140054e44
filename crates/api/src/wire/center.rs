//! How agents and queues of a contact center stand: the answers of `/center/agents` and
//! `/center/queues`, and the messages of the topics that tell what changes.

use bytes::Bytes;
use handoff_domain::{QueueId, UserId};
use handoff_engine::{AgentState, CenterNews, QueueState};
use serde::Serialize;

use super::date;
use super::notification::encode;
use super::resource::{ChannelResource, Lookup, UserPart, channels_of};

/// An agent, and how they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentStatePart {
    pub user: UserPart,
    /// As they themselves see them.
    pub channels: Vec<ChannelResource>,
    /// Their contact-center session.
    pub session: Option<SessionPart>,
    /// Whether they would see an offer of some medium.
    pub reachable: bool,
    /// Since when they would not, while they have a session.
    pub unreachable_since: Option<String>,
}

/// A contact-center session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionPart {
    pub since: String,
    pub place: Option<String>,
}

impl AgentStatePart {
    /// Shows an agent.
    #[must_use]
    pub fn new(state: &AgentState, lookup: Lookup<'_>) -> Self {
        let desk = state.desk.as_deref();
        let session = desk.and_then(|desk| desk.session.as_ref());
        let since = session.and(desk).and_then(|desk| desk.unreachable_since);
        Self {
            user: UserPart::new(state.user.id, lookup),
            channels: channels_of(&state.directory, &state.user, desk),
            session: session.map(|session| SessionPart {
                since: date::print(session.since),
                place: session.place.clone(),
            }),
            reachable: desk.is_some_and(|desk| desk.reach.is_any()),
            unreachable_since: since.map(date::print),
        }
    }
}

/// A queue, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueStatePart {
    pub queue_id: String,
    pub name: String,
    pub channel: String,
    /// How many wait and are offered to nobody.
    pub waiting: usize,
    /// Since when the first of these waits.
    pub oldest: Option<String>,
    /// How many agents would be offered something of it now.
    pub able_agents: usize,
    /// How many are offered to somebody from it.
    pub offered: usize,
    /// How many are in agents' hands that were in it last; drafts apart.
    pub in_work: usize,
}

impl QueueStatePart {
    /// Shows a queue.
    #[must_use]
    pub fn new(state: &QueueState) -> Self {
        Self {
            queue_id: state.id.to_string(),
            name: state.name.clone(),
            channel: state.media.name().to_owned(),
            waiting: state.waiting,
            oldest: state.oldest.map(date::print),
            able_agents: state.able_agents,
            offered: state.held.offered,
            in_work: state.held.in_work,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message<T> {
    message_type: &'static str,
    #[serde(flatten)]
    content: T,
}

/// Who or what is there no more.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed<T> {
    #[serde(flatten)]
    what: T,
    removed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Gone {
    User { id: String },
    QueueId(String),
}

/// Writes the message that tells how an agent or a queue stands, without its number.
#[must_use]
pub fn render_center(news: &CenterNews<'_>, lookup: Lookup<'_>) -> Bytes {
    const AGENT: &str = "AgentStateMessage";
    const QUEUE: &str = "QueueStateMessage";
    let removed = |message_type, what| {
        encode(&Message { message_type, content: Removed { what, removed: true } })
    };
    match news {
        CenterNews::Agent(state) => {
            encode(&Message { message_type: AGENT, content: AgentStatePart::new(state, lookup) })
        }
        CenterNews::Queue(state) => {
            encode(&Message { message_type: QUEUE, content: QueueStatePart::new(state) })
        }
        CenterNews::NoAgent(user) => removed(AGENT, Gone::user(*user)),
        CenterNews::NoQueue(queue) => removed(QUEUE, Gone::queue(*queue)),
    }
}

impl Gone {
    fn user(user: UserId) -> Self {
        Self::User { id: user.to_string() }
    }

    fn queue(queue: QueueId) -> Self {
        Self::QueueId(queue.to_string())
    }
}
