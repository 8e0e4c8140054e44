//! Counters: what waits and for how long, and for each quarter of an hour what came, was offered,
//! was taken and ended, and how long that took; of a contact center as a whole, and by queue,
//! agent, channel, service and disposition (docs/api/statistics.md).
//!
//! They are made of facts alone, so that history and log say the same; only what never changes of
//! an interaction is read from its record, with its first entry. To know what a fact counts for,
//! they keep for each interaction that is not over where it is.
//!
//! Quarters of an hour become days after three months ([`Fold`]), which are kept for good. What
//! retention removes stays counted, also through a rebuild.

mod asked;
mod figures;
mod fold;
mod kept;
mod place;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;
use std::sync::Arc;

use handoff_domain::{CenterId, Fact, InteractionId, Time};
use handoff_engine::{Counted, QUARTER_MS, Tally};
use handoff_store::{LogEntry, SubjectKey};
use rusqlite::{Connection, OptionalExtension, Transaction};
use tokio::sync::{Semaphore, watch};

use crate::file::{ProjectionFile, Reading};
use crate::projection::{News, Projection, ProjectionError, Standing};
use place::{About, Place};

pub use figures::{Figures, Waiting};
pub use fold::Fold;

/// How long quarters of an hour are kept: three months.
pub const KEPT_QUARTERS: i64 = 92 * 24 * 4;

/// How many questions are answered at once; the others wait. One goes through a million rows at
/// most.
const AT_ONCE: usize = 2;

const SETTLED: &str = "SELECT position, quarter FROM settled";
const SETTLE: &str = "INSERT OR REPLACE INTO settled (id, position, quarter) VALUES (1, ?1, ?2)";
const UNSETTLE: &str = "DELETE FROM settled";
const DROP_FROM: &str = "DELETE FROM quarters WHERE quarter >= ?1";
const DROP: &str = "DELETE FROM quarters; DELETE FROM folded";
const DROP_PLACES: &str = "DELETE FROM places";

/// A quarter of an hour, counted from the beginning of 1970.
pub type Quarter = i64;

/// Returns the quarter of an hour that a time is in.
#[must_use]
pub const fn quarter_of(at: Time) -> Quarter {
    at.0.div_euclid(QUARTER_MS)
}

/// What a tally is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub quarter: Quarter,
    pub center: CenterId,
    pub counted: Counted,
}

/// The counters, in a file of their own.
#[derive(Debug)]
pub struct Counters {
    file: ProjectionFile,
    reading: Arc<Reading>,
    places: Arc<Semaphore>,
    standing: watch::Sender<Standing>,
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
        let file = ProjectionFile::open(path, &kept::SHAPE)?;
        let standing = watch::Sender::new(file.standing()?);
        let reading = Arc::new(Reading::of(path));
        Ok(Self { file, reading, places: Arc::new(Semaphore::new(AT_ONCE)), standing })
    }

    #[cfg(test)]
    pub(crate) const fn file(&self) -> &ProjectionFile {
        &self.file
    }

    /// Says that they are to be rebuilt. Whoever feeds them begins with it in its next round, also
    /// in another process. Those that are being rebuilt go on.
    ///
    /// # Errors
    ///
    /// The file's.
    pub fn ask_for_rebuild(&self) -> Result<(), ProjectionError> {
        let from = self.file.standing()?;
        let Standing::Following(at) = from else { return Ok(()) };
        // Whoever feeds them may move them meanwhile.
        match self.file.change(from, Standing::Outdated, |transaction| {
            Settled { position: at.position, quarter: Quarter::MAX }.write(transaction)
        }) {
            Err(ProjectionError::Overtaken) => self.ask_for_rebuild(),
            asked => asked,
        }
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

    fn tell(
        &self,
        changed: Result<(), ProjectionError>,
        to: Standing,
    ) -> Result<(), ProjectionError> {
        if changed.is_ok() {
            self.standing.send_replace(to);
        }
        changed
    }
}

impl Projection for Counters {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn standing(&self) -> Result<Standing, ProjectionError> {
        self.file.standing()
    }

