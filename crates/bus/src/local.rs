//! The bus of a single node: a broadcast in memory.

use tokio::sync::broadcast;

use crate::{Bus, Hint, Listener};

/// Hints that a slow listener may fall behind by before it is told [`crate::Received::Missed`]. A
/// hint is 24 bytes; at a few thousand commits a second this is about a second's worth.
const CAPACITY: usize = 4_096;

/// Carries hints within one process.
#[derive(Debug)]
pub struct LocalBus {
    sender: broadcast::Sender<Hint>,
}

impl Default for LocalBus {
    fn default() -> Self {
        Self { sender: broadcast::channel(CAPACITY).0 }
    }
}

impl Bus for LocalBus {
    fn wake(&self, hint: Hint) {
        // Without a listener there is nobody to wake, which is what a lost hint means.
        let _unheard = self.sender.send(hint);
    }

    fn listen(&self) -> Listener {
        Listener { hints: self.sender.subscribe() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Received;

    #[tokio::test]
    async fn every_listener_hears_what_is_said_after_it_came() {
        let bus = LocalBus::default();
        bus.wake(Hint::Timers);
        let (mut one, mut two) = (bus.listen(), bus.listen());
        bus.wake(Hint::Routing);
        assert_eq!(one.receive().await, Received::Hint(Hint::Routing));
        assert_eq!(two.receive().await, Received::Hint(Hint::Routing));
    }

    #[tokio::test]
    async fn a_slow_listener_is_told_that_it_missed_some() {
        let bus = LocalBus::default();
        let mut slow = bus.listen();
        for _ in 0..=CAPACITY {
            bus.wake(Hint::Routing);
        }
        assert_eq!(slow.receive().await, Received::Missed);
    }

    #[tokio::test]
    async fn a_listener_notices_that_the_bus_is_gone() {
        let mut last = LocalBus::default().listen();
        assert_eq!(last.receive().await, Received::Closed);
    }
}
