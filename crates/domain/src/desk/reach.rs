//! What an agent listens to, as the nodes say on which their sessions are.

use alloc::collections::{BTreeMap, BTreeSet};

use super::Desk;
use crate::event::Topic;
use crate::id::Incarnation;
use crate::media::Media;
use crate::time::Time;

/// The notification topics on which an agent is listening right now, over all their live CometD
/// sessions. Each node says it of its own sessions; an entry stands until that node changes it, or
/// another one finds that it is dead.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "stored", serde(from = "Stored"))]
pub struct Reach(pub BTreeMap<Incarnation, BTreeSet<Topic>>);

/// What stood in desks before there was more than one node: the topics alone.
#[cfg(feature = "stored")]
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Stored {
    ByNode(BTreeMap<Incarnation, BTreeSet<Topic>>),
    OfTheOne(BTreeSet<Topic>),
}

#[cfg(feature = "stored")]
impl From<Stored> for Reach {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::ByNode(topics) => Self(topics),
            // The program that wrote it has ended.
            Stored::OfTheOne(topics) => {
                let entry = (Incarnation(0), topics);
                Self([entry].into_iter().filter(|(_, topics)| !topics.is_empty()).collect())
            }
        }
    }
}

impl Reach {
    fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.0.values().flatten()
    }

    /// Returns what one node says.
    #[must_use]
    pub fn at(&self, node: Incarnation) -> Option<&BTreeSet<Topic>> {
        self.0.get(&node)
    }

    /// Tells whether an offer of that medium would be seen: by the interactions topic or by the
    /// medium's own (docs/compat/agents.md#reach).
    #[must_use]
    pub fn covers(&self, media: &Media) -> bool {
        let own = media.topic();
        self.topics().any(|topic| *topic == Topic::Interactions || *topic == own)
    }

    /// Tells whether offers of any medium would be seen.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.topics().any(|topic| topic.shows_offers())
    }
}

impl Desk {
    /// Notes what the agent listens to now on one node. Returns whether that is a change.
    pub fn set_reach(&mut self, node: Incarnation, topics: BTreeSet<Topic>, now: Time) -> bool {
        let before = self.reach.at(node).cloned().unwrap_or_default();
        let is_change = before != topics;
        if topics.is_empty() {
            self.reach.0.remove(&node);
        } else {
            self.reach.0.insert(node, topics);
        }
        self.reach_changed(now);
        is_change
    }

    /// Forgets what nodes said that are dead: their sessions are no more.
    pub fn forget_reach(&mut self, dead: &BTreeSet<Incarnation>, now: Time) {
        self.reach.0.retain(|node, _| !dead.contains(node));
        self.reach_changed(now);
    }

    fn reach_changed(&mut self, now: Time) {
        self.unreachable_since =
            if self.reach.is_any() { None } else { self.unreachable_since.or(Some(now)) };
    }
}
