//! What the writing thread does.

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;
use tokio::time::Instant;
use tracing::{error, warn};

use super::log::Log;
use super::{CommitReply, Job, Places};
use crate::distribution::BatchCounts;
use crate::error::{CommitError, StoreError};
use crate::log::LogEnd;
use crate::sql::encode::EncodedChange;
use crate::sql::log as text;
use crate::sqlite::SqliteOptions;
use crate::sqlite::apply::{Refusal, Statements, Written};
use crate::sqlite::erase::erase;
use crate::sqlite::failure::{Shared, Verdict, failed, judge};
#[cfg(feature = "conformance")]
use crate::sqlite::faults::Place;
use crate::sqlite::generation::{note, renew};
use crate::sqlite::health::{Health, StopOnPanic};
use crate::sqlite::reads::log::end;
use crate::sqlite::sweep::sweep;

/// How long nothing must come before the log is copied into the database although it is short.
const IDLE: Duration = Duration::from_millis(200);

type Outcome = Result<Written, CommitError>;

/// A write failed for good; the thread ends.
#[derive(Debug)]
struct Stop;

/// Change sets that share a transaction, and who waits for each.
#[derive(Debug, Default)]
struct Batch {
    changes: Vec<EncodedChange>,
    replies: Vec<CommitReply>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, change: EncodedChange, reply: CommitReply) {
        self.bytes += change.bytes;
        self.changes.push(change);
        self.replies.push(reply);
    }
}

/// The writing thread's own side.
#[derive(Debug)]
pub(super) struct WriterThread {
    jobs: Receiver<Job>,
    places: Places,
    health: Arc<Health>,
    batches: Arc<BatchCounts>,
    options: SqliteOptions,
    log: Log,
    /// Locked while the thread runs.
    lock: File,
    /// The position of the last event.
    position: u64,
    /// A job that ended a batch because it is no commit; it is the next to be done.
    held: Option<Job>,
}

impl WriterThread {
    pub(super) fn new(
        jobs: Receiver<Job>,
        places: Places,
        (health, batches): (Arc<Health>, Arc<BatchCounts>),
        options: &SqliteOptions,
        (connection, lock): (&Connection, File),
    ) -> Result<Self, StoreError> {
        let LogEnd { position, .. } =
            end(connection).map_err(|error| failed("reading the end of the log", error))?;
        let (options, log) = (options.clone(), Log::new(options));
        Ok(Self { jobs, places, health, batches, options, log, lock, position, held: None })
    }

    /// Works until it is closed or a write fails for good.
    pub(super) fn run(mut self, mut connection: Connection) {
        let _guard = StopOnPanic(Arc::clone(&self.health));
        let watching =
            self.log.watch(&mut connection).map_err(|error| self.stop("watching the log", &error));
        // Either way the thread ends; a stop was logged where it came about.
        let _ = watching.and_then(|()| self.serve(&connection));
        // Who waits for a place waits for ever otherwise; who has one is told by their answer's
        // end.
        self.places.close();
        drop(connection);
        // Not left to the file's drop: a process that is just being started by this one may hold a
        // copy of the handle for a moment.
        if let Err(error) = self.lock.unlock() {
            warn!(
                error = &error as &dyn std::error::Error,
                "the lock of the database could not be given back"
            );
        }
    }

