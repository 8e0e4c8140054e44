//! What a session listens to.

use std::collections::BTreeMap;

use handoff_domain::Topic;

/// Stream rows read in one page.
pub(super) const PAGE: usize = 256;

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// With what comes from now on (the default, and −1 on the wire).
    Live,
    /// With all that is kept (−2 on the wire).
    AllKept,
    /// After this number.
    After(u64),
}

/// One subscription of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    /// The channel or pattern, as the client wrote it.
    pub name: String,
    /// The topics that it covers, and where each begins.
    pub topics: BTreeMap<Topic, Replay>,
    /// Whether messages go out under `name` instead of the topic's own channel (a literal name with
    /// a trailing slash).
    pub under_own_name: bool,
}

impl Subscriptions {
    /// Returns the numbers after which something is to be replayed.
    pub(super) fn after(&self) -> BTreeMap<Topic, u64> {
        let after = self.topics.iter().filter_map(|(topic, replay)| match replay {
            Replay::Live => None,
            Replay::AllKept => Some((*topic, 0)),
            Replay::After(after) => Some((*topic, *after)),
        });
        after.collect()
    }
}
