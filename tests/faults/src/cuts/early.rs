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
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use clap::Args;
use handoff_api::wire::resource::PublicUrl;
use handoff_api::{Assembly, Options as ApiOptions, PeerAddress, Setup};
use handoff_bus::LocalBus;
use handoff_content::FileKeeper;
use handoff_engine::{Core, Parts, SystemClock, SystemIds};
use handoff_store::files::MemoryFiles;
use handoff_store::{ChangeSet, SqliteOptions, SqliteStore, Store as _};
use handoff_testkit::FaultyStore;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use super::{GRACE_MS, HELD, PUBLIC_URL};

/// The database's name in the data directory, as the program has it.
const DATABASE: &str = "handoff.db";
/// How much later a commit is written.
const LATE: Duration = Duration::from_millis(300);

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
}

/// Serves until it is killed.
pub async fn serve(options: &Options) -> Result<()> {
    let (store, _copy) = open(&options.data, LATE)?;
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
    let Assembly { engine, comet, router, .. } = assembly;
    let router = router.layer(map_request(name_peer));
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

/// Opens a store whose commits become durable only some time after they were answered. The copy is
/// in the data directory, so that the copy of a killed program goes with it.
fn open(data: &Path, late: Duration) -> Result<(FaultyStore, TempDir)> {
    let copy = tempfile::tempdir_in(data).context("make a directory for the copy")?;
    for suffix in ["", "-wal"] {
        let name = format!("{DATABASE}{suffix}");
        if data.join(&name).exists() {
            std::fs::copy(data.join(&name), copy.path().join(&name))?;
        }
    }
    let durable = SqliteStore::open(SqliteOptions::new(data.join(DATABASE)))?;
    let shown = SqliteStore::open(SqliteOptions::new(copy.path().join(DATABASE)))?;
    let (store, committed) = FaultyStore::over(Arc::new(shown)).copied();
    tokio::spawn(write_late(durable, committed, late));
    Ok((store, copy))
}

/// Repeats the commits in the real database, each some time after it was answered. Once a
/// repetition has failed everything from there on is lost at the next kill.
async fn write_late(
    durable: SqliteStore,
    mut committed: UnboundedReceiver<(Instant, ChangeSet)>,
    late: Duration,
) {
    while let Some((at, change)) = committed.recv().await {
        tokio::time::sleep_until(at + late).await;
        if let Err(error) = durable.commit(change).await {
            eprintln!("a commit could not be repeated: {error}");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use handoff_store::Receipt;

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
        let (store, _copy) = open(home.path(), Duration::from_secs(3_600)).unwrap();
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
