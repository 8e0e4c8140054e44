//! Whether a history of concurrent calls is linearizable: whether there is one order of the calls,
//! in keeping with real time, in which every answer is what the model would have answered.
//!
//! The search is that of Wing and Gong with Lowe's memory of configurations already tried ("Testing
//! for linearizability", Concurrency and Computation 29(4), 2017). A call that was never answered
//! may take effect at any time after it was made, or never.

use std::collections::HashSet;
use std::hash::Hash;

/// How the thing that is called behaves when calls come one after another.
pub(crate) trait Model {
    /// A call with its answer, or without one if none came.
    type Call;
    /// Everything that later answers depend on.
    type State: Clone + Eq + Hash;

    /// Returns the state at the beginning.
    fn initial(&self) -> Self::State;

    /// Tells whether a call with this answer never changes anything, whatever the state.
    fn is_look(&self, call: &Self::Call) -> bool;

    /// Returns the state after the call, or `None` when the model would not have answered like
    /// that.
    fn apply(&self, state: &Self::State, call: &Self::Call) -> Option<Self::State>;
}

/// A call within a history.
#[derive(Clone, Debug)]
pub(crate) struct Entry<C> {
    /// When it was made. Times are counted by one counter for all clients.
    pub(crate) called: u64,
    /// When the answer came, if one did.
    pub(crate) answered: Option<u64>,
    /// The call and its answer.
    pub(crate) call: C,
}

/// What came out of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict<S> {
    /// There is an order.
    Linearizable,
    /// There is none.
    Impossible(Stuck<S>),
    /// The search was given up.
    Undecided,
}

/// The longest beginning that is consistent, and what could not follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stuck<S> {
    /// How many answered calls it holds.
    pub(crate) answered: usize,
    pub(crate) state: S,
    /// The moments at which the calls were made that had to come next.
    pub(crate) next: Vec<u64>,
}

/// Configurations tried before a search is given up. Histories of a correct server need little more
/// than one per call.
const CONFIGURATIONS_MAX: usize = 2_000_000;

/// Looks for an order of the calls.
pub(crate) fn check<M: Model>(model: &M, mut history: Vec<Entry<M::Call>>) -> Verdict<M::State> {
    history.sort_by_key(|entry| entry.called);
    Search {
        model,
        answered: history.iter().filter(|entry| entry.answered.is_some()).count(),
        history: &history,
    }
    .run()
}

struct Search<'a, M: Model> {
    model: &'a M,
    history: &'a [Entry<M::Call>],
    /// How many calls were answered; all of them must find a place.
    answered: usize,
}

/// A beginning of an order: which calls are in it, and where they led.
struct Step<S> {
    state: S,
    taken: Taken,
    count: usize,
    /// Calls that may come next, most promising last.
    next: Vec<usize>,
}

impl<M: Model> Search<'_, M> {
    fn run(&self) -> Verdict<M::State> {
        let mut seen: HashSet<(Taken, M::State)> = HashSet::new();
        let first = self.step(self.model.initial(), Taken::none(self.history.len()), 0);
        let mut stuck = self.stuck(&first);
        let mut steps = vec![first];
        while let Some(step) = steps.last_mut() {
            if step.count == self.answered {
                return Verdict::Linearizable;
            }
            let Some(index) = step.next.pop() else {
                steps.pop();
                continue;
            };
            let Some(state) = self.model.apply(&step.state, &self.history[index].call) else {
                continue;
            };
            let mut taken = step.taken.clone();
            taken.insert(index);
            let count = step.count + usize::from(self.history[index].answered.is_some());
            if seen.insert((taken.clone(), state.clone())) {
                if seen.len() > CONFIGURATIONS_MAX {
                    return Verdict::Undecided;
                }
                let step = self.step(state, taken, count);
                if step.count > stuck.answered {
                    stuck = self.stuck(&step);
                }
                steps.push(step);
            }
        }
        Verdict::Impossible(stuck)
    }

    fn stuck(&self, step: &Step<M::State>) -> Stuck<M::State> {
        let next = step.next.iter().map(|index| self.history[*index].called).collect();
        Stuck { answered: step.count, state: step.state.clone(), next }
    }

    fn step(&self, state: M::State, taken: Taken, count: usize) -> Step<M::State> {
        let next = self.candidates(&state, &taken);
        Step { state, taken, count, next }
    }

    /// Returns the calls that may come next: those made before any call that is not yet taken was
    /// answered.
    fn candidates(&self, state: &M::State, taken: &Taken) -> Vec<usize> {
        let mut earliest_answer = u64::MAX;
        let mut answered = Vec::new();
        let mut open = Vec::new();
        for index in taken.first_missing..self.history.len() {
            let entry = &self.history[index];
            if entry.called > earliest_answer {
                break;
            }
            if taken.contains(index) {
                continue;
            }
            earliest_answer = earliest_answer.min(entry.answered.unwrap_or(u64::MAX));
            // A look that fits can always come first: no order is lost by not trying the others. A
            // command that happens to change nothing here may not, because later it might.
            if self.model.is_look(&entry.call)
                && self.model.apply(state, &entry.call).as_ref() == Some(state)
            {
                return vec![index];
            }
            let list = if entry.answered.is_some() { &mut answered } else { &mut open };
            list.push(index);
        }
        // The last is tried first: answered calls before unanswered ones, and of those the one that
        // was answered first.
        answered.sort_by_key(|index| std::cmp::Reverse(self.history[*index].answered));
        open.append(&mut answered);
        open
    }
}

