//! What names and addresses in a request stand for.
//!
//! A name is resolved only when the caller is known, in their contact center; one that stands for
//! nothing travels on as such, because "there is no such queue" is told only after "that is not
//! yours" (docs/compat/conventions.md#refusals, order of refusals).

use std::sync::Arc;

use handoff_domain::{
    Interaction, Named, Queue, QueueId, SkillId, Target, User, UserId, Workbin, WorkbinOwner,
};
use handoff_engine::{Directory, Engine};

use crate::colleagues::agent_of;
use crate::error::Refusal;
use crate::wire::fields::Fields;
use crate::wire::resource::Lookup;

/// Where names are looked up, and what the command is about.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    pub(crate) lookup: Lookup<'a>,
    pub(crate) user: &'a User,
    pub(crate) interaction: &'a Interaction,
    /// Whose own addresses are known there.
    pub(crate) engine: &'a Engine,
    /// The user-data key of a disposition without one.
    pub(crate) disposition_key: &'a str,
}

impl Names<'_> {
    pub(crate) fn queue(&self, named: &QueueText) -> Named<Queue> {
        named.find(self.lookup.directory, self.user)
    }

    pub(crate) fn workbin(&self, id_or_name: &str) -> Named<Workbin> {
        self.lookup.directory.workbin_for(self.user, id_or_name)
    }

    /// Finds a workbin among those that another agent may use; one that every agent has is their
    /// copy.
    pub(crate) fn workbin_of(&self, agent: &AgentText, id_or_name: &str) -> Named<Workbin> {
        let directory = self.lookup.directory;
        let Named::Known(id) = agent.find(self) else {
            return Named::Unknown(id_or_name.to_owned());
        };
        let Some(user) = directory.user(self.user.center, id) else {
            return Named::Unknown(id_or_name.to_owned());
        };
        match directory.workbin_for(user, id_or_name) {
            Named::Known(workbin) if workbin.owner == WorkbinOwner::EachAgent => {
                let id = workbin.id.of_owner(user.id);
                Named::Known(Workbin { id, owner: WorkbinOwner::Agent(user.id), ..workbin })
            }
            other => other,
        }
    }

    /// Tells whether what is sent to an address comes back to the contact center.
    pub(crate) fn is_own_address(&self, address: &str) -> bool {
        self.engine.letters().is_own_address(self.interaction.center, address)
    }

    fn agent(&self, id: &str) -> Named<UserId> {
        let found = id.parse().ok().and_then(|id| self.lookup.directory.user(self.user.center, id));
        found.map_or_else(|| Named::Unknown(id.to_owned()), |user| Named::Known(user.id))
    }

    /// Tells whether a contact's id is a queue's.
    pub(crate) fn is_queue(&self, id: &str) -> bool {
        let queue =
            id.parse().ok().and_then(|id| self.lookup.directory.queue(self.user.center, id));
        queue.is_some()
    }

    /// Finds the agent behind a contact. Of a group that is whoever could take it now and waited
    /// longest; when nobody could, any of them, so that the refusal says what is in the way.
    fn agent_of_contact(&self, id: &str) -> Named<UserId> {
        let directory = self.lookup.directory;
        let group = id.parse().ok().and_then(|id| directory.groups.get(&id));
        match group.filter(|group| group.center == self.user.center) {
            Some(group) => {
                let chosen = agent_of(self.engine, directory, group.id, self.interaction);
                chosen.map_or_else(|| Named::Unknown(id.to_owned()), Named::Known)
            }
            None => self.agent(id),
        }
    }

    fn agent_named(&self, name: &str) -> Named<UserId> {
        let found =
            self.lookup.directory.user_by_name(name).filter(|user| user.center == self.user.center);
        found.map_or_else(|| Named::Unknown(name.to_owned()), |user| Named::Known(user.id))
    }

    fn skill(&self, name: &str) -> Named<(SkillId, u32)> {
        /// Having the skill at all: the request names no level.
        const ANY_LEVEL: u32 = 1;
        let found = self.lookup.directory.skill_named(self.user.center, name);
        found.map_or_else(
            || Named::Unknown(name.to_owned()),
            |skill| Named::Known((skill.id, ANY_LEVEL)),
        )
    }
}

/// A queue as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum QueueText {
    Name(String),
    /// By the id in its address.
    Id(String),
}

impl QueueText {
    /// Reads `queueName`, or `queueUri` as the 8.5.2 pages have it.
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Option<Self>, Refusal> {
        match (fields.text("queueName")?, fields.text("queueUri")?) {
            (Some(_), Some(_)) => {
                Err(Refusal::invalid("Give one of queueName and queueUri, not both."))
            }
            (Some(name), None) => Ok(Some(Self::Name(name))),
            (None, Some(uri)) => match Address::parse("queueUri", &uri)? {
                Address::Queue(id) | Address::Contact(id) => Ok(Some(Self::Id(id))),
                Address::User(_) => Err(wrong_address("queueUri")),
            },
            (None, None) => Ok(None),
        }
    }

