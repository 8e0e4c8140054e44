//! Chats: what is kept in memory of those that are in use.
//!
//! Nothing here is the truth. What was said is in the history of the interaction, and `Transcripts`
//! is a copy of it for as long as it is asked for; who is typing, when a customer was last heard of
//! and how fast a queue moves are forgotten with the process, and none of it decides about an
//! interaction without the rules.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use handoff_domain::{Entry, Event, Fact, Interaction, InteractionId, Time};
use handoff_domain::{OfferKind, event::Subject};

use super::notes::Notes;
use super::pace::Pace;
use super::transcripts::Transcripts;

/// Customers whose last request is remembered; beyond it those are dropped who have been silent for
/// longest. One costs some 40 bytes.
const SEEN_MAX: usize = 100_000;

/// Forgets the quarter of customers who have been silent for longest: among them are those of chats
/// whose end was noted while a last request of theirs was under way. Somebody who is forgotten
/// counts as silent since the start, and is known again with the next request.
fn forget_longest_silent(seen: &mut HashMap<InteractionId, Time>) {
    let mut times: Vec<Time> = seen.values().copied().collect();
    let (_, until, _) = times.select_nth_unstable(SEEN_MAX / 4);
    let until = *until;
    seen.retain(|_, at| *at > until);
}

/// What one node keeps in memory of chats.
pub(crate) struct Chats {
    pub(crate) transcripts: Transcripts,
    pub(crate) notes: Notes,
    pub(crate) pace: Pace,
    seen: Mutex<HashMap<InteractionId, Time>>,
    /// When this node started: until then nobody can be said to have been silent.
    started: Time,
}

impl Chats {
    pub(crate) fn new(started: Time) -> Self {
        Self {
            transcripts: Transcripts::default(),
            notes: Notes::default(),
            pace: Pace::default(),
            seen: Mutex::default(),
            started,
        }
    }

    /// Notes that the customer made a request.
    pub(crate) fn see(&self, chat: InteractionId, at: Time) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SEEN_MAX && !seen.contains_key(&chat) {
            forget_longest_silent(&mut seen);
        }
        seen.insert(chat, at);
    }

    /// Tells whether a customer of a chat that has not ended was heard of.
    pub(crate) fn has_seen(&self, chat: InteractionId) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&chat)
    }

    /// Returns when the customer was last heard of.
    pub(crate) fn seen(&self, chat: InteractionId) -> Time {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&chat).copied().unwrap_or(self.started).max(self.started)
    }

    /// Takes in what a commit did to chats, before anybody can read the interaction as it is
    /// afterwards: whoever sees that there are so many entries finds them. Gives the chats in which
    /// something was said.
    pub(crate) fn enter(&self, events: &[Event]) -> Vec<u128> {
        let mut told = Vec::new();
        for event in events {
            let Subject::Interaction(interaction) = &event.subject else { continue };
            if interaction.chat().is_none() {
                continue;
            }
            let entries: Vec<Entry> = event.entries().cloned().collect();
            if !entries.is_empty() {
                self.transcripts.enter(interaction.id, entries);
                told.push(interaction.id.0);
            }
            self.follow(interaction, event);
        }
        told
    }

    /// Learns from an event how fast the queue moves, and forgets what an ended chat needs no more.
    fn follow(&self, interaction: &Interaction, event: &Event) {
        let is_taken = event
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Accepted { kind: OfferKind::Routed, .. }));
        if let (true, Some(queue)) = (is_taken, interaction.queue) {
            self.pace.note(queue, event.at);
        }
        if interaction.chat().is_some_and(|chat| !chat.is_live()) {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).remove(&interaction.id);
            self.notes.forget(interaction.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_silent_for_longest_is_forgotten_when_there_are_too_many() {
        let chats = Chats::new(Time(0));
        for number in 0..2 * SEEN_MAX {
            let at = Time(i64::try_from(number).unwrap());
            chats.see(InteractionId(number as u128), at);
        }
        assert!(chats.seen.lock().unwrap().len() <= SEEN_MAX);
        assert!(
            chats.has_seen(InteractionId(2 * SEEN_MAX as u128 - 1))
                && !chats.has_seen(InteractionId(0))
        );
    }
}
