//! `/contacts`: whom an agent can hand work to or bring in: agents, queues and groups of the
//! contact center, with how they stand now.
//!
//! Customers are contacts too, but of another kind: they are asked for below `/contacts/ucs` and
//! `/ucs/contacts`.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::{CenterId, GroupId, Queue, QueueId, User, UserId};
use handoff_engine::{CurrentBoard, Directory};
use handoff_store::StoreError;
use serde::Serialize;

use crate::caller::AnyUser;
use crate::colleagues::{agents_of, can_take};
use crate::commands::Answer;
use crate::error::{Refusal, quoted};
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{ChannelResource, Link, Lookup, channels_of};

/// Attributes that the list can be filtered by, and the parameters of the named filter.
const FILTERS: &[&str] = &[
    "id",
    "name",
    "type",
    "userName",
    "firstName",
    "lastName",
    "channel",
    "filterName",
    "filterParameters",
    "search",
];
/// The one named filter that the pages have.
const NAMES_MATCH: &str = "NamesOrPhoneNumberMatches";

/// Somebody or something that work can be handed to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Contact {
    id: String,
    /// The name to show.
    name: String,
    /// `User`, `Queue` or `AgentGroup`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    /// A user's channels and their states.
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<Vec<ChannelResource>>,
    /// A queue's medium.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// How many interactions wait in a queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<usize>,
    /// The agents of a group, or of a queue those who serve it.
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<Agents>,
    #[serde(flatten)]
    link: Link,
}

/// How many agents there are behind a contact.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Agents {
    /// With a contact-center session.
    logged_in: u32,
    /// Who would be offered something of the queue's medium, or of any for a group, now: listening,
    /// Ready and with a free slot.
    ready: u32,
}

/// Counts of agents by what they are behind; found once for a whole answer.
#[derive(Default)]
struct Counts {
    queues: BTreeMap<QueueId, Agents>,
    groups: BTreeMap<GroupId, Agents>,
}

impl Counts {
    fn of(board: CurrentBoard<'_>, directory: &Directory, center: CenterId) -> Self {
        let mut counts = Self::default();
        for user in agents_of(directory, center) {
            let desk = board.desk(user.id).map(|desk| desk.value);
            let Some(desk) = desk.filter(|desk| desk.session.is_some()) else { continue };
            let could_take = |queue: &Queue| can_take(user, &desk, &queue.media);
            for id in directory.queues_served_by(user) {
                let is_ready = directory.queues.get(&id).is_some_and(|queue| could_take(queue));
                counts
                    .queues
                    .entry(id)
                    .or_default()
                    .add(Agents { logged_in: 1, ready: is_ready.into() });
            }
            let is_ready = desk.channels.keys().any(|media| can_take(user, &desk, media));
            for group in &user.groups {
                counts
                    .groups
                    .entry(*group)
                    .or_default()
                    .add(Agents { logged_in: 1, ready: is_ready.into() });
            }
        }
        counts
    }
}

impl Agents {
    const fn add(&mut self, other: Self) {
        self.logged_in += other.logged_in;
        self.ready += other.ready;
    }
}

/// Returns everything that work can be handed to, with its id as a number: users, queues and groups
/// share one space of ids.
async fn all(
    shared: &Shared,
    lookup: Lookup<'_>,
    center: CenterId,
) -> Result<Vec<(UserId, Contact)>, StoreError> {
    let board = shared.engine().core().current_board().await?;
    let directory = lookup.directory;
    let counts = Counts::of(board, directory, center);
    let users = agents_of(directory, center).map(|user| (user.id, of_user(board, user, lookup)));
    let queues = directory.queues.values().filter(|queue| queue.center == center).map(|queue| {
        let agents = counts.queues.get(&queue.id).copied().unwrap_or_default();
        let waiting = board.waiting_in(queue.id);
        let contact = Contact {
            channel: Some(queue.media.name().to_owned()),
            waiting: Some(waiting),
            agents: Some(agents),
            ..bare(queue.id.to_string(), queue.name.clone(), "Queue", lookup)
        };
        (UserId(queue.id.0), contact)
    });
    let groups = directory.groups.values().filter(|group| group.center == center).map(|group| {
        let agents = Some(counts.groups.get(&group.id).copied().unwrap_or_default());
        let contact = bare(group.id.to_string(), group.name.clone(), "AgentGroup", lookup);
        (UserId(group.id.0), Contact { agents, ..contact })
    });
    Ok(users.chain(queues).chain(groups).collect())
}

