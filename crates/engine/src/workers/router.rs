//! The router: finds agents for what waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use handoff_bus::{Hint, Received};
use handoff_domain::routing::{Agent, Line, Pair, Plan, plan};
use handoff_domain::{CenterId, Desk, SystemAction, Time};
use handoff_store::StoreError;

use crate::commands::{CommandRequest, Commands, ExecuteError};
use crate::core::{Core, Directory, Duty};
use crate::worker::Worker;

/// Offers made at the same time; together they are one or two commits of the store.
const OFFERS_AT_ONCE: usize = 256;

/// Makes offers.
pub struct Router {
    core: Arc<Core>,
    commands: Arc<Commands>,
    /// When time alone can next change what it finds.
    next_change: Mutex<Option<Time>>,
}

impl Router {
    pub(super) fn new(core: Arc<Core>, commands: Arc<Commands>) -> Self {
        Self { core, commands, next_change: Mutex::default() }
    }

    fn next_change(&self) -> std::sync::MutexGuard<'_, Option<Time>> {
        self.next_change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every offer that can be made now. Idempotent: a second round finds nothing to do.
    ///
    /// # Errors
    ///
    /// The store's own; what was not offered is found again in the next round.
    pub async fn route(&self) -> Result<(), StoreError> {
        loop {
            // An agent who is ready here may have been so after work came in at other nodes: what
            // waits is offered in its order, whichever node it waits at.
            if self.core.followed.lacks_earlier() {
                self.core.follow_log().await?;
            }
            let plan = self.plan();
            *self.next_change() = plan.next_change;
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
        if self.core.board.waiting_count() == 0 {
            return Plan::default();
        }
        let directory = self.core.directory();
        let desks = self.core.board.desks();
        let now = self.core.now();
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
        self.core.board.look_at_lines(|lines| {
            let lines = queues.map(|queue| Line { queue, waiting: lines.of(queue.id) });
            let here = desks.iter().filter(|desk| desk.center == center && desk.session.is_some());
            let agents = here
                .filter_map(|desk| Some(Agent { user: directory.user(center, desk.user)?, desk }));
            plan(lines, agents, now)
        })
    }

    /// Makes the offers to one agent, one after the other: they are seen in the order in which they
    /// are made. Returns how many were made.
    async fn offer_all(&self, offers: Vec<Pair>) -> Result<usize, StoreError> {
        let mut made = 0;
        for pair in offers {
            made += usize::from(self.offer(pair).await?);
        }
        Ok(made)
    }

    /// Makes one offer; tells whether it was made.
    async fn offer(&self, pair: Pair) -> Result<bool, StoreError> {
        let Pair { interaction: id, user: to, of } = pair;
        let action = SystemAction::Offer { to, of };
        match self.commands.execute(&CommandRequest::new(id, action)).await {
            Ok(_) => Ok(true),
            // What cannot be read was set aside by the store, and the others are offered.
            Err(ExecuteError::Store(error)) if error.is_unreadable() => Ok(false),
            Err(ExecuteError::Store(error)) => Err(error),
            Err(error) => {
                tracing::debug!(
                    interaction.id = %id,
                    agent.id = %to,
                    error = %error,
                    "an offer came to nothing"
                );
                Ok(false)
            }
        }
    }
}

#[async_trait]
impl Worker for Router {
    fn name(&self) -> &'static str {
        "router"
    }

    fn duty(&self) -> Option<Duty> {
        Some(Duty::Routing)
    }

    fn period(&self) -> Duration {
        Duration::from_millis(self.core.options.period_ms)
    }

    fn next_due(&self) -> Option<Time> {
        *self.next_change()
    }

    fn is_woken_by(&self, received: &Received) -> bool {
        matches!(received, Received::Hint(Hint::Routing | Hint::Directory) | Received::Missed)
    }

    async fn round(&self) -> Result<(), StoreError> {
        self.route().await
    }
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
