//! `handoff backup` and `handoff restore`: all that an embedded store and its directory of files
//! have, into a directory of backups and out of it again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, ensure};
use handoff_domain::Time;
use handoff_engine::{Clock as _, SystemClock};
use handoff_postoffice::key;
use handoff_store::{Backup, BackupProgress, BackupSource, Backups};
use jiff::Timestamp;

use crate::cli;
use crate::config::{Config, FilesIn};
use crate::output;
use crate::stored::DATABASE;

/// After how many bytes it is told how far it is.
const TOLD_EVERY: u64 = 256 * 1024 * 1024;

/// Where a store and its files are.
struct Place {
    database: PathBuf,
    files: Option<PathBuf>,
}

impl Place {
    /// Finds what a configuration speaks of.
    fn of(config: &Config) -> anyhow::Result<Self> {
        ensure!(
            config.store.url.is_empty(),
            "store.url names a PostgreSQL database, which is backed up and restored by its own \
             tools (docs/operations/cluster.md)"
        );
        let files = match config.files() {
            FilesIn::Directory(path) => Some(path),
            other => {
                output::warn(format_args!(
                    "files are in {}, which is no part of a backup: let its own versions keep them",
                    other.name()
                ));
                None
            }
        };
        Ok(Self { database: config.store.path.join(DATABASE), files })
    }

    fn source(&self) -> BackupSource<'_> {
        let files = self.files.as_deref();
        BackupSource { database: &self.database, files, keys: &[key::FILE] }
    }
}

/// Backs up a store.
///
/// # Errors
///
/// When it could not be; the earlier backups are what they were.
pub(crate) fn backup(options: &cli::Backup) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    let place = Place::of(&config)?;
    ensure!(
        place.database.exists(),
        "there is no store in {}; name its configuration with --config",
        config.store.path.display()
    );
    let clock = SystemClock::default();
    let backups = Backups::create(&options.directory)?;
    let taken = backups.take(place.source(), &|| clock.now(), &progress())?;
    output::say(format_args!("{}, {} new", described(&taken.backup), bytes(taken.new_bytes)));
    if let Some(keep) = options.keep {
        let before = Time(taken.backup.taken.0.saturating_sub_unsigned(keep.ms()));
        let forgotten = backups.forget(before)?;
        output::say(format_args!(
            "{} older backups removed, {} free",
            forgotten.backups,
            bytes(forgotten.bytes)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores a store, or shows what can be.
///
/// # Errors
///
/// When it could not be; no server starts on what is half there.
pub(crate) fn restore(options: &cli::Restore) -> anyhow::Result<ExitCode> {
    let backups = Backups::open(&options.directory).with_context(|| {
        format!("the backups in {} cannot be read", options.directory.display())
    })?;
    let (listed, damaged) = backups.list()?;
    damaged.iter().for_each(output::warn);
    if options.list {
        listed.iter().for_each(|backup| output::say(described(backup)));
        return Ok(ExitCode::SUCCESS);
    }
    let to = options.to.map(|to| Time(to.as_millisecond()));
    let chosen = listed.iter().rfind(|backup| to.is_none_or(|to| backup.taken <= to));
    let Some(chosen) = chosen else {
        anyhow::bail!("there is no backup of so early a time; --list shows which there are")
    };
    if options.check {
        let read = backups.check(chosen.taken, &progress())?;
        output::say(format_args!("{}: whole, {} read", described(chosen), bytes(read)));
        return Ok(ExitCode::SUCCESS);
    }
    let config = Config::load(options.configured.config.as_deref())?;
    let place = Place::of(&config)?;
    ensure!(
        place.files.is_some() || chosen.files == 0,
        "the backup has files; name a directory for them in chat.files"
    );
    backups.restore(chosen.taken, place.source(), &progress())?;
    output::say(format_args!(
        "{}: restored to {}; start the server",
        described(chosen),
        config.store.path.display()
    ));
    Ok(ExitCode::SUCCESS)
}

fn described(backup: &Backup) -> String {
    let at = Timestamp::from_millisecond(backup.taken.0).unwrap_or_default();
    let (database, files) = (bytes(backup.database_bytes), bytes(backup.files_bytes));
    format!("{at:.3}  database {database}, files {files}")
}

fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{}.{} kB", count / 1_000, count % 1_000 / 100),
        _ => format!("{}.{} MB", count / 1_000_000, count % 1_000_000 / 100_000),
    }
}

fn progress() -> impl Fn(BackupProgress) {
    let told = AtomicU64::new(0);
    move |progress| match progress {
        BackupProgress::Pages { done, of } => {
            output::progress(format_args!("database: {done} of {of} pages copied"));
        }
        BackupProgress::Bytes(done) => {
            if told.swap(done / TOLD_EVERY, Ordering::Relaxed) != done / TOLD_EVERY {
                output::progress(format_args!("{} written or compared", bytes(done)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_round_figures() {
        let table = [(0, "0 B"), (999, "999 B"), (1_250, "1.2 kB"), (7_890_000_000, "7890.0 MB")];
        for (count, told) in table {
            assert_eq!(bytes(count), told);
        }
    }
}