fn of_user(board: CurrentBoard<'_>, user: &User, lookup: Lookup<'_>) -> Contact {
    let desk = board.desk(user.id).map(|desk| desk.value);
    let name = format!("{} {}", user.first_name, user.last_name);
    let name = if name.trim().is_empty() { user.user_name.clone() } else { name.trim().to_owned() };
    Contact {
        user_name: Some(user.user_name.clone()),
        first_name: Some(user.first_name.clone()),
        last_name: Some(user.last_name.clone()),
        channels: Some(channels_of(lookup.directory, user, desk.as_deref())),
        ..bare(user.id.to_string(), name, "User", lookup)
    }
}

fn bare(id: String, name: String, kind: &'static str, lookup: Lookup<'_>) -> Contact {
    let link = lookup.url.link(format!("/contacts/{id}"));
    Contact {
        id,
        name,
        kind,
        user_name: None,
        first_name: None,
        last_name: None,
        channels: None,
        channel: None,
        waiting: None,
        agents: None,
        link,
    }
}

/// Names that a caller looks for: patterns of which one must match, in letters of any size, `*`
/// standing for anything.
struct Patterns(Vec<String>);

impl Patterns {
    fn of_list(list: &str) -> Self {
        let given = list.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
        Self(given.map(str::to_lowercase).collect())
    }

    fn match_any(&self, texts: &[&str]) -> bool {
        let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
        self.0.iter().any(|pattern| lower.iter().any(|text| is_match(pattern, text)))
    }
}

/// Tells whether a text is what a pattern says, in which `*` stands for anything. Greedy from the
/// left, which finds a match if there is one.
fn is_match(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut left) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(last)
}

/// What a query wants beyond exact attributes.
struct Wanted {
    /// The name to show.
    names: Option<Patterns>,
    /// Any of the names.
    any_name: Option<Patterns>,
}

impl Wanted {
    fn take(listing: &mut Listing) -> Result<Self, Refusal> {
        let (filter, parameters) = (listing.take("filterName"), listing.take("filterParameters"));
        let named = match (filter.as_deref(), parameters) {
            (None, None) => None,
            (None, Some(_)) => return Err(Refusal::missing("filterName")),
            (Some(NAMES_MATCH), Some(list)) => Some(Patterns::of_list(&list)),
            (Some(NAMES_MATCH), None) => return Err(Refusal::missing("filterParameters")),
            (Some(other), _) => {
                let sentence =
                    format!("There is no filterName {}; use {NAMES_MATCH}.", quoted(other));
                return Err(Refusal::invalid(sentence));
            }
        };
        let searched = listing
            .take("search")
            .map(|words| Patterns(vec![format!("*{}*", words.to_lowercase())]));
        let names = listing.take("name").map(|list| Patterns::of_list(&list));
        Ok(Self { names, any_name: named.or(searched) })
    }

    fn is_met_by(&self, contact: &Contact) -> bool {
        let of = |text: &Option<String>| text.clone().unwrap_or_default();
        let (user, first, last) =
            (of(&contact.user_name), of(&contact.first_name), of(&contact.last_name));
        let all: Vec<&str> = [contact.name.as_str(), &user, &first, &last]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect();
        self.names.as_ref().is_none_or(|names| names.match_any(&[&contact.name]))
            && self.any_name.as_ref().is_none_or(|names| names.match_any(&all))
    }
}

/// `GET /contacts`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let mut listing = Listing::read(&uri, FILTERS)?;
    let wanted = Wanted::take(&mut listing)?;
    let directory = shared.engine().core().directory();
    let found = all(&shared, shared.lookup(&directory), me.center()).await?.into_iter();
    listing.of_all("contacts", found.filter(|(_, contact)| wanted.is_met_by(contact)))
}

/// `GET /contacts/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let wanted = id.parse::<UserId>().ok();
    let mut found = all(&shared, shared.lookup(&directory), me.center()).await?.into_iter();
    let contact = wanted.and_then(|wanted| found.find(|(id, _)| *id == wanted));
    let (_, contact) = contact.ok_or_else(|| Refusal::not_found("contact"))?;
    Ok(one("contact", &select(&fields(&uri), &contact)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, wanted) in [
            ("kate", "kate", true),
            ("kate", "kates", false),
            ("ka*", "kate", true),
            ("*te", "kate", true),
            ("*at*", "kate", true),
            ("k*t*e", "kate", true),
            ("k*k", "k", false),
            ("*", "", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            ("*ab", "aab", true),
        ] {
            assert_eq!(is_match(pattern, text), wanted, "{pattern} {text}");
        }
        assert!(Patterns::of_list("ben, LU*").match_any(&["kate", "Lund"]));
        assert!(!Patterns::of_list(" , ").match_any(&["kate"]));
    }
}
