//! A small contact center on a memory store, in which something happens.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use handoff_bus::LocalBus;
use handoff_domain::event::{Cause, Subject};
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Acknowledgement, Actor, Address, Automatic, Caller, Center as Described, CenterId, ChatTimes,
    Command, Direction, Event, Fact, GroupId, Interaction, InteractionId, Letter, Media, Medium,
    Named, Queue, QueueId, Role, Topic, UserData, UserId, Workbin, WorkbinId, WorkbinOwner,
};
use handoff_engine::{
    ChannelChange, Clock as _, CommandRequest, Core, Engine, ExecuteError, NewChat, NewLetter,
    Opening, Options, Outward, Parts, Replay, Subscriptions,
};
use handoff_store::{
    ChangeSet, Deed as ErasureDeed, InteractionQuery, InteractionScope, Key, Kind, Put, Record,
    Removal, Store, SubjectKey, Version, Versioned,
};
use handoff_testkit::{Center, CountingIds, ManualClock};
use tempfile::TempDir;

use super::deeds::{Deed, What};
use crate::Counters;

pub(super) const CENTER: CenterId = CenterId(1);
pub(super) const GROUP: GroupId = GroupId(7);
pub(super) const AGENTS: [UserId; 3] = [UserId(0xa), UserId(0xb), SUPERVISOR];
pub(super) const SUPERVISOR: UserId = UserId(0xc);
/// Two of work items, one of chats, two of e-mails.
pub(super) const QUEUES: [QueueId; 5] =
    [QueueId(0x51), QueueId(0x52), QueueId(0x53), QueueId(0x54), QueueId(0x55)];
pub(super) const CHATS: usize = 2;
/// The queue whose letters are confirmed, and by which mails go out that somebody looks at first.
pub(super) const CHECKED: usize = 3;
/// Where somebody looks at them.
const REVIEW: usize = 4;
const WORKBIN: WorkbinId = WorkbinId(0xe3);

pub(super) struct Rig {
    engine: Arc<Engine>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<ManualClock>,
    directory: TempDir,
    letters: u64,
    is_in: [bool; AGENTS.len()],
}

fn described() -> Center {
    let agent = [Role::Agent];
    let mut center = Center::new(CENTER, "Demo")
        .group(GROUP, "Support")
        .user(AGENTS[0], "kate", &agent, &[GROUP], &[])
        .user(AGENTS[1], "ben", &agent, &[GROUP], &[])
        .room(Media::Workitem, 3)
        .user(SUPERVISOR, "sam", &[Role::Agent, Role::Supervisor], &[GROUP], &[])
        .queue(QUEUES[0], "tasks", Media::Workitem, &[GROUP], &[])
        .queue(QUEUES[1], "orders", Media::Workitem, &[GROUP], &[])
        .queue(QUEUES[CHATS], "chats", Media::Chat, &[GROUP], &[])
        .queue(QUEUES[CHECKED], "letters", Media::Email, &[GROUP], &[])
        .queue(QUEUES[REVIEW], "review", Media::Email, &[GROUP], &[])
        .workbin(WorkbinId(0xe1), Workbin::IN_PROGRESS, WorkbinOwner::EachAgent)
        .workbin(WorkbinId(0xe2), Workbin::DRAFTS, WorkbinOwner::EachAgent)
        .workbin(WORKBIN, "shared", WorkbinOwner::Group(GROUP));
    let (subject, text) = ("We have it".to_owned(), "Thank you.".to_owned());
    center.queues[CHECKED].acknowledge = Some(Acknowledgement { subject, text });
    center.queues[CHECKED].review = Some(QUEUES[REVIEW]);
    center.queues[0].answer_target_ms = Some(30_000);
    center.queues[CHATS].answer_target_ms = Some(60_000);
    center.time_zone = Some("Europe/Copenhagen".to_owned());
    center
}

pub(super) fn queue(place: usize) -> Named<Queue> {
    Named::Known(described().queues.swap_remove(place))
}

pub(super) fn workbin() -> Named<Workbin> {
    let workbins = described().workbins;
    Named::Known(workbins.into_iter().find(|workbin| workbin.id == WORKBIN).unwrap())
}

impl Rig {
    pub(super) async fn new() -> Self {
        let store = handoff_testkit::center::store(described().records()).await.unwrap();
        Self::over(Arc::new(store)).await
    }

