//! What was exchanged with a contact, as the history pages show it (CHInteractionResource and
//! CHMessageType, docs/compat/media.md#contacts-and-history), and who a contact is.

use handoff_domain::{Interaction, Media, State, User, UserData};
use serde::Serialize;
use serde_json::{Map, Value};

use super::interaction::EmailFields;
use super::names::direction_name;
use super::resource::{Link, Lookup};
use super::transcript::LogMessage;
use super::{date, value};

/// One interaction of a contact's.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PastInteraction {
    id: String,
    #[serde(flatten)]
    link: Link,
    type_id: &'static str,
    media_type: &'static str,
    state: &'static str,
    start_date: String,
    end_date: Option<String>,
    contact_id: Option<String>,
    parent_id: Option<String>,
    subject: Option<String>,
    comment: Option<String>,
    owner_information: Option<Owner>,
    user_data: Map<String, Value>,
    custom_attributes: Map<String, Value>,
    phone_number: Option<()>,
    /// Only calls have one.
    call_duration: Option<()>,
}

/// Who worked on it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    id: String,
    user_name: String,
    first_name: String,
    last_name: String,
}

impl PastInteraction {
    /// Shows an interaction; `attributes` names those of its user data that the caller wants to see
    /// apart.
    #[must_use]
    pub fn new(interaction: &Interaction, attributes: &[String], lookup: Lookup<'_>) -> Self {
        let owner =
            interaction.owner().and_then(|id| lookup.directory.user(interaction.center, id));
        let named = interaction.user_data.0.iter().filter(|(name, _)| attributes.contains(name));
        let named = UserData(named.map(|(name, value)| (name.clone(), value.clone())).collect());
        Self {
            id: interaction.id.to_string(),
            link: lookup.url.interaction(interaction.id),
            type_id: direction_name(interaction.direction),
            media_type: media_type(&interaction.media()),
            state: state_name(&interaction.state),
            start_date: date::print(interaction.received),
            end_date: ended(&interaction.state).map(date::print),
            contact_id: interaction.contact.clone(),
            parent_id: interaction.parent.map(|parent| parent.to_string()),
            subject: interaction.subject.clone(),
            comment: interaction.comment.clone(),
            owner_information: owner.map(|user| Owner::of(user)),
            user_data: value::map_to_json(&interaction.user_data),
            custom_attributes: value::map_to_json(&named),
            phone_number: None,
            call_duration: None,
        }
    }
}

impl Owner {
    fn of(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            user_name: user.user_name.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
        }
    }
}

/// Returns a medium as the history pages spell it; they have one word for all open media.
#[must_use]
pub const fn media_type(media: &Media) -> &'static str {
    match media {
        Media::Email => "email",
        Media::Chat => "chat",
        Media::Workitem => "workitem",
        Media::Open(_) => "openmedia",
    }
}

/// Returns the state in the words of the history pages (docs/compat/media.md#contacts-and-history).
const fn state_name(state: &State) -> &'static str {
    match state {
        State::Queued(_) | State::Invited(..) => "New",
        State::Handling(_) | State::Sending { .. } => "InProcess",
        State::Parked { .. } => "Pending",
        State::Ended { .. } => "Stopped",
    }
}

const fn ended(state: &State) -> Option<handoff_domain::Time> {
    match state {
        State::Ended { at, .. } => Some(*at),
        _ => None,
    }
}

/// The answer to a request for a history.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryMessage {
    message_type: &'static str,
    /// The request's number.
    pub reference_id: i32,
    /// What there was.
    pub interactions: Vec<PastInteraction>,
    /// Whether there was more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl HistoryMessage {
    /// Makes the message.
    #[must_use]
    pub const fn new(
        reference_id: i32,
        interactions: Vec<PastInteraction>,
        truncated: bool,
    ) -> Self {
        Self {
            message_type: "GetInteractionsHistoryMessage",
            reference_id,
            interactions,
            truncated,
        }
    }
}

/// The answer to a request for all of one interaction.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentMessage {
    message_type: &'static str,
    /// The request's number.
    pub reference_id: i32,
    /// The interaction, of an e-mail with what is in it.
    pub interaction: Content,
    /// What was said in it.
    pub messages: Vec<LogMessage>,
}

/// An interaction with what is in it.
#[derive(Clone, Debug, Serialize)]
pub struct Content {
    #[serde(flatten)]
    past: PastInteraction,
    #[serde(flatten)]
    email: Option<EmailFields>,
}

impl ContentMessage {
    /// Makes the message.
    #[must_use]
    pub fn new(
        reference_id: i32,
        interaction: &Interaction,
        messages: Vec<LogMessage>,
        lookup: Lookup<'_>,
    ) -> Self {
        let email =
            (interaction.media() == Media::Email).then(|| EmailFields::of(interaction, lookup));
        let interaction = Content { past: PastInteraction::new(interaction, &[], lookup), email };
        Self { message_type: "GetInteractionContentMessage", reference_id, interaction, messages }
    }
}

/// The answer to the question who a contact is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentifiedMessage {
    message_type: &'static str,
    /// The request's number.
    pub reference_id: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<&'static str>,
}

impl IdentifiedMessage {
    /// Makes the message.
    #[must_use]
    pub fn new(reference_id: i32, found: Result<String, &'static str>) -> Self {
        let (contact_id, error_message) = match found {
            Ok(id) => (Some(id), None),
            Err(why) => (None, Some(why)),
        };
        Self { message_type: "IdentifyUCSContactMessage", reference_id, contact_id, error_message }
    }
}
