//! The router: finds agents for what waits, and tells why it found none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use handoff_domain::center::SkillLevels;
use handoff_domain::routing::{
    Agent, Assessment, Line, Pair, Plan, Waiting, assess, next_step, plan,
};
use handoff_domain::{
    Action, Actor, CenterId, Command, Desk, Interaction, InteractionId, Mode, Queue, Time, User,
    UserId, Wait,
};
use handoff_store::{InteractionQuery, InteractionScope, StoreError};

use crate::directory::Directory;
use crate::engine::Engine;
use crate::execute::{Attempt, ExecuteError};

/// Waiting interactions read in one page.
const PAGE: usize = 1_000;
/// Offers made at the same time; together they are one or two commits of the store.
const OFFERS_AT_ONCE: usize = 256;

/// When time alone can next change what the router finds.
#[derive(Debug, Default)]
pub(crate) struct NextChange(Mutex<Option<Time>>);

impl NextChange {
    pub(crate) fn get(&self) -> Option<Time> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, next: Option<Time>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }
}

/// Why an interaction waits.
#[derive(Clone, Debug)]
pub struct Why {
    /// The queue.
    pub queue: Arc<Queue>,
    /// When it entered the queue.
    pub since: Time,
    /// The widening step in force, by its place in the queue's list; `None` before the first.
    pub step: Option<usize>,
    /// The next step and when it begins.
    pub next_step: Option<(usize, Time)>,
    /// Every agent of the contact center, and the rule that excludes them; `None` means that they
    /// are eligible now.
    pub agents: Vec<(Arc<User>, Assessment)>,
}

/// Sorts offers by their agents; those to one agent keep their order.
fn by_agent(pairs: &[Pair]) -> Vec<Vec<Pair>> {
    let mut places = HashMap::new();
    let mut sorted: Vec<Vec<Pair>> = Vec::new();
    for pair in pairs {
        let place = *places.entry(pair.user).or_insert(sorted.len());
        match sorted.get_mut(place) {
            Some(offers) => offers.push(*pair),
            None => sorted.push(vec![*pair]),
        }
    }
    sorted
}

impl Engine {
    /// Makes every offer that can be made now. Idempotent: a second round finds nothing to do.
    ///
    /// # Errors
    ///
    /// The store's own; what was not offered is found again in the next round.
    pub async fn route(&self) -> Result<(), StoreError> {
        loop {
            let plan = self.plan();
            self.next_change.set(plan.next_change);
            if plan.pairs.is_empty() {
                return Ok(());
            }
            let mut made = 0_usize;
            for pairs in plan.pairs.chunks(OFFERS_AT_ONCE) {
                for offered in
                    join_all(by_agent(pairs).into_iter().map(|offers| self.offer_all(offers))).await
                {
                    made += offered?;
                }
            }
            // When nothing came of a whole plan, what it was made from is being changed by somebody
            // else, who then wakes the router.
            if made == 0 {
                return Ok(());
            }
        }
    }

    fn plan(&self) -> Plan {
        // Every freed slot wakes the router, and mostly nothing waits: then not even a look at the
        // desks is needed.
        if self.board.waiting_count() == 0 {
            return Plan::default();
        }
        let directory = self.directory();
        let desks = self.board.desks();
        let now = self.clock.now();
        let mut whole = Plan::default();
        for center in directory.centers.keys() {
            let part = self.plan_center(*center, &directory, &desks, now);
            whole.pairs.extend(part.pairs);
            whole.next_change = whole.next_change.into_iter().chain(part.next_change).min();
        }
        whole
    }

    fn plan_center(
        &self,
        center: CenterId,
        directory: &Directory,
        desks: &[Arc<Desk>],
        now: Time,
    ) -> Plan {
        let queues = directory.queues.values().filter(|queue| queue.center == center);
        self.board.look_at_lines(|lines| {
            let lines = queues.map(|queue| Line { queue, waiting: lines.of(queue.id) });
            let here = desks.iter().filter(|desk| desk.center == center && desk.session.is_some());
            let agents = here
                .filter_map(|desk| Some(Agent { user: directory.user(center, desk.user)?, desk }));
            plan(lines, agents, now)
        })
    }

