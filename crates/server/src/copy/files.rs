//! `handoff copy-files`: all files of one place into another, also while a server uses the first.
//!
//! The second place becomes the store's own, by its mark, once the first is nobody's: until then a
//! file may come that is not carried, and no server starts over it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use handoff_store::{
    BucketFiles, DiskFiles, Files, FilesCarried, PostgresFiles, PostgresOptions, PostgresStore,
    Store as _, carry_files, with_causes,
};

use super::PASSWORD_VARIABLE;
use crate::config::{Config, FilesIn};
use crate::run::files::bucket;
use crate::runtime::block_on;
use crate::stored::is_served;
use crate::{cli, output};

/// After how many files it is told how far it is.
const TOLD_EVERY: u64 = 10_000;

/// Where files are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Directory(PathBuf),
    Database(String),
    Bucket { name: String, prefix: String },
}

/// Whether a server uses a place, as far as anybody can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Nobodys,
    AServers,
}

impl Place {
    fn read(address: &str) -> Self {
        match address {
            _ if ["postgres://", "postgresql://"].iter().any(|it| address.starts_with(it)) => {
                Self::Database(address.to_owned())
            }
            _ => match FilesIn::bucket(address) {
                Some(FilesIn::Bucket { name, prefix }) => Self::Bucket { name, prefix },
                _ => Self::Directory(address.into()),
            },
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Directory(path) => path.display().to_string(),
            Self::Database(_) => "the database".to_owned(),
            Self::Bucket { name, .. } => format!("the bucket {name}"),
        }
    }

    /// Opens files that are copied.
    async fn open(&self, config: &Config) -> anyhow::Result<(Arc<dyn Files>, Use)> {
        match self {
            Self::Directory(path) => {
                ensure!(path.exists(), "there are no files in {}", path.display());
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || match DiskFiles::open(&path) {
                    Ok(files) => Ok((files, Use::Nobodys)),
                    Err(_) => DiskFiles::open_beside(&path).map(|files| (files, Use::AServers)),
                });
                let (files, used) = opened.await?.with_context(|| self.unopened())?;
                Ok((Arc::new(files), used))
            }
            Self::Database(url) => Ok((in_database(url)?, self.use_by_others(config).await?)),
            Self::Bucket { name, prefix } => {
                Ok((in_bucket(config, name, prefix)?, self.use_by_others(config).await?))
            }
        }
    }

    /// Tells whether a server uses the place; a directory is kept from others while it is open. A
    /// bucket has no word of it, so the store that is configured beside its key is asked.
    async fn use_by_others(&self, config: &Config) -> anyhow::Result<Use> {
        let is_served = match self {
            Self::Directory(_) => false,
            Self::Database(url) => {
                let store = PostgresStore::open(database(url)).await.map_err(unusable)?;
                let living = store.living().await.map_err(unusable);
                store.close().await;
                !living?.is_empty()
            }
            Self::Bucket { .. } => is_served(&config.store).await?,
        };
        Ok(if is_served { Use::AServers } else { Use::Nobodys })
    }

    /// Opens where they are copied to.
    async fn open_target(&self, config: &Config) -> anyhow::Result<Arc<dyn Files>> {
        match self {
            Self::Directory(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || DiskFiles::open(path)).await?;
                Ok(Arc::new(opened.with_context(|| self.unopened())?))
            }
            Self::Database(url) => {
                // Its tables may have to be made.
                self.use_by_others(config).await?;
                in_database(url)
            }
            Self::Bucket { name, prefix } => in_bucket(config, name, prefix),
        }
    }

    fn unopened(&self) -> String {
        format!("the files in {} cannot be opened", self.name())
    }
}

fn in_bucket(config: &Config, name: &str, prefix: &str) -> anyhow::Result<Arc<dyn Files>> {
    let options = bucket(config, name.to_owned(), prefix.to_owned())?;
    Ok(Arc::new(BucketFiles::new(options, &std::env::temp_dir())?))
}

fn database(url: &str) -> PostgresOptions {
    PostgresOptions {
        password: std::env::var(PASSWORD_VARIABLE).ok().map(Into::into),
        ..PostgresOptions::new(url)
    }
}

fn in_database(url: &str) -> anyhow::Result<Arc<dyn Files>> {
    let files = PostgresFiles::new(&database(url), &std::env::temp_dir());
    Ok(Arc::new(files.map_err(unusable)?))
}

fn unusable(error: impl std::error::Error) -> anyhow::Error {
    anyhow::anyhow!("the database cannot be used: {}", with_causes(&error))
}

/// Copies files.
///
/// # Errors
///
/// When they could not be copied; what was is gone on with by the same command.
pub(crate) fn copy_files(options: &cli::CopyFiles) -> anyhow::Result<ExitCode> {
    let (from, to) = (Place::read(&options.from), Place::read(&options.to));
    let config = Config::load(options.configured.config.as_deref())?;
    ensure!(from != to, "--from and --to are the same place");
    block_on(async {
        let ((source, used), target) = (from.open(&config).await?, to.open_target(&config).await?);
        let (marked, there) = (source.mark().await?, target.mark().await?);
        let is_anothers = there.is_some() && there != marked;
        ensure!(!is_anothers, "{} has files of another store; name an empty place", to.name());
        let carried = carry_files(&*source, &*target, &progress()).await;
        let carried = carried.context("not all files were copied; copy again")?;
        let FilesCarried { carried, there, bytes } = carried;
        output::say(format_args!("{carried} files copied, {bytes} bytes; {there} were there"));
        // One may have been started meanwhile.
        let used = match used {
            Use::AServers => used,
            Use::Nobodys => from.use_by_others(&config).await?,
        };
        let (from, to) = (from.name(), to.name());
        match (used, marked) {
            (Use::AServers, _) => output::say(format_args!(
                "a server uses {from}: stop it and copy again, before one is started over {to}"
            )),
            (Use::Nobodys, None) => output::say(format_args!("{from} belongs to no store")),
            (Use::Nobodys, Some(mark)) => {
                target.set_mark(mark).await?;
                output::say(format_args!("{to} has all files and may be named in chat.files"));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn progress() -> impl Fn(&FilesCarried) + Sync {
    let told = std::sync::atomic::AtomicU64::new(0);
    move |done: &FilesCarried| {
        let all = done.carried + done.there;
        let before = told.swap(all / TOLD_EVERY, std::sync::atomic::Ordering::Relaxed);
        if before != all / TOLD_EVERY {
            output::progress(format_args!("{all} files are there"));
        }
    }
}
