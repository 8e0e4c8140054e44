//! Who takes part in a chat, as one reader sees it: nobody is shown a party that is hidden from
//! them.

use handoff_domain::{Chat, Interaction, UserId, Visibility};
use serde::Serialize;

use crate::wire::resource::{Link, Lookup};
use crate::wire::transcript::{kind_name, visibility_name};

/// One participant of a chat (docs/compat/media.md#messages-of-a-chat).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParticipantResource {
    /// The name shown to the others.
    pub nickname: String,
    /// `Agent`, `Supervisor` or `Customer`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Their number within the chat, the same as in its messages. In a chat without a conversation,
    /// that a server submitted, their user id.
    pub participant_id: String,
    /// Who sees them: `All`, `Agents` or `Supervisors`.
    pub visibility: &'static str,
    /// Their user id, of an agent or supervisor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The user's addresses.
    #[serde(flatten)]
    pub link: Option<Link>,
}

/// Returns who takes part, in the order of coming in.
pub(super) fn of(
    interaction: &Interaction,
    reader: UserId,
    lookup: Lookup<'_>,
) -> Vec<ParticipantResource> {
    match interaction.chat() {
        Some(chat) => of_chat(chat, reader, lookup),
        None => without_conversation(interaction, lookup),
    }
}

fn of_chat(chat: &Chat, reader: UserId, lookup: Lookup<'_>) -> Vec<ParticipantResource> {
    // Who takes no part, as the target of an offer, sees what an agent would.
    let sees = chat.present(reader).map_or(Visibility::Agents, |party| party.sees);
    let there = chat.parties.iter().filter(|party| party.present && party.shown_to <= sees);
    there
        .map(|party| ParticipantResource {
            nickname: party.nickname.clone(),
            kind: kind_name(&party.kind),
            participant_id: party.id_for(sees).unwrap_or(party.id).0.to_string(),
            visibility: visibility_name(party.shown_to),
            id: party.kind.user().map(|user| user.to_string()),
            link: party.kind.user().map(|user| lookup.url.user(user)),
        })
        .collect()
}

/// Returns the agents who work on a chat that has no customer here: the owner, then the others,
/// longest present first.
fn without_conversation(interaction: &Interaction, lookup: Lookup<'_>) -> Vec<ParticipantResource> {
    let Some(handling) = interaction.handling() else { return Vec::new() };
    let others = handling
        .others
        .iter()
        .map(|other| (other.user, other.nickname.as_deref(), other.role.shown_to()));
    std::iter::once((handling.by, handling.nickname.as_deref(), Visibility::All))
        .chain(others)
        .map(|(user, nickname, shown_to)| ParticipantResource {
            nickname: nickname.map_or_else(|| name_of(user, lookup), str::to_owned),
            kind: "Agent",
            participant_id: user.to_string(),
            visibility: visibility_name(shown_to),
            id: Some(user.to_string()),
            link: Some(lookup.url.user(user)),
        })
        .collect()
}

/// Returns a name for an agent who gave none: first and last name, else the name that they log in
/// with; nothing once they were deleted.
fn name_of(user: UserId, lookup: Lookup<'_>) -> String {
    let Some(user) = lookup.directory.users.get(&user) else { return String::new() };
    let name = format!("{} {}", user.first_name, user.last_name);
    if name.trim().is_empty() { user.user_name.clone() } else { name.trim().to_owned() }
}
