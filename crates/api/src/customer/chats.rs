//! What a customer asked for, carried out.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use handoff_domain::service::{ChatTerms, Service};
use handoff_domain::{
    Chat, CustomerAction, Interaction, LeaveReason, Speaker, Utterance, Visibility,
};
use handoff_engine::{NewChat, Note, NoteKind, OpenedChat, RequestName};
use handoff_store::Receipt;

use super::chat_operation::{ChatOperation, Introduction};
use super::refusal::{CustomerRefusal, RefusalKind};
use super::services::{chat_service, may_use};
use super::state::DoorState;
use super::{availability, fingerprint};

/// How long a retry of a message is known as one, in ms: longer than any client keeps trying.
const RETRIES_KNOWN_MS: u64 = 24 * 60 * 60 * 1_000;

/// Where a request comes from.
#[derive(Clone, Copy)]
pub(crate) struct RequestSource<'a> {
    pub(crate) address: IpAddr,
    pub(crate) headers: &'a HeaderMap,
}

/// Begins a chat.
pub(crate) async fn begin(
    doors: &DoorState,
    source: RequestSource<'_>,
    service: &str,
    introduction: Introduction,
) -> Result<OpenedChat, CustomerRefusal> {
    let (service, terms) = chat_service(doors.shared(), service)?;
    may_use(&terms, source.headers)?;
    let begun = begin_by(doors, source, &service, &terms, introduction).await;
    begun.map_err(|refusal| match availability::refusing(refusal.kind) {
        Some(state) => {
            refusal.while_it(availability::with(doors.shared(), state, &service, &terms))
        }
        None => refusal,
    })
}

async fn begin_by(
    doors: &DoorState,
    source: RequestSource<'_>,
    service: &Service,
    terms: &ChatTerms,
    introduction: Introduction,
) -> Result<OpenedChat, CustomerRefusal> {
    let engine = doors.engine();
    let request = introduction.message_id.as_ref().map(|id| request_of(&introduction, id));
    if let Some(request) = &request
        && let Some(opened) = engine.conversations().chat_of_request(&service.name, request).await?
    {
        engine.conversations().keep_customer(&opened.interaction);
        return Ok(opened);
    }
    if availability::is_closed(doors.shared(), service) {
        return Err(CustomerRefusal::new(
            RefusalKind::Closed,
            "The service is closed at this time; come back when it is open.",
        ));
    }
    let directory = engine.core().directory();
    let queue = directory
        .queue(service.center, service.queue)
        .cloned()
        .ok_or_else(CustomerRefusal::unavailable)?;
    let guard = doors.guard();
    guard.may_bring(source.address, &service.name, engine.core().now())?;
    let place = guard.may_begin(source.address, |chat| doors.is_live(chat))?;
    let bytes =
        introduction.user_data.weight() + introduction.subject.as_ref().map_or(0, String::len);
    let new = NewChat {
        center: service.center,
        queue,
        service: service.name.clone(),
        times: terms.times,
        waiting_max: terms.max_waiting.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
        nickname: introduction.nickname,
        subject: introduction.subject,
        user_data: introduction.user_data,
        request,
    };
    let opened = engine.conversations().request_chat(new).await?;
    engine.conversations().keep_customer(&opened.interaction);
    place.keep(opened.interaction.id);
    guard.brought(source.address, &service.name, bytes as u64, engine.core().now());
    Ok(opened)
}

/// Names a request for a chat, so that a repetition of it is known.
fn request_of(introduction: &Introduction, message_id: &str) -> RequestName {
    let Introduction { nickname, subject, user_data, .. } = introduction;
    let fingerprint = fingerprint::of_chat_request(nickname, subject.as_deref(), user_data);
    RequestName { secret: message_id.to_owned(), fingerprint }
}

/// Carries out what the customer of a chat asks for; returns the chat as it is then.
pub(crate) async fn perform(
    doors: &DoorState,
    address: IpAddr,
    chat: Arc<Interaction>,
    operation: ChatOperation,
) -> Result<Arc<Interaction>, CustomerRefusal> {
    let engine = doors.engine();
    let id = chat.id;
    let bytes = match &operation {
        ChatOperation::Say { content, .. } => Some(content.text_bytes()),
        ChatOperation::UpdateData(user_data) => Some(user_data.weight()),
        ChatOperation::Refresh
        | ChatOperation::Typing { .. }
        | ChatOperation::Read(_)
        | ChatOperation::Disconnect => None,
    };
    if let (Some(bytes), Some(conversation)) = (bytes, chat.chat()) {
        let guard = doors.guard();
        guard.may_bring(address, &conversation.service, engine.core().now())?;
        guard.brought(address, &conversation.service, bytes as u64, engine.core().now());
    }
    match operation {
        ChatOperation::Refresh => Ok(chat),
        ChatOperation::Say { content, message_id } => {
            doors.guard().count_message(id, engine.core().now())?;
            let receipt = message_id.clone().map(|given| receipt(doors, &chat, given, &content));
            let action =
                CustomerAction::Say(Utterance { content, visibility: Visibility::All, message_id });
            Ok(engine.conversations().customer_does(id, action, receipt, Vec::new()).await?)
        }
        ChatOperation::Typing { is_on, text } => {
            let text = text
                .map(|text| text.replace('\0', "").chars().take(Chat::TEXT_CHARS_MAX).collect());
            let kind =
                if is_on { NoteKind::TypingStarted { text } } else { NoteKind::TypingStopped };
            note(doors, chat, kind).await
        }
        ChatOperation::Read(index) => {
            // Nobody has read what was not said yet.
            let end = chat.chat().map_or(0, |chat| chat.for_customer);
            note(doors, chat, NoteKind::Read { index: index.min(end) }).await
        }
        ChatOperation::UpdateData(user_data) => {
            if user_data.0.is_empty() {
                return Err(CustomerRefusal::missing("userData"));
            }
            Ok(engine
                .conversations()
                .customer_does(id, CustomerAction::UpdateUserData(user_data), None, Vec::new())
                .await?)
        }
        ChatOperation::Disconnect => {
            if chat.chat().is_some_and(|chat| !chat.is_live()) {
                return Ok(chat);
            }
            let action = CustomerAction::Leave { reason: LeaveReason::Itself };
            Ok(engine.conversations().customer_does(id, action, None, Vec::new()).await?)
        }
    }
}

/// Makes the proof that a message was said, by which a retry of it is known.
fn receipt(
    doors: &DoorState,
    chat: &Interaction,
    message_id: String,
    content: &handoff_domain::Content,
) -> Receipt {
    let expires = Some(doors.engine().core().now().plus_ms(RETRIES_KNOWN_MS));
    Receipt {
        scope: format!("chat/{}", chat.id),
        key: message_id,
        fingerprint: fingerprint::of_message(content),
        answer: String::new(),
        expires,
    }
}

/// Tells the agents what is kept nowhere.
async fn note(
    doors: &DoorState,
    chat: Arc<Interaction>,
    kind: NoteKind,
) -> Result<Arc<Interaction>, CustomerRefusal> {
    let customer = chat.chat().filter(|chat| chat.is_live()).and_then(Chat::customer_party);
    let Some(customer) = customer else {
        return Err(CustomerRefusal::new(
            RefusalKind::Ended,
            "The chat has ended; begin a new one.",
        ));
    };
    let (from, at) = (Speaker::from(customer), doors.engine().core().now());
    let note = Note { at, from, visibility: Visibility::All, kind };
    doors.engine().note(&chat, note, None).await;
    Ok(chat)
}
