//! An engine on the memory store with the CometD side in front of it, and clients that speak to its
//! router.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use handoff_api::comet::{Comet, PATH, credentials_of, identity_of};
use handoff_api::wire::resource::PublicUrl;
use handoff_api::{Assembly, Setup};
use handoff_bus::LocalBus;
use handoff_cometd::Tag;
use handoff_content::FileKeeper;
use handoff_domain::event::Cause;
use handoff_domain::{
    Action, Actor, Caller, Direction, Interaction, InteractionId, Media, Medium, Named,
    NewInteraction, Placement, Queue, Role, UserCommand, UserData, UserId,
};
use handoff_engine::{
    ChannelChange, CommandRequest, Core, Done, Engine, Opening, Options, Parts, SystemClock,
    SystemIds,
};
use handoff_store::{MemoryFiles, Store};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::samples::{self, CENTER, QUEUE, SUPPORT};

/// Longest wait for something that must come; a test that is right never waits for it.
const BOUND: Duration = Duration::from_secs(20);

pub(crate) struct Api {
    pub(crate) engine: Arc<Engine>,
    pub(crate) comet: Comet,
    pub(crate) store: Arc<dyn Store>,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_on(samples::store().await).await
    }

    pub(crate) async fn start_on(store: Arc<dyn Store>) -> Self {
        let parts = Parts {
            store: Arc::clone(&store),
            bus: Arc::new(LocalBus::default()),
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds::default()),
            options: Options::default(),
        };
        let options = handoff_api::Options::new(PublicUrl::new("http://127.0.0.1:8090"));
        let core = Core::open(parts).await.unwrap();
        let files = Arc::new(MemoryFiles::new());
        let files = FileKeeper::new(core.clone(), files, handoff_content::Options::default());
        let setup = Setup::new(options, files);
        let Assembly { engine, comet, .. } = Assembly::build(core, setup).await.unwrap();
        engine.start();
        let running = comet.clone();
        tokio::spawn(async move { running.run().await });
        Self { engine, comet, store }
    }

    pub(crate) fn client(&self, user: impl Into<Option<UserId>>) -> Client {
        Client::of(&self.comet, &self.engine, user.into())
    }

    /// A client with an open session, subscribed to `name`.
    pub(crate) async fn listening(&self, user: UserId, name: &str, ext: Value) -> Client {
        let mut client = self.client(user);
        client.handshake().await;
        let reply = client.subscribe(name, ext).await;
        assert_eq!(reply["successful"], true, "{reply}");
        client
    }

    pub(crate) async fn ready(&self, user: UserId) {
        self.engine
            .desks()
            .start_contact_session(user, CENTER, &[Media::Workitem], None)
            .await
            .unwrap();
        self.engine
            .desks()
            .change_channels(user, CENTER, Cause::User(user), None, &ChannelChange::Ready)
            .await
            .unwrap();
    }

    /// Puts a work item into the queue.
    pub(crate) async fn submit(&self) -> InteractionId {
        let queue = Queue::clone(self.engine.core().directory().queue(CENTER, QUEUE).unwrap());
        let id = self.engine.core().ids().interaction(self.engine.core().now());
        let new = NewInteraction {
            id,
            center: CENTER,
            medium: Medium::Workitem,
            direction: Direction::Inbound,
            sub_type: "InboundNew".to_owned(),
            external_id: None,
            parent: None,
            contact: None,
            subject: Some("Invoice".to_owned()),
            priority: None,
            user_data: UserData::default(),
            queue: Named::Known(queue),
            skills: BTreeMap::new(),
            placement: Placement::InQueue,
        };
        let opening = Opening {
            new,
            center: CENTER,
            actor: Actor::Server,
            reference: None,
            receipts: Vec::new(),
        };
        self.engine.commands().open(&opening).await.unwrap();
        id
    }

    /// Carries out a command of an agent's.
    pub(crate) async fn act(
        &self,
        user: UserId,
        id: InteractionId,
        action: Action,
    ) -> Arc<Interaction> {
        let (roles, groups) = (BTreeSet::from([Role::Agent]), BTreeSet::from([SUPPORT]));
        let caller = Caller::new(user, roles, groups);
        let command = UserCommand::new(caller, action);
        let reference = Some(self.engine.core().next_reference(user).await.unwrap());
        match self
            .engine
            .commands()
            .execute(&CommandRequest { reference, ..CommandRequest::new(id, command) })
            .await
            .unwrap()
        {
            Done::Now { interaction, .. } => interaction,
            Done::Before(receipt) => panic!("{receipt:?} without an idempotency key"),
        }
    }

    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let wait = async {
            while !holds(self) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(BOUND, wait)
            .await
            .unwrap_or_else(|_| panic!("never came about: {what}"));
    }

    pub(crate) async fn stop(self) {
        self.comet.shutdown().await;
        self.engine.stop().await;
    }
}

