//! A small contact center in memory: it loads, decides and commits, so that commands can be tried
//! one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_domain::center::{Capacity, Queue, Role, Skill, User, Workbin, WorkbinOwner};
use handoff_domain::chat::Entry;
use handoff_domain::command::{Action, Actor, Caller, Command, Named, UserCommand};
use handoff_domain::desk::{Channels, Desk};

use handoff_domain::event::{Event, Subject, Topic};
use handoff_domain::id::{
    CenterId, GroupId, Incarnation, InteractionId, QueueId, SkillId, UserId, WorkbinId,
};
use handoff_domain::interaction::Interaction;
use handoff_domain::interaction::decide::{Context, Decision, ForNotices, Options, World};
use handoff_domain::invariants::Snapshot;
use handoff_domain::media::{Direction, Media};
use handoff_domain::rejection::Rejection;
use handoff_domain::service::FileLimits;
use handoff_domain::time::Time;
use handoff_domain::user_data::{UserData, Value};
use handoff_domain::{NewInteraction, Placement, open};

/// The node on which all sessions are.
pub(crate) const NODE: Incarnation = Incarnation(1);
/// The contact center of all tests.
pub(crate) const CENTER: CenterId = CenterId(1);
/// Four agents of the group.
pub(crate) const AGENTS: [UserId; 4] = [UserId(0xa1), UserId(0xa2), UserId(0xa3), UserId(0xa4)];
/// An agent and supervisor, in no group.
pub(crate) const SUPERVISOR: UserId = UserId(0x51);
pub(crate) const GROUP: GroupId = GroupId(0x91);
/// A skill that the first two agents have.
pub(crate) const SKILL: Skill = Skill { id: SkillId(0x5c), center: CENTER, name: String::new() };
/// The media of the contact center.
pub(crate) const MEDIA: [Media; 3] = [Media::Email, Media::Chat, Media::Workitem];

