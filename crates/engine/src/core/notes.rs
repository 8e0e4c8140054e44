//! Notes: what is told to those who are there now and kept nowhere, as that somebody is typing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use handoff_domain::{InteractionId, PartyKind, Speaker, Time, Visibility};
use serde::{Deserialize, Serialize};

/// Notes remembered of one chat until its customer asks: as many as one poll's worth of starting
/// and stopping.
const NOTES_MAX: usize = 8;
/// Chats whose notes are numbered one after the other and kept for polls; beyond it notes are told
/// to those alone who listen. More than can be live on one machine.
const CHATS_MAX: usize = 100_000;
/// How long numbers of notes follow the time, in ms: some three weeks, with room left below 2^31
/// for what is then counted.
const NUMBERED_MS_MAX: u32 = 2_000_000_000;

/// What a note says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoteKind {
    /// Somebody began to type.
    TypingStarted {
        /// What they have typed so far, when their client shows it.
        text: Option<String>,
    },
    /// Somebody stopped typing.
    TypingStopped,
    /// Somebody has read everything up to a number of their own.
    Read {
        /// The number.
        index: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub at: Time,
    pub from: Speaker,
    /// Who may know.
    pub visibility: Visibility,
    pub kind: NoteKind,
}

impl Note {
    /// Tells whether the customer is told.
    #[must_use]
    pub fn is_for_customer(&self) -> bool {
        self.visibility == Visibility::All && self.from.kind != PartyKind::Customer
    }
}

/// A note as the customer is told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberedNote {
    pub note: Note,
    /// A number below 0 that no other note of the chat has: clients drop what has an index that
    /// they have seen, and what has none after the first. Numbers of entries are above 0 and have
    /// no gap, so that a note takes none of theirs.
    pub index: i64,
}

/// The notes of one chat.
#[derive(Default)]
struct OfChat {
    /// How far its notes are numbered.
    last: u32,
    /// Those that a polling customer has not fetched yet.
    waiting: Vec<NumberedNote>,
}

/// The notes of live chats.
#[derive(Default)]
pub(crate) struct Notes {
    chats: Mutex<HashMap<InteractionId, OfChat>>,
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, HashMap<InteractionId, OfChat>> {
        self.chats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Numbers a note of a chat that began at `begun`, and keeps it. Numbers follow the time, so
    /// that they go on after a restart, which forgets them, and fit into 32 bits, which is all that
    /// some clients have for an index.
    pub(crate) fn keep(&self, chat: InteractionId, begun: Time, note: Note) -> NumberedNote {
        let elapsed =
            u32::try_from(note.at.ms_since(begun)).unwrap_or(u32::MAX).min(NUMBERED_MS_MAX);
        let mut chats = self.lock();
        let has_room = chats.len() < CHATS_MAX;
        let Some(known) =
            (if has_room { Some(chats.entry(chat).or_default()) } else { chats.get_mut(&chat) })
        else {
            return NumberedNote { note, index: -i64::from(elapsed + 1) };
        };
        known.last = (known.last + 1).max(elapsed + 1);
        let note = NumberedNote { note, index: -i64::from(known.last) };
        // Of one party only the last counts.
        known.waiting.retain(|earlier| earlier.note.from.id != note.note.from.id);
        known.waiting.push(note.clone());
        if known.waiting.len() > NOTES_MAX {
            known.waiting.remove(0);
        }
        note
    }

    pub(crate) fn take(&self, chat: InteractionId) -> Vec<NumberedNote> {
        self.lock()
            .get_mut(&chat)
            .map(|known| std::mem::take(&mut known.waiting))
            .unwrap_or_default()
    }

    pub(crate) fn forget(&self, chat: InteractionId) {
        self.lock().remove(&chat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_note_of_a_chat_has_a_number_of_its_own_also_after_a_restart() {
        let (chat, begun) = (InteractionId(7), Time(1_000_000));
        let note = |ms| Note {
            at: begun.plus_ms(ms),
            from: Speaker::system(),
            visibility: Visibility::All,
            kind: NoteKind::TypingStopped,
        };
        let notes = Notes::default();
        let number = |notes: &Notes, ms| notes.keep(chat, begun, note(ms)).index;
        let before = [0, 0, 5_000, 5_000, 5_001].map(|ms| number(&notes, ms));
        assert_eq!(before, [-1, -2, -5_001, -5_002, -5_003]);
        notes.take(chat);
        assert_eq!(
            number(&notes, 5_001),
            -5_004,
            "that one was told is no reason to give its number again"
        );
        assert_eq!(
            number(&Notes::default(), 6_000),
            -6_001,
            "the numbers of another process go on"
        );
        let late = [u64::from(u32::MAX), u64::MAX / 2].map(|ms| number(&notes, ms));
        assert!(
            late.iter().all(|index| i32::try_from(*index).is_ok()) && late[0] != late[1],
            "{late:?}"
        );
    }
}
