//! `/me/interactions/{id}/attachments`: the files of an interaction. Whoever may see it sees them,
//! as far as its conversation shows them to them; whoever takes part in it may add some.
//!
//! The door is the same for every medium, and what is behind it is not: in a chat a file is
//! something that is said (`chat`), of an e-mail it is a part (`email`).

mod chat;
mod email;

use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use handoff_content::FileError;
use handoff_domain::{Content, Entry, FileId, Interaction, InteractionId, Media};
use handoff_store::FileRecord;
use serde::Serialize;

use crate::caller::{AnyUser, Me, Person};
use crate::cause::Cause;
use crate::commands::{Answer, visible};
use crate::downloads;
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::notify;
use crate::request::{Id, Ids};
use crate::shared::Shared;
use crate::uploads::{self, UploadError};
use crate::wire::date;
use crate::wire::envelope::JsonText;
use crate::wire::listing::Listing;
use crate::wire::names::status_name;
use crate::wire::resource::{Link, Lookup};

pub(crate) use email::{document, download_of, list_of, may_attach, raw};

/// The part of a form that holds the file (docs/compat/media.md#attachments).
const FILE_PART: &str = "attachment";
/// How large a file of an agent's in a chat may be, in bytes: as an e-mail of a customer's may be
/// with all that is attached (docs/compat/customers.md 3.2).
const BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "name", "contentType", "sentBy"];

/// One file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentResource {
    id: String,
    #[serde(flatten)]
    link: Link,
    name: String,
    /// Bytes.
    size: u64,
    content_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The name that the sender went by.
    sent_by: String,
    sent_date: String,
}

impl AttachmentResource {
    /// Shows a file that an entry tells of; `None` for every other entry.
    fn of(interaction: &Interaction, entry: &Entry, lookup: Lookup<'_>) -> Option<Self> {
        let Content::FileUploaded { file, name, bytes, content_type, description } = &entry.content
        else {
            return None;
        };
        Some(Self {
            id: file.to_string(),
            link: lookup.url.link(path_of(interaction.id, *file)),
            name: name.clone(),
            size: *bytes,
            content_type: content_type.clone(),
            description: description.clone(),
            sent_by: entry.from.nickname.clone(),
            sent_date: date::print(entry.at),
        })
    }
}

/// Returns the entries that tell the caller of a file which is still there, each with their own
/// number of it.
async fn sent(
    shared: &Shared,
    me: &Me,
    interaction: &Interaction,
) -> Result<Vec<(u64, Entry)>, Refusal> {
    if interaction.chat().is_none() {
        return Ok(Vec::new());
    }
    let sees = notify::sees(interaction, me.id());
    let entries = shared.engine().views().transcript(interaction, 0, sees, usize::MAX).await?;
    let deleted: Vec<FileId> = entries
        .iter()
        .filter_map(|entry| match entry.content {
            Content::FileDeleted { file, .. } => Some(file),
            _ => None,
        })
        .collect();
    let is_there = |entry: &Entry| match &entry.content {
        Content::FileUploaded { file, .. } => !deleted.contains(file),
        _ => false,
    };
    let files = entries.into_iter().filter(is_there);
    Ok(files.filter_map(|entry| Some((entry.index_for(sees)?, entry))).collect())
}

/// `GET /me/interactions/{id}/attachments`, in the order in which they were sent.
pub(crate) async fn list(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let interaction = visible(&shared, &me, &id).await?;
    let listing = Listing::read(&uri, FILTERS)?;
    if interaction.media() == Media::Email {
        return email::list(&shared, &interaction, &listing);
    }
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let files = sent(&shared, &me, &interaction).await?;
    let shown = files.iter().filter_map(|(index, entry)| {
        Some((*index, AttachmentResource::of(&interaction, entry, lookup)?))
    });
    listing.of_all("attachments", shown)
}

/// `GET /me/interactions/{id}/attachments/{attachment}`: what is in one.
pub(crate) async fn download(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Ids(id, attachment): Ids,
) -> Result<Response, Refusal> {
    let interaction = visible(&shared, &me, &id).await?;
    if interaction.media() == Media::Email {
        return email::download(&shared, &interaction, &attachment).await;
    }
    let found =
        shared.files().record_in(&interaction, &attachment).await?.ok_or_else(no_file)?.value;
    let sent = sent(&shared, &me, &interaction).await?;
    if !sent.iter().any(|(_, entry)| is_upload_of(&entry.content, found.id)) {
        return Err(no_file());
    }
    Ok(downloads::download(shared.files(), &found).await?)
}

