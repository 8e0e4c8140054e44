//! What the contact center is: which agent may be offered what, and since when.

use handoff_api::wire::date::print;
use handoff_domain::{CenterId, Media, QueueId, Role, SkillId, Time, WorkbinId, WorkbinOwner};
use handoff_testkit::Center;
use handoff_testkit::center::{ADMIN, QUEUE, agent, submitter};
use rand::RngExt as _;
use rand::rngs::StdRng;

/// How long old rules may be gone by after a change was applied, and a disabled user have a
/// session.
pub(super) const EFFECT_MS: i64 = 1_000;
/// How long an agent stays disabled at least: longer than it takes to look for their session.
const DISABLED_MS: i64 = 3_000;
/// The highest level of a skill.
const LEVEL_MAX: u32 = 3;
/// The queues, each served by a group of the same place.
pub(super) const QUEUES: [&str; 2] = [QUEUE, "second"];
const GROUPS: [&str; 2] = ["First", "Second"];
const SKILL: SkillId = SkillId(1);
/// Most users who are there for nothing but to come and go.
const GUESTS_MAX: usize = 20;

/// What decides whether an agent may be offered something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agent {
    pub(super) disabled: Option<Time>,
    /// The place of their group, and of the queue that it serves.
    group: usize,
    level: u32,
}

/// The contact center at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    pub(super) agents: Vec<Agent>,
    /// The level that each queue asks for.
    levels: [u32; QUEUES.len()],
    guests: usize,
}

/// What a change does that is not seen by comparing rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Disabled(usize),
    /// Somebody is not in the file any more.
    Removed,
    Other,
}

impl Rules {
    /// Everybody may be offered what waits in their group's queue.
    pub(super) fn open(agents: usize, guests: usize) -> Self {
        let agent =
            |number| Agent { disabled: None, group: number % QUEUES.len(), level: LEVEL_MAX };
        Self { agents: (0..agents).map(agent).collect(), levels: [0; QUEUES.len()], guests }
    }

    pub(super) fn permit(&self, agent: usize, queue: usize) -> bool {
        let Agent { disabled, group, level } = self.agents[agent];
        disabled.is_none() && group == queue && level >= self.levels[queue]
    }

    /// Changes something by chance; says what.
    pub(super) fn change(&mut self, random: &mut StdRng, now: Time) -> Change {
        let number = random.random_range(0..self.agents.len());
        let at_work = self.agents.iter().filter(|agent| agent.disabled.is_none()).count();
        let most_are_here = at_work * 2 > self.agents.len();
        let agent = &mut self.agents[number];
        match (random.random_range(0..10), agent.disabled) {
            (_, Some(since)) if now.0 - since.0 >= DISABLED_MS => agent.disabled = None,
            (0..3, None) if most_are_here => {
                agent.disabled = Some(now);
                return Change::Disabled(number);
            }
            (0..5, _) => agent.group = 1 - agent.group,
            (5..7, _) => agent.level = random.random_range(0..=LEVEL_MAX),
            (7, _) => {
                let queue = random.random_range(0..QUEUES.len());
                self.levels[queue] = random.random_range(0..LEVEL_MAX);
            }
            (8, _) if self.guests > 0 => {
                self.guests -= 1;
                return Change::Removed;
            }
            _ => self.guests = GUESTS_MAX.min(self.guests + 1),
        }
        Change::Other
    }

    /// Returns the contact center as the program is told of it.
    pub(super) fn center(&self) -> Center {
        let id = |place: usize| u128::try_from(place + 1).expect("a place is small");
        let group = |place: usize| handoff_domain::GroupId(id(place));
        let mut center = Center::new(CenterId(1), "Made").skill(SKILL, "craft");
        for (place, name) in GROUPS.iter().enumerate() {
            center = center.group(group(place), name);
        }
        for (place, name) in QUEUES.iter().enumerate() {
            let asked = Some((SKILL, self.levels[place])).filter(|(_, level)| *level > 0);
            let asked = asked.as_slice();
            center = center
                .queue(QueueId(id(place)), name, Media::Workitem, &[group(place)], asked)
                .invites_for_s(2);
        }
        center = center
            .workbin(WorkbinId(1), "Shelf", WorkbinOwner::Group(group(0)))
            .person(ADMIN, Role::Admin, &[])
            .person(&submitter(0), Role::ApiUser, &[]);
        for (number, one) in self.agents.iter().enumerate() {
            center = center
                .person(&agent(number), Role::Agent, &[group(one.group)])
                .room(Media::Workitem, 3);
            let last = center.users.last_mut().expect("somebody is there");
            last.skills.insert(SKILL, one.level);
            last.enabled = one.disabled.is_none();
        }
        for number in 0..self.guests {
            center = center.person(&format!("guest{number:02}"), Role::Agent, &[group(0)]);
        }
        center
    }
}

/// Rules from when on and until when somebody may go by them, as the program prints times.
struct Version {
    begun: String,
    /// When the next was applied, and the time that it may take has passed.
    over: Option<String>,
    rules: Rules,
}

/// All rules so far.
pub(super) struct Timeline(Vec<Version>);

impl Timeline {
    pub(super) fn new(rules: Rules, now: Time) -> Self {
        Self(vec![Version { begun: print(now), over: None, rules }])
    }

    /// Notes that a change was begun and applied.
    pub(super) fn note(&mut self, rules: Rules, begun: Time, done: Time) {
        if let Some(last) = self.0.last_mut() {
            last.over = Some(print(Time(done.0 + EFFECT_MS)));
        }
        self.0.push(Version { begun: print(begun), over: None, rules });
    }

    /// Tells whether an offer at that time is by rules that somebody may have gone by.
    pub(super) fn permits(&self, at: &str, agent: usize, queue: usize) -> bool {
        let in_force = |version: &&Version| {
            version.begun.as_str() <= at && version.over.as_deref().is_none_or(|over| at <= over)
        };
        self.0.iter().filter(in_force).any(|version| version.rules.permit(agent, queue))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_by_old_rules_is_allowed_for_as_long_as_a_change_may_take() {
        let rules = Rules::open(2, 0);
        let mut timeline = Timeline::new(rules.clone(), Time(0));
        let mut without = rules;
        without.agents[0].disabled = Some(Time(5_000));
        timeline.note(without, Time(5_000), Time(5_100));
        let at = |ms| print(Time(ms));
        assert!(timeline.permits(&at(4_000), 0, 0) && timeline.permits(&at(6_100), 0, 0));
        assert!(!timeline.permits(&at(6_101), 0, 0), "the new rules hold");
        assert!(timeline.permits(&at(9_000), 1, 1), "others are not concerned");
        assert!(!timeline.permits(&at(4_000), 0, 1), "another group's queue");
    }
}
