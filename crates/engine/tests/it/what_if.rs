//! What would have been, beside what was.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::command::CustomerAction;
use handoff_domain::event::Cause;
use handoff_domain::{
    Action, Command, GroupId, Interaction, InteractionId, LeaveReason, Media, Named, Queue,
    QueueId, Role, SkillId, State, Step, Target, Time, User, UserId, Workbin, WorkbinId,
    WorkbinOwner,
};
use handoff_engine::{
    ChannelChange, CommandRequest, Question, Replay, WhatIf, WhatIfError, Worker as _,
};
use handoff_store::Store as _;
use handoff_testkit::{Center, FaultyStore};

use crate::rig::{BEN, CENTER, CHATS, GROUP, KATE, QUEUE, Rig, noon};

const SALES: GroupId = GroupId(8);
const MIA: UserId = UserId(0xc);
const BILLING: SkillId = SkillId(0x61);
const ORDERS: QueueId = QueueId(0x52);
const SHELF: WorkbinId = WorkbinId(0xe3);
const AGENTS: [UserId; 3] = [KATE, BEN, MIA];

/// Three agents; one of the queues widens its search, one asks for a skill.
fn described() -> Center {
    let agent = [Role::Agent];
    let mut center = Center::new(CENTER, "Demo")
        .group(GROUP, "Support")
        .group(SALES, "Sales")
        .skill(BILLING, "billing")
        .user(KATE, "kate", &agent, &[GROUP], &[(BILLING, 5)])
        .room(Media::Workitem, 2)
        .user(BEN, "ben", &agent, &[GROUP], &[(BILLING, 2)])
        .room(Media::Workitem, 2)
        .user(MIA, "mia", &agent, &[SALES], &[(BILLING, 4)])
        .queue(QUEUE, "tasks", Media::Workitem, &[GROUP], &[])
        .invites_for_s(7)
        .queue(ORDERS, "orders", Media::Workitem, &[], &[(BILLING, 4)])
        .invites_for_s(11)
        .queue(CHATS, "chats", Media::Chat, &[GROUP, SALES], &[])
        .workbin(WorkbinId(0xe1), Workbin::IN_PROGRESS, WorkbinOwner::EachAgent)
        .workbin(WorkbinId(0xe2), Workbin::DRAFTS, WorkbinOwner::EachAgent)
        .workbin(SHELF, "shelf", WorkbinOwner::Group(GROUP));
    let groups = [GROUP, SALES].into();
    center.queues[0].steps.push(Step { after_ms: 13_000, groups, skills: BTreeMap::new() });
    center
}

fn queue(id: QueueId) -> Queue {
    described().queues.into_iter().find(|queue| queue.id == id).unwrap()
}

/// A day by chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        // The multiplier and the increment of Knuth's MMIX.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

struct Day {
    rig: Rig,
    chance: Chance,
    ids: Vec<InteractionId>,
    is_in: [bool; AGENTS.len()],
}

impl Day {
    async fn begin(seed: u64) -> Self {
        let store = handoff_testkit::center::store(described().records()).await.unwrap();
        let rig = Rig::over(Arc::new(FaultyStore::over(Arc::new(store))), noon()).await;
        let (chance, ids) = (Chance(seed), Vec::new());
        let mut day = Self { rig, chance, ids, is_in: [false; AGENTS.len()] };
        for agent in 0..AGENTS.len() {
            day.come_or_go(agent).await;
        }
        day
    }

    fn now(&self) -> Time {
        self.rig.engine.core().now()
    }

    /// Lets time pass, and what is due happen just then.
    async fn pass(&self, ms: u64) {
        let until = self.now().plus_ms(ms);
        loop {
            let workers = self.rig.engine.workers();
            let due = [workers.timers().next_due(), workers.router().next_due()];
            let next = due.into_iter().flatten().filter(|at| *at > self.now()).min();
            let next = next.unwrap_or(until).min(until);
            let ms = u32::try_from(next.ms_since(self.now())).unwrap();
            self.rig.pass_ms(ms).await;
            if next == until {
                return;
            }
        }
    }

    async fn come_or_go(&mut self, agent: usize) {
        let user = AGENTS[agent];
        let desks = self.rig.engine.desks();
        self.is_in[agent] = !self.is_in[agent];
        if !self.is_in[agent] {
            desks.end_contact_session(user, CENTER).await.unwrap();
            return;
        }
        self.rig.listen(user, &format!("{user}-1"), Replay::Live).await;
        let channels = [Media::Workitem, Media::Chat];
        desks.start_contact_session(user, CENTER, &channels, None).await.unwrap();
        self.rig.ready(user).await;
    }

