//! The customer API over plain requests: `/genesys/2/chat/{service}`
//! (docs/compat/customers.md#requests).

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use handoff_domain::Interaction;
use std::net::IpAddr;
use std::sync::Arc;

use super::answer::{Answer, Since};
use super::chat_operation::{ChatOperation, Introduction};
use super::chats::{self, RequestSource};
use super::form::Form;
use super::guard::address_of;
use super::refusal::CustomerRefusal;
use super::state::DoorState;

/// Begins a chat.
pub(crate) async fn request(
    State(doors): State<DoorState>,
    Path(service): Path<String>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let (headers, address) = (request.headers().clone(), address_of(request.extensions()));
    let form = Form::read(request).await?;
    let source = RequestSource { address, headers: &headers };
    let answer = begin(&doors, source, &service, &form)
        .await
        .map_err(|refusal| refusal.about(form.message_id()))?;
    Ok(Json(answer).into_response())
}

async fn begin(
    doors: &DoorState,
    source: RequestSource<'_>,
    service: &str,
    form: &Form,
) -> Result<Answer, CustomerRefusal> {
    let opened = chats::begin(doors, source, service, Introduction::read(form)?).await?;
    Answer::of(doors, &opened.interaction, &opened.secure_key, Since::Index(1)).await
}

/// Carries out an operation on a chat.
pub(crate) async fn operate(
    State(doors): State<DoorState>,
    Path((service, chat, operation)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let address = address_of(request.extensions());
    let form = Form::read(request).await?;
    let done = carry_out(&doors, address, (&service, &chat, &operation), &form).await;
    Ok(Json(done.map_err(|refusal| refusal.about(form.message_id()))?).into_response())
}

async fn carry_out(
    doors: &DoorState,
    address: IpAddr,
    (service, chat, operation): (&str, &str, &str),
    form: &Form,
) -> Result<Answer, CustomerRefusal> {
    let (interaction, key) = prove(doors, service, chat, form).await?;
    let position = form.count("transcriptPosition")?;
    let operation = ChatOperation::read(operation, form)?;
    let since = match (&operation, position) {
        // The position of a receipt says how far they have read, not from where they want to hear.
        (ChatOperation::Read(_), _) => Since::Nothing,
        (_, Some(position)) => Since::Index(position),
        (ChatOperation::Refresh, None) => Since::Index(1),
        (_, None) => Since::Nothing,
    };
    let interaction = chats::perform(doors, address, interaction, operation).await?;
    Answer::of(doors, &interaction, &key, since).await
}

/// Returns the chat whose customer the fields prove. A chat of another service or id reads like one
/// that does not exist.
pub(super) async fn prove(
    doors: &DoorState,
    service: &str,
    id: &str,
    form: &Form,
) -> Result<(Arc<Interaction>, String), CustomerRefusal> {
    let key = form.required("secureKey")?;
    let found = doors.engine().conversations().customer_seen(key).await?;
    let is_theirs = found.chat().is_some_and(|chat| {
        let user_id = form.text("userId").is_none_or(|given| given == chat.customer.user_id);
        chat.service == service && user_id
    });
    if is_theirs && found.id.to_string() == id {
        Ok((found, key.to_owned()))
    } else {
        Err(handoff_engine::NotYourChat::Unknown.into())
    }
}
