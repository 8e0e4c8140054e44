//! The thread that writes.
//!
//! It takes what waits, up to the bounds of a batch, and never waits for more: an idle store answers after one sync, and under load the
//! batches grow by themselves while the last one is synced.

mod log;
mod thread;

use std::fs::File;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};
use tracing::error;

use crate::error::{CommitError, StoreError};
use crate::sql::encode::EncodedChange;
use crate::sqlite::health::Health;
use crate::sqlite::sweep::Bounds;
use crate::sqlite::{QUEUE_LEN_CAP, SqliteOptions};
use crate::store::{Committed, SweepReport};

use thread::WriterThread;

type CommitReply = oneshot::Sender<Result<Committed, CommitError>>;

/// Something for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    Commit { change: EncodedChange, reply: CommitReply },
    Sweep { bounds: Bounds, reply: oneshot::Sender<Result<SweepReport, StoreError>> },
    Probe { reply: oneshot::Sender<Result<(), StoreError>> },
    Close { reply: oneshot::Sender<()> },
}

/// The way to the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    /// One permit for each job that may wait; the writer gives them back when it takes the jobs.
    places: Arc<Semaphore>,
    health: Arc<Health>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread. It owns the connection and the file's lock.
    pub(super) fn start(
        connection: Connection,
        lock: File,
        options: &SqliteOptions,
        health: &Arc<Health>,
    ) -> Result<Self, StoreError> {
        let (sender, receiver) = channel();
        let places = Arc::new(Semaphore::new(options.queue_len_max.clamp(1, QUEUE_LEN_CAP)));
        let work =
            WriterThread::new(receiver, Arc::clone(&places), Arc::clone(health), options, &connection)?;
        let thread = Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work.run(connection, lock))
            .map_err(|error| StoreError::Unavailable {
                attempted: "starting the writer",
                source: error.into(),
            })?;
        Ok(Self {
            jobs: Mutex::new(Some(sender)),
            places,
            health: Arc::clone(health),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands a job in and waits for its answer; waits for a place first when too many are waiting. Cancelling it before it has a place
    /// means that nothing happens, afterwards that the job is done unseen. When the thread ends with a job in hand, nobody knows how far it
    /// came with it, and the error says so.
    pub(super) async fn run<T>(
        &self,
        attempted: &'static str,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> Result<T, StoreError> {
        let gone = || self.health.why_unanswered(attempted);
        let place = self.places.acquire().await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        self.send(job(reply)).map_err(|()| gone())?;
        place.forget();
        answer.await.map_err(|_| StoreError::OutcomeUnknown { attempted })
    }

    fn send(&self, job: Job) -> Result<(), ()> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.as_ref().ok_or(())?.send(job).map_err(|_| ())
    }

    /// Finishes what was handed in, empties the log and ends the thread.
    pub(super) async fn close(&self) {
        let (reply, done) = oneshot::channel();
        if self.send(Job::Close { reply }).is_ok() {
            // An error means that the thread has ended already.
            let _ = done.await;
        }
        self.join();
    }

    /// Ends the thread once it has finished what was handed in.
    pub(super) fn join(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            error!("the store's writer panicked");
        }
    }
}
