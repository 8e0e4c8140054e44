//! Two nodes in one process over one store: to each its own engine, HTTP and CometD.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::Method;
use handoff_api::comet::Comet;
use handoff_api::wire::resource::PublicUrl;
use handoff_api::{Assembly, SessionKeys, Setup, SignInProvider};
use handoff_bus::conformance::nats_server::NatsServer;
use handoff_bus::line::{Connect, Failure};
use handoff_bus::nats::{self, Nats, ServerAddress};
use handoff_bus::{Bus, ClusterBus, Line, LocalBus};
use handoff_content::FileKeeper;
use handoff_domain::UserId;
use handoff_engine::{Core, Engine, IdSource as _, Options, Parts, SystemIds};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::{MemoryFiles, PostgresLine, PostgresLines, PostgresOptions, Store};
use handoff_testkit::{Call, ManualClock, PASSWORD};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{self, Runtime};

use crate::api::{CHANNELS, NOON_MS, Reply, store};
use crate::comet::Client;

/// Longest wait for something that must come; a test that is right never waits for it.
pub(crate) const BOUND: Duration = Duration::from_secs(20);
/// How often the workers look, in ms.
const PERIOD_MS: u64 = 20;

/// How long a lease lasts, by the machine's time, in ms.
const LEASE_MS: u64 = 1_500;
/// The default grace, in ms.
pub(crate) const GRACE_MS: u32 = 60_000;

/// How nodes hear of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hints {
    /// What one says on the bus reaches the other.
    Joined,
    /// It is lost; what the other did is found by looking.
    Lost,
    /// A database carries it.
    Notify,
    /// NATS carries it.
    Nats,
}

pub(crate) const HINTS: [Hints; 4] = [Hints::Joined, Hints::Lost, Hints::Notify, Hints::Nats];

/// What carries hints from one node to the other.
enum Between {
    Memory(Arc<LocalBus>),
    Nothing,
    /// Lines over a schema.
    Database(String),
    /// Lines over a subject.
    Nats(String),
}

impl Between {
    fn of(hints: Hints) -> Self {
        match hints {
            Hints::Joined => Self::Memory(Arc::default()),
            Hints::Lost => Self::Nothing,
            Hints::Notify => Self::Database(PostgresServer::shared().fresh_schema()),
            Hints::Nats => Self::Nats(format!("handoff.{}", SystemIds::default().random())),
        }
    }

    /// Returns the bus of one more node, and what runs it.
    fn bus(&self) -> (Arc<dyn Bus>, Option<Arc<ClusterBus>>) {
        let lines: Box<dyn Connect> = match self {
            Self::Memory(bus) => return (bus.clone(), None),
            Self::Nothing => return (Arc::new(LocalBus::default()), None),
            Self::Database(schema) => {
                let lines = PostgresLines::new(&PostgresOptions::new(schema));
                Box::new(OverDatabase(lines.unwrap()))
            }
            Self::Nats(subject) => {
                let server = format!("nats://{}", NatsServer::shared().address());
                let servers = vec![ServerAddress::parse(&server).unwrap()];
                let subject = subject.clone();
                Box::new(Nats::new(nats::Options { servers, subject, ..nats::Options::default() }))
            }
        };
        let bus = Arc::new(ClusterBus::new(SystemIds::default().random(), lines));
        (bus.clone(), Some(bus))
    }
}

struct OverDatabase(PostgresLines);

#[async_trait]
impl Connect for OverDatabase {
    fn message_bytes_max(&self) -> usize {
        PostgresLines::BYTES_MAX
    }

    async fn connect(&self) -> Result<Line, Failure> {
        let PostgresLine { say, hear } = self.0.open().await?;
        Ok(Line { say, hear })
    }
}

/// What nodes have in common.
pub(crate) struct Ground {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    /// What signs the cookies of logins.
    pub(crate) keys: SessionKeys,
    /// How often workers look without a hint, in ms.
    pub(crate) period_ms: u64,
    /// The same of the look at logins.
    pub(crate) logins_ms: u64,
    /// Who else proves who somebody is.
    pub(crate) providers: Vec<SignInProvider>,
    between: Between,
}

impl Ground {
    pub(crate) async fn new(hints: Hints) -> Self {
        let (clock, keys) = (Arc::new(ManualClock::at_ms(NOON_MS)), SessionKeys::OfAllNodes);
        let between = Between::of(hints);
        Self {
            store: store().await,
            clock,
            keys,
            period_ms: PERIOD_MS,
            logins_ms: PERIOD_MS,
            providers: Vec::new(),
            between,
        }
    }

    /// Starts a node, with its workers.
    pub(crate) async fn node(&self) -> Node {
        let (bus, carrying) = self.between.bus();
        let parts = Parts {
            store: self.store.clone(),
            bus,
            clock: self.clock.clone(),
            ids: Arc::new(SystemIds::default()),
            options: Options {
                period_ms: self.period_ms,
                logins_ms: self.logins_ms,
                directory_ms: self.period_ms,
                lease_ms: LEASE_MS,
                ..Options::default()
            },
        };
        let core = Core::open(parts).await.unwrap();
        let files = Arc::new(MemoryFiles::new());
        let files = FileKeeper::new(core.clone(), files, handoff_content::Options::default());
        let mut options = handoff_api::Options::new(PublicUrl::new("http://127.0.0.1:8090"));
        options.session_keys = self.keys;
        options.providers = self.providers.clone();
        let Assembly { engine, comet, doors, router, .. } =
            Assembly::build(core, Setup::new(options, files)).await.unwrap();
        let life = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let life = life.unwrap();
        let entered = life.enter();
        engine.start();
        carrying.into_iter().for_each(|bus| drop(tokio::spawn(async move { bus.run().await })));
        let running = comet.clone();
        tokio::spawn(async move { running.run().await });
        tokio::spawn(async move { doors.run().await });
        drop(entered);
        Node { engine, comet, router, life: Some(life) }
    }
}

