//! How far each stream is counted: what the store has of it, and what the writer remembers.
//!
//! A stream's last row has its last numbers, so its head is written only now and then, and the rows
//! after it count as well. It is brought up to date before any row that it does not know is swept
//! (ADR 0020).
//!
//! Nobody but the writer counts, so what it read or counted once need not be read again. When a
//! batch fails, what it counted is undone, and everything that it remembers is forgotten.

use std::collections::HashMap;

use handoff_domain::Topic;
use rusqlite::{Connection, Statement, params};

use crate::codec::decode_numbers;
use crate::copy::StreamHead;
use crate::sql::encode::Growth;
use crate::sql::log as text;

/// Most owners that are remembered; beyond it all are forgotten before the next change set and read
/// anew. An owner takes some 150 bytes, and an event may be told to ten thousand agents, who would
/// push each other out.
const OWNERS_MAX: usize = 16_384;
/// After so many numbers at the latest a head is written: whoever reads one reads no more rows than
/// that, and those of one change set.
const UNWRITTEN_MAX: u64 = 128;

/// Returns after how many numbers an owner's head is written. Where thousands are told the same
/// again and again, the heads of all of them would otherwise be due in one commit.
fn due_at(owner: &str) -> u64 {
    let last = owner.bytes().next_back().unwrap_or(0);
    UNWRITTEN_MAX - 4 * u64::from(last % 16)
}

/// The last number of each topic that was used.
type Numbers = Vec<(Topic, u64)>;

/// How far a stream is counted in the store.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// The position of its last row.
    pub(super) position: u64,
    pub(super) numbers: Numbers,
    /// How many numbers came after its head was written.
    unwritten: u64,
    /// How many topics of its head are none. A newer program's has a place in the stream, and
    /// nothing here counts it.
    pub(super) unknown: usize,
}

impl Stored {
    /// Reads a head as it was written last.
    fn head(connection: &Connection, owner: &str) -> Result<Self, rusqlite::Error> {
        let mut stored = Self::default();
        let mut statement = connection.prepare_cached(text::HEADS_READ)?;
        let mut rows = statement.query([owner])?;
        while let Some(row) = rows.next()? {
            stored.position = stored.position.max(row.get(1)?);
            match row.get_ref(0)?.as_str().ok().and_then(Topic::named) {
                Some(topic) => stored.numbers.push((topic, row.get(2)?)),
                None => stored.unknown += 1,
            }
        }
        Ok(stored)
    }

    /// Counts the rows that came after.
    fn count_tail(&mut self, connection: &Connection, owner: &str) -> Result<(), rusqlite::Error> {
        let mut statement = connection.prepare_cached(text::STREAM_TAIL)?;
        let mut rows = statement.query(params![owner, self.position])?;
        while let Some(row) = rows.next()? {
            self.position = row.get(0)?;
            let read = row.get_ref(1)?.as_str().ok().and_then(|text| decode_numbers(text).ok());
            match read {
                Some(numbers) => {
                    self.unwritten += numbers.len() as u64;
                    numbers
                        .into_iter()
                        .for_each(|(topic, last)| count(&mut self.numbers, topic, last));
                }
                // It has at most one number of each topic, maybe the first one of it, and none may
                // be given twice.
                None => {
                    Topic::ALL.into_iter().for_each(|topic| count_one(&mut self.numbers, topic))
                }
            }
        }
        Ok(())
    }
}

fn count(numbers: &mut Numbers, topic: Topic, last: u64) {
    match numbers.iter_mut().find(|(known, _)| *known == topic) {
        Some((_, known)) => *known = last,
        None => numbers.push((topic, last)),
    }
}

fn count_one(numbers: &mut Numbers, topic: Topic) {
    match numbers.iter_mut().find(|(known, _)| *known == topic) {
        Some((_, last)) => *last += 1,
        None => numbers.push((topic, 1)),
    }
}

/// Reads how far a stream is counted. Several statements: they must see the same commits.
pub(super) fn stored(connection: &Connection, owner: &str) -> Result<Stored, rusqlite::Error> {
    let mut stored = Stored::head(connection, owner)?;
    stored.count_tail(connection, owner)?;
    Ok(stored)
}

