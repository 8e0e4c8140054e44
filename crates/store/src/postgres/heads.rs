//! How far streams are counted, while a batch counts on.

use std::collections::HashMap;
use std::sync::Arc;

use handoff_domain::Topic;
use tokio_postgres::Row;

use crate::codec;
use crate::error::StoreError;
use crate::sql::decode::{integer_at, text_at, undecodable};
use crate::sql::encode::Growth;

/// Where a row of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At a position that was there before the batch.
    Before(u64),
    /// At a place among the events of the batch, from 1 on.
    InBatch(u64),
}

impl Place {
    /// Returns the position, if the batch's events come after `base`.
    pub(super) const fn after(self, base: u64) -> u64 {
        match self {
            Self::Before(position) => position,
            Self::InBatch(place) => base + place,
        }
    }
}

/// A stream's numbers by the names of the topics. A newer program's topics are among them, and keep
/// theirs.
pub(super) type Numbers = Vec<(String, u64)>;

/// Reads the numbers of a head.
pub(super) fn numbers_of(owner: &str, text: &str) -> Result<Numbers, StoreError> {
    codec::decode("a head", 1, text).map_err(|error| undecodable("heads", owner, &error))
}

#[derive(Debug)]
pub(super) struct Head {
    numbers: Numbers,
    /// Where its last row is.
    last: Place,
    /// Where that was before the change set that counts.
    before: Place,
}

/// Where the numbers of a growth begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grown {
    /// The last number before it, counted on as the numbers are taken.
    pub(super) last: u64,
    /// Where the owner's last row was before the change set.
    pub(super) after: Place,
}

/// The heads that a batch holds.
#[derive(Debug, Default)]
pub(super) struct Heads(HashMap<Arc<str>, Head>);

impl Heads {
    pub(super) fn take(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            let owner = text_at(row, 0, "heads", "owner")?;
            let position = integer_at(row, 1, "heads", owner)?.cast_unsigned();
            let numbers = numbers_of(owner, text_at(row, 2, "heads", owner)?)?;
            let last = Place::Before(position);
            self.0.insert(owner.into(), Head { numbers, last, before: last });
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes the numbers of all growths of a change set whose events come after `place`.
    pub(super) fn grow_all(&mut self, growths: &[Growth], place: u64) -> Vec<Grown> {
        growths.iter().map(|growth| self.grow(growth, place)).collect()
    }

    fn grow(&mut self, growth: &Growth, place: u64) -> Grown {
        let Growth { owner, topic, count, last_event } = growth;
        let head =
            self.0.get_mut(owner).expect("the batch has locked every head that it counts on");
        let is_own = matches!(head.last, Place::InBatch(last) if last > place);
        if !is_own {
            head.before = head.last;
        }
        head.last = match head.last {
            Place::InBatch(last) => Place::InBatch(last.max(place + last_event)),
            Place::Before(_) => Place::InBatch(place + last_event),
        };
        Grown { last: count_on(&mut head.numbers, *topic, *count), after: head.before }
    }

    /// Returns the owners whose streams grew, with the place of the last row and their numbers.
    pub(super) fn grown(&self) -> impl Iterator<Item = (&str, u64, &Numbers)> {
        self.0.iter().filter_map(|(owner, head)| match head.last {
            Place::InBatch(place) => Some((&**owner, place, &head.numbers)),
            Place::Before(_) => None,
        })
    }
}

/// Adds to a number; returns it as it was.
fn count_on(numbers: &mut Numbers, topic: Topic, more: u64) -> u64 {
    match numbers.iter_mut().find(|(known, _)| known == topic.name()) {
        Some((_, last)) => {
            let before = *last;
            *last += more;
            before
        }
        None => {
            numbers.push((topic.name().to_owned(), more));
            0
        }
    }
}
