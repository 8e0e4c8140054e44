//! What every line between nodes must do, as functions that tests call, and a server of NATS for
//! tests.
//!
//! A way to open lines passes when [`all`] returns. It does not have to be free of loss: what it
//! loses, it loses with the line, so that [`ClusterBus`] tells that something was missed.

pub mod nats_server;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::line::Connect;
use crate::{Bus as _, ClusterBus, Hint, Listener, NOTE_BYTES_MAX, Note, NoteListener, Received};

/// Longest wait for something that must come; a line that is right is never waited for so long.
const BOUND: Duration = Duration::from_secs(30);
/// How long what must not come is waited for, and how often what must come is said again.
const MOMENT: Duration = Duration::from_millis(100);
/// The first of the chats that stand for "until here".
const MARKS: u128 = 1 << 100;

/// Where lines can be opened.
#[async_trait]
pub trait Ground: Sync {
    /// Returns what opens lines to one and the same set of nodes.
    fn connect(&self) -> Box<dyn Connect>;

    /// Cuts every line that is open.
    async fn cut(&self);
}

/// A node that is nothing but its bus.
#[derive(Debug)]
pub struct Speaker {
    pub bus: Arc<ClusterBus>,
    running: JoinHandle<()>,
    hints: Listener,
    notes: NoteListener,
    marks: u128,
}

impl Drop for Speaker {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Speaker {
    /// Starts one.
    pub fn start(name: u128, connect: impl Connect) -> Self {
        let bus = Arc::new(ClusterBus::new(name, connect));
        let (hints, notes) = (bus.listen(), bus.listen_to_notes());
        let running = bus.clone();
        let running = tokio::spawn(async move { running.run().await });
        Self { bus, running, hints, notes, marks: MARKS + (name << 32) }
    }

    /// Waits until another hears this one, and nothing is under way to it any more.
    ///
    /// # Panics
    ///
    /// When it never does.
    pub async fn is_heard_by(&mut self, other: &mut Self) {
        let heard = async {
            loop {
                self.marks += 1;
                self.bus.wake(Hint::Chats([self.marks].into()));
                if timeout(MOMENT, other.until_mark(self.marks)).await.is_ok() {
                    break;
                }
            }
        };
        timeout(BOUND, heard).await.expect("two nodes must hear each other");
    }

    /// Waits for a mark; returns the hints before it, and whether some were missed.
    async fn until_mark(&mut self, mark: u128) -> (Vec<Hint>, Missed) {
        let (mut hints, mut missed) = (Vec::new(), Missed::None);
        loop {
            match self.hints.receive().await {
                Received::Hint(Hint::Chats(chats)) if chats.contains(&mark) => {
                    return (hints, missed);
                }
                // Marks of before, which came late.
                Received::Hint(Hint::Chats(chats)) if chats.iter().all(|it| *it > MARKS) => {}
                Received::Hint(hint) => hints.push(hint),
                Received::Missed => missed = Missed::Some,
                Received::Closed => panic!("a bus does not end"),
            }
        }
    }

    /// Returns what another hears of what this one says: each hint in a message of its own.
    async fn says(&mut self, said: &[Hint], to: &mut Self) -> (Vec<Hint>, Missed) {
        for hint in said {
            self.bus.wake(hint.clone());
            // The next message takes what was said since the last one.
            sleep(MOMENT / 4).await;
        }
        self.marks += 1;
        self.bus.wake(Hint::Chats([self.marks].into()));
        timeout(BOUND, to.until_mark(self.marks)).await.expect("a mark must come")
    }

    async fn next_note(&mut self) -> Note {
        let note = timeout(BOUND, self.notes.receive()).await.expect("a note must come");
        note.expect("a bus does not end")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    None,
    Some,
}

async fn pair(ground: &dyn Ground) -> [Speaker; 2] {
    let mut one = Speaker::start(1, ground.connect());
    let mut other = Speaker::start(2, ground.connect());
    join(&mut one, &mut other).await;
    [one, other]
}

async fn join(one: &mut Speaker, other: &mut Speaker) {
    one.is_heard_by(other).await;
    other.is_heard_by(one).await;
    // What each said, it heard as well.
    for node in [one, other] {
        while timeout(MOMENT, node.hints.receive()).await.is_ok() {}
    }
}

/// Passes when lines do what they must.
///
/// # Panics
///
/// When they do not.
pub async fn all(ground: &dyn Ground) {
    each_hint_is_heard_once_on_every_node(ground).await;
    hints_that_are_too_many_become_everything(ground).await;
    notes_are_passed_on_while_a_message_has_room_for_them(ground).await;
    a_lost_line_is_followed_by_another_and_what_was_missed_is_told(ground).await;
}

/// Passes when each hint comes once, where it was said and elsewhere.
async fn each_hint_is_heard_once_on_every_node(ground: &dyn Ground) {
    let [mut one, mut other] = pair(ground).await;
    let said = [
        Hint::Routing,
        Hint::Timers,
        Hint::Directory,
        Hint::Logins,
        Hint::Nodes,
        Hint::Streams { from: 5, users: [7, u128::MAX].into() },
        Hint::Promised([8].into()),
        Hint::Chats((0..100).collect()),
    ];
    let (heard, _) = one.says(&said, &mut other).await;
    assert_eq!(heard, said, "on the other node");
    let mark = one.marks;
    let (heard, _) = one.until_mark(mark).await;
    assert_eq!(heard, said, "on its own node");
    let again = timeout(MOMENT, one.hints.receive()).await;
    assert!(again.is_err(), "a node heard itself by the line: {again:?}");
}

/// Passes when as many hints as somebody can name cost one message.
async fn hints_that_are_too_many_become_everything(ground: &dyn Ground) {
    let [mut one, mut other] = pair(ground).await;
    let users = (0..100_000).collect();
    let (heard, missed) = one.says(&[Hint::Streams { from: 5, users }], &mut other).await;
    assert_eq!((heard, missed), (Vec::new(), Missed::Some));
    let (heard, missed) = one.says(&[Hint::Timers], &mut other).await;
    assert_eq!((heard, missed), ([Hint::Timers].into(), Missed::None));
}

/// Passes when notes come, and those that cannot be carried hinder nothing.
async fn notes_are_passed_on_while_a_message_has_room_for_them(ground: &dyn Ground) {
    let [one, mut other] = pair(ground).await;
    let note = |from, bytes: usize| Note { from, content: vec![b'x'; bytes].into() };
    let fits = (ground.connect().message_bytes_max() - 100).min(NOTE_BYTES_MAX);
    one.bus.send_note(note(1, NOTE_BYTES_MAX + 1));
    let sent: Vec<Note> = (2..8).map(|from| note(from, fits)).collect();
    sent.iter().for_each(|note| one.bus.send_note(note.clone()));
    for note in sent {
        assert_eq!(other.next_note().await, note);
    }
}

/// Passes when nodes whose lines were cut are told that they missed something, and hear each other
/// again.
async fn a_lost_line_is_followed_by_another_and_what_was_missed_is_told(ground: &dyn Ground) {
    let [mut one, mut other] = pair(ground).await;
    ground.cut().await;
    for node in [&mut one, &mut other] {
        let told = async { while node.hints.receive().await != Received::Missed {} };
        timeout(BOUND, told).await.expect("who missed something must be told");
    }
    join(&mut one, &mut other).await;
    let (heard, _) = one.says(&[Hint::Routing], &mut other).await;
    assert_eq!(heard, [Hint::Routing]);
}
