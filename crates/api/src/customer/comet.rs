//! The customer API over CometD: `/genesys/cometd`, channel `/service/chatV2/{service}`
//! (docs/compat/customers.md#by-cometd).
//!
//! Every session remembers how far its chat has been told to it. A delivery reads on from there
//! under the session's own lock, so a customer is told everything once and in order, whoever
//! noticed that there is something to tell. Sessions come and go: the chat and its key outlive
//! them, and `requestNotifications` goes on from the position that the client names.

mod listeners;
mod policy;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use handoff_cometd::{
    Application, CometdServer, Delivery, Identity, Limits, Outgoing, Ports, RemovalReason,
    SessionId, SessionInfo, Source, Stats, Tag,
};
use handoff_domain::{Interaction, InteractionId, Value};
use handoff_engine::{Customers, NumberedNote};
use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{Answer, Since, Standing};
use super::chat_operation::{ChatOperation, Introduction};
use super::chats::{self, RequestSource};
use super::door::{Door, Takes};
use super::form::Form;
use super::guard::address_of;
use super::paths::{COMET_PATH, ROOT};
use super::refusal::{CustomerRefusal, RefusalKind};
use super::state::DoorState;
use crate::wire::transcript::CustomerMessage;
use listeners::{Listener, Listeners};
use policy::{CHANNEL_PREFIX, ChatChannels};

/// How often the customers whose sessions are alive count as having asked, and are told when their
/// place in line has changed, in s. Well below every bound on their silence.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// The customers' CometD server.
pub(crate) struct CustomerComet {
    server: CometdServer,
    inner: Arc<CustomerVoice>,
}

/// Speaks to customers for the engine. It is made before the engine, which speaks through it; until
/// `CustomerComet::new` nobody hears it.
#[derive(Default)]
pub struct CustomerVoice {
    listeners: Listeners,
    /// Set while the server runs, and taken away at its end, so that nothing keeps itself alive in
    /// a circle.
    link: Mutex<Option<(CometdServer, DoorState)>>,
}

impl CustomerComet {
    pub(super) fn new(
        doors: DoorState,
        inner: Arc<CustomerVoice>,
        limits: Limits,
        ports: Ports,
    ) -> Self {
        // All customers are one identity to the server; what they may read their keys say. So many
        // sessions are not one user's.
        let limits = Limits { sessions_per_identity: limits.sessions, ..limits };
        let application = Arc::new(ChatApplication { inner: inner.clone() });
        let policy =
            ChatChannels::new(doors.engine().core().clone(), doors.guard().requests.clone());
        let server = CometdServer::new(limits, Arc::new(policy), application, ports);
        inner.connect(server.clone(), doors);
        Self { server, inner }
    }

    /// Returns its doors.
    pub(super) fn doors(&self) -> [Door; 2] {
        CometdServer::paths(&COMET_PATH[ROOT.len()..]).map(|path| {
            let server = self.server.clone();
            Door::new(None, path, Takes::Anything, async move |request: Request| {
                server.answer(name_caller(request)).await
            })
        })
    }

    /// Counts what there is. It visits every session.
    pub(super) fn stats(&self) -> Stats {
        self.server.stats()
    }

    pub(super) async fn run(&self) {
        tokio::join!(self.server.run(), self.inner.deliver());
    }

    pub(super) async fn tell_standings(&self) {
        self.inner.tell_standings().await;
    }

    pub(super) async fn shutdown(&self) {
        self.server.shutdown().await;
        self.inner.disconnect();
        self.inner.listeners.stop();
    }
}

/// Notes for the session where its handshake came from.
fn name_caller(mut request: Request) -> Request {
    let text =
        |name| request.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (origin, host) = (text(ORIGIN).unwrap_or_default(), text(HOST).unwrap_or_default());
    let tag = Tag::new(format!("{} {origin} {host}", address_of(request.extensions())));
    request.extensions_mut().insert(tag);
    let source = Source::new(address_of(request.extensions()).to_string());
    request.extensions_mut().insert(source);
    request.extensions_mut().insert(Identity::new("customer"));
    request
}

