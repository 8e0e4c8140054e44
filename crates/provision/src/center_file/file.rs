//! A center file as it is written, before anything is looked up.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::CenterFileError;
use super::form;
use crate::toml_place;

/// Most tables of a file whose faults are told at once.
pub(super) const WRONG_MAX: usize = 100;

/// Most bytes that are read for faults beyond the first: each means to read what is left of the
/// file again.
const READ_AGAIN_BYTES_MAX: usize = 4 * 1024 * 1024;

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

    /// Returns the variables that users' passwords are in: whoever sends it elsewhere sends their
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

    /// Reads the file's form. What cannot be read of one table does not hide what is wrong with the
    /// others: the first fault of each is told, of a large file only those of a few.
    pub(super) fn form(&self) -> Result<form::Form, CenterFileError> {
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

    /// Says what is wrong at a byte of the file.
    pub(super) fn wrong_at(
        &self,
        offset: usize,
        message: impl std::fmt::Display,
    ) -> CenterFileError {
        let line = toml_place::line_of(&self.text, offset);
        CenterFileError::Wrong(format!("{}:{line}: {message}", self.name))
    }
}
