//! A worker in which something is wrong with the program goes on with its next round.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use handoff_engine::Worker;
use handoff_store::StoreError;
use tokio::time::timeout;

use crate::rig::Rig;

/// Panics in its first round.
#[derive(Default)]
struct Stumbles {
    rounds: AtomicU64,
}

#[async_trait]
impl Worker for Stumbles {
    fn name(&self) -> &'static str {
        "stumbles"
    }

    fn period(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    async fn round(&self) -> Result<(), StoreError> {
        let before = self.rounds.fetch_add(1, Ordering::SeqCst);
        assert_ne!(before, 0, "planned");
        Ok(())
    }
}

#[tokio::test]
async fn a_round_that_panics_is_told_and_the_next_one_comes() {
    let worker = Arc::new(Stumbles::default());
    let engine = Rig::with_worker(worker).await.engine;
    engine.start();
    let status = || engine.workers().statuses().into_iter().find(|it| it.name == "stumbles");
    let reports = async |rounds| loop {
        match status().filter(|status| status.rounds == rounds) {
            Some(status) => return status,
            None => tokio::task::yield_now().await,
        }
    };
    let told = reports(1).await.last_error.unwrap();
    assert!(told.contains("panicked"), "{told}");
    // Not after the hour: until then the node would not be ready.
    let next = timeout(Duration::from_secs(30), reports(2)).await.unwrap();
    assert_eq!(next.last_error, None);
    engine.stop().await;
}
