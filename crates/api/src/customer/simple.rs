//! The simple customer API: `/api/v2/chats` without an account
//! (docs/compat/customers.md#simple-api).
//!
//! The pages know no secret: whoever names a chat's id is its customer. Here the answer to
//! `RequestChat` brings a secure key, and sets it as a cookie for the chat's own path, so that
//! clients which keep cookies need not know of it; others send `secureKey` along. A service may let
//! clients in that do neither (`withoutKey`).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use handoff_domain::{Content, Interaction, InteractionId, TreatAs, Value, Visibility};
use serde::Serialize;
use serde_json::json;

use super::answer::Standing;
use super::chat_operation::{ChatOperation, Introduction, message_id};
use super::chats::{self, RequestSource};
use super::door::{Door, Takes};
use super::form::Form;
use super::guard::address_of;
use super::refusal::{CustomerRefusal, RefusalKind};
use super::state::DoorState;
use crate::auth::cookie;
use crate::body_memory::FORM_BYTES_MAX;
use crate::error::{Code, Refusal};
use crate::shared::Shared;
use crate::wire::transcript::LogMessage;

/// Where the doors are. Users have some of the paths as well.
pub(super) const ROOT: &str = "/api/v2/chats";
/// Tells whether a path is one of the doors' or below.
pub(super) fn is_at_root(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The cookie that holds a chat's key.
const KEY_COOKIE: &str = "HANDOFF_CHAT_KEY";
/// The field and the query parameter that may hold it instead.
const KEY_FIELD: &str = "secureKey";
/// The query parameter of the messages.
const INDEX: &str = "index";
/// Entries in one answer.
const ENTRIES_MAX: usize = 1_000;

type Parameters = Query<BTreeMap<String, String>>;

/// Returns the doors.
pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::new(Method::POST, "", Takes::Object, begin),
        Door::new(Method::GET, "/{id}", Takes::Object, show),
        Door::new(Method::POST, "/{id}", Takes::Object, operate),
        Door::new(Method::GET, "/{id}/messages", Takes::Object, messages),
    ]
}

/// Returns what answers below [`ROOT`] where there is no door: nothing that somebody without
/// credentials may ask for.
pub(super) fn nothing() -> Door {
    Door::new(None, "", Takes::Anything, async || Refusal::not_authenticated())
}

async fn begin(State(doors): State<DoorState>, request: Request) -> Result<Response, Refusal> {
    let (headers, address) = (request.headers().clone(), address_of(request.extensions()));
    let form = read(request).await?;
    expect(&form, "RequestChat")?;
    let service = form
        .text("service")
        .map_or_else(|| only_service(doors.shared()), |name| Ok(name.to_owned()))?;
    let source = RequestSource { address, headers: &headers };
    let opened = chats::begin(&doors, source, &service, Introduction::read(&form)?).await?;
    let id = opened.interaction.id;
    let body = json!({"statusCode": 0, "id": id.to_string(), "path": format!("/chats/{id}"), KEY_FIELD: opened.secure_key});
    let mut response = with_standing(doors.shared(), &opened.interaction, body).await?;
    let secure = if doors.shared().options().secure_cookie { "; Secure" } else { "" };
    let text = format!(
        "{KEY_COOKIE}={}; Path={ROOT}/{id}; HttpOnly; SameSite=Lax{secure}",
        opened.secure_key
    );
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
    Ok(response)
}

/// Returns the chat service of an installation that has one: the pages' requests name none.
fn only_service(shared: &Shared) -> Result<String, Refusal> {
    let directory = shared.engine().core().directory();
    let mut services =
        directory.services.values().filter(|service| service.enabled && service.chat().is_some());
    match (services.next(), services.next()) {
        (Some(service), None) => Ok(service.name.clone()),
        _ => Err(Refusal::missing("service")),
    }
}

async fn show(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let chat = prove(&shared, &id, &headers, parameters.get(KEY_FIELD)).await?;
    let conversation = chat.chat().ok_or_else(|| Refusal::not_found("chat"))?;
    let participants =
        conversation.parties.iter().filter(|party| party.present && party.public.is_some());
    let participants: Vec<serde_json::Value> = participants
        .filter(|party| party.shown_to == Visibility::All)
        .map(|party| {
            let kind = crate::wire::transcript::kind_name(&party.kind);
            json!({"nickname": party.nickname, "type": kind, "participantId": party.public.map(|id| id.0.to_string())})
        })
        .collect();
    let state = if conversation.is_live() { "Chatting" } else { "Completed" };
    let body = json!({"id": id, "path": format!("/chats/{id}"), "state": state, "participants": participants,
        "receivedDate": crate::wire::date::print(chat.received)});
    with_standing(&shared, &chat, json!({"statusCode": 0, "chat": body})).await
}

async fn messages(
    State(shared): State<Shared>,
    Path(id): Path<String>,
    Query(parameters): Parameters,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let chat = prove(&shared, &id, &headers, parameters.get(KEY_FIELD)).await?;
    let index = parameters.get(INDEX).map_or(Ok(0), |text| text.parse::<u64>());
    let index = index.map_err(|_| {
        Refusal::invalid("The parameter index must be a number from 0 on; correct it.")
    })?;
    let after = index.saturating_sub(1);
    let entries =
        shared.engine().views().transcript(&chat, after, Visibility::All, ENTRIES_MAX).await?;
    let messages: Vec<LogMessage> = entries.iter().filter_map(LogMessage::for_customer).collect();
    with_standing(&shared, &chat, json!({"statusCode": 0, "messages": messages})).await
}

