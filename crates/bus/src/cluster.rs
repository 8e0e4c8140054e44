//! The bus of a node among several: what is said here is heard here at once, and by the others over
//! a line.
//!
//! A line carries messages of what gathered since the last one, at most one in [`PAUSE`]. When it
//! is lost another is opened, and everybody who listens is told that hints were missed: what was
//! said meanwhile, and what was under way in either direction. The bus hears itself, or the line is
//! as good as lost: a pooler in between, for one, may take everything and bring nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::line::{Connect, Failure, Line};
use crate::outgoing::Outgoing;
use crate::wire::{self, Item, Message};
use crate::{Bus, Hint, Listener, LocalBus, Note, NoteListener};

/// The shortest time between two messages of a node. A node that commits ten thousand times a
/// second says so five hundred times, and nobody notices.
const PAUSE: Duration = Duration::from_millis(2);
/// After so long without anything to say a node says just that, to hear it.
const SPEAK_EVERY: Duration = Duration::from_secs(2);
/// A line on which a node has not heard itself for so long is lost.
const SILENT_MAX: Duration = Duration::from_secs(8);
/// How long it may take to open a line.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long it is waited before a line is opened anew: at first, and at most. Twice as long each
/// time, until one is open.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Why a line is not used any more.
#[derive(Debug, thiserror::Error)]
enum Lost {
    #[error("the line to the other nodes was not opened within {} s", CONNECT_MAX.as_secs())]
    Slow,
    #[error("the line to the other nodes cannot be opened")]
    Refused(#[source] Failure),
    #[error("the line to the other nodes was closed")]
    Closed,
    #[error("on the line to the other nodes nothing came back for {} s", SILENT_MAX.as_secs())]
    Silent,
}

/// Carries hints and notes within this process, and over a line to other nodes.
pub struct ClusterBus {
    /// By what it knows its own messages; no other node has it.
    name: u128,
    local: LocalBus,
    outgoing: Outgoing,
    connect: Box<dyn Connect>,
    /// What is wrong with the line now.
    trouble: Mutex<Option<Arc<Lost>>>,
}

impl std::fmt::Debug for ClusterBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterBus").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ClusterBus {
    /// Makes a bus that nobody else hears until [`ClusterBus::run`] runs. `name` is random.
    #[must_use]
    pub fn new(name: u128, connect: impl Connect) -> Self {
        let outgoing = Outgoing::new(name, connect.message_bytes_max());
        let (local, connect) = (LocalBus::default(), Box::new(connect));
        Self { name, local, outgoing, connect, trouble: Mutex::default() }
    }

    /// Opens the line, and another whenever one is lost; never returns. Dropping the future closes
    /// the line.
    pub async fn run(&self) {
        let mut rest = REST.0;
        loop {
            let lost = match self.open().await {
                Ok(line) => {
                    rest = REST.0;
                    self.carry(line).await
                }
                Err(lost) => lost,
            };
            self.outgoing.drop_notes();
            self.report(Some(lost));
            sleep(rest).await;
            rest = REST.1.min(2 * rest);
        }
    }

    /// Returns what is wrong with the line, if something is: others are heard late.
    #[must_use]
    pub fn trouble(&self) -> Option<Arc<dyn std::error::Error + Send + Sync>> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().map(|lost| lost as Arc<dyn std::error::Error + Send + Sync>)
    }

    /// Opens a line beside whatever runs, and says something over it.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, or what was said does not come back.
    pub async fn try_out(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let Line { say, mut hear } = self.open().await?;
        // With nothing to say a message has its speaker's name.
        say.send(wire::begin(self.name)).await.map_err(|_| Lost::Closed)?;
        let own = async {
            while let Some(message) = hear.recv().await {
                if wire::read(&message).is_some_and(|heard| heard.speaker == self.name) {
                    return Ok(());
                }
            }
            Err(Lost::Closed)
        };
        Ok(timeout(SILENT_MAX, own).await.map_err(|_| Lost::Silent)??)
    }

    async fn open(&self) -> Result<Line, Lost> {
        let opened = timeout(CONNECT_MAX, self.connect.connect()).await;
        opened.map_err(|_| Lost::Slow)?.map_err(Lost::Refused)
    }

    /// Carries what is said, both ways, until the line is lost.
    async fn carry(&self, line: Line) -> Lost {
        let Line { say, hear } = line;
        // It hears by now: nothing is missed between this and what comes.
        self.local.say_missed();
        self.outgoing.add_everything();
        tokio::select! {
            lost = self.speak(say) => lost,
            lost = self.hear(hear) => lost,
        }
    }

    /// Says what gathers.
    async fn speak(&self, say: mpsc::Sender<Vec<u8>>) -> Lost {
        loop {
            // First a place, then what goes there: everything that comes meanwhile goes along.
            let Ok(place) = say.reserve().await else { return Lost::Closed };
            let _nothing_to_say = timeout(SPEAK_EVERY, self.outgoing.ready()).await;
            place.send(self.outgoing.take());
            sleep(PAUSE).await;
        }
    }

    /// Passes on what others say. What has no form is not heard.
    async fn hear(&self, mut hear: mpsc::Receiver<Vec<u8>>) -> Lost {
        let mut heard_itself = Instant::now();
        loop {
            let message = match timeout_at(heard_itself + SILENT_MAX, hear.recv()).await {
                Ok(Some(message)) => message,
                Ok(None) => return Lost::Closed,
                Err(_) => return Lost::Silent,
            };
            match wire::read(&message) {
                Some(own) if own.speaker == self.name => {
                    heard_itself = Instant::now();
                    self.report(None);
                }
                Some(Message { items, .. }) => items.into_iter().for_each(|it| self.pass_on(it)),
                None => tracing::debug!(bytes = message.len(), "a message has no form"),
            }
        }
    }

    fn pass_on(&self, item: Item) {
        match item {
            Item::Hint(hint) => self.local.wake(hint),
            Item::Everything => self.local.say_missed(),
            Item::Note(note) => self.local.send_note(note),
        }
    }

    /// Keeps what is wrong, and logs what was not so before.
    fn report(&self, now: Option<Lost>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*trouble, &now) {
            (None, Some(lost)) => {
                let error = lost as &dyn std::error::Error;
                tracing::warn!(error, "the other nodes are heard late until there is a line again");
            }
            (Some(_), None) => tracing::info!("there is a line to the other nodes again"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        *trouble = now.map(Arc::new);
    }
}

impl Bus for ClusterBus {
    fn wake(&self, hint: Hint) {
        self.outgoing.add_hint(&hint);
        self.local.wake(hint);
    }

    fn wake_others(&self, hint: &Hint) {
        self.outgoing.add_hint(hint);
        self.local.wake_others(hint);
    }

    fn wake_here(&self, hint: Hint) {
        self.local.wake(hint);
    }

    fn send_note(&self, note: Note) {
        self.outgoing.add_note(note.clone());
        self.local.send_note(note);
    }

    fn listen(&self) -> Listener {
        self.local.listen()
    }

    fn listen_to_notes(&self) -> NoteListener {
        self.local.listen_to_notes()
    }
}

#[cfg(test)]
mod tests;
