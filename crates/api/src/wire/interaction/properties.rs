//! The properties that the platform whose API this is shows as user data in workbins and in the
//! later generation's resources, because desktops read them there (docs/api/README.md, "User
//! data"). They are shown and never stored, and a key of the customer's of that name goes first.

use handoff_domain::{Interaction, WorkbinOwner};
use serde_json::{Map, Value};

use crate::wire::date::print_iso;
use crate::wire::names::direction_name;
use crate::wire::resource::Lookup;
use crate::wire::value;

/// Returns the user data with the properties beside it.
#[must_use]
pub fn with_properties(interaction: &Interaction, lookup: Lookup<'_>) -> Map<String, Value> {
    let mut shown = value::map_to_json(&interaction.user_data);
    let letter = interaction.email().is_some().then(|| of_email(interaction));
    let properties = of_any(interaction, lookup).into_iter().chain(letter.into_iter().flatten());
    for (name, value) in properties {
        let (Some(value), false) = (value, shown.contains_key(name)) else { continue };
        shown.insert(name.to_owned(), value);
    }
    shown
}

type Property = (&'static str, Option<Value>);

fn of_any(interaction: &Interaction, lookup: Lookup<'_>) -> Vec<Property> {
    let user_name = |user| Some(lookup.directory.users.get(&user)?.user_name.clone());
    let workbin = interaction
        .state
        .workbin()
        .and_then(|workbin| lookup.directory.workbin(interaction.center, workbin));
    let (workbin, keeper) = workbin
        .map(|workbin| {
            let keeper = match workbin.owner {
                WorkbinOwner::Agent(owner) => user_name(owner),
                WorkbinOwner::EachAgent | WorkbinOwner::Group(_) => None,
            };
            (workbin.name, keeper)
        })
        .unzip();
    let since = interaction.handling().map(|handling| handling.since);
    vec![
        ("InteractionId", Some(interaction.id.to_string().into())),
        ("ParentId", interaction.parent.map(|parent| parent.to_string().into())),
        ("ExternalId", interaction.external_id.clone().map(Into::into)),
        ("ContactId", interaction.contact.clone().map(Into::into)),
        ("MediaType", Some(interaction.media().name().into())),
        ("InteractionType", Some(direction_name(interaction.direction).into())),
        ("InteractionSubtype", Some(interaction.sub_type.clone().into())),
        ("Queue", queue_name(interaction, lookup).map(Into::into)),
        ("PlacedInQueueAt", interaction.queued_at.map(|at| print_iso(at).into())),
        ("Workbin", workbin.map(Into::into)),
        ("WorkbinAgentId", keeper.flatten().map(Into::into)),
        ("ReceivedAt", Some(print_iso(interaction.received).into())),
        ("SubmittedAt", Some(print_iso(interaction.received).into())),
        ("AssignedTo", interaction.owner().and_then(user_name).map(Into::into)),
        ("AssignedAt", since.map(|since| print_iso(since).into())),
        ("Priority", Some(interaction.priority.into())),
        ("Subject", interaction.subject.clone().map(Into::into)),
        ("IsHeld", Some(0.into())),
        ("IsLocked", Some(0.into())),
    ]
}

fn of_email(interaction: &Interaction) -> Vec<Property> {
    let Some(email) = interaction.email() else { return Vec::new() };
    let (name, address) = name_and_address(&email.from);
    let some = |text: &str| (!text.is_empty()).then(|| Value::from(text));
    let bytes: u64 = email.attachments.iter().map(|file| file.bytes).sum();
    let names: Vec<&str> = email.attachments.iter().map(|file| file.name.as_str()).collect();
    let contains = if names.is_empty() { "false" } else { "true" };
    vec![
        ("FromAddress", some(address)),
        ("FromPersonal", some(name)),
        ("EmailAddress", some(address)),
        ("To", some(&email.to.join(", "))),
        ("Cc", some(&email.cc.join(", "))),
        ("Mailbox", email.mailbox.as_deref().and_then(some)),
        ("Header_Message-ID", email.message_id.as_ref().map(|id| format!("<{id}>").into())),
        ("_ContainsAttachment", Some(contains.into())),
        ("_AttachmentsSize", Some(bytes.to_string().into())),
        ("_AttachmentFileNames", some(&names.join(", "))),
        ("Origination_Source", Some("Email".into())),
    ]
}

/// Takes an address apart from the name before it.
fn name_and_address(text: &str) -> (&str, &str) {
    let bracketed = text.strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    bracketed.map_or(("", text), |(name, address)| (name.trim().trim_matches('"'), address))
}

pub(super) fn queue_name(interaction: &Interaction, lookup: Lookup<'_>) -> Option<String> {
    Some(lookup.directory.queue(interaction.center, interaction.queue?)?.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_before_an_address_or_does_not() {
        assert_eq!(
            name_and_address("\"Adams, Eve\" <eve@x.example>"),
            ("Adams, Eve", "eve@x.example")
        );
        assert_eq!(name_and_address("eve@x.example"), ("", "eve@x.example"));
        assert_eq!(name_and_address(""), ("", ""));
    }
}
