use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::center::{Capacity, Role, SkillLevels, Step};
use crate::desk::{Channels, DoNotDisturb, Reach};
use crate::event::Topic;
use crate::id::{CenterId, GroupId, Incarnation, QueueId, SkillId, UserId};
use crate::interaction::Pass;

const NOW: Time = Time(1_000_000);
const CENTER: CenterId = CenterId(1);
const SUPPORT: GroupId = GroupId(1);
const SALES: GroupId = GroupId(2);
const BILLING: SkillId = SkillId(1);
const ENGLISH: SkillId = SkillId(2);

fn user(id: u128, group: GroupId, billing: u32) -> User {
    User {
        id: UserId(id),
        center: CENTER,
        user_name: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        nickname: None,
        email_address: String::new(),
        roles: [Role::Agent].into(),
        groups: [group].into(),
        skills: [(BILLING, billing)].into(),
        capacity: Capacity { by_media: [(Media::Workitem, 2)].into(), overall: None },
        enabled: true,
        password_hash: None,
        file_password_hash: None,
        logins_ended: 0,
        must_change_password: false,
        second_factor: false,
    }
}

fn desk(id: u128) -> Desk {
    let mut desk = Desk::new(UserId(id), CENTER, NOW);
    let _ = desk.start_session(&[Media::Workitem, Media::Chat], None, NOW);
    desk.set_ready(Channels::All).unwrap();
    desk.set_reach(Incarnation(1), [Topic::Interactions].into(), NOW);
    desk
}

fn queue() -> Queue {
    Queue { name: "tasks".to_string(), groups: [SUPPORT].into(), ..Queue::new(QueueId(1), CENTER) }
}

fn wait(queue: &Queue, ago_ms: i64) -> Wait {
    Wait {
        queue: queue.id,
        since: Time(NOW.0 - ago_ms),
        front: false,
        mode: Mode::Processing,
        widened: 0,
        skills: SkillLevels::new(),
        passes: vec![],
    }
}

fn waiting(number: u64, wait: &Wait) -> Waiting<'_> {
    Waiting { id: InteractionId::compose(1, number), priority: 0, media: &Media::Workitem, wait }
}

#[derive(Debug)]
struct Team {
    users: Vec<User>,
    desks: Vec<Desk>,
}

impl Team {
    fn of(size: u128) -> Self {
        Self {
            users: (1..=size).map(|id| user(id, SUPPORT, 5)).collect(),
            desks: (1..=size).map(desk).collect(),
        }
    }

    fn agents(&self) -> impl Iterator<Item = Agent<'_>> {
        self.users.iter().zip(&self.desks).map(|(user, desk)| Agent { user, desk })
    }

    fn agent(&self) -> Agent<'_> {
        self.agents().next().unwrap()
    }

    /// Plans one queue and gives the pairs as (interaction, user) by number.
    fn plan(&self, queue: &Queue, waits: &[Wait]) -> Vec<(usize, u128)> {
        let mut entries: Vec<Waiting<'_>> =
            waits.iter().enumerate().map(|(number, wait)| waiting(number as u64, wait)).collect();
        entries.sort_by_key(Waiting::rank);
        let plan = plan([Line { queue, waiting: entries.into_iter() }], self.agents(), NOW);
        let number =
            |id| (0..waits.len()).find(|number| InteractionId::compose(1, *number as u64) == id);
        plan.pairs.iter().map(|pair| (number(pair.interaction).unwrap(), pair.user.0)).collect()
    }
}

