//! The bus of a single node: a broadcast in memory.

use tokio::sync::broadcast;

use crate::{Bus, Hint, Listener, NOTE_BYTES_MAX, Note, NoteListener, Received};

/// Hints that a slow listener may fall behind by before it is told [`crate::Received::Missed`]. A
/// hint is 48 bytes; at a few thousand commits a second this is about a second's worth.
const CAPACITY: usize = 4_096;

/// Notes that a slow listener may fall behind by before it loses some: 8 MiB of the longest.
const NOTES: usize = 256;

/// Carries hints and notes within one process.
#[derive(Debug)]
pub struct LocalBus {
    sender: broadcast::Sender<Received>,
    notes: broadcast::Sender<Note>,
}

impl Default for LocalBus {
    fn default() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0, notes: broadcast::channel(NOTES).0 }
    }
}

impl LocalBus {
    /// Tells every listener that hints were lost.
    pub(crate) fn say_missed(&self) {
        let _unheard = self.sender.send(Received::Missed);
    }
}

impl Bus for LocalBus {
    fn wake(&self, hint: Hint) {
        // Without a listener there is nobody to wake, which is what a lost hint means.
        let _unheard = self.sender.send(Received::Hint(hint));
    }

    fn wake_others(&self, hint: &Hint) {
        if self.sender.receiver_count() > 1 {
            self.wake(hint.clone());
        }
    }

    fn wake_here(&self, hint: Hint) {
        self.wake(hint);
    }

    fn listen(&self) -> Listener {
        Listener { said: self.sender.subscribe() }
    }

    fn send_note(&self, note: Note) {
        if note.content.len() <= NOTE_BYTES_MAX {
            let _unheard = self.notes.send(note);
        }
    }

    fn listen_to_notes(&self) -> NoteListener {
        NoteListener { notes: self.notes.subscribe() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_listener_hears_what_is_said_after_it_came() {
        let bus = LocalBus::default();
        bus.wake(Hint::Timers);
        let (mut one, mut two) = (bus.listen(), bus.listen());
        bus.wake(Hint::Routing);
        assert_eq!(one.receive().await, Received::Hint(Hint::Routing));
        assert_eq!(two.receive().await, Received::Hint(Hint::Routing));
    }

    #[tokio::test]
    async fn whoever_is_alone_is_not_told_what_they_know() {
        let bus = LocalBus::default();
        let mut one = bus.listen();
        bus.wake_others(&Hint::Timers);
        let mut two = bus.listen();
        bus.wake_others(&Hint::Routing);
        assert_eq!(one.receive().await, Received::Hint(Hint::Routing));
        assert_eq!(two.receive().await, Received::Hint(Hint::Routing));
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_that_it_missed_some() {
        let bus = LocalBus::default();
        let mut slow = bus.listen();
        for _ in 0..=CAPACITY {
            bus.wake(Hint::Routing);
        }
        assert_eq!(slow.receive().await, Received::Missed);
    }

    #[tokio::test]
    async fn a_note_is_heard_by_all_unless_it_is_too_long_or_they_are_too_slow() {
        let bus = LocalBus::default();
        let note = |bytes: usize| Note { from: 7, content: vec![b'x'; bytes].into() };
        let (mut one, mut two) = (bus.listen_to_notes(), bus.listen_to_notes());
        bus.send_note(note(NOTE_BYTES_MAX + 1));
        bus.send_note(note(NOTE_BYTES_MAX));
        for listener in [&mut one, &mut two] {
            assert_eq!(listener.receive().await, Some(note(NOTE_BYTES_MAX)));
        }
        for bytes in 0..NOTES + 3 {
            bus.send_note(note(bytes));
        }
        assert_eq!(one.receive().await, Some(note(3)), "the oldest are lost");
        drop(bus);
        let mut rest = 0;
        while two.receive().await.is_some() {
            rest += 1;
        }
        assert_eq!(rest, NOTES);
    }

    #[tokio::test]
    async fn a_listener_notices_that_the_bus_is_gone() {
        let mut last = LocalBus::default().listen();
        assert_eq!(last.receive().await, Received::Closed);
    }
}
