//! `handoff export`: a contact center is written as a center file, by the server that serves it or
//! from the store that no server has.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use handoff_engine::Directory;
use handoff_provision::{Reader, center_named, write_down};
use handoff_store::Store;
use http_body_util::{BodyExt as _, Limited};
use tempfile::NamedTempFile;
use url::form_urlencoded;

use crate::cli::Export;
use crate::config::Config;
use crate::runtime::block_on;
use crate::serving::{LOST, Serving};
use crate::stored::Stored;
use crate::{output, telemetry};

/// Most bytes that are taken from a server: a multiple of what it takes in.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Writes a contact center.
///
/// # Errors
///
/// When it cannot be read, as while it is not known which is meant, or the file not be written.
pub(crate) fn export(options: &Export) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    telemetry::start(&config.log)?;
    let text = block_on(async {
        match Serving::find(&config.store.path, &options.elsewhere).await? {
            Some(serving) => ask(serving, options).await,
            None => read(&config, options).await,
        }
    })?;
    match &options.file {
        None => output::say(text.trim_end()),
        Some(file) => {
            write(file, &text).with_context(|| format!("{} cannot be written", file.display()))?
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Has a server write it, which knows who asks.
async fn ask(mut serving: Serving, options: &Export) -> anyhow::Result<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(name) = &options.center {
        query.append_pair("name", name);
    }
    if options.password_hashes {
        query.append_pair("passwordHashes", "true");
    }
    let answer = serving.get(&query.finish()).await?;
    let text = Limited::new(answer, BYTES_MAX).collect().await;
    let text = text.map_err(|error| anyhow::anyhow!(error)).context(LOST)?;
    String::from_utf8(text.to_bytes().into()).context("the answer is not as expected")
}

async fn read(config: &Config, options: &Export) -> anyhow::Result<String> {
    let directory = config.store.path.display();
    let is_there = Stored::exists(&config.store);
    ensure!(is_there, "there is no store in {directory}; name the server's file with --config");
    let stored = Stored::open(&config.store).await?;
    let text = written(&*stored.store(), options).await;
    stored.close().await;
    text
}

async fn written(store: &dyn Store, options: &Export) -> anyhow::Result<String> {
    let directory = Directory::load(store).await?;
    let center = center_named(&directory, options.center.as_deref());
    let center = center.context("--center")?;
    let reader =
        if options.password_hashes { Reader::OperatorWithHashes } else { Reader::Operator };
    Ok(write_down(store, &directory, center, reader)?)
}

/// Writes a file whole or not at all, in the place of one that is there, for its owner alone.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if path.exists() && !path.is_file() {
        // A pipe or a terminal is nothing to put a file in the place of.
        return Ok(std::fs::write(path, text)?);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
