//! The demo's contact center, and another, behind the whole router; time stands still until a test
//! moves it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use handoff_api::customer::CustomerDoors;
use handoff_api::wire::letters::Cleaner;
use handoff_api::wire::resource::{Lookup, PublicUrl};
use handoff_api::{Assembly, Setup, notify};
use handoff_bus::LocalBus;
use handoff_content::FileKeeper;
use handoff_content::space::Space;
use handoff_domain::{
    Capacity, Center, CenterId, ChatTerms, Group, GroupId, InteractionId, Media, Queue, QueueId,
    Role, Service, ServiceId, ServiceTerms, Skill, SkillId, Time, Topic, User, UserId, Workbin,
    WorkbinId, WorkbinOwner,
};
use handoff_engine::{
    Clock, Core, Engine, Parts, Patience, Published, Publisher, Replay, Subscriptions, SystemIds,
};
use handoff_store::files::MemoryFiles;
use handoff_store::{ChangeSet, MemoryStore, Put, Record, Store, StreamRow};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::notify_fixture::Trusting;

pub(crate) const PASSWORD: &str = "handoff-demo";
pub(crate) const ROOT: &str = "/api/v2";
const DEMO: CenterId = CenterId(1);
const OTHER: CenterId = CenterId(2);
const SUPPORT: GroupId = GroupId(0x10);
const SALES: GroupId = GroupId(0x11);
const BILLING: SkillId = SkillId(0x20);
const ENGLISH: SkillId = SkillId(0x21);
/// 2026-01-09 12:00:00 UTC.
const NOON_MS: i64 = 1_767_960_000_000;
/// The contact-center session's channels.
const CHANNELS: [&str; 3] = ["chat", "email", "workitem"];

/// A clock that a test moves.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn advance_s(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time(self.0.load(Ordering::SeqCst))
    }
}

/// A message to one session.
struct Message {
    session: String,
    channel: String,
    data: Value,
}

/// Writes down what agents are told.
pub(crate) struct Recorded {
    core: Arc<Core>,
    url: PublicUrl,
    letters: Arc<Cleaner>,
    messages: Mutex<Vec<Message>>,
}

impl Recorded {
    fn new(core: Arc<Core>, url: PublicUrl, letters: Arc<Cleaner>) -> Arc<Self> {
        Arc::new(Self { core, url, letters, messages: Mutex::default() })
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
        let (wanted, rest) = messages.drain(..).partition(is_wanted);
        *messages = rest;
        Vec::into_iter(wanted).map(|message| message.data).collect()
    }
}

impl Publisher for Recorded {
    fn render(&self, row: &StreamRow, topic: Topic, number: u64) -> Bytes {
        let directory = self.core.directory();
        let lookup = Lookup { directory: &directory, url: &self.url, letters: &self.letters };
        notify::render(row, topic, number, lookup)
    }

    fn render_resync(&self, _topic: Topic, _oldest: u64, _head: u64) -> Bytes {
        Bytes::from_static(b"{}")
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
}

/// The whole router and what is behind it.
pub(crate) struct Bench {
    pub(crate) engine: Arc<Engine>,
    pub(crate) router: Router,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) told: Arc<Recorded>,
    pub(crate) files: Arc<MemoryFiles>,
    pub(crate) doors: Arc<CustomerDoors>,
    pub(crate) space: Arc<Room>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
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

/// Somebody who calls.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    bench: &'a Bench,
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

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("{ROOT}{path}"));
        if let Some(user) = self.user {
            request = request.header(header::AUTHORIZATION, basic(user, PASSWORD));
        }
        if body.is_some() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.bench.send(request.body(Body::from(body.unwrap_or_default())).unwrap()).await
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
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut handoff_api::Options)) -> Self {
        Self::start_on(center().await, |setup| change(&mut setup.options)).await
    }

    pub(crate) async fn start_on(store: Arc<dyn Store>, change: impl FnOnce(&mut Setup)) -> Self {
        let clock = Arc::new(HandClock(AtomicI64::new(NOON_MS)));
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
        let told = Recorded::new(core.clone(), url.clone(), letters.clone());
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
        let Assembly { engine, doors, shared, .. } = Assembly::build(core, setup).await.unwrap();
        let router = handoff_api::router(&shared);
        Self { engine, router, clock, told, files, doors, space }
    }

    pub(crate) fn by<'a>(&'a self, user: &'a str) -> Client<'a> {
        Client { bench: self, user: Some(user) }
    }

    pub(crate) const fn anonymous(&self) -> Client<'_> {
        Client { bench: self, user: None }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(text.to_vec()).unwrap(),
        }
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
        self.engine
            .delivery()
            .subscribe(user.id, user.center, &session_of(name), subscription)
            .await
            .unwrap();
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

    /// Submits something from outside.
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
        let workbins = list["workbins"].as_array().unwrap();
        workbins.iter().find(|workbin| workbin["name"] == name).unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub(crate) fn queue_id(&self, name: &str) -> String {
        let directory = self.engine.core().directory();
        directory.queues.values().find(|queue| queue.name == name).unwrap().id.to_string()
    }
}

