//! Interactions as JSON, as one reader sees them: the flat object of the contract's section 4, and
//! the per-medium resources of the later generation (`medium`).
//!
//! State and capabilities belong to the reader, not to the interaction: the target of an offer sees
//! `Invited`, and who is no longer concerned sees what became of it for them ([`Sight`]). Who may
//! see an interaction at all is decided elsewhere.

mod answer;
mod email;
mod medium;
mod offer;
mod participant;
mod properties;
mod reminder;
mod sight;

use handoff_domain::{Interaction, Media, UserId};
use serde::Serialize;
use serde_json::{Map, Value};

pub use answer::AnswerPart;
pub use email::{
    AttachmentResource, EmailFields, ReportResource, ReportedRecipient, attachment_path, shown_body,
};
pub use medium::{
    ChatResource, EmailResource, MediumResource, OpenmediaResource, WorkitemResource,
};
pub use medium::{plural, singular};
pub use offer::{OfferPart, OperationPart, operation_parts};
pub use participant::ParticipantResource;
pub use properties::with_properties;
pub use reminder::ReminderPart;
pub use sight::Sight;

use super::marks::MarksPart;
use super::names::{direction_name, status_name, type_name};
use super::operation::operation_names;
use super::resource::{Link, Lookup};
use super::{date, value};
use properties::queue_name;

/// The interaction of the contract's section 4, flat. What is absent is `null`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InteractionResource {
    pub id: String,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
    /// The medium.
    pub channel: String,
    /// The medium's name, as the notification pages print it (docs/compat/interactions.md#object).
    pub interaction_type: String,
    /// What it is to its medium, such as `InboundNew`.
    pub interaction_sub_type: String,
    /// Who started it.
    pub direction: &'static str,
    /// The state that the reader sees.
    pub state: &'static str,
    /// What the reader may do next.
    pub capabilities: Vec<&'static str>,
    /// Every operation that the reader may use now, the documents' capabilities among them.
    pub operations: Vec<&'static str>,
    /// What the reader is offered, or as the owner has offered.
    pub offer: Option<OfferPart>,
    /// What the customer is owed; `null` for what agents write.
    pub answer: Option<AnswerPart>,
    /// The name of the queue that it last waited in.
    pub current_queue: Option<String>,
    /// Higher is routed first.
    pub priority: i64,
    pub subject: Option<String>,
    /// The interaction that it answers or follows.
    pub parent_id: Option<String>,
    pub contact_id: Option<String>,
    /// The submitter's own id.
    pub external_id: Option<String>,
    /// The owner's user id.
    pub assigned_to: Option<String>,
    /// An agent's remark.
    pub comment: Option<String>,
    /// What agents say came of it, while they say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// When it comes back by itself from the workbin that it lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder: Option<ReminderPart>,
    /// Grows with every change of owner or place (docs/compat/conventions.md#fencing).
    pub epoch: u64,
    /// User data; it has no binary values, which the pages leave out of notifications.
    pub user_data: Map<String, Value>,
    /// When it entered the server.
    pub received_date: String,
    /// What an e-mail adds.
    #[serde(flatten)]
    pub email: Option<EmailPart>,
    /// What a chat adds.
    #[serde(flatten)]
    pub chat: Option<ChatPart>,
    /// What the reader left there, in answers to those who ask for it.
    #[serde(flatten)]
    pub marks: Option<MarksPart>,
}

/// What an e-mail adds to the flat object.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EmailPart {
    /// The e-mail in short, in the pages' own spelling (docs/compat/interactions.md#object).
    pub email_object: EmailObject,
    /// The e-mail's own fields.
    #[serde(flatten)]
    pub fields: EmailFields,
}

/// The `email_object` of the reference generation's notifications.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailObject {
    pub subject: Option<String>,
    /// The id of the e-mail interaction.
    pub interaction_id: String,
}

/// What a chat adds to the flat object (docs/compat/media.md#messages-of-a-chat).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatPart {
    /// Who started it.
    pub chat_type: &'static str,
    /// Who takes part.
    pub participants: Vec<ParticipantResource>,
    /// When it ends because nobody writes, once everybody was alerted; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ends: Option<String>,
}

impl InteractionResource {
    /// Shows an interaction in that sight.
    #[must_use]
    pub fn new(interaction: &Interaction, sight: Sight, lookup: Lookup<'_>) -> Self {
        let id = interaction.id.to_string();
        let email = (interaction.media() == Media::Email).then(|| EmailPart {
            email_object: EmailObject {
                subject: interaction.subject.clone(),
                interaction_id: id.clone(),
            },
            fields: EmailFields::of(interaction, lookup),
        });
        let chat = (interaction.media() == Media::Chat).then(|| ChatPart {
            chat_type: direction_name(interaction.direction),
            participants: sight.participants(interaction, lookup),
            idle_ends: interaction.idle_end().map(date::print),
        });
        Self {
            id,
            link: lookup.url.interaction(interaction.id),
            channel: interaction.media().name().to_owned(),
            interaction_type: type_name(&interaction.media()),
            interaction_sub_type: interaction.sub_type.clone(),
            direction: direction_name(interaction.direction),
            state: status_name(sight.status),
            capabilities: operation_names(sight.capabilities),
            operations: sight.operations(interaction, lookup),
            offer: sight.offer(interaction, lookup),
            answer: AnswerPart::of(interaction, lookup),
            current_queue: queue_name(interaction, lookup),
            priority: interaction.priority,
            subject: interaction.subject.clone(),
            parent_id: interaction.parent.map(|parent| parent.to_string()),
            contact_id: interaction.contact.clone(),
            external_id: interaction.external_id.clone(),
            assigned_to: interaction.owner().map(|owner| owner.to_string()),
            comment: interaction.comment.clone(),
            disposition: interaction.disposition.clone(),
            reminder: ReminderPart::of(interaction),
            epoch: interaction.epoch,
            user_data: value::map_to_json(&interaction.user_data),
            received_date: date::print(interaction.received),
            email,
            chat,
            marks: None,
        }
    }

    /// Shows an interaction as `reader` sees it now.
    #[must_use]
    pub fn read_by(interaction: &Interaction, reader: UserId, lookup: Lookup<'_>) -> Self {
        Self::new(interaction, Sight::of(interaction, reader), lookup)
    }
}
