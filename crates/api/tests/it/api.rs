//! The demo's contact center, and another, behind the whole router; time stands still until a test
//! moves it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use bytes::Bytes;
use handoff_api::customer::CustomerDoors;
use handoff_api::wire::center::render_center;
use handoff_api::wire::letters::Cleaner;
use handoff_api::wire::notification::{ResyncMessage, encode};
use handoff_api::wire::operation_lists::OperationLists;
use handoff_api::wire::resource::{Lookup, PublicUrl};
use handoff_api::{Assembly, Setup, notify, openapi};
use handoff_bus::LocalBus;
use handoff_content::FileKeeper;
use handoff_content::space::Space;
use handoff_domain::{
    CenterId, ChatTerms, GroupId, Interaction, InteractionId, Media, QueueId, Role, ServiceId,
    ServiceTerms, SkillId, Topic, User, UserId, Workbin, WorkbinId, WorkbinOwner,
};
use handoff_engine::{
    CenterNews, CenterTopic, Core, Directory, Engine, Note, OpenLogin, Parts, Patience, Published,
    Publisher, Replay, Subscriptions, SystemIds,
};
use handoff_store::files::MemoryFiles;
use handoff_store::{MemoryStore, Store, StreamRow};
pub(crate) use handoff_testkit::PASSWORD;
use handoff_testkit::{Call, Center, Contract, Exchange, ManualClock, center};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::samples::Trusting;

pub(crate) const ROOT: &str = "/api/v2";
pub(crate) const DEMO: CenterId = CenterId(1);
const OTHER: CenterId = CenterId(2);
const SUPPORT: GroupId = GroupId(0x10);
const SALES: GroupId = GroupId(0x11);
const BILLING: SkillId = SkillId(0x20);
const ENGLISH: SkillId = SkillId(0x21);
/// 2026-01-09 12:00:00 UTC.
pub(crate) const NOON_MS: i64 = 1_767_960_000_000;
pub(crate) const CHANNELS: [&str; 3] = ["chat", "email", "workitem"];

/// What the API says of itself.
pub(crate) static CONTRACT: LazyLock<Contract> =
    LazyLock::new(|| Contract::read(openapi::rest(), openapi::told()));

/// A message to one session.
struct Message {
    session: String,
    channel: String,
    data: Value,
}

/// Writes down what agents are told.
pub(crate) struct Recorder {
    core: Arc<Core>,
    url: PublicUrl,
    letters: Arc<Cleaner>,
    operations: OperationLists,
    messages: Mutex<Vec<Message>>,
}

impl Recorder {
    fn new(core: Arc<Core>, url: PublicUrl, letters: Arc<Cleaner>) -> Arc<Self> {
        let operations = OperationLists::default();
        Arc::new(Self { core, url, letters, operations, messages: Mutex::default() })
    }

    fn lookup<'a>(&'a self, directory: &'a Directory) -> Lookup<'a> {
        let Self { url, letters, operations, .. } = self;
        Lookup { directory, url, letters, operations }
    }

    /// Returns what was told on a topic, and forgets it.
    pub(crate) fn take(&self, channel: &str) -> Vec<Value> {
        self.take_those(|message| message.channel == channel)
    }

    /// Returns what one session was told on a topic, and forgets it.
    pub(crate) fn take_of(&self, session: &str, channel: &str) -> Vec<Value> {
        self.take_those(|message| message.session == session && message.channel == channel)
    }

    fn take_those(&self, is_wanted: impl Fn(&Message) -> bool) -> Vec<Value> {
        let mut messages = self.messages.lock().unwrap();
        for Message { channel, data, .. } in &*messages {
            CONTRACT.check_told(channel, data).unwrap_or_else(|why| panic!("{why}"));
        }
        let (wanted, rest) = messages.drain(..).partition(is_wanted);
        *messages = rest;
        Vec::into_iter(wanted).map(|message| message.data).collect()
    }
}

impl Publisher for Recorder {
    fn render(&self, row: &StreamRow, reader: UserId, topic: Topic, number: u64) -> Bytes {
        let directory = self.core.directory();
        let lookup = self.lookup(&directory);
        notify::render(row, reader, topic, number, lookup)
    }

    fn render_note(
        &self,
        chat: &Interaction,
        reader: UserId,
        note: &Note,
        reference: Option<i32>,
    ) -> Vec<(Topic, Bytes)> {
        let directory = self.core.directory();
        let lookup = self.lookup(&directory);
        notify::note(chat, reader, note, reference, lookup).into()
    }