    pub(super) async fn over(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at_ms(1_767_960_000_000));
        let parts = Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::default()),
            clock: clock.clone(),
            ids: Arc::new(CountingIds::default()),
            options: Options::default(),
        };
        let core = Core::open(parts).await.unwrap();
        let engine = Engine::build(core, Outward::default(), Vec::new()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let (letters, is_in) = (0, [false; AGENTS.len()]);
        let mut rig = Self { engine, store, clock, directory, letters, is_in };
        for agent in 0..AGENTS.len() {
            rig.come_or_go(agent).await;
        }
        rig
    }

    /// Returns the counters' file.
    pub(super) fn file(&self) -> PathBuf {
        self.file_named(Counters::FILE)
    }

    /// Returns how much waits, as the records say.
    pub(super) async fn waiting(&self) -> BTreeMap<QueueId, u64> {
        let query = InteractionQuery::of(InteractionScope::Waiting, usize::MAX);
        let mut found: BTreeMap<QueueId, u64> = BTreeMap::new();
        for item in self.store.interactions(&query).await.unwrap().items {
            *found.entry(item.value.wait().unwrap().queue).or_default() += 1;
        }
        found
    }

    pub(super) async fn carry_out(&mut self, deed: Deed) {
        match deed {
            Deed::Submit { queue } => self.submit(queue).await,
            Deed::Act { place, what } => self.act(place, what).await,
            Deed::Pass { ms } => self.pass(ms).await,
            Deed::ComeOrGo { agent } => self.come_or_go(agent).await,
            Deed::Sweep => {
                self.pass(80 * 3_600_000).await;
                self.engine.workers().sweeper().sweep().await.unwrap();
            }
        }
        self.engine.workers().router().route().await.unwrap();
    }

    async fn pass(&self, ms: u32) {
        self.clock.advance_ms(ms);
        self.engine.workers().timers().fire_due().await.unwrap();
    }

    async fn submit(&mut self, place: usize) {
        let Named::Known(queue) = queue(place) else { unreachable!() };
        match queue.media {
            Media::Chat => self.request_chat(queue).await,
            Media::Email => self.take_in_letter(queue).await,
            _ => self.open_work_item(queue).await,
        }
    }

    async fn open_work_item(&self, queue: Queue) {
        let new = NewInteraction {
            id: self.engine.core().ids().interaction(self.engine.core().now()),
            center: CENTER,
            medium: Medium::Workitem,
            direction: Direction::Inbound,
            sub_type: "InboundNew".into(),
            external_id: None,
            parent: None,
            contact: None,
            subject: None,
            priority: None,
            user_data: UserData::default(),
            queue: Named::Known(queue),
            skills: BTreeMap::new(),
            placement: Placement::InQueue,
        };
        let caller = Caller::new(AGENTS[0], BTreeSet::from([Role::ApiUser]), BTreeSet::new());
        let actor = Actor::User(caller);
        let opening = Opening { new, center: CENTER, actor, reference: None, receipts: Vec::new() };
        self.engine.commands().open(&opening).await.unwrap();
    }

    async fn request_chat(&self, queue: Queue) {
        let new = NewChat {
            center: CENTER,
            queue: Arc::new(queue),
            service: "talk".into(),
            times: ChatTimes {
                customer_silence_ms: 3_600_000,
                idle_alert_ms: 1_800_000,
                idle_close_ms: 600_000,
                wait_max_ms: 900_000,
            },
            waiting_max: None,
            nickname: "Eve".into(),
            subject: None,
            user_data: UserData::default(),
            request: None,
        };
        self.engine.conversations().request_chat(new).await.unwrap();
    }

    /// Takes in a letter of somebody new. Every third is one that this server sent, which nobody
    /// has to look at.
    async fn take_in_letter(&mut self, queue: Queue) {
        self.letters += 1;
        let n = self.letters;
        let from = Address { address: format!("{n}@customer.example"), name: None };
        let letter = Letter {
            message_id: Some(format!("{n}@mail.customer.example")),
            from: Some(from),
            automatic: n.is_multiple_of(3).then_some(Automatic::OwnMessage),
            text: "Where is it?".into(),
            ..Letter::default()
        };
        let new = NewLetter {
            center: CENTER,
            mailbox: "support@demo.example".into(),
            queue: Arc::new(queue),
            letter,
            attachments: Vec::new(),
            raw: None,
            raw_hash: format!("raw {n}"),
            user_data: UserData::default(),
        };
        self.engine.letters().take_in_letter(&new).await.unwrap();
    }

    async fn act(&self, place: usize, what: What) {
        let query = InteractionQuery::of(InteractionScope::Active(CENTER), usize::MAX);
        let mut active = self.store.interactions(&query).await.unwrap().items;
        active.reverse();
        let first = place % active.len().max(1);
        active.rotate_left(first);
        for what in what.and_others() {
            for found in &active {
                if self.happens(what, &found.value, place).await {
                    return;
                }
            }
        }
    }

    /// Lets something happen to an interaction; tells whether it could.
    async fn happens(&self, what: What, to: &Interaction, place: usize) -> bool {
        let Some(command) = what.command(to, place) else { return false };
        match self.engine.commands().execute(&CommandRequest::new(to.id, command)).await {
            Ok(_) => true,
            Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Lets somebody do something to one of those that are not over.
    pub(super) async fn lets(
        &self,
        place: usize,
        command: impl Fn(&Interaction) -> Option<Command>,
    ) {
        let query = InteractionQuery::of(InteractionScope::Active(CENTER), usize::MAX);
        let active = self.store.interactions(&query).await.unwrap().items;
        if active.is_empty() {
            return;
        }
        let to = &active[place % active.len()].value;
        let Some(command) = command(to) else { return };
        match self.engine.commands().execute(&CommandRequest::new(to.id, command)).await {
            Ok(_) | Err(ExecuteError::Rejected(_) | ExecuteError::NotFound(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// Returns all interactions.
    pub(super) async fn interactions(&self) -> BTreeMap<InteractionId, Option<Interaction>> {
        let all = self.store.list(Kind::Interaction, None, usize::MAX).await.unwrap().items;
        let all = all.into_iter().map(|found| match found.value {
            Record::Interaction(one) => (one.id, Some(one)),
            _ => unreachable!(),
        });
        all.collect()
    }

    /// Returns what ended so long ago that it may be removed.
    pub(super) async fn unkept(&self) -> Vec<Versioned<Interaction>> {
        let before = self.clock.now().0.saturating_sub_unsigned(Described::RETENTION_MS_MIN);
        let all = self.store.list(Kind::Interaction, None, usize::MAX).await.unwrap().items;
        let mut found = Vec::new();
        for Versioned { value, version } in all {
            let Record::Interaction(value) = value else { unreachable!() };
            let subject = SubjectKey::Interaction(value.id);
            let history = self.store.history(subject, 0, usize::MAX).await.unwrap().items;
            let is_old = history.last().is_some_and(|last| last.at.0 < before);
            found.extend((value.is_ended() && is_old).then_some(Versioned { value, version }));
        }
        found
    }

    /// Removes one, as retention does: without an entry of the log.
    pub(super) async fn remove_one(&self, id: InteractionId, version: Version) {
        let removal = Removal { key: Key::Interaction(id), version };
        let change = ChangeSet { removals: vec![removal], ..ChangeSet::default() };
        self.store.commit(change).await.unwrap();
    }

    /// Removes any of those that are over.
    pub(super) async fn remove(&self, place: usize) {
        let all = self.store.list(Kind::Interaction, None, usize::MAX).await.unwrap().items;
        let ended = all
            .iter()
            .filter(|found| matches!(&found.value, Record::Interaction(one) if one.is_ended()));
        let ended: Vec<_> = ended.collect();
        if ended.is_empty() {
            return;
        }
        let found = ended[place % ended.len()];
        let Key::Interaction(id) = found.value.key() else { unreachable!() };
        self.remove_one(id, found.version).await;
    }

    /// Erases one that is over, as the erasure of its contact does.
    pub(super) async fn erase(&self, id: InteractionId) {
        let erased = self.store.erase_words(id, 0, 1_000, ErasureDeed::Erase).await.unwrap();
        assert_eq!(erased.next, None);
        let found = self.store.load_one(&Key::Interaction(id)).await.unwrap().unwrap();
        let Record::Interaction(mut interaction) = found.value else { unreachable!() };
        interaction.erase();
        let event = Event {
            at: self.engine.core().now(),
            cause: Cause::Operator,
            facts: vec![Fact::Erased],
            subject: Subject::Interaction(interaction.clone()),
            notices: Vec::new(),
        };
        let put = Put { record: Record::Interaction(interaction), expected: found.version };
        let change = ChangeSet { puts: vec![put], events: vec![event], ..ChangeSet::default() };
        self.store.commit(change).await.unwrap();
    }

    /// Returns a file beside the counters'.
    pub(super) fn file_named(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn come_or_go(&mut self, agent: usize) {
        let (user, desks) = (AGENTS[agent], self.engine.desks());
        self.is_in[agent] = !self.is_in[agent];
        if !self.is_in[agent] {
            desks.end_contact_session(user, CENTER).await.unwrap();
            return;
        }
        let subscription = Subscriptions {
            name: "/v2/me/interactions".into(),
            topics: BTreeMap::from([(Topic::Interactions, Replay::Live)]),
            under_own_name: false,
        };
        let session = format!("{user}-1");
        self.engine.delivery().subscribe(user, &session, subscription).await.unwrap();
        let media = [Media::Workitem, Media::Chat, Media::Email];
        desks.start_contact_session(user, CENTER, &media, None).await.unwrap();
        let ready = ChannelChange::Ready;
        desks.change_channels(user, CENTER, Cause::User(user), None, &ready).await.unwrap();
    }
}