/// Whether an agent can be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reachable {
    Yes,
    No,
}

pub(crate) struct Node {
    pub(crate) engine: Arc<Engine>,
    pub(crate) comet: Comet,
    pub(crate) router: Router,
    /// What it does by itself runs here.
    life: Option<Runtime>,
}

impl Drop for Node {
    /// As a process that is killed: nothing more is done, and nothing is given back.
    fn drop(&mut self) {
        self.life.take().unwrap().shutdown_background();
    }
}

impl Node {
    /// Starts one.
    pub(crate) async fn alone() -> Self {
        Ground::new(Hints::Joined).await.node().await
    }

    /// Serves it on a port, until the test ends.
    pub(crate) async fn served(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = self.router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// Starts two over one store.
    pub(crate) async fn two(hints: Hints) -> [Self; 2] {
        let ground = Ground::new(hints).await;
        [ground.node().await, ground.node().await]
    }

    pub(crate) fn user_id(&self, name: &str) -> UserId {
        self.engine.core().directory().user_by_name(name).unwrap().id
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        let wait = async {
            while !holds(self).await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(BOUND, wait).await.unwrap_or_else(|_| panic!("never came: {what}"));
    }

    /// Returns the state of an agent's channel for work items, as they see it.
    pub(crate) async fn state_of(&self, name: &str) -> String {
        let channel = self.get(name, "/me/channels/workitem").await;
        channel["channel"]["userState"]["state"].as_str().unwrap().to_owned()
    }

    /// Waits until nobody is reachable who was here, or somebody is.
    pub(crate) async fn until_reachable(&self, name: &str, wanted: Reachable) {
        let user = self.user_id(name);
        self.until("the reach", async |node| {
            let desk = node.engine.core().current_desk(user).await.unwrap();
            let is_reachable = desk.is_some_and(|desk| desk.reach.is_any());
            is_reachable == (wanted == Reachable::Yes)
        })
        .await;
    }

    pub(crate) fn client(&self, name: &str) -> Client {
        Client::of(&self.comet, &self.engine, Some(self.user_id(name)))
    }

    /// Returns the state of an interaction, as somebody sees it.
    pub(crate) async fn interaction(&self, user: &str, id: &str) -> String {
        let shown = self.get(user, &format!("/interactions/{id}")).await;
        shown["interaction"]["state"].as_str().unwrap().to_owned()
    }

    /// Returns an agent's client with an open session here that listens to everything.
    pub(crate) async fn listening(&self, name: &str) -> Client {
        let mut client = self.client(name);
        client.handshake().await;
        let reply = client.subscribe("/v2/me/**", Value::Null).await;
        assert_eq!(reply["successful"], true, "{reply}");
        client
    }

    pub(crate) async fn calls(&self, call: Call) -> Reply {
        Reply::of_call(&self.router, call).await
    }

    pub(crate) async fn get(&self, user: &str, path: &str) -> Value {
        self.calls(Call::get(path).by(user, PASSWORD)).await.ok()
    }

    pub(crate) async fn post(&self, user: &str, path: &str, body: Value) -> Value {
        self.calls(Call::post(path, &body).by(user, PASSWORD)).await.ok()
    }

    /// Does something with one of the caller's interactions.
    pub(crate) async fn does(&self, user: &str, id: &str, operation: &str) -> Value {
        let path = format!("/me/interactions/{id}");
        self.post(user, &path, json!({"operationName": operation})).await
    }

    /// Brings an agent to work: with a contact-center session, Ready.
    pub(crate) async fn ready(&self, name: &str) {
        let start = json!({"operationName": "StartContactCenterSession", "channels": CHANNELS});
        self.post(name, "/me", start).await;
        self.post(name, "/me", json!({"operationName": "Ready"})).await;
    }

    /// Puts a work item into a queue.
    pub(crate) async fn submitted(&self, queue: &str) -> String {
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": queue});
        let created = self.post("intake", "/interactions", body).await;
        created["id"].as_str().unwrap().to_owned()
    }

    /// Sends a request with nothing but a cookie.
    pub(crate) async fn with_cookie(&self, method: Method, path: &str, cookie: &str) -> Reply {
        self.calls(Call::new(method, path).header("cookie", cookie)).await
    }

    /// Sends messages of a customer's to their CometD server; returns everything that comes.
    pub(crate) async fn customer_sends(&self, messages: Value) -> Vec<Value> {
        let call = Call::post("", &messages).at("/genesys/cometd");
        serde_json::from_str(&self.calls(call).await.text).unwrap()
    }

    pub(crate) async fn stop(self) {
        self.comet.shutdown().await;
        self.engine.stop().await;
    }
}

/// Waits for the next message on a topic; what comes before it on others is passed over.
pub(crate) async fn next_on(client: &mut Client, channel: &str) -> Value {
    let wait = async {
        loop {
            let message = client.next(1).await.remove(0);
            if message["channel"] == channel {
                return message["data"].clone();
            }
        }
    };
    tokio::time::timeout(BOUND, wait).await.unwrap_or_else(|_| panic!("nothing on {channel}"))
}
