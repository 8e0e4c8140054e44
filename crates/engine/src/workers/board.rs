//! Keeps the board: by the log, and now and then by reading it anew, which bounds the life of a
//! wrong entry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_bus::{Hint, Received};
use handoff_domain::Time;
use handoff_store::StoreError;

use crate::core::Core;
use crate::worker::Worker;

/// The shortest time between two looks at the log. Hints come with every commit of this node, which
/// has nothing to look for.
const PAUSE: Duration = Duration::from_millis(20);

pub(super) struct BoardReader {
    core: Arc<Core>,
    /// When all of it was last read; it was at the start.
    reloaded: Mutex<Time>,
}

impl BoardReader {
    pub(super) fn new(core: Arc<Core>) -> Self {
        let reloaded = Mutex::new(core.now());
        Self { core, reloaded }
    }

    fn is_due(&self) -> bool {
        let now = self.core.now();
        let mut reloaded = self.reloaded.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = now.ms_since(*reloaded) >= self.core.options.reload_ms;
        if is_due {
            *reloaded = now;
        }
        is_due
    }
}

#[async_trait]
impl Worker for BoardReader {
    fn name(&self) -> &'static str {
        "board"
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    fn pause(&self) -> Duration {
        PAUSE
    }

    fn reached(&self) -> Option<u64> {
        Some(self.core.followed.position())
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        match received {
            Received::Hint(Hint::Streams { .. } | Hint::Routing | Hint::Chats(_))
            | Received::Missed => true,
            Received::Hint(
                Hint::Timers | Hint::Directory | Hint::Logins | Hint::Nodes | Hint::Promised(_),
            )
            | Received::Closed => false,
        }
    }

    async fn round(&self) -> Result<(), StoreError> {
        if self.is_due() {
            self.core.reload_board().await?;
        }
        self.core.follow_log().await
    }
}
