//! A center file compared with what is stored, and what becomes of that.

use handoff_engine::{Directory, Engine, IdSource};
use handoff_store::{Record, Store};

use super::apply::{self, Batches};
use super::difference::Difference;
use super::error::CenterFileError;
use super::file::{CenterFile, Unnamed};
use super::listener::{Listener, Outcome, Told};
use super::passing;
use super::passwords::Passwords;
use super::resolve::{self, Resolved};
use crate::changing::By;

/// A file compared with a store, ready to be applied.
#[derive(Debug)]
pub struct Plan {
    /// What would change.
    pub difference: Difference,
    /// What the operator should know, a sentence each.
    pub warnings: Vec<String>,
}

/// What becomes of a plan once it was told.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    /// Nothing: the difference is all that is wanted.
    DryRun,
    /// What the file names is written into a store. Nothing is removed, also where that was
    /// planned: what is with something that goes is passed on first.
    Write(&'a dyn Store),
    /// What the file does not name is removed as well, and what is with it is passed on, where an
    /// engine is, also while it serves.
    PassOn {
        engine: &'a Engine,
        /// Queues that take what has none to go back to, by their names; one for each channel.
        work_to: &'a [String],
    },
}

impl CenterFile {
    /// Compares the file with what a store has. Changes nothing.
    ///
    /// # Errors
    ///
    /// [`CenterFileError::Wrong`] when the file is not well-formed, has a key that is not known, or
    /// refers to something that it does not name; the store's own.
    pub async fn plan(
        &self,
        store: &dyn Store,
        ids: &dyn IdSource,
        passwords: &dyn Passwords,
        unnamed: Unnamed,
    ) -> Result<Plan, CenterFileError> {
        let directory = Directory::load(store).await?;
        let form = self.form()?;
        let resolved = resolve::resolve(self, form, &directory, ids, passwords, unnamed)?;
        self.refuse_changed_channels(&resolved, &directory, store).await?;
        let difference = Difference::between(&resolved, &directory, unnamed);
        Ok(Plan { difference, warnings: resolved.warnings })
    }

    /// What waits in a queue or came from it is of the queue's channel, and would be offered by
    /// none of another.
    async fn refuse_changed_channels(
        &self,
        resolved: &Resolved,
        directory: &Directory,
        store: &dyn Store,
    ) -> Result<(), CenterFileError> {
        let mut wrong = Vec::new();
        for record in &resolved.records {
            let Record::Queue(queue) = record else { continue };
            let Some(before) =
                directory.queues.get(&queue.id).filter(|before| before.media != queue.media)
            else {
                continue;
            };
            if apply::queue_holds_work(before, store).await? {
                let message = format!(
                    "the queue {:?} holds interactions of channel {}, so its channel cannot become {}; let them be finished or moved first, or \
                     make a queue of another name",
                    queue.name, before.media, queue.media
                );
                wrong.push(
                    self.wrong_at(resolved.channels.get(&queue.id).copied().unwrap_or(0), message),
                );
            }
        }
        CenterFileError::all_of(wrong).map_or(Ok(()), Err)
    }
}

impl Plan {
    /// Tells what would change and does it, in guarded commits: all or nothing as long as it fits
    /// into one. A stop in between leaves a center that is valid, and applying the file again does
    /// the rest; of what was removed before that stop, too: it is looked for also when nothing
    /// differs.
    ///
    /// # Errors
    ///
    /// [`CenterFileError::NoPlace`] and [`CenterFileError::WorkTo`] before anything was changed;
    /// [`CenterFileError::CameMeanwhile`] and [`CenterFileError::Stuck`] when work is left, which
    /// applying the file again passes on; [`CenterFileError::Conflict`] when somebody else changed
    /// the contact center since the comparison; [`CenterFileError::Work`]; the store's own.
    pub async fn carry_out(
        self,
        way: Way<'_>,
        by: By,
        listener: &dyn Listener,
    ) -> Result<Outcome, CenterFileError> {
        for warning in self.warnings {
            listener.hear(Told::Warning(warning)).await;
        }
        listener.hear(Told::Difference(self.difference.to_string())).await;
        let is_same = self.difference.is_empty();
        let passed_on = match way {
            Way::DryRun if is_same => 0,
            Way::DryRun => return Ok(Outcome::DryRun),
            Way::Write(store) => {
                let mut batches = Batches::new(store, &self.difference, by, listener);
                batches.write(self.difference.changes).await?;
                0
            }
            Way::PassOn { engine, work_to } => {
                passing::apply(self.difference, engine, by, work_to, listener).await?
            }
        };
        let is_nothing = is_same && passed_on == 0;
        Ok(if is_nothing { Outcome::Unchanged } else { Outcome::Applied { passed_on } })
    }
}
