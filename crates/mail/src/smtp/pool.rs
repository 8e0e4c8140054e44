//! Connections that wait for their next message.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;

/// Kept connections, the last one used on top.
#[derive(Debug)]
pub(super) struct Pool {
    keep: Duration,
    idle: Mutex<Vec<(Instant, Connection)>>,
}

impl Pool {
    pub(super) const fn new(keep: Duration) -> Self {
        Self { keep, idle: Mutex::new(Vec::new()) }
    }

    /// Returns the connection that was used last; older ones are dropped when they have waited too
    /// long.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(since, _)| since.elapsed() < self.keep);
        idle.pop().map(|(_, connection)| connection)
    }

    /// Keeps a connection. There are never more than messages could be sent at a time, since each
    /// had its slot.
    pub(super) fn put(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((Instant::now(), connection));
    }
}
