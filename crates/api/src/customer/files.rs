//! Files in a chat: what a customer may send, and how they get one back
//! (docs/compat/customers.md#files).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use handoff_content::{Arrived, Taken};
use handoff_domain::service::FileLimits;
use handoff_domain::service::ServiceKind;
use handoff_domain::{
    Chat, Content, CustomerAction, Entry, FileId, Interaction, Service, Utterance, Visibility,
};
use handoff_store::{FileRecord, FileSender, Put, Record};

use super::answer::{Answer, Since};
use super::chat_operation::message_id;
use super::form::{Form, media_type};
use super::guard::address_of;
use super::refusal::{CustomerRefusal, RefusalKind};
use super::rest::prove;
use super::state::DoorState;
use crate::wire::transcript::CustomerMessage;
use crate::{downloads, uploads};

/// The part of a form that holds the file.
const FILE_PART: &str = "file";

/// What files count for whose service is not known before they have come; no service has that name.
const ANY_SERVICE: &str = "";

/// Takes a file: `POST …/{chatId}/file`, multipart.
pub(crate) async fn upload(
    State(doors): State<DoorState>,
    Path((service, chat)): Path<(String, String)>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let found = doors.engine().core().directory().service(ServiceKind::Chat, &service).cloned();
    let limits = limits_of(found)?;
    let (form, arrived) = receive(&doors, request, &service, &limits).await?;
    let (interaction, key) = prove(&doors, &service, &chat, &form).await?;
    accept(&doors, interaction, &key, &limits, &form, arrived).await
}

/// Tells what the customer may do with files: `POST …/{chatId}/file/limits`.
pub(crate) async fn show_limits(
    State(doors): State<DoorState>,
    Path((service, chat)): Path<(String, String)>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let form = Form::read(request).await?;
    let (interaction, key) = prove(&doors, &service, &chat, &form).await?;
    tell_limits(&doors, &interaction, &key).await
}

