//! Why an interaction waits: what the router finds about every agent.

use std::sync::Arc;

use handoff_domain::routing::{Agent, Assessment, Waiting, assess, next_step};
use handoff_domain::{Desk, Interaction, Queue, Time, User};

use super::Views;
use crate::core::CurrentBoard;

/// Why an interaction waits.
#[derive(Clone, Debug)]
pub struct Why {
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

impl Views {
    /// Tells why an interaction waits; `None` when it is in no queue.
    #[must_use]
    pub fn why(&self, board: CurrentBoard<'_>, interaction: &Interaction) -> Option<Why> {
        let wait = interaction.wait()?;
        let directory = self.core.directory();
        let queue = directory.queue(interaction.center, wait.queue)?.clone();
        let now = self.core.now();
        let people: Vec<(Arc<User>, Arc<Desk>)> = directory
            .users
            .values()
            .filter(|user| user.center == interaction.center)
            .map(|user| {
                let absent = || Arc::new(Desk::new(user.id, user.center, now));
                (user.clone(), board.desk(user.id).map_or_else(absent, |desk| desk.value))
            })
            .collect();
        let agents = people.iter().map(|(user, desk)| Agent { user, desk });
        let media = interaction.media();
        let assessments = assess(&Waiting::of(interaction, &media, wait), &queue, agents, now);
        let step = handoff_domain::routing::search(&queue, wait, now).step;
        Some(Why {
            step,
            next_step: next_step(&queue, wait, now),
            since: wait.since,
            agents: people.into_iter().map(|(user, _)| user).zip(assessments).collect(),
            queue,
        })
    }
}
