//! Routing: who is eligible for what, and who gets it.
//!
//! Everything here is pure: the same waiting interactions, agents and time always give the same
//! pairs. It makes no offers; the router turns pairs into commands, and each is tried once more on
//! the state that its commit guards (see `decide`).
//!
//! An interaction is offered in this order: what goes to the front first, then priority descending,
//! enqueue time, id (docs/compat/interactions.md#routing). An agent is chosen in this order: who
//! did not pass it by first, then who has the fewest slots of that medium taken, then who was
//! offered something longest ago, then id.

mod attendance;
mod eligibility;
mod plan;
mod pool;
mod search;

use core::cmp::Reverse;

use crate::center::{Queue, User};
use crate::desk::Desk;
use crate::id::InteractionId;
use crate::interaction::{Interaction, Mode, Wait};
use crate::media::Media;
use crate::time::Time;

pub use attendance::{Attendance, attendance};
pub use eligibility::{Assessment, Exclusion, assess, exclusion, hindrance, is_able, is_asked};
pub use plan::{Line, Pair, Plan, plan};
pub use pool::COUNTED_MAX;
pub use search::{Search, next_step, search};

/// An interaction that waits in a queue, as far as routing is concerned.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    pub id: InteractionId,
    /// Its priority; higher is routed first.
    pub priority: i64,
    /// Its medium.
    pub media: &'a Media,
    pub wait: &'a Wait,
}

impl<'a> Waiting<'a> {
    /// Returns the entry of an interaction of that medium for a wait of it.
    #[must_use]
    pub const fn of(interaction: &Interaction, media: &'a Media, wait: &'a Wait) -> Self {
        Self { id: interaction.id, priority: interaction.priority, media, wait }
    }

    /// Returns its place in the routing order; the smallest goes first.
    #[must_use]
    pub const fn rank(&self) -> Rank {
        Rank::new(self.id, self.priority, self.wait)
    }

    /// Tells whether it takes a slot of the agent who is offered it; a draft takes none
    /// (docs/compat/agents.md#capacity).
    #[must_use]
    pub fn takes_slot(&self) -> bool {
        self.wait.mode != Mode::Composing
    }
}

/// A place in the routing order; the smallest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    // The order of the fields is the order of comparison.
    front: Reverse<bool>,
    priority: Reverse<i64>,
    since: Time,
    id: InteractionId,
}

impl Rank {
    /// Returns the place of an interaction of that priority in its wait.
    #[must_use]
    pub const fn new(id: InteractionId, priority: i64, wait: &Wait) -> Self {
        let Wait { front, since, .. } = *wait;
        Self { front: Reverse(front), priority: Reverse(priority), since, id }
    }
}

/// An agent: the person and where they work.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    /// The person.
    pub user: &'a User,
    /// Where they work.
    pub desk: &'a Desk,
}

impl Agent<'_> {
    /// Tells whether one more interaction of that medium fits.
    #[must_use]
    pub fn has_room(&self, media: &Media) -> bool {
        self.desk.has_room(self.user, media)
    }
}

/// Returns the time at which an agent who passed something by in that queue is asked again at the
/// earliest.
const fn asked_again(queue: &Queue, passed: Time) -> Time {
    passed.plus_ms(queue.reoffer_after_ms)
}

#[cfg(test)]
mod tests;
