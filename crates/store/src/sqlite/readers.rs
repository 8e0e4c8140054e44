//! The threads that read.
//!
//! They have threads of their own rather than the runtime's blocking pool because each keeps its
//! connection with its prepared statements, and because under load a thread that is awake takes the
//! next read without being woken. On two cores, loading one interaction took 14 to 18 µs this way
//! and 25 to 33 µs by the blocking pool, and 9 against 20 µs with 32 readers at once.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};
use tracing::error;

use crate::error::StoreError;
use crate::places::QUEUE_LEN_CAP;
use crate::sqlite::SqliteOptions;
use crate::sqlite::files::open_reader;
use crate::sqlite::health::{Health, StopOnPanic};

/// Most reading threads.
const READERS_MAX: usize = 16;

type Read = Box<dyn FnOnce(&Connection) + Send>;

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Read>,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a read; `None` when no more can come.
    fn next(&self) -> Option<Read> {
        let mut queue = self.queue();
        loop {
            if let Some(read) = queue.waiting.pop_front() {
                return Some(read);
            }
            if queue.closed {
                return None;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The way to the reading threads.
pub(super) struct Readers {
    shared: Arc<Shared>,
    /// One permit for each read that may wait or be under way.
    places: Semaphore,
    health: Arc<Health>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}

impl Readers {
    /// Starts the threads.
    pub(super) fn start(options: &SqliteOptions, health: &Arc<Health>) -> Result<Self, StoreError> {
        let readers = Self {
            shared: Arc::default(),
            places: Semaphore::new(options.queue_len_max.clamp(1, QUEUE_LEN_CAP)),
            health: Arc::clone(health),
            threads: Mutex::default(),
        };
        for n in 0..options.readers.clamp(1, READERS_MAX) {
            let opened = open_reader(options).and_then(|connection| readers.spawn(n, connection));
            if let Err(error) = opened {
                readers.join();
                return Err(error);
            }
        }
        Ok(readers)
    }

    fn spawn(&self, n: usize, connection: Connection) -> Result<(), StoreError> {
        let (shared, guard) = (Arc::clone(&self.shared), StopOnPanic(Arc::clone(&self.health)));
        let thread = Builder::new()
            .name(format!("store-reader-{n}"))
            .spawn(move || {
                let _guard = guard;
                while let Some(read) = shared.next() {
                    read(&connection);
                }
            })
            .map_err(|error| StoreError::Unavailable {
                attempted: "starting a reader",
                source: error.into(),
            })?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    /// Runs a read; waits for a place first when too many are waiting. Cancelling it lets the read
    /// finish unseen.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        attempted: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || self.health.why_unanswered(attempted);
        let _place = self.places.acquire().await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |connection| {
            // An error means that nobody waits for the answer any more.
            let _ = reply.send(read(connection));
        });
        {
            let mut queue = self.shared.queue();
            if queue.closed {
                return Err(gone());
            }
            queue.waiting.push_back(job);
        }
        self.shared.changed.notify_one();
        answer.await.map_err(|_| gone())?
    }

    /// Finishes what was asked and ends the threads.
    pub(super) async fn close(&self) {
        self.shared.queue().closed = true;
        self.shared.changed.notify_all();
        // Each read is bounded, so the threads end soon; joining them here holds up nothing that
        // could still be served.
        self.join();
    }

    /// Ends the threads once they have finished what was asked.
    pub(super) fn join(&self) {
        self.shared.queue().closed = true;
        self.shared.changed.notify_all();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                error!("a reader of the store panicked");
            }
        }
    }
}
