//! How commands went: plain counts, which whoever watches the server reads.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};

use handoff_domain::Operation;

use super::request::{Done, ExecuteError};

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// It had been carried out before.
    Repeated,
    /// The rules refused it, or it repeated the key of another request.
    Refused,
    /// The caller sees no such interaction.
    NotFound,
    /// Others changed what it is about, too often or in a way that leaves nothing to be done.
    Overtaken,
    /// The store failed.
    Failed,
}

impl Outcome {
    pub const ALL: [Self; 6] =
        [Self::Done, Self::Repeated, Self::Refused, Self::NotFound, Self::Overtaken, Self::Failed];

    const fn of(done: &Result<Done, ExecuteError>) -> Self {
        match done {
            Ok(Done::Now { .. }) => Self::Done,
            Ok(Done::Before(_)) => Self::Repeated,
            Err(ExecuteError::Rejected(_) | ExecuteError::KeyReused) => Self::Refused,
            Err(ExecuteError::NotFound(_)) => Self::NotFound,
            Err(ExecuteError::Contended(_) | ExecuteError::Overtaken(_) | ExecuteError::NotDue) => {
                Self::Overtaken
            }
            Err(ExecuteError::Store(_)) => Self::Failed,
        }
    }
}

/// How many commands of a kind had an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandCount {
    /// What was wanted; `None` is that something new is taken in.
    pub operation: Option<Operation>,
    pub outcome: Outcome,
    pub count: u64,
}

/// One count for each outcome, at the place of `outcome as usize`.
type ByOutcome = [AtomicU64; Outcome::ALL.len()];

/// Counts since the node began.
#[derive(Debug)]
pub(super) struct CommandCounts {
    /// At the place of `operation as usize`.
    operations: Vec<ByOutcome>,
    openings: ByOutcome,
}

impl Default for CommandCounts {
    fn default() -> Self {
        let none = || array::from_fn(|_| AtomicU64::new(0));
        Self { operations: Operation::ALL.iter().map(|_| none()).collect(), openings: none() }
    }
}

impl CommandCounts {
    /// Counts what became of a command.
    pub(super) fn count(&self, operation: Operation, done: &Result<Done, ExecuteError>) {
        let counts = &self.operations[operation as usize];
        counts[Outcome::of(done) as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what became of something new.
    pub(super) fn count_opening(&self, done: &Result<Done, ExecuteError>) {
        self.openings[Outcome::of(done) as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the counts of which there are any.
    pub(super) fn counted(&self) -> Vec<CommandCount> {
        let operations = Operation::ALL.iter().copied().map(Some).zip(&self.operations);
        let all = operations.chain([(None, &self.openings)]);
        let counts = all.flat_map(|(operation, counts)| {
            Outcome::ALL.into_iter().zip(counts).map(move |(outcome, count)| {
                let count = count.load(Ordering::Relaxed);
                CommandCount { operation, outcome, count }
            })
        });
        counts.filter(|counted| counted.count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::InteractionId;

    use super::*;

    #[test]
    fn what_became_of_commands_is_counted_by_kind() {
        let counts = CommandCounts::default();
        let unseen = || Err(ExecuteError::NotFound(InteractionId(1)));
        counts.count(Operation::Accept, &unseen());
        counts.count(Operation::Accept, &unseen());
        counts.count_opening(&Err(ExecuteError::KeyReused));
        let accepted = CommandCount {
            operation: Some(Operation::Accept),
            outcome: Outcome::NotFound,
            count: 2,
        };
        let opened = CommandCount { operation: None, outcome: Outcome::Refused, count: 1 };
        assert_eq!(counts.counted(), [accepted, opened]);
    }

    #[test]
    fn every_kind_and_every_outcome_has_its_place() {
        for (place, operation) in Operation::ALL.iter().enumerate() {
            assert_eq!(*operation as usize, place);
        }
        for (place, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
    }
}