/// How a command is decided: the rules, or the rules with a fault.
pub(crate) type Rules = fn(&Interaction, &Command, &Context<'_>) -> Result<Decision, Rejection>;

/// Everything. What the configuration says is shared between copies, because explorations make very
/// many.
#[derive(Clone, Debug)]
pub(crate) struct Floor {
    pub(crate) now: Time,
    pub(crate) options: Options,
    pub(crate) users: Arc<BTreeMap<UserId, User>>,
    pub(crate) desks: BTreeMap<UserId, Desk>,
    pub(crate) queues: Arc<BTreeMap<QueueId, Queue>>,
    pub(crate) workbins: Arc<BTreeMap<WorkbinId, Workbin>>,
    pub(crate) interactions: BTreeMap<InteractionId, Interaction>,
    /// What was said in each conversation.
    pub(crate) transcripts: BTreeMap<InteractionId, Vec<Entry>>,
    /// What customers may do with files.
    pub(crate) file_limits: FileLimits,
    /// As whom the center sends when nobody says another.
    pub(crate) default_sender: Option<String>,
    /// Whom the router would choose for a consultation.
    pub(crate) adviser: Option<UserId>,
    /// After how many missed offers in a row an agent is NotReady. Never, unless a test says so:
    /// explorations would see each state once for each count.
    pub(crate) missed_offers_max: u32,
    /// Whether somebody has begun to deliver what is on its way.
    pub(crate) claimed: bool,
    made: u64,
}

impl Floor {
    /// Opens the contact center: everybody is logged in, Ready and reachable on all media.
    pub(crate) fn new() -> Self {
        let now = Time(1_000_000);
        let mut floor = Self {
            now,
            options: Options::default(),
            users: Arc::default(),
            desks: BTreeMap::new(),
            queues: Arc::new(MEDIA.iter().map(|media| (queue_id(media), queue(media))).collect()),
            workbins: Arc::new(workbins()),
            interactions: BTreeMap::new(),
            transcripts: BTreeMap::new(),
            file_limits: FileLimits::default(),
            default_sender: Some("support@ours.example".to_string()),
            adviser: Some(AGENTS[3]),
            missed_offers_max: 0,
            claimed: false,
            made: 0,
        };
        for (index, id) in AGENTS.into_iter().enumerate() {
            floor.add(user(id, &[Role::Agent], &[GROUP], if index < 2 { 5 } else { 1 }));
        }
        floor.add(user(SUPERVISOR, &[Role::Agent, Role::Supervisor], &[], 5));
        floor
    }

    fn add(&mut self, user: User) {
        let id = user.id;
        Arc::make_mut(&mut self.users).insert(id, user);
        self.desks.insert(id, Desk::new(id, CENTER, self.now));
        self.log_in(id);
    }

    /// Logs an agent in on all media, Ready and listening.
    pub(crate) fn log_in(&mut self, id: UserId) {
        let now = self.now;
        let desk = self.desks.get_mut(&id).expect("the agent has a desk");
        let _ = desk.start_session(&MEDIA, None, now);
        let _ = desk.set_ready(Channels::All).expect("there is a session");
        desk.set_reach(NODE, [Topic::Interactions].into(), now);
    }

    /// Opens an interaction in its medium's queue.
    pub(crate) fn open(&mut self, media: &Media) -> InteractionId {
        self.begin(|floor| floor.new_interaction(media), &Actor::Server)
    }

    /// Opens what is made.
    pub(crate) fn begin(
        &mut self,
        make: impl FnOnce(&Self) -> NewInteraction,
        actor: &Actor,
    ) -> InteractionId {
        self.made += 1;
        let decision = self.try_open(make(self), actor).expect("it may be opened");
        self.commit(&decision);
        decision.after.id
    }

    /// Returns an interaction that is to enter its medium's queue.
    pub(crate) fn new_interaction(&self, media: &Media) -> NewInteraction {
        NewInteraction {
            id: InteractionId::compose(1, self.made),
            center: CENTER,
            medium: media.clone().into(),
            direction: Direction::Inbound,
            sub_type: "InboundNew".to_string(),
            external_id: None,
            parent: None,
            contact: None,
            subject: None,
            priority: None,
            user_data: UserData([("taken".to_string(), Value::Bool(true))].into()),
            queue: Named::Known(self.queues[&queue_id(media)].clone()),
            skills: BTreeMap::new(),
            placement: Placement::InQueue,
        }
    }

    /// Decides whether an interaction may be opened, and changes nothing.
    pub(crate) fn try_open(
        &self,
        new: NewInteraction,
        actor: &Actor,
    ) -> Result<Decision, Rejection> {
        self.beginning(new.parent, new.id, |context| open(new, actor, context))
    }

    /// Decides something about an interaction that is to come into being.
    pub(crate) fn beginning<T>(
        &self,
        parent: Option<InteractionId>,
        id: InteractionId,
        decide: impl FnOnce(&Context<'_>) -> T,
    ) -> T {
        let view = View { floor: self, parent, id, joined: None, base: None };
        decide(&self.context(&view))
    }

    /// Returns a user as the caller of a command.
    pub(crate) fn caller(&self, id: UserId) -> Caller {
        let user = &self.users[&id];
        Caller::of(user)
    }

    /// Returns a user's command.
    pub(crate) fn by(&self, id: UserId, action: Action) -> Command {
        UserCommand::new(self.caller(id), action).into()
    }

    /// Decides a command by the given rules, and changes nothing.
    pub(crate) fn decide(
        &self,
        rules: Rules,
        id: InteractionId,
        command: &Command,
    ) -> Result<Decision, Rejection> {
        let before = &self.interactions[&id];
        let joined = match command.action() {
            Some(Action::Join { parent: Named::Known(parent) }) => Some(*parent),
            _ => None,
        };
        let base = match command.action() {
            Some(Action::Send(dispatch)) => dispatch.base,
            Some(Action::CreateDraft(draft)) => draft.base,
            _ => None,
        };
        let view = View { floor: self, parent: before.parent, id, joined, base };
        rules(before, command, &self.context(&view))
    }

    /// Carries a command out by the given rules: decides and commits.
    pub(crate) fn apply(
        &mut self,
        rules: Rules,
        id: InteractionId,
        command: impl Into<Command>,
    ) -> Result<Decision, Rejection> {
        self.made += 1;
        let decision = self.decide(rules, id, &command.into())?;
        self.commit(&decision);
        Ok(decision)
    }

    fn context<'a>(&'a self, view: &'a View<'a>) -> Context<'a> {
        let draft_id = InteractionId::compose(2, self.made);
        Context { now: self.now, draft_id, options: &self.options, world: view }
    }

    /// Keeps what was decided.
    pub(crate) fn commit(&mut self, decision: &Decision) {
        for interaction in decision.related.iter().chain([&decision.after]) {
            // Other nodes find a changed interaction by the event that is about it.
            let is_about = |event: &Event| match &event.subject {
                Subject::Interaction(it) => it.id == interaction.id,
                Subject::Desk(_) | Subject::Transcript { .. } | Subject::Center(_) => false,
            };
            let is_told = decision.events.iter().any(is_about);
            let before = self.interactions.get(&interaction.id);
            assert!(is_told || before == Some(interaction), "{interaction:?}");
            self.interactions.insert(interaction.id, interaction.clone());
        }
        let said = decision.said().cloned();
        self.transcripts.entry(decision.after.id).or_default().extend(said);
        for desk in &decision.desks {
            // Other nodes find a changed desk by who was told.
            let told = decision.events.iter().flat_map(|event| &event.notices);
            assert!(told.into_iter().any(|notice| notice.user() == Some(desk.user)), "{desk:?}");
            self.desks.insert(desk.user, desk.clone());
        }
    }

    /// Returns everything as the invariants look at it.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(self.interactions.values(), self.desks.values(), self.users.values())
    }
}

/// The floor as one decision sees it.
struct View<'a> {
    floor: &'a Floor,
    parent: Option<InteractionId>,
    id: InteractionId,
    joined: Option<InteractionId>,
    base: Option<InteractionId>,
}

