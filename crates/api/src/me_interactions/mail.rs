//! The operations of an e-mail: sending it, its files, and where it belongs
//! (docs/compat/media.md#e-mail; those on threads are ours).

use handoff_domain::{Action, Named};

use super::action_text::{ActionText, Document, Intent, Mailing, Parsed, act, plain};
use super::chat;
use super::compose::base_message;
use super::names::QueueText;
use crate::error::Refusal;
use crate::wire::email::EmailChanges;
use crate::wire::fields::Fields;

/// `Send`: a mail of a draft, or something said in a chat.
pub(super) fn send(body: &Fields<'_>) -> Parsed {
    let said = chat::said(body)?;
    let mailing = Mailing {
        queue: QueueText::read(body)?,
        changes: EmailChanges::read(body)?,
        base: base_message(body)?,
        force: body.boolean("force")?.unwrap_or(false),
    };
    act(ActionText::Send(mailing, said))
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
    act(ActionText::RemoveAttachment(id))
}

/// `JoinThread`.
pub(super) fn join(body: &Fields<'_>) -> Parsed {
    let parent = body.required_text("parentId")?;
    let parent = parent.parse().map_or_else(|_| Named::Unknown(parent), Named::Known);
    plain(Action::Join { parent })
}