    pub(crate) fn required(fields: &Fields<'_>) -> Result<Self, Refusal> {
        Self::read(fields)?.ok_or_else(|| fields.missing("queueName"))
    }

    pub(crate) fn find(&self, directory: &Directory, user: &User) -> Named<Queue> {
        let (found, said) = match self {
            Self::Name(name) => (directory.queue_named(user.center, name), name),
            Self::Id(text) => {
                let id = text.parse::<QueueId>().ok();
                (id.and_then(|id| directory.queue(user.center, id)), text)
            }
        };
        let known = |queue: &Arc<Queue>| Named::Known(Queue::clone(queue));
        found.map_or_else(|| Named::Unknown(said.clone()), known)
    }
}

/// What an address names. The host is not looked at: behind a balancer it is not ours to know.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Address {
    User(String),
    Queue(String),
    /// Of `/contacts`: a user, a queue or a group.
    Contact(String),
}

impl Address {
    /// Reads an absolute address or a path of a user, a queue or a contact.
    fn parse(field: &str, text: &str) -> Result<Self, Refusal> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        // A path may end in a slash.
        let mut segments = path.strip_suffix('/').unwrap_or(path).rsplit('/');
        match (segments.next(), segments.next()) {
            (Some(id), Some("users")) if !id.is_empty() => Ok(Self::User(id.to_owned())),
            (Some(id), Some("queues")) if !id.is_empty() => Ok(Self::Queue(id.to_owned())),
            (Some(id), Some("contacts")) if !id.is_empty() => Ok(Self::Contact(id.to_owned())),
            _ => Err(wrong_address(field)),
        }
    }
}

fn wrong_address(field: &str) -> Refusal {
    Refusal::invalid(format!(
        "The field {field} must be the uri or path of a user, a queue or a contact that can be meant here."
    ))
}

/// The target of a transfer as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TargetText {
    UserId(String),
    UserName(String),
    Queue(QueueText),
    Contact(String),
    Skill(String),
}

impl TargetText {
    /// The ways to name a target, of all generations (docs/api/README.md, "Operations on an
    /// interaction").
    const FIELDS: [&str; 7] =
        ["userId", "userName", "userUri", "targetUri", "targetPath", "queueName", "skill"];

    /// Reads the one target that the body names.
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let mut given = None;
        for name in Self::FIELDS {
            let Some(text) = fields.text(name)? else { continue };
            if given.replace((name, text)).is_some() {
                let names = Self::FIELDS.join(", ");
                return Err(Refusal::invalid(format!(
                    "Two targets were given; give one of {names}."
                )));
            }
        }
        let Some((name, text)) = given else {
            return Err(fields.missing(&Self::FIELDS.join(" or ")));
        };
        match name {
            "userId" => Ok(Self::UserId(text)),
            "userName" => Ok(Self::UserName(text)),
            "queueName" => Ok(Self::Queue(QueueText::Name(text))),
            "skill" => Ok(Self::Skill(text)),
            uri => Address::parse(uri, &text).map(|address| match address {
                Address::User(id) => Self::UserId(id),
                Address::Queue(id) => Self::Queue(QueueText::Id(id)),
                Address::Contact(id) => Self::Contact(id),
            }),
        }
    }

    pub(crate) fn find(&self, names: &Names<'_>) -> Target {
        match self {
            Self::Contact(id) if names.is_queue(id) => {
                Target::Queue(names.queue(&QueueText::Id(id.clone())))
            }
            Self::Contact(id) => Target::Agent(names.agent_of_contact(id)),
            Self::UserId(id) => Target::Agent(names.agent(id)),
            Self::UserName(name) => Target::Agent(names.agent_named(name)),
            Self::Queue(queue) => Target::Queue(names.queue(queue)),
            Self::Skill(name) => Target::Skill(names.skill(name)),
        }
    }
}

/// Another agent in a chat, or one who is to come in, as a request names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AgentText {
    Id(String),
    Name(String),
    Contact(String),
}

impl AgentText {
    /// The ways to name them, of all generations (docs/compat/media.md#chat).
    const FIELDS: [&str; 6] =
        ["userId", "agentId", "userName", "userUri", "targetUri", "targetPath"];

    /// Reads the one agent that the body names, if it names one.
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Option<Self>, Refusal> {
        Self::given(fields)?.map(|(name, text)| Self::parse(name, text)).transpose()
    }