    async fn change_channels(&mut self) {
        let user = AGENTS[self.chance.below(AGENTS.len())];
        let change = match self.chance.below(5) {
            0 => ChannelChange::NotReady { reason: None },
            1 => ChannelChange::DoNotDisturbOn,
            2 => ChannelChange::DoNotDisturbOff,
            _ => ChannelChange::Ready,
        };
        let desks = self.rig.engine.desks();
        // Whoever has no session is refused.
        let _ = desks.change_channels(user, CENTER, Cause::User(user), None, &change).await;
    }

    async fn submit(&mut self) {
        if self.chance.below(4) == 0 {
            self.ids.push(self.rig.begin_chat().await.interaction.id);
            return;
        }
        let mut opening = self.rig.opening(None);
        let of = if self.chance.below(3) == 0 { ORDERS } else { QUEUE };
        opening.new.queue = Named::Known(queue(of));
        opening.new.priority = Some(i64::try_from(self.chance.below(3)).unwrap());
        if self.chance.below(4) == 0 {
            opening.new.skills = [(BILLING, 3)].into();
        }
        self.ids.push(opening.new.id);
        self.rig.engine.commands().open(&opening).await.unwrap();
    }

    /// Returns something that is not over, mostly what is offered.
    async fn something(&mut self) -> Option<Interaction> {
        let mut open = Vec::new();
        for id in &self.ids {
            let found = self.rig.stored(*id).await;
            open.extend((!found.is_ended()).then_some(found));
        }
        let is_offered = |it: &Interaction| matches!(it.state, State::Invited(..));
        if self.chance.below(3) > 0 && open.iter().any(is_offered) {
            open.retain(is_offered);
        }
        let place = self.chance.below(open.len().max(1));
        (!open.is_empty()).then(|| open.swap_remove(place))
    }

    async fn act(&mut self) {
        let Some(found) = self.something().await else { return };
        let id = found.id;
        let colleague = Named::Known(AGENTS[self.chance.below(AGENTS.len())]);
        let done = match &found.state {
            State::Invited(_, offer) if self.chance.below(4) > 0 => {
                self.rig.act(offer.to, id, Action::Accept { nickname: None }).await
            }
            State::Invited(_, offer) => self.rig.act(offer.to, id, Action::Reject).await,
            State::Queued(_) if found.media() == Media::Chat && self.chance.below(3) == 0 => {
                let leave = CustomerAction::Leave { reason: LeaveReason::Itself };
                let request = CommandRequest::new(id, Command::Customer(leave));
                self.rig.engine.commands().execute(&request).await
            }
            State::Handling(handling) => {
                let action = match self.chance.below(12) {
                    0 => Action::Transfer(Target::Agent(colleague)),
                    1 => Action::Transfer(Target::Skill(Named::Known((BILLING, 4)))),
                    2 => Action::PlaceInWorkbin(Named::Known(shelf()), None),
                    3 => Action::PlaceInQueue(Named::Known(queue(ORDERS))),
                    4 => Action::Invite(colleague),
                    5 => Action::Leave,
                    _ => Action::Complete { queue: None },
                };
                let taker = handling.offer.as_ref().map(|offer| offer.to);
                match taker.filter(|_| self.chance.below(2) == 0) {
                    Some(taker) => self.rig.accept(taker, id).await,
                    None => self.rig.act(handling.by, id, action).await,
                }
            }
            State::Parked { .. } => {
                let user = AGENTS[self.chance.below(2)];
                self.rig.act(user, id, Action::Pull { from: None }).await
            }
            State::Queued(_) | State::Sending { .. } | State::Ended { .. } => return,
        };
        // What does not go does not go.
        let _ = done;
    }

    async fn go_on(&mut self, deeds: usize) {
        for _ in 0..deeds {
            let ms = 1 + self.chance.below(4_000) as u64;
            self.pass(ms).await;
            match self.chance.below(20) {
                0..6 => self.submit().await,
                6 => self.change_channels().await,
                7 => {
                    let agent = self.chance.below(AGENTS.len());
                    self.come_or_go(agent).await;
                }
                _ => self.act().await,
            }
            self.rig.settle().await;
        }
        self.pass(1).await;
    }

    async fn ask(&self, from: Time, users: Vec<User>, queues: Vec<Queue>) -> WhatIf {
        let question = Question { center: CENTER, from, to: self.now(), users, queues };
        self.rig.engine.views().what_if(question).await.unwrap()
    }
}

fn shelf() -> Workbin {
    described().workbins.into_iter().find(|workbin| workbin.id == SHELF).unwrap()
}