/// Returns what a tag says.
fn origin_of(session: &SessionInfo) -> (IpAddr, HeaderMap) {
    let tag = session.tag.as_ref().map(Tag::as_str).unwrap_or_default();
    let mut words = tag.split(' ');
    let address = words.next().and_then(|word| word.parse().ok());
    let mut headers = HeaderMap::new();
    for (name, word) in [(ORIGIN, words.next()), (HOST, words.next())] {
        if let Some(value) = word.filter(|word| !word.is_empty()).and_then(|word| word.parse().ok())
        {
            headers.insert(name, value);
        }
    }
    (address.unwrap_or(IpAddr::from([0, 0, 0, 0])), headers)
}

/// The application behind the server.
struct ChatApplication {
    inner: Arc<CustomerVoice>,
}

#[async_trait]
impl Application for ChatApplication {
    async fn service(
        &self,
        session: &SessionInfo,
        channel: &str,
        data: &RawValue,
    ) -> Vec<Outgoing> {
        let Some((_, doors)) = self.inner.linked() else { return Vec::new() };
        match self.inner.serve(&doors, session, channel, data).await {
            Ok(()) => Vec::new(),
            Err(refusal) => {
                refusal.log();
                vec![Outgoing { channel: channel.to_owned(), data: encode(&refusal.body()) }]
            }
        }
    }

    fn has_room(&self, session: &SessionInfo) {
        self.inner.listeners.mark_session(&session.id);
    }

    async fn session_removed(&self, session: &SessionInfo, _reason: RemovalReason) {
        self.inner.listeners.remove(&session.id);
    }
}

