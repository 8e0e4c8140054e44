//! Whether the store is open, closed or stopped for good.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::error::StoreError;

/// The state that the store, its writer and its readers share.
#[derive(Debug)]
pub(super) struct Health {
    stopped: watch::Sender<bool>,
    closed: AtomicBool,
    /// How many want that nothing is written.
    rests: AtomicUsize,
}

impl Default for Health {
    fn default() -> Self {
        let stopped = watch::Sender::new(false);
        Self { stopped, closed: AtomicBool::new(false), rests: AtomicUsize::new(0) }
    }
}

/// Keeps a store from being written to as long as it is there.
#[derive(Debug)]
pub struct Rest(Arc<Health>);

impl Rest {
    pub(super) fn of(health: &Arc<Health>) -> Self {
        health.rests.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(health))
    }

    /// Lets the rest last for good.
    pub(super) fn for_good(self) {
        self.0.rests.fetch_add(1, Ordering::AcqRel);
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.rests.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Health {
    /// Says why a call cannot be served, if so.
    pub(super) fn check(&self, attempted: &'static str) -> Result<(), StoreError> {
        if self.is_stopped() {
            return Err(StoreError::Stopped);
        }
        if self.closed.load(Ordering::Acquire) { Err(closed(attempted)) } else { Ok(()) }
    }

    /// Says why nothing may be written, if so.
    pub(super) fn check_writes(&self, attempted: &'static str) -> Result<(), StoreError> {
        self.check(attempted)?;
        self.check_rests(attempted)
    }

    /// Says that it rests, if so.
    pub(super) fn check_rests(&self, attempted: &'static str) -> Result<(), StoreError> {
        if self.rests.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        let source = "the store is being moved, and takes no writes meanwhile".into();
        Err(StoreError::Unavailable { attempted, source })
    }

    /// Returns the reason why a call that was under way got no answer.
    pub(super) fn why_unanswered(&self, attempted: &'static str) -> StoreError {
        if self.is_stopped() { StoreError::Stopped } else { closed(attempted) }
    }

    pub(super) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    pub(super) async fn stopped(&self) {
        // Waiting fails only when the sender is gone, and it is part of self.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }
}

fn closed(attempted: &'static str) -> StoreError {
    StoreError::Unavailable { attempted, source: "the store is closed".into() }
}

/// Stops the store when the thread that holds it panics: what that thread had in hand is unknown
/// from then on.
#[derive(Debug)]
pub(super) struct StopOnPanic(pub(super) std::sync::Arc<Health>);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}