pub(crate) struct Client {
    router: Router,
    user: Option<UserId>,
    credentials: Option<Tag>,
    id: String,
    /// Everything that came, in order.
    inbox: Vec<Value>,
    /// How much of it was asked for already.
    taken: usize,
}

impl Client {
    /// Returns a client whom the server takes for that user, with the password of now.
    pub(crate) fn of(comet: &Comet, engine: &Engine, user: Option<UserId>) -> Self {
        let directory = engine.core().directory();
        let credentials =
            user.and_then(|user| directory.users.get(&user)).map(|user| credentials_of(user));
        let (router, id) = (comet.server().router_at(PATH), String::new());
        Self { router, user, credentials, id, inbox: Vec::new(), taken: 0 }
    }

    /// Sends messages and gives the replies; what else comes along goes to the inbox.
    pub(crate) async fn send(&mut self, messages: Value) -> Vec<Value> {
        let mut request = Request::post(PATH)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(messages.to_string()))
            .unwrap();
        if let Some(user) = self.user {
            request.extensions_mut().insert(identity_of(user));
        }
        if let Some(credentials) = self.credentials.clone() {
            request.extensions_mut().insert(credentials);
        }
        let response = tokio::time::timeout(BOUND, self.router.clone().oneshot(request))
            .await
            .unwrap()
            .unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let all: Vec<Value> = serde_json::from_slice(&body).unwrap();
        let is_reply = |message: &Value| message.get("successful").is_some();
        self.inbox.extend(all.iter().filter(|message| !is_reply(message)).cloned());
        all.into_iter().filter(is_reply).collect()
    }

    pub(crate) async fn handshake(&mut self) -> Value {
        let message = json!([{"channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["long-polling"]}]);
        let reply = self.send(message).await.remove(0);
        self.id = reply["clientId"].as_str().unwrap_or_default().to_owned();
        reply
    }

    pub(crate) async fn subscribe(&mut self, name: &str, ext: Value) -> Value {
        let id = self.id.clone();
        self.send(json!([{"channel": "/meta/subscribe", "clientId": id, "subscription": name, "ext": ext}]))
            .await
            .remove(0)
    }

    pub(crate) async fn unsubscribe(&mut self, name: &str) -> Value {
        let id = self.id.clone();
        self.send(json!([{"channel": "/meta/unsubscribe", "clientId": id, "subscription": name}]))
            .await
            .remove(0)
    }

    pub(crate) async fn publish(&mut self, channel: &str) -> Value {
        let id = self.id.clone();
        self.send(json!([{"channel": channel, "clientId": id, "data": {}}])).await.remove(0)
    }

    /// Asks for what there is, without waiting.
    pub(crate) async fn fetch(&mut self) -> Value {
        self.connect(json!({"timeout": 0})).await
    }

    /// Asks for what comes, and waits for it as long as the server likes.
    pub(crate) async fn hold(&mut self) -> Value {
        self.connect(Value::Null).await
    }

    async fn connect(&mut self, advice: Value) -> Value {
        let id = self.id.clone();
        let message = json!([{"channel": "/meta/connect", "clientId": id, "connectionType": "long-polling",
            "advice": advice}]);
        self.send(message).await.remove(0)
    }

    pub(crate) async fn disconnect(&mut self) {
        let id = self.id.clone();
        self.send(json!([{"channel": "/meta/disconnect", "clientId": id}])).await;
    }

    /// Waits for the next `count` messages that nobody asked for yet.
    pub(crate) async fn next(&mut self, count: usize) -> Vec<Value> {
        while self.inbox.len() < self.taken + count {
            let reply = self.connect(Value::Null).await;
            assert_eq!(reply["successful"], true, "{reply}; so far {:?}", self.inbox);
        }
        let next = self.inbox[self.taken..self.taken + count].to_vec();
        self.taken += count;
        next
    }

    /// Returns what has come by now that nobody asked for yet.
    pub(crate) async fn rest(&mut self) -> Vec<Value> {
        self.fetch().await;
        let rest = self.inbox.split_off(self.taken);
        self.inbox.clear();
        self.taken = 0;
        rest
    }
}

/// The numbers of messages, in order.
pub(crate) fn sequences(messages: &[Value]) -> Vec<u64> {
    messages.iter().map(|message| message["data"]["sequence"].as_u64().unwrap_or(0)).collect()
}
