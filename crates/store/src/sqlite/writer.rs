//! The thread that writes.
//!
//! It takes what waits, up to the bounds of a batch, and never waits for more: an idle store
//! answers after one sync, and under load the batches grow by themselves while the last one is
//! synced.

mod log;
mod thread;

use std::fs::File;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::oneshot;
use tracing::error;

use crate::distribution::BatchCounts;
use crate::erased::ErasedWords;
use crate::error::{CommitError, StoreError};
use crate::log::LogEnd;
use crate::places::Places;
use crate::sql::encode::EncodedChange;
use crate::sqlite::SqliteOptions;
use crate::sqlite::apply::Written;
use crate::sqlite::erase::Wanted;
use crate::sqlite::health::Health;
use crate::sqlite::sweep::Bounds;
use crate::store::SweepReport;

use thread::WriterThread;

/// A row that cannot be read is no failure of the database.
type Erased = Result<ErasedWords, StoreError>;
type CommitReply = oneshot::Sender<Result<Written, CommitError>>;

/// Something for the writer to do.
#[derive(Debug)]
pub(super) enum Job {
    Commit {
        change: Box<EncodedChange>,
        reply: CommitReply,
    },
    Sweep {
        bounds: Bounds,
        reply: oneshot::Sender<Result<SweepReport, StoreError>>,
    },
    Renew {
        reply: oneshot::Sender<Result<LogEnd, StoreError>>,
    },
    Erase {
        wanted: Wanted,
        reply: oneshot::Sender<Result<Erased, StoreError>>,
    },
    /// Empties the log of pages.
    Scrub {
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    Probe {
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
    Close {
        reply: oneshot::Sender<()>,
    },
}

/// The way to the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    jobs: Mutex<Option<Sender<Job>>>,
    places: Places,
    health: Arc<Health>,
    batches: Arc<BatchCounts>,
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
        let places = Places::new(options.queue_len_max, options.queue_bytes_max);
        let batches = Arc::new(BatchCounts::default());
        let work = WriterThread::new(
            receiver,
            places.clone(),
            (Arc::clone(health), batches.clone()),
            options,
            (&connection, lock),
        )?;
        let thread = Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work.run(connection))
            .map_err(|error| StoreError::Unavailable {
                attempted: "starting the writer",
                source: error.into(),
            })?;
        Ok(Self {
            jobs: Mutex::new(Some(sender)),
            places,
            health: Arc::clone(health),
            batches,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Returns how its batches went.
    pub(super) const fn batches(&self) -> &Arc<BatchCounts> {
        &self.batches
    }

    /// Hands a job in and waits for its answer; waits for a place first when too many are waiting.
    /// Cancelling it before it has a place means that nothing happens, afterwards that the job is
    /// done unseen. When the thread ends with a job in hand, nobody knows how far it came with it,
    /// and the error says so.
    pub(super) async fn run<T>(
        &self,
        attempted: &'static str,
        bytes: usize,
        job: impl FnOnce(oneshot::Sender<T>) -> Job,
    ) -> Result<T, StoreError> {
        let gone = || self.health.why_unanswered(attempted);
        let (place, room) = self.places.take(bytes).await.map_err(|_| gone())?;
        let (reply, answer) = oneshot::channel();
        self.send(job(reply)).map_err(|()| gone())?;
        place.forget();
        room.forget();
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Receiver;
    use std::task::{Context, Waker};

    use super::*;
    use crate::change_set::ChangeSet;

    /// A writer of whom nothing is taken.
    fn held(queue_len_max: usize, queue_bytes_max: usize) -> (Writer, Receiver<Job>) {
        let options =
            SqliteOptions { queue_len_max, queue_bytes_max, ..SqliteOptions::new("unused") };
        let (sender, receiver) = channel();
        let writer = Writer {
            jobs: Mutex::new(Some(sender)),
            places: Places::new(options.queue_len_max, options.queue_bytes_max),
            health: Arc::default(),
            batches: Arc::default(),
            thread: Mutex::default(),
        };
        (writer, receiver)
    }

    /// Tells how many of so many commits of a size get a place at once, and how many after the
    /// first was taken.
    fn waiting(
        writer: &Writer,
        receiver: &Receiver<Job>,
        count: usize,
        bytes: usize,
    ) -> (usize, usize) {
        let commit = || {
            let encoded = EncodedChange::take(&mut ChangeSet::default()).unwrap();
            let change = Box::new(EncodedChange { bytes, ..encoded });
            Box::pin(writer.run("committing", bytes, |reply| Job::Commit { change, reply }))
        };
        let mut commits: Vec<_> = (0..count).map(|_| commit()).collect();
        let mut context = Context::from_waker(Waker::noop());
        let mut poll = || {
            for commit in &mut commits {
                assert!(commit.as_mut().poll(&mut context).is_pending());
            }
        };
        poll();
        let jobs: Vec<_> = receiver.try_iter().collect();
        writer.places.give_back(bytes);
        poll();
        (jobs.len(), receiver.try_iter().count())
    }

    #[tokio::test]
    async fn what_asked_before_a_rest_and_comes_after_it_is_not_written() {
        let home = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new(home.path().join("handoff.db"));
        let store = crate::sqlite::SqliteStore::open(options).unwrap();
        // Handed in past the question whether it rests.
        let commit = || {
            let change = Box::new(EncodedChange::take(&mut ChangeSet::default()).unwrap());
            store.writer.run("committing", 0, |reply| Job::Commit { change, reply })
        };
        let renew = || store.writer.run("renewing", 0, |reply| Job::Renew { reply });
        commit().await.unwrap().unwrap();
        let rest = store.rest().await.unwrap();
        let refused = commit().await.unwrap().unwrap_err();
        assert!(matches!(refused, CommitError::Store(StoreError::Unavailable { .. })), "{refused}");
        renew().await.unwrap().unwrap_err();
        drop(rest);
        commit().await.unwrap().unwrap();
        renew().await.unwrap().unwrap();
    }

    #[test]
    fn what_waits_is_bounded_by_number_and_by_bytes() {
        const MIB: usize = 1 << 20;
        let (writer, receiver) = held(100, 4 * MIB);
        assert_eq!(waiting(&writer, &receiver, 10, MIB), (4, 1), "by bytes");
        let (writer, receiver) = held(3, 4 * MIB);
        assert_eq!(waiting(&writer, &receiver, 10, 1), (3, 1), "by number");
        let (writer, receiver) = held(100, 4 * MIB);
        assert_eq!(
            waiting(&writer, &receiver, 10, 9 * MIB),
            (1, 1),
            "one that is larger waits alone"
        );
    }

    #[test]
    fn whoever_stops_waiting_leaves_no_place_taken() {
        let (writer, receiver) = held(2, 1 << 20);
        waiting(&writer, &receiver, 10, 1 << 20);
        writer.places.give_back(1 << 20);
        assert_eq!(writer.places.free(), (2, 1024));
    }
}
