//! What is told while a center file is applied, and to whom.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde::{Deserialize, Serialize};

/// What is told while a file is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Told {
    /// What the operator should know.
    Warning(String),
    /// What would change, as text. Nothing was changed before it is told.
    Difference(String),
    /// How many changes were made so far; told after each part but the last.
    Progress { done: usize, of: usize },
}

/// How an application ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// Everything is as the file says.
    Applied {
        /// How many interactions were passed on, from what was removed.
        passed_on: usize,
    },
    /// It was so already.
    Unchanged,
    /// Nothing was changed, as was wished.
    DryRun,
}

/// Hears what is told while a file is applied.
pub trait Listener: Sync {
    /// Takes it in. The application goes on when that is done.
    fn hear(&self, told: Told) -> BoxFuture<'_, ()>;
}

/// Whoever needs not wait for anything.
impl<F: Fn(Told) + Sync> Listener for F {
    fn hear(&self, told: Told) -> BoxFuture<'_, ()> {
        self(told);
        ready(()).boxed()
    }
}

/// For those whom it does not interest.
pub const QUIETLY: &dyn Listener = &|_: Told| ();
