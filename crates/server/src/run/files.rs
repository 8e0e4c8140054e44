//! The place of files as it is configured: opened, and refused with a sentence that says what to
//! do.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use handoff_content::directory::{self, Adopt, DirectoryError, FilesPlace, Reached};
use handoff_engine::{Core, Worker};
use handoff_store::{
    BucketFiles, BucketOptions, DiskFiles, Files, FilesError, FilesOptions, PostgresFiles,
    StoreError,
};

use crate::config::{Config, FilesIn};
use crate::stored;

/// How often it is looked whether files can be kept: soon enough for whoever watches, and a small
/// request.
const WATCHED_EVERY: Duration = Duration::from_secs(10);

/// An open place of files.
pub(crate) struct Opened {
    pub(crate) files: Arc<dyn Files>,
    name: String,
    reached: Reached,
}

impl Opened {
    pub(crate) fn place(&self) -> FilesPlace<'_> {
        FilesPlace { files: &*self.files, name: &self.name, reached: self.reached }
    }
}

/// Opens the place of files; a directory is made if there is none. The database's schema is up to
/// date before.
///
/// # Errors
///
/// When it cannot be opened, as a directory while another process has it open.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Opened> {
    let (place, is_shared) = (config.files(), !config.store.url.is_empty());
    let name = place.name();
    let (files, reached): (Arc<dyn Files>, _) = match place {
        FilesIn::Directory(path) if is_shared => {
            (open_directory(path, FilesOptions::of_nodes()).await?, Reached::ByThisNode)
        }
        FilesIn::Directory(path) => {
            (open_directory(path, FilesOptions::default()).await?, Reached::ByAll)
        }
        FilesIn::Bucket { name, prefix } => {
            let options = bucket(config, name, prefix)?;
            let files = BucketFiles::new(options, &config.store.path);
            (Arc::new(files.context("chat.files")?), Reached::ByAll)
        }
        FilesIn::Database => {
            let options = stored::options(&config.store)?;
            let files = PostgresFiles::new(&options, &config.store.path);
            (Arc::new(files.context("chat.files")?), Reached::ByAll)
        }
    };
    Ok(Opened { files, name, reached })
}

/// Returns a bucket and who may use it, as it is configured.
///
/// # Errors
///
/// When the file with the secret cannot be read.
pub(crate) fn bucket(
    config: &Config,
    bucket: String,
    prefix: String,
) -> anyhow::Result<BucketOptions> {
    let s3 = &config.s3;
    let secret = match s3.secret_file.as_os_str().is_empty() {
        true => s3.secret.reveal().to_owned(),
        false => std::fs::read_to_string(&s3.secret_file).with_context(|| {
            format!("s3.secret_file: {} cannot be read", s3.secret_file.display())
        })?,
    };
    Ok(BucketOptions {
        bucket,
        prefix,
        endpoint: s3.endpoint.trim_end_matches('/').to_owned(),
        region: s3.region.clone(),
        key: s3.key.clone(),
        secret: secret.trim_end_matches(['\r', '\n']).into(),
        authorities: Some(s3.authorities.clone()).filter(|path| !path.as_os_str().is_empty()),
    })
}

async fn open_directory(path: PathBuf, options: FilesOptions) -> anyhow::Result<Arc<DiskFiles>> {
    let named = path.display().to_string();
    let opened = tokio::task::spawn_blocking(move || DiskFiles::open_with(path, options)).await;
    let files = opened.context("opening the files was interrupted")?;
    Ok(Arc::new(
        files.with_context(|| format!("chat.files: the files in {named} cannot be opened"))?,
    ))
}

/// What to do about a place that is not the store's own.
pub(crate) const ADVICE: &str = "name the place of this store's files in chat.files (and mount it), move them here (`handoff copy-files`), put back \
     the database that these files belong to, or, to use both together from now on, start once with `handoff serve --adopt-files`";

/// Makes a store and a place of files each other's.
///
/// # Errors
///
/// When the place is not the store's own, with a sentence that says what to do; when either cannot
/// be written.
pub(crate) async fn take_on(core: &Core, opened: &Opened, adopt: Adopt) -> anyhow::Result<()> {
    directory::take_on(core, opened.place(), adopt).await.map_err(|error| match error {
        DirectoryError::NotItsOwn(wrong) => {
            anyhow::anyhow!("chat.files: {}: {wrong}; {ADVICE}", opened.name)
        }
        DirectoryError::Files(error) => {
            anyhow::Error::from(error).context(format!("chat.files: {}", opened.name))
        }
        other => other.into(),
    })
}

/// Says on `/readyz` what keeps files from being kept where nothing else tells. That is no reason
/// not to be ready: every node would say so, and what needs no files is served.
pub(crate) struct Watch {
    files: Arc<dyn Files>,
    trouble: Mutex<Option<&'static str>>,
}

impl Watch {
    /// Returns one where files are in a bucket; a database and a disk are looked at anyway.
    pub(crate) fn of(config: &Config, files: &Arc<dyn Files>) -> Option<Arc<dyn Worker>> {
        let FilesIn::Bucket { .. } = config.files() else { return None };
        Some(Arc::new(Self { files: files.clone(), trouble: Mutex::default() }))
    }
}

#[async_trait]
impl Worker for Watch {
    fn name(&self) -> &'static str {
        "files"
    }

    fn period(&self) -> Duration {
        WATCHED_EVERY
    }

    fn detail(&self) -> Option<String> {
        let trouble = *self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.map(|why| format!("{why}; the log says more"))
    }

    async fn round(&self) -> Result<(), StoreError> {
        let found = self.files.ready().await.err();
        let why = found.as_ref().map(FilesError::in_short);
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (*trouble, &found) {
            (before, Some(error)) if before != why => tracing::warn!(
                error = error as &dyn std::error::Error,
                "files can be neither kept nor read"
            ),
            (Some(_), None) => tracing::info!("files can be kept and read again"),
            _ => {}
        }
        *trouble = why;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
