//! Removing one thing that work may be with, while the server serves: in the steps in which a file
//! is applied that does not name it.

use handoff_domain::CenterId;
use handoff_engine::{Directory, Engine};
use handoff_store::Record;

use super::difference::Difference;
use super::error::CenterFileError;
use super::listener::QUIETLY;
use super::passing;
use crate::changing::By;

/// One thing that is to be removed from a contact center as it is, because nothing refers to it.
#[derive(Debug)]
pub struct Removing {
    record: Record,
    difference: Difference,
}

impl Removing {
    pub(crate) fn new(record: Record, directory: &Directory, center: CenterId) -> Self {
        let difference = Difference::of_removal(record.clone(), directory, center);
        Self { record, difference }
    }

    /// Removes it. What a user has goes back to its queue first, or to one that `work_to` names.
    /// A queue or a workbin goes only when nothing is with it; what comes to it in the moment of
    /// its removal keeps it. On return everything is durable; who stops waiting leaves what a stop
    /// of [`Plan::carry_out`](super::Plan::carry_out) would.
    ///
    /// # Errors
    ///
    /// [`CenterFileError::NoPlace`] and [`CenterFileError::WorkTo`] before anything was changed;
    /// [`CenterFileError::CameMeanwhile`] when something came that has nowhere to go: a user is
    /// disabled then, anything else is there as before; the others as of [`Plan::carry_out`].
    ///
    /// [`Plan::carry_out`]: super::Plan::carry_out
    pub async fn carry_out(
        self,
        engine: &Engine,
        by: By,
        work_to: &[String],
    ) -> Result<(), CenterFileError> {
        let Self { record, difference } = self;
        match record {
            Record::User(_) => {
                passing::apply(difference, engine, by, work_to, QUIETLY).await.map(drop)
            }
            other => passing::remove_empty(difference, other, engine, by).await,
        }
    }
}
