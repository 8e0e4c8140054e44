//! What happened to a desk, as its history tells it.

use alloc::vec::Vec;

use super::{ChannelState, Desk, Readiness};
use crate::event::Fact;

impl Desk {
    /// Returns what happened to the agent's session and channels since the desk was `before`;
    /// `None` when they were never here. What they listen to and what they hold is no part of it.
    #[must_use]
    pub fn facts_since(&self, before: Option<&Self>) -> Vec<Fact> {
        let earlier = before.and_then(|before| before.session.as_ref());
        let is_same = |since| earlier.is_some_and(|session| session.since == since);
        let mut facts = Vec::new();
        if earlier.is_some() && self.session.as_ref().is_none_or(|now| !is_same(now.since)) {
            facts.push(Fact::SessionEnded);
        }
        if let Some(session) = self.session.as_ref().filter(|session| !is_same(session.since)) {
            facts.push(Fact::SessionBegan { place: session.place.clone() });
        }
        let out = ChannelState { readiness: Readiness::LoggedOut, do_not_disturb: false };
        for (media, to) in &self.channels {
            let from = before.and_then(|before| before.channels.get(media)).unwrap_or(&out);
            if from != to {
                let (media, from, to) = (media.clone(), from.clone(), to.clone());
                facts.push(Fact::ChannelChanged { media, from, to });
            }
        }
        facts
    }
}
