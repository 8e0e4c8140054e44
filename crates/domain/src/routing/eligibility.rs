//! Why an agent is not eligible. One closed list of rules, used by the plan, by the command `Offer`
//! and by the answer to "why".

use alloc::vec::Vec;

use crate::center::{Queue, Role, SkillLevels};
use crate::desk::Readiness;
use crate::id::{InteractionId, SkillId, UserId};
use crate::media::Media;
use crate::routing::{Agent, Search, Waiting, asked_again, search};
use crate::time::Time;

/// The rule that keeps an agent from being offered an interaction. The rules are tried in this
/// order; the first that applies is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// The queue has neither groups nor skills at this step, so nobody serves it.
    QueueUnserved,
    /// The user is disabled.
    Disabled,
    /// The user is no agent.
    NotAnAgent,
    /// They are in none of the groups that are asked.
    NotInGroups,
    /// They lack a skill, or have it at too low a level.
    MissingSkill {
        skill: SkillId,
        /// The least level that is asked for.
        level: u32,
    },
    /// They have no contact-center session.
    NoSession,
    /// They do not listen to anything that would show them an offer of this medium.
    Unreachable,
    /// They are not Ready on this channel.
    NotReady,
    /// They do not want to be disturbed on this channel.
    DoNotDisturb,
    /// They have no free slot.
    Full,
    /// They passed it by a moment ago.
    PassedUntil {
        /// When they may be asked again.
        until: Time,
    },
    /// They passed it by, and others who did not are eligible now.
    PassedAndOthersEligible {
        /// When they passed it by.
        at: Time,
    },
}

/// Returns the rule that keeps one agent from being offered what waits in `queue`, by what concerns
/// this agent alone: that others come first after they passed it by is up to [`assess`].
#[must_use]
pub fn exclusion(
    waiting: &Waiting<'_>,
    queue: &Queue,
    agent: Agent<'_>,
    now: Time,
) -> Option<Exclusion> {
    let search = search(queue, waiting.wait, now);
    by_search(&search, agent)
        .or_else(|| by_skills(&waiting.wait.skills, agent))
        .or_else(|| by_desk(waiting.media, agent))
        .or_else(|| by_pass(waiting, queue, agent.user.id, now))
}

/// Returns the rule that keeps an agent from being offered an interaction by name, as its owner
/// does. One who has its slot already, by an offer or as a participant, needs no second.
#[must_use]
pub fn hindrance(interaction: InteractionId, media: &Media, agent: Agent<'_>) -> Option<Exclusion> {
    let has_slot = agent.desk.slots.contains_key(&interaction);
    by_desk(media, agent).filter(|rule| !(has_slot && *rule == Exclusion::Full))
}

/// Tells whether an agent would be offered one more interaction of that medium, whoever they
/// serve.
#[must_use]
pub fn is_able(media: &Media, agent: Agent<'_>) -> bool {
    by_desk(media, agent).is_none()
}

/// Tells whether a search asks an agent for what wants these skills beside, whether or not they
/// are there and have room.
#[must_use]
pub fn is_asked(search: &Search<'_>, skills: &SkillLevels, agent: Agent<'_>) -> bool {
    by_search(search, agent).is_none() && by_skills(skills, agent).is_none()
}

/// One agent, and the rule that excludes them; `None` means that they are eligible.
pub type Assessment = (UserId, Option<Exclusion>);

/// Judges every agent for one waiting interaction, in the order given.
#[must_use]
pub fn assess<'a>(
    waiting: &Waiting<'_>,
    queue: &Queue,
    agents: impl IntoIterator<Item = Agent<'a>>,
    now: Time,
) -> Vec<Assessment> {
    let judge = |agent: Agent<'a>| (agent.user.id, exclusion(waiting, queue, agent, now));
    let mut judged: Vec<Assessment> = agents.into_iter().map(judge).collect();
    let passed = |user: UserId| waiting.wait.passes.iter().find(|pass| pass.user == user);
    let has_fresh = judged.iter().any(|(user, rule)| rule.is_none() && passed(*user).is_none());
    if has_fresh {
        for (user, rule) in judged.iter_mut().filter(|(_, rule)| rule.is_none()) {
            *rule = passed(*user).map(|pass| Exclusion::PassedAndOthersEligible { at: pass.at });
        }
    }
    judged
}

/// The rules about person and queue.
pub(super) fn by_search(search: &Search<'_>, agent: Agent<'_>) -> Option<Exclusion> {
    let user = agent.user;
    if search.asks_nobody() {
        Some(Exclusion::QueueUnserved)
    } else if !user.enabled {
        Some(Exclusion::Disabled)
    } else if !user.roles.contains(&Role::Agent) {
        Some(Exclusion::NotAnAgent)
    } else if !search.groups.is_empty() && search.groups.is_disjoint(&user.groups) {
        Some(Exclusion::NotInGroups)
    } else {
        by_skills(search.skills, agent)
    }
}

/// The rule about skills that are asked for.
pub(super) fn by_skills(asked: &SkillLevels, agent: Agent<'_>) -> Option<Exclusion> {
    let has =
        |skill: &SkillId, level: u32| agent.user.skills.get(skill).is_some_and(|own| *own >= level);
    asked
        .iter()
        .find(|(skill, level)| !has(skill, **level))
        .map(|(skill, level)| Exclusion::MissingSkill { skill: *skill, level: *level })
}

/// The rules about the desk.
pub(super) fn by_desk(media: &Media, agent: Agent<'_>) -> Option<Exclusion> {
    let desk = agent.desk;
    let channel = desk.channels.get(media);
    if desk.session.is_none() {
        Some(Exclusion::NoSession)
    } else if !desk.reach.covers(media) {
        Some(Exclusion::Unreachable)
    } else if channel.is_none_or(|channel| channel.readiness != Readiness::Ready) {
        Some(Exclusion::NotReady)
    } else if channel.is_some_and(|channel| channel.do_not_disturb) {
        Some(Exclusion::DoNotDisturb)
    } else if !agent.has_room(media) {
        Some(Exclusion::Full)
    } else {
        None
    }
}

fn by_pass(waiting: &Waiting<'_>, queue: &Queue, user: UserId, now: Time) -> Option<Exclusion> {
    let pass = waiting.wait.passes.iter().find(|pass| pass.user == user)?;
    let until = asked_again(queue, pass.at);
    (until > now).then_some(Exclusion::PassedUntil { until })
}
