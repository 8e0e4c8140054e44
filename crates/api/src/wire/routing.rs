//! Why an interaction waits: the answer of `GET /interactions/{id}/routing`.

use handoff_domain::routing::Exclusion;
use handoff_domain::{Desk, Interaction, Media, Time, User};
use handoff_engine::{Asked, Directory, Judged, NextStep, Verdict, Why};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::date::print;
use super::names::{rule_name, status_name};
use super::resource::{ChannelResource, Lookup, Room, UserPart, channels};

/// Why an interaction waits.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoutingResource {
    /// Its state, as everybody sees it whom no offer concerns.
    pub state: &'static str,
    /// The queue that it waits in; absent when it waits in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingPart>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WaitingPart {
    /// The queue's name.
    pub queue: String,
    /// When it entered the queue.
    pub since: String,
    /// How long it has waited, in ms.
    pub waited_ms: u64,
    /// Its place in line; 1 is next, also while it is offered.
    pub place: usize,
    /// How often it was offered so far, in this wait or before.
    pub offered: u64,
    /// Why it waits.
    pub verdict: VerdictPart,
    /// Whom it asks for now.
    pub asks: AskedPart,
    /// The widening step in force, counted from 1; 0 before the first.
    pub step: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_step: Option<NextStepPart>,
    /// Agents who can be offered it now.
    pub eligible: Vec<AgentPart>,
    /// Everybody else, and the rule that excludes them.
    pub excluded: Vec<AgentPart>,
}

/// Why it waits, for programs and for people.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictPart {
    pub code: &'static str,
    pub status_message: String,
}

/// Whom a search asks for.
#[derive(Clone, Debug, Serialize)]
pub struct AskedPart {
    /// Names; none of them is everybody who has the skills.
    pub groups: Vec<String>,
    /// The least levels by name.
    pub skills: Map<String, Value>,
}