#[test]
fn every_rule_excludes() {
    let base = || (queue(), wait(&queue(), 0), Team::of(1));
    let check = |change: &dyn Fn(&mut Queue, &mut Wait, &mut User, &mut Desk),
                 expected: Option<Exclusion>| {
        let (mut queue, mut wait, mut team) = base();
        change(&mut queue, &mut wait, &mut team.users[0], &mut team.desks[0]);
        assert_eq!(exclusion(&waiting(1, &wait), &queue, team.agent(), NOW), expected);
    };
    let missing = |skill, level| Some(Exclusion::MissingSkill { skill, level });
    check(&|_, _, _, _| {}, None);
    check(&|queue, _, _, _| queue.groups.clear(), Some(Exclusion::QueueUnserved));
    check(&|_, _, user, _| user.enabled = false, Some(Exclusion::Disabled));
    check(&|_, _, user, _| user.roles = [Role::Admin].into(), Some(Exclusion::NotAnAgent));
    check(&|_, _, user, _| user.groups = [SALES].into(), Some(Exclusion::NotInGroups));
    check(&|queue, _, _, _| queue.skills = [(BILLING, 6)].into(), missing(BILLING, 6));
    check(&|queue, _, _, _| queue.skills = [(BILLING, 5)].into(), None);
    check(&|_, wait, _, _| wait.skills = [(ENGLISH, 1)].into(), missing(ENGLISH, 1));
    check(&|_, _, _, desk| drop(desk.end_session()), Some(Exclusion::NoSession));
    check(
        &|_, _, _, desk| desk.reach = Reach([(Incarnation(1), [Topic::Chats].into())].into()),
        Some(Exclusion::Unreachable),
    );
    check(
        &|_, _, _, desk| drop(desk.set_not_ready(Channels::All, None)),
        Some(Exclusion::NotReady),
    );
    check(&|_, _, _, desk| drop(desk.channels.remove(&Media::Workitem)), Some(Exclusion::NotReady));
    let dnd = |desk: &mut Desk| drop(desk.set_do_not_disturb(Channels::All, DoNotDisturb::On));
    check(&|_, _, _, desk| dnd(desk), Some(Exclusion::DoNotDisturb));
    check(&|_, _, user, _| user.capacity.overall = Some(0), Some(Exclusion::Full));
    let passed = |ms: u64| Pass { user: UserId(1), at: Time(NOW.0 - ms as i64) };
    let until = NOW.plus_ms(1);
    check(
        &|_, wait, _, _| wait.passes = vec![passed(29_999)],
        Some(Exclusion::PassedUntil { until }),
    );
    check(&|_, wait, _, _| wait.passes = vec![passed(30_000)], None);
}

#[test]
fn a_queue_with_skills_alone_is_served_by_everybody_who_has_them() {
    let queue = Queue { groups: BTreeSet::new(), skills: [(BILLING, 4)].into(), ..queue() };
    let mut team = Team::of(2);
    team.users[0].skills.clear();
    team.users[1].groups.clear();
    assert_eq!(team.plan(&queue, &[wait(&queue, 0)]), [(0, 2)]);
}

#[test]
fn front_then_priority_then_age_then_id() {
    let queue = queue();
    let team = Team::of(4);
    let front = Wait { front: true, ..wait(&queue, 0) };
    let waits = [wait(&queue, 5), wait(&queue, 9), wait(&queue, 9), front];
    let order: Vec<usize> =
        team.plan(&queue, &waits).into_iter().map(|(number, _)| number).collect();
    assert_eq!(order, [3, 1, 2, 0]);
    let [normal, _, _, front] = &waits;
    let rank = |priority| Rank::new(InteractionId::compose(1, 1), priority, normal);
    assert!(rank(7) < rank(0) && rank(0) < rank(-7));
    assert!(Rank::new(InteractionId::compose(1, 1), -9, front) < rank(9));
}

#[test]
fn the_agent_with_fewest_slots_then_the_longest_unasked_then_id() {
    let queue = queue();
    let mut team = Team::of(4);
    team.desks[0].take_slot(InteractionId::compose(9, 9), Media::Workitem);
    team.desks[1].last_offer = Some(Time(5));
    team.desks[2].last_offer = Some(Time(4));
    let waits: Vec<Wait> = (0..9).map(|index| wait(&queue, 100 - index)).collect();
    let agents: Vec<u128> = team.plan(&queue, &waits).into_iter().map(|(_, user)| user).collect();
    // Never asked, asked at 4, asked at 5; then everybody has one slot, and who was asked just now
    // comes after the first, never asked.
    assert_eq!(agents, [4, 3, 2, 1, 2, 3, 4], "seven slots are free");
}

