//! What would have been: the arrivals of a span of time, routed by other users and queues than it
//! was done.
//!
//! Nothing is changed by it. What happened is read from the log ([`kept`], [`day`]), what would
//! have happened is found by the router's own plan ([`simulation`]), and both are told in the same
//! figures ([`figures`]). By the users and queues of now it comes to what was, as far as they were
//! the same then; how far it does is part of the answer.

mod course;
mod day;
mod error;
mod figures;
mod habits;
mod kept;
mod simulation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use handoff_domain::{CenterId, InteractionId, Queue, QueueId, Time, User, UserId};

use self::day::Day;
use self::habits::Habits;
use self::simulation::Rules;
use super::Views;

pub use self::error::WhatIfError;
pub use self::figures::{AgentFigures, Figures, Played, QueueFigures};

/// By how much a wait may differ and count as the same, in ms: the router is told of what happens
/// a moment after it did.
const SAME_WITHIN_MS: u64 = 1_000;

/// Something is asked of the past.
#[derive(Clone, Debug)]
pub struct Question {
    pub center: CenterId,
    /// From when on.
    pub from: Time,
    /// Until when, at the latest until now.
    pub to: Time,
    /// Users as they are to be; the others are as they are.
    pub users: Vec<User>,
    /// Queues as they are to be.
    pub queues: Vec<Queue>,
}

/// A wait that would have come to something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `None` where there would have been no such wait.
    pub was: Option<Played>,
    pub would_be: Option<Played>,
}

impl Difference {
    /// Returns the interaction that it is about.
    #[must_use]
    pub fn interaction(&self) -> Option<InteractionId> {
        self.was.as_ref().or(self.would_be.as_ref()).map(|played| played.interaction)
    }

    fn is_same(&self) -> bool {
        matches!((&self.was, &self.would_be), (Some(was), Some(then)) if is_same(was, then))
    }
}

/// What was, and what would have been.
#[derive(Clone, Debug)]
pub struct WhatIf {
    pub was: Figures,
    pub would_be: Figures,
    /// In order of the interactions.
    pub differences: Vec<Difference>,
    /// How many waits come to what was when they are routed by the users and queues of now.
    pub recognized: usize,
    /// Of how many.
    pub waits: usize,
    /// How many interactions are left out, because their records are gone or cannot be
    /// read.
    pub left_out: usize,
}

impl Views {
    /// Tells what would have been. It takes a processor for a second or two at most, so a node
    /// answers one question at a time.
    ///
    /// # Errors
    ///
    /// [`WhatIfError`].
    pub async fn what_if(&self, question: Question) -> Result<WhatIf, WhatIfError> {
        let turn = Arc::clone(&self.asked).try_lock_owned().map_err(|_| WhatIfError::Busy)?;
        let Question { center, from, to, users, queues } = question;
        let kept = kept::read(&self.core, center, from).await?;
        let directory = self.core.directory();
        let of_center = directory.users.values().filter(|user| user.center == center);
        let users_now: BTreeMap<UserId, User> =
            of_center.map(|user| (user.id, User::clone(user))).collect();
        let of_center = directory.queues.values().filter(|queue| queue.center == center);
        let queues_now: BTreeMap<QueueId, Queue> =
            of_center.map(|queue| (queue.id, Queue::clone(queue))).collect();
        let work = move || {
            // Whoever asked may be gone; the next question waits for the end all the same.
            let _turn = turn;
            let (day, left_out) = (Day::of(&kept, (from, to)), kept.left_out);
            let now = Rules { users: &users_now, queues: &queues_now };
            let (mut users_then, mut queues_then) = (users_now.clone(), queues_now.clone());
            users_then.extend(users.into_iter().map(|user| (user.id, user)));
            queues_then.extend(queues.into_iter().map(|queue| (queue.id, queue)));
            let then = Rules { users: &users_then, queues: &queues_then };
            let habits = Habits::of(&day);
            let was = figures::was(&day);
            let again = simulation::play(&day, now, &habits)?;
            let would_be = simulation::play(&day, then, &habits)?;
            let mut differences = waits(&was, &would_be);
            differences.retain(|pair| !pair.is_same());
            Ok(WhatIf {
                recognized: waits(&was, &again).iter().filter(|pair| pair.is_same()).count(),
                waits: was.len(),
                left_out,
                differences,
                was: Figures::of(&was),
                would_be: Figures::of(&would_be),
            })
        };
        let worked = tokio::task::spawn_blocking(work).await;
        worked.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

/// Puts beside each wait what would have come of it.
fn waits(was: &[Played], would_be: &[Played]) -> Vec<Difference> {
    let by_wait = |played: &[Played]| -> BTreeMap<(InteractionId, usize), Played> {
        let keyed = played.iter().map(|one| ((one.interaction, one.number), one.clone()));
        keyed.collect()
    };
    let (mut was, mut would_be) = (by_wait(was), by_wait(would_be));
    let keys: BTreeSet<_> = was.keys().chain(would_be.keys()).copied().collect();
    let pair = |key| Difference { was: was.remove(key), would_be: would_be.remove(key) };
    keys.iter().map(pair).collect()
}

/// Tells whether two waits came to the same: the same people were asked in the same order, and it
/// ended in the same way at about the same time.
fn is_same(one: &Played, other: &Played) -> bool {
    let asked = |played: &Played| played.offers.iter().map(|(user, _)| *user).collect::<Vec<_>>();
    let is_end_same = match (one.taken(), other.taken()) {
        (Some((by, after)), Some((by_other, after_other))) => {
            by == by_other && after.abs_diff(after_other) <= SAME_WITHIN_MS
        }
        (None, None) => one.has_left() == other.has_left(),
        _ => false,
    };
    is_end_same && asked(one) == asked(other)
}
