//! A password for somebody who is locked out, by whoever operates the server.

use handoff_engine::Directory;
use handoff_store::{CommitError, Key, Removal, Store, StoreError};

use super::{Editor, GivenPassword, Refused};
use crate::changing::By;
use crate::user_description::UserDescription;

/// How often somebody else may change the contact center in between.
const ATTEMPTS_MAX: usize = 8;

/// Nobody got a password.
#[derive(Debug, thiserror::Error)]
pub enum NotReplaced {
    #[error("there is no user named {0:?}")]
    Unknown(String),
    /// They could not sign in with any.
    #[error("the user {0:?} is disabled; enable them first, by the center file or as an admin")]
    Disabled(String),
    #[error("others change the contact center all the time; try again")]
    Overtaken,
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Replaces the password of a user of any contact center, by its hash: their logins end, a second
/// factor is asked for no more, and they have to choose a password of their own before anything
/// else.
///
/// # Errors
///
/// [`NotReplaced`]; nothing is changed then.
pub async fn replace_password(
    store: &dyn Store,
    user_name: &str,
    hash: &str,
    by: &By,
) -> Result<(), NotReplaced> {
    for _ in 0..ATTEMPTS_MAX {
        let directory = Directory::load(store).await?;
        let user = directory.user_by_name(user_name);
        let user = user.ok_or_else(|| NotReplaced::Unknown(user_name.to_owned()))?;
        if !user.enabled {
            return Err(NotReplaced::Disabled(user_name.to_owned()));
        }
        let editor = Editor::new(&directory, user.center);
        let password = GivenPassword { hash: Some(hash.to_owned()), must_change: Some(true) };
        let edit = editor.change_user(user.id, &UserDescription::default(), &password)?;
        let edit = edit.without_second_factor();
        let mut change = editor.change_set(edit, by);
        let key = Key::SecondFactor(user.id);
        let versions = store.versions(std::slice::from_ref(&key)).await?;
        if let Some(version) = versions.first().copied().filter(|version| *version > 0) {
            change.removals.push(Removal { key, version });
        }
        match store.commit(change).await {
            Ok(_) => return Ok(()),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(_) => {}
        }
    }
    Err(NotReplaced::Overtaken)
}