impl CustomerVoice {
    fn connect(&self, server: CometdServer, doors: DoorState) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some((server, doors));
    }

    fn disconnect(&self) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn linked(&self) -> Option<(CometdServer, DoorState)> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Carries out what a message asks for. What is said in the chat comes by delivery, also to who
    /// said it, and so does what somebody missed who begins to listen.
    async fn serve(
        &self,
        doors: &DoorState,
        session: &SessionInfo,
        channel: &str,
        data: &RawValue,
    ) -> Result<(), CustomerRefusal> {
        let form = read(data)?;
        self.carry_out(doors, session, channel, &form)
            .await
            .map_err(|refusal| refusal.about(form.message_id()))
    }

    async fn carry_out(
        &self,
        doors: &DoorState,
        session: &SessionInfo,
        channel: &str,
        form: &Form,
    ) -> Result<(), CustomerRefusal> {
        let service = channel.strip_prefix(CHANNEL_PREFIX).unwrap_or_default();
        let operation = form.required("operation")?;
        if operation == "requestChat" {
            let introduction = Introduction::read(form)?;
            let (address, headers) = origin_of(session);
            let opened = chats::begin(
                doors,
                RequestSource { address, headers: &headers },
                service,
                introduction,
            )
            .await?;
            let (chat, key) = (opened.interaction.id, opened.secure_key);
            return self.listen(doors, session, channel, chat, key, 0).await;
        }
        let key = form.required("secureKey")?.to_owned();
        let conversations = doors.engine().conversations();
        let mut chat = conversations.customer_heard(&key).await?;
        if chat.chat().is_none_or(|chat| chat.service != service) {
            return Err(handoff_engine::NotYourChat::Unknown.into());
        }
        let operation = ChatOperation::read(operation, form)?;
        if operation == ChatOperation::Refresh {
            // Both 0 and no position mean everything (docs/compat/customers.md#by-cometd).
            let position = form.count("transcriptPosition")?.unwrap_or(0).saturating_sub(1);
            return self.listen(doors, session, channel, chat.id, key, position).await;
        }
        let id = chat.id;
        if !matches!(operation, ChatOperation::Say { .. }) {
            chat = conversations.chat_of_key(&key).await?;
        }
        let mut telling = self.listeners.begin_telling(id);
        let done = chats::perform(doors, origin_of(session).0, chat, operation).await;
        telling.takes_it();
        // Before a refusal as well: whoever is told that the chat has ended listens no more, and
        // must not miss its end.
        self.tell(id).await;
        telling.has_told();
        done.map(drop)
    }

    /// Lets a session listen to a chat, from behind a position, and tells it what it has missed.
    /// That is delivered before anybody else can move the listener on: told later, it would come
    /// behind what was said meanwhile.
    async fn listen(
        &self,
        doors: &DoorState,
        session: &SessionInfo,
        channel: &str,
        chat: InteractionId,
        key: String,
        position: u64,
    ) -> Result<(), CustomerRefusal> {
        let Some((server, _)) = self.linked() else { return Ok(()) };
        let listener = Listener {
            chat,
            key,
            channel: channel.to_owned(),
            position,
            is_end_told: false,
            standing: Standing::default(),
        };
        let handle = self.listeners.add(session.id.clone(), chat, listener);
        let mut listener = handle.lock().await;
        let caught_up = async {
            let chat = doors.engine().conversations().chat_of_key(&listener.key).await?;
            catch_up(doors, &chat, &mut listener).await
        };
        match caught_up.await {
            Ok(answer) => {
                server.deliver(&session.id, channel, encode(&answer));
                if answer.has_more() {
                    self.listeners.mark(chat);
                }
                Ok(())
            }
            Err(refusal) => {
                self.listeners.remove(&session.id);
                Err(refusal)
            }
        }
    }

    /// Tells all sessions of a chat what they have not been told.
    async fn tell(&self, chat: InteractionId) {
        let Some((server, doors)) = self.linked() else { return };
        for (session, handle) in self.listeners.of(chat) {
            let mut listener = handle.lock().await;
            if let Err(refusal) = tell_all(&server, &doors, &session, &mut listener).await {
                // The position stays where it was, and the next thing that is said brings this
                // along.
                tracing::warn!(interaction.id = %chat, refusal = ?refusal, "a customer could not be told what was said");
            }
        }
    }

    async fn tell_note(&self, chat: InteractionId, note: &NumberedNote) {
        let Some((server, doors)) = self.linked() else { return };
        for (session, handle) in self.listeners.of(chat) {
            let mut listener = handle.lock().await;
            let found = doors.engine().conversations().chat_heard_of(chat).await;
            let Ok(Some(found)) = found else { continue };
            let Ok(answer) = Answer::bare(&found, &listener.key, listener.position) else {
                continue;
            };
            listener.is_end_told |= answer.chat_ended;
            server.deliver(
                &session,
                &listener.channel,
                encode(&answer.with(CustomerMessage::of_note(note))),
            );
        }
    }

    /// Delivers what the engine says there is to deliver, and keeps the customers whose sessions
    /// are alive, until the end.
    async fn deliver(&self) {
        let mut life = tokio::time::interval(SIGN_OF_LIFE);
        loop {
            tokio::select! {
                is_on = self.listeners.something() => {
                    if !is_on {
                        return;
                    }
                    let (chats, notes) = self.listeners.take();
                    for chat in chats {
                        self.tell(chat).await;
                    }
                    for (chat, note) in notes {
                        self.tell_note(chat, &note).await;
                    }
                }
                _ = life.tick() => {
                    self.keep_customers();
                    self.tell_standings().await;
                }
            }
        }
    }

    /// Tells customers who wait how they stand in line, where that has changed since they were
    /// told.
    async fn tell_standings(&self) {
        let Some((server, doors)) = self.linked() else { return };
        // What cannot be read now is told at the next look.
        let Ok(board) = doors.engine().core().current_board().await else { return };
        for chat in self.listeners.chats() {
            let Some(known) = board.recent(chat) else { continue };
            let Some(standing) = Standing::of(doors.shared(), board, &known.value) else {
                continue;
            };
            for (session, handle) in self.listeners.of(chat) {
                let mut listener = handle.lock().await;
                if listener.standing.says_the_same(&standing) {
                    continue;
                }
                let bare = Answer::bare(&known.value, &listener.key, listener.position);
                let Ok(answer) = bare.map(|answer| answer.standing(standing.clone())) else {
                    continue;
                };
                server.deliver(&session, &listener.channel, encode(&answer));
                listener.is_end_told |= answer.chat_ended;
                listener.standing = standing.clone();
            }
        }
    }

    fn keep_customers(&self) {
        let Some((_, doors)) = self.linked() else { return };
        let engine = doors.engine();
        for chat in self.listeners.chats() {
            engine.conversations().keep_awaited_customer(chat);
        }
    }
}

