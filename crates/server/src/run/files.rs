//! The directory of files as it is configured: opened, and refused with a sentence that says what
//! to do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use handoff_content::directory::{self, Adopt, DirectoryError};
use handoff_engine::Core;
use handoff_store::{DiskFiles, FilesOptions, Sharing};

use crate::config::Config;

/// Opens the directory of files, which is made if there is none.
///
/// # Errors
///
/// When it cannot be opened, as while another process has it open.
pub(crate) async fn open(directory: PathBuf, sharing: Sharing) -> anyhow::Result<Arc<DiskFiles>> {
    let named = directory.display().to_string();
    let options = match sharing {
        Sharing::Alone => FilesOptions::default(),
        Sharing::Nodes => FilesOptions::of_nodes(),
    };
    let opened =
        tokio::task::spawn_blocking(move || DiskFiles::open_with(directory, options)).await;
    let files = opened.context("opening the files was interrupted")?;
    Ok(Arc::new(
        files.with_context(|| format!("chat.files: the files in {named} cannot be opened"))?,
    ))
}

/// Returns who has the directory of files open: with a database that nodes share, all of them.
pub(crate) const fn sharing(config: &Config) -> Sharing {
    if config.store.url.is_empty() { Sharing::Alone } else { Sharing::Nodes }
}

/// What to do about a directory that is not the store's own.
pub(crate) const ADVICE: &str = "name the directory that belongs to this store in chat.files (and mount it), put back the database that these \
     files belong to, or, to use both together from now on, start once with `handoff serve --adopt-files`";

/// Makes a store and a directory of files each other's.
///
/// # Errors
///
/// When the directory is not the store's own, with a sentence that says what to do; when either
/// cannot be written.
pub(crate) async fn take_on(
    core: &Core,
    files: &DiskFiles,
    directory: &Path,
    adopt: Adopt,
) -> anyhow::Result<()> {
    directory::take_on(core, files, directory, adopt).await.map_err(|error| match error {
        DirectoryError::NotItsOwn(wrong) => {
            anyhow::anyhow!("chat.files: {}: {wrong}; {ADVICE}", directory.display())
        }
        other => other.into(),
    })
}

#[cfg(test)]
mod tests;
