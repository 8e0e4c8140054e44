//! A small contact center on a memory store, with everything that a test wants to move or break.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use handoff_bus::{Bus, Hint, Listener, LocalBus, Note as BusNote, NoteListener};
use handoff_domain::event::Cause;
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Action, Actor, Caller, CenterId, ChatTimes, Direction, GroupId, Interaction, InteractionId,
    Media, Medium, Named, Queue, QueueId, Role, Topic, User, UserCommand, UserData, UserId,
    Workbin, WorkbinId, WorkbinOwner,
};
use handoff_engine::{
    CenterNews, CenterTopic, ChannelChange, CommandRequest, Core, Done, Engine, ExecuteError,
    Mailboxes, NewChat, Note, OpenLogin, OpenedChat, Opening, Options, Outward, Parts, Patience,
    Post, Published, Publisher, Replay, Subscriptions, Worker,
};
use handoff_store::{Key, Receipt, Record, Store, StreamRow, Versioned};
pub(crate) use handoff_testkit::Fault;
use handoff_testkit::{Center, CountingIds, FaultyStore, ManualClock};

pub(crate) const CENTER: CenterId = CenterId(1);
pub(crate) const GROUP: GroupId = GroupId(7);
pub(crate) const KATE: UserId = UserId(0xa);
pub(crate) const BEN: UserId = UserId(0xb);
pub(crate) const QUEUE: QueueId = QueueId(0x51);
pub(crate) const CHATS: QueueId = QueueId(0x5c);
/// How long the customers of chats may be silent, in ms.
pub(crate) const CUSTOMER_SILENCE_MS: u32 = 45_000;

thread_local! {
    /// How many nodes this test has started; each test has a thread.
    static NODES: Cell<u64> = const { Cell::new(0) };
}

/// No two nodes of a test give the same ids.
fn ids_of_another_node() -> CountingIds {
    NODES.set(NODES.get() + 1);
    CountingIds::from(NODES.get() << 32)
}

/// A bus that can be told to lose everything.
#[derive(Default)]
pub(crate) struct FaultyBus {
    inner: LocalBus,
    pub(crate) is_silent: AtomicBool,
    pub(crate) lost: AtomicU64,
}

impl Bus for FaultyBus {
    fn wake(&self, hint: Hint) {
        if self.is_silent.load(Ordering::SeqCst) {
            self.lost.fetch_add(1, Ordering::SeqCst);
        } else {
            self.inner.wake(hint);
        }
    }

    fn wake_others(&self, hint: &Hint) {
        if self.is_silent.load(Ordering::SeqCst) {
            self.lost.fetch_add(1, Ordering::SeqCst);
        } else {
            self.inner.wake_others(hint);
        }
    }

    fn wake_here(&self, hint: Hint) {
        if self.is_silent.load(Ordering::SeqCst) {
            self.lost.fetch_add(1, Ordering::SeqCst);
        } else {
            self.inner.wake_here(hint);
        }
    }

    fn send_note(&self, note: BusNote) {
        if self.is_silent.load(Ordering::SeqCst) {
            self.lost.fetch_add(1, Ordering::SeqCst);
        } else {
            self.inner.send_note(note);
        }
    }

    fn listen(&self) -> Listener {
        self.inner.listen()
    }

    fn listen_to_notes(&self) -> NoteListener {
        self.inner.listen_to_notes()
    }
}

/// What one session was given: topic, number, the state that the message shows.
pub(crate) type Given = (Topic, u64, String);

/// Remembers what was published instead of sending it.
#[derive(Default)]
pub(crate) struct Recorder {
    given: Mutex<BTreeMap<String, Vec<Given>>>,
    /// How many messages of replays fit; `None` is any number.
    room: Mutex<Option<usize>>,
    /// Users of whom was said that they changed.
    changed: Mutex<Vec<UserId>>,
    /// Whether the next rendering panics.
    pub(crate) panics_next: AtomicBool,
    /// Login sessions by which something is open.
    pub(crate) logins: Mutex<Vec<OpenLogin>>,
}