impl Customers for CustomerVoice {
    fn changed(&self, chat: InteractionId) {
        self.listeners.mark(chat);
    }

    fn noted(&self, chat: InteractionId, note: &NumberedNote) {
        self.listeners.mark_note(chat, note);
    }

    fn look_again(&self) {
        self.listeners.mark_all();
    }
}

/// Tells a session what it has not been told, as far as its queue has room; the rest follows when
/// the server says that it has some.
async fn tell_all(
    server: &CometdServer,
    doors: &DoorState,
    session: &SessionId,
    listener: &mut Listener,
) -> Result<(), CustomerRefusal> {
    loop {
        let (position, is_end_told) = (listener.position, listener.is_end_told);
        let told = listener.standing.clone();
        let chat = doors.engine().conversations().chat_heard_of(listener.chat).await?;
        let Some(chat) = chat.filter(|chat| listener.may_miss_something_of(chat)) else {
            return Ok(());
        };
        let answer = catch_up(doors, &chat, listener).await?;
        // What was told is never told again, however old the chat is that was looked at.
        listener.position = listener.position.max(position);
        let is_end_new = answer.chat_ended && !is_end_told;
        if !answer.has_messages() && !is_end_new && told.says_the_same(&answer.standing) {
            return Ok(());
        }
        match server.offer(session, &listener.channel, encode(&answer)) {
            Delivery::Delivered if answer.has_more() => {}
            Delivery::Delivered | Delivery::Gone | Delivery::CutOff => return Ok(()),
            Delivery::Full => {
                (listener.position, listener.standing) = (position, told);
                listener.is_end_told = is_end_told;
                return Ok(());
            }
        }
    }
}

/// Reads what a listener has not been told, and moves them on.
async fn catch_up(
    doors: &DoorState,
    chat: &Interaction,
    listener: &mut Listener,
) -> Result<Answer, CustomerRefusal> {
    let since = Since::Pushed(listener.position + 1);
    let answer = Answer::of(doors, chat, &listener.key, since).await?;
    listener.position = answer.next_position - 1;
    listener.standing = answer.standing.clone();
    listener.is_end_told |= answer.chat_ended;
    Ok(answer)
}

fn read(data: &RawValue) -> Result<Form, CustomerRefusal> {
    let malformed = || {
        CustomerRefusal::new(
            RefusalKind::Invalid,
            "The data of the message must be an object; correct it.",
        )
    };
    match crate::wire::json::read(data.get().as_bytes())
        .map_err(|refusal| CustomerRefusal::invalid(refusal.sentence))?
    {
        Value::Map(values) => Form::of_object(BTreeMap::from_iter(values)),
        _ => Err(malformed()),
    }
}

fn encode(data: &impl Serialize) -> Bytes {
    // Strings, numbers, lists and objects with string keys, none of which JSON refuses.
    serde_json::to_vec(data).expect("answers consist of what JSON can say").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_remembers_where_its_handshake_came_from() {
        let session = |tag: &str| SessionInfo {
            id: handoff_cometd::SessionId::new("s"),
            identity: None,
            tag: Some(Tag::new(tag.to_owned())),
            login: None,
        };
        let (address, headers) = origin_of(&session("127.0.0.9 https://shop.example desk.example"));
        assert_eq!(address.to_string(), "127.0.0.9");
        assert_eq!(headers[ORIGIN], "https://shop.example");
        assert_eq!(headers[HOST], "desk.example");
        let (_, headers) = origin_of(&session("127.0.0.9  desk.example"));
        assert!(!headers.contains_key(ORIGIN));
    }
}
