//! When a peer dies.

use std::sync::Mutex;

/// At which moment of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The command was read, and nothing was done.
    Before,
    /// It was done, and nothing was answered.
    Between,
    /// Half of the answer was written.
    Half,
    /// All of the answer was written.
    After,
}

pub(crate) const MOMENTS: [Moment; 4] =
    [Moment::Before, Moment::Between, Moment::Half, Moment::After];

/// One death.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The step, by name.
    pub(crate) step: String,
    /// The first, second, … time that it comes, from 0.
    pub(crate) turn: usize,
    pub(crate) moment: Moment,
}

/// The deaths that lie ahead, and the steps so far.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    ahead: Option<Fault>,
    fired: usize,
    steps: Vec<String>,
}

impl Faults {
    /// Plans a death.
    pub(crate) fn plan(&self, fault: Fault) {
        self.inner.lock().unwrap().ahead = Some(fault);
    }

    /// Notes that a step has come; returns the moment at which the peer dies in it.
    pub(crate) fn step(&self, name: &str) -> Option<Moment> {
        let mut inner = self.inner.lock().unwrap();
        inner.steps.push(name.to_owned());
        let ahead = inner.ahead.as_mut().filter(|fault| fault.step == name)?;
        if ahead.turn > 0 {
            ahead.turn -= 1;
            return None;
        }
        let moment = ahead.moment;
        inner.ahead = None;
        inner.fired += 1;
        Some(moment)
    }

    /// How many deaths there were.
    pub(crate) fn fired(&self) -> usize {
        self.inner.lock().unwrap().fired
    }

    /// The steps so far.
    pub(crate) fn steps(&self) -> Vec<String> {
        self.inner.lock().unwrap().steps.clone()
    }
}
