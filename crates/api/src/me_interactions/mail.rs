//! The operations of an e-mail: sending it, its files, and where it belongs
//! (docs/compat/media.md#e-mail; those on threads are ours).

use handoff_domain::command::Dispatch;
use handoff_domain::rejection::Noun;
use handoff_domain::{Action, FileId, InteractionId, Media, Named, Rejection};

use super::chat;
use super::names::QueueText;
use super::operations::{Intent, Parsed, act};
use crate::attachments::may_attach;
use crate::commands::Deed;
use crate::error::Refusal;
use crate::wire::email::EmailChanges;
use crate::wire::fields::Fields;

/// A file that is there already and is to be attached.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Its id, or whatever text came in its place.
    pub(super) id: String,
    /// Another name for it.
    pub(super) name: Option<String>,
}

/// `Send`: a mail of a draft, or something said in a chat; the interaction decides which of the two
/// is meant.
pub(super) fn send(body: &Fields<'_>) -> Parsed {
    let said = chat::send(body)?;
    let queue = QueueText::read(body)?;
    let changes = EmailChanges::read(body)?;
    let base = base_message(body)?;
    let force = body.boolean("force")?.unwrap_or(false);
    let Intent::Act(say) = said else { return Ok(said) };
    Ok(Intent::Act(Box::new(move |names| {
        if names.interaction.media != Media::Email {
            return say(names);
        }
        let before = names.interaction.email.clone().unwrap_or_default();
        let subject = changes.as_ref().and_then(|changes| changes.subject.clone());
        let queue = queue.as_ref().map(|queue| names.queue(queue));
        let email = changes.map(|changes| changes.applied_to(before, names.lookup.letters));
        Ok(Deed::from(Action::Send(Dispatch { queue, email, subject, base, force })))
    })))
}

/// Reads the latest message of the thread that whoever answers has seen.
pub(super) fn base_message(body: &Fields<'_>) -> Result<Option<InteractionId>, Refusal> {
    let wrong = |_| {
        Refusal::invalid(
            "The field baseMessageId must be the id of an e-mail of this thread; correct it.",
        )
    };
    body.text("baseMessageId")?.map(|id| id.parse().map_err(wrong)).transpose()
}

/// `AddAttachment`. Size and type that a client sends along are not read: they are what is in the
/// file.
pub(super) fn add_attachment(body: &Fields<'_>) -> Parsed {
    let id = body.required_text("documentId")?;
    Ok(Intent::Attach(Document { id, name: body.line("name")? }))
}

/// `RemoveAttachment`.
pub(super) fn remove_attachment(body: &Fields<'_>) -> Parsed {
    let given = match (body.text("attachmentId")?, body.text("documentId")?) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("Give one of attachmentId and documentId, not both."));
        }
        (given, other) => given.or(other),
    };
    let id = given.ok_or_else(|| body.missing("attachmentId"))?;
    Ok(Intent::Act(Box::new(move |names| match id.parse::<FileId>() {
        Ok(file) => Ok(Deed::from(Action::RemoveAttachment(file))),
        Err(_) => {
            may_attach(names.interaction, names.user.id, "RemoveAttachment")?;
            Err(Rejection::Unknown { noun: Noun::Attachment, name: id }.into())
        }
    })))
}

/// `JoinThread`.
pub(super) fn join(body: &Fields<'_>) -> Parsed {
    let parent = body.required_text("parentId")?;
    act(move |_| Action::Join {
        parent: parent.parse().map_or_else(|_| Named::Unknown(parent), Named::Known),
    })
}
