//! Files in a chat: what a customer may send, and how he gets one back (ingest notes 1.5 and 2).
//!
//! A file is written down while it arrives and kept only when everything about it is right: its sender, its size, its type by what is in
//! it, the scanner's word. Until then nobody can read it, and a refused one leaves nothing.

mod arrival;
mod clamd;
mod kind;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, Response as HttpResponse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use handoff_domain::service::FileLimits;
use handoff_domain::service::ServiceKind;
use handoff_domain::{Action, Chat, Content, FileId, Interaction, PartyKind, Utterance, Visibility};
use handoff_store::{FileRecord, FileSender, Files, Key, Put, Record, Versioned};

use super::answer::{Answer, Since};
use super::form::{Form, media_type};
use super::rest::prove;
use super::trouble::{Kind, Trouble};
use crate::shared::Shared;
use crate::wire::transcript::CustomerMessage;
use arrival::{Arrival, Arrived};

/// Takes a file: `POST …/{chatId}/file`, multipart.
pub(crate) async fn upload(
    State(shared): State<Shared>,
    Path((service, chat)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let limits = limits_of(&shared, &service)?;
    let (form, arrived) = receive(&shared, request, &limits).await?;
    let (interaction, key) = prove(&shared, &service, &chat, &form).await?;
    accept(&shared, interaction, &key, &limits, &form, arrived).await
}

/// Tells what the customer may do with files: `POST …/{chatId}/file/limits`.
pub(crate) async fn show_limits(
    State(shared): State<Shared>,
    Path((service, chat)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let form = Form::read(request).await?;
    let (interaction, key) = prove(&shared, &service, &chat, &form).await?;
    tell_limits(&shared, &interaction, &key).await
}

/// Gives or deletes a file: `POST …/{chatId}/file/{fileId}/download` or `…/delete`.
pub(crate) async fn operate(
    State(shared): State<Shared>,
    Path((service, chat, file, operation)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<Response, Trouble> {
    let form = Form::read(request).await?;
    let (interaction, key) = prove(&shared, &service, &chat, &form).await?;
    match operation.as_str() {
        "download" => download(&shared, &interaction, &file).await,
        "delete" => delete(&shared, interaction, &key, &file).await,
        _ => Err(Trouble::new(Kind::UnknownOperation, "A file has download and delete; use one of them.")),
    }
}

/// The files of customers who use CometD: `POST /genesys/2/chat-ntf` with `operation` and `secureKey`, which alone names the chat.
pub(crate) async fn notified(State(shared): State<Shared>, request: Request) -> Result<Response, Trouble> {
    let (form, arrived) = if media_type(request.headers()) == "multipart/form-data" {
        // Which service it is comes to light with the key, which may come behind the file: the widest limits count until then.
        let widest = widest_limits(&shared);
        receive(&shared, request, &widest).await?
    } else {
        (Form::read(request).await?, None)
    };
    let key = form.required("secureKey")?;
    let interaction = shared.engine().customer_seen(key).await?;
    let service = interaction.chat.as_ref().map(|chat| chat.service.clone()).unwrap_or_default();
    let limits = limits_of(&shared, &service)?;
    match (form.text("operation"), arrived) {
        // One client names no operation with a file (ingest notes 2).
        (Some("fileUpload") | None, Some(arrived)) => {
            accept(&shared, interaction.clone(), key, &limits, &form, Some(arrived)).await
        }
        (Some("fileUpload"), None) => Err(Trouble::missing("file")),
        (Some("fileGetLimits" | "fileGetsLimits"), _) => tell_limits(&shared, &interaction, key).await,
        (Some("fileDownload"), _) => download(&shared, &interaction, form.required("fileId")?).await,
        (Some("fileDelete"), _) => {
            let file = form.required("fileId")?;
            delete(&shared, interaction.clone(), key, file).await
        }
        (None, None) => Err(Trouble::missing("operation")),
        (Some(_), _) => {
            let advice =
                "There is no such operation; use fileUpload, fileGetLimits, fileDownload or fileDelete.";
            Err(Trouble::new(Kind::UnknownOperation, advice))
        }
    }
}

fn limits_of(shared: &Shared, service: &str) -> Result<FileLimits, Trouble> {
    // A service that was disabled meanwhile leaves the chats that began by it as they are.
    let found = shared.engine().directory().service(ServiceKind::Chat, service).cloned();
    let limits = found.and_then(|service| service.chat().map(|terms| terms.files.clone()));
    limits.ok_or_else(|| {
        Trouble::new(Kind::UnknownService, "There is no chat service of that name; check the address.")
    })
}

fn widest_limits(shared: &Shared) -> FileLimits {
    let directory = shared.engine().directory();
    let all = directory.services.values().filter_map(|service| service.chat());
    let file_bytes_max = all.map(|terms| terms.files.file_bytes_max).max().unwrap_or(0);
    FileLimits { file_bytes_max, ..FileLimits::default() }
}

/// Receives a form with a file.
async fn receive(
    shared: &Shared,
    request: Request,
    limits: &FileLimits,
) -> Result<(Form, Option<Arrived>), Trouble> {
    let broken = |_| Trouble::invalid("The body could not be read; send the request again.");
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| {
        Trouble::invalid("A file comes as multipart/form-data, in a part named file; send it so.")
    })?;
    let (mut form, mut arrived, mut form_bytes) = (Form::default(), None, 0_usize);
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        if name == "file" && arrived.is_none() {
            let file_name = part.file_name().unwrap_or("file").to_owned();
            let arrival = Arrival::begin(shared, kind::clean_name(&file_name), limits.file_bytes_max).await?;
            arrived = Some(arrival.receive(part).await?);
            continue;
        }
        let mut part = part;
        let mut text = Vec::new();
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            form_bytes += chunk.len();
            if form_bytes > super::FORM_BYTES_MAX {
                return Err(Trouble::new(
                    Kind::TooLarge,
                    "The fields beside the file are too large; send less.",
                ));
            }
            text.extend_from_slice(&chunk);
        }
        form.add(&name, String::from_utf8_lossy(&text).into_owned());
    }
    Ok((form, arrived))
}

/// Keeps a file that has arrived, if it may be kept, and says so in the chat.
async fn accept(
    shared: &Shared,
    interaction: Arc<Interaction>,
    key: &str,
    limits: &FileLimits,
    form: &Form,
    arrived: Option<Arrived>,
) -> Result<Response, Trouble> {
    let arrived = arrived.ok_or_else(|| Trouble::missing("file"))?;
    may_send(&interaction, limits, arrived.bytes)?;
    let content_type = kind::of(&arrived.head, &arrived.name, &limits.types)?;
    let description = form.user_data.0.get("file-description").and_then(|value| match value {
        handoff_domain::Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    let Arrived { id, name, bytes, .. } = &arrived;
    let record = FileRecord {
        id: *id,
        interaction: interaction.id,
        name: name.clone(),
        bytes: *bytes,
        content_type: content_type.to_owned(),
        by: FileSender::Customer,
        at: shared.engine().now(),
        deleted: None,
    };
    let content = Content::FileUploaded {
        file: *id,
        name: name.clone(),
        bytes: *bytes,
        content_type: content_type.to_owned(),
        description,
    };
    arrived.keep().await?;
    let put = Put { record: Record::File(record), expected: 0 };
    let said = Action::Say(Utterance { content: content.clone(), visibility: Visibility::All });
    let after = shared.engine().customer_does(interaction.id, said, None, vec![put]).await?;
    let answer = Answer::of(shared, &after, key, Since::Nothing).await?;
    let customer = after.chat.as_ref().and_then(Chat::customer_party);
    Ok(Json(answer.with(CustomerMessage::about_file(customer, shared.engine().now(), &content)))
        .into_response())
}

fn may_send(interaction: &Interaction, limits: &FileLimits, bytes: u64) -> Result<(), Trouble> {
    let Some(chat) = interaction.chat.as_ref().filter(|chat| chat.is_live()) else {
        return Err(Trouble::new(Kind::Ended, "The chat has ended; begin a new one."));
    };
    if limits.need_agent && !chat.parties.iter().any(|party| matches!(party.kind, PartyKind::Agent(_))) {
        return Err(Trouble::new(
            Kind::NeedsAgent,
            "Files can be sent once an agent has come in; wait for one.",
        ));
    }
    if chat.files.uploads >= limits.uploads_max {
        let advice = format!("{} files may be sent in one chat; this is one more.", limits.uploads_max);
        return Err(Trouble::new(Kind::TooManyFiles, advice));
    }
    if chat.files.bytes.saturating_add(bytes) > limits.total_bytes_max {
        let advice = format!(
            "All files of a chat may have {} bytes together; send a smaller one.",
            limits.total_bytes_max
        );
        return Err(Trouble::new(Kind::FilesTooLarge, advice));
    }
    Ok(())
}

async fn tell_limits(shared: &Shared, interaction: &Interaction, key: &str) -> Result<Response, Trouble> {
    let chat = interaction.chat.as_ref().ok_or(handoff_engine::NotYourChat::Unknown)?;
    let limits = limits_of(shared, &chat.service)?;
    let data = BTreeMap::from([
        ("download-attempts", limits.downloads_max.to_string()),
        ("upload-max-files", limits.uploads_max.to_string()),
        ("upload-max-file-size", limits.file_bytes_max.to_string()),
        ("upload-max-total-size", limits.total_bytes_max.to_string()),
        ("upload-file-types", limits.types.join(":")),
        ("upload-need-agent", limits.need_agent.to_string()),
        // Deleting gives nothing back: the word is the one that was captured (ingest notes 1.5).
        ("delete-file", "odd".to_owned()),
        ("used-upload-max-files", chat.files.uploads.to_string()),
        ("used-upload-max-total-size", chat.files.bytes.to_string()),
        ("used-download-attempts", chat.files.downloads.to_string()),
    ]);
    let answer = Answer::of(shared, interaction, key, Since::Nothing).await?;
    let message = CustomerMessage::limits(chat.customer_party(), shared.engine().now(), data);
    Ok(Json(answer.with(message)).into_response())
}

/// Gives the record of a file of this interaction. A deleted one, and one of another interaction, read like one that does not exist.
pub(crate) async fn find(
    shared: &Shared,
    interaction: &Interaction,
    file: &str,
) -> Result<Option<Versioned<FileRecord>>, handoff_store::StoreError> {
    let Ok(id) = file.parse::<FileId>() else { return Ok(None) };
    let found = shared.engine().store().load(&[Key::File(id)]).await?.pop().flatten();
    Ok(found.and_then(|found| match found.value {
        Record::File(record) if record.interaction == interaction.id && record.deleted.is_none() => {
            Some(Versioned { value: record, version: found.version })
        }
        _ => None,
    }))
}

fn no_file() -> Trouble {
    Trouble::new(Kind::NoFile, "There is no such file in this chat; check its id.")
}

async fn download(shared: &Shared, interaction: &Interaction, file: &str) -> Result<Response, Trouble> {
    let found = find(shared, interaction, file).await?.ok_or_else(no_file)?.value;
    let chat = interaction.chat.as_ref().ok_or(handoff_engine::NotYourChat::Unknown)?;
    if chat.is_live() {
        let limits = limits_of(shared, &chat.service)?;
        if chat.files.downloads >= limits.downloads_max {
            let advice = format!("Files may be fetched {} times in one chat.", limits.downloads_max);
            return Err(Trouble::new(Kind::NoDownloadsLeft, advice));
        }
        let counted = Action::CountDownload { file: found.id };
        shared.engine().customer_does(interaction.id, counted, None, Vec::new()).await?;
    }
    Ok(body_of(&shared.reception().files, &found))
}

async fn delete(
    shared: &Shared,
    interaction: Arc<Interaction>,
    key: &str,
    file: &str,
) -> Result<Response, Trouble> {
    let found = find(shared, &interaction, file).await?.ok_or_else(no_file)?;
    if found.value.by != FileSender::Customer {
        return Err(no_file());
    }
    let content = Content::FileDeleted { file: found.value.id, name: found.value.name.clone() };
    let record = FileRecord { deleted: Some(shared.engine().now()), ..found.value };
    let put = Put { record: Record::File(record), expected: found.version };
    let said = Action::Say(Utterance { content, visibility: Visibility::All });
    let after = shared.engine().customer_does(interaction.id, said, None, vec![put]).await?;
    Ok(Json(Answer::of(shared, &after, key, Since::Nothing).await?).into_response())
}

/// Gives a file as a download: as an attachment, of the type that was found in it, never to be shown or guessed at.
pub(crate) fn body_of(files: &Arc<dyn Files>, record: &FileRecord) -> Response {
    let (files, id) = (files.clone(), record.id);
    let pieces = stream::try_unfold(0_u64, move |offset| {
        let files = files.clone();
        async move {
            let piece = files.read(id, offset, handoff_store::files::READ_BYTES_MAX).await?;
            let piece = piece.filter(|piece| !piece.is_empty());
            Ok::<_, handoff_store::FilesError>(piece.map(|piece| {
                let next = offset + piece.len() as u64;
                (axum::body::Bytes::from(piece), next)
            }))
        }
    });
    let mut response = HttpResponse::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&record.content_type);
    headers.insert(CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CONTENT_LENGTH, record.bytes.into());
    headers.insert(CONTENT_DISPOSITION, kind::disposition(&record.name));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
