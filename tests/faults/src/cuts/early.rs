//! A program that tells too early: the control of this test, never shipped.
//!
//! It is the product's own engine, API and CometD on a store that answers a commit, and shows it to
//! readers, some time before it writes it to where it outlives a kill. Such a store keeps two
//! databases: what everybody reads is a copy, made at the start, and each commit made there is
//! repeated in the real one later, in the same order. A kill in between loses what was notified
//! already.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use clap::Args;
use handoff_api::wire::resource::PublicUrl;
use handoff_api::{Assembly, Options as ApiOptions, PeerAddress, Setup};
use handoff_bus::LocalBus;
use handoff_content::FileKeeper;
use handoff_domain::{CenterId, Interaction, InteractionId, Time, UserId};
use handoff_engine::{Core, Parts, SystemClock, SystemIds};
use handoff_store::files::MemoryFiles;
use handoff_store::{
    ChangeSet, CommitError, Committed, Head, HeadChange, HistoryEntry, InteractionQuery, Key, Kind,
    Page, Receipt, Record, SetAside, SqliteOptions, SqliteStore, Store, StoreError, StreamRow,
    SweepReport, Timer, Versioned,
};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::{GRACE_MS, HELD, PUBLIC_URL};

/// The database's name in the data directory, as the program has it.
const DATABASE: &str = "handoff.db";
/// How much later a commit is written.
const LATE: Duration = Duration::from_millis(300);

/// Where it works.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
}

/// Serves until it is killed.
///
/// # Errors
///
/// When it cannot start.
pub async fn serve(options: &Options) -> Result<()> {
    let store = EarlyStore::open(&options.data, LATE)?;
    let parts = Parts {
        store: Arc::new(store),
        bus: Arc::new(LocalBus::default()),
        clock: Arc::new(SystemClock::default()),
        ids: Arc::new(SystemIds::default()),
        options: handoff_engine::Options { disconnect_grace_ms: GRACE_MS, ..Default::default() },
    };
    let core = Core::open(parts).await.context("start the engine")?;
    let limits = handoff_cometd::Limits {
        timeout_ms: u64::try_from(HELD.as_millis())?,
        ..handoff_cometd::Limits::default()
    };
    let files = Arc::new(MemoryFiles::new());
    let files = FileKeeper::new(core.clone(), files, handoff_content::Options::default());
    let options = ApiOptions::new(PublicUrl::new(PUBLIC_URL));
    let setup = Setup { agents: limits, ..Setup::new(options, files) };
    let assembly = Assembly::build(core, setup).await.context("start the engine")?;
    let Assembly { engine, comet, shared, .. } = assembly;
    let router = handoff_api::routes::router(&shared).layer(map_request(name_peer));
    engine.start();
    tokio::spawn(async move { comet.run().await });
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.context("serve")
}

/// Tells the API where a request comes from, as the program does.
async fn name_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(PeerAddress(peer.ip().to_canonical()));
    request
}

/// A store whose commits become durable only some time after they were answered.
struct EarlyStore {
    shown: SqliteStore,
    /// What has been answered, on its way to the real database. The lock keeps its order that of
    /// the commits.
    answered: Mutex<UnboundedSender<(Instant, ChangeSet)>>,
    late: Duration,
    /// Holds the copy.
    _copy: TempDir,
}

impl EarlyStore {
    fn open(data: &Path, late: Duration) -> Result<Self> {
        // In the data directory, so that the copy of a killed program goes with it.
        let copy = tempfile::tempdir_in(data).context("make a directory for the copy")?;
        for suffix in ["", "-wal"] {
            let name = format!("{DATABASE}{suffix}");
            if data.join(&name).exists() {
                std::fs::copy(data.join(&name), copy.path().join(&name))
                    .context("copy the database")?;
            }
        }
        let durable = SqliteStore::open(SqliteOptions::new(data.join(DATABASE)))
            .context("open the database")?;
        let shown = SqliteStore::open(SqliteOptions::new(copy.path().join(DATABASE)))
            .context("open the copy")?;
        let (answered, waiting) = unbounded_channel();
        tokio::spawn(write_late(durable, waiting));
        Ok(Self { shown, answered: Mutex::new(answered), late, _copy: copy })
    }
}

/// Repeats the commits in the real database, each some time after it was answered.
async fn write_late(durable: SqliteStore, mut waiting: UnboundedReceiver<(Instant, ChangeSet)>) {
    while let Some((due, change)) = waiting.recv().await {
        tokio::time::sleep_until(due).await;
        if let Err(error) = durable.commit(change).await {
            eprintln!("a commit could not be repeated: {error}");
            return;
        }
    }
}

#[async_trait]
impl Store for EarlyStore {
    async fn commit(&self, change: ChangeSet) -> Result<Committed, CommitError> {
        let answered = self.answered.lock().await;
        let committed = self.shown.commit(change.clone()).await?;
        // Nobody takes it any more once a repetition failed; then everything from there on is lost
        // at the next kill.
        let _ = answered.send((Instant::now() + self.late, change));
        Ok(committed)
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        self.shown.load(keys).await
    }

    async fn list(
        &self,
        kind: Kind,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        self.shown.list(kind, after, limit).await
    }

    async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        self.shown.interactions(query).await
    }

    async fn census(&self, center: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.shown.census(center).await
    }

    async fn timers(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        self.shown.timers(now, limit).await
    }

    async fn stream(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError> {
        self.shown.stream(user, after, limit).await
    }

    async fn head(&self, user: UserId) -> Result<Head, StoreError> {
        self.shown.head(user).await
    }

    async fn heads_after(
        &self,
        position: u64,
        limit: usize,
    ) -> Result<Vec<HeadChange>, StoreError> {
        self.shown.heads_after(position, limit).await
    }

    async fn history(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        self.shown.history(interaction, after, limit).await
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<Receipt>, StoreError> {
        self.shown.receipt(scope, key).await
    }

    async fn sweep(
        &self,
        now: Time,
        streams_before: Time,
        logins_before: Time,
        limit: usize,
    ) -> Result<SweepReport, StoreError> {
        self.shown.sweep(now, streams_before, logins_before, limit).await
    }

    fn set_aside(&self) -> Vec<SetAside> {
        self.shown.set_aside()
    }

    async fn latest(&self) -> Result<Option<Time>, StoreError> {
        self.shown.latest().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.shown.ready().await
    }

    async fn close(&self) {
        self.shown.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_is_seen_at_once_and_lost_by_whoever_opens_the_data_too_soon() {
        let home = tempfile::tempdir().unwrap();
        let receipt = Receipt {
            scope: "scope".to_owned(),
            key: "key".to_owned(),
            fingerprint: String::new(),
            answer: String::new(),
            expires: None,
        };
        let change = ChangeSet { receipts: vec![receipt], ..ChangeSet::default() };
        let store = EarlyStore::open(home.path(), Duration::from_secs(3_600)).unwrap();
        store.commit(change).await.unwrap();
        assert!(store.receipt("scope", "key").await.unwrap().is_some());
        let copy = tempfile::tempdir().unwrap();
        for name in [DATABASE.to_owned(), format!("{DATABASE}-wal")] {
            std::fs::copy(home.path().join(&name), copy.path().join(&name)).unwrap();
        }
        let later = SqliteStore::open(SqliteOptions::new(copy.path().join(DATABASE))).unwrap();
        assert!(later.receipt("scope", "key").await.unwrap().is_none());
    }
}
