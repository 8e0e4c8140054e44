//! What a reader missed who comes back to a stream with the last numbers that they have.

use std::collections::BTreeMap;

use handoff_domain::Topic;

use crate::query::{Head, Page, StreamRow};

/// What a reader of a stream goes on with. All of it is of one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Missed {
    /// How far the stream's numbering has come.
    pub head: Head,
    /// The oldest number that is kept after the one that the reader has, on each topic that they
    /// asked about; for a number that was never given, the oldest that is kept. A topic without
    /// one is missing.
    pub oldest: BTreeMap<Topic, u64>,
    /// The stream's first rows from the one on that has the first number after those that were
    /// given: none when nothing was missed.
    pub rows: Page<StreamRow>,
    /// The number of the last promised answer to anybody; zero before the first.
    pub promised: u64,
}

/// Finds where a reader goes on. It looks at a stream from its end: whoever comes back has missed
/// the last of it, and what they have may be a day's.
#[derive(Debug)]
pub(crate) struct Search {
    sought: BTreeMap<Topic, Sought>,
    /// What was found so far.
    pub(crate) oldest: BTreeMap<Topic, u64>,
    /// The position of the first row that was missed, of those seen.
    pub(crate) first: Option<u64>,
}

/// What is looked for on one topic.
#[derive(Debug)]
enum Sought {
    /// What comes after a number.
    After(u64),
    /// Nothing was missed after a number that was never given, and the oldest is wanted all the
    /// same.
    Oldest,
}

impl Search {
    /// Begins to look for what comes after numbers.
    pub(crate) fn new(head: &Head, after: &BTreeMap<Topic, u64>) -> Self {
        let sought = after.iter().filter_map(|(topic, after)| {
            let last = head.numbers.get(topic).copied().unwrap_or(0);
            let sought = match after.cmp(&last) {
                std::cmp::Ordering::Less => Sought::After(*after),
                // Most come back without having missed anything.
                std::cmp::Ordering::Equal => return None,
                std::cmp::Ordering::Greater => Sought::Oldest,
            };
            Some((*topic, sought))
        });
        Self { sought: sought.collect(), oldest: BTreeMap::new(), first: None }
    }

    /// Tells whether no row before those seen can be of interest.
    pub(crate) fn is_over(&self) -> bool {
        self.sought.is_empty()
    }

    /// Looks at the row before those seen.
    pub(crate) fn see(&mut self, position: u64, numbers: &[(Topic, u64)]) {
        for (topic, number) in numbers {
            let Some(sought) = self.sought.get(topic) else { continue };
            let after = match sought {
                Sought::After(after) => *after,
                Sought::Oldest => 0,
            };
            if *number > after {
                self.oldest.insert(*topic, *number);
                if matches!(sought, Sought::After(_)) {
                    self.first = Some(position);
                }
            }
            // Numbers have no gaps, so the next one is the last to be found.
            if *number <= after + 1 {
                self.sought.remove(topic);
            }
        }
    }
}
