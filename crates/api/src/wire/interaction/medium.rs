//! Interactions as the resource of their medium: the form of 8.5.2 and later
//! (docs/compat/media.md#e-mail).

use handoff_domain::{Interaction, Media, UserId};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    AnswerPart, EmailFields, OfferPart, ParticipantResource, ReminderPart, Sight, with_properties,
};
use crate::wire::date;
use crate::wire::names::{direction_name, status_name};
use crate::wire::operation::operation_names;
use crate::wire::resource::{Link, Lookup};

/// What every medium's resource has.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Common {
    pub id: String,
    /// Its addresses as this medium's resource.
    #[serde(flatten)]
    pub link: Link,
    /// The state that the reader sees.
    pub state: &'static str,
    /// What the reader may do next.
    pub capabilities: Vec<&'static str>,
    /// Every operation that the reader may use now.
    pub operations: Vec<&'static str>,
    /// What the reader is offered, or as the owner has offered.
    pub offer: Option<OfferPart>,
    /// What the customer is owed; `null` for what agents write.
    pub answer: Option<AnswerPart>,
    pub subject: Option<String>,
    /// The interaction that it answers or follows.
    pub parent_id: Option<String>,
    pub contact_id: Option<String>,
    /// The owner's user id.
    pub assigned_to: Option<String>,
    /// What agents say came of it, while they say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
    /// When it comes back by itself from the workbin that it lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminder: Option<ReminderPart>,
    /// When it entered the server.
    pub received_date: String,
    /// User data, with the interaction's properties beside it.
    pub user_data: Map<String, Value>,
}

/// An e-mail.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmailResource {
    /// What every medium has.
    #[serde(flatten)]
    pub common: Common,
    /// Who started it.
    pub email_type: &'static str,
    /// The e-mail's own fields.
    #[serde(flatten)]
    pub fields: EmailFields,
    /// Queues that a reply could go out by; captured traffic has the list, we suggest none.
    pub suggested_queue_uris: [(); 0],
    /// Groups of standard responses; the spelling is the reference server's
    /// (docs/compat/media.md#e-mail), we have none.
    pub revelant_response_template_groups: [(); 0],
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChatResource {
    /// What every medium has.
    #[serde(flatten)]
    pub common: Common,
    /// Who started it.
    pub chat_type: &'static str,
    /// The agents in the conversation.
    pub participants: Vec<ParticipantResource>,
    /// As in [`EmailResource`].
    pub suggested_queue_uris: [(); 0],
    /// As in [`EmailResource`].
    pub revelant_response_template_groups: [(); 0],
}

/// A work item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkitemResource {
    /// What every medium has.
    #[serde(flatten)]
    pub common: Common,
    /// Who started it.
    pub workitem_type: &'static str,
}

/// An interaction of an open-media type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenmediaResource {
    /// What every medium has.
    #[serde(flatten)]
    pub common: Common,
    /// The open-media type.
    pub media_type: String,
    /// Who started it.
    pub openmedia_type: &'static str,
}

/// An interaction as the resource of its medium.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum MediumResource {
    /// An e-mail.
    Email(Box<EmailResource>),
    Chat(Box<ChatResource>),
    /// A work item.
    Workitem(Box<WorkitemResource>),
    /// Of an open-media type.
    Openmedia(Box<OpenmediaResource>),
}

impl MediumResource {
    /// Shows an interaction in that sight.
    #[must_use]
    pub fn new(interaction: &Interaction, sight: Sight, lookup: Lookup<'_>) -> Self {
        let common = Common::new(interaction, sight, lookup);
        let direction = direction_name(interaction.direction);
        match &interaction.media() {
            Media::Email => Self::Email(Box::new(EmailResource {
                common,
                email_type: direction,
                fields: EmailFields::of(interaction, lookup),
                suggested_queue_uris: [],
                revelant_response_template_groups: [],
            })),
            Media::Chat => Self::Chat(Box::new(ChatResource {
                common,
                chat_type: direction,
                participants: sight.participants(interaction, lookup),
                suggested_queue_uris: [],
                revelant_response_template_groups: [],
            })),
            Media::Workitem => {
                Self::Workitem(Box::new(WorkitemResource { common, workitem_type: direction }))
            }
            Media::Open(name) => Self::Openmedia(Box::new(OpenmediaResource {
                common,
                media_type: name.clone(),
                openmedia_type: direction,
            })),
        }
    }

    /// Shows an interaction as `reader` sees it now.
    #[must_use]
    pub fn read_by(interaction: &Interaction, reader: UserId, lookup: Lookup<'_>) -> Self {
        Self::new(interaction, Sight::of(interaction, reader), lookup)
    }
}

impl Common {
    fn new(interaction: &Interaction, sight: Sight, lookup: Lookup<'_>) -> Self {
        Self {
            id: interaction.id.to_string(),
            link: lookup.url.medium(&interaction.media(), interaction.id),
            state: status_name(sight.status),
            capabilities: operation_names(sight.capabilities),
            operations: sight.operations(interaction, lookup),
            offer: sight.offer(interaction, lookup),
            answer: AnswerPart::of(interaction, lookup),
            subject: interaction.subject.clone(),
            parent_id: interaction.parent.map(|parent| parent.to_string()),
            contact_id: interaction.contact.clone(),
            assigned_to: interaction.owner().map(|owner| owner.to_string()),
            disposition: interaction.disposition.clone(),
            reminder: ReminderPart::of(interaction),
            received_date: date::print(interaction.received),
            user_data: with_properties(interaction, lookup),
        }
    }
}

/// Returns the key of one such resource in an answer or a notification.
#[must_use]
pub const fn singular(media: &Media) -> &'static str {
    match media {
        Media::Email => "email",
        Media::Chat => "chat",
        Media::Workitem => "workitem",
        Media::Open(_) => "openmedia",
    }
}

/// Returns the key of a list of such resources.
#[must_use]
pub const fn plural(media: &Media) -> &'static str {
    match media {
        Media::Email => "emails",
        Media::Chat => "chats",
        Media::Workitem => "workitems",
        Media::Open(_) => "openmedia",
    }
}