/// A widening step that is still to come.
#[derive(Clone, Debug, Serialize)]
pub struct NextStepPart {
    /// Its number, from 1.
    pub step: usize,
    /// When it begins.
    pub at: String,
    #[serde(flatten)]
    pub asks: AskedPart,
    /// Who is asked then and is not now.
    pub adds: Vec<UserPart>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentPart {
    #[serde(flatten)]
    pub user: UserPart,
    /// Their channel of the interaction's medium.
    pub channel_state: ChannelResource,
    #[serde(flatten)]
    pub room: Room,
    /// Since when they would see no offer, while they have a contact-center session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable_since: Option<String>,
    /// The rule that excludes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
    /// What the rule refers to: the skill and level that they lack and what they have of it, or
    /// until when they are not asked again.
    #[serde(flatten)]
    pub detail: Map<String, Value>,
}

impl RoutingResource {
    /// Shows why an interaction waits. `why` is absent when it waits in no queue.
    #[must_use]
    pub fn new(
        interaction: &Interaction,
        why: Option<&Why>,
        now: Time,
        lookup: Lookup<'_>,
    ) -> Self {
        let waiting = why.map(|why| WaitingPart::new(interaction, why, now, lookup));
        Self { state: status_name(interaction.status()), waiting }
    }
}

impl WaitingPart {
    fn new(interaction: &Interaction, why: &Why, now: Time, lookup: Lookup<'_>) -> Self {
        let media = interaction.media();
        let (eligible, excluded): (Vec<&Judged>, Vec<&Judged>) =
            why.agents.iter().partition(|judged| judged.rule.is_none());
        let parts = |judged: &[&Judged]| {
            judged.iter().map(|judged| AgentPart::new(judged, &media, lookup)).collect()
        };
        Self {
            queue: why.queue.name.clone(),
            since: print(why.since),
            waited_ms: now.ms_since(why.since),
            place: why.place,
            offered: interaction.offers,
            verdict: VerdictPart::new(interaction, why, eligible.len(), lookup),
            asks: AskedPart::new(&why.asks, lookup.directory),
            step: why.step.map_or(0, |step| step + 1),
            next_step: why.next_step.as_ref().map(|next| NextStepPart::new(next, lookup)),
            eligible: parts(&eligible),
            excluded: parts(&excluded),
        }
    }
}

impl VerdictPart {
    fn new(interaction: &Interaction, why: &Why, able: usize, lookup: Lookup<'_>) -> Self {
        let queue = &why.queue.name;
        let (code, status_message) = match why.verdict(interaction) {
            Verdict::Offered => {
                let to = interaction.offer().map(|offer| UserPart::new(offer.to, lookup));
                let name = to.map(|to| to.user_name).unwrap_or_default();
                ("Offered", format!("It is offered to {name}."))
            }
            Verdict::CanBeTaken if able == 1 => {
                ("CanBeTaken", "One agent can take it now.".to_owned())
            }
            Verdict::CanBeTaken => ("CanBeTaken", format!("{able} agents can take it now.")),
            Verdict::QueueUnserved => ("QueueUnserved", format!("Nobody serves {queue}.")),
            Verdict::NobodyServes => {
                ("NobodyServes", "No agent has what is asked for now.".to_owned())
            }
            Verdict::NobodyHere => {
                ("NobodyHere", "None of those who are asked is at work.".to_owned())
            }
            Verdict::NobodyReady => {
                ("NobodyReady", "None of those who are asked and at work is Ready.".to_owned())
            }
            Verdict::AllFull => {
                ("AllFull", "None of those who are asked and Ready has room.".to_owned())
            }
            Verdict::Declined => {
                ("Declined", "Whoever could take it has declined it for now.".to_owned())
            }
        };
        Self { code, status_message }
    }
}

impl AskedPart {
    fn new(asked: &Asked, directory: &Directory) -> Self {
        let groups = asked.groups.iter().filter_map(|id| directory.groups.get(id));
        let skills = asked
            .skills
            .iter()
            .filter_map(|(id, level)| Some((directory.skills.get(id)?.name.clone(), json!(level))));
        Self { groups: groups.map(|group| group.name.clone()).collect(), skills: skills.collect() }
    }
}

impl NextStepPart {
    fn new(next: &NextStep, lookup: Lookup<'_>) -> Self {
        Self {
            step: next.step + 1,
            at: print(next.at),
            asks: AskedPart::new(&next.asks, lookup.directory),
            adds: next.adds.iter().map(|user| UserPart::new(*user, lookup)).collect(),
        }
    }
}

impl AgentPart {
    fn new(judged: &Judged, media: &Media, lookup: Lookup<'_>) -> Self {
        let Judged { user, desk, rule } = judged;
        let mut known = channels(desk).into_iter();
        let channel = known.find(|shown| shown.channel == media.name());
        Self {
            user: UserPart::new(user.id, lookup),
            channel_state: channel.unwrap_or_else(|| ChannelResource::logged_out(media)),
            room: Room::of(user, Some(desk), media),
            unreachable_since: unreachable_since(desk).map(print),
            rule: rule.map(rule_name),
            detail: rule.map(|rule| detail(rule, user, lookup.directory)).unwrap_or_default(),
        }
    }
}

fn unreachable_since(desk: &Desk) -> Option<Time> {
    desk.session.as_ref().and(desk.unreachable_since)
}

/// Returns what a rule refers to.
fn detail(rule: Exclusion, user: &User, directory: &Directory) -> Map<String, Value> {
    let detail = match rule {
        Exclusion::MissingSkill { skill, level } => {
            let name = directory.skills.get(&skill).map(|skill| skill.name.clone());
            let has = user.skills.get(&skill).copied().unwrap_or(0);
            json!({"skill": name, "level": level, "has": has})
        }
        Exclusion::PassedUntil { until } => json!({"until": print(until)}),
        Exclusion::PassedAndOthersEligible { at } => json!({"at": print(at)}),
        Exclusion::QueueUnserved
        | Exclusion::Disabled
        | Exclusion::NotAnAgent
        | Exclusion::NotInGroups
        | Exclusion::NoSession
        | Exclusion::Unreachable
        | Exclusion::NotReady
        | Exclusion::DoNotDisturb
        | Exclusion::Full => json!({}),
    };
    let Value::Object(detail) = detail else { unreachable!("details are objects") };
    detail
}