#[test]
fn slots_of_other_media_do_not_make_an_agent_less_preferred_but_count_over_all() {
    let queue = queue();
    let mut team = Team::of(1);
    team.desks[0].take_slot(InteractionId::compose(9, 9), Media::Chat);
    assert_eq!(team.plan(&queue, &[wait(&queue, 2), wait(&queue, 1)]).len(), 2);
    team.users[0].capacity.overall = Some(2);
    assert_eq!(team.plan(&queue, &[wait(&queue, 2), wait(&queue, 1)]).len(), 1);
}

#[test]
fn drafts_are_spread_although_they_take_no_slot() {
    let queue = queue();
    let team = Team::of(2);
    let draft = Wait { mode: Mode::Composing, ..wait(&queue, 0) };
    let waits = vec![draft; 4];
    let agents: Vec<u128> = team.plan(&queue, &waits).into_iter().map(|(_, user)| user).collect();
    assert_eq!(agents.len(), 4);
    assert_eq!(&agents[..2], [1, 2]);
}

#[test]
fn who_passed_it_by_comes_after_everybody_else_and_not_too_soon() {
    let queue = queue();
    let mut team = Team::of(2);
    team.desks[1].take_slot(InteractionId::compose(9, 9), Media::Workitem);
    let passed = |ago_ms: i64| {
        let pass = Pass { user: UserId(1), at: Time(NOW.0 - ago_ms) };
        Wait { passes: vec![pass], ..wait(&queue, 60_000) }
    };
    assert_eq!(team.plan(&queue, &[passed(40_000)]), [(0, 2)], "the other first, though busier");
    let _ = team.desks[1].set_not_ready(Channels::All, None);
    assert_eq!(
        team.plan(&queue, &[passed(40_000)]),
        [(0, 1)],
        "nobody else, so they are asked again"
    );
    assert_eq!(team.plan(&queue, &[passed(10_000)]), []);
}

#[test]
fn assess_says_that_others_come_first() {
    let queue = queue();
    let team = Team::of(2);
    let at = Time(NOW.0 - 40_000);
    let wait = Wait { passes: vec![Pass { user: UserId(1), at }], ..wait(&queue, 60_000) };
    let judged = assess(&waiting(1, &wait), &queue, team.agents(), NOW);
    assert_eq!(
        judged,
        [(UserId(1), Some(Exclusion::PassedAndOthersEligible { at })), (UserId(2), None)]
    );
}

#[test]
fn steps_widen_in_time() {
    let step =
        |after_ms, group| Step { after_ms, groups: [group].into(), skills: SkillLevels::new() };
    let queue = Queue { steps: vec![step(10_000, SALES), step(20_000, SUPPORT)], ..queue() };
    let at = |ago_ms: i64| search(&queue, &wait(&queue, ago_ms), NOW);
    assert_eq!((at(9_999).step, at(10_000).step, at(25_000).step), (None, Some(0), Some(1)));
    assert_eq!(at(10_000).groups, &[SALES].into());
    let next = |ago_ms: i64| next_step(&queue, &wait(&queue, ago_ms), NOW);
    assert_eq!(next(4_000), Some((0, NOW.plus_ms(6_000))));
    assert_eq!(next(10_000), Some((1, NOW.plus_ms(10_000))));
    assert_eq!(next(20_000), None);
    let early = |widened| {
        let wait = Wait { widened, ..wait(&queue, 4_000) };
        (search(&queue, &wait, NOW).step, next_step(&queue, &wait, NOW))
    };
    assert_eq!(early(1), (Some(0), Some((1, NOW.plus_ms(16_000)))), "the next in its time");
    assert_eq!(early(2), (Some(1), None));
    assert_eq!(early(9), (Some(1), None), "the queue has fewer by now");
}

