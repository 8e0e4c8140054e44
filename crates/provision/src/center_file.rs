//! The center file: everything a contact center consists of, as one TOML file that is applied whole
//! (docs/compat/center.md#center-file).
//!
//! A file is read ([`form`]), its names are looked up and its things get their ids ([`resolve`]),
//! the result is compared with what is stored ([`difference`]) and, once the difference was shown,
//! committed ([`apply`]). Applying a file twice changes nothing the second time. What the file does
//! not name stays, unless pruning is asked for.
//!
//! It works on a store alone ([`Plan::apply`]), or with the engine that has it, also while it
//! serves ([`Plan::apply_and_pass_on`]).

mod apply;
mod difference;
mod form;
mod passing;
mod passwords;
mod resolve;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;

use handoff_domain::InteractionId;
use handoff_engine::{Directory, Engine, IdSource};
use handoff_store::{Record, Store, StoreError};

use apply::Batches;
pub use difference::Difference;
pub use passwords::Passwords;

use crate::changing::By;
use crate::toml_place;

/// Most tables of a file whose faults are told at once.
const WRONG_MAX: usize = 100;

/// Most bytes that are read for faults beyond the first: each means to read what is left of the
/// file again.
const READ_AGAIN_BYTES_MAX: usize = 4 * 1024 * 1024;

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
    fn all_of(problems: Vec<Self>) -> Option<Self> {
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

/// What a file says, as text with the name that messages call it.
#[derive(Clone, Debug)]
pub struct CenterFile {
    name: String,
    text: String,
}

/// Whether things that a file does not name are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnamed {
    /// They stay.
    Keep,
    /// They are removed, and what is with them is passed on.
    Prune,
}

/// Hears after each commit how many records were written and removed so far.
pub type Progress<'a> = &'a (dyn Fn(usize) + Sync);

/// For those whom it does not interest how far it is.
pub const QUIETLY: Progress<'static> = &|_| ();

/// A file compared with a store, ready to be applied.
#[derive(Debug)]
pub struct Plan {
    /// What would change.
    pub difference: Difference,
    /// What the operator should know, a sentence each.
    pub warnings: Vec<String>,
    unnamed: Unnamed,
}

impl CenterFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read(path: &Path) -> Result<Self, CenterFileError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| CenterFileError::Unreadable { path: name.clone(), source })?;
        Ok(Self { name, text })
    }

    /// Takes the text of a file that was read elsewhere, or is part of the program.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
    }

    /// Returns what messages call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what is in it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the name of the contact center that it describes.
    ///
    /// # Errors
    ///
    /// [`CenterFileError::Wrong`] when the file is not well-formed.
    pub fn center_name(&self) -> Result<String, CenterFileError> {
        Ok(self.form()?.center.name.into_inner())
    }

    /// Returns the variables that its passwords are in: whoever sends it elsewhere sends their
    /// values along.
    ///
    /// # Errors
    ///
    /// [`CenterFileError::Wrong`] when the file is not well-formed.
    pub fn variables(&self) -> Result<BTreeSet<String>, CenterFileError> {
        let passwords = self.form()?.user.into_iter().filter_map(|user| user.password);
        let variables = passwords.filter_map(|password| match password {
            form::PasswordForm::Env(variable) => Some(variable.into_inner()),
            form::PasswordForm::Plain(_) | form::PasswordForm::Argon2(_) => None,
        });
        Ok(variables.collect())
    }

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
        Ok(Plan { difference, warnings: resolved.warnings, unnamed })
    }

    /// Reads the file's form. What cannot be read of one table does not hide what is wrong with the
    /// others: the first fault of each is told, of a large file only those of a few.
    fn form(&self) -> Result<form::Form, CenterFileError> {
        let mut rest = self.text.clone();
        let mut wrong = Vec::new();
        let rounds_max = WRONG_MAX.min(1 + READ_AGAIN_BYTES_MAX / rest.len().max(1));
        loop {
            let error = match toml::from_str::<form::Form>(&rest) {
                Ok(form) if wrong.is_empty() => return Ok(form),
                Ok(_) => break,
                Err(error) => error,
            };
            wrong.push(CenterFileError::Wrong(toml_place::describe(&self.name, &rest, &error)));
            let span = error.span().filter(|_| wrong.len() < rounds_max);
            match span.and_then(|span| toml_place::without_table(&rest, span.start)) {
                Some(without) => rest = without,
                None => break,
            }
        }
        Err(CenterFileError::all_of(wrong).expect("there was an error in every round but the last"))
    }

    /// What waits in a queue or came from it is of the queue's channel, and would be offered by
    /// none of another.
    async fn refuse_changed_channels(
        &self,
        resolved: &resolve::Resolved,
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

    /// Says what is wrong at a byte of the file.
    fn wrong_at(&self, offset: usize, message: impl std::fmt::Display) -> CenterFileError {
        let line = toml_place::line_of(&self.text, offset);
        CenterFileError::Wrong(format!("{}:{line}: {message}", self.name))
    }
}

impl Plan {
    /// Tells whether there is nothing to do. Where things are removed, an application before this
    /// one may have stopped between the removal and passing on what was with them: that is looked
    /// for also when nothing differs.
    #[must_use]
    pub fn has_nothing_to_do(&self) -> bool {
        self.difference.is_empty() && self.unnamed == Unnamed::Keep
    }

    /// Writes what the file says, in guarded commits: all or nothing as long as it fits into one.
    /// Nothing is removed, also where that was planned: what is with something that goes is passed
    /// on first ([`Plan::apply_and_pass_on`]).
    ///
    /// # Errors
    ///
    /// [`CenterFileError::Conflict`] when the store changed since the comparison; the store's own.
    pub async fn apply(
        self,
        store: &dyn Store,
        by: By,
        tell: Progress<'_>,
    ) -> Result<(), CenterFileError> {
        let mut batches = Batches::new(store, self.difference.directory, by, tell);
        batches.write(self.difference.changes).await
    }

    /// Carries the plan out where an engine is, also while it serves: what is with users, queues
    /// and workbins that are removed is passed on first (`work_to` names queues for what has none
    /// to go back to). Returns how many interactions were. A stop in between leaves a center that
    /// is valid, and applying the file again does the rest.
    ///
    /// # Errors
    ///
    /// [`CenterFileError::NoPlace`] and [`CenterFileError::WorkTo`] before anything was changed;
    /// [`CenterFileError::CameMeanwhile`] and [`CenterFileError::Stuck`] when work is left, which
    /// applying the file again passes on; [`CenterFileError::Conflict`] and
    /// [`CenterFileError::Work`]; the store's own.
    pub async fn apply_and_pass_on(
        self,
        engine: &Engine,
        by: By,
        work_to: &[String],
        tell: Progress<'_>,
    ) -> Result<usize, CenterFileError> {
        passing::apply(self.difference, engine, by, work_to, tell).await
    }
}
