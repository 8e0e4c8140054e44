//! The store that is configured: one of this machine's own, or a database that many nodes share.

mod node;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use handoff_engine::{CLOCKS_APART_MAX_MS, Clock, SystemClock, clocks_apart_ms};
use handoff_store::{
    BatchCounts, Hidden, PostgresOptions, PostgresStore, SchemaReport, SqliteOptions, SqliteStore,
    Store, StoreError, with_causes,
};

use crate::config;

pub(crate) use node::{clocks, is_taken};

/// The embedded database's name in the data directory.
pub(crate) const DATABASE: &str = "handoff.db";

/// An open store.
#[derive(Clone)]
pub(crate) enum Stored {
    /// In the data directory.
    Embedded(Arc<SqliteStore>),
    /// In a database of its own, which other nodes may have open as well.
    Shared(Arc<PostgresStore>),
}

/// Tells whether a server has the configured store open, which is taken for granted of an embedded
/// one that cannot be opened.
///
/// # Errors
///
/// When a database cannot be asked.
pub(crate) async fn is_served(config: &config::Store) -> anyhow::Result<bool> {
    if !Stored::exists(config) {
        return Ok(false);
    }
    let stored = match Stored::open(config).await {
        Ok(stored) => stored,
        Err(_) if config.url.is_empty() => return Ok(true),
        Err(error) => return Err(error),
    };
    let is_served = match &stored {
        Stored::Embedded(_) => Ok(false),
        Stored::Shared(store) => store.living().await.map(|living| !living.is_empty()),
    };
    stored.close().await;
    Ok(is_served?)
}

/// Says what opening the configured store, which there is, would do to its schema; changes nothing.
///
/// # Errors
///
/// When this program cannot work with it, or it cannot be looked at.
pub(crate) async fn schema(config: &config::Store) -> anyhow::Result<SchemaReport> {
    if config.url.is_empty() {
        let path = config.path.join(DATABASE);
        let report = tokio::task::spawn_blocking(move || SqliteStore::schema(&path)).await;
        return Ok(report.context("looking at the store was interrupted")??);
    }
    PostgresStore::schema(&options(config)?).await.map_err(|error| configured_wrong(&error))
}

/// What keeps other nodes out of a data directory, as long as it is there.
pub(crate) struct Kept(
    #[expect(dead_code, reason = "the lock is held by its being open")] Option<File>,
);

impl Stored {
    /// Opens the store, for a command.
    ///
    /// # Errors
    ///
    /// When it cannot be opened, as while another process has an embedded one open, or is another
    /// cluster's than the data directory.
    pub(crate) async fn open(config: &config::Store) -> anyhow::Result<Self> {
        if config.url.is_empty() {
            return Ok(Self::Embedded(open_embedded(&config.path).await?));
        }
        let store = open_shared(config).await?;
        node::expect(&config.path, store.cluster())?;
        Ok(Self::Shared(Arc::new(store)))
    }

    /// Opens the store for a server, which has its data directory for itself from then on.
    ///
    /// # Errors
    ///
    /// As [`Stored::open`]; and when this machine's clock is not the database's.
    pub(crate) async fn open_to_serve(config: &config::Store) -> anyhow::Result<(Self, Kept)> {
        let stored = Self::open(config).await?;
        let Self::Shared(store) = &stored else { return Ok((stored, Kept(None))) };
        let lock = node::take(&config.path, store.cluster())?;
        if config.path.join(DATABASE).exists() {
            tracing::warn!(
                directory = %config.path.display(),
                "the data directory has an embedded store, which is not used while store.url names a database"
            );
        }
        expect_time(&**store, &SystemClock::default()).await?;
        Ok((stored, Kept(Some(lock))))
    }

    /// Tells whether there is a store to look at without making one.
    pub(crate) fn exists(config: &config::Store) -> bool {
        !config.url.is_empty() || config.path.join(DATABASE).exists()
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Embedded(store) => store.clone(),
            Self::Shared(store) => store.clone(),
        }
    }

    /// Returns how the batches of its commits went.
    pub(crate) fn batches(&self) -> Arc<BatchCounts> {
        match self {
            Self::Embedded(store) => store.batches().clone(),
            Self::Shared(store) => store.batches().clone(),
        }
    }

    /// Returns how messages name it.
    pub(crate) fn name(&self, config: &config::Store) -> String {
        match self {
            Self::Embedded(_) => format!("the store in {}", config.path.display()),
            Self::Shared(store) => format!("the database {}", store.name()),
        }
    }

    /// Waits until nothing will be stored any more before the process is started anew. A database
    /// that is away comes back by itself.
    pub(crate) async fn stopped(&self) {
        match self {
            Self::Embedded(store) => store.stopped().await,
            Self::Shared(_) => std::future::pending().await,
        }
    }

    pub(crate) async fn close(&self) {
        self.store().close().await;
    }
}

/// Opens the store in a data directory, which is made if there is none.
async fn open_embedded(directory: &Path) -> anyhow::Result<Arc<SqliteStore>> {
    let options = SqliteOptions::new(directory.join(DATABASE));
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(options)).await;
    let store = opened.context("opening the store was interrupted")?;
    Ok(Arc::new(
        store.with_context(|| format!("the store in {} cannot be opened", directory.display()))?,
    ))
}

/// Returns how the database is connected to that nodes share.
///
/// # Errors
///
/// When the file of its password cannot be read.
pub(crate) fn options(config: &config::Store) -> anyhow::Result<PostgresOptions> {
    Ok(PostgresOptions {
        password: password(config)?,
        cluster: Some(config.cluster.clone()).filter(|name| !name.is_empty()),
        ..PostgresOptions::new(config.url.reveal())
    })
}

async fn open_shared(config: &config::Store) -> anyhow::Result<PostgresStore> {
    PostgresStore::open(options(config)?).await.map_err(|error| configured_wrong(&error))
}

/// Says why a database cannot be used: what was attempted says nothing beside what is configured.
fn configured_wrong(error: &StoreError) -> anyhow::Error {
    let why = match error {
        StoreError::Unavailable { source, .. } => with_causes(&**source),
        other => with_causes(other),
    };
    anyhow::anyhow!("store.url: {why}")
}

/// Returns the database's password, as far as it is not in the address.
fn password(config: &config::Store) -> anyhow::Result<Option<Hidden>> {
    if config.password_file.as_os_str().is_empty() {
        let password = config.password.reveal();
        return Ok((!password.is_empty()).then(|| password.into()));
    }
    let read = std::fs::read_to_string(&config.password_file);
    let text = read.with_context(|| {
        format!("store.password_file: {} cannot be read", config.password_file.display())
    })?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).into()))
}

/// Expects that the database's clock shows what this machine's does: by it nodes are taken for
/// dead, and by this one's offers end.
async fn expect_time(store: &dyn Store, clock: &dyn Clock) -> anyhow::Result<()> {
    let apart = clocks_apart_ms(store, clock).await;
    let apart = apart.context("store.url: the database does not tell the time")?.unwrap_or(0);
    anyhow::ensure!(apart.unsigned_abs() <= CLOCKS_APART_MAX_MS, "{}", clocks(apart));
    Ok(())
}

#[cfg(test)]
mod tests;
