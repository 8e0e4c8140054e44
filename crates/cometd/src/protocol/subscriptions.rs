//! Who is subscribed to what: the index from names and patterns to sessions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::channel;
use crate::identity::SessionId;

/// The subscribers of every name and pattern. A channel exists while it has one.
#[derive(Debug, Default)]
pub struct Subscriptions {
    /// Sessions by their numbers: whoever came first is first, so that a publication walks through
    /// memory in the order in which sessions and connections were made. Their ids are random, and
    /// their order scatters those visits.
    by_name: HashMap<Arc<str>, BTreeMap<u64, SessionId>>,
}

impl Subscriptions {
    /// Tells whether anybody is subscribed under exactly this name.
    pub fn exists(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Adds a subscription and returns the shared name; repeating one is harmless.
    pub fn add(&mut self, name: &str, number: u64, session: &SessionId) -> Arc<str> {
        let name = self
            .by_name
            .get_key_value(name)
            .map_or_else(|| Arc::from(name), |(name, _)| Arc::clone(name));
        self.by_name.entry(Arc::clone(&name)).or_default().insert(number, session.clone());
        name
    }

    /// Removes a subscription, and the channel with its last one.
    pub fn remove(&mut self, name: &str, number: u64) {
        if let Some(subscribers) = self.by_name.get_mut(name) {
            subscribers.remove(&number);
            if subscribers.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    /// Visits the subscribers of everything that covers the channel; one with overlapping patterns
    /// comes several times.
    pub fn covering<'a>(&'a self, channel: &str) -> impl Iterator<Item = &'a SessionId> + use<'a> {
        let names = channel::covering(channel);
        names
            .into_iter()
            .filter_map(|name| self.by_name.get(name.as_str()))
            .flat_map(BTreeMap::values)
    }
}