async fn operate(
    State(doors): State<DoorState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (headers, address) = (request.headers().clone(), address_of(request.extensions()));
    let form = read(request).await?;
    let chat = prove(doors.shared(), &id, &headers, form.fields.get(KEY_FIELD)).await?;
    let text = || form.text("text").map(str::to_owned);
    let operation = match form.required("operationName")? {
        "SendMessage" => {
            let content = Content::Text {
                text: form.required("text")?.to_owned(),
                message_type: form.text("messageType").map(str::to_owned),
                treat_as: TreatAs::Normal,
            };
            ChatOperation::Say { content, message_id: message_id(&form)? }
        }
        "SendStartTypingNotification" => ChatOperation::Typing { is_on: true, text: text() },
        "SendStopTypingNotification" => ChatOperation::Typing { is_on: false, text: None },
        "Complete" => ChatOperation::Disconnect,
        other => return Err(crate::request::unknown_operation(other)),
    };
    let chat = chats::perform(&doors, address, chat, operation).await?;
    with_standing(doors.shared(), &chat, json!({"statusCode": 0})).await
}

/// An answer, and where the chat's customer is in line while they wait.
#[derive(Serialize)]
struct WithStanding {
    #[serde(flatten)]
    body: serde_json::Value,
    #[serde(flatten)]
    standing: Standing,
}

async fn with_standing(
    shared: &Shared,
    chat: &Interaction,
    body: serde_json::Value,
) -> Result<Response, Refusal> {
    let standing = Standing::now(shared, chat).await?;
    Ok(axum::Json(WithStanding { body, standing }).into_response())
}

fn expect(form: &Form, operation: &str) -> Result<(), Refusal> {
    let given = form.required("operationName")?;
    if given == operation { Ok(()) } else { Err(crate::request::unknown_operation(given)) }
}

async fn read(request: Request) -> Result<Form, Refusal> {
    use axum::extract::FromRequest as _;
    let bytes = axum::body::Bytes::from_request(request, &()).await;
    let bytes = bytes.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Refusal::invalid("The body broke off; send the request again."),
    })?;
    match crate::wire::json::read(&bytes)? {
        Value::Map(values) => Ok(Form::of_object(values)?),
        _ => Err(Refusal::invalid("The body must be a JSON object; correct it.")),
    }
}

fn too_large() -> Refusal {
    let most = FORM_BYTES_MAX;
    let refusal = Refusal::invalid(format!("The body is larger than {most} bytes; send less."));
    refusal.with_status(StatusCode::PAYLOAD_TOO_LARGE)
}

/// Finds the chat whose customer is calling: by its key, or where its service allows that by its id
/// alone.
async fn prove(
    shared: &Shared,
    id: &str,
    headers: &HeaderMap,
    given: Option<&String>,
) -> Result<Arc<Interaction>, Refusal> {
    let not_found = || Refusal::not_found("chat");
    let Some(key) = given.cloned().or_else(|| cookie(headers, KEY_COOKIE)) else {
        return without_key(shared, id).await?.ok_or_else(not_found);
    };
    let found =
        shared.engine().conversations().customer_seen(&key).await.map_err(CustomerRefusal::from)?;
    if found.id.to_string() == id { Ok(found) } else { Err(not_found()) }
}

async fn without_key(shared: &Shared, id: &str) -> Result<Option<Arc<Interaction>>, Refusal> {
    let Ok(id) = id.parse::<InteractionId>() else { return Ok(None) };
    let Some(found) = shared.engine().core().interaction(id).await? else { return Ok(None) };
    let directory = shared.engine().core().directory();
    let service = directory.service_of_chat(&found);
    let is_open =
        service.is_some_and(|service| service.chat().is_some_and(|terms| terms.without_key));
    if !is_open {
        return Ok(None);
    }
    shared.engine().conversations().keep_customer(&found);
    Ok(Some(found))
}

impl From<CustomerRefusal> for Refusal {
    fn from(mut customers: CustomerRefusal) -> Self {
        let (availability, cause) = (customers.take_availability(), customers.take_cause());
        let refusal = match customers.kind {
            RefusalKind::Missing => Self::new(Code::MissingParameter, customers.advice()),
            RefusalKind::NotYourChat | RefusalKind::NoFile | RefusalKind::UnknownService => {
                Self::new(Code::NotFound, customers.advice())
            }
            RefusalKind::Ended
            | RefusalKind::Closed
            | RefusalKind::Full
            | RefusalKind::TranscriptFull => Self::new(Code::WrongState, customers.advice()),
            RefusalKind::TooMany | RefusalKind::TooManyChats | RefusalKind::Quota => {
                Self::too_many(Code::Forbidden, customers.retry_after_s())
            }
            RefusalKind::NoSpace => Self::new(Code::Internal, customers.advice())
                .with_status(StatusCode::INSUFFICIENT_STORAGE)
                .retry_after(customers.retry_after_s()),
            RefusalKind::ForeignPage => Self::new(Code::Forbidden, customers.advice()),
            RefusalKind::Unavailable => Self::unavailable(),
            RefusalKind::OutcomeUnknown => Self::outcome_unknown(),
            RefusalKind::TooLarge => {
                Self::invalid(customers.advice()).with_status(StatusCode::PAYLOAD_TOO_LARGE)
            }
            RefusalKind::Packed => {
                Self::invalid(customers.advice()).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            }
            RefusalKind::Invalid
            | RefusalKind::UnknownOperation
            | RefusalKind::FileTooLarge
            | RefusalKind::FileType
            | RefusalKind::TooManyFiles
            | RefusalKind::FilesTooLarge
            | RefusalKind::NeedsAgent
            | RefusalKind::Infected
            | RefusalKind::NoDownloadsLeft
            | RefusalKind::FileEmpty
            | RefusalKind::FileName => Self::invalid(customers.advice()),
        };
        Self { availability, cause, ..refusal }
    }
}
