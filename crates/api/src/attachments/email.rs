//! The files of e-mails: those that came with one, and those that an agent attaches to a draft.
//!
//! An e-mail says itself which files it has. A forwarded one has those of its original, so a file
//! may belong to several, and taking it off one leaves it to the others: what was taken off can be
//! attached again by its id until the interaction that it came to is forgotten.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use handoff_content::{Arrived, Taken, clean_name};
use handoff_domain::rejection::Noun;
use handoff_domain::{
    Action, Attachment, FileId, Interaction, Media, Mode, Operation, Rejection, UserCommand, UserId,
};
use handoff_engine::CommandRequest;
use handoff_store::{FileRecord, FileSender, Put, Record};
use serde::Serialize;

use super::{FILE_PART, added, is_unclear, is_upload_of, no_file, sent};
use crate::caller::{AnyUser, Me};
use crate::commands::{Answer, carry_out, visible_of};
use crate::downloads;
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::request::{Id, Ids};
use crate::shared::Shared;
use crate::uploads::{self, Received};
use crate::wire::envelope::Envelope;
use crate::wire::interaction::AttachmentResource;
use crate::wire::letters::id_of;
use crate::wire::listing::Listing;

/// An attachment in the list of an interaction's files, where chats show their types under this
/// name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(flatten)]
    attachment: AttachmentResource,
    content_type: String,
}

/// Refuses somebody who could not change the files of this draft now. What counts is what the rules
/// say afterwards.
pub(crate) fn may_attach(
    interaction: &Interaction,
    user: UserId,
    command: Operation,
) -> Result<(), Rejection> {
    let Some(owner) = interaction.owner().filter(|_| interaction.mode() == Some(Mode::Composing))
    else {
        return Err(Rejection::WrongState { status: interaction.status_for(user), command });
    };
    if owner == user { Ok(()) } else { Err(Rejection::NotOwner) }
}

/// Returns how many bytes more a draft may have in files.
fn room(interaction: &Interaction) -> Result<u64, Rejection> {
    let attachments = attachments_of(interaction);
    if attachments.len() >= Attachment::FILES_MAX {
        return Err(Rejection::AttachmentBounds {
            part: "files",
            most: Attachment::FILES_MAX as u64,
        });
    }
    let bytes = attachments.iter().fold(0_u64, |sum, one| sum.saturating_add(one.bytes));
    let room = Attachment::BYTES_MAX.saturating_sub(bytes);
    if room == 0 {
        return Err(Rejection::AttachmentBounds { part: "bytes", most: Attachment::BYTES_MAX });
    }
    Ok(room)
}

fn attachments_of(interaction: &Interaction) -> &[Attachment] {
    interaction.email().map_or(&[], |email| &email.attachments)
}

/// Lists the files, in the order in which the e-mail has them.
pub(super) fn list(shared: &Shared, interaction: &Interaction, listing: &Listing) -> Answer {
    let shown = attachments_of(interaction).iter().map(|one| Listed {
        attachment: AttachmentResource::of(interaction.id, one, shared.url()),
        content_type: one.content_type.clone(),
    });
    listing.of_all("attachments", (1_u64..).zip(shown))
}

/// Returns what is in a file.
pub(super) async fn download(
    shared: &Shared,
    interaction: &Interaction,
    attachment: &str,
) -> Result<Response, Refusal> {
    let is_it = |one: &&Attachment| one.file.to_string() == attachment;
    let one = attachments_of(interaction).iter().find(is_it).ok_or_else(no_file)?;
    let record = shared.files().record(one.file).await?.ok_or_else(no_file)?.value;
    let record = FileRecord { name: one.name.clone(), ..record };
    Ok(downloads::download(shared.files(), &record).await?)
}

/// `GET /me/emails/{id}/attachments/{attachment}`, and without `/me` (GetAttachment,
/// docs/compat/media.md#e-mail).
pub(crate) async fn download_of(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Ids(id, attachment): Ids,
) -> Result<Response, Refusal> {
    let interaction = visible_of(&shared, &me, &id, Some(&Media::Email)).await?;
    download(&shared, &interaction, &attachment).await
}

/// `GET /me/emails/{id}/attachments`, and without `/me`.
pub(crate) async fn list_of(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let interaction = visible_of(&shared, &me, &id, Some(&Media::Email)).await?;
    list(&shared, &interaction, &Listing::read(&uri, super::FILTERS)?)
}

/// `GET /me/interactions/{id}/raw`: the whole message as it came, as a download.
pub(crate) async fn raw(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
) -> Result<Response, Refusal> {
    let interaction = visible_of(&shared, &me, &id, Some(&Media::Email)).await?;
    let file = interaction.email().and_then(|email| email.raw).ok_or_else(no_message)?;
    let record = shared.files().record(file).await?.ok_or_else(no_message)?.value;
    Ok(downloads::download(shared.files(), &record).await?)
}

fn no_message() -> Refusal {
    Refusal::not_found("message as it came")
}