#[test]
fn the_plan_says_when_time_alone_changes_it() {
    let step = Step { after_ms: 10_000, groups: [SUPPORT].into(), skills: SkillLevels::new() };
    let queue = Queue { groups: [SALES].into(), steps: vec![step], ..queue() };
    let team = Team::of(1);
    let next = |wait: &Wait, team: &Team| {
        let line = Line { queue: &queue, waiting: [waiting(1, wait)].into_iter() };
        plan([line], team.agents(), NOW).next_change
    };
    assert_eq!(next(&wait(&queue, 4_000), &team), Some(NOW.plus_ms(6_000)), "the step begins");
    let passed = Pass { user: UserId(1), at: Time(NOW.0 - 12_000) };
    let again = Wait { passes: vec![passed], ..wait(&queue, 15_000) };
    assert_eq!(next(&again, &team), Some(NOW.plus_ms(18_000)), "they may be asked again");
    let mut nobody = Team::of(1);
    let _ = nobody.desks[0].end_session();
    assert_eq!(next(&again, &nobody), None, "time alone brings nobody");
}

/// Counts how far a line is read.
struct Counted<'a, I> {
    inner: I,
    read: &'a core::cell::Cell<usize>,
}

impl<I: Iterator> Iterator for Counted<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.read.set(self.read.get() + 1);
        self.inner.next()
    }
}

#[test]
fn a_line_that_nobody_serves_is_not_read_and_a_full_one_is_left() {
    let served = queue();
    let unserved = Queue { id: QueueId(2), groups: BTreeSet::new(), ..queue() };
    let team = Team::of(3);
    let wait = wait(&served, 0);
    let read = [core::cell::Cell::new(0), core::cell::Cell::new(0)];
    let line = |queue, read| Line {
        queue,
        waiting: Counted { inner: (0..100_000).map(|number| waiting(number, &wait)), read },
    };
    let plan = plan([line(&unserved, &read[0]), line(&served, &read[1])], team.agents(), NOW);
    assert_eq!(plan.pairs.len(), 6, "three agents with room for two each");
    assert_eq!(read[0].get(), 0);
    assert!(read[1].get() <= 8, "read {} of the served line", read[1].get());
}

#[test]
fn skills_that_nobody_has_cost_no_search_per_interaction() {
    let queue = queue();
    let team = Team::of(200);
    let picky = Wait { skills: [(ENGLISH, 9)].into(), ..wait(&queue, 0) };
    let line = Line { queue: &queue, waiting: (0..20_000).map(|number| waiting(number, &picky)) };
    assert!(plan([line], team.agents(), NOW).pairs.is_empty());
}

mod against_the_naive_plan {
    use super::*;
    use proptest::prelude::*;

