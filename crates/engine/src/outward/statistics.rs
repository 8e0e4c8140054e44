//! What happened, counted: who keeps the counts, and what they are.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::{CenterId, Media, QueueId, Time, UserId};
use handoff_store::LogEnd;
use sha2::{Digest as _, Sha256};

/// A quarter of an hour, in ms: what counts are kept by.
pub const QUARTER_MS: i64 = 15 * 60 * 1_000;

/// Up to how long something took to count into each bucket, in ms; a last one has what took longer.
/// About half as much again from one to the next, so that a percentile is told as well as anybody
/// reads it.
pub const BUCKETS_MS: [u64; 35] = [
    1_000,
    2_000,
    3_000,
    5_000,
    7_000,
    10_000,
    15_000,
    20_000,
    30_000,
    45_000,
    60_000,
    90_000,
    120_000,
    180_000,
    240_000,
    300_000,
    420_000,
    600_000,
    900_000,
    1_200_000,
    1_800_000,
    2_700_000,
    3_600_000,
    5_400_000,
    7_200_000,
    10_800_000,
    14_400_000,
    21_600_000,
    28_800_000,
    43_200_000,
    86_400_000,
    172_800_000,
    259_200_000,
    432_000_000,
    604_800_000,
];

/// How long things took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    pub count: u64,
    pub sum_ms: u64,
    pub longest_ms: u64,
    /// How many by bucket; one that is missing has none.
    pub buckets: BTreeMap<u8, u64>,
}

impl Times {
    /// Returns the bucket of something that took so long.
    #[must_use]
    pub fn bucket_of(ms: u64) -> u8 {
        let bucket = BUCKETS_MS.partition_point(|most| *most < ms);
        u8::try_from(bucket).unwrap_or(u8::MAX)
    }

    /// Counts something that took so long.
    pub fn note(&mut self, ms: u64) {
        self.count += 1;
        self.sum_ms = self.sum_ms.saturating_add(ms);
        self.longest_ms = self.longest_ms.max(ms);
        *self.buckets.entry(Self::bucket_of(ms)).or_default() += 1;
    }

    /// Adds what was counted at another time, or for another.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
        self.longest_ms = self.longest_ms.max(other.longest_ms);
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// Returns the longest time within which so many percent of all were done, up to the end of its
    /// bucket; `None` when there were none.
    #[must_use]
    pub fn percentile_ms(&self, percent: u64) -> Option<u64> {
        let wanted = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            seen += count;
            let most = BUCKETS_MS.get(usize::from(*bucket)).copied().unwrap_or(u64::MAX);
            (seen >= wanted).then_some(most.min(self.longest_ms))
        })
    }
}

/// What happened to somebody or something within a time (docs/api/statistics.md has each figure in
/// a sentence).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub arrived: u64,
    pub entered: u64,
    pub offered: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub timed_out: u64,
    pub withdrawn: u64,
    pub abandoned: u64,
    pub completed: u64,
    /// How much ended, in whatever way.
    pub ended: u64,
    pub transferred_in: u64,
    pub transferred_out: u64,
    /// How much was accepted or abandoned that had been promised an answer.
    pub promised: u64,
    /// How much of that was accepted in time.
    pub kept: u64,
    pub wait: Times,
    pub first_answer: Times,
    pub handling: Times,
}

impl Tally {
    /// How many plain counts it has.
    pub const COUNTS: usize = 14;

    /// Returns the plain counts, in an order that never changes: they are stored by it.
    pub const fn counts(&mut self) -> [&mut u64; Self::COUNTS] {
        [
            &mut self.arrived,
            &mut self.entered,
            &mut self.offered,
            &mut self.accepted,
            &mut self.rejected,
            &mut self.timed_out,
            &mut self.withdrawn,
            &mut self.abandoned,
            &mut self.completed,
            &mut self.ended,
            &mut self.transferred_in,
            &mut self.transferred_out,
            &mut self.promised,
            &mut self.kept,
        ]
    }

    /// Returns what took time, in the order in which it is stored.
    pub const fn times(&mut self) -> [&mut Times; 3] {
        [&mut self.wait, &mut self.first_answer, &mut self.handling]
    }

    /// Adds what happened at another time, or to another.
    pub fn add(&mut self, mut other: Self) {
        for (count, more) in self.counts().into_iter().zip(other.counts()) {
            *count += *more;
        }
        for (times, more) in self.times().into_iter().zip(other.times()) {
            times.add(more);
        }
    }
}

/// What a disposition is counted by. Clients may set any text, and of an erased contact no word may
/// stay, so counts do not keep it: whoever knows a disposition finds its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DispositionMark(pub u64);

impl DispositionMark {
    #[must_use]
    pub fn of(center: CenterId, disposition: &str) -> Self {
        let digest = Sha256::new().chain_update(center.stored()).chain_update(disposition);
        Self(digest.finalize().iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte)))
    }
}

/// Whose counts they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// The contact center's as a whole.
    Center,
    Queue(QueueId),
    Agent(UserId),
    Channel(Media),
    /// Of a service, by its name.
    Service(String),
    Disposition(DispositionMark),
}

/// By what things are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CountedBy {
    Center,
    Queue,
    Agent,
    Channel,
    Service,
    Disposition,
}

impl Counted {
    #[must_use]
    pub const fn by(&self) -> CountedBy {
        match self {
            Self::Center => CountedBy::Center,
            Self::Queue(_) => CountedBy::Queue,
            Self::Agent(_) => CountedBy::Agent,
            Self::Channel(_) => CountedBy::Channel,
            Self::Service(_) => CountedBy::Service,
            Self::Disposition(_) => CountedBy::Disposition,
        }
    }
}

/// Which counts are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedCounts {
    pub center: CenterId,
    pub by: CountedBy,
    /// When each part begins, in order; each lasts until the next begins. On quarters of an hour.
    pub begins: Vec<Time>,
    /// When the last one ends.
    pub until: Time,
    /// The most rows that are wanted.
    pub rows_max: usize,
}

/// Counts by part, in the order of their beginnings, and by whom they are of.
pub type Counts = BTreeMap<(usize, Counted), Tally>;

/// There are no counts to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    #[error("more rows than are wanted")]
    TooMany,
    #[error("nothing is counted on this node, or it cannot be read")]
    NoCounts,
}

/// Keeps counts.
#[async_trait]
pub trait Statistics: Send + Sync + 'static {
    /// Waits until everything of the log up to an end is counted, as long as it is patient; tells
    /// whether it is. While they are made anew it does not wait.
    async fn reaches(&self, end: LogEnd, patience: Duration) -> bool;

    /// Reads counts.
    ///
    /// # Errors
    ///
    /// When they are too many, or there are none.
    async fn counts(&self, wanted: WantedCounts) -> Result<Counts, StatisticsError>;
}
