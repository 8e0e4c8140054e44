//! A small contact center on a memory store, and what happens in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use handoff_bus::LocalBus;
use handoff_domain::event::Cause;
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::{
    Action, Actor, Caller, CenterId, Direction, GroupId, InteractionId, Media, Medium, Named,
    Queue, QueueId, Role, State, Target, Time, Topic, UserCommand, UserData, UserId, Workbin,
    WorkbinId, WorkbinOwner,
};
use handoff_engine::{
    ChannelChange, CommandRequest, Core, Done, Engine, IdSource, Opening, Options, Outward, Parts,
    Replay, Subscriptions,
};
use handoff_store::{InteractionQuery, InteractionScope, Store};
use handoff_testkit::{Center, ManualClock};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::Counters;

const CENTER: CenterId = CenterId(1);
const GROUP: GroupId = GroupId(7);
const AGENTS: [UserId; 2] = [UserId(0xa), UserId(0xb)];
const QUEUES: [QueueId; 2] = [QueueId(0x51), QueueId(0x52)];
const WORKBIN: WorkbinId = WorkbinId(0xe3);

/// What happens in the contact center; what does not go is refused by the rules.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    Submit {
        queue: usize,
    },
    Act {
        place: usize,
        what: What,
    },
    /// Time passes, and what is due happens.
    Pass {
        ms: u32,
    },
    /// An agent's session ends; they come back with the next deed of this kind.
    ComeOrGo {
        agent: usize,
    },
    /// So much time passes that the log is swept.
    Sweep,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    Accept,
    Reject,
    Complete,
    Transfer,
    Park,
    Pull,
    Requeue { queue: usize },
}

pub(super) fn deed() -> impl Strategy<Value = Deed> {
    let what = prop_oneof![
        4 => Just(What::Accept),
        1 => Just(What::Reject),
        2 => Just(What::Complete),
        1 => Just(What::Transfer),
        1 => Just(What::Park),
        1 => Just(What::Pull),
        1 => (0..2_usize).prop_map(|queue| What::Requeue { queue }),
    ];
    prop_oneof![
        20 => (0..2_usize).prop_map(|queue| Deed::Submit { queue }),
        80 => (0..8_usize, what).prop_map(|(place, what)| Deed::Act { place, what }),
        20 => (0..1_000_000_u32).prop_map(|ms| Deed::Pass { ms }),
        3 => (0..2_usize).prop_map(|agent| Deed::ComeOrGo { agent }),
        1 => Just(Deed::Sweep),
    ]
}

#[derive(Default)]
struct CountingIds(AtomicU64);

impl IdSource for CountingIds {
    fn random(&self) -> u128 {
        u128::from(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn interaction(&self, now: Time) -> InteractionId {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        InteractionId::compose(u64::try_from(now.0).unwrap(), count)
    }
}

pub(super) struct Rig {
    engine: Arc<Engine>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<ManualClock>,
    directory: TempDir,
    submitted: Vec<InteractionId>,
    is_in: [bool; 2],
}

fn described() -> Center {
    Center::new(CENTER, "Demo")
        .group(GROUP, "Support")
        .user(AGENTS[0], "kate", &[Role::Agent], &[GROUP], &[])
        .user(AGENTS[1], "ben", &[Role::Agent], &[GROUP], &[])
        .room(Media::Workitem, 3)
        .queue(QUEUES[0], "tasks", Media::Workitem, &[GROUP], &[])
        .queue(QUEUES[1], "orders", Media::Workitem, &[GROUP], &[])
        .workbin(WorkbinId(0xe1), Workbin::IN_PROGRESS, WorkbinOwner::EachAgent)
        .workbin(WORKBIN, "shared", WorkbinOwner::Group(GROUP))
}

fn queue(place: usize) -> Named<Queue> {
    Named::Known(described().queues.swap_remove(place))
}

fn workbin() -> Named<Workbin> {
    Named::Known(described().workbins.swap_remove(1))
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
        let (submitted, is_in) = (Vec::new(), [false; 2]);
        let mut rig = Self { engine, store, clock, directory, submitted, is_in };
        rig.come_or_go(0).await;
        rig.come_or_go(1).await;
        rig
    }

    /// Returns the counters' file.
    pub(super) fn file(&self) -> PathBuf {
        self.directory.path().join(Counters::FILE)
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
            queue: queue(place),
            skills: BTreeMap::new(),
            placement: Placement::InQueue,
        };
        let actor = Actor::User(Caller {
            user: AGENTS[0],
            roles: BTreeSet::from([Role::ApiUser]),
            groups: BTreeSet::new(),
        });
        let opening = Opening { new, center: CENTER, actor, reference: None, receipts: Vec::new() };
        if let Done::Now { interaction, .. } = self.engine.commands().open(&opening).await.unwrap()
        {
            self.submitted.push(interaction.id);
        }
    }

    /// Lets whoever may do it do something with one of those that are not over.
    async fn act(&self, place: usize, what: What) {
        let mut active = Vec::new();
        for id in self.submitted.iter().rev() {
            let found = self.engine.core().interaction(*id).await.unwrap().unwrap();
            if !matches!(found.state, State::Ended { .. }) {
                active.push(found);
            }
        }
        let Some(interaction) = active.get(place % active.len().max(1)) else { return };
        let offered = AGENTS.into_iter().find(|user| interaction.offer_to(*user).is_some());
        let owner = interaction.owner();
        let (user, action) = match what {
            What::Accept => (offered, Action::Accept { nickname: None }),
            What::Reject => (offered, Action::Reject),
            What::Complete => (owner, Action::Complete { queue: None }),
            What::Transfer => {
                let other = AGENTS.into_iter().find(|user| Some(*user) != owner).unwrap();
                (owner, Action::Transfer(Target::Agent(Named::Known(other))))
            }
            What::Park => (owner, Action::PlaceInWorkbin(workbin())),
            What::Pull => (Some(AGENTS[place % 2]), Action::Pull { from: None }),
            What::Requeue { queue: place } => (owner, Action::PlaceInQueue(queue(place))),
        };
        let caller = Caller {
            user: user.unwrap_or(AGENTS[0]),
            roles: BTreeSet::from([Role::Agent]),
            groups: BTreeSet::from([GROUP]),
        };
        let request = CommandRequest::new(interaction.id, UserCommand::new(caller, action));
        // What does not go is refused.
        let _ = self.engine.commands().execute(&request).await;
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
        self.engine.delivery().subscribe(user, CENTER, &session, subscription).await.unwrap();
        desks.start_contact_session(user, CENTER, &[Media::Workitem], None).await.unwrap();
        let ready = ChannelChange::Ready;
        desks.change_channels(user, CENTER, Cause::User(user), None, &ready).await.unwrap();
    }
}
