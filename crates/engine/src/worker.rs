//! The skeleton of a worker: wakes on a hint or on a period, does all there is to do, reports how
//! it went.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use handoff_domain::Time;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::ports::Clock;

/// How a worker is doing.
#[derive(Clone, Debug, Default)]
pub struct WorkerStatus {
    /// Its name.
    pub name: &'static str,
    /// When it last finished a round.
    pub last_round: Option<Time>,
    /// How many rounds it finished.
    pub rounds: u64,
    /// What went wrong in the last round, if something did.
    pub last_error: Option<String>,
}

/// Where a worker's status is kept for others to read.
pub(crate) type StatusCell = Arc<Mutex<WorkerStatus>>;

pub(crate) fn status_cell(name: &'static str) -> StatusCell {
    Arc::new(Mutex::new(WorkerStatus { name, ..WorkerStatus::default() }))
}

pub(crate) fn report<E: std::error::Error>(
    cell: &StatusCell,
    clock: &dyn Clock,
    result: Result<(), &E>,
) {
    let mut status = cell.lock().unwrap_or_else(PoisonError::into_inner);
    status.last_round = Some(clock.now());
    status.rounds += 1;
    match result {
        Ok(()) => status.last_error = None,
        Err(error) => {
            let text = error.to_string();
            // A lasting failure is logged once, not once a period.
            if status.last_error.as_ref() != Some(&text) {
                tracing::warn!(worker = status.name, error = %text, "a worker's round failed; it tries again");
            }
            status.last_error = Some(text);
        }
    }
}

/// Waits until there is a reason for another round. Returns false when the worker should stop.
pub(crate) async fn next_round(flag: &Notify, period: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        () = flag.notified() => true,
        () = tokio::time::sleep(period) => true,
    }
}
