//! How far the writer has counted each stream, in memory.
//!
//! Nobody else writes heads, so what was read or written once need not be read again. When a batch
//! fails, what it counted is undone, and everything here is forgotten.

use std::collections::HashMap;

use handoff_domain::Topic;
use rusqlite::{Connection, Statement, params};

use crate::sql::encode::Growth;
use crate::sql::log as text;

/// Most owners that are remembered; beyond it all are forgotten and read anew. An owner takes some
/// 150 bytes, and an event may be told to ten thousand agents, who would push each other out.
const OWNERS_MAX: usize = 16_384;

/// What is known of one owner's stream.
#[derive(Debug, Default)]
struct Known {
    /// The position of its last row.
    position: u64,
    /// The same before the change set that wrote that row.
    before: u64,
    /// The last number of each topic that was used.
    numbers: Vec<(Topic, u64)>,
}

/// Where the numbers of a growth begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grown {
    /// The last number before it, counted on as the numbers are taken.
    pub(super) last: u64,
    /// The position of the owner's last row before the change set.
    pub(super) after: u64,
}

/// The heads, and the statements that read and write them.
#[derive(Debug)]
pub(super) struct Heads<'c> {
    read: Statement<'c>,
    write: Statement<'c>,
    known: HashMap<String, Known>,
}

impl<'c> Heads<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> Result<Self, rusqlite::Error> {
        let (read, write) =
            (connection.prepare(text::HEADS_READ)?, connection.prepare(text::HEAD_WRITE)?);
        Ok(Self { read, write, known: HashMap::new() })
    }

    /// Forgets what was counted, because it may have been undone.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Takes the numbers of a growth whose change set comes after `position`.
    pub(super) fn grow(
        &mut self,
        growth: &Growth,
        position: u64,
    ) -> Result<Grown, rusqlite::Error> {
        let Growth { owner, topic, count, last_event } = growth;
        let at = position + last_event;
        let known = self.known(owner, position)?;
        // A row behind the end of the log before the change set is one of its own.
        if known.position <= position {
            known.before = known.position;
        }
        known.position = known.position.max(at);
        let grown = Grown { last: known.last(*topic), after: known.before };
        known.count(*topic, grown.last + count);
        self.write.execute(params![owner, topic.name(), at, grown.last + count])?;
        Ok(grown)
    }

    /// Returns what is known of an owner, read first if nothing is; a change set comes after
    /// `position`.
    fn known(&mut self, owner: &str, position: u64) -> Result<&mut Known, rusqlite::Error> {
        if !self.known.contains_key(owner) {
            let known = self.read(owner, position)?;
            if self.known.len() >= OWNERS_MAX {
                self.known.clear();
            }
            self.known.insert(owner.to_owned(), known);
        }
        Ok(self.known.get_mut(owner).expect("it was there or has been read"))
    }

    fn read(&mut self, owner: &str, position: u64) -> Result<Known, rusqlite::Error> {
        // Where the change set has grown the stream already, and that was forgotten since, the row
        // before it is somewhere up to here. Whoever does not know more has to read.
        let mut known = Known { before: position, ..Known::default() };
        let mut rows = self.read.query([owner])?;
        while let Some(row) = rows.next()? {
            known.position = known.position.max(row.get(1)?);
            // A newer program's topic has a place in the stream, and nothing here counts it.
            if let Some(topic) = Topic::named(row.get_ref(0)?.as_str()?) {
                known.numbers.push((topic, row.get(2)?));
            }
        }
        Ok(known)
    }
}

impl Known {
    fn last(&self, topic: Topic) -> u64 {
        self.numbers.iter().find(|(known, _)| *known == topic).map_or(0, |(_, last)| *last)
    }

    fn count(&mut self, topic: Topic, last: u64) {
        match self.numbers.iter_mut().find(|(known, _)| *known == topic) {
            Some((_, known)) => *known = last,
            None => self.numbers.push((topic, last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(owner: usize, topic: Topic) -> Growth {
        Growth { owner: format!("u{owner}"), topic, count: 2, last_event: 1 }
    }

    /// Returns the last number before the growth.
    fn grow(heads: &mut Heads<'_>, owner: usize, topic: Topic) -> u64 {
        heads.grow(&growth(owner, topic), 0).unwrap().last
    }

    fn heads(connection: &Connection) -> Heads<'_> {
        let table = "CREATE TABLE heads (owner TEXT NOT NULL, topic TEXT NOT NULL, \
            position INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (owner, topic))";
        connection.execute_batch(table).unwrap();
        Heads::prepare(connection).unwrap()
    }

    #[test]
    fn what_is_remembered_is_bounded_and_what_is_forgotten_is_counted_on() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        for owner in 0..3 * OWNERS_MAX {
            assert_eq!(grow(&mut heads, owner, Topic::Me), 0);
            assert!(heads.known.len() <= OWNERS_MAX);
        }
        for owner in [0, 3 * OWNERS_MAX - 1] {
            assert_eq!(grow(&mut heads, owner, Topic::Me), 2);
            assert_eq!(grow(&mut heads, owner, Topic::Me), 4);
            assert_eq!(grow(&mut heads, owner, Topic::Chats), 0);
        }
    }

    #[test]
    fn what_was_undone_is_not_counted_once_it_is_forgotten() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        connection.execute_batch("BEGIN").unwrap();
        grow(&mut heads, 1, Topic::Me);
        connection.execute_batch("ROLLBACK").unwrap();
        assert_eq!(heads.known("u1", 0).unwrap().last(Topic::Me), 2, "the control");
        heads.forget();
        let known = heads.known("u1", 0).unwrap();
        assert_eq!((known.last(Topic::Me), known.position), (0, 0));
    }

    #[test]
    fn a_growth_tells_where_the_stream_was_before_its_change_set() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        let mut after = |topic, position| heads.grow(&growth(1, topic), position).unwrap().after;
        assert_eq!([after(Topic::Me, 0), after(Topic::Chats, 0)], [0, 0], "in one change set");
        assert_eq!([after(Topic::Chats, 7), after(Topic::Me, 7)], [1, 1]);
        assert_eq!(after(Topic::Me, 20), 8);
        heads.forget();
        assert_eq!(heads.grow(&growth(1, Topic::Chats), 30).unwrap().after, 21, "as it was read");
        heads.forget();
        assert_eq!(heads.grow(&growth(1, Topic::Me), 30).unwrap().after, 30, "nobody knows");
    }
}
