//! The place of files as it is configured: opened, and refused with a sentence that says what to
//! do.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use handoff_content::directory::{self, Adopt, DirectoryError, FilesPlace, Reached};
use handoff_engine::Core;
use handoff_store::{DiskFiles, Files, FilesOptions, PostgresFiles};

use crate::config::{Config, FilesIn};
use crate::stored;

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
        FilesIn::Database => {
            let options = stored::options(&config.store)?;
            let files = PostgresFiles::new(&options, &config.store.path);
            (Arc::new(files.context("chat.files")?), Reached::ByAll)
        }
    };
    Ok(Opened { files, name, reached })
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

#[cfg(test)]
mod tests;
