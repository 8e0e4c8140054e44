//! A client whose connection breaks while its subscription is being taken in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use handoff_domain::{CenterId, Interaction, InteractionId, Time, UserId};
use handoff_store::{
    ChangeSet, CommitError, Committed, Head, HeadChange, HistoryEntry, InteractionQuery, Key, Kind,
    MemoryStore, Page, Receipt, Record, Store, StoreError, StreamRow, SweepReport, Timer, Versioned,
};
use serde_json::Value;
use tokio::sync::Notify;

use crate::comet_bench::{Bench, sequences};
use crate::notify_fixture::{self, KATE};

const INTERACTIONS: &str = "/v2/me/interactions";

/// A store that does not answer how far a user's numbering has come while it is stalled.
struct Stalling {
    inner: Arc<MemoryStore>,
    is_stalled: AtomicBool,
    asked: Notify,
}

#[async_trait]
impl Store for Stalling {
    async fn head(&self, user: UserId) -> Result<Head, StoreError> {
        if self.is_stalled.load(Ordering::SeqCst) {
            self.asked.notify_one();
            std::future::pending::<()>().await;
        }
        self.inner.head(user).await
    }

    async fn commit(&self, change: ChangeSet) -> Result<Committed, CommitError> {
        self.inner.commit(change).await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        self.inner.load(keys).await
    }

    async fn list(
        &self,
        kind: Kind,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        self.inner.list(kind, after, limit).await
    }

    async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        self.inner.interactions(query).await
    }

    async fn census(&self, center: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.inner.census(center).await
    }

    async fn timers(&self, now: Time, limit: usize) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        self.inner.timers(now, limit).await
    }

    async fn stream(&self, user: UserId, after: u64, limit: usize) -> Result<Page<StreamRow>, StoreError> {
        self.inner.stream(user, after, limit).await
    }

    async fn heads_after(&self, position: u64, limit: usize) -> Result<Vec<HeadChange>, StoreError> {
        self.inner.heads_after(position, limit).await
    }

    async fn history(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        self.inner.history(interaction, after, limit).await
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<Receipt>, StoreError> {
        self.inner.receipt(scope, key).await
    }

    async fn sweep(
        &self,
        now: Time,
        streams_before: Time,
        logins_before: Time,
        limit: usize,
    ) -> Result<SweepReport, StoreError> {
        self.inner.sweep(now, streams_before, logins_before, limit).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[tokio::test]
async fn a_subscription_that_was_cut_short_leaves_no_deaf_session() {
    let inner = notify_fixture::store().await;
    let store = Arc::new(Stalling { inner, is_stalled: AtomicBool::new(false), asked: Notify::new() });
    let bench = Bench::start_on(Arc::clone(&store) as Arc<dyn Store>).await;
    let mut kate = bench.client(KATE);
    kate.handshake().await;
    store.is_stalled.store(true, Ordering::SeqCst);
    tokio::select! {
        reply = kate.subscribe(INTERACTIONS, Value::Null) => panic!("answered while the store was stalled: {reply}"),
        () = store.asked.notified() => {}
    }
    store.is_stalled.store(false, Ordering::SeqCst);
    assert_eq!(kate.fetch().await["advice"]["reconnect"], "handshake");
    let mut kate = bench.listening(KATE, INTERACTIONS, Value::Null).await;
    bench.ready(KATE).await;
    bench.submit().await;
    assert_eq!(sequences(&kate.next(1).await), [1]);
    bench.stop().await;
}