/// `POST /me/interactions/{id}/attachments`: adds a file.
pub(crate) async fn add(
    State(shared): State<Shared>,
    retry: Retry,
    Person(me): Person,
    Id(id): Id,
    request: Request,
) -> Answer {
    // Pages of other origins can send forms without asking first, with credentials that a browser
    // remembers.
    shared.origins().may_write(request.headers())?;
    if let Some(answer) = retry.earlier(&shared, &me).await? {
        return Ok(answer);
    }
    let interaction = visible(&shared, &me, &id).await?;
    match interaction.media() {
        Media::Chat => {
            chat::may_add(&interaction, &me)?;
            let form = uploads::receive(shared.files(), request, FILE_PART, BYTES_MAX).await?;
            chat::add(&shared, &me, &retry, &interaction, form).await
        }
        Media::Email => email::add(&shared, &me, &retry, &interaction, request).await,
        Media::Workitem | Media::Open(_) => Err(takes_none(&interaction, &me)),
    }
}

/// `DELETE /me/interactions/{id}/attachments/{attachment}`: takes a file back that the caller sent.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Person(me): Person,
    Ids(id, attachment): Ids,
) -> Answer {
    if let Some(answer) = retry.earlier(&shared, &me).await? {
        return Ok(answer);
    }
    let interaction = visible(&shared, &me, &id).await?;
    match interaction.media() {
        Media::Chat => chat::delete(&shared, &me, &retry, &interaction, &attachment).await,
        Media::Email => email::delete(&shared, &me, &retry, &interaction, &attachment).await,
        Media::Workitem | Media::Open(_) => Err(no_file()),
    }
}

fn takes_none(interaction: &Interaction, me: &Me) -> Refusal {
    let state = status_name(interaction.status_for(me.id()));
    let sentence = format!(
        "The interaction is {state}, and none that takes files; send files in a live chat, or attach them to a draft."
    );
    Refusal::new(Code::WrongState, sentence)
}

fn no_file() -> Refusal {
    Refusal::not_found("attachment")
}

/// Answers whoever has added a file.
fn added(shared: &Shared, record: &FileRecord, reference: i32) -> JsonText {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Added {
        status_code: i32,
        id: String,
        /// The same id, under the name that the oldest pages give it
        /// (docs/compat/media.md#attachments).
        document_id: String,
        #[serde(flatten)]
        link: Link,
        reference_id: i32,
    }
    let link = shared.url().link(path_of(record.interaction, record.id));
    let id = record.id.to_string();
    JsonText::of(&Added {
        status_code: 0,
        document_id: id.clone(),
        id,
        link,
        reference_id: reference,
    })
}

/// Tells whether a change may be there although it was refused.
const fn is_unclear(refusal: &Refusal) -> bool {
    matches!(refusal.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::INTERNAL_SERVER_ERROR)
}

/// Tells whether something that was said is that this file was uploaded.
fn is_upload_of(content: &Content, id: FileId) -> bool {
    matches!(content, Content::FileUploaded { file, .. } if *file == id)
}

fn path_of(interaction: InteractionId, file: FileId) -> String {
    format!("/me/interactions/{interaction}/attachments/{file}")
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        let sentence = || uploads::sentence_of(&error);
        let refusal = match &error {
            FileError::NotScanned(_) | FileError::NotKept(_) | FileError::NotRead(_) => {
                Self::unavailable()
            }
            FileError::NotWhole { .. } => Self::damaged(sentence()),
            FileError::TooLarge { .. } => {
                Self::invalid(sentence()).with_status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            FileError::Type { .. }
            | FileError::Empty
            | FileError::NameTooLong { .. }
            | FileError::Infected => Self::invalid(sentence()),
        };
        refusal.because(Cause::file(error))
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::NotThere { part } => Self::missing(part),
            // Agents' forms are not weighed: their rate is their own.
            UploadError::TooMuchAtOnce => Self::too_many(Code::Forbidden, 1),
            UploadError::FieldsTooLarge => {
                Self::invalid(error.to_string()).with_status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            UploadError::Broken | UploadError::TooMany { .. } => Self::invalid(error.to_string()),
            UploadError::File(error) => error.into(),
        }
    }
}