/// A store with the demo's contact center and another one (docs/compat/center.md#demo).
pub(crate) async fn center() -> Arc<MemoryStore> {
    let named = vec![
        Record::Center(Center {
            id: DEMO,
            name: "Demo".to_owned(),
            workspace: handoff_domain::Workspace::default(),
        }),
        Record::Center(Center {
            id: OTHER,
            name: "Other".to_owned(),
            workspace: handoff_domain::Workspace::default(),
        }),
        Record::Skill(Skill { id: BILLING, center: DEMO, name: "billing".to_owned() }),
        Record::Skill(Skill { id: ENGLISH, center: DEMO, name: "english".to_owned() }),
        Record::Group(Group { id: SUPPORT, center: DEMO, name: "Support".to_owned() }),
        Record::Group(Group { id: SALES, center: DEMO, name: "Sales".to_owned() }),
    ];
    let store = Arc::new(MemoryStore::new());
    let chat = Service {
        id: ServiceId(0x50),
        center: DEMO,
        name: "customer-support".to_owned(),
        queue: QueueId(0x32),
        enabled: true,
        terms: ServiceTerms::Chat(ChatTerms::default()),
    };
    let records = named.into_iter().chain(users()).chain(queues()).chain(workbins());
    let records = records.chain([Record::Service(chat)]);
    let puts = records.map(|record| Put { record, expected: 0 }).collect();
    store.commit(ChangeSet { puts, ..ChangeSet::default() }).await.unwrap();
    store
}

fn users() -> Vec<Record> {
    use Role::{Admin, Agent, ApiUser, Supervisor};
    let hash = cheap_hash(PASSWORD);
    let user = |id: u128,
                center,
                name: &str,
                roles: &[Role],
                groups: &[GroupId],
                skills: &[(SkillId, u32)]| {
        Record::User(User {
            id: UserId(id),
            center,
            user_name: name.to_owned(),
            first_name: name.to_owned(),
            last_name: "Lund".to_owned(),
            nickname: None,
            email_address: format!("{name}@demo.example"),
            roles: roles.iter().copied().collect(),
            groups: groups.iter().copied().collect(),
            skills: skills.iter().copied().collect(),
            capacity: Capacity::default(),
            enabled: true,
            password_hash: Some(hash.clone()),
        })
    };
    vec![
        user(0xa1, DEMO, "kate", &[Agent], &[SUPPORT], &[(BILLING, 5), (ENGLISH, 5)]),
        user(0xa2, DEMO, "ben", &[Agent], &[SUPPORT], &[(BILLING, 2), (ENGLISH, 5)]),
        user(0xa3, DEMO, "mia", &[Agent], &[SALES], &[(ENGLISH, 3)]),
        user(0xa4, DEMO, "sam", &[Agent, Supervisor], &[SUPPORT, SALES], &[]),
        user(0xa5, DEMO, "ada", &[Admin], &[], &[]),
        user(0xa6, DEMO, "intake", &[ApiUser], &[], &[]),
        user(0xa7, DEMO, "vera", &[Supervisor], &[], &[]),
        user(0xb1, OTHER, "zoe", &[Agent, Supervisor, Admin], &[], &[]),
    ]
}

fn queues() -> Vec<Record> {
    let queue =
        |id: u128, center, name: &str, media, groups: &[GroupId], skills: &[(SkillId, u32)]| {
            Record::Queue(Queue {
                id: QueueId(id),
                center,
                name: name.to_owned(),
                media,
                groups: groups.iter().copied().collect(),
                skills: skills.iter().copied().collect(),
                priority: 0,
                invite_timeout_ms: Queue::DEFAULT_INVITE_TIMEOUT_MS,
                reoffer_after_ms: Queue::DEFAULT_REOFFER_AFTER_MS,
                steps: Vec::new(),
                review: None,
                acknowledge: None,
            })
        };
    vec![
        queue(0x30, DEMO, "tasks", Media::Workitem, &[SUPPORT], &[]),
        queue(0x31, DEMO, "support-email", Media::Email, &[SUPPORT], &[]),
        queue(0x32, DEMO, "support-chat", Media::Chat, &[SUPPORT], &[]),
        queue(0x33, DEMO, "billing", Media::Workitem, &[], &[(BILLING, 4)]),
        queue(0x34, DEMO, "sales", Media::Workitem, &[SALES], &[]),
        queue(0x35, DEMO, "parking", Media::Workitem, &[], &[]),
        queue(0x36, DEMO, "messages", Media::Open("sms".to_owned()), &[SUPPORT], &[]),
        queue(0x3f, OTHER, "elsewhere", Media::Workitem, &[], &[]),
    ]
}

fn workbins() -> Vec<Record> {
    let workbin = |id: u128, center, name: &str, owner| {
        Record::Workbin(Workbin { id: WorkbinId(id), center, name: name.to_owned(), owner })
    };
    vec![
        workbin(0x40, DEMO, Workbin::IN_PROGRESS, WorkbinOwner::EachAgent),
        workbin(0x41, DEMO, Workbin::DRAFTS, WorkbinOwner::EachAgent),
        workbin(0x42, DEMO, "Team", WorkbinOwner::Group(SUPPORT)),
        workbin(0x43, DEMO, "Shared", WorkbinOwner::Group(SUPPORT)),
        workbin(0x44, DEMO, "Shared", WorkbinOwner::Group(SALES)),
        workbin(0x4f, OTHER, "Elsewhere", WorkbinOwner::EachAgent),
    ]
}

/// Hashes a password with next to no work, so that tests do not wait for it. The parameters are
/// read from the hash when it is verified.
pub(crate) fn cheap_hash(password: &str) -> String {
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password(password.as_bytes()).unwrap().to_string()
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
