//! What a client has received, and bounded waiting for more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::sync::Notify;

use crate::contract::expect_told;

/// How long a test waits for something that must happen. Far above what it takes on a busy two-core
/// machine, so that only a real failure reaches it.
pub const BOUND: Duration = Duration::from_secs(15);

/// One received message and whether a test has asked for it already.
#[derive(Debug)]
struct Received {
    message: Value,
    taken: bool,
}

/// The messages that a client received, in the order of their arrival. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    arrived: Arc<Notify>,
}

impl Inbox {
    /// Adds a message behind all others and wakes whoever waits.
    pub fn push(&self, message: Value) {
        self.lock().push(Received { message, taken: false });
        self.arrived.notify_waiters();
    }

    /// Waits for a message that `wanted` accepts and takes it out of the reach of later calls.
    /// Messages that were passed over can still be expected later: the order is asserted with
    /// [`Inbox::all`], not by this call.
    ///
    /// # Errors
    /// When no such message arrives within [`BOUND`]; the error lists what did arrive.
    pub async fn expect(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        let waiting = async {
            loop {
                // Registered before the look, so that a message that arrives in between is not
                // slept through.
                let arrival = self.arrived.notified();
                if let Some(found) = self.take(&wanted) {
                    return found;
                }
                arrival.await;
            }
        };
        match tokio::time::timeout(BOUND, waiting).await {
            Ok(found) => Ok(found),
            Err(_) => bail!("no message came that is {what}; received so far:\n{}", self.listing()),
        }
    }

    /// Takes the first message not taken yet that `wanted` accepts, without waiting.
    pub fn take(&self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut received = self.lock();
        let found = received.iter_mut().find(|entry| !entry.taken && wanted(&entry.message))?;
        found.taken = true;
        expect_told(&found.message);
        Some(found.message.clone())
    }

    /// Returns every message received so far, taken or not, in order.
    #[must_use]
    pub fn all(&self) -> Vec<Value> {
        self.lock().iter().map(|entry| entry.message.clone()).collect()
    }

    fn listing(&self) -> String {
        let lines: Vec<String> = self
            .lock()
            .iter()
            .map(|entry| {
                format!("  {}{}", if entry.taken { "(taken) " } else { "" }, entry.message)
            })
            .collect();
        if lines.is_empty() { "  nothing".into() } else { lines.join("\n") }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_message_is_given_once_and_those_passed_over_stay() {
        let inbox = Inbox::default();
        inbox.push(json!({"n": 1}));
        inbox.push(json!({"n": 2}));
        assert_eq!(inbox.expect("n = 2", |m| m["n"] == 2).await.ok(), Some(json!({"n": 2})));
        assert_eq!(inbox.take(|m| m["n"] == 2), None);
        assert_eq!(inbox.take(|m| m["n"] == 1), Some(json!({"n": 1})));
        assert_eq!(inbox.all().len(), 2);
    }

    #[tokio::test]
    async fn waits_for_what_comes_later() {
        let inbox = Inbox::default();
        let sender = inbox.clone();
        let waiting = tokio::spawn(async move { inbox.expect("n = 3", |m| m["n"] == 3).await });
        tokio::task::yield_now().await;
        sender.push(json!({"n": 3}));
        assert!(matches!(waiting.await, Ok(Ok(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn gives_up_with_a_list_of_what_came() {
        let inbox = Inbox::default();
        inbox.push(json!({"n": 1}));
        let error = inbox
            .expect("n = 9", |m| m["n"] == 9)
            .await
            .err()
            .map(|e| e.to_string())
            .unwrap_or_default();
        assert!(error.contains("n = 9") && error.contains(r#"{"n":1}"#), "{error}");
    }
}
