//! Counters by queue and by agent: what waits and for how long, and for each quarter of an hour
//! what came, was offered, was taken and ended.
//!
//! They are made of facts alone, so that history and log say the same. To know which queue an offer
//! or an end belongs to, and who owned what ended, they keep for each interaction that is not over
//! where it is.

mod figures;
mod tally;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use handoff_domain::InteractionId;
use handoff_store::{LogEntry, SubjectKey};
use rusqlite::{Connection, OptionalExtension, params};

use crate::file::{ProjectionFile, Shape, unreadable};
use crate::projection::{News, Projection, ProjectionError, Standing};

pub use figures::{Figures, Waiting};
pub use tally::{Place, QUARTER_MS, Quarter, QueueOrAgent, Tally, quarter_of};

/// How long quarters of an hour are kept: three months.
pub const KEPT_QUARTERS: i64 = 92 * 24 * 4;

const SHAPE: Shape = Shape {
    form: 1,
    tables: "
        CREATE TABLE places (
          interaction TEXT NOT NULL PRIMARY KEY, queue TEXT, since INTEGER, owner TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX waiting ON places (queue, since) WHERE since IS NOT NULL;
        CREATE TABLE quarters (
          quarter INTEGER NOT NULL, counted TEXT NOT NULL, entered INTEGER NOT NULL,
          offered INTEGER NOT NULL, accepted INTEGER NOT NULL, ended INTEGER NOT NULL,
          longest_wait_ms INTEGER NOT NULL, PRIMARY KEY (quarter, counted)
        ) STRICT, WITHOUT ROWID;",
};
const PLACE_READ: &str = "SELECT queue, since, owner FROM places WHERE interaction = $1";
const PLACE_WRITE: &str = "INSERT INTO places (interaction, queue, since, owner) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (interaction) DO UPDATE SET \
    queue = excluded.queue, since = excluded.since, owner = excluded.owner";
const PLACE_REMOVE: &str = "DELETE FROM places WHERE interaction = $1";
const COUNT: &str = "INSERT INTO quarters \
    (quarter, counted, entered, offered, accepted, ended, longest_wait_ms) \
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (quarter, counted) DO UPDATE SET \
    entered = entered + excluded.entered, offered = offered + excluded.offered, \
    accepted = accepted + excluded.accepted, ended = ended + excluded.ended, \
    longest_wait_ms = max(longest_wait_ms, excluded.longest_wait_ms)";
const FORGET: &str = "DELETE FROM quarters WHERE quarter < $1";
const DROP: &str = "DELETE FROM places; DELETE FROM quarters;";

/// The counters, in a file of their own.
#[derive(Debug)]
pub struct Counters {
    file: ProjectionFile,
}

impl Counters {
    pub const NAME: &str = "counters";
    /// The file's name in the data directory.
    pub const FILE: &str = "counters.db";

    /// Opens the file, and makes it if there is none.
    ///
    /// # Errors
    ///
    /// When it can be neither opened nor made.
    pub fn open(path: &Path) -> Result<Self, ProjectionError> {
        Ok(Self { file: ProjectionFile::open(path, &SHAPE)? })
    }

    #[cfg(test)]
    pub(crate) const fn file(&self) -> &ProjectionFile {
        &self.file
    }

    /// Says that they are to be rebuilt. Whoever feeds them begins with it in its next round, also
    /// in another process.
    ///
    /// # Errors
    ///
    /// The file's.
    pub fn ask_for_rebuild(&self) -> Result<(), ProjectionError> {
        self.file.outdate()
    }

    /// Returns what they show, with the quarters of an hour from `since` on.
    ///
    /// # Errors
    ///
    /// The file's.
    pub fn figures(&self, since: Quarter) -> Result<Figures, ProjectionError> {
        let mut connection = self.file.connection();
        let transaction = connection.transaction()?;
        figures::read(&transaction, since)
    }
}

impl Projection for Counters {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn standing(&self) -> Result<Standing, ProjectionError> {
        self.file.standing()
    }

    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        self.file.change(from, to, |transaction| count(transaction, &news.entries))
    }

    fn rebuild(&self, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        self.file.change(from, to, |transaction| Ok(transaction.execute_batch(DROP)?))
    }
}

/// Counts entries.
pub(crate) fn count(connection: &Connection, entries: &[LogEntry]) -> Result<(), ProjectionError> {
    let mut places = BTreeMap::new();
    let mut tallies: BTreeMap<(Quarter, QueueOrAgent), Tally> = BTreeMap::new();
    for entry in entries {
        let SubjectKey::Interaction(id) = entry.subject else { continue };
        let place = match places.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(read_place(connection, id)?),
        };
        for (whose, tally) in place.follow(entry) {
            tallies.entry((quarter_of(entry.at), whose)).or_default().add(tally);
        }
    }
    for (id, place) in places {
        write_place(connection, id, place)?;
    }
    let newest = tallies.keys().map(|(quarter, _)| *quarter).max();
    for ((quarter, whose), tally) in tallies {
        write_tally(connection, quarter, whose, tally)?;
    }
    if let Some(newest) = newest {
        connection.prepare_cached(FORGET)?.execute([newest - KEPT_QUARTERS])?;
    }
    Ok(())
}

fn read_place(connection: &Connection, id: InteractionId) -> Result<Place, ProjectionError> {
    let mut statement = connection.prepare_cached(PLACE_READ)?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let found: Option<(Option<String>, Option<i64>, Option<String>)> =
        statement.query_row([id.stored()], row).optional()?;
    let Some((queue, since, owner)) = found else { return Ok(Place::default()) };
    Ok(Place {
        queue: queue.map(|id| id.parse()).transpose().map_err(|_| unreadable("a queue"))?,
        since: since.map(handoff_domain::Time),
        owner: owner.map(|id| id.parse()).transpose().map_err(|_| unreadable("an owner"))?,
    })
}

fn write_place(
    connection: &Connection,
    id: InteractionId,
    place: Place,
) -> Result<(), ProjectionError> {
    if place == Place::default() {
        connection.prepare_cached(PLACE_REMOVE)?.execute([id.stored()])?;
        return Ok(());
    }
    connection.prepare_cached(PLACE_WRITE)?.execute(params![
        id.stored(),
        place.queue.map(|queue| queue.stored()),
        place.since.map(|since| since.0),
        place.owner.map(|owner| owner.stored()),
    ])?;
    Ok(())
}

fn write_tally(
    connection: &Connection,
    quarter: Quarter,
    whose: QueueOrAgent,
    tally: Tally,
) -> Result<(), ProjectionError> {
    let Tally { entered, offered, accepted, ended, longest_wait_ms } = tally;
    let [entered, offered, accepted, ended, longest] =
        [entered, offered, accepted, ended, longest_wait_ms].map(u64::cast_signed);
    connection.prepare_cached(COUNT)?.execute(params![
        quarter,
        whose.stored(),
        entered,
        offered,
        accepted,
        ended,
        longest
    ])?;
    Ok(())
}