    fn reads(&self, entry: &LogEntry) -> bool {
        is_first(entry)
    }

    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        let changed = self.file.change(from, to, |transaction| {
            count(transaction, news)?;
            if matches!(to, Standing::Following(_)) {
                transaction.prepare_cached(UNSETTLE)?.execute([])?;
            }
            Ok(())
        });
        self.tell(changed, to)
    }

    fn rebuild(&self, from: Standing, to: Standing, settled: Time) -> Result<(), ProjectionError> {
        let changed =
            self.file.change(from, to, |transaction| begin_anew(transaction, from, settled));
        self.tell(changed, to)
    }
}

fn is_first(entry: &LogEntry) -> bool {
    entry.facts.contains(&Fact::Opened)
}

/// What a rebuild keeps: what came up to a position of the log and happened before a quarter of an
/// hour. Everything else is counted anew. Positions of another generation are larger than all that
/// were before, so it may have begun meanwhile.
#[derive(Clone, Copy, Debug)]
struct Settled {
    position: u64,
    quarter: Quarter,
}

impl Settled {
    fn read(connection: &Connection) -> Result<Option<Self>, ProjectionError> {
        let mut statement = connection.prepare_cached(SETTLED)?;
        let read = statement.query_row([], |row| {
            Ok(Self { position: row.get::<_, i64>(0)?.cast_unsigned(), quarter: row.get(1)? })
        });
        Ok(read.optional()?)
    }

    fn write(self, connection: &Connection) -> Result<(), ProjectionError> {
        let numbers = [self.position.cast_signed(), self.quarter];
        connection.prepare_cached(SETTLE)?.execute(numbers)?;
        Ok(())
    }

    const fn has(self, entry: &LogEntry) -> bool {
        entry.position <= self.position && quarter_of(entry.at) < self.quarter
    }
}

/// Drops what is to be counted anew: what happened since nothing was removed from the store, or
/// everything where nothing is known of what was counted.
fn begin_anew(
    transaction: &Transaction<'_>,
    from: Standing,
    settled: Time,
) -> Result<(), ProjectionError> {
    let counted = match from {
        Standing::Following(at) => Some(at.position),
        Standing::Outdated => Settled::read(transaction)?.map(|it| it.position),
        // What a rebuild keeps is as it was before it, and stays so.
        Standing::Rebuilding { .. } => {
            if let Some(Settled { quarter, .. }) = Settled::read(transaction)? {
                transaction.execute_batch(DROP_PLACES)?;
                transaction.execute(DROP_FROM, [quarter])?;
                return Ok(());
            }
            None
        }
    };
    transaction.execute_batch(DROP_PLACES)?;
    if let Some(position) = counted {
        // In the quarter of an hour itself something may be older.
        let quarter = quarter_of(settled) + 1;
        transaction.execute(DROP_FROM, [quarter])?;
        return Settled { position, quarter }.write(transaction);
    }
    transaction.execute_batch(DROP)?;
    transaction.execute(UNSETTLE, [])?;
    Ok(())
}

/// Counts entries, but for those of a rebuild that are counted already.
pub(crate) fn count(connection: &Connection, news: &News) -> Result<(), ProjectionError> {
    let settled = Settled::read(connection)?;
    let mut places: BTreeMap<InteractionId, Option<Place>> = BTreeMap::new();
    let mut tallies: BTreeMap<Key, Tally> = BTreeMap::new();
    for entry in &news.entries {
        let SubjectKey::Interaction(id) = entry.subject else { continue };
        let place = match places.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(kept::read_place(connection, id)?),
        };
        if is_first(entry) {
            let record = news.interactions.get(&id).and_then(Option::as_ref);
            *place = record.map(|record| Place::new(About::of(record)));
        }
        // What is over counts no more, whatever is written down of it.
        let Some(place) = place.as_mut().filter(|place| !place.is_over) else { continue };
        let (quarter, center) = (quarter_of(entry.at), place.about.center);
        let is_counted = settled.is_some_and(|settled| settled.has(entry));
        for (counted, tally) in place.follow(entry) {
            if !is_counted {
                tallies.entry(Key { quarter, center, counted }).or_default().add(tally);
            }
        }
    }
    for (id, place) in places {
        if let Some(place) = place {
            kept::write_place(connection, id, &place)?;
        }
    }
    for (key, tally) in tallies {
        kept::add_tally(connection, &key, tally)?;
    }
    Ok(())
}