    fn render_viewers(&self, interaction: &Interaction, viewers: &[UserId]) -> (Topic, Bytes) {
        let directory = self.core.directory();
        let lookup = self.lookup(&directory);
        notify::viewers(interaction.id, viewers, lookup)
    }

    fn render_resync(&self, topic: Topic, oldest: u64, head: u64) -> Bytes {
        notify::render_resync(topic, oldest, head)
    }

    fn render_center(&self, news: &CenterNews<'_>) -> Bytes {
        let directory = self.core.directory();
        render_center(news, self.lookup(&directory))
    }

    fn render_center_resync(&self, topic: CenterTopic, oldest: u64, head: u64) -> Bytes {
        encode(&ResyncMessage::new(notify::topics::center_channel(topic), oldest, head))
    }

    fn channel(&self, topic: Topic) -> &'static str {
        notify::topics::channel(topic)
    }

    fn publish(&self, session: &str, channel: &str, data: Bytes, _patience: Patience) -> Published {
        let (session, channel) = (session.to_owned(), channel.to_owned());
        let data = serde_json::from_slice(&data).unwrap();
        self.messages.lock().unwrap().push(Message { session, channel, data });
        Published::Delivered
    }

    fn user_changed(&self, _before: &User, _now: Option<&User>) {}

    fn open_logins(&self) -> Vec<OpenLogin> {
        Vec::new()
    }

    fn login_ended(&self, _login: &OpenLogin) {}
}

/// The whole router and what is behind it.
pub(crate) struct Api {
    pub(crate) engine: Arc<Engine>,
    pub(crate) router: Router,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) told: Arc<Recorder>,
    pub(crate) files: Arc<MemoryFiles>,
    pub(crate) doors: Arc<CustomerDoors>,
    pub(crate) space: Arc<Room>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    /// Returns what a router answers, which is what the API says that it does.
    pub(crate) async fn of(router: &Router, request: Request<Body>) -> Self {
        let (method, target) = (request.method().clone(), request.uri().to_string());
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        let content_type = parts.headers.get(header::CONTENT_TYPE);
        let exchange = Exchange {
            method: method.as_str(),
            target: &target,
            status: parts.status.as_u16(),
            content_type: content_type.map(|value| value.to_str().unwrap()),
            body: &text,
        };
        CONTRACT.check(exchange).unwrap_or_else(|why| panic!("{why}"));
        let text = String::from_utf8(text.to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn of_call(router: &Router, call: Call) -> Self {
        Self::of(router, Request::from(call).map(Body::new)).await
    }

    /// Returns the body, which is always JSON of the right type.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json", "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {:?}", self.text))
    }

    /// Returns HTTP status and code.
    pub(crate) fn codes(&self) -> (u16, i64) {
        (self.status.as_u16(), self.json()["statusCode"].as_i64().unwrap())
    }

    /// Returns the body of an answer that must be a yes.
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.codes(), (200, 0), "{}", self.text);
        self.json()
    }

    /// Returns the sentence of an answer that must be a no with this code.
    pub(crate) fn refused(&self, status: u16, code: i64) -> String {
        assert_eq!(self.codes(), (status, code), "{}", self.text);
        self.json()["statusMessage"].as_str().unwrap().to_owned()
    }

    pub(crate) fn cookie(&self) -> Option<String> {
        let cookie = self.headers.get(header::SET_COOKIE)?.to_str().unwrap();
        Some(cookie.split(';').next().unwrap().to_owned())
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    api: &'a Api,
    user: Option<&'a str>,
}

impl Client<'_> {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body.to_string()), &[]).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, Some(body.to_string()), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, &[]).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut call = Call::new(method, path);
        if let Some(user) = self.user {
            call = call.by(user, PASSWORD);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        for (name, value) in headers {
            call = call.header(name, value);
        }
        self.api.calls(call).await
    }

    /// Does something with one of the caller's interactions.
    pub(crate) async fn does(&self, id: &str, body: Value) -> Reply {
        self.post(&format!("/me/interactions/{id}"), body).await
    }

    /// Reads an interaction as this caller sees it.
    pub(crate) async fn sees(&self, id: &str) -> Value {
        self.get(&format!("/interactions/{id}")).await.ok()["interaction"].clone()
    }
}

