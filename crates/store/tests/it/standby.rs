//! A commit whose wait for the synchronous standby is ended: it is there to be seen, and a standby
//! that takes over may lose it, so nobody is told that it is done before the standby has it.

use std::sync::Arc;
use std::time::Duration;

use handoff_store::conformance::samples::{interaction, put_interaction};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{
    ChangeSet, CommitError, PostgresOptions, PostgresStore, Receipt, Store, StoreError,
};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

/// Longer than anything takes that does not wait for the standby.
const MOMENT: Duration = Duration::from_secs(1);
/// Longer than the standby takes to go on.
const PATIENCE: Duration = Duration::from_secs(9);
const WAITING: &str = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

struct Pair {
    primary: Arc<PostgresServer>,
    standby: PostgresServer,
    store: Arc<PostgresStore>,
}

impl Pair {
    /// Starts a primary that waits for a standby, which stands still.
    async fn start() -> Self {
        let (primary, standby) = spawn_blocking(|| {
            let primary = PostgresServer::start(&[]);
            let standby = primary.standby();
            (primary, standby)
        })
        .await
        .unwrap();
        let address = primary.fresh_schema();
        primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
        primary.run("SELECT pg_reload_conf()");
        let store = PostgresStore::open(PostgresOptions::new(address)).await.unwrap();
        store.commit(promised(1)).await.unwrap();
        standby.freeze();
        Self { primary: Arc::new(primary), standby, store: Arc::new(store) }
    }

    fn commit(&self, n: u64) -> JoinHandle<Result<(), CommitError>> {
        let store = Arc::clone(&self.store);
        tokio::spawn(async move { store.commit(promised(n)).await.map(drop) })
    }

    /// Waits until somebody waits for the standby, and has that wait ended.
    async fn end_wait(&self, by: &'static str) {
        let primary = Arc::clone(&self.primary);
        let ended = spawn_blocking(move || {
            while primary.ask(&format!("SELECT COUNT(*) {WAITING}")).as_deref() == Some("0") {}
            primary.ask(&format!("SELECT COUNT({by}(pid)) {WAITING}")).unwrap()
        });
        assert_eq!(timeout(PATIENCE, ended).await.unwrap().unwrap(), "1");
    }
}

fn receipt(n: u64) -> Receipt {
    Receipt {
        scope: "scope".to_owned(),
        key: format!("key {n}"),
        fingerprint: "same".to_owned(),
        answer: "done".to_owned(),
        expires: None,
    }
}

/// Makes an interaction, with a receipt for it.
fn promised(n: u64) -> ChangeSet {
    ChangeSet { receipts: vec![receipt(n)], ..put_interaction(interaction(n), 0) }
}

/// Ends a commit's wait, and expects that it is answered only once the standby has it.
async fn ended(by: &'static str) {
    let pair = Pair::start().await;
    let mut commit = pair.commit(2);
    pair.end_wait(by).await;
    assert!(timeout(MOMENT, &mut commit).await.is_err(), "answered without the standby");
    let seen = pair.primary.ask("SELECT COUNT(*) FROM s0.receipts").unwrap();
    assert_eq!(seen, "2", "it is there all the same");
    pair.standby.thaw();
    timeout(PATIENCE, commit).await.unwrap().unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_connection_is_ended_is_answered_once_the_standby_has_it() {
    ended("pg_terminate_backend").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_wait_is_cancelled_is_answered_once_the_standby_has_it() {
    ended("pg_cancel_backend").await;
}

/// Whoever asks again meets a receipt, which says that it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_answers_once_the_standby_has_it() {
    let pair = Pair::start().await;
    let first = pair.commit(2);
    pair.end_wait("pg_terminate_backend").await;
    // The first one still looks for its own.
    let again = PostgresStore::open(PostgresOptions::new(pair.primary.address_of("s0")));
    let again = again.await.unwrap();
    let (scope, key) = ("scope", "key 2");
    assert_eq!(again.receipt(scope, "key 9").await.unwrap(), None, "the control");
    assert!(timeout(MOMENT, again.receipt(scope, key)).await.is_err(), "read too soon");
    assert!(timeout(MOMENT, again.commit(promised(2))).await.is_err(), "met too soon");
    pair.standby.thaw();
    timeout(PATIENCE, first).await.unwrap().unwrap().unwrap();
    let found = timeout(PATIENCE, again.receipt(scope, key)).await.unwrap().unwrap();
    assert_eq!(found.unwrap(), receipt(2));
    let met = timeout(PATIENCE, again.commit(promised(2))).await.unwrap();
    assert!(matches!(met, Err(CommitError::Receipt(_))), "{met:?}");
}

/// A standby that stays away: nobody knows, and nobody is told that it is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_standby_a_commit_has_no_known_outcome() {
    let pair = Pair::start().await;
    let commit = pair.commit(2);
    pair.end_wait("pg_terminate_backend").await;
    let told = timeout(2 * PATIENCE, commit).await.unwrap().unwrap().unwrap_err();
    assert!(matches!(told, CommitError::Store(StoreError::OutcomeUnknown { .. })), "{told:?}");
    sleep(MOMENT).await;
    pair.standby.thaw();
}