    /// Returns the one field by which the body names them.
    fn given(fields: &Fields<'_>) -> Result<Option<(&'static str, String)>, Refusal> {
        let mut given = None;
        for name in Self::FIELDS {
            let Some(text) = fields.text(name)? else { continue };
            if given.replace((name, text)).is_some() {
                let names = Self::FIELDS.join(", ");
                return Err(Refusal::invalid(format!(
                    "Two agents were given; give one of {names}."
                )));
            }
        }
        Ok(given)
    }

    fn parse(name: &str, text: String) -> Result<Self, Refusal> {
        match name {
            "userId" | "agentId" => Ok(Self::Id(text)),
            "userName" => Ok(Self::Name(text)),
            uri => match Address::parse(uri, &text)? {
                Address::User(id) => Ok(Self::Id(id)),
                Address::Contact(id) => Ok(Self::Contact(id)),
                Address::Queue(_) => Err(Refusal::invalid(format!(
                    "The field {uri} must name a user here; a queue can be the target of Transfer and Consult."
                ))),
            },
        }
    }

    pub(crate) fn required(fields: &Fields<'_>) -> Result<Self, Refusal> {
        Self::read(fields)?.ok_or_else(|| fields.missing(&Self::FIELDS.join(" or ")))
    }

    pub(crate) fn find(&self, names: &Names<'_>) -> Named<UserId> {
        match self {
            Self::Id(id) => names.agent(id),
            Self::Name(name) => names.agent_named(name),
            Self::Contact(id) => names.agent_of_contact(id),
        }
    }
}

/// Whom a request asks for advice: an agent, or whoever serves a queue (the later Consult pages:
/// `targetUri` is an agent's or a multimedia queue's).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AdviserText {
    Agent(AgentText),
    Queue(QueueText),
}

impl AdviserText {
    pub(crate) fn required(fields: &Fields<'_>) -> Result<Self, Refusal> {
        match (AgentText::given(fields)?, QueueText::read(fields)?) {
            (Some(_), Some(_)) => {
                Err(Refusal::invalid("An agent and a queue were given; give one of them."))
            }
            (None, Some(queue)) => Ok(Self::Queue(queue)),
            (Some((name @ ("targetUri" | "targetPath"), text)), None) => {
                Ok(match Address::parse(name, &text)? {
                    Address::User(id) => Self::Agent(AgentText::Id(id)),
                    Address::Queue(id) => Self::Queue(QueueText::Id(id)),
                    Address::Contact(id) => Self::Agent(AgentText::Contact(id)),
                })
            }
            (Some((name, text)), None) => AgentText::parse(name, text).map(Self::Agent),
            (None, None) => {
                Err(fields.missing(&format!("{} or queueName", AgentText::FIELDS.join(" or "))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use handoff_domain::Value;

    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn target(pairs: Pairs<'_>) -> Result<TargetText, i32> {
        let text = |value: &str| Value::Text(value.to_owned());
        let values: BTreeMap<String, Value> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect();
        TargetText::read(&Fields::top(&values)).map_err(|refusal| refusal.code.number())
    }

    #[test]
    fn a_target_is_named_in_exactly_one_way() {
        let user = |id: &str| Ok(TargetText::UserId(id.to_owned()));
        let queue = |id: &str| Ok(TargetText::Queue(QueueText::Id(id.to_owned())));
        let table: [(Pairs<'_>, Result<TargetText, i32>); 17] = [
            (&[("userId", "u1")], user("u1")),
            (&[("userName", "kate")], Ok(TargetText::UserName("kate".to_owned()))),
            (&[("userUri", "http://host:8090/api/v2/users/u1")], user("u1")),
            (&[("userUri", "/users/u1")], user("u1")),
            (&[("targetUri", "/api/v2/users/u1?x=1")], user("u1")),
            (&[("targetUri", "https://other/prefix/api/v2/queues/q1")], queue("q1")),
            (&[("targetPath", "/users/u1")], user("u1")),
            (&[("targetPath", "/contacts/c1")], Ok(TargetText::Contact("c1".to_owned()))),
            (&[("targetPath", "/users/u1/")], user("u1")),
            (
                &[("targetUri", "http://x/api/v2/contacts/c1")],
                Ok(TargetText::Contact("c1".to_owned())),
            ),
            (&[("queueName", "tasks")], Ok(TargetText::Queue(QueueText::Name("tasks".to_owned())))),
            (&[("skill", "billing")], Ok(TargetText::Skill("billing".to_owned()))),
            (&[], Err(1)),
            (&[("userId", "u1"), ("queueName", "tasks")], Err(10)),
            (&[("userUri", "u1")], Err(10)),
            (&[("targetUri", "http://host/api/v2/skills/s1")], Err(10)),
            (&[("targetUri", "/users/")], Err(10)),
        ];
        for (pairs, wanted) in table {
            assert_eq!(target(pairs), wanted, "{pairs:?}");
        }
    }
}
