//! A control of the suite: a store that takes positions before it commits, and lets the dead come
//! back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::{
    CenterId, Incarnation, Interaction, InteractionId, Owner, Time, Topic, UserId,
};
use handoff_store::conformance::{leases, log, promised};
use handoff_store::{
    AboutNode, ChangeSet, CommitError, Committed, Deed, DirectoryPage, ErasedWords, FoundWord,
    Head, HistoryEntry, InteractionQuery, Key, Kind, Lease, LivingNode, LogEnd, LogEntry,
    MemoryStore, Missed, Page, PromisedEnd, PromisedRow, Receipt, Record, Store, StoreError,
    StreamRow, SubjectKey, SweepReport, Timer, Told, Version, Versioned, WordQuery,
};

/// Hands out positions as a database's sequence does: each commit takes its own when it begins, and
/// becomes visible when it ends. And it renews whatever lease it is asked to.
#[derive(Default)]
struct Careless {
    inner: MemoryStore,
    sequence: AtomicU64,
    log: Mutex<BTreeMap<u64, LogEntry>>,
    /// All of one user's.
    promised: Mutex<BTreeMap<u64, PromisedRow>>,
}

#[async_trait]
impl Store for Careless {
    async fn commit(&self, change: ChangeSet) -> Result<Committed, CommitError> {
        let (events, promised) = (change.events.clone(), change.promised.clone());
        let taken = events.len() + promised.len();
        let first = self.sequence.fetch_add(taken as u64, Ordering::SeqCst) + 1;
        // Some commits take longer than others.
        tokio::time::sleep(Duration::from_millis(first % 3)).await;
        let committed = self.inner.commit(change).await?;
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        for (event, position) in events.into_iter().zip(first..) {
            log.insert(position, LogEntry::of(position, &event));
        }
        let mut rows = self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        for (answer, number) in promised.into_iter().zip(first..) {
            rows.insert(number, PromisedRow { number, topic: answer.topic, body: answer.body });
        }
        Ok(committed)
    }

    async fn promised(
        &self,
        _: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<PromisedRow>, StoreError> {
        let rows = self.promised.lock().unwrap_or_else(PoisonError::into_inner);
        let later = rows.range(after + 1..).map(|(_, row)| row.clone());
        Ok(Page { items: later.take(limit).collect(), more: false })
    }

    async fn promised_after(&self, _: u64) -> Result<PromisedEnd, StoreError> {
        unreachable!("the case reads one user's answers alone")
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Page<LogEntry>, StoreError> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let later = log.range(position + 1..).map(|(_, entry)| entry.clone());
        Ok(Page { items: later.take(limit).collect(), more: false })
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        self.inner.log_end().await
    }

    async fn stream(
        &self,
        owner: Owner,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError> {
        self.inner.stream(owner, after, limit).await
    }

    async fn directory_versions(&self) -> Result<BTreeMap<CenterId, Version>, StoreError> {
        unreachable!()
    }

    async fn directory_after(
        &self,
        _: CenterId,
        _: Version,
        _: usize,
    ) -> Result<DirectoryPage, StoreError> {
        unreachable!()
    }

    async fn load(&self, _: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn versions(&self, _: &[Key]) -> Result<Vec<Version>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn list(
        &self,
        _: Kind,
        _: Option<Key>,
        _: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn interactions(
        &self,
        _: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn contact_words(&self, _: &WordQuery) -> Result<Page<FoundWord>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn census(&self, _: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn timers(&self, _: Time, _: usize) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn told_after(&self, _: u64, _: usize) -> Result<Page<Told>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn renew_generation(&self) -> Result<LogEnd, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn head(&self, _: Owner) -> Result<Head, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn missed(
        &self,
        _: Owner,
        _: &BTreeMap<Topic, u64>,
        _: usize,
    ) -> Result<Missed, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn history(
        &self,
        _: SubjectKey,
        _: u64,
        _: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn receipt(&self, _: &str, _: &str) -> Result<Option<Receipt>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn receipts_beginning(
        &self,
        scope: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        self.inner.receipts_beginning(scope, beginning, limit).await
    }

    async fn erase_words(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
        deed: Deed,
    ) -> Result<ErasedWords, StoreError> {
        self.inner.erase_words(interaction, after, limit, deed).await
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        self.inner.scrub().await
    }

    async fn sweep(&self, _: Time, _: Time, _: Time, _: usize) -> Result<SweepReport, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn latest(&self) -> Result<Option<Time>, StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn begin_lease(&self, node: Incarnation, for_ms: u64) -> Result<(), StoreError> {
        self.inner.begin_lease(node, for_ms).await
    }

    async fn renew_lease(&self, node: Incarnation, for_ms: u64) -> Result<Lease, StoreError> {
        self.inner.begin_lease(node, for_ms).await.map(|()| Lease::Kept)
    }

    async fn end_lease(&self, _: Incarnation) -> Result<(), StoreError> {
        unreachable!("no case gives a lease back")
    }

    async fn living(&self) -> Result<BTreeSet<Incarnation>, StoreError> {
        self.inner.living().await
    }

    async fn take_duties(
        &self,
        _: Incarnation,
        wanted: &[&str],
    ) -> Result<BTreeSet<String>, StoreError> {
        Ok(wanted.iter().copied().map(str::to_owned).collect())
    }

    async fn leave_duties(&self, _: Incarnation, _: &[&str]) -> Result<(), StoreError> {
        unreachable!("no case gives duties back")
    }

    async fn describe_node(&self, _: Incarnation, _: AboutNode) -> Result<(), StoreError> {
        unreachable!("no case describes a node")
    }

    async fn nodes(&self) -> Result<Vec<LivingNode>, StoreError> {
        unreachable!("no case reads the nodes")
    }

    async fn ready(&self) -> Result<(), StoreError> {
        unreachable!("the case reads the log alone")
    }

    async fn close(&self) {}
}

async fn fails_because(why: &str, case: impl Future<Output = ()> + Send + 'static) {
    let failed = tokio::spawn(case).await.unwrap_err().into_panic();
    let told = failed.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(told.contains(why), "{told}");
}

const SKIPPING: &str = "skips what comes later";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_taken_before_the_commit_is_noticed() {
    let store = Arc::new(Careless::default());
    fails_because(SKIPPING, log::a_reader_skips_nothing(store)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answers_number_taken_before_the_commit_is_noticed() {
    let store = Arc::new(Careless::default());
    fails_because(SKIPPING, promised::a_reader_of_answers_skips_none(store)).await;
}

#[tokio::test]
async fn a_lease_that_comes_back_is_noticed() {
    let store = Arc::new(Careless::default());
    fails_because("it came back", leases::a_lease_that_is_over_is_lost_for_good(store)).await;
}

#[tokio::test]
async fn a_duty_that_several_nodes_have_is_noticed() {
    let store = Arc::new(Careless::default());
    fails_because("each by one", leases::of_many_who_take_a_duty_at_once_one_has_it(store)).await;
}
