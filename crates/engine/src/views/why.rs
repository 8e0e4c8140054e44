//! Why an interaction waits: what the router finds about every agent.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_domain::routing::{
    Agent, Exclusion, Search, Waiting, assess, is_asked, next_step, search,
};
use handoff_domain::{Desk, GroupId, Interaction, Queue, SkillLevels, Time, User, UserId};

use super::Views;
use crate::core::CurrentBoard;

/// Why an interaction waits.
#[derive(Clone, Debug)]
pub struct Why {
    pub queue: Arc<Queue>,
    /// When it entered the queue.
    pub since: Time,
    /// Its place in line; 1 is next, also while it is offered.
    pub place: usize,
    /// The widening step in force, by its place in the queue's list; `None` before the first.
    pub step: Option<usize>,
    /// Whom it asks for now.
    pub asks: Asked,
    /// The step that comes next.
    pub next_step: Option<NextStep>,
    /// Every agent of the contact center.
    pub agents: Vec<Judged>,
}

/// Whom a search asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// None of them is everybody who has the skills.
    pub groups: BTreeSet<GroupId>,
    /// The least levels, those included that this interaction asks for beside.
    pub skills: SkillLevels,
}

/// A step that is still to come.
#[derive(Clone, Debug)]
pub struct NextStep {
    /// By its place in the queue's list.
    pub step: usize,
    pub at: Time,
    pub asks: Asked,
    /// Who is asked then and is not now.
    pub adds: Vec<UserId>,
}

/// An agent, and what is in the way.
#[derive(Clone, Debug)]
pub struct Judged {
    pub user: Arc<User>,
    pub desk: Arc<Desk>,
    /// The rule that excludes them; `None` means that they are eligible now.
    pub rule: Option<Exclusion>,
}

/// Why it waits, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is offered to somebody now.
    Offered,
    /// Somebody can be offered it.
    CanBeTaken,
    /// The queue asks nobody.
    QueueUnserved,
    /// No agent is what is asked for.
    NobodyServes,
    /// None of those who are asked is at work and in reach.
    NobodyHere,
    /// Of those who are there none is Ready.
    NobodyReady,
    /// Those who are Ready have no room.
    AllFull,
    /// Those who could have passed it by.
    Declined,
}

impl Why {
    /// Returns why it waits, in a word: what is in the way of whoever is nearest to taking it.
    #[must_use]
    pub fn verdict(&self, interaction: &Interaction) -> Verdict {
        if interaction.offer().is_some() {
            return Verdict::Offered;
        }
        // Nobody at all is as if there were nobody who serves it.
        let nearest =
            self.agents.iter().map(|agent| nearness(agent.rule)).max_by_key(|(near, _)| *near);
        nearest.map_or(Verdict::NobodyServes, |(_, verdict)| verdict)
    }
}

/// Returns how near somebody is to taking it, and what they stand for when nobody is nearer.
const fn nearness(rule: Option<Exclusion>) -> (u8, Verdict) {
    match rule {
        None => (6, Verdict::CanBeTaken),
        Some(Exclusion::PassedUntil { .. } | Exclusion::PassedAndOthersEligible { .. }) => {
            (5, Verdict::Declined)
        }
        Some(Exclusion::Full) => (4, Verdict::AllFull),
        Some(Exclusion::NotReady | Exclusion::DoNotDisturb) => (3, Verdict::NobodyReady),
        Some(Exclusion::NoSession | Exclusion::Unreachable) => (2, Verdict::NobodyHere),
        Some(Exclusion::QueueUnserved) => (1, Verdict::QueueUnserved),
        Some(
            Exclusion::Disabled
            | Exclusion::NotAnAgent
            | Exclusion::NotInGroups
            | Exclusion::MissingSkill { .. },
        ) => (0, Verdict::NobodyServes),
    }
}

impl Asked {
    fn of(search: &Search<'_>, beside: &SkillLevels) -> Self {
        let mut skills = search.skills.clone();
        for (skill, level) in beside {
            let least = skills.entry(*skill).or_default();
            *least = (*least).max(*level);
        }
        Self { groups: search.groups.clone(), skills }
    }
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
        let agents = || people.iter().map(|(user, desk)| Agent { user, desk });
        let media = interaction.media();
        let assessments = assess(&Waiting::of(interaction, &media, wait), &queue, agents(), now);
        let present = search(&queue, wait, now);
        let next_step = next_step(&queue, wait, now).map(|(step, at)| {
            let later = Search::of(&queue, Some(step));
            let is_added = |agent: &Agent<'_>| {
                !is_asked(&present, &wait.skills, *agent) && is_asked(&later, &wait.skills, *agent)
            };
            let adds = agents().filter(is_added).map(|agent| agent.user.id).collect();
            NextStep { step, at, asks: Asked::of(&later, &wait.skills), adds }
        });
        let place = self.place_in_line(board, interaction).map_or(1, |place| place.position);
        let (step, asks) = (present.step, Asked::of(&present, &wait.skills));
        let rules = assessments.into_iter().map(|(_, rule)| rule);
        let agents =
            people.into_iter().zip(rules).map(|((user, desk), rule)| Judged { user, desk, rule });
        let agents = agents.collect();
        Some(Why { since: wait.since, place, step, asks, next_step, agents, queue })
    }
}