impl World for View<'_> {
    fn desk(&self, user: UserId) -> Option<Arc<Desk>> {
        self.floor.desks.get(&user).cloned().map(Arc::new)
    }

    fn missed_any(&self, user: UserId) -> bool {
        self.floor.desks.get(&user).is_some_and(|desk| desk.missed_offers > 0)
    }

    fn missed_offers_max(&self) -> u32 {
        self.floor.missed_offers_max
    }

    fn user(&self, user: UserId) -> Option<&User> {
        self.floor.users.get(&user)
    }

    fn queue(&self, queue: QueueId) -> Option<&Queue> {
        self.floor.queues.get(&queue)
    }

    fn has_skill(&self, skill: SkillId) -> bool {
        skill == SKILL.id
    }

    fn workbin(&self, workbin: WorkbinId) -> Option<Workbin> {
        let copies = || {
            let owners = self.floor.users.keys();
            owners.flat_map(|owner| {
                self.floor.workbins.values().map(|definition| definition.of(*owner))
            })
        };
        self.floor
            .workbins
            .get(&workbin)
            .cloned()
            .or_else(|| copies().find(|copy| copy.id == workbin))
    }

    fn own_workbin(&self, name: &str, owner: UserId) -> Option<Workbin> {
        let user = self.user(owner)?;
        let definition = self.floor.workbins.values().find(|workbin| workbin.name == name)?;
        Some(definition.of(user.id))
    }

    fn watchers(&self, workbin: WorkbinId) -> ForNotices<Vec<UserId>> {
        let desks = self.floor.desks.values();
        let watching = desks.filter(|desk| desk.watched.contains(&workbin));
        ForNotices::new(watching.map(|desk| desk.user).collect())
    }

    fn parent(&self) -> Option<&Interaction> {
        self.parent.and_then(|parent| self.floor.interactions.get(&parent))
    }

    fn transcript(&self) -> &[Entry] {
        self.floor.transcripts.get(&self.id).map_or(&[], Vec::as_slice)
    }

    fn adviser(&self) -> Option<UserId> {
        self.floor.adviser
    }

    fn file_limits(&self, _service: &str) -> Option<&FileLimits> {
        Some(&self.floor.file_limits)
    }

    fn newest_inbound(&self) -> Option<&Interaction> {
        let root = self.floor.interactions.get(&self.id)?.thread_root();
        let mut inbound = self.floor.interactions.values().rev().filter(|it| {
            it.media() == Media::Email
                && it.direction == Direction::Inbound
                && it.thread_root() == root
        });
        inbound.next()
    }

    fn base(&self) -> Option<&Interaction> {
        self.base.and_then(|id| self.floor.interactions.get(&id))
    }

    fn joined(&self) -> Option<&Interaction> {
        self.joined.and_then(|id| self.floor.interactions.get(&id))
    }

    fn may_send_as(&self, address: &str) -> bool {
        address.ends_with("@ours.example")
    }

    fn default_sender(&self) -> Option<String> {
        self.floor.default_sender.clone()
    }

    fn message_id(&self, sender: &str, sends: u32) -> Option<String> {
        Some(format!("{}.{sends}.{sender}", self.id))
    }

    fn is_claimed(&self) -> bool {
        self.floor.claimed
    }
}

/// Returns the id of a medium's queue.
pub(crate) fn queue_id(media: &Media) -> QueueId {
    QueueId(match media {
        Media::Email => 0xe1,
        Media::Chat => 0xc1,
        Media::Workitem | Media::Open(_) => 0xf1,
    })
}

fn workbins() -> BTreeMap<WorkbinId, Workbin> {
    let all = [
        (0xb1, Workbin::IN_PROGRESS, WorkbinOwner::EachAgent),
        (0xb2, Workbin::DRAFTS, WorkbinOwner::EachAgent),
        (0xb3, "Team", WorkbinOwner::Group(GROUP)),
    ];
    let workbin = |(id, name, owner): (u128, &str, WorkbinOwner)| {
        let id = WorkbinId(id);
        (id, Workbin { id, center: CENTER, name: name.to_string(), owner })
    };
    all.map(workbin).into()
}

fn queue(media: &Media) -> Queue {
    Queue {
        name: media.name().to_string(),
        media: media.clone(),
        groups: BTreeSet::from([GROUP]),
        ..Queue::new(queue_id(media), CENTER)
    }
}

fn user(id: UserId, roles: &[Role], groups: &[GroupId], level: u32) -> User {
    User {
        id,
        center: CENTER,
        user_name: id.to_string(),
        first_name: String::new(),
        last_name: String::new(),
        nickname: None,
        email_address: String::new(),
        roles: roles.iter().copied().collect(),
        groups: groups.iter().copied().collect(),
        skills: BTreeMap::from([(SKILL.id, level)]),
        capacity: Capacity::default(),
        enabled: true,
        password_hash: None,
        file_password_hash: None,
        logins_ended: 0,
        must_change_password: false,
        second_factor: false,
    }
}