fn session_of(name: &str) -> String {
    format!("session of {name}")
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    handoff_testkit::http::basic(user, password).to_str().unwrap().to_owned()
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut handoff_api::Options)) -> Self {
        Self::start_on(store().await, |setup| change(&mut setup.options)).await
    }

    pub(crate) async fn start_on(store: Arc<dyn Store>, change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Arc::new(ManualClock::at_ms(NOON_MS));
        let parts = Parts {
            store,
            bus: Arc::new(LocalBus::default()),
            clock: clock.clone(),
            ids: Arc::new(SystemIds::default()),
            options: handoff_engine::Options::default(),
        };
        let core = Core::open(parts).await.unwrap();
        let url = PublicUrl::new("http://127.0.0.1:8090");
        let letters = Arc::new(Cleaner::new(Arc::new(Trusting)));
        let told = Recorder::new(core.clone(), url.clone(), letters.clone());
        let files = Arc::new(MemoryFiles::new());
        let space = Arc::new(Room::default());
        let options = handoff_content::Options {
            space: space.clone(),
            ..handoff_content::Options::default()
        };
        let keeper = FileKeeper::new(core.clone(), files.clone(), options);
        let mut setup = Setup {
            letters,
            publisher: Some(told.clone()),
            ..Setup::new(handoff_api::Options::new(url), keeper)
        };
        change(&mut setup);
        let Assembly { engine, doors, router, .. } = Assembly::build(core, setup).await.unwrap();
        Self { engine, router, clock, told, files, doors, space }
    }

    pub(crate) fn by<'a>(&'a self, user: &'a str) -> Client<'a> {
        Client { api: self, user: Some(user) }
    }

    pub(crate) const fn anonymous(&self) -> Client<'_> {
        Client { api: self, user: None }
    }

    pub(crate) async fn calls(&self, call: Call) -> Reply {
        Reply::of_call(&self.router, call).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        Reply::of(&self.router, request).await
    }

    pub(crate) fn user_id(&self, name: &str) -> UserId {
        self.engine.core().directory().user_by_name(name).unwrap().id
    }

    /// Makes an agent listen, as a CometD session that subscribed to everything does.
    pub(crate) async fn listen(&self, name: &str) {
        let directory = self.engine.core().directory();
        let user = directory.user_by_name(name).unwrap();
        let topics = Topic::ALL.into_iter().map(|topic| (topic, Replay::Live)).collect();
        let subscription =
            Subscriptions { name: "/v2/me/*".to_owned(), topics, under_own_name: false };
        self.engine.delivery().subscribe(user.id, &session_of(name), subscription).await.unwrap();
    }

    /// Ends the session by which an agent listens.
    pub(crate) async fn forget(&self, name: &str) {
        let directory = self.engine.core().directory();
        let user = directory.user_by_name(name).unwrap();
        let delivery = self.engine.delivery();
        delivery.forget_session(user.id, &session_of(name)).await.unwrap();
    }

    /// Returns what an agent was told on a topic since they were last asked.
    pub(crate) async fn told_to(&self, name: &str, channel: &str) -> Vec<Value> {
        self.engine.delivery().deliver_missed().await.unwrap();
        self.told.take_of(&session_of(name), channel)
    }

    /// Logs an agent in, listening and Ready.
    pub(crate) async fn ready(&self, name: &str) {
        self.listen(name).await;
        self.start_session(name).await;
        self.by(name).post("/me", json!({"operationName": "Ready"})).await.ok();
    }

    pub(crate) async fn start_session(&self, name: &str) {
        let body = json!({"operationName": "StartContactCenterSession", "channels": CHANNELS});
        self.by(name).post("/me", body).await.ok();
    }

    pub(crate) async fn submitted(&self, channel: &str, queue: &str) -> String {
        let mut body = json!({"operationName": "Create", "channel": channel, "queueName": queue, "subject": "Invoice"});
        if channel == "email" {
            body["email"] = json!({
                "from": "kunde@example.com", "to": ["support@demo.example"], "cc": ["chef@example.com"],
                "subject": "Invoice", "body": "<p>Hello</p>", "bodyAsPlainText": "Hello",
            });
        }
        self.by("intake").post("/interactions", body).await.ok()["id"].as_str().unwrap().to_owned()
    }

    /// Submits something that is offered to the one agent who is ready.
    pub(crate) async fn offered(&self, channel: &str, queue: &str) -> String {
        let id = self.submitted(channel, queue).await;
        self.engine.workers().router().route().await.unwrap();
        id
    }

    /// Submits something that the one agent who is ready then owns.
    pub(crate) async fn owned(&self, name: &str, channel: &str, queue: &str) -> String {
        let id = self.offered(channel, queue).await;
        self.by(name).does(&id, json!({"operationName": "Accept"})).await.ok();
        id
    }

    /// An id that could be one, of nothing.
    pub(crate) fn no_id(&self) -> String {
        InteractionId::compose(1, 1).to_string()
    }

    /// A workbin's id as a user sees it.
    pub(crate) async fn workbin(&self, user: &str, name: &str) -> String {
        let list = self.by(user).get("/workbins?fields=*").await.ok();
        let mut workbins = list["workbins"].as_array().unwrap().iter();
        let found = workbins.find(|workbin| workbin["name"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn queue_id(&self, name: &str) -> String {
        let directory = self.engine.core().directory();
        directory.queues.values().find(|queue| queue.name == name).unwrap().id.to_string()
    }
}

/// A store with the demo's contact center and another one (docs/compat/center.md#demo).
pub(crate) async fn store() -> Arc<MemoryStore> {
    use Role::{Admin, Agent, ApiUser, Supervisor};
    let chat = ServiceTerms::Chat(ChatTerms::default());
    let workitem = || Media::Workitem;
    let demo = Center::new(DEMO, "Demo")
        .skill(BILLING, "billing")
        .skill(ENGLISH, "english")
        .group(SUPPORT, "Support")
        .group(SALES, "Sales")
        .user(UserId(0xa1), "kate", &[Agent], &[SUPPORT], &[(BILLING, 5), (ENGLISH, 5)])
        .user(UserId(0xa2), "ben", &[Agent], &[SUPPORT], &[(BILLING, 2), (ENGLISH, 5)])
        .user(UserId(0xa3), "mia", &[Agent], &[SALES], &[(ENGLISH, 3)])
        .user(UserId(0xa4), "sam", &[Agent, Supervisor], &[SUPPORT, SALES], &[])
        .user(UserId(0xa5), "ada", &[Admin], &[], &[])
        .user(UserId(0xa6), "intake", &[ApiUser], &[], &[])
        .user(UserId(0xa7), "vera", &[Supervisor], &[], &[])
        .queue(QueueId(0x30), "tasks", workitem(), &[SUPPORT], &[])
        .queue(QueueId(0x31), "support-email", Media::Email, &[SUPPORT], &[])
        .queue(QueueId(0x32), "support-chat", Media::Chat, &[SUPPORT], &[])
        .queue(QueueId(0x33), "billing", workitem(), &[], &[(BILLING, 4)])
        .queue(QueueId(0x34), "sales", workitem(), &[SALES], &[])
        .queue(QueueId(0x35), "parking", workitem(), &[], &[])
        .queue(QueueId(0x36), "messages", Media::Open("sms".to_owned()), &[SUPPORT], &[])
        .workbin(WorkbinId(0x40), Workbin::IN_PROGRESS, WorkbinOwner::EachAgent)
        .workbin(WorkbinId(0x41), Workbin::DRAFTS, WorkbinOwner::EachAgent)
        .workbin(WorkbinId(0x42), "Team", WorkbinOwner::Group(SUPPORT))
        .workbin(WorkbinId(0x43), "Shared", WorkbinOwner::Group(SUPPORT))
        .workbin(WorkbinId(0x44), "Shared", WorkbinOwner::Group(SALES))
        .service(ServiceId(0x50), "customer-support", QueueId(0x32), chat);
    let other = Center::new(OTHER, "Other")
        .user(UserId(0xb1), "zoe", &[Agent, Supervisor, Admin], &[], &[])
        .queue(QueueId(0x3f), "elsewhere", workitem(), &[], &[])
        .workbin(WorkbinId(0x4f), "Elsewhere", WorkbinOwner::EachAgent);
    Arc::new(center::store(demo.records().chain(other.records())).await.unwrap())
}

/// Hashes a password with next to no work, so that tests do not wait for it. The parameters are
/// read from the hash when it is verified.
pub(crate) fn cheap_hash(password: &str) -> String {
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password(password.as_bytes()).unwrap().to_string()
}

/// Checks that an object has these fields, whatever else it has.
#[track_caller]
pub(crate) fn has(object: &Value, fields: Value) {
    let of_object = |name: &String| (name.clone(), object[name].clone());
    let names = fields.as_object().unwrap().keys();
    assert_eq!(Value::Object(names.map(of_object).collect()), fields, "in {object}");
}

/// Returns the keys of an object.
pub(crate) fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// A disk that is as a test wants it.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) is_short: AtomicBool,
    pub(crate) is_broken: AtomicBool,
    pub(crate) probes: AtomicU64,
}

#[async_trait]
impl Space for Room {
    fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    async fn probe(&self) -> std::io::Result<()> {
        self.probes.fetch_add(1, Ordering::Relaxed);
        match self.is_broken.load(Ordering::Relaxed) {
            true => Err(std::io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}
