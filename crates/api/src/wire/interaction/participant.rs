//! Who takes part in a chat.
//!
//! Only agents: the customer's name and presence belong to the chat's session, not to the interaction.

use handoff_domain::{Interaction, OfferKind, State, UserId};
use serde::Serialize;

use crate::wire::resource::{Link, Lookup};

/// One participant of a chat (gws-interactions.md 6.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantResource {
    /// The name shown to the others.
    pub nickname: String,
    /// Always `Agent`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// His id within the chat, which is his user id.
    pub participant_id: String,
    /// His user id.
    pub id: String,
    /// Who sees him: `All`, or `Agents` while he only gives advice.
    pub visibility: &'static str,
    /// The user's addresses.
    #[serde(flatten)]
    pub link: Link,
}

/// Gives the agents in the conversation: the owner, then the others, longest present first.
pub(super) fn of(interaction: &Interaction, lookup: Lookup<'_>) -> Vec<ParticipantResource> {
    let State::Handling(handling) = &interaction.state else { return Vec::new() };
    let others = handling.others.iter().map(|other| (other.user, other.nickname.as_deref(), other.kind));
    let owner = (handling.by, handling.nickname.as_deref(), OfferKind::Routed);
    std::iter::once(owner)
        .chain(others)
        .map(|(user, nickname, kind)| ParticipantResource {
            nickname: nickname.map_or_else(|| name_of(user, lookup), str::to_owned),
            kind: "Agent",
            participant_id: user.to_string(),
            id: user.to_string(),
            visibility: match kind {
                OfferKind::Consult => "Agents",
                OfferKind::Routed | OfferKind::Transfer | OfferKind::Invite => "All",
            },
            link: lookup.url.user(user),
        })
        .collect()
}

/// Gives a name for an agent who gave none: first and last name, else the name that he logs in with; nothing once he was deleted.
fn name_of(user: UserId, lookup: Lookup<'_>) -> String {
    let Some(user) = lookup.directory.users.get(&user) else { return String::new() };
    let name = format!("{} {}", user.first_name, user.last_name);
    if name.trim().is_empty() { user.user_name.clone() } else { name.trim().to_owned() }
}
