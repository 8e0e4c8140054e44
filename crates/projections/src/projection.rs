//! What a projection is to whoever feeds it.

use std::collections::BTreeMap;
use std::time::Duration;

use handoff_domain::{Interaction, InteractionId, Time};
use handoff_store::{LogEnd, LogEntry};
use tokio::sync::watch;

/// A position of the log in one of its generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub generation: u64,
    pub position: u64,
}

/// How far a projection is. It is kept beside what was made of the log, and changes with it or not
/// at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing that it keeps counts: it is to be rebuilt.
    #[default]
    Outdated,
    /// It is being rebuilt, interaction by interaction in order of their ids.
    Rebuilding {
        /// Up to where the log is taken in; what comes later is followed afterwards.
        end: Cursor,
        /// The last interaction whose history was taken in.
        after: Option<InteractionId>,
        /// How many were.
        done: u64,
        /// How many there were at the beginning.
        total: u64,
    },
    /// It has everything up to a place of the log.
    Following(Cursor),
}

/// A projection could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    /// Somebody else moved it meanwhile, and nothing of the call took effect: look where it stands,
    /// and go on from there.
    #[error("another runner moved the projection meanwhile")]
    Overtaken,
    /// Its storage failed; nothing of the call took effect.
    #[error("the storage of a projection failed")]
    Storage(#[from] rusqlite::Error),
    /// Its file cannot be made or removed.
    #[error("the file of a projection cannot be made")]
    File(#[from] std::io::Error),
    /// What it keeps is not what it wrote.
    #[error("a projection keeps what it cannot read: {0}")]
    Unreadable(String),
}

/// What a projection takes in at once.
#[derive(Clone, Debug, Default)]
pub struct News {
    pub entries: Vec<LogEntry>,
    /// The interactions that they are about as they are now, which may be later than the entries;
    /// `None` for what is no more. Of the log a projection is given those that it reads.
    pub interactions: BTreeMap<InteractionId, Option<Interaction>>,
}

impl News {
    /// Returns entries alone.
    #[must_use]
    pub fn of(entries: Vec<LogEntry>) -> Self {
        Self { entries, ..Self::default() }
    }
}

/// What somebody makes of the log and keeps. Every method blocks for a moment.
///
/// Each change says from where to where it moves the projection, and takes effect only where that
/// stands: of two who feed the same one, the second is told so and has changed nothing.
pub trait Projection: Send + Sync + 'static {
    /// Returns its name, in the log, on the command line and in the diagnostics.
    fn name(&self) -> &'static str;

    /// Returns how far it is.
    ///
    /// # Errors
    ///
    /// Its storage's.
    fn standing(&self) -> Result<Standing, ProjectionError>;

    /// Tells whether it is given the interaction that an entry of the log is about.
    fn reads(&self, _entry: &LogEntry) -> bool {
        false
    }

    /// Takes entries in, each once, and moves on, in one transaction. While it is rebuilt these are
    /// the whole history of some interactions.
    ///
    /// # Errors
    ///
    /// [`ProjectionError::Overtaken`], or its storage's.
    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError>;

    /// Drops what it keeps and moves on, in one transaction. What it made of what happened before
    /// `settled` it may keep, and then is not to make again: since then nothing was removed from
    /// the store, and before it may have been.
    ///
    /// # Errors
    ///
    /// As [`Projection::apply`].
    fn rebuild(&self, from: Standing, to: Standing, settled: Time) -> Result<(), ProjectionError>;
}

/// Waits until a projection has everything of the log up to an end, as long as somebody is patient;
/// tells whether it has. While it is made anew it is not waited for.
pub(crate) async fn reaches(
    standing: &watch::Sender<Standing>,
    end: LogEnd,
    patience: Duration,
) -> bool {
    let mut standing = standing.subscribe();
    let has = |standing: &Standing| match standing {
        Standing::Following(at) => {
            Some(at.generation == end.generation && at.position >= end.position)
        }
        Standing::Outdated | Standing::Rebuilding { .. } => None,
    };
    let settled = standing.wait_for(|standing| has(standing) != Some(false));
    match tokio::time::timeout(patience, settled).await {
        Ok(Ok(standing)) => has(&standing) == Some(true),
        Ok(Err(_)) | Err(_) => false,
    }
}