/// Returns or deletes a file: `POST …/{chatId}/file/{fileId}/download` or `…/delete`.
pub(crate) async fn operate(
    State(doors): State<DoorState>,
    Path((service, chat, file, operation)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let form = Form::read(request).await?;
    let (interaction, key) = prove(&doors, &service, &chat, &form).await?;
    match operation.as_str() {
        "download" => download(&doors, &interaction, &file).await,
        "delete" => delete(&doors, interaction, &key, &file).await,
        _ => Err(CustomerRefusal::new(
            RefusalKind::UnknownOperation,
            "A file has download and delete; use one of them.",
        )),
    }
}

/// The files of customers who use CometD: `POST /genesys/2/chat-ntf` with `operation` and
/// `secureKey`, which alone names the chat.
pub(crate) async fn notified(
    State(doors): State<DoorState>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let (form, arrived) = if media_type(request.headers()) == "multipart/form-data" {
        // Which service it is comes to light with the key, which may come behind the file: the
        // widest limits count until then.
        let widest = widest_limits(&doors);
        receive(&doors, request, ANY_SERVICE, &widest).await?
    } else {
        (Form::read(request).await?, None)
    };
    let key = form.required("secureKey")?;
    let interaction = doors.engine().conversations().customer_seen(key).await?;
    let limits = limits_of_chat(&doors, &interaction)?;
    match (form.text("operation"), arrived) {
        // One client names no operation with a file (docs/compat/customers.md#by-cometd).
        (Some("fileUpload") | None, Some(arrived)) => {
            accept(&doors, interaction.clone(), key, &limits, &form, Some(arrived)).await
        }
        (Some("fileUpload"), None) => Err(CustomerRefusal::missing("file")),
        (Some("fileGetLimits" | "fileGetsLimits"), _) => {
            tell_limits(&doors, &interaction, key).await
        }
        (Some("fileDownload"), _) => download(&doors, &interaction, form.required("fileId")?).await,
        (Some("fileDelete"), _) => {
            let file = form.required("fileId")?;
            delete(&doors, interaction.clone(), key, file).await
        }
        (None, None) => Err(CustomerRefusal::missing("operation")),
        (Some(_), _) => {
            let advice = "There is no such operation; use fileUpload, fileGetLimits, fileDownload or fileDelete.";
            Err(CustomerRefusal::new(RefusalKind::UnknownOperation, advice))
        }
    }
}

/// Returns the limits of the files of a chat. A service that was disabled meanwhile leaves the
/// chats that began by it as they are.
fn limits_of_chat(
    doors: &DoorState,
    interaction: &Interaction,
) -> Result<FileLimits, CustomerRefusal> {
    limits_of(doors.engine().core().directory().service_of_chat(interaction).cloned())
}

fn limits_of(service: Option<Arc<Service>>) -> Result<FileLimits, CustomerRefusal> {
    let limits = service.and_then(|service| service.chat().map(|terms| terms.files.clone()));
    limits.ok_or_else(|| {
        CustomerRefusal::new(
            RefusalKind::UnknownService,
            "There is no chat service of that name; check the address.",
        )
    })
}

fn widest_limits(doors: &DoorState) -> FileLimits {
    let directory = doors.engine().core().directory();
    let all = directory.services.values().filter_map(|service| service.chat());
    let file_bytes_max = all.map(|terms| terms.files.file_bytes_max).max().unwrap_or(0);
    FileLimits { file_bytes_max, ..FileLimits::default() }
}

/// Receives a form with a file.
async fn receive(
    doors: &DoorState,
    request: Request,
    service: &str,
    limits: &FileLimits,
) -> Result<(Form, Option<Arrived>), CustomerRefusal> {
    let (address, guard) = (address_of(request.extensions()), doors.guard());
    guard.may_bring(address, service, doors.engine().core().now())?;
    let received =
        uploads::receive(doors.files(), request, FILE_PART, limits.file_bytes_max).await?;
    // Whether it is kept or not: the disk has borne it.
    let bytes = received.file.as_ref().map_or(0, |file| file.bytes);
    guard.brought(address, service, bytes, doors.engine().core().now());
    let mut form = Form::default();
    received.fields.into_iter().for_each(|(name, value)| form.add(&name, value));
    Ok((form, received.file))
}

/// Keeps a file that has arrived, if it may be kept, and says so in the chat.
async fn accept(
    doors: &DoorState,
    interaction: Arc<Interaction>,
    key: &str,
    limits: &FileLimits,
    form: &Form,
    arrived: Option<Arrived>,
) -> Result<Response, CustomerRefusal> {
    let arrived = arrived.ok_or_else(|| CustomerRefusal::missing(FILE_PART))?;
    let content_type = arrived.content_type(Taken::Only(&limits.types))?;
    let description = form.user_data.0.get("file-description").and_then(|value| match value {
        handoff_domain::Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    let Arrived { id, name, bytes, .. } = &arrived;
    let file = *id;
    let record = FileRecord {
        id: *id,
        interaction: interaction.id,
        name: name.clone(),
        bytes: *bytes,
        content_type: content_type.to_owned(),
        by: FileSender::Customer,
        at: doors.engine().core().now(),
        deleted: None,
        also: std::collections::BTreeSet::new(),
        erased: false,
    };
    let content = Content::FileUploaded {
        file: *id,
        name: name.clone(),
        bytes: *bytes,
        content_type: content_type.to_owned(),
        description,
    };
    let put = Put { record: Record::File(record), expected: 0 };
    let message_id = message_id(form)?;
    let said = CustomerAction::Say(Utterance {
        content: content.clone(),
        visibility: Visibility::All,
        message_id,
    });
    // How much they may send is decided in the commit: several files may arrive at once.
    let said = Box::pin(async {
        Ok(doors
            .engine()
            .conversations()
            .customer_does(interaction.id, said, None, vec![put])
            .await?)
    });
    let after: Arc<Interaction> =
        doors.files().keep_and(arrived, said, CustomerRefusal::is_unclear).await?;
    let answer = Answer::of(doors, &after, key, Since::Nothing).await?;
    let customer = after.chat().and_then(Chat::customer_party);
    let message = CustomerMessage::about_file(customer, doors.engine().core().now(), &content);
    Ok(Json(answer.with_file(file).with(message)).into_response())
}

async fn tell_limits(
    doors: &DoorState,
    interaction: &Interaction,
    key: &str,
) -> Result<Response, CustomerRefusal> {
    let chat = interaction.chat().ok_or(handoff_engine::NotYourChat::Unknown)?;
    let limits = limits_of_chat(doors, interaction)?;
    let data = BTreeMap::from([
        ("download-attempts", limits.downloads_max.to_string()),
        ("upload-max-files", limits.uploads_max.to_string()),
        ("upload-max-file-size", limits.file_bytes_max.to_string()),
        ("upload-max-total-size", limits.total_bytes_max.to_string()),
        ("upload-file-types", limits.types.join(":")),
        ("upload-need-agent", limits.need_agent.to_string()),
        // Deleting gives nothing back: the word is the one that was captured
        // (docs/compat/customers.md#files).
        ("delete-file", "odd".to_owned()),
        ("used-upload-max-files", chat.files.uploads.to_string()),
        ("used-upload-max-total-size", chat.files.bytes.to_string()),
        ("used-download-attempts", chat.files.downloads.to_string()),
    ]);
    let answer = Answer::of(doors, interaction, key, Since::Nothing).await?;
    let message = CustomerMessage::limits(chat.customer_party(), doors.engine().core().now(), data);
    Ok(Json(answer.with(message)).into_response())
}

/// Tells whether the customer was told of a file: agents may send one another some.
async fn is_shown(
    doors: &DoorState,
    interaction: &Interaction,
    id: FileId,
) -> Result<bool, CustomerRefusal> {
    let entries =
        doors.engine().views().transcript(interaction, 0, Visibility::All, usize::MAX).await?;
    let is_it =
        |entry: &Entry| matches!(entry.content, Content::FileUploaded { file, .. } if file == id);
    Ok(entries.iter().any(is_it))
}

fn no_file() -> CustomerRefusal {
    CustomerRefusal::new(RefusalKind::NoFile, "There is no such file in this chat; check its id.")
}

async fn download(
    doors: &DoorState,
    interaction: &Interaction,
    file: &str,
) -> Result<Response, CustomerRefusal> {
    let found = doors.files().record_in(interaction, file).await?.ok_or_else(no_file)?.value;
    if !is_shown(doors, interaction, found.id).await? {
        return Err(no_file());
    }
    // What cannot be read is no attempt.
    let response = downloads::download(doors.files(), &found).await?;
    if interaction.chat().is_some_and(Chat::is_live) {
        let counted = CustomerAction::CountDownload { file: found.id };
        doors
            .engine()
            .conversations()
            .customer_does(interaction.id, counted, None, Vec::new())
            .await?;
    }
    Ok(response)
}

async fn delete(
    doors: &DoorState,
    interaction: Arc<Interaction>,
    key: &str,
    file: &str,
) -> Result<Response, CustomerRefusal> {
    let found = doors.files().record_in(&interaction, file).await?.ok_or_else(no_file)?;
    if found.value.by != FileSender::Customer {
        return Err(no_file());
    }
    let content = Content::FileDeleted { file: found.value.id, name: found.value.name.clone() };
    let record = FileRecord { deleted: Some(doors.engine().core().now()), ..found.value };
    let put = Put { record: Record::File(record), expected: found.version };
    let said = CustomerAction::Say(Utterance::new(content, Visibility::All));
    let after =
        doors.engine().conversations().customer_does(interaction.id, said, None, vec![put]).await?;
    Ok(Json(Answer::of(doors, &after, key, Since::Nothing).await?).into_response())
}