/// Receives a file and attaches it to a draft. Any type is taken, as an agent's files always are.
pub(super) async fn add(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    interaction: &Interaction,
    request: axum::extract::Request,
) -> Answer {
    may_attach(interaction, me.id(), Operation::AddAttachment)?;
    let form = uploads::receive(shared.files(), request, FILE_PART, room(interaction)?).await?;
    let (arrived, attachment) = attachment(form)?;
    let engine = shared.engine();
    let record = FileRecord {
        id: attachment.file,
        interaction: interaction.id,
        name: attachment.name.clone(),
        bytes: attachment.bytes,
        content_type: attachment.content_type.clone(),
        by: FileSender::User(me.id()),
        at: engine.core().now(),
        deleted: None,
        also: std::collections::BTreeSet::new(),
        erased: false,
    };
    let reference = engine.core().next_reference(me.id()).await?;
    let answer = added(shared, &record, reference);
    let action = Action::AddAttachment(attachment);
    let request = CommandRequest {
        reference: Some(reference),
        receipt: retry.receipt(me, &answer, engine.core().now()),
        also: vec![Put { record: Record::File(record.clone()), expected: 0 }],
        ..CommandRequest::new(interaction.id, UserCommand::new(me.caller(), action))
    };
    let done = Box::pin(carry_out(shared, me, &request, answer.clone()));
    let given = shared.files().keep_and(arrived, done, is_unclear).await?;
    if given != answer {
        // A twin of this request came first, and the answer speaks of its file.
        shared.files().discard(record.id).await;
    }
    Ok(given)
}

/// Makes an attachment of what came in a form. With `inline` it gets a name by which the body can
/// show it.
fn attachment(form: Received) -> Result<(Arrived, Attachment), Refusal> {
    let arrived = form.file.ok_or_else(|| Refusal::missing(FILE_PART))?;
    let inline = match form.fields.iter().find(|(name, _)| name == "inline") {
        None => false,
        Some((_, value)) => value
            .parse()
            .map_err(|_| Refusal::invalid("The field inline must be true or false; correct it."))?,
    };
    let Arrived { id, name, bytes, .. } = &arrived;
    let attachment = Attachment {
        file: *id,
        name: name.clone(),
        bytes: *bytes,
        content_type: arrived.content_type(Taken::Any)?.to_owned(),
        // Its form is that of a Message-ID (RFC 2392); that it is nobody's domain keeps it apart
        // from every other.
        content_id: inline.then(|| id_of(*id)),
        inline,
    };
    Ok((arrived, attachment))
}

/// Takes a file off a draft.
pub(super) async fn delete(
    shared: &Shared,
    me: &Me,
    retry: &Retry,
    interaction: &Interaction,
    attachment: &str,
) -> Answer {
    may_attach(interaction, me.id(), Operation::RemoveAttachment)?;
    let file = attachment.parse::<FileId>().map_err(|_| no_file())?;
    let engine = shared.engine();
    let reference = engine.core().next_reference(me.id()).await?;
    let answer = Envelope::Plain.success(Some(reference));
    let action = Action::RemoveAttachment(file);
    let request = CommandRequest {
        reference: Some(reference),
        receipt: retry.receipt(me, &answer, engine.core().now()),
        ..CommandRequest::new(interaction.id, UserCommand::new(me.caller(), action))
    };
    carry_out(shared, me, &request, answer).await
}

/// Returns a file that is there already, to be attached to a draft: one that was on it before, one
/// of another e-mail that the caller may see, or one of a chat that they were told of.
pub(crate) async fn document(
    shared: &Shared,
    me: &Me,
    draft: &Interaction,
    id: &str,
    name: Option<&str>,
) -> Result<Attachment, Refusal> {
    may_attach(draft, me.id(), Operation::AddAttachment)?;
    let unknown = || Rejection::Unknown { noun: Noun::Attachment, name: id.to_owned() };
    let file = id.parse::<FileId>().map_err(|_| unknown())?;
    let found = shared.files().record(file).await?.ok_or_else(unknown)?;
    if found.value.interaction != draft.id {
        if !is_theirs(shared, me, &found.value).await? {
            return Err(unknown().into());
        }
        shared.files().lend(&found, draft.id).await?.ok_or_else(unknown)?;
    }
    let record = found.value;
    let attached = attachments_of(draft).iter().find(|one| one.file == file).cloned();
    let mut attachment = attached.unwrap_or(Attachment {
        file,
        name: record.name,
        bytes: record.bytes,
        content_type: record.content_type,
        content_id: None,
        inline: false,
    });
    if let Some(name) = name {
        attachment.name = clean_name(name);
    }
    Ok(attachment)
}

/// Tells whether a file of another interaction is shown to the caller there.
async fn is_theirs(shared: &Shared, me: &Me, record: &FileRecord) -> Result<bool, Refusal> {
    let Some(source) = shared.engine().views().interaction_for(me.id(), record.interaction).await?
    else {
        return Ok(false);
    };
    if source.media() == Media::Email {
        return Ok(attachments_of(&source).iter().any(|one| one.file == record.id));
    }
    Ok(sent(shared, me, &source)
        .await?
        .iter()
        .any(|(_, entry)| is_upload_of(&entry.content, record.id)))
}
