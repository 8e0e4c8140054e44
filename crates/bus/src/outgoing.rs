//! What waits to be said to other nodes: hints of one message, and notes.
//!
//! What gathers while a message is under way goes together in the next one, each thing once. Hints
//! that would not fit into one message become "look at everything": that is what the others do with
//! long lists anyway. Notes that do not fit go with the messages after it; those that are too many
//! are lost, the oldest first, for they are the least true.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::wire::{self, HEAD_BYTES, ITEM_BYTES, NAME_BYTES};
use crate::{Hint, Note};

/// Most notes that wait; a second's worth of a large center's typing.
const NOTES_MAX: usize = 1_024;
/// Most bytes of the notes that wait.
const NOTES_BYTES_MAX: usize = 1 << 20;

/// What a hint is about, without whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Routing,
    Timers,
    Directory,
    Logins,
    Nodes,
    Streams { from: u128 },
    Promised,
    Chats,
}

impl Subject {
    fn of(hint: &Hint) -> (Self, &[u128]) {
        match hint {
            Hint::Routing => (Self::Routing, &[]),
            Hint::Timers => (Self::Timers, &[]),
            Hint::Directory => (Self::Directory, &[]),
            Hint::Logins => (Self::Logins, &[]),
            Hint::Nodes => (Self::Nodes, &[]),
            Hint::Streams { from, users } => (Self::Streams { from: *from }, users),
            Hint::Promised(users) => (Self::Promised, users),
            Hint::Chats(chats) => (Self::Chats, chats),
        }
    }

    fn hint(self, whom: &BTreeSet<u128>) -> Hint {
        let whom = || whom.iter().copied().collect::<Arc<[u128]>>();
        match self {
            Self::Routing => Hint::Routing,
            Self::Timers => Hint::Timers,
            Self::Directory => Hint::Directory,
            Self::Logins => Hint::Logins,
            Self::Nodes => Hint::Nodes,
            Self::Streams { from } => Hint::Streams { from, users: whom() },
            Self::Promised => Hint::Promised(whom()),
            Self::Chats => Hint::Chats(whom()),
        }
    }

    /// Returns the bytes of its item without whom it is about.
    const fn bytes(self) -> usize {
        match self {
            Self::Streams { .. } => ITEM_BYTES + NAME_BYTES,
            _ => ITEM_BYTES,
        }
    }
}

/// The hints that wait.
#[derive(Debug)]
enum Hints {
    Named {
        about: BTreeMap<Subject, BTreeSet<u128>>,
        /// What they take in a message.
        bytes: usize,
    },
    Everything,
}

impl Default for Hints {
    fn default() -> Self {
        Self::Named { about: BTreeMap::new(), bytes: 0 }
    }
}

impl Hints {
    fn add(&mut self, hint: &Hint, bytes_max: usize) {
        let Self::Named { about, bytes } = self else { return };
        let (subject, whom) = Subject::of(hint);
        let before = about.entry(subject).or_insert_with(|| {
            *bytes += subject.bytes();
            BTreeSet::new()
        });
        for one in whom {
            *bytes += if before.insert(*one) { NAME_BYTES } else { 0 };
            if *bytes > bytes_max {
                break;
            }
        }
        if *bytes > bytes_max {
            *self = Self::Everything;
        }
    }

    fn write(&self, message: &mut Vec<u8>) {
        match self {
            Self::Named { about, .. } => {
                about.iter().for_each(|(it, whom)| wire::add_hint(message, &it.hint(whom)));
            }
            Self::Everything => wire::add_everything(message),
        }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    hints: Hints,
    notes: VecDeque<Note>,
    notes_bytes: usize,
}

/// What waits to be said.
#[derive(Debug)]
pub(crate) struct Outgoing {
    speaker: u128,
    message_bytes_max: usize,
    waiting: Mutex<Waiting>,
    ready: Notify,
}

impl Outgoing {
    pub(crate) fn new(speaker: u128, message_bytes_max: usize) -> Self {
        let (waiting, ready) = (Mutex::default(), Notify::new());
        Self { speaker, message_bytes_max, waiting, ready }
    }

    pub(crate) fn add_hint(&self, hint: &Hint) {
        self.waiting().hints.add(hint, self.message_bytes_max - HEAD_BYTES);
        self.ready.notify_one();
    }

    /// Lets the others look at everything.
    pub(crate) fn add_everything(&self) {
        self.waiting().hints = Hints::Everything;
        self.ready.notify_one();
    }

    /// Adds a note; one that fits into no message is lost.
    pub(crate) fn add_note(&self, note: Note) {
        let bytes = wire::note_bytes(&note);
        if HEAD_BYTES + bytes > self.message_bytes_max {
            return;
        }
        let mut waiting = self.waiting();
        waiting.notes_bytes += bytes;
        waiting.notes.push_back(note);
        while waiting.notes.len() > NOTES_MAX || waiting.notes_bytes > NOTES_BYTES_MAX {
            let lost = waiting.notes.pop_front().expect("what is over its bound is not empty");
            waiting.notes_bytes -= wire::note_bytes(&lost);
        }
        drop(waiting);
        self.ready.notify_one();
    }

