//! How the agents and the queues of a contact center stand, for those who watch all of it.

use std::sync::Arc;

use handoff_domain::{Desk, Media, QueueId, Time, User, UserId};

use crate::core::{Directory, QueueHeld};

/// An agent, and how they stand.
#[derive(Clone, Debug)]
pub struct AgentState {
    pub user: Arc<User>,
    /// Where they work; `None` when they were never here.
    pub desk: Option<Arc<Desk>>,
    /// What names the channels that they could work on.
    pub directory: Arc<Directory>,
}

/// A queue, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueState {
    pub id: QueueId,
    pub name: String,
    pub media: Media,
    /// How many wait without an offer.
    pub waiting: usize,
    /// Since when the first of these does.
    pub oldest: Option<Time>,
    /// How many agents who serve it would be offered something of it now.
    pub able_agents: usize,
    pub held: QueueHeld,
}

/// What those who watch a contact center may be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CenterTopic {
    Agents,
    Queues,
}

impl CenterTopic {
    pub const ALL: [Self; 2] = [Self::Agents, Self::Queues];
}

/// How an agent or a queue stands.
#[derive(Clone, Copy, Debug)]
pub enum CenterNews<'a> {
    Agent(&'a AgentState),
    /// There is no such agent any more.
    NoAgent(UserId),
    Queue(&'a QueueState),
    NoQueue(QueueId),
}
