//! Workers: each wakes on a reason or on a period, does all there is to do, and reports how it
//! went.
//!
//! A worker takes no input and is idempotent, so a lost hint or a crash costs time and nothing
//! else.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use handoff_bus::Received;
use handoff_domain::Time;
use handoff_store::StoreError;
use tokio::sync::Notify;

use crate::core::{Core, Duty, Trial, Went};

/// The longest time from a round that failed to the next one: a node whose worker has failed is not
/// ready, and should be once what was in its way is over.
const AGAIN: Duration = Duration::from_secs(1);

/// What one worker does, and when.
#[async_trait]
pub trait Worker: Send + Sync + 'static {
    /// Returns its name, in the log and in the diagnostics.
    fn name(&self) -> &'static str;

    /// Returns the longest time between two rounds.
    fn period(&self) -> Duration;

    /// Returns the duty that its rounds are; without one every node has rounds of its own.
    fn duty(&self) -> Option<Duty> {
        None
    }

    /// Returns when there is something to do before the period is over, as far as this node knows.
    fn next_due(&self) -> Option<Time> {
        None
    }

    /// Tells whether what was received is a reason for a round. Of those whom hints wake, a hint
    /// that was missed wakes all.
    fn is_woken_by(&self, _received: &Received) -> bool {
        false
    }

    /// Returns what wakes it beside hints.
    fn wakes(&self) -> Arc<Notify> {
        Arc::default()
    }

    /// Returns the shortest time between two rounds, whatever wakes it: for one whom every commit
    /// wakes.
    fn pause(&self) -> Duration {
        Duration::ZERO
    }

    /// Returns up to where it has read the log, of one that does.
    fn reached(&self) -> Option<u64> {
        None
    }

    /// Returns what an operator may want to know of it though nothing is wrong, as that it is busy
    /// with something long.
    fn detail(&self) -> Option<String> {
        None
    }

    /// Does all that there is to do.
    ///
    /// # Errors
    ///
    /// The store's own; what was not done is done in the next round.
    async fn round(&self) -> Result<(), StoreError>;
}

/// How a worker is doing.
#[derive(Clone, Debug, Default)]
pub struct WorkerStatus {
    pub name: &'static str,
    /// When it last finished a round.
    pub last_round: Option<Time>,
    /// How many rounds it finished.
    pub rounds: u64,
    /// What went wrong in the last round, if something did.
    pub last_error: Option<String>,
    /// What it says of itself.
    pub detail: Option<String>,
}

/// A worker with what others see and want of it.
pub(crate) struct Runner {
    worker: Arc<dyn Worker>,
    /// Many reasons while it is busy become one more round.
    wakes: Arc<Notify>,
    status: Mutex<WorkerStatus>,
}

impl Runner {
    pub(crate) fn new(worker: Arc<dyn Worker>) -> Arc<Self> {
        let status = WorkerStatus { name: worker.name(), ..WorkerStatus::default() };
        Arc::new(Self { wakes: worker.wakes(), worker, status: Mutex::new(status) })
    }

    /// Runs the worker: a round, then another whenever there is a reason, until the core stops.
    /// One whose rounds are a duty has them while this node has that.
    pub(crate) async fn run(self: Arc<Self>, core: Arc<Core>) {
        loop {
            if let Some(duty) = self.worker.duty().filter(|duty| !core.has_duty(*duty)) {
                self.leave_to_others(&core);
                tokio::select! {
                    () = core.stopping.cancelled() => return,
                    () = core.until_duty(duty) => {}
                }
            }
            // A worker that a fault of the program ended would keep its duty, for no other node to
            // have.
            let round = AssertUnwindSafe(self.worker.round()).catch_unwind().await;
            let went = self.report(core.now(), failure_of(round));
            if let Some(duty) = self.worker.duty()
                && core.note_duty(duty, Trial::Round, went).await
            {
                continue;
            }
            if let Some(position) = self.worker.reached() {
                core.readers.note(self.worker.name(), position);
            }
            tokio::select! {
                () = core.stopping.cancelled() => return,
                () = tokio::time::sleep(self.worker.pause()) => {}
            }
            tokio::select! {
                () = core.stopping.cancelled() => return,
                () = self.wakes.notified() => {}
                () = tokio::time::sleep(rest(&*self.worker, core.now(), went)) => {}
            }
        }
    }

    /// Wakes the worker if what was received is a reason.
    pub(crate) fn receive(&self, received: &Received) {
        if self.worker.is_woken_by(received) {
            self.wakes.notify_one();
        }
    }

    pub(crate) fn status(&self) -> WorkerStatus {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner).clone();
        WorkerStatus { detail: self.worker.detail(), ..status }
    }

    /// What went wrong here is another node's to do better.
    fn leave_to_others(&self, core: &Core) {
        core.readers.forget(self.worker.name());
        self.status.lock().unwrap_or_else(PoisonError::into_inner).last_error = None;
    }

    fn report(&self, now: Time, failure: Option<String>) -> Went {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        status.last_round = Some(now);
        status.rounds += 1;
        // A lasting failure is logged once, not once a period.
        if let Some(text) = failure.as_ref().filter(|text| status.last_error.as_ref() != Some(text))
        {
            tracing::warn!(
                worker = status.name,
                error = %text,
                "a worker's round failed; it tries again"
            );
        }
        let went = if failure.is_some() { Went::Wrong } else { Went::Well };
        status.last_error = failure;
        went
    }
}

/// Returns what went wrong in a round: the store's word, or that it panicked.
fn failure_of(round: std::thread::Result<Result<(), StoreError>>) -> Option<String> {
    match round {
        Ok(done) => done.err().map(|error| error.to_string()),
        Err(_) => Some("it panicked, which is a fault of the program: report it".to_owned()),
    }
}

/// Returns how long a worker may sleep: until something is due, and at most a period; not so long
/// after a failure.
fn rest(worker: &dyn Worker, now: Time, went: Went) -> Duration {
    let until = |due: Time| Duration::from_millis(due.ms_since(now));
    let longest = match went {
        Went::Well => worker.period(),
        Went::Wrong => worker.period().min(AGAIN),
    };
    worker.next_due().map_or(longest, |due| longest.min(until(due)))
}
