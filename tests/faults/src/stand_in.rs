//! What stands in for the program in controls, and is never shipped: the product's own engine, API
//! and CometD on a store with a fault.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::map_request;
use clap::{Args, ValueEnum};
use handoff_api::wire::resource::PublicUrl;
use handoff_api::{Assembly, Options as ApiOptions, PeerAddress, Setup};
use handoff_bus::LocalBus;
use handoff_content::FileKeeper;
use handoff_engine::{Core, Parts, SystemClock, SystemIds};
use handoff_store::files::MemoryFiles;
use handoff_store::{
    PostgresFaults, PostgresOptions, PostgresStore, SqliteOptions, SqliteStore, Store,
};
use handoff_testkit::{FaultyStore, tally};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::cuts::early;

/// The database's name in the data directory, as the program has it.
pub(crate) const DATABASE: &str = "handoff.db";
/// How long it holds a connect. Short, so that connects that end with nothing are met too.
pub(crate) const HELD: Duration = Duration::from_secs(5);
/// Nobody is logged out for being out of reach.
pub(crate) const GRACE_MS: u64 = 3_600_000;
/// The prefix of all addresses in messages. Fixed, because the program changes its port at each
/// restart and contents are compared.
pub(crate) const PUBLIC_URL: &str = "http://center.example";

/// The variables of a node of a cluster, as the program has them.
const STORE_URL: &str = "HANDOFF__STORE__URL";
const LISTEN: &str = "HANDOFF__SERVER__LISTEN";

/// What is wrong with its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Fault {
    /// It answers before it is durable.
    Early,
    /// It lets every change of an interaction rely on its owner's desk.
    Desks,
    /// A node of a cluster that reads guards without their locks.
    Locks,
    /// A node of a cluster that takes positions from plain sequences.
    Sequences,
}

#[derive(Clone, Debug, Args)]
pub struct Options {
    #[arg(long)]
    fault: Fault,
    /// The data directory.
    #[arg(long)]
    data: PathBuf,
}

/// Serves until it is killed or asked to stop.
pub async fn serve(options: &Options) -> Result<()> {
    let (store, _copy) = open(options).await?;
    let parts = Parts {
        store,
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
    let mut asked_to_stop = signal(SignalKind::terminate()).context("listen for signals")?;
    engine.start();
    tokio::spawn(async move { comet.run().await });
    let address = setting(LISTEN).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await.context("listen")?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::select! {
        served = axum::serve(listener, service) => served.context("serve"),
        _ = asked_to_stop.recv() => {
            eprintln!("{}", tally::told(&engine.core().commit_tally()));
            Ok(())
        }
    }
}

/// Opens a store with the fault, and what must be there as long as it is.
async fn open(options: &Options) -> Result<(Arc<dyn Store>, Option<TempDir>)> {
    Ok(match options.fault {
        Fault::Early => {
            let (store, copy) = early::open(&options.data, early::LATE)?;
            (Arc::new(store), Some(copy))
        }
        Fault::Desks => {
            let store = SqliteStore::open(SqliteOptions::new(options.data.join(DATABASE)))?;
            (Arc::new(FaultyStore::over(Arc::new(store)).relying_on_desks()), None)
        }
        Fault::Locks => (shared(|faults| faults.is_without_locks = true).await?, None),
        Fault::Sequences => (shared(|faults| faults.has_plain_sequences = true).await?, None),
    })
}

/// Opens the database that nodes share, with a fault.
async fn shared(fault: impl FnOnce(&mut PostgresFaults)) -> Result<Arc<dyn Store>> {
    let mut options = PostgresOptions::new(setting(STORE_URL).context("no address of a database")?);
    fault(&mut options.faults);
    Ok(Arc::new(PostgresStore::open(options).await?))
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Tells the API where a request comes from, as the program does.
async fn name_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(PeerAddress(peer.ip().to_canonical()));
    request
}