impl Recorder {
    pub(crate) fn make_room(&self, room: Option<usize>) {
        *self.room.lock().unwrap() = room;
    }

    /// Returns the users of whom was said that they changed, and forgets it.
    pub(crate) fn take_changed(&self) -> Vec<UserId> {
        std::mem::take(&mut self.changed.lock().unwrap())
    }

    pub(crate) fn of(&self, session: &str) -> Vec<Given> {
        self.given.lock().unwrap().get(session).cloned().unwrap_or_default()
    }
}

impl Publisher for Recorder {
    fn render(&self, row: &StreamRow, _reader: UserId, topic: Topic, number: u64) -> Bytes {
        assert!(!self.panics_next.swap(false, Ordering::SeqCst), "it panics, as it was told");
        Bytes::from(format!("{topic:?}|{number}|{:?}", row.notice.view))
    }

    fn render_note(
        &self,
        _chat: &Interaction,
        _reader: UserId,
        note: &Note,
        reference: Option<i32>,
    ) -> Vec<(Topic, Bytes)> {
        let text = format!("Interactions|0|{:?} {reference:?}", note.kind);
        vec![(Topic::Interactions, Bytes::from(text))]
    }

    fn render_viewers(&self, _interaction: &Interaction, viewers: &[UserId]) -> (Topic, Bytes) {
        let text = format!("Interactions|0|Viewers {viewers:?}");
        (Topic::Interactions, Bytes::from(text))
    }

    fn render_resync(&self, topic: Topic, oldest: u64, head: u64) -> Bytes {
        Bytes::from(format!("{topic:?}|0|Resync {oldest} {head}"))
    }

    fn render_center(&self, news: &CenterNews<'_>) -> Bytes {
        Bytes::from(format!("{news:?}"))
    }

    fn render_center_resync(&self, topic: CenterTopic, oldest: u64, head: u64) -> Bytes {
        Bytes::from(format!("{topic:?}|0|Resync {oldest} {head}"))
    }

    fn channel(&self, topic: Topic) -> &'static str {
        match topic {
            Topic::Interactions => "/v2/me/interactions",
            Topic::Channels => "/v2/me/channels",
            Topic::Workitems => "/v2/me/workitems",
            _ => "/v2/me/other",
        }
    }

    fn publish(&self, session: &str, _channel: &str, data: Bytes, patience: Patience) -> Published {
        let mut room = self.room.lock().unwrap();
        match (patience, &mut *room) {
            (Patience::WhenThereIsRoom, Some(0)) => return Published::NoRoom,
            (Patience::WhenThereIsRoom, Some(room)) => *room -= 1,
            _ => {}
        }
        let text = String::from_utf8(data.to_vec()).unwrap();
        let mut parts = text.splitn(3, '|');
        let topic = match parts.next().unwrap() {
            "Interactions" => Topic::Interactions,
            "Workitems" => Topic::Workitems,
            _ => Topic::Channels,
        };
        let number = parts.next().unwrap().parse().unwrap();
        let given = (topic, number, parts.next().unwrap().to_owned());
        self.given.lock().unwrap().entry(session.to_owned()).or_default().push(given);
        Published::Delivered
    }

    fn user_changed(&self, before: &User, _now: Option<&User>) {
        self.changed.lock().unwrap().push(before.id);
    }

    fn open_logins(&self) -> Vec<OpenLogin> {
        self.logins.lock().unwrap().clone()
    }

    fn login_ended(&self, login: &OpenLogin) {
        self.logins.lock().unwrap().retain(|open| open != login);
    }
}

pub(crate) struct Rig {
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<FaultyStore>,
    pub(crate) bus: Arc<FaultyBus>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) recorder: Arc<Recorder>,
}

