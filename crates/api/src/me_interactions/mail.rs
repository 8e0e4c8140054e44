//! The operations of an e-mail: sending it, its files, and where it belongs
//! (docs/compat/media.md#e-mail; those on threads are ours).

use handoff_domain::command::Dispatch;
use handoff_domain::{Action, Named, Value};

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
        delay_ms: delay_ms(body)?,
    };
    act(ActionText::Send(mailing, said))
}

/// Reads how long a mail waits, so that it can be taken back.
fn delay_ms(body: &Fields<'_>) -> Result<u64, Refusal> {
    let seconds_max = Dispatch::DELAY_MS_MAX / 1_000;
    let Some(given) = body.get("delay") else { return Ok(0) };
    let seconds = match given {
        Value::Integer(seconds) => u64::try_from(*seconds).ok(),
        _ => None,
    };
    let seconds = seconds.filter(|seconds| *seconds <= seconds_max);
    seconds.map(|seconds| seconds * 1_000).ok_or_else(|| {
        Refusal::invalid(format!(
            "The field delay must be whole seconds from 0 to {seconds_max}; correct it."
        ))
    })
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
