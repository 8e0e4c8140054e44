//! `handoff copy`: all that one store has into another, from SQLite to PostgreSQL and back; also
//! out of a store that a server serves, which takes no writes for the last of it.

pub(crate) mod files;
pub(crate) mod rest;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::{Context as _, bail};
use handoff_engine::{Clock as _, SystemClock};
use handoff_store::{
    Bulk, Carried, Copy, CopyProgress, PostgresBulk, PostgresOptions, SqliteBulk, with_causes,
};

use crate::cli;
use crate::runtime::block_on;
use crate::stored::DATABASE;
use crate::{local, output};

/// What the address of an embedded store begins with.
const SQLITE: &str = "sqlite:";
/// After how many rows of a table it is told how far it is.
const TOLD_EVERY: u64 = 10_000;

/// Where the password of the database may be that is not in its address.
const PASSWORD_VARIABLE: &str = "HANDOFF_PASSWORD";

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In a data directory.
    Embedded(PathBuf),
    /// In a database, by its address.
    Shared(String),
}

impl Place {
    fn read(option: &str, address: &str) -> anyhow::Result<Self> {
        if let Some(path) = address.strip_prefix(SQLITE) {
            let path = Path::new(path);
            // Whoever names the file means its directory.
            let directory = match path.file_name() {
                Some(name) if name == DATABASE => path.parent().unwrap_or(Path::new("")),
                _ => path,
            };
            return Ok(Self::Embedded(directory.to_owned()));
        }
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            return Ok(Self::Shared(address.to_owned()));
        }
        bail!("{option} is none of {SQLITE}DIRECTORY and postgres://USER@HOST/DATABASE")
    }

    /// Opens what is copied into, or out of while nobody serves it.
    async fn open(&self) -> anyhow::Result<Box<dyn Bulk>> {
        Ok(match self {
            Self::Embedded(directory) => Box::new(embedded(directory).await?),
            Self::Shared(url) => {
                let options = PostgresOptions {
                    password: std::env::var(PASSWORD_VARIABLE).ok().map(Into::into),
                    ..PostgresOptions::new(url.as_str())
                };
                Box::new(PostgresBulk::open(options).await.map_err(|error| {
                    anyhow::anyhow!("the database cannot be used: {}", with_causes(&error))
                })?)
            }
        })
    }
}

async fn embedded(directory: &Path) -> anyhow::Result<SqliteBulk> {
    let path = directory.join(DATABASE);
    let opened = tokio::task::spawn_blocking(move || SqliteBulk::open(path)).await?;
    opened.with_context(|| unopened(directory))
}

fn unopened(directory: &Path) -> String {
    format!("the store in {} cannot be opened", directory.display())
}

/// Copies a store.
///
/// # Errors
///
/// When it could not be copied; what was is gone on with by the same command.
pub(crate) fn copy(options: &cli::Copy) -> anyhow::Result<ExitCode> {
    let (from, to) = (Place::read("--from", &options.from)?, Place::read("--to", &options.to)?);
    block_on(async {
        let target = to.open().await?;
        let carried = match &from {
            Place::Embedded(directory) => match local::connect(directory).await? {
                Some(_) => copy_beside(directory, &*target).await?,
                None => copy_alone(directory, &*target).await?,
            },
            Place::Shared(_) => copy_shared(&*from.open().await?, &*target).await?,
        };
        told(&carried);
        if let Place::Embedded(directory) = &from {
            let directory = directory.display();
            output::say(format_args!("the store in {directory} is not served again: it was moved"));
        }
        output::say(format_args!("{} is whole and may be served", target.name()));
        output::say(
            "its files stay where they are: name that place in chat.files, or copy them by `handoff copy-files`",
        );
        Ok(ExitCode::SUCCESS)
    })
}

/// Copies out of a data directory that nobody serves.
async fn copy_alone(directory: &Path, to: &dyn Bulk) -> anyhow::Result<Vec<Carried>> {
    let path = directory.join(DATABASE);
    anyhow::ensure!(path.exists(), "there is no store in {}", directory.display());
    let source = embedded(directory).await?;
    let progress = progress();
    let copy = Copy::begin(&source, to, &progress).await?;
    copy.pass().await?;
    let settled = copy.settle().await?;
    source.mark_moved(to.name())?;
    Ok(copy.finish(settled, &salt()).await?)
}

/// Copies out of a database that no node serves.
async fn copy_shared(source: &dyn Bulk, to: &dyn Bulk) -> anyhow::Result<Vec<Carried>> {
    let is_served = source.is_served().await?;
    anyhow::ensure!(!is_served, "nodes are at work on {}; stop them", source.name());
    let progress = progress();
    let copy = Copy::begin(source, to, &progress).await?;
    copy.pass().await?;
    Ok(copy.finish(copy.settle().await?, &salt()).await?)
}

/// Copies out of a store that a server on this machine serves.
async fn copy_beside(directory: &Path, to: &dyn Bulk) -> anyhow::Result<Vec<Carried>> {
    let source = SqliteBulk::open_beside(directory.join(DATABASE));
    let source = source.with_context(|| unopened(directory))?;
    let progress = progress();
    let copy = Copy::begin(&source, to, &progress).await?;
    copy.pass().await?;
    output::progress("the server takes no writes until the rest is copied");
    let rest = rest::ask(directory).await?;
    let settled = copy.settle().await?;
    // Before the copy may be served: from here on a server that is started anew refuses to serve
    // the source.
    rest.for_good(to.name()).await?;
    let carried = copy
        .finish(settled, &salt())
        .await
        .context("the server takes no writes any more, and the copy is not whole; copy again")?;
    output::say("the server takes no writes any more; stop it, and start it on the copy");
    Ok(carried)
}

/// Returns what no other copy has.
fn salt() -> String {
    SystemClock::default().now().0.to_string()
}

fn progress() -> impl Fn(CopyProgress) + Sync {
    let told = Mutex::new(None);
    move |CopyProgress { table, rows }| {
        let here = Some((table, rows / TOLD_EVERY));
        if let Ok(mut told) = told.lock()
            && *told != here
        {
            *told = here;
            output::progress(format_args!("{table}: {rows} rows"));
        }
    }
}

/// Says what was compared at last, table by table.
fn told(carried: &[Carried]) {
    for Carried { table, rows, hash, .. } in carried.iter().filter(|it| it.rows > 0) {
        output::say(format_args!("{table:<20} {rows:>12} rows alike, {hash:016x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_told_by_how_they_begin() {
        let embedded = |path: &str| Place::Embedded(path.into());
        let table = [
            ("sqlite:handoff-data", embedded("handoff-data")),
            ("sqlite:/var/lib/handoff/", embedded("/var/lib/handoff/")),
            ("sqlite:/var/lib/handoff/handoff.db", embedded("/var/lib/handoff")),
            ("postgres://h/d", Place::Shared("postgres://h/d".to_owned())),
            ("postgresql://h/d", Place::Shared("postgresql://h/d".to_owned())),
        ];
        for (address, expected) in table {
            assert_eq!(Place::read("--from", address).unwrap(), expected, "{address}");
        }
        for address in ["", "handoff-data", "mysql://h/d", "host=h dbname=d"] {
            let refused = Place::read("--to", address).unwrap_err().to_string();
            assert!(refused.starts_with("--to is none of "), "{refused}");
        }
    }
}
