//! Every state that two agents, two work items and one queue can reach.
//!
//! An agent's command is on its way before it is carried out, and a crash loses it there. A timer,
//! once set, may fire at any later time, also when it was cleared meanwhile. An agent may go at any
//! time; what they held is taken from them one interaction at a time, with anything in between. The
//! clock has a few ticks, so that an agent who passed something by is sometimes asked again and
//! sometimes not.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use handoff_domain::command::{Action, Command, Named, SystemAction, Target};
use handoff_domain::id::{InteractionId, QueueId};
use handoff_domain::interaction::State;
use handoff_domain::interaction::decide::{Decision, TimerChange, TimerKind, decide};
use handoff_domain::invariants::{self, step};
use handoff_domain::media::Media;
use handoff_domain::time::Time;
use handoff_domain::{Desk, Interaction, UserId, Workbin};
use stateright::{Checker, Model, Property};

use crate::floor::{AGENTS, Floor, Rules, queue_id};
use crate::say;

/// The agents that take part.
const TEAM: [UserId; 2] = [AGENTS[0], AGENTS[1]];

/// What an agent may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wish {
    Accept,
    Reject,
    Complete,
    Transfer,
    Place,
    Requeue,
    Pull,
}

const WISHES: [Wish; 7] = [
    Wish::Accept,
    Wish::Reject,
    Wish::Complete,
    Wish::Transfer,
    Wish::Place,
    Wish::Requeue,
    Wish::Pull,
];

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Happening {
    /// An agent sends a command.
    Ask(usize, usize, Wish),
    /// The command on its way arrives.
    Arrive,
    /// The server crashes and with it the command on its way; what was committed stays.
    Crash,
    /// The router offers an interaction to an agent.
    Route(usize, usize),
    /// The timer of an offer fires.
    Fire(usize, u64),
    /// An agent's session ends.
    Depart(usize),
    /// An agent who had gone comes back.
    Return(usize),
    /// An interaction is taken from an agent who had gone.
    Take(usize, usize),
    /// Time goes by.
    Tick,
}

/// Everything at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    floor: Floor,
    on_its_way: Option<(usize, usize, Wish)>,
    timers: BTreeSet<(usize, u64)>,
    /// What is still to be taken from whom.
    to_take: BTreeSet<(usize, usize)>,
    departures: u8,
    pub(crate) wrong: Option<String>,
}

impl Moment {
    fn interactions(&self) -> impl Iterator<Item = &Interaction> {
        self.floor.interactions.values()
    }

    /// What tells one moment from another; the rest follows from it or does not matter.
    fn key(&self) -> impl Hash + PartialEq + '_ {
        let interactions: Vec<(&State, u64, u64, Option<Time>)> =
            self.interactions().map(|it| (&it.state, it.epoch, it.offers, it.queued_at)).collect();
        let desks: Vec<&Desk> = self.floor.desks.values().collect();
        let way = (&self.on_its_way, &self.timers, &self.to_take, self.departures);
        (interactions, desks, way, self.floor.now, &self.wrong)
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Hash for Moment {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key().hash(hasher);
    }
}

/// How far is explored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The highest epoch from which an interaction is followed; it starts with 1.
    pub(crate) epochs: u64,
    /// How many offers of an interaction are followed; an owner's own offers do not raise the
    /// epoch.
    pub(crate) offers: u64,
    /// How often somebody goes.
    pub(crate) departures: u8,
    /// The last tick of the clock.
    pub(crate) last_tick: i64,
}

/// The exploration, by the rules or by rules with a fault.
pub(crate) struct Exploration {
    pub(crate) rules: Rules,
    pub(crate) bounds: Bounds,
}

impl Exploration {
    fn start() -> Moment {
        let mut floor = Floor::new();
        floor.now = Time(0);
        let users = Arc::make_mut(&mut floor.users);
        users.retain(|user, _| TEAM.contains(user));
        floor.desks.retain(|user, _| TEAM.contains(user));
        let queues = Arc::make_mut(&mut floor.queues);
        queues.retain(|queue, _| *queue == work_queue());
        for queue in queues.values_mut() {
            // One tick; the offer's own time is the timer's, which fires when it likes.
            queue.reoffer_after_ms = 1;
        }
        for (index, user) in TEAM.iter().enumerate() {
            let desk = floor.desks.get_mut(user).expect("they have a desk");
            desk.channels.retain(|media, _| *media == Media::Workitem);
            // The first has room for one, so that a full agent is met everywhere.
            let most = u32::try_from(index).expect("small") + 1;
            let capacity = &mut users.get_mut(user).expect("a user").capacity;
            capacity.by_media = BTreeMap::from([(Media::Workitem, most)]);
        }
        floor.open(&Media::Workitem);
        floor.open(&Media::Workitem);
        Moment {
            floor,
            on_its_way: None,
            timers: BTreeSet::new(),
            to_take: BTreeSet::new(),
            departures: 0,
            wrong: None,
        }
    }

