//! How far the writer has counted each stream, in memory.
//!
//! Nobody else writes heads, so what was read or written once need not be read again. When a batch
//! fails, what it counted is undone, and everything here is forgotten.

use std::collections::HashMap;

use handoff_domain::Topic;
use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::sql::encode::Growth;
use crate::sql::log as text;

/// Most owners that are remembered; beyond it all are forgotten and read anew. An owner takes some
/// 150 bytes, and a large center has a thousand agents at work.
const OWNERS_MAX: usize = 4_096;

/// The last number of each topic of an owner, of those that were used.
type Known = Vec<(Topic, u64)>;

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
            (connection.prepare(text::HEAD_READ)?, connection.prepare(text::HEAD_WRITE)?);
        Ok(Self { read, write, known: HashMap::new() })
    }

    /// Forgets what was counted, because it may have been undone.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Takes the numbers of a growth whose change set comes after `position`; returns the last
    /// number before them.
    pub(super) fn grow(&mut self, growth: &Growth, position: u64) -> Result<u64, rusqlite::Error> {
        let Growth { owner, topic, count, last_event } = growth;
        let before = self.last(owner, *topic)?;
        let last = before + count;
        self.write.execute(params![owner, topic.name(), position + last_event, last])?;
        self.remember(owner, *topic, last);
        Ok(before)
    }

    fn last(&mut self, owner: &str, topic: Topic) -> Result<u64, rusqlite::Error> {
        let known = self.known.get(owner).and_then(|known| at(known, topic));
        if let Some(last) = known {
            return Ok(last);
        }
        let last = self.read.query_row([owner, topic.name()], |row| row.get(0)).optional()?;
        Ok(last.unwrap_or(0))
    }

    fn remember(&mut self, owner: &str, topic: Topic, last: u64) {
        if let Some(known) = self.known.get_mut(owner) {
            known.retain(|(known, _)| *known != topic);
            known.push((topic, last));
            return;
        }
        if self.known.len() >= OWNERS_MAX {
            self.known.clear();
        }
        self.known.insert(owner.to_owned(), vec![(topic, last)]);
    }
}

fn at(known: &Known, topic: Topic) -> Option<u64> {
    known.iter().find(|(known, _)| *known == topic).map(|(_, last)| *last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(owner: usize, topic: Topic) -> Growth {
        Growth { owner: format!("u{owner}"), topic, count: 2, last_event: 1 }
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
            assert_eq!(heads.grow(&growth(owner, Topic::Me), 0).unwrap(), 0);
            assert!(heads.known.len() <= OWNERS_MAX);
        }
        for owner in [0, 3 * OWNERS_MAX - 1] {
            assert_eq!(heads.grow(&growth(owner, Topic::Me), 0).unwrap(), 2);
            assert_eq!(heads.grow(&growth(owner, Topic::Me), 0).unwrap(), 4);
            assert_eq!(heads.grow(&growth(owner, Topic::Chats), 0).unwrap(), 0);
        }
    }

    #[test]
    fn what_was_undone_is_not_counted_once_it_is_forgotten() {
        let connection = Connection::open_in_memory().unwrap();
        let mut heads = heads(&connection);
        connection.execute_batch("BEGIN").unwrap();
        heads.grow(&growth(1, Topic::Me), 0).unwrap();
        connection.execute_batch("ROLLBACK").unwrap();
        assert_eq!(heads.last("u1", Topic::Me), Ok(2), "the control");
        heads.forget();
        assert_eq!(heads.last("u1", Topic::Me), Ok(0));
    }
}
