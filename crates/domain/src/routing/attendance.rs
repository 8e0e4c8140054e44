//! Whether anybody is there for a queue: what somebody who waits in it may be promised.

use crate::center::{Queue, SkillLevels};
use crate::routing::eligibility::{Exclusion, by_desk, by_search, by_skills};
use crate::routing::{Agent, Search};

/// How a queue is attended, by the rules that routing goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attendance {
    /// Nobody who could be offered what waits in it at any of its steps has a contact-center
    /// session with its channel.
    Nobody,
    /// Somebody has, but none of them takes anything now: not Ready, not to be disturbed, or out of
    /// reach.
    Paused,
    /// Somebody takes what waits in it, now or as soon as they have a free slot.
    Served,
}

/// Tells how a queue is attended, for what asks for those skills beyond the queue's.
#[must_use]
pub fn attendance<'a>(
    queue: &Queue,
    skills: &SkillLevels,
    agents: impl IntoIterator<Item = Agent<'a>>,
) -> Attendance {
    let of_agent = |agent: Agent<'_>| of_agent(queue, skills, agent);
    let mut best = Attendance::Nobody;
    for agent in agents {
        best = best.max(of_agent(agent));
        if best == Attendance::Served {
            break;
        }
    }
    best
}

fn of_agent(queue: &Queue, skills: &SkillLevels, agent: Agent<'_>) -> Attendance {
    let media = &queue.media;
    let steps = || core::iter::once(None).chain((0..queue.steps.len()).map(Some));
    let is_asked = || steps().any(|step| by_search(&Search::of(queue, step), agent).is_none());
    // Whoever has no slot of that medium at all never gets one free.
    let never_has_room =
        agent.user.capacity.of(media) == 0 || agent.user.capacity.overall == Some(0);
    let is_in = agent.desk.session.is_some() && agent.desk.channels.contains_key(media);
    if !is_in || never_has_room || by_skills(skills, agent).is_some() || !is_asked() {
        return Attendance::Nobody;
    }
    match by_desk(media, agent) {
        None | Some(Exclusion::Full) => Attendance::Served,
        Some(_) => Attendance::Paused,
    }
}