    fn serve(&mut self, connection: &Connection) -> Result<(), Stop> {
        let mut statements = Statements::prepare(connection)
            .map_err(|error| self.stop("preparing statements", &error))?;
        while let Some(job) = self.next(connection)? {
            let Some(job) = self.unless_it_rests(job) else { continue };
            match job {
                Job::Commit { change, reply } => {
                    let batch = self.gather(*change, reply);
                    self.commit(connection, &mut statements, batch)?;
                }
                Job::Sweep { bounds, reply } => {
                    let swept =
                        self.alone(connection, "sweeping", || sweep(connection, &bounds))?;
                    // An error means that nobody waits for the answer any more; so below.
                    let _ = reply.send(swept);
                }
                Job::Renew { reply } => {
                    let renewed =
                        self.alone(connection, "renewing the log", || renew(connection))?;
                    statements.forget();
                    let _ = reply.send(renewed);
                }
                Job::Erase { wanted, reply } => {
                    let erased =
                        self.alone(connection, "taking the words out of the log", || {
                            erase(connection, &wanted)
                        })?;
                    let _ = reply.send(erased);
                }
                Job::Scrub { reply } => {
                    let mut is_empty = false;
                    self.copy_log(|log| log.empty(connection).map(|done| is_empty = done))?;
                    let _ = reply.send(if is_empty { Ok(()) } else { Err(is_read()) });
                }
                Job::Probe { reply } => {
                    let probed = self.alone(connection, "taking commits", || {
                        let floor = end(connection)?.floor;
                        let mut write = connection.prepare_cached(text::LOG_FLOOR_WRITE)?;
                        // What is in its place already, SQLite does not write: so it is another
                        // floor at first, which nobody sees before it is as it was.
                        write.execute([floor + 1])?;
                        write.execute([floor]).map(|_| ())
                    })?;
                    let _ = reply.send(probed);
                }
                Job::Close { reply } => {
                    let emptied =
                        self.copy_log(|log| log.copy(connection, CheckpointMode::TRUNCATE));
                    let _ = reply.send(());
                    return emptied;
                }
            }
            self.copy_log(|log| log.copy_if_long(connection))?;
        }
        self.copy_log(|log| log.copy(connection, CheckpointMode::TRUNCATE))
    }

