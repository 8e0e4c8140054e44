//! What a projection is to whoever feeds it.

use std::collections::BTreeMap;

use handoff_domain::{Interaction, InteractionId};
use handoff_store::LogEntry;

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
    /// `None` for what is no more. Only a projection that reads records is given any.
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

    /// Tells whether it is given the interactions beside the entries.
    fn reads_interactions(&self) -> bool {
        false
    }

    /// Takes entries in, each once, and moves on, in one transaction. While it is rebuilt these are
    /// the whole history of some interactions.
    ///
    /// # Errors
    ///
    /// [`ProjectionError::Overtaken`], or its storage's.
    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError>;

    /// Drops everything that it keeps and moves on, in one transaction.
    ///
    /// # Errors
    ///
    /// As [`Projection::apply`].
    fn rebuild(&self, from: Standing, to: Standing) -> Result<(), ProjectionError>;
}
