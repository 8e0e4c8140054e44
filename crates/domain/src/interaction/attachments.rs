//! Files attached to e-mails.
//!
//! What is in a file is kept elsewhere, and whoever attaches one has stored it there before. Here
//! is which files an e-mail has, and how many it may have.

use alloc::string::{String, ToString};

use crate::event::{Fact, NotificationType};
use crate::id::FileId;
use crate::interaction::attempt::Attempt;
use crate::interaction::change::Change;
use crate::interaction::decision::Decision;
use crate::interaction::draft::composing;
use crate::rejection::{Noun, Rejection};

/// A file that belongs to an e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stored", derive(serde::Serialize, serde::Deserialize))]
pub struct Attachment {
    pub file: FileId,
    /// Its name, as it is shown to people.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    pub content_type: String,
    /// Its `Content-ID` without the angle brackets, by which the HTML body names it.
    #[cfg_attr(feature = "stored", serde(default, skip_serializing_if = "Option::is_none"))]
    pub content_id: Option<String>,
    /// Whether the HTML body shows it.
    #[cfg_attr(feature = "stored", serde(default))]
    pub inline: bool,
}

impl Attachment {
    /// How many files a draft may have. More than any person attaches by hand, and few enough for
    /// an interaction to stay small.
    pub const FILES_MAX: usize = 100;
    /// How large the files of a draft may be together, in bytes: written as base64 they are 25 MiB,
    /// what most servers take of one message.
    pub const BYTES_MAX: u64 = 18 * 1_024 * 1_024;
}

/// Attaches a file to a draft. The same file again replaces what was said of it.
pub(super) fn add(attempt: &Attempt<'_>, attachment: &Attachment) -> Result<Decision, Rejection> {
    attempt.owner(composing(attempt)?)?;
    let mut change = attempt.change();
    let email = change.after.email_mut().ok_or_else(|| attempt.wrong_state())?;
    let attachments = &mut email.attachments;
    attachments.retain(|other| other.file != attachment.file);
    attachments.push(attachment.clone());
    let bytes = attachments.iter().fold(0_u64, |sum, one| sum.saturating_add(one.bytes));
    if attachments.len() > Attachment::FILES_MAX {
        return Err(Rejection::AttachmentBounds {
            part: "files",
            most: Attachment::FILES_MAX as u64,
        });
    }
    if bytes > Attachment::BYTES_MAX {
        return Err(Rejection::AttachmentBounds { part: "bytes", most: Attachment::BYTES_MAX });
    }
    let (file, name) = (attachment.file, attachment.name.clone());
    Ok(told(change, NotificationType::AttachmentAdded, Fact::AttachmentAdded { file, name }))
}

/// Takes a file off a draft.
pub(super) fn remove(attempt: &Attempt<'_>, file: FileId) -> Result<Decision, Rejection> {
    attempt.owner(composing(attempt)?)?;
    let mut change = attempt.change();
    let email = change.after.email_mut().ok_or_else(|| attempt.wrong_state())?;
    let attachments = &mut email.attachments;
    let unknown = || Rejection::Unknown { noun: Noun::Attachment, name: file.to_string() };
    let at = attachments.iter().position(|one| one.file == file).ok_or_else(unknown)?;
    let name = attachments.remove(at).name;
    Ok(told(change, NotificationType::AttachmentRemoved, Fact::AttachmentRemoved { file, name }))
}

fn told(mut change: Change<'_>, kind: NotificationType, fact: Fact) -> Decision {
    change.kind = kind;
    change.facts.push(fact);
    change.finish()
}