    /// Returns a command to the rules, and notes whatever is not as it must be.
    fn give(&self, earlier: &Floor, moment: &mut Moment, at: usize, command: Command) {
        let id = id(moment, at);
        let before = &earlier.interactions[&id];
        // A refusal is an answer, not a change.
        let Ok(decision) = moment.floor.apply(self.rules, id, command.clone()) else {
            return;
        };
        for timer in &decision.timers {
            if let TimerChange::Set(TimerKind::Offer { number }, _) = timer {
                moment.timers.insert((at, *number));
            }
        }
        let found = invariants::check_step(before, &decision.after)
            .and_then(|()| {
                step::offered_to_able(&earlier.snapshot(), Some(before), &decision.after)
            })
            .and_then(|()| invariants::check(&moment.floor.snapshot()))
            .map_err(|violation| violation.to_string())
            .and_then(|()| who_and_what(before, &command, &decision))
            .and_then(|()| every_offer_is_timed(moment))
            .and_then(|()| nobody_is_a_ghost(moment));
        moment.wrong = found.err();
    }
}

/// What a command that was carried out means, whatever else is true: who may give it (S7), and
/// whose it is afterwards (S2).
fn who_and_what(
    before: &Interaction,
    command: &Command,
    decision: &Decision,
) -> Result<(), String> {
    let caller = command.user();
    let offer = before.offer();
    let is_right = match command {
        Command::User(command) => match &command.action {
            Action::Accept { .. } => {
                offer.map(|offer| offer.to) == caller && decision.after.owner() == caller
            }
            Action::Reject => offer.map(|offer| offer.to) == caller,
            Action::Pull { .. } => decision.after.owner() == caller,
            _ => before.owner() == caller,
        },
        Command::System(SystemAction::ExpireOffer { number, .. }) => {
            offer.is_some_and(|offer| offer.number == *number)
        }
        Command::System(SystemAction::Offer { to, .. }) => {
            decision.after.offer().is_some_and(|offer| offer.to == *to)
        }
        Command::System(SystemAction::AgentGone { user }) => {
            !decision.after.people().contains(user)
        }
        Command::System(_) | Command::Customer(_) => false,
    };
    if is_right { Ok(()) } else { Err(format!("{command:?} should not have come to this")) }
}

/// Every open offer has a timer that will end it (L1).
fn every_offer_is_timed(moment: &Moment) -> Result<(), String> {
    let is_timed = |(at, interaction): (usize, &Interaction)| {
        interaction.offer().is_none_or(|offer| moment.timers.contains(&(at, offer.number)))
    };
    if moment.interactions().enumerate().all(is_timed) {
        Ok(())
    } else {
        Err("an offer has no timer".to_string())
    }
}

/// Whoever holds something is there, or it is about to be taken from them.
fn nobody_is_a_ghost(moment: &Moment) -> Result<(), String> {
    if moment.to_take.is_empty() {
        invariants::standing::no_ghosts(&moment.floor.snapshot())
            .map_err(|violation| violation.to_string())
    } else {
        Ok(())
    }
}

fn work_queue() -> QueueId {
    queue_id(&Media::Workitem)
}

fn id(moment: &Moment, at: usize) -> InteractionId {
    *moment.floor.interactions.keys().nth(at).expect("there are two")
}

fn action(moment: &Moment, agent: usize, wish: Wish) -> Action {
    let workbin = || {
        let all = moment.floor.workbins.values();
        all.clone().find(|workbin| workbin.name == Workbin::IN_PROGRESS).expect("it exists").clone()
    };
    match wish {
        Wish::Accept => Action::Accept { nickname: None },
        Wish::Reject => Action::Reject,
        Wish::Complete => Action::Complete { queue: None },
        Wish::Transfer => Action::Transfer(Target::Agent(Named::Known(TEAM[1 - agent]))),
        Wish::Place => Action::PlaceInWorkbin(Named::Known(workbin()), None),
        Wish::Requeue => {
            Action::PlaceInQueue(Named::Known(moment.floor.queues[&work_queue()].clone()))
        }
        Wish::Pull => Action::Pull { from: None },
    }
}

impl Model for Exploration {
    type State = Moment;
    type Action = Happening;

    fn init_states(&self) -> Vec<Moment> {
        vec![Self::start()]
    }

