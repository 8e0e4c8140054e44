//! The bus that is configured: within this process for a node alone, over the database or NATS for
//! one of several.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use handoff_bus::line::{Connect, Failure};
use handoff_bus::nats::{Login, Nats, Options, ServerAddress};
use handoff_bus::{Bus, ClusterBus, Line, LocalBus};
use handoff_engine::{IdSource as _, SystemIds, Worker};
use handoff_store::{PostgresLine, PostgresLines, StoreError};

use crate::config::{self, Carrier, Config};
use crate::stored;

/// How often the worker that tells of the bus has a round; it does nothing in it.
const WATCHED_EVERY: Duration = Duration::from_secs(60);

/// The bus of this node.
#[derive(Clone)]
pub(crate) enum NodeBus {
    Alone(Arc<LocalBus>),
    /// Others hear it.
    Among(Arc<ClusterBus>),
}

impl NodeBus {
    /// Makes the bus that is configured. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// When a file that is named cannot be read.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let Some(lines) = lines(config)? else { return Ok(Self::Alone(Arc::default())) };
        let name = SystemIds::default().random();
        Ok(Self::Among(Arc::new(ClusterBus::new(name, lines))))
    }

    pub(crate) fn bus(&self) -> Arc<dyn Bus> {
        match self {
            Self::Alone(bus) => bus.clone(),
            Self::Among(bus) => bus.clone(),
        }
    }

    /// Says something over the bus, and waits until it comes back; tells whether there are others
    /// to hear it.
    ///
    /// # Errors
    ///
    /// When it does not come back.
    pub(crate) async fn try_out(&self) -> Result<Reach, Failure> {
        match self {
            Self::Alone(_) => Ok(Reach::ThisNode),
            Self::Among(bus) => bus.try_out().await.map(|()| Reach::Others),
        }
    }

    /// Returns what tells on `/readyz` that others are heard late.
    pub(crate) fn watch(&self) -> Option<Arc<dyn Worker>> {
        match self {
            Self::Alone(_) => None,
            Self::Among(bus) => Some(Arc::new(Watch(bus.clone()))),
        }
    }

    /// Carries what is said to other nodes and from them; dropping the future ends that.
    pub(crate) async fn run(self) {
        if let Self::Among(bus) = self {
            bus.run().await;
        }
    }
}

/// Who hears what is said on a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    ThisNode,
    Others,
}

/// Says what is wrong with the bus. That is no reason not to be ready: others are heard late.
struct Watch(Arc<ClusterBus>);

#[async_trait]
impl Worker for Watch {
    fn name(&self) -> &'static str {
        "bus"
    }

    fn period(&self) -> Duration {
        WATCHED_EVERY
    }

    fn detail(&self) -> Option<String> {
        self.0.trouble().map(|trouble| trouble.to_string())
    }

    async fn round(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Returns what opens lines to the other nodes; `None` where there are none, or none shall be
/// told.
fn lines(config: &Config) -> anyhow::Result<Option<Box<dyn Connect>>> {
    let is_shared = !config.store.url.is_empty();
    Ok(match config.bus.kind {
        Carrier::None => None,
        Carrier::Auto if !is_shared => None,
        Carrier::Auto | Carrier::Notify => Some(Box::new(OverDatabase(database(config)?))),
        Carrier::Nats => Some(Box::new(Nats::new(nats(&config.bus)?))),
    })
}

/// Opens lines by way of the database.
struct OverDatabase(PostgresLines);

#[async_trait]
impl Connect for OverDatabase {
    fn message_bytes_max(&self) -> usize {
        PostgresLines::BYTES_MAX
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let PostgresLine { say, hear } = self.0.open().await?;
        Ok(Line { say, hear })
    }
}

fn database(config: &Config) -> anyhow::Result<PostgresLines> {
    PostgresLines::new(&stored::options(&config.store)?).context("store.url")
}

fn nats(bus: &config::Bus) -> anyhow::Result<Options> {
    let servers = bus.servers().map(ServerAddress::parse).collect::<Result<_, _>>();
    let named = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
    let login = match (named(&bus.password_file), bus.user.as_str()) {
        (None, _) => Login::Nobody,
        (Some(path), "") => Login::Token(secret(&path)?),
        (Some(path), name) => Login::User { name: name.to_owned(), password: secret(&path)? },
    };
    Ok(Options {
        servers: servers.context("bus.url")?,
        subject: bus.subject.clone(),
        login,
        authorities: named(&bus.authorities),
        certificate: named(&bus.certificate).zip(named(&bus.certificate_key)),
    })
}

fn secret(path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path);
    let text =
        text.with_context(|| format!("bus.password_file: {} cannot be read", path.display()));
    Ok(text?.trim_end_matches(['\r', '\n']).to_owned())
}
