//! Versions of a draft: what its text was before somebody went on with it.
//!
//! The draft has its present text and who wrote it. What one person saves within a while is one
//! version, so that keeping what was typed every second or two makes few of them.

use alloc::string::String;

use crate::id::UserId;
use crate::interaction::{Email, Interaction};
use crate::time::Time;

/// Who wrote the text that a draft has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Writing {
    pub by: UserId,
    /// When they began this version.
    pub since: Time,
    /// When they saved it last.
    pub at: Time,
}

impl Writing {
    /// How long what one person saves is one version, in ms: a few sentences.
    pub const VERSION_MS: u64 = 30_000;

    pub(super) fn next(before: Option<Self>, by: UserId, now: Time) -> Self {
        let goes_on = |it: &Self| it.by == by && now.ms_since(it.since) < Self::VERSION_MS;
        match before.filter(goes_on) {
            Some(before) => Self { at: now, ..before },
            None => Self { by, since: now, at: now },
        }
    }
}

/// A text that a draft had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct DraftVersion {
    /// Its place among all that the draft had, from 1.
    pub number: u32,
    /// Who wrote it.
    pub by: UserId,
    /// When they saved it last.
    pub at: Time,
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub subject: Option<String>,
    /// Addresses and text, and nothing else.
    pub email: Email,
}

impl Interaction {
    /// Returns the version of a draft that it had before, when another one begins with the state
    /// after; its number is for whoever keeps it to give.
    #[must_use]
    pub fn version_before(&self, after: &Self) -> Option<DraftVersion> {
        let (email, next) = (self.email()?, after.email()?);
        let written = email.written.as_deref()?;
        let begins = next
            .written
            .as_deref()
            .is_some_and(|next| (next.by, next.since) != (written.by, written.since));
        let (by, at, subject) = (written.by, written.at, self.subject.clone());
        begins.then(|| DraftVersion { number: 0, by, at, subject, email: email.text() })
    }
}