    fn actions(&self, moment: &Moment, happenings: &mut Vec<Happening>) {
        if moment.wrong.is_some() {
            return;
        }
        match moment.on_its_way {
            Some(_) => happenings.extend([Happening::Arrive, Happening::Crash]),
            None => {
                for at in 0..2 {
                    for agent in 0..TEAM.len() {
                        happenings.extend(WISHES.map(|wish| Happening::Ask(at, agent, wish)));
                    }
                }
            }
        }
        for (agent, user) in TEAM.iter().enumerate() {
            happenings.extend((0..2).map(|at| Happening::Route(at, agent)));
            let is_there = moment.floor.desks[user].session.is_some();
            if is_there && moment.departures < self.bounds.departures {
                happenings.push(Happening::Depart(agent));
            } else if !is_there {
                happenings.push(Happening::Return(agent));
            }
        }
        happenings.extend(moment.timers.iter().map(|(at, number)| Happening::Fire(*at, *number)));
        happenings.extend(moment.to_take.iter().map(|(at, agent)| Happening::Take(*at, *agent)));
        if moment.floor.now.0 < self.bounds.last_tick {
            happenings.push(Happening::Tick);
        }
    }

    fn next_state(&self, last: &Moment, happening: Happening) -> Option<Moment> {
        let mut next = last.clone();
        match happening {
            Happening::Ask(at, agent, wish) => next.on_its_way = Some((at, agent, wish)),
            Happening::Arrive => {
                let (at, agent, wish) = next.on_its_way.take()?;
                let wished = action(&next, agent, wish);
                let command = next.floor.by(TEAM[agent], wished);
                self.give(&last.floor, &mut next, at, command);
            }
            Happening::Crash => next.on_its_way = None,
            Happening::Route(at, agent) => {
                let action = SystemAction::Offer { to: TEAM[agent], of: 1 };
                self.give(&last.floor, &mut next, at, action.into());
            }
            Happening::Fire(at, number) => {
                next.timers.remove(&(at, number));
                let action = SystemAction::ExpireOffer { number, running_since: Time(0) };
                self.give(&last.floor, &mut next, at, action.into());
            }
            Happening::Depart(agent) => {
                next.departures += 1;
                let desk = next.floor.desks.get_mut(&TEAM[agent])?;
                let _ = desk.end_session();
                next.to_take.extend((0..2).map(|at| (at, agent)));
            }
            Happening::Return(agent) => next.floor.log_in(TEAM[agent]),
            Happening::Take(at, agent) => {
                next.to_take.remove(&(at, agent));
                let action = SystemAction::AgentGone { user: TEAM[agent] };
                self.give(&last.floor, &mut next, at, action.into());
            }
            Happening::Tick => next.floor.now = Time(next.floor.now.0 + 1),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always("nothing is wrong", |_, moment: &Moment| moment.wrong.is_none())]
    }

    fn within_boundary(&self, moment: &Moment) -> bool {
        let Bounds { epochs, offers, .. } = self.bounds;
        let is_near =
            |interaction: &Interaction| interaction.epoch <= epochs && interaction.offers <= offers;
        moment.interactions().all(is_near)
    }
}

fn explore(bounds: Bounds) -> usize {
    // Depth first, because what is still to be looked at then stays small.
    let checker = Exploration { rules: decide, bounds }.checker().threads(2).spawn_dfs().join();
    let distinct = checker.unique_state_count();
    say(format_args!(
        "exploration: {distinct} distinct states of {}, {} steps deep, {bounds:?}",
        checker.state_count(),
        checker.max_depth(),
    ));
    if let Some(path) = checker.discovery("nothing is wrong") {
        let wrong = path.last_state().wrong.clone();
        panic!("{wrong:?} after {:?}", path.into_actions());
    }
    distinct
}

/// Each dimension by itself: moves and offers, somebody who goes, time that goes by. An unoptimised
/// build explores what it can in seconds, an optimised one some hundred thousand states;
/// `HANDOFF_MODEL_EPOCHS` explores all dimensions together.
fn bounds() -> Vec<Bounds> {
    if let Ok(epochs) = std::env::var("HANDOFF_MODEL_EPOCHS") {
        let epochs = epochs.parse().expect("HANDOFF_MODEL_EPOCHS is a number");
        return vec![Bounds { epochs, offers: 3, departures: 1, last_tick: 1 }];
    }
    let more = u64::from(!cfg!(debug_assertions));
    vec![
        Bounds { epochs: 3 + more, offers: 2, departures: 0, last_tick: 0 },
        Bounds { epochs: 2 + more, offers: 2, departures: 1, last_tick: 0 },
        Bounds { epochs: 2 + more, offers: 2, departures: 0, last_tick: 1 },
    ]
}

#[test]
fn nothing_goes_wrong_in_any_order() {
    let least = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
    let distinct: usize = bounds().into_iter().map(explore).sum();
    assert!(
        distinct > least,
        "the exploration of {distinct} states is too small to prove anything"
    );
}