/// A set of calls, as bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Taken {
    bits: Vec<u64>,
    /// Every call before this one is in the set.
    first_missing: usize,
}

impl Taken {
    fn none(length: usize) -> Self {
        Self { bits: vec![0; length / 64 + 1], first_missing: 0 }
    }

    fn contains(&self, index: usize) -> bool {
        self.bits[index / 64] & (1 << (index % 64)) != 0
    }

    fn insert(&mut self, index: usize) {
        self.bits[index / 64] |= 1 << (index % 64);
        while self.first_missing / 64 < self.bits.len() && self.contains(self.first_missing) {
            self.first_missing += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A register that can be written, read, and compared and set.
    struct Register;

    #[derive(Clone, Debug)]
    enum Call {
        Write(u32),
        Read(u32),
        Swap { from: u32, to: u32, done: bool },
    }

    impl Model for Register {
        type Call = Call;
        type State = u32;

        fn initial(&self) -> u32 {
            0
        }

        fn is_look(&self, call: &Call) -> bool {
            matches!(call, Call::Read(_) | Call::Swap { done: false, .. })
        }

        fn apply(&self, state: &u32, call: &Call) -> Option<u32> {
            match *call {
                Call::Write(value) => Some(value),
                Call::Read(value) => (value == *state).then_some(*state),
                Call::Swap { from, to, done } => {
                    ((*state == from) == done).then_some(if done { to } else { *state })
                }
            }
        }
    }

    fn entry(called: u64, answered: u64, call: Call) -> Entry<Call> {
        Entry { called, answered: (answered > 0).then_some(answered), call }
    }

    #[test]
    fn calls_one_after_another_are_checked_against_the_model() {
        let good = vec![entry(1, 2, Call::Write(1)), entry(3, 4, Call::Read(1))];
        let bad = vec![entry(1, 2, Call::Write(1)), entry(3, 4, Call::Read(0))];
        assert_eq!(check(&Register, good), Verdict::Linearizable);
        let stuck = Stuck { answered: 1, state: 1, next: vec![3] };
        assert_eq!(check(&Register, bad), Verdict::Impossible(stuck));
    }

    #[test]
    fn calls_at_the_same_time_may_come_in_any_order() {
        let history = vec![
            entry(1, 10, Call::Write(1)),
            entry(2, 9, Call::Write(2)),
            entry(3, 4, Call::Read(2)),
            entry(5, 6, Call::Read(1)),
        ];
        assert_eq!(check(&Register, history), Verdict::Linearizable);
    }

    #[test]
    fn a_value_once_overwritten_does_not_come_back() {
        let history = vec![
            entry(1, 10, Call::Write(1)),
            entry(2, 3, Call::Read(1)),
            entry(4, 5, Call::Read(0)),
        ];
        assert!(matches!(check(&Register, history), Verdict::Impossible(_)));
    }

    #[test]
    fn two_cannot_win_the_same_race() {
        let swap = |to, done| Call::Swap { from: 0, to, done };
        let one_wins = vec![
            entry(1, 5, swap(1, true)),
            entry(2, 4, swap(2, false)),
            entry(6, 7, Call::Read(1)),
        ];
        let both_win = vec![entry(1, 5, swap(1, true)), entry(2, 4, swap(2, true))];
        assert_eq!(check(&Register, one_wins), Verdict::Linearizable);
        assert!(matches!(check(&Register, both_win), Verdict::Impossible(_)));
    }

    #[test]
    fn an_unanswered_call_may_take_effect_late_or_never() {
        let late = vec![
            entry(1, 0, Call::Write(1)),
            entry(2, 3, Call::Read(0)),
            entry(4, 5, Call::Read(1)),
        ];
        let never = vec![
            entry(1, 0, Call::Write(1)),
            entry(2, 3, Call::Read(0)),
            entry(4, 5, Call::Read(0)),
        ];
        let twice = vec![
            entry(1, 0, Call::Write(1)),
            entry(2, 3, Call::Read(1)),
            entry(4, 5, Call::Write(2)),
            entry(6, 7, Call::Read(1)),
        ];
        assert_eq!(check(&Register, late), Verdict::Linearizable);
        assert_eq!(check(&Register, never), Verdict::Linearizable);
        assert!(matches!(check(&Register, twice), Verdict::Impossible(_)));
    }

    #[test]
    fn a_command_that_would_change_nothing_now_may_come_later() {
        let history = vec![
            entry(1, 2, Call::Write(1)),
            entry(3, 6, Call::Write(1)),
            entry(4, 5, Call::Swap { from: 1, to: 2, done: true }),
            entry(7, 8, Call::Swap { from: 1, to: 3, done: true }),
        ];
        assert_eq!(check(&Register, history), Verdict::Linearizable);
    }

    #[test]
    fn long_histories_take_about_one_configuration_per_call() {
        let mut history = Vec::new();
        for round in 0..2_000_u64 {
            let value = u32::try_from(round).unwrap();
            history.push(entry(round * 10 + 1, round * 10 + 4, Call::Write(value)));
            history.push(entry(round * 10 + 2, round * 10 + 5, Call::Read(value)));
        }
        history.push(entry(3, 0, Call::Write(77)));
        assert_eq!(check(&Register, history), Verdict::Linearizable);
    }
}
