//! Chats: what is kept in memory of those that are in use.
//!
//! Nothing here is the truth. What was said is in the history of the interaction, and `Transcripts`
//! is a copy of it for as long as it is asked for; who is typing and how fast a queue moves are
//! forgotten with the process, and none of it decides about an interaction without the rules.

use std::sync::Arc;

use handoff_domain::{Entry, Event, Fact, Interaction, InteractionId};
use handoff_domain::{OfferKind, TimerKind, event::Subject};
use handoff_store::TimerKey;

use super::activity::Activity;
use super::notes::Notes;
use super::pace::Pace;
use super::transcripts::Transcripts;

/// Returns the timer that watches over the customer of a chat.
pub(crate) const fn customer_of(chat: InteractionId) -> TimerKey {
    TimerKey::Interaction(chat, TimerKind::CustomerSilence)
}

/// What one node keeps in memory of chats.
#[derive(Default)]
pub(crate) struct Chats {
    pub(crate) transcripts: Transcripts,
    pub(crate) notes: Notes,
    pub(crate) pace: Pace,
}

impl Chats {
    /// Takes in what a commit did to chats, before anybody can read the interaction as it is
    /// afterwards: whoever sees that there are so many entries finds them. Returns the chats in
    /// which something was said.
    pub(crate) fn enter(&self, events: &[Arc<Event>], activity: &Activity) -> Vec<u128> {
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
            self.follow(interaction, event, activity);
        }
        told
    }

    /// Learns from an event how fast the queue moves, and forgets what an ended chat needs no more.
    fn follow(&self, interaction: &Interaction, event: &Event, activity: &Activity) {
        let is_taken = event
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Accepted { kind: OfferKind::Routed, .. }));
        if let (true, Some(queue)) = (is_taken, interaction.queue) {
            self.pace.note(queue, event.at);
        }
        if interaction.chat().is_some_and(|chat| !chat.is_live()) {
            activity.forget(customer_of(interaction.id));
            self.notes.forget(interaction.id);
        }
    }
}
