//! Notes: what people remark on an interaction for whoever works on it next. One does not overwrite
//! another; the newest is the wire's `comment`.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::id::UserId;
use crate::interaction::Interaction;
use crate::interaction::change::Change;
use crate::interaction::say;
use crate::rejection::Rejection;
use crate::time::Time;

/// One remark.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Note {
    /// Who wrote it; `None` for what was written before authors were kept.
    pub by: Option<UserId>,
    pub at: Time,
    pub text: String,
}

impl Note {
    /// Most notes of one interaction: a case that many people work on for weeks has fewer.
    pub const COUNT_MAX: usize = 100;
    /// Most characters of one: two pages.
    pub const CHARS_MAX: usize = 4_000;
    /// Most bytes of all of one interaction together, as much as user data may have: every event
    /// keeps a copy of them.
    pub const BYTES_MAX: usize = 64 * 1024;
}

impl Interaction {
    /// Returns the notes, the oldest first. A remark that was stored before there were several is
    /// the first of them.
    #[must_use]
    pub fn all_notes(&self) -> Vec<Note> {
        match &self.comment {
            Some(text) if self.notes.is_empty() && !text.is_empty() => {
                Vec::from([Note { by: None, at: self.received, text: text.clone() }])
            }
            _ => self.notes.clone(),
        }
    }
}

impl Change<'_> {
    /// Puts a note behind the others.
    ///
    /// # Errors
    ///
    /// [`Rejection::TextBounds`] when it is empty or too long, [`Rejection::TextControl`] with NUL
    /// in it, [`Rejection::NotesFull`] when no more fit.
    pub(super) fn add_note(&mut self, text: &str) -> Result<(), Rejection> {
        say::without_nul("note", text)?;
        if text.trim().is_empty() || text.chars().count() > Note::CHARS_MAX {
            return Err(Rejection::TextBounds { part: "note", chars_max: Note::CHARS_MAX });
        }
        let mut notes = self.after.all_notes();
        let bytes: usize = notes.iter().map(|note| note.text.len()).sum();
        if notes.len() >= Note::COUNT_MAX || bytes.saturating_add(text.len()) > Note::BYTES_MAX {
            return Err(Rejection::NotesFull);
        }
        let (by, at, text) = (self.actor.user(), self.context.now, text.to_string());
        self.after.comment = Some(text.clone());
        notes.push(Note { by, at, text });
        self.after.notes = notes;
        Ok(())
    }
}