/// Returns how far a stream is counted, by the names of its topics, a newer program's among them.
pub(super) fn stored_numbers(
    connection: &Connection,
    owner: String,
) -> Result<StreamHead, rusqlite::Error> {
    let Stored { position, numbers, .. } = stored(connection, &owner)?;
    let mut numbers: Vec<(String, u64)> =
        numbers.into_iter().map(|(topic, last)| (topic.name().to_owned(), last)).collect();
    let mut statement = connection.prepare_cached(text::HEADS_READ)?;
    let mut rows = statement.query([&owner])?;
    while let Some(row) = rows.next()? {
        let topic: String = row.get(0)?;
        if Topic::named(&topic).is_none() {
            numbers.push((topic, row.get(2)?));
        }
    }
    Ok(StreamHead { owner, position, numbers })
}

/// Brings a head up to date if it does not know of rows up to a position.
pub(super) fn settle(
    connection: &Connection,
    owner: &str,
    position: u64,
) -> Result<(), rusqlite::Error> {
    let mut stored = Stored::head(connection, owner)?;
    if stored.position >= position {
        return Ok(());
    }
    stored.count_tail(connection, owner)?;
    let mut write = connection.prepare_cached(text::HEAD_WRITE)?;
    for (topic, last) in stored.numbers {
        write.execute(params![owner, topic.name(), stored.position, last])?;
    }
    Ok(())
}

/// Brings the head of every stream that has rows up to date.
pub(super) fn settle_all(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare(text::STREAM_OWNERS)?;
    let owners = statement.query_map([], |row| row.get(0))?;
    let owners: Vec<String> = owners.collect::<Result<_, _>>()?;
    owners.iter().try_for_each(|owner| settle(connection, owner, i64::MAX.cast_unsigned()))
}

/// What is known of one owner's stream.
#[derive(Debug)]
struct Known {
    /// The position of its last row.
    position: u64,
    /// The same before the change set that wrote that row.
    before: u64,
    numbers: Numbers,
    /// How many of them came after its head was written.
    unwritten: u64,
}

/// Where the numbers of a growth begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grown {
    /// The last number before it, counted on as the numbers are taken.
    pub(super) last: u64,
    /// The position of the owner's last row before the change set.
    pub(super) after: u64,
}

/// The heads, and the statement that writes them.
#[derive(Debug)]
pub(super) struct Heads<'c> {
    connection: &'c Connection,
    write: Statement<'c>,
    known: HashMap<String, Known>,
}

