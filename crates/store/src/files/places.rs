//! Places for large files that are sent on at one time, so that what is small, and what is read,
//! is not behind them.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

/// So many places, for which whoever comes later waits as long as those before get on.
#[derive(Debug)]
pub(crate) struct Places {
    free: Semaphore,
    got_on: watch::Sender<()>,
}

/// Nobody got on for so long that who waits gives up.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("large files before this one do not get on")]
pub(crate) struct Stuck;

impl Places {
    pub(crate) fn new(count: usize) -> Self {
        Self { free: Semaphore::new(count), got_on: watch::Sender::new(()) }
    }

    /// Waits for a place, until nobody who has one has got on for `patience`. Returns it with the
    /// moment until when the first step may take: whoever waited behind one that was stuck has
    /// waited for some of it.
    pub(crate) async fn wait(
        &self,
        patience: Duration,
    ) -> Result<(SemaphorePermit<'_>, Instant), Stuck> {
        let mut got_on = self.got_on.subscribe();
        let mut free = pin!(self.free.acquire());
        let mut until = Instant::now() + patience;
        loop {
            tokio::select! {
                biased;
                change = got_on.changed() => {
                    change.map_err(|_| Stuck)?;
                    until = Instant::now() + patience;
                }
                place = &mut free => return Ok((place.map_err(|_| Stuck)?, until)),
                () = sleep_until(until) => return Err(Stuck),
            }
        }
    }

    /// Says that a step of sending a file was answered.
    pub(crate) fn get_on(&self) {
        self.got_on.send_replace(());
    }
}
