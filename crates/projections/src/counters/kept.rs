//! What the counters keep in their file, and how it is written there.

use handoff_domain::{CenterId, InteractionId, Media, OfferKind, Time};
use handoff_engine::{Counted, CountedBy, DispositionMark, Tally, Times};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::place::{About, Place};
use super::{Key, Quarter};
use crate::file::{Shape, unreadable};
use crate::projection::ProjectionError;

pub(super) const SHAPE: Shape = Shape {
    form: 2,
    is_for_good: true,
    tables: "
        CREATE TABLE places (
          interaction TEXT NOT NULL PRIMARY KEY, center TEXT NOT NULL, media TEXT NOT NULL,
          service TEXT, is_draft INTEGER NOT NULL, queue TEXT, since INTEGER, target_ms INTEGER,
          arrived INTEGER, is_answered INTEGER NOT NULL, offered_to TEXT,
          is_routed INTEGER NOT NULL, owner TEXT, held INTEGER, handled_ms INTEGER NOT NULL,
          disposition INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX waiting ON places (queue, since) WHERE since IS NOT NULL;
        CREATE TABLE quarters (
          center TEXT NOT NULL, kind TEXT NOT NULL, quarter INTEGER NOT NULL,
          counted TEXT NOT NULL, tally BLOB NOT NULL,
          PRIMARY KEY (center, kind, quarter, counted)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE folded (
          center TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE settled (
          id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL,
          quarter INTEGER NOT NULL
        ) STRICT;",
};
const PLACE_READ: &str = "SELECT center, media, service, is_draft, queue, since, target_ms, \
    arrived, is_answered, offered_to, is_routed, owner, held, handled_ms, disposition \
    FROM places WHERE interaction = ?1";
const PLACE_WRITE: &str = "INSERT OR REPLACE INTO places (interaction, center, media, service, \
    is_draft, queue, since, target_ms, arrived, is_answered, offered_to, is_routed, owner, held, \
    handled_ms, disposition) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
const PLACE_REMOVE: &str = "DELETE FROM places WHERE interaction = ?1";
const TALLY_READ: &str = "SELECT tally FROM quarters \
    WHERE center = ?1 AND kind = ?2 AND quarter = ?3 AND counted = ?4";
const TALLY_WRITE: &str = "INSERT OR REPLACE INTO quarters (center, kind, quarter, counted, tally) \
    VALUES (?1, ?2, ?3, ?4, ?5)";
const TALLY_REMOVE: &str = "DELETE FROM quarters \
    WHERE center = ?1 AND kind = ?2 AND quarter = ?3 AND counted = ?4";

/// Returns the place of an interaction that is not over and was seen to begin.
pub(super) fn read_place(
    connection: &Connection,
    id: InteractionId,
) -> Result<Option<Place>, ProjectionError> {
    let mut statement = connection.prepare_cached(PLACE_READ)?;
    let mut rows = statement.query([id.stored()])?;
    rows.next()?.map(place_of).transpose()
}

fn place_of(row: &Row<'_>) -> Result<Place, ProjectionError> {
    let time = |at: usize| row.get::<_, Option<i64>>(at).map(|ms| ms.map(Time));
    let center: String = row.get(0)?;
    let media: String = row.get(1)?;
    let about = About {
        center: center.parse().map_err(|_| unreadable("a contact center"))?,
        media: Media::from_name(&media),
        service: row.get(2)?,
        is_draft: row.get(3)?,
    };
    let kind = if row.get(10)? { OfferKind::Routed } else { OfferKind::Transfer };
    Ok(Place {
        about,
        queue: parsed(row, 4, "a queue")?,
        since: time(5)?,
        target_ms: row.get::<_, Option<i64>>(6)?.map(i64::cast_unsigned),
        arrived: time(7)?,
        is_answered: row.get(8)?,
        offer: parsed(row, 9, "an agent")?.map(|to| (to, kind)),
        owner: parsed(row, 11, "an owner")?,
        held: time(12)?,
        handled_ms: row.get::<_, i64>(13)?.cast_unsigned(),
        disposition: row
            .get::<_, Option<i64>>(14)?
            .map(|mark| DispositionMark(mark.cast_unsigned())),
        is_over: false,
    })
}

fn parsed<T: std::str::FromStr>(
    row: &Row<'_>,
    at: usize,
    what: &str,
) -> Result<Option<T>, ProjectionError> {
    let text: Option<String> = row.get(at)?;
    text.map(|text| text.parse()).transpose().map_err(|_| unreadable(what))
}

/// Keeps where an interaction is; of one that is over nothing.
pub(super) fn write_place(
    connection: &Connection,
    id: InteractionId,
    place: &Place,
) -> Result<(), ProjectionError> {
    if place.is_over {
        connection.prepare_cached(PLACE_REMOVE)?.execute([id.stored()])?;
        return Ok(());
    }
    connection.prepare_cached(PLACE_WRITE)?.execute(params![
        id.stored(),
        place.about.center.stored(),
        place.about.media.name(),
        place.about.service,
        place.about.is_draft,
        place.queue.map(|queue| queue.stored()),
        place.since.map(|since| since.0),
        place.target_ms.map(u64::cast_signed),
        place.arrived.map(|arrived| arrived.0),
        place.is_answered,
        place.offer.map(|(to, _)| to.stored()),
        place.offer.is_some_and(|(_, kind)| kind == OfferKind::Routed),
        place.owner.map(|owner| owner.stored()),
        place.held.map(|held| held.0),
        place.handled_ms.cast_signed(),
        place.disposition.map(|mark| mark.0.cast_signed()),
    ])?;
    Ok(())
}

/// Adds to what was counted.
pub(super) fn add_tally(
    connection: &Connection,
    key: &Key,
    mut tally: Tally,
) -> Result<(), ProjectionError> {
    let (center, kind, counted) =
        (key.center.stored(), kind_of(key.counted.by()), name_of(&key.counted));
    let mut statement = connection.prepare_cached(TALLY_READ)?;
    let known: Option<Vec<u8>> = statement
        .query_row(params![center, kind, key.quarter, counted], |row| row.get(0))
        .optional()?;
    if let Some(known) = known {
        tally.add(tally_of(&known)?);
    }
    let written = written(&mut tally);
    let mut statement = connection.prepare_cached(TALLY_WRITE)?;
    statement.execute(params![center, kind, key.quarter, counted, written])?;
    Ok(())
}

pub(super) fn remove_tally(connection: &Connection, key: &Key) -> Result<(), ProjectionError> {
    connection.prepare_cached(TALLY_REMOVE)?.execute(params![
        key.center.stored(),
        kind_of(key.counted.by()),
        key.quarter,
        name_of(&key.counted)
    ])?;
    Ok(())
}

/// Reads a row of center, kind, quarter, counted and tally.
pub(super) fn row_of(row: &Row<'_>) -> Result<(Key, Tally), ProjectionError> {
    let (center, kind): (String, String) = (row.get(0)?, row.get(1)?);
    let (quarter, counted): (Quarter, String) = (row.get(2)?, row.get(3)?);
    let center: CenterId = center.parse().map_err(|_| unreadable("a contact center"))?;
    let counted = counted_of(&kind, counted).ok_or_else(|| unreadable("a tally's name"))?;
    let tally = tally_of(row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?)?;
    Ok((Key { quarter, center, counted }, tally))
}

pub(super) const fn kind_of(by: CountedBy) -> &'static str {
    match by {
        CountedBy::Center => "c",
        CountedBy::Queue => "q",
        CountedBy::Agent => "a",
        CountedBy::Channel => "m",
        CountedBy::Service => "s",
        CountedBy::Disposition => "d",
    }
}

fn name_of(counted: &Counted) -> String {
    match counted {
        Counted::Center => String::new(),
        Counted::Queue(id) => id.stored(),
        Counted::Agent(id) => id.stored(),
        Counted::Channel(media) => media.name().to_owned(),
        Counted::Service(name) => name.clone(),
        Counted::Disposition(mark) => format!("{:016x}", mark.0),
    }
}

fn counted_of(kind: &str, name: String) -> Option<Counted> {
    Some(match kind {
        "c" => Counted::Center,
        "q" => Counted::Queue(name.parse().ok()?),
        "a" => Counted::Agent(name.parse().ok()?),
        "m" => Counted::Channel(Media::from_name(&name)),
        "s" => Counted::Service(name),
        "d" => Counted::Disposition(DispositionMark(u64::from_str_radix(&name, 16).ok()?)),
        _ => return None,
    })
}

/// Writes a tally as numbers of as many bytes as each needs: most are small.
fn written(tally: &mut Tally) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    tally.counts().into_iter().for_each(|count| put(&mut bytes, *count));
    for times in tally.times() {
        put(&mut bytes, times.count);
        put(&mut bytes, times.sum_ms);
        put(&mut bytes, times.longest_ms);
        put(&mut bytes, times.buckets.len() as u64);
        for (bucket, count) in &times.buckets {
            put(&mut bytes, u64::from(*bucket));
            put(&mut bytes, *count);
        }
    }
    bytes
}

fn tally_of(bytes: &[u8]) -> Result<Tally, ProjectionError> {
    read(bytes).ok_or_else(|| unreadable("a tally"))
}

fn read(mut bytes: &[u8]) -> Option<Tally> {
    let mut tally = Tally::default();
    for count in tally.counts() {
        *count = take(&mut bytes)?;
    }
    for times in tally.times() {
        let (count, sum_ms, longest_ms) = (take(&mut bytes)?, take(&mut bytes)?, take(&mut bytes)?);
        *times = Times { count, sum_ms, longest_ms, ..Times::default() };
        for _ in 0..take(&mut bytes)? {
            let bucket = u8::try_from(take(&mut bytes)?).ok()?;
            times.buckets.insert(bucket, take(&mut bytes)?);
        }
    }
    bytes.is_empty().then_some(tally)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            counts in prop::collection::vec(any::<u64>(), Tally::COUNTS),
            took in prop::collection::vec(any::<u64>(), 0..20),
        ) {
            let mut tally = Tally::default();
            tally.counts().into_iter().zip(counts).for_each(|(count, value)| *count = value);
            took.into_iter().for_each(|ms| tally.wait.note(ms));
            let bytes = written(&mut tally);
            prop_assert_eq!(read(&bytes), Some(tally));
            prop_assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        }
    }
}