/// Kate and Ben, who serve one queue.
pub(crate) fn described() -> Center {
    Center::new(CENTER, "Demo")
        .group(GROUP, "Support")
        .user(KATE, "kate", &[Role::Agent], &[GROUP], &[])
        .user(BEN, "ben", &[Role::Agent], &[GROUP], &[])
        .queue(QUEUE, "tasks", Media::Workitem, &[GROUP], &[])
        .queue(CHATS, "chats", Media::Chat, &[GROUP], &[])
        .workbin(WorkbinId(0xe1), Workbin::IN_PROGRESS, WorkbinOwner::EachAgent)
        .workbin(WorkbinId(0xe2), Workbin::DRAFTS, WorkbinOwner::EachAgent)
}

pub(crate) fn queue() -> Queue {
    described().queues.remove(0)
}

/// Returns a store with the contact center in it.
pub(crate) async fn center() -> Arc<FaultyStore> {
    let store = handoff_testkit::center::store(described().records()).await.unwrap();
    Arc::new(FaultyStore::over(Arc::new(store)))
}

pub(crate) fn noon() -> Arc<ManualClock> {
    Arc::new(ManualClock::at_ms(1_767_960_000_000))
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::over(center().await, noon()).await
    }

    /// Starts a node over a store, as after a restart. Its workers do not run; tests call their
    /// rounds.
    pub(crate) async fn over(store: Arc<FaultyStore>, clock: Arc<ManualClock>) -> Self {
        Self::with_mail(store, clock, None, None).await
    }

    /// Starts a node as [`Rig::over`] does, with addresses of its own and with somebody who sends.
    pub(crate) async fn with_mail(
        store: Arc<FaultyStore>,
        clock: Arc<ManualClock>,
        mailboxes: Option<Arc<dyn Mailboxes>>,
        post: Option<Arc<dyn Post>>,
    ) -> Self {
        let outward = Outward { mailboxes, post, ..Outward::default() };
        Self::built((store, clock), outward, Vec::new()).await
    }

    /// Starts a node as [`Rig::new`] does, with a worker of the test's own.
    pub(crate) async fn with_worker(worker: Arc<dyn Worker>) -> Self {
        Self::built((center().await, noon()), Outward::default(), vec![worker]).await
    }

    async fn built(
        (store, clock): (Arc<FaultyStore>, Arc<ManualClock>),
        outward: Outward,
        workers: Vec<Arc<dyn Worker>>,
    ) -> Self {
        let bus = Arc::new(FaultyBus::default());
        let recorder = Arc::new(Recorder::default());
        let parts = Parts {
            store: store.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            ids: Arc::new(ids_of_another_node()),
            options: Options::default(),
        };
        let core = Core::open(parts).await.unwrap();
        let publisher: Arc<dyn Publisher> = recorder.clone();
        let outward = Outward { publisher, ..outward };
        let engine = Engine::build(core, outward, workers).await.unwrap();
        Self { engine, store, bus, clock, recorder }
    }

    /// Starts another node over the same store. What one says on its bus the other does not hear.
    pub(crate) async fn beside(&self) -> Self {
        Self::over(self.store.clone(), self.clock.clone()).await
    }

    /// The same store and clock under a new process.
    pub(crate) async fn restarted(self) -> Self {
        self.engine.stop().await;
        self.clock.advance_ms(1_000);
        Self::over(self.store, self.clock).await
    }

    /// Brings an agent in: listening, with a contact-center session, Ready.
    pub(crate) async fn bring_in(&self, user: UserId) {
        self.listen(user, &format!("{user}-1"), Replay::Live).await;
        self.engine
            .desks()
            .start_contact_session(user, CENTER, &[Media::Workitem], None)
            .await
            .unwrap();
        self.ready(user).await;
    }

    pub(crate) async fn ready(&self, user: UserId) {
        self.engine
            .desks()
            .change_channels(user, CENTER, Cause::User(user), None, &ChannelChange::Ready)
            .await
            .unwrap();
    }

    pub(crate) async fn listen(&self, user: UserId, session: &str, replay: Replay) {
        self.listen_to(Topic::Interactions, user, session, replay).await;
    }

    pub(crate) async fn listen_to(
        &self,
        topic: Topic,
        user: UserId,
        session: &str,
        replay: Replay,
    ) {
        let subscription = Subscriptions {
            name: self.recorder.channel(topic).into(),
            topics: BTreeMap::from([(topic, replay)]),
            under_own_name: false,
        };
        self.engine.delivery().subscribe(user, session, subscription).await.unwrap();
    }

    pub(crate) fn opening(&self, external_id: Option<&str>) -> Opening {
        let now = self.engine.core().now();
        let new = NewInteraction {
            id: self.engine.core().ids().interaction(now),
            center: CENTER,
            medium: Medium::Workitem,
            direction: Direction::Inbound,
            sub_type: "InboundNew".into(),
            external_id: external_id.map(Into::into),
            parent: None,
            contact: None,
            subject: None,
            priority: None,
            user_data: UserData::default(),
            queue: Named::Known(queue()),
            skills: BTreeMap::new(),
            placement: Placement::InQueue,
        };
        let receipts = external_id.map(|key| Receipt {
            scope: "external".into(),
            key: key.into(),
            fingerprint: String::new(),
            answer: new.id.to_string(),
            expires: None,
        });
        let caller = Caller::new(KATE, BTreeSet::from([Role::ApiUser]), BTreeSet::new());
        let actor = Actor::User(caller);
        Opening {
            new,
            center: CENTER,
            actor,
            reference: None,
            receipts: receipts.into_iter().collect(),
        }
    }

    /// Begins a chat; returns it and its customer's key.
    pub(crate) async fn begin_chat(&self) -> OpenedChat {
        self.engine.conversations().request_chat(self.new_chat(None)).await.unwrap()
    }

    /// Returns a chat to ask for, in a queue in which so many may wait.
    pub(crate) fn new_chat(&self, waiting_max: Option<usize>) -> NewChat {
        NewChat {
            center: CENTER,
            queue: self.engine.core().directory().queues[&CHATS].clone(),
            service: "talk".into(),
            times: ChatTimes {
                customer_silence_ms: CUSTOMER_SILENCE_MS.into(),
                ..ChatTimes::default()
            },
            waiting_max,
            nickname: "Eve".into(),
            subject: None,
            user_data: UserData::default(),
            request: None,
        }
    }

    pub(crate) async fn submit(&self) -> InteractionId {
        match self.engine.commands().open(&self.opening(None)).await.unwrap() {
            Done::Now { interaction, .. } => interaction.id,
            Done::Before(_) => panic!("a submission without a receipt cannot be a repetition"),
        }
    }

    pub(crate) async fn act(
        &self,
        user: UserId,
        id: InteractionId,
        action: Action,
    ) -> Result<Done, ExecuteError> {
        let (roles, groups) = (BTreeSet::from([Role::Agent]), BTreeSet::from([GROUP]));
        let caller = Caller::new(user, roles, groups);
        self.engine
            .commands()
            .execute(&CommandRequest::new(id, UserCommand::new(caller, action)))
            .await
    }

    pub(crate) async fn accept(
        &self,
        user: UserId,
        id: InteractionId,
    ) -> Result<Done, ExecuteError> {
        self.act(user, id, Action::Accept { nickname: None }).await
    }

    /// Returns an interaction as the store has it.
    pub(crate) async fn stored(&self, id: InteractionId) -> Interaction {
        let found = self.store.load(&[Key::Interaction(id)]).await.unwrap().pop().flatten();
        match found {
            Some(Versioned { value: Record::Interaction(interaction), .. }) => interaction,
            other => panic!("{id} is not stored: {other:?}"),
        }
    }

    /// Moves the clock and lets what is due happen.
    pub(crate) async fn pass_ms(&self, ms: u32) {
        self.clock.advance_ms(ms);
        self.engine.workers().timers().fire_due().await.unwrap();
        self.engine.workers().router().route().await.unwrap();
        self.engine.delivery().deliver_missed().await.unwrap();
    }

    /// Routes and delivers what there is.
    pub(crate) async fn settle(&self) {
        self.pass_ms(0).await;
    }
}