    /// Waits for a job; `None` when no more can come.
    fn next(&mut self, connection: &Connection) -> Result<Option<Job>, Stop> {
        if let Some(job) = self.held.take() {
            return Ok(Some(job));
        }
        if self.log.is_due_when_idle() {
            match self.jobs.recv_timeout(IDLE) {
                Ok(job) => return Ok(Some(self.taken(job))),
                Err(RecvTimeoutError::Timeout) => {
                    self.copy_log(|log| log.copy(connection, CheckpointMode::PASSIVE))?;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
        Ok(self.jobs.recv().ok().map(|job| self.taken(job)))
    }

    /// Refuses what would write while the store rests. Whoever handed it in has asked as well, but
    /// maybe before: only what was handed in before the probe of a rest is written in spite of it.
    fn unless_it_rests(&self, job: Job) -> Option<Job> {
        let resting = |attempted| self.health.check_rests(attempted).err();
        // An error means that nobody waits for the answer any more.
        match job {
            Job::Commit { change, reply } => match resting("committing") {
                Some(why) => drop(reply.send(Err(why.into()))),
                None => return Some(Job::Commit { change, reply }),
            },
            Job::Sweep { bounds, reply } => match resting("sweeping") {
                Some(why) => drop(reply.send(Err(why))),
                None => return Some(Job::Sweep { bounds, reply }),
            },
            Job::Renew { reply } => match resting("renewing the log") {
                Some(why) => drop(reply.send(Err(why))),
                None => return Some(Job::Renew { reply }),
            },
            Job::Erase { wanted, reply } => match resting("taking the words out of the log") {
                Some(why) => drop(reply.send(Err(why))),
                None => return Some(Job::Erase { wanted, reply }),
            },
            Job::Scrub { .. } | Job::Probe { .. } | Job::Close { .. } => return Some(job),
        }
        None
    }

    /// Returns the place of a job that is being done to the next who waits for one.
    fn taken(&self, job: Job) -> Job {
        match &job {
            Job::Commit { change, .. } => self.places.give_back(change.bytes),
            Job::Sweep { .. }
            | Job::Renew { .. }
            | Job::Erase { .. }
            | Job::Scrub { .. }
            | Job::Probe { .. } => self.places.give_back(0),
            // It took no place.
            Job::Close { .. } => {}
        }
        job
    }

    /// Takes what waits, without waiting for more.
    fn gather(&mut self, change: EncodedChange, reply: CommitReply) -> Batch {
        let mut batch = Batch::default();
        batch.push(change, reply);
        while batch.changes.len() < self.options.batch_len_max
            && batch.bytes < self.options.batch_bytes_max
        {
            match self.jobs.try_recv().map(|job| self.taken(job)) {
                Ok(Job::Commit { change, reply }) => batch.push(*change, reply),
                Ok(other) => {
                    self.held = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        batch
    }

    fn commit(
        &mut self,
        connection: &Connection,
        statements: &mut Statements<'_>,
        batch: Batch,
    ) -> Result<(), Stop> {
        let Batch { changes, mut replies, .. } = batch;
        let begun = Instant::now();
        let written = begin(connection).and_then(|()| self.write(statements, &changes));
        let done = written.and_then(|(mut outcomes, position)| {
            #[cfg(feature = "conformance")]
            if self.options.unsafe_answer_before_commit_for_tests {
                answer(std::mem::take(&mut replies), std::mem::take(&mut outcomes));
            }
            self.end(connection)?;
            self.position = position;
            self.batches.note_written(changes.len(), begun.elapsed());
            note(&self.lock, position);
            answer(std::mem::take(&mut replies), std::mem::take(&mut outcomes));
            Ok(())
        });
        if let Err(failure) = done {
            statements.forget();
            self.batches.note_failed();
            // What failed alone is told the same: it may have failed because of what was written
            // before it in this batch and is undone.
            let refusal = self.undo(connection, "committing", failure)?;
            let outcomes = replies.iter().map(|_| Err(refusal().into())).collect();
            answer(replies, outcomes);
        }
        Ok(())
    }

    /// Writes change sets one after another; returns what became of each and the end of the log.
    fn write(
        &self,
        statements: &mut Statements<'_>,
        changes: &[EncodedChange],
    ) -> Result<(Vec<Outcome>, u64), rusqlite::Error> {
        let mut position = self.position;
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            outcomes.push(match statements.apply(change, position) {
                Ok(written) => {
                    position = written.position;
                    Ok(written)
                }
                Err(Refusal::Alone(refusal)) => Err(refusal),
                Err(Refusal::Database(failure)) => return Err(failure),
            });
        }
        Ok((outcomes, position))
    }

    /// Does something else than a commit in a transaction of its own.
    fn alone<T>(
        &self,
        connection: &Connection,
        attempted: &'static str,
        work: impl FnOnce() -> Result<T, rusqlite::Error>,
    ) -> Result<Result<T, StoreError>, Stop> {
        let done = begin(connection).and_then(|()| work()).and_then(|done| {
            self.end(connection)?;
            Ok(done)
        });
        match done {
            Ok(done) => Ok(Ok(done)),
            Err(failure) => self.undo(connection, attempted, failure).map(|refusal| Err(refusal())),
        }
    }

    /// Makes the transaction durable.
    fn end(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        #[cfg(feature = "conformance")]
        self.options.faults.strike(Place::Commit)?;
        connection.prepare_cached("COMMIT")?.execute([]).map(|_| ())
    }

    /// Rolls a failed transaction back and gives what to tell each of those who waited for it,
    /// unless the failure is for good.
    fn undo(
        &self,
        connection: &Connection,
        attempted: &'static str,
        failure: rusqlite::Error,
    ) -> Result<impl Fn() -> StoreError + use<>, Stop> {
        if judge(&failure) == Verdict::Stop {
            return Err(self.stop(attempted, &failure));
        }
        // Some failures have rolled it back already.
        if !connection.is_autocommit() {
            connection
                .execute_batch("ROLLBACK")
                .map_err(|failure| self.stop("rolling back", &failure))?;
        }
        warn!(
            error = &failure as &dyn std::error::Error,
            attempted, "the store could not write for now"
        );
        let shared = Shared::from(failure);
        Ok(move || StoreError::Unavailable { attempted, source: Box::new(shared.clone()) })
    }

    fn copy_log(
        &mut self,
        copy: impl FnOnce(&mut Log) -> Result<(), rusqlite::Error>,
    ) -> Result<(), Stop> {
        copy(&mut self.log)
            .map_err(|failure| self.stop("copying the log into the database", &failure))
    }

    fn stop(&self, attempted: &'static str, failure: &rusqlite::Error) -> Stop {
        error!(
            error = failure as &dyn std::error::Error,
            attempted, "a write failed for good; the store stops"
        );
        self.health.stop();
        Stop
    }
}

fn is_read() -> StoreError {
    let source = "somebody reads what the log of pages has".into();
    StoreError::Unavailable { attempted: "emptying the log of pages", source }
}

fn begin(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(|_| ())
}

fn answer(replies: Vec<CommitReply>, outcomes: Vec<Outcome>) {
    for (reply, outcome) in replies.into_iter().zip(outcomes) {
        // An error means that nobody waits for the answer any more.
        let _ = reply.send(outcome);
    }
}
