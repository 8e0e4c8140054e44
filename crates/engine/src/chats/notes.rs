//! Notes: what is told to those who are there now and kept nowhere, as that somebody is typing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use handoff_domain::{Entry, InteractionId, PartyKind, Speaker, Time, Visibility};

use crate::engine::Engine;

/// Notes remembered of one chat until its customer asks: as many as one poll's worth of starting and stopping.
const NOTES_MAX: usize = 8;

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoteKind {
    /// Somebody began to type.
    TypingStarted {
        /// What he has typed so far, when his client shows it.
        text: Option<String>,
    },
    /// Somebody stopped typing.
    TypingStopped,
    /// Somebody has read everything up to a number of his own.
    Read {
        /// The number.
        index: u64,
    },
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Time,
    /// Who.
    pub from: Speaker,
    /// Who may know.
    pub visibility: Visibility,
    /// What.
    pub kind: NoteKind,
}

impl Note {
    /// Tells whether the customer is told.
    #[must_use]
    pub fn is_for_customer(&self) -> bool {
        self.visibility == Visibility::All && self.from.kind != PartyKind::Customer
    }
}

/// Speaks to customers: whoever holds their connections. It is called often and must not wait.
pub trait Customers: Send + Sync + 'static {
    /// Something was said in this chat.
    fn changed(&self, chat: InteractionId);
    /// A note for the customer of this chat.
    fn noted(&self, chat: InteractionId, note: &Note);
    /// Something may have been said in any chat.
    fn look_again(&self);
}

/// The notes that polling customers have not fetched yet.
#[derive(Default)]
pub(super) struct Notes {
    waiting: Mutex<HashMap<InteractionId, Vec<Note>>>,
}

impl Notes {
    fn keep(&self, chat: InteractionId, note: Note) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let notes = waiting.entry(chat).or_default();
        // Of one party only the last counts.
        notes.retain(|earlier| earlier.from.id != note.from.id);
        notes.push(note);
        if notes.len() > NOTES_MAX {
            notes.remove(0);
        }
    }

    fn take(&self, chat: InteractionId) -> Vec<Note> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&chat).unwrap_or_default()
    }

    pub(super) fn forget(&self, chat: InteractionId) {
        self.take(chat);
    }
}

impl Engine {
    /// Tells the customer of a chat what is kept nowhere. Agents are told by [`Engine::answer`].
    pub fn note(&self, chat: InteractionId, note: Note) {
        if !note.is_for_customer() {
            return;
        }
        if let Some(customers) = self.chats.customers.get() {
            customers.noted(chat, &note);
        }
        self.chats.notes.keep(chat, note);
    }

    /// Gives the notes that a polling customer has not been given yet. A note that he would see after what its party said meanwhile is left
    /// out: whoever has spoken types no more.
    pub fn take_notes(&self, chat: InteractionId, entries: &[Entry]) -> Vec<Note> {
        let mut notes = self.chats.notes.take(chat);
        notes
            .retain(|note| !entries.iter().any(|entry| entry.from.id == note.from.id && entry.at >= note.at));
        notes
    }
}
