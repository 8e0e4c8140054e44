//! A server in process, clients that speak to its router, and an application that writes down what
//! it is told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use handoff_cometd::{
    Application, CometdServer, Denial, Identity, Limits, Login, Outgoing, Policy, Ports, Random,
    RemovalReason, SessionId, SessionInfo, Source, Tag, Verdict,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// Counts: every run gives the same ids.
#[derive(Default)]
pub(crate) struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self
            .0
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .to_le_bytes();
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = number[index % 8] ^ u8::try_from(index % 200).unwrap();
        }
    }
}

/// Refuses whatever has `forbidden` in its name, and data that is the text `"veto"`; users `banned`
/// and `expired` may not shake hands.
#[derive(Default)]
pub(crate) struct Doorman {
    sent: Mutex<HashMap<Source, usize>>,
}

impl Policy for Doorman {
    fn may_handshake(
        &self,
        identity: Option<&Identity>,
        _tag: Option<&Tag>,
        _ext: Option<&Value>,
    ) -> Verdict {
        match identity.map(Identity::as_str) {
            Some("banned") => Verdict::Deny(Denial::Permanent),
            Some("expired") => Verdict::Deny(Denial::Temporary),
            _ => Verdict::Allow,
        }
    }

    fn may_send(&self, _identity: Option<&Identity>, source: Option<&Source>) -> Verdict {
        // A source that is named by a number may send so many messages.
        let Some(source) = source else { return Verdict::Allow };
        let Ok(most) = source.as_str().parse() else { return Verdict::Allow };
        let mut sent = self.sent.lock().unwrap();
        let count = sent.entry(source.clone()).or_insert(0_usize);
        *count += 1;
        deny_if(*count > most)
    }

    fn may_create(&self, _identity: Option<&Identity>, channel: &str) -> Verdict {
        deny_if(channel.contains("uncreatable"))
    }

    fn may_subscribe(&self, _identity: Option<&Identity>, channel: &str) -> Verdict {
        deny_if(channel.contains("forbidden"))
    }

    fn may_publish(&self, _identity: Option<&Identity>, channel: &str) -> Verdict {
        deny_if(channel.contains("forbidden"))
    }

    fn may_pass(&self, _identity: Option<&Identity>, _channel: &str, data: &RawValue) -> Verdict {
        deny_if(data.get() == "\"veto\"")
    }
}

fn deny_if(condition: bool) -> Verdict {
    if condition { Verdict::Deny(Denial::Permanent) } else { Verdict::Allow }
}

/// Writes down what it is told, replays two messages into subscriptions of `/replayed`, echoes
/// `/service/echo`.
#[derive(Default)]
pub(crate) struct Notebook {
    lines: Mutex<Vec<String>>,
    pub(crate) server: OnceLock<CometdServer>,
}

impl Notebook {
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn write(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }
}

#[async_trait]
impl Application for Notebook {
    async fn session_opened(&self, session: &SessionInfo) {
        self.write(format!("opened {}", name(session)));
    }

    async fn subscribed(&self, session: &SessionInfo, subscription: &str, ext: Option<&Value>) {
        self.write(format!(
            "subscribed {} {subscription} {}",
            name(session),
            ext.unwrap_or(&Value::Null)
        ));
        if subscription == "/replayed" {
            let server = self.server.get().unwrap();
            server.deliver(&session.id, subscription, Bytes::from_static(b"\"old 1\""));
            // A live message in the middle of the replay, as from another task.
            server.publish(subscription, Bytes::from_static(b"\"live\""));
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            server.deliver(&session.id, subscription, Bytes::from_static(b"\"old 2\""));
        }
    }

    async fn unsubscribed(&self, session: &SessionInfo, subscription: &str) {
        self.write(format!("unsubscribed {} {subscription}", name(session)));
    }

    async fn service(
        &self,
        _session: &SessionInfo,
        channel: &str,
        data: &RawValue,
    ) -> Vec<Outgoing> {
        let data = Bytes::copy_from_slice(data.get().as_bytes());
        vec![Outgoing { channel: channel.to_owned(), data }]
    }

    fn has_room(&self, session: &SessionInfo) {
        self.write(format!("room {}", name(session)));
    }

    async fn session_removed(&self, session: &SessionInfo, reason: RemovalReason) {
        self.write(format!("removed {} {reason:?}", name(session)));
    }
}

fn name(session: &SessionInfo) -> &str {
    session.identity.as_ref().map_or("anonymous", Identity::as_str)
}

/// A server with everything around it.
pub(crate) struct Bench {
    pub(crate) server: CometdServer,
    pub(crate) notebook: Arc<Notebook>,
    running: JoinHandle<()>,
}