    /// Returns the agent whom the router would choose for a chat that entered a queue now, of those
    /// whom the chat does not concern yet.
    pub(crate) fn adviser(
        &self,
        queue: &Queue,
        chat: &Interaction,
        directory: &Directory,
    ) -> Option<UserId> {
        let (now, desks, people) = (self.clock.now(), self.board.desks(), chat.people());
        let (skills, passes) = (SkillLevels::new(), Vec::new());
        let wait = Wait {
            queue: queue.id,
            since: now,
            front: false,
            mode: Mode::Chatting,
            skills,
            passes,
        };
        let line = Line { queue, waiting: std::iter::once(Waiting::of(chat, &wait)) };
        let here = desks.iter().filter(|desk| desk.center == chat.center && desk.session.is_some());
        let strangers = here.filter(|desk| !people.contains(&desk.user));
        let agents = strangers
            .filter_map(|desk| Some(Agent { user: directory.user(chat.center, desk.user)?, desk }));
        plan([line], agents, now).pairs.first().map(|pair| pair.user)
    }

    /// Makes the offers to one agent, one after the other: they are seen in the order in which they
    /// are made. Returns how many were made.
    async fn offer_all(&self, offers: Vec<Pair>) -> Result<usize, StoreError> {
        let mut made = 0;
        for Pair { interaction, user } in offers {
            made += usize::from(self.offer(interaction, user).await?);
        }
        Ok(made)
    }

    /// Makes one offer; tells whether it was made.
    async fn offer(&self, id: InteractionId, to: UserId) -> Result<bool, StoreError> {
        let command = Command {
            actor: Actor::Router,
            epoch: None,
            action: Action::Offer { to },
            farewell: None,
            note: None,
        };
        match self
            .execute(&Attempt { id, command, reference: None, receipt: None, also: Vec::new() })
            .await
        {
            Ok(_) => Ok(true),
            // What cannot be read was set aside by the store, and the others are offered.
            Err(ExecuteError::Store(error)) if error.is_unreadable() => Ok(false),
            Err(ExecuteError::Store(error)) => Err(error),
            Err(error) => {
                tracing::debug!(interaction.id = %id, agent.id = %to, error = %error, "an offer came to nothing");
                Ok(false)
            }
        }
    }

    /// Reads everything that waits from the store.
    pub(crate) async fn reload_waiting(&self) -> Result<(), StoreError> {
        let mut query = InteractionQuery::of(InteractionScope::Waiting, PAGE);
        loop {
            let page = self.store.interactions(&query).await?;
            query.after = page.items.last().map(|last| last.value.id);
            for item in page.items {
                self.board.enter_interaction(Arc::new(item.value), item.version);
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Tells why an interaction waits; `None` when it is in no queue.
    #[must_use]
    pub fn why(&self, interaction: &Interaction) -> Option<Why> {
        let wait = interaction.wait()?;
        let directory = self.directory();
        let queue = directory.queue(interaction.center, wait.queue)?.clone();
        let now = self.clock.now();
        let people: Vec<(Arc<User>, Arc<Desk>)> = directory
            .users
            .values()
            .filter(|user| user.center == interaction.center)
            .map(|user| {
                let absent = || Arc::new(Desk::new(user.id, user.center, now));
                (user.clone(), self.desk(user.id).unwrap_or_else(absent))
            })
            .collect();
        let agents = people.iter().map(|(user, desk)| Agent { user, desk });
        let assessments = assess(&Waiting::of(interaction, wait), &queue, agents, now);
        let step = handoff_domain::routing::search(&queue, wait.since, now).step;
        Some(Why {
            step,
            next_step: next_step(&queue, wait.since, now),
            since: wait.since,
            agents: people.into_iter().map(|(user, _)| user).zip(assessments).collect(),
            queue,
        })
    }
}