    /// Forgets notes: whoever would hear them now would take what was for what is.
    pub(crate) fn drop_notes(&self) {
        let mut waiting = self.waiting();
        waiting.notes.clear();
        waiting.notes_bytes = 0;
    }

    /// Waits until there may be something to say. Dropping the future loses nothing.
    pub(crate) async fn ready(&self) {
        self.ready.notified().await;
    }

    /// Takes the next message: all hints, and as many notes as fit. With nothing to say it is
    /// empty, but for its speaker's name.
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut waiting = self.waiting();
        let mut message = wire::begin(self.speaker);
        std::mem::take(&mut waiting.hints).write(&mut message);
        while let Some(note) = waiting.notes.front() {
            let bytes = wire::note_bytes(note);
            if message.len() + bytes > self.message_bytes_max {
                self.ready.notify_one();
                break;
            }
            wire::add_note(&mut message, note);
            waiting.notes_bytes -= bytes;
            waiting.notes.pop_front();
        }
        message
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Item;

    const BYTES_MAX: usize = 400;

    fn outgoing() -> Outgoing {
        Outgoing::new(7, BYTES_MAX)
    }

    fn said(outgoing: &Outgoing) -> Vec<Item> {
        let message = outgoing.take();
        assert!(message.len() <= BYTES_MAX, "{}", message.len());
        let message = wire::read(&message).unwrap();
        assert_eq!(message.speaker, 7);
        message.items
    }

    fn streams(users: impl IntoIterator<Item = u128>) -> Hint {
        Hint::Streams { from: 1, users: users.into_iter().collect() }
    }

    #[test]
    fn what_gathers_goes_together_and_each_thing_once() {
        let outgoing = outgoing();
        for hint in [Hint::Routing, streams([3, 1]), Hint::Routing, streams([1, 2])] {
            outgoing.add_hint(&hint);
        }
        assert_eq!(said(&outgoing), [Hint::Routing, streams([1, 2, 3])].map(Item::Hint));
        assert_eq!(said(&outgoing), []);
    }

    #[test]
    fn hints_that_do_not_fit_are_everything_and_those_after_them_are_named_again() {
        let outgoing = outgoing();
        let names = (BYTES_MAX - HEAD_BYTES - ITEM_BYTES - NAME_BYTES) / NAME_BYTES;
        let names = u128::try_from(names).unwrap();
        outgoing.add_hint(&streams(0..names));
        assert_eq!(said(&outgoing), [Item::Hint(streams(0..names))], "as many as fit");
        for whom in [names + 1, 100_000] {
            outgoing.add_hint(&streams(0..whom));
            outgoing.add_hint(&Hint::Timers);
            assert_eq!(said(&outgoing), [Item::Everything]);
        }
        outgoing.add_hint(&Hint::Timers);
        assert_eq!(said(&outgoing), [Item::Hint(Hint::Timers)]);
    }

    #[test]
    fn notes_go_in_their_order_with_as_many_messages_as_they_need() {
        let outgoing = outgoing();
        let note = |from| Note { from, content: vec![0; 100].into() };
        outgoing.add_hint(&Hint::Routing);
        (0..5).for_each(|from| outgoing.add_note(note(from)));
        let first = said(&outgoing);
        let notes = |range: std::ops::Range<u128>| range.map(|it| Item::Note(note(it)));
        let wanted = [Item::Hint(Hint::Routing)].into_iter().chain(notes(0..3));
        assert!(first.into_iter().eq(wanted));
        assert!(said(&outgoing).into_iter().eq(notes(3..5)));
    }

    #[test]
    fn of_too_many_notes_the_oldest_are_lost_and_one_that_never_fits_is_not_kept() {
        let outgoing = Outgoing::new(7, 2 * NOTES_BYTES_MAX);
        let note = |from, bytes| Note { from, content: vec![0; bytes].into() };
        outgoing.add_note(note(1, 2 * NOTES_BYTES_MAX));
        let many = u128::try_from(NOTES_MAX).unwrap();
        (0..many + 3).for_each(|from| outgoing.add_note(note(from, 1)));
        let kept = wire::read(&outgoing.take()).unwrap().items;
        assert!((kept.len(), &kept[0]) == (NOTES_MAX, &Item::Note(note(3, 1))));
        (0..40).for_each(|from| outgoing.add_note(note(from, 30_000)));
        let kept = wire::read(&outgoing.take()).unwrap().items;
        assert!((kept.len(), &kept[0]) == (34, &Item::Note(note(6, 30_000))));
        outgoing.add_note(note(0, 1));
        outgoing.drop_notes();
        assert_eq!(outgoing.take().len(), HEAD_BYTES);
    }

    #[tokio::test]
    async fn whoever_waits_is_told_even_when_it_came_before() {
        let outgoing = outgoing();
        outgoing.add_hint(&Hint::Routing);
        outgoing.ready().await;
        (0..9).for_each(|from| outgoing.add_note(Note { from, content: vec![0; 100].into() }));
        outgoing.ready().await;
        let _some = outgoing.take();
        outgoing.ready().await;
    }
}