impl Bench {
    pub(crate) fn new(limits: Limits) -> Self {
        let notebook = Arc::new(Notebook::default());
        let ports = Ports { random: Arc::new(Counting::default()), ..Ports::default() };
        let application: Arc<dyn Application> = Arc::<Notebook>::clone(&notebook);
        let server = CometdServer::new(limits, Arc::new(Doorman::default()), application, ports);
        assert!(notebook.server.set(server.clone()).is_ok());
        let running = server.clone();
        let running = tokio::spawn(async move { running.run().await });
        Self { server, notebook, running }
    }

    pub(crate) fn client(&self, identity: Option<&'static str>) -> Client {
        Client {
            router: self.server.router(),
            identity,
            login: None,
            source: None,
            cookie: None,
            accept_encoding: None,
            id: String::new(),
            sent: 0,
        }
    }

    /// A client with an open session, first connect answered.
    pub(crate) async fn connected(&self, identity: Option<&'static str>) -> Client {
        let mut client = self.client(identity);
        client.handshake(Value::Null).await;
        client.connect().await;
        client
    }

    pub(crate) async fn stop(mut self) {
        self.server.shutdown().await;
        (&mut self.running).await.unwrap();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// A client of the long-polling transport.
#[derive(Clone)]
pub(crate) struct Client {
    router: Router,
    pub(crate) identity: Option<&'static str>,
    pub(crate) login: Option<&'static str>,
    pub(crate) source: Option<&'static str>,
    pub(crate) cookie: Option<String>,
    pub(crate) accept_encoding: Option<&'static str>,
    pub(crate) id: String,
    sent: u64,
}

impl Client {
    pub(crate) fn session(&self) -> SessionId {
        SessionId::new(self.id.as_str())
    }

    /// Sends a body as it is.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> axum::response::Response {
        let mut request =
            Request::post("/").header(header::CONTENT_TYPE, "application/json;charset=UTF-8");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(codings) = self.accept_encoding {
            request = request.header(header::ACCEPT_ENCODING, codings);
        }
        let mut request = request.body(body.into()).unwrap();
        if let Some(identity) = self.identity {
            request.extensions_mut().insert(Identity::new(identity));
        }
        if let Some(login) = self.login {
            request.extensions_mut().insert(Login::new(login));
        }
        if let Some(source) = self.source {
            request.extensions_mut().insert(Source::new(source));
        }
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn raw(&self, body: impl Into<Body>) -> (StatusCode, HeaderMap, String) {
        let (parts, body) = self.post(body).await.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    /// Sends messages, each with the client's id and a message id of its own unless it has them.
    pub(crate) async fn send(&mut self, messages: Value) -> Vec<Value> {
        let body = self.fill_in(messages);
        let (status, headers, body) = self.raw(body).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        if let Some(cookie) = headers.get(header::SET_COOKIE) {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        serde_json::from_str(&body).unwrap()
    }

    fn fill_in(&mut self, mut messages: Value) -> String {
        for message in messages.as_array_mut().unwrap() {
            self.sent += 1;
            let message = message.as_object_mut().unwrap();
            message.entry("id").or_insert_with(|| self.sent.to_string().into());
            if !self.id.is_empty() {
                message.entry("clientId").or_insert_with(|| self.id.clone().into());
            }
        }
        messages.to_string()
    }

    pub(crate) async fn handshake(&mut self, ext: Value) -> Value {
        self.id.clear();
        let reply = self
            .send(json!([{"channel": "/meta/handshake", "version": "1.0", "ext": ext}]))
            .await
            .remove(0);
        self.id = reply["clientId"].as_str().unwrap_or_default().to_owned();
        reply
    }

    pub(crate) async fn connect(&mut self) -> Vec<Value> {
        self.send(json!([{"channel": "/meta/connect", "connectionType": "long-polling"}])).await
    }

    pub(crate) async fn connect_with_ack(&mut self, ack: u64) -> Vec<Value> {
        self.send(json!([{"channel": "/meta/connect", "ext": {"ack": ack}}])).await
    }

    /// Connects in a task and lets it get as far as it can.
    pub(crate) async fn hold(&mut self) -> JoinHandle<Vec<Value>> {
        let mut client = self.clone();
        self.sent += 1;
        let held = tokio::spawn(async move { client.connect().await });
        settle().await;
        held
    }

    pub(crate) async fn subscribe(&mut self, subscription: Value) -> Value {
        self.send(json!([{"channel": "/meta/subscribe", "subscription": subscription}]))
            .await
            .remove(0)
    }
}

/// Lets every other task run until it waits for the clock or for somebody else.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// The data of the delivered messages in a response.
pub(crate) fn data(response: &[Value]) -> Vec<&Value> {
    response.iter().filter_map(|message| message.get("data")).collect()
}

/// Waits on the virtual clock.
pub(crate) async fn wait_ms(ms: u64) {
    tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
    settle().await;
}

pub(crate) fn text(data: &str) -> Bytes {
    Bytes::from(json!(data).to_string())
}
