//! What was found, a line each.

use std::fmt;

/// What was found about one thing.
pub(crate) enum Finding {
    /// It is in order.
    Fine { what: &'static str, detail: String },
    /// It is not.
    Bad { what: &'static str, problem: String, advice: &'static str },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fine { what, detail } => write!(f, "ok      {what}: {detail}"),
            Self::Bad { what, problem, advice } => write!(f, "problem {what}: {problem}; {advice}"),
        }
    }
}