    /// The plan as its description has it, without any shortcut.
    fn naive(queues: &[(Queue, Vec<(i64, Wait)>)], team: &Team) -> Vec<Pair> {
        let mut desks = team.desks.clone();
        let mut entries: Vec<(usize, Waiting<'_>)> = Vec::new();
        for (at, (_, waits)) in queues.iter().enumerate() {
            entries.extend(waits.iter().enumerate().map(|(number, (priority, wait))| {
                let id = InteractionId::compose(at as u64, number as u64);
                (at, Waiting { id, priority: *priority, media: &Media::Workitem, wait })
            }));
        }
        entries.sort_by_key(|(_, entry)| entry.rank());
        let mut pairs = Vec::new();
        for (at, entry) in entries {
            let passed = |user: UserId| entry.wait.passes.iter().any(|pass| pass.user == user);
            let able: Vec<_> = team
                .users
                .iter()
                .zip(&desks)
                .filter(|(user, desk)| {
                    exclusion(&entry, &queues[at].0, Agent { user, desk }, NOW).is_none()
                })
                .collect();
            let best = able
                .iter()
                .min_by_key(|(user, desk)| {
                    (passed(user.id), desk.occupied(&Media::Workitem), desk.last_offer, user.id)
                })
                .map(|(user, _)| user.id);
            let same = |user: UserId| Some(passed(user)) == best.map(passed);
            let of = able.iter().filter(|(user, _)| same(user.id)).count() as u32;
            if let Some(user) = best {
                let desk = desks.iter_mut().find(|desk| desk.user == user).unwrap();
                if entry.takes_slot() {
                    desk.take_slot(entry.id, Media::Workitem);
                }
                desk.last_offer = Some(NOW);
                pairs.push(Pair { interaction: entry.id, user, of });
            }
        }
        pairs
    }

    fn a_wait() -> impl Strategy<Value = (i64, Wait)> {
        let passes = prop::collection::vec((1..6_u128, 0..60_000_i64), 0..3);
        let parts = (-1..2_i64, 0..40_000_i64, any::<bool>(), 0..4_u32, passes, 0..5_u8);
        parts.prop_map(|(priority, ago, front, skill, passes, draft)| {
            let mut made = wait(&queue(), ago);
            made.front = front;
            if skill > 1 {
                made.skills = [(BILLING, skill)].into();
            }
            if draft == 0 {
                made.mode = Mode::Composing;
            }
            for (user, ago) in passes {
                made.pass(Pass { user: UserId(user), at: Time(NOW.0 - ago) });
            }
            (priority, made)
        })
    }

    fn a_team() -> impl Strategy<Value = Team> {
        let one = (any::<bool>(), 0..5_u32, 0..3_usize, prop::option::of(0..3_i64), 0..5_u8);
        prop::collection::vec(one, 1..6).prop_map(|members| {
            let mut team = Team::of(members.len() as u128);
            for (index, (sells, billing, slots, last_offer, ready)) in
                members.into_iter().enumerate()
            {
                let (user, desk) = (&mut team.users[index], &mut team.desks[index]);
                user.groups = [if sells { SALES } else { SUPPORT }].into();
                user.skills = [(BILLING, billing)].into();
                user.capacity =
                    Capacity { by_media: BTreeMap::from([(Media::Workitem, 3)]), overall: Some(4) };
                (0..slots).for_each(|slot| {
                    desk.take_slot(InteractionId::compose(99, slot as u64), Media::Workitem)
                });
                desk.last_offer = last_offer.map(Time);
                if ready == 0 {
                    let _ = desk.set_not_ready(Channels::All, None);
                }
            }
            team
        })
    }

    proptest! {
        #[test]
        fn the_plan_is_the_naive_plan(
            team in a_team(),
            first in prop::collection::vec(a_wait(), 0..8),
            second in prop::collection::vec(a_wait(), 0..8),
            after_ms in 0..40_000_u64,
        ) {
            let (groups, skills) = ([SALES, SUPPORT].into(), SkillLevels::new());
            let step = Step { after_ms, groups, skills };
            let widening = Queue { steps: vec![step], ..queue() };
            let (groups, skills) = (BTreeSet::new(), [(BILLING, 2)].into());
            let by_skill = Queue { id: QueueId(2), groups, skills, ..queue() };
            let queues = [(widening, first), (by_skill, second)];
            let lines = queues.iter().enumerate().map(|(at, (queue, waits))| {
                let numbered = waits.iter().enumerate();
                let entries = numbered.map(|(number, (priority, wait))| {
                    let id = InteractionId::compose(at as u64, number as u64);
                    Waiting { id, priority: *priority, media: &Media::Workitem, wait }
                });
                let mut entries: Vec<Waiting<'_>> = entries.collect();
                entries.sort_by_key(Waiting::rank);
                Line { queue, waiting: entries.into_iter() }
            });
            prop_assert_eq!(plan(lines, team.agents(), NOW).pairs, naive(&queues, &team));
        }
    }
}
