//! Telling customers what there is to tell, and what is kept nowhere, as that somebody is typing.

use handoff_domain::{Entry, Interaction, InteractionId};

use super::Conversations;
use crate::core::{Note, NumberedNote};

impl Conversations {
    /// Tells the customer of a chat what is kept nowhere.
    pub(crate) fn note(&self, chat: &Interaction, note: Note) {
        if !note.is_for_customer() {
            return;
        }
        let note = self.core.chats.notes.keep(chat.id, chat.received, note);
        self.customers.noted(chat.id, &note);
    }

    /// Returns the notes that a polling customer has not been given yet. A note that they would see
    /// after what its party said meanwhile is left out: whoever has spoken types no more.
    pub fn take_notes(&self, chat: InteractionId, entries: &[Entry]) -> Vec<NumberedNote> {
        let mut notes = self.core.chats.notes.take(chat);
        let has_spoken = |note: &Note| {
            entries.iter().any(|entry| entry.from.id == note.from.id && entry.at >= note.at)
        };
        notes.retain(|numbered| !has_spoken(&numbered.note));
        notes
    }

    /// Passes on that something was said in these chats.
    pub(crate) fn tell_changed(&self, chats: &[u128]) {
        chats.iter().for_each(|chat| self.customers.changed(InteractionId(*chat)));
    }

    /// Passes on that hints were lost: something may have been said in any chat.
    pub(crate) fn tell_missed(&self) {
        self.customers.look_again();
    }
}
