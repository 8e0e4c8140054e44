//! Why a center file cannot be applied.

use handoff_domain::InteractionId;
use handoff_store::StoreError;

/// A center file cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum CenterFileError {
    /// The file cannot be read.
    #[error("the center file {path} cannot be read")]
    Unreadable {
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something in the file is wrong; the text names the line, and has one for each thing that is.
    #[error("{0}")]
    Wrong(String),
    /// A password could not be hashed.
    #[error("the password of {user} cannot be hashed")]
    Password {
        user: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What is with something to be removed has nowhere to go.
    #[error("{0}, nothing was changed; name a queue of that channel that stays with --work-to")]
    NoPlace(String),
    /// Something came to what is removed while that went on, and has nowhere to go.
    #[error(
        "{0}: they came meanwhile; run it again and name a queue of that channel that stays with --work-to"
    )]
    CameMeanwhile(String),
    /// An interaction is still with something that is removed.
    #[error("the interaction {0} could not be passed on; run it again")]
    Stuck(InteractionId),
    /// `--work-to` names a queue that is not there, or several of one channel.
    #[error("--work-to {0}")]
    WorkTo(String),
    /// What is with something to be removed could not be passed on.
    #[error("the work of what is removed could not be passed on; run it again")]
    Work {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Somebody else changed the same things meanwhile.
    #[error("{0} was changed by somebody else meanwhile; run it again")]
    Conflict(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CenterFileError {
    /// Makes one error of all that is wrong with a file, in the order of its lines; `None` when
    /// nothing is.
    pub(super) fn all_of(problems: Vec<Self>) -> Option<Self> {
        let mut wrong = Vec::new();
        for problem in problems {
            match problem {
                Self::Wrong(text) => wrong.push(text),
                // Not the file's fault; it is said alone.
                other => return Some(other),
            }
        }
        // The sort is stable: what is on one line stays in order.
        wrong.sort_by_key(|text| line_in(text));
        wrong.dedup();
        if wrong.is_empty() { None } else { Some(Self::Wrong(wrong.join("\n"))) }
    }
}

/// Reads the line out of `name:line: …`; none sorts first.
fn line_in(text: &str) -> Option<usize> {
    text.split(": ").next()?.rsplit(':').next()?.parse().ok()
}