#[tokio::test]
async fn by_the_same_rules_it_comes_to_what_was() {
    let (mut taken, mut passed, mut left, mut again) = (0, 0, 0, 0);
    for seed in 0..12 {
        let mut day = Day::begin(seed).await;
        let begin = day.now();
        day.go_on(120).await;
        let middle = day.now();
        day.go_on(120).await;
        for from in [begin, middle] {
            let answer = day.ask(from, Vec::new(), Vec::new()).await;
            assert!(answer.differences.is_empty(), "seed {seed}: {:#?}", answer.differences);
            assert_eq!(answer.was, answer.would_be, "seed {seed}");
            assert_eq!(answer.recognized, answer.waits, "seed {seed}");
            for figures in answer.was.queues.values() {
                taken += figures.accepted;
                passed += figures.passed;
                left += figures.left;
            }
            again += answer.waits;
        }
    }
    assert!(
        taken > 300 && passed > 100 && left > 20 && again > 400,
        "{taken} {passed} {left} {again}"
    );
}

#[tokio::test]
async fn other_rules_come_to_something_else_and_the_same_question_has_the_same_answer() {
    let mut day = Day::begin(5).await;
    let begin = day.now();
    day.go_on(200).await;
    let mia = described().users.into_iter().find(|user| user.id == MIA).unwrap();
    let mia = User { groups: [GROUP, SALES].into(), ..mia };
    let before = day.rig.store.log_end().await.unwrap();
    let answer = day.ask(begin, vec![mia.clone()], Vec::new()).await;
    let of_mia = |figures: &handoff_engine::Figures| figures.agents[&MIA].accepted;
    assert!(of_mia(&answer.would_be) > of_mia(&answer.was), "she is asked at once");
    assert!(!answer.differences.is_empty());
    assert_eq!(answer.recognized, answer.waits, "it was told by the rules of now");
    let again = day.ask(begin, vec![mia], Vec::new()).await;
    assert_eq!((again.would_be, again.differences), (answer.would_be, answer.differences));
    assert_eq!(day.rig.store.log_end().await.unwrap(), before, "nothing was changed");
}

#[tokio::test]
async fn work_that_nobody_took_is_taken_by_somebody_who_serves_its_queue() {
    let rig = Rig::new().await;
    rig.bring_in(KATE).await;
    let begin = rig.engine.core().now();
    rig.pass_ms(1_000).await;
    let mut closed = crate::rig::queue();
    closed.groups = [GroupId(99)].into();
    let id = rig.submit().await;
    rig.settle().await;
    rig.accept(KATE, id).await.unwrap();
    rig.pass_ms(60_000).await;
    rig.act(KATE, id, Action::Complete { queue: None }).await.unwrap();
    rig.pass_ms(1_000).await;
    let to = rig.engine.core().now();
    let question = |queues| Question { center: CENTER, from: begin, to, users: Vec::new(), queues };
    let ask = |queues| rig.engine.views().what_if(question(queues));
    let was = ask(Vec::new()).await.unwrap().would_be.queues[&QUEUE].clone();
    assert_eq!((was.accepted, was.waiting), (1, 0));
    let would_be = ask(vec![closed]).await.unwrap().would_be.queues[&QUEUE].clone();
    assert_eq!((would_be.accepted, would_be.waiting), (0, 1), "nobody serves it");
}

#[tokio::test]
async fn what_has_waited_since_long_before_is_part_of_it() {
    let mut center = described();
    let closed = &mut center.queues[0];
    (closed.groups, closed.steps) = ([SALES].into(), Vec::new());
    let closed = closed.clone();
    let store = handoff_testkit::center::store(center.records()).await.unwrap();
    let rig = Rig::over(Arc::new(FaultyStore::over(Arc::new(store))), noon()).await;
    rig.bring_in(KATE).await;
    rig.submit().await;
    rig.pass_ms(7_200_000).await;
    let from = rig.engine.core().now();
    rig.pass_ms(60_000).await;
    let to = rig.engine.core().now();
    let question = |queues| Question { center: CENTER, from, to, users: Vec::new(), queues };
    let ask = |queues| rig.engine.views().what_if(question(queues));
    let was = ask(Vec::new()).await.unwrap();
    assert_eq!((was.waits, was.recognized), (1, 1));
    assert_eq!(was.was.queues[&QUEUE].waiting, 1);
    let open = Queue { groups: [GROUP].into(), ..closed };
    let would_be = ask(vec![open]).await.unwrap().would_be;
    assert_eq!(would_be.queues[&QUEUE].accepted, 1);
    assert_eq!(would_be.agents[&KATE].accepted, 1);
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_not_answered() {
    let rig = Rig::new().await;
    let begin = rig.engine.core().now();
    rig.bring_in(KATE).await;
    rig.submit().await;
    rig.settle().await;
    rig.pass_ms(80 * 3_600_000).await;
    rig.submit().await;
    rig.engine.workers().sweeper().sweep().await.unwrap();
    let to = rig.engine.core().now();
    let question =
        Question { center: CENTER, from: begin, to, users: Vec::new(), queues: Vec::new() };
    let answer = rig.engine.views().what_if(question).await;
    assert!(matches!(answer, Err(WhatIfError::NotKept { .. })), "{answer:?}");
}