impl<'c> Heads<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        let write = connection.prepare(text::HEAD_WRITE)?;
        Ok(Self { connection, write, known: HashMap::new() })
    }

    /// Forgets what was counted, because it may have been undone.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Takes the numbers of all growths of a change set that comes after `position`.
    pub(super) fn grow_all(
        &mut self,
        growths: &[Growth],
        position: u64,
    ) -> Result<Vec<Grown>, rusqlite::Error> {
        // Never in between: what a change set counts is in no row yet.
        if self.known.len() >= OWNERS_MAX {
            self.known.clear();
        }
        let mut all = Vec::with_capacity(growths.len());
        for growth in growths {
            all.push(self.grow(growth, position)?);
        }
        for Growth { owner, .. } in growths {
            self.write_if_due(owner)?;
        }
        Ok(all)
    }

    fn grow(&mut self, growth: &Growth, position: u64) -> Result<Grown, rusqlite::Error> {
        let Growth { owner, topic, count: more, last_event } = growth;
        let known = self.known(owner)?;
        // A row behind the end of the log before the change set is one of its own.
        if known.position <= position {
            known.before = known.position;
        }
        known.position = known.position.max(position + last_event);
        let last = known.numbers.iter().find(|(known, _)| known == topic);
        let grown = Grown { last: last.map_or(0, |(_, last)| *last), after: known.before };
        count(&mut known.numbers, *topic, grown.last + more);
        known.unwritten += more;
        Ok(grown)
    }

    fn write_if_due(&mut self, owner: &str) -> Result<(), rusqlite::Error> {
        let Some(known) = self.known.get_mut(owner) else { return Ok(()) };
        if known.unwritten < due_at(owner) {
            return Ok(());
        }
        for (topic, last) in &known.numbers {
            self.write.execute(params![owner, topic.name(), known.position, last])?;
        }
        known.unwritten = 0;
        Ok(())
    }

    /// Returns what is known of an owner, read first if nothing is.
    fn known(&mut self, owner: &str) -> Result<&mut Known, rusqlite::Error> {
        if !self.known.contains_key(owner) {
            let Stored { position, numbers, unwritten, .. } = stored(self.connection, owner)?;
            let known = Known { position, before: position, numbers, unwritten };
            self.known.insert(owner.to_owned(), known);
        }
        Ok(self.known.get_mut(owner).expect("it was there or has been read"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::codec::write_numbers;

    const TABLES: &str = "CREATE TABLE heads (owner TEXT NOT NULL, topic TEXT NOT NULL, \
        position INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (owner, topic)); \
        CREATE TABLE streams (owner TEXT NOT NULL, position INTEGER NOT NULL, \
        ordinal INTEGER NOT NULL, numbers TEXT NOT NULL, PRIMARY KEY (owner, position, ordinal))";

    fn growth(owner: usize, topic: Topic) -> Growth {
        Growth { owner: format!("u{owner}").into(), topic, count: 1, last_event: 1 }
    }

    /// Tells an owner something on some topics, in the first event after `position`; returns the
    /// last numbers before it.
    fn tell(heads: &mut Heads<'_>, owner: usize, topics: &[Topic], position: u64) -> Vec<Grown> {
        let growths: Vec<_> = topics.iter().map(|topic| growth(owner, *topic)).collect();
        let grown = heads.grow_all(&growths, position).unwrap();
        let numbers: Numbers =
            topics.iter().zip(&grown).map(|(topic, grown)| (*topic, grown.last + 1)).collect();
        let mut text = String::new();
        write_numbers(&mut text, &numbers);
        let row = params![format!("u{owner}"), position + 1, text];
        let insert =
            "INSERT INTO streams (owner, position, ordinal, numbers) VALUES ($1, $2, 0, $3)";
        heads.connection.execute(insert, row).unwrap();
        grown
    }

    fn last(heads: &mut Heads<'_>, owner: usize, topics: &[Topic], position: u64) -> Vec<u64> {
        tell(heads, owner, topics, position).iter().map(|grown| grown.last).collect()
    }

    fn heads(connection: &Connection) -> Heads<'_> {
        connection.execute_batch(TABLES).unwrap();
        Heads::prepare(connection).unwrap()
    }

    fn written(connection: &Connection) -> u32 {
        connection.query_row("SELECT COUNT(*) FROM heads", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_forgotten_is_counted_on() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        for owner in 0..3 * OWNERS_MAX {
            assert_eq!(last(&mut heads, owner, &[Topic::Me], 0), [0]);
            assert!(heads.known.len() <= OWNERS_MAX);
        }
        for owner in [0, 3 * OWNERS_MAX - 1] {
            assert_eq!(last(&mut heads, owner, &[Topic::Me], 7), [1]);
            assert_eq!(last(&mut heads, owner, &[Topic::Me, Topic::Chats], 8), [2, 0]);
        }
    }

    #[test]
    fn one_change_set_may_count_more_owners_than_are_remembered() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        let owners = 0..OWNERS_MAX + 9;
        let growths: Vec<_> = [Topic::Me, Topic::Chats, Topic::Me]
            .into_iter()
            .flat_map(|topic| owners.clone().map(move |owner| growth(owner, topic)))
            .collect();
        let grown = heads.grow_all(&growths, 0).unwrap();
        for (place, grown) in grown.iter().enumerate() {
            assert_eq!(grown.last, u64::from(place >= 2 * owners.len()), "{place}");
        }
    }

    #[test]
    fn a_head_that_is_behind_is_counted_on_from_its_rows() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        // The only one of its topic, before any head is written.
        last(&mut heads, 1, &[Topic::Me], 0);
        for position in 1..=UNWRITTEN_MAX {
            last(&mut heads, 1, &[Topic::Chats, Topic::Interactions], position);
            if position % 7 == 0 {
                heads.forget();
            }
            let found = stored(&connection, "u1").unwrap();
            let numbers: BTreeMap<Topic, u64> = found.numbers.into_iter().collect();
            let [me, others @ ..] = [Topic::Me, Topic::Chats, Topic::Interactions];
            let expected = others.map(|topic| (topic, position)).into_iter().chain([(me, 1)]);
            assert_eq!((found.position, numbers), (position + 1, expected.collect()));
            // Two numbers each time, and the one before.
            assert_eq!(written(&connection) > 0, 2 * position + 1 >= due_at("u1"), "{position}");
        }
    }

    #[test]
    fn the_heads_of_those_who_are_told_together_are_not_written_together() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        let (mut before, mut most) = (0, 0);
        for position in 0..=UNWRITTEN_MAX {
            for owner in 0..20 {
                tell(&mut heads, owner, &[Topic::Me], position);
            }
            let now = written(&connection);
            (before, most) = (now, most.max(now - before));
        }
        assert_eq!((before, most), (20, 2));
    }

    #[test]
    fn a_head_is_settled_before_its_rows_are_swept() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        last(&mut heads, 1, &[Topic::Me, Topic::Chats], 0);
        last(&mut heads, 1, &[Topic::Me], 1);
        settle(&connection, "u1", 1).unwrap();
        assert_eq!(written(&connection), 2);
        connection.execute_batch("DELETE FROM streams").unwrap();
        heads.forget();
        assert_eq!(last(&mut heads, 1, &[Topic::Me, Topic::Chats], 2), [2, 1]);
        settle(&connection, "u1", 2).unwrap();
        connection.execute_batch("DELETE FROM streams").unwrap();
        heads.forget();
        assert_eq!(last(&mut heads, 1, &[Topic::Me, Topic::Chats], 3), [2, 1], "the control");
    }

    #[test]
    fn a_row_that_cannot_be_read_leaves_no_number_to_be_given_twice() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        last(&mut heads, 1, &[Topic::Me, Topic::Chats], 0);
        last(&mut heads, 1, &[Topic::Me], 1);
        heads.forget();
        let damage = "UPDATE streams SET numbers = 'what' WHERE position = 2";
        connection.execute_batch(damage).unwrap();
        assert_eq!(last(&mut heads, 1, &[Topic::Me, Topic::Chats], 2), [2, 2]);
        // It may have been the first of its topic.
        assert_eq!(last(&mut heads, 1, &[Topic::Emails], 3), [1]);
    }

    #[test]
    fn what_was_undone_is_not_counted_once_it_is_forgotten() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        connection.execute_batch("BEGIN").unwrap();
        last(&mut heads, 1, &[Topic::Me], 0);
        connection.execute_batch("ROLLBACK").unwrap();
        assert_eq!(heads.known("u1").unwrap().numbers, [(Topic::Me, 1)], "the control");
        heads.forget();
        let known = heads.known("u1").unwrap();
        assert_eq!((&*known.numbers, known.position), (&[][..], 0));
    }

    #[test]
    fn a_growth_tells_where_the_stream_was_before_its_change_set() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        let mut after = |topics: &[Topic], position| {
            let grown = tell(&mut heads, 1, topics, position);
            grown.iter().map(|grown| grown.after).collect::<Vec<_>>()
        };
        assert_eq!(after(&[Topic::Me, Topic::Chats], 0), [0, 0], "in one change set");
        assert_eq!(after(&[Topic::Chats, Topic::Me], 7), [1, 1]);
        assert_eq!(after(&[Topic::Me], 20), [8]);
        heads.forget();
        assert_eq!(tell(&mut heads, 1, &[Topic::Chats], 30)[0].after, 21, "as it was read");
    }
}
