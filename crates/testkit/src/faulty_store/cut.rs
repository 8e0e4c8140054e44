//! A node that is cut off from the store, and nodes that do not share their work.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use handoff_store::StoreError;
use tokio::sync::watch;

use super::FaultyStore;

/// What cuts a node off, and what its workers did.
#[derive(Debug, Default)]
pub(super) struct Cut {
    is_cut_off: watch::Sender<bool>,
    pub(super) shares_no_duties: AtomicBool,
    pub(super) timers_read: AtomicU64,
    pub(super) sweeps: AtomicU64,
    fails_timers: AtomicBool,
}

impl Cut {
    pub(super) fn lets_read_timers(&self) -> Result<(), StoreError> {
        if !self.fails_timers.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(StoreError::Unavailable { attempted: "reading timers", source: "as planned".into() })
    }
}

impl FaultyStore {
    /// Says whether the store leaves everybody waiting who asks what they missed.
    pub fn stall(&self, is_stalled: bool) {
        self.is_stalled.store(is_stalled, Ordering::SeqCst);
    }

    /// Waits until somebody has been left waiting.
    pub async fn stalled(&self) {
        self.stalled.notified().await;
    }

    /// Says whether whoever asks here waits for the store, as behind a network that swallows
    /// everything; who waits goes on when it no more does.
    pub fn cut_off(&self, is_cut_off: bool) {
        self.cut.is_cut_off.send_replace(is_cut_off);
    }

    /// Waits until the store can be reached.
    pub(super) async fn reached(&self) {
        let mut is_cut_off = self.cut.is_cut_off.subscribe();
        // It cannot be closed: its sender is a part of this.
        let _is_reached = is_cut_off.wait_for(|is_cut_off| !is_cut_off).await.map(drop);
    }

    /// From now on every node that asks here has every duty.
    pub fn share_no_duties(&self) {
        self.cut.shares_no_duties.store(true, Ordering::SeqCst);
    }

    /// Says whether whoever asks here what is due is refused.
    pub fn fail_timers(&self, fails: bool) {
        self.cut.fails_timers.store(fails, Ordering::SeqCst);
    }

    /// Tells how often it was asked what is due.
    pub fn timers_read(&self) -> u64 {
        self.cut.timers_read.load(Ordering::SeqCst)
    }

    /// Tells how often old rows were swept.
    pub fn sweeps(&self) -> u64 {
        self.cut.sweeps.load(Ordering::SeqCst)
    }
}
