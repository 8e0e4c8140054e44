//! `Create`: how interactions come into being by the API, from outside and by an agent for
//! themselves (docs/compat/operations.md#creating).

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::rejection::Noun;
use handoff_domain::{
    Actor, Direction, InteractionId, Media, Medium, Mode, Named, Rejection, SkillLevels, User,
    UserData,
};
use handoff_engine::{Directory, Done, Opening};
use serde::Serialize;

use crate::caller::Me;
use crate::channels::is_configured;
use crate::commands::{Answer, visible};
use crate::error::{Refusal, quoted};
use crate::external_id::{self, Submission};
use crate::idempotency::Retry;
use crate::me_interactions::QueueText;
use crate::request::{JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::email::EmailChanges;
use crate::wire::envelope::{Envelope, JsonText};
use crate::wire::fields::Fields;
use crate::wire::resource::{Link, Lookup};

/// What a body asks to be created. Stands before the caller among a handler's arguments.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    pub(crate) media: Media,
    queue: QueueText,
    direction: Option<Direction>,
    sub_type: Option<String>,
    external_id: Option<String>,
    parent: Option<String>,
    contact: Option<String>,
    subject: Option<String>,
    priority: Option<i64>,
    skills: BTreeMap<String, u32>,
    user_data: UserData,
    email: Option<EmailChanges>,
}

impl Creation {
    /// Reads a body that is sent to the door of one medium (docs/compat/media.md#e-mail), so that
    /// it need not name its channel.
    pub(crate) fn at_door(media: Media, body: &JsonBody) -> Result<Self, Refusal> {
        expect_create(body)?;
        let fields = body.fields();
        if fields.text("channel")?.is_some_and(|channel| channel != media.name()) {
            return Err(Refusal::invalid(
                "The field channel names another medium than the path does; leave it out.",
            ));
        }
        Self::read(media, &fields)
    }

    fn read(media: Media, fields: &Fields<'_>) -> Result<Self, Refusal> {
        let queue = QueueText::required(fields)?;
        let email = EmailChanges::read(fields)?;
        if email.is_some() && media != Media::Email {
            return Err(Refusal::invalid(
                "The field email is for the channel email; leave it out.",
            ));
        }
        let subject_of_email = email.as_ref().and_then(|email| email.subject.clone());
        Ok(Self {
            media,
            queue,
            direction: direction(fields)?,
            sub_type: fields.name("interactionSubType")?,
            external_id: external_id_of(fields)?,
            parent: fields.text("parentId")?,
            contact: fields.name("contactId")?,
            subject: fields.subject("subject")?.or(subject_of_email),
            priority: fields.integer("priority")?,
            skills: fields.levels("skills")?.unwrap_or_default(),
            user_data: fields.user_data("userData")?.unwrap_or_default(),
            email,
        })
    }

    /// Looks the names up.
    fn new_interaction(
        self,
        id: InteractionId,
        user: &User,
        lookup: Lookup<'_>,
        submission: Submission,
    ) -> Result<NewInteraction, Refusal> {
        let directory = lookup.directory;
        let direction = self.direction.unwrap_or(match (&self.media, submission) {
            // An e-mail that an agent begins is one that they write.
            (Media::Email, Submission::ByHand) => Direction::Outbound,
            (_, Submission::ByHand) => Direction::Internal,
            (_, Submission::ByServer) => Direction::Inbound,
        });
        let mode = match (&self.media, direction) {
            (Media::Email, Direction::Outbound) => Mode::Composing,
            _ => self.media.inbound_mode(),
        };
        let queue = self.queue.find(directory, user);
        // An unknown queue is told before an unknown skill; the rules tell it, so skills wait until
        // the queue is known.
        let skills = match &queue {
            Named::Known(_) => levels(&self.skills, user, directory)?,
            Named::Unknown(_) | Named::Ambiguous(_) => SkillLevels::new(),
        };
        let medium = match self.media {
            Media::Email => {
                let email = self.email.unwrap_or_default();
                Medium::Email(email.applied_to(Default::default(), lookup.letters))
            }
            other => other.into(),
        };
        Ok(NewInteraction {
            id,
            center: user.center,
            medium,
            direction,
            sub_type: self.sub_type.unwrap_or_else(|| default_sub_type(direction).to_owned()),
            external_id: self.external_id,
            parent: None,
            contact: self.contact,
            subject: self.subject,
            priority: self.priority,
            user_data: self.user_data,
            queue,
            skills,
            placement: match submission {
                Submission::ByHand => Placement::InHands { mode },
                Submission::ByServer => Placement::InQueue,
            },
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Creation {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        expect_create(&body)?;
        let fields = body.fields();
        Self::read(Media::from_name(&fields.required_text("channel")?), &fields)
    }
}

/// Where something is created, which decides into whose hands it comes and what the answer says.
#[derive(Clone, Copy)]
enum Origin {
    /// Outside: it goes into its queue.
    Outside,
    /// The calling agent's hands, by their request of that number.
    Agent(i32),
    /// The same by the door of one medium; that generation learns the id from the notification.
    MediumDoor(i32),
}

impl Origin {
    const fn reference(self) -> Option<i32> {
        match self {
            Self::Outside => None,
            Self::Agent(reference) | Self::MediumDoor(reference) => Some(reference),
        }
    }

    const fn submission(self) -> Submission {
        match self {
            Self::Outside => Submission::ByServer,
            Self::Agent(_) | Self::MediumDoor(_) => Submission::ByHand,
        }
    }

    fn answer(self, shared: &Shared, id: InteractionId) -> JsonText {
        match self {
            Self::Outside | Self::Agent(_) => created(shared, id, self.reference()),
            Self::MediumDoor(reference) => Envelope::Plain.success(Some(reference)),
        }
    }
}

/// Submits an interaction from outside: it waits in its queue when this returns.
pub(crate) async fn submit(shared: &Shared, me: &Me, creation: Creation, retry: &Retry) -> Answer {
    create(shared, me, creation, retry, Origin::Outside).await
}

/// Creates an interaction in the calling agent's own hands.
pub(crate) async fn create_for(
    shared: &Shared,
    me: &Me,
    creation: Creation,
    retry: &Retry,
) -> Answer {
    create_by_hand(shared, me, creation, retry, Origin::Agent).await
}

/// The same by the door of one medium, with that generation's answer.
pub(crate) async fn create_at_door(
    shared: &Shared,
    me: &Me,
    creation: Creation,
    retry: &Retry,
) -> Answer {
    create_by_hand(shared, me, creation, retry, Origin::MediumDoor).await
}

async fn create_by_hand(
    shared: &Shared,
    me: &Me,
    creation: Creation,
    retry: &Retry,
    origin: fn(i32) -> Origin,
) -> Answer {
    if creation.media == Media::Chat {
        // There is no customer at the other end.
        return Err(Refusal::invalid("An agent cannot create a chat; customers begin them."));
    }
    let reference = shared.engine().core().next_reference(me.id()).await?;
    create(shared, me, creation, retry, origin(reference)).await
}

async fn create(
    shared: &Shared,
    me: &Me,
    creation: Creation,
    retry: &Retry,
    origin: Origin,
) -> Answer {
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let engine = shared.engine();
    expect_configured(&engine.core().directory(), me, &creation.media)?;
    let now = engine.core().now();
    let id = engine.core().ids().interaction(now);
    let answer = origin.answer(shared, id);
    let reference = origin.reference();
    let submission = origin.submission();
    if let Some(external_id) = &creation.external_id
        && let Some(first) = external_id::earlier(shared, me, external_id, submission).await?
    {
        return Ok(origin.answer(shared, first));
    }
    let by_external_id = creation.external_id.as_ref();
    let by_external_id = by_external_id.map(|key| external_id::receipt_of_account(me, key, id));
    let parent = match &creation.parent {
        Some(parent) => Some(visible(shared, me, parent).await?.id),
        None => None,
    };
    let directory = engine.core().directory();
    let new = creation.new_interaction(id, &me.user, shared.lookup(&directory), submission)?;
    let receipts = retry.receipt(me, &answer, now).into_iter().chain(by_external_id).collect();
    let new = NewInteraction { parent, ..new };
    let opening =
        Opening { new, center: me.center(), actor: Actor::User(me.caller()), reference, receipts };
    match engine.commands().open(&opening).await? {
        Done::Now { .. } => Ok(answer),
        // A twin came first.
        Done::Before(receipt) => match receipt.answer.parse::<InteractionId>() {
            Ok(_) => {
                Ok(origin.answer(shared, external_id::answerable(shared, me, &receipt).await?))
            }
            // Not an id, so it is a whole answer.
            Err(_) => Ok(JsonText(receipt.answer)),
        },
    }
}

fn expect_configured(directory: &Directory, me: &Me, media: &Media) -> Result<(), Refusal> {
    if is_configured(directory, me.center(), media) {
        return Ok(());
    }
    let name = quoted(media.name());
    Err(Refusal::invalid(format!(
        "The field channel names {name}, which no queue here is for; correct it."
    )))
}

fn expect_create(body: &JsonBody) -> Result<(), Refusal> {
    match body.operation_name()?.as_str() {
        "Create" => Ok(()),
        other => Err(unknown_operation(other)),
    }
}

fn created(shared: &Shared, id: InteractionId, reference: Option<i32>) -> JsonText {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Created {
        status_code: i32,
        id: String,
        #[serde(flatten)]
        link: Link,
        #[serde(skip_serializing_if = "Option::is_none")]
        reference_id: Option<i32>,
    }
    let link = shared.url().interaction(id);
    JsonText::of(&Created { status_code: 0, id: id.to_string(), link, reference_id: reference })
}

fn direction(fields: &Fields<'_>) -> Result<Option<Direction>, Refusal> {
    match fields.text("interactionType")?.as_deref() {
        None => Ok(None),
        Some("Inbound") => Ok(Some(Direction::Inbound)),
        Some("Outbound") => Ok(Some(Direction::Outbound)),
        Some("Internal") => Ok(Some(Direction::Internal)),
        Some(_) => Err(Refusal::invalid(
            "The field interactionType must be Inbound, Outbound or Internal.",
        )),
    }
}

fn external_id_of(fields: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let text = fields.line("externalId")?;
    if text.as_ref().is_some_and(|text| text.is_empty() || text.len() > external_id::BYTES_MAX) {
        let most = external_id::BYTES_MAX;
        let sentence = format!("The field externalId must have 1 to {most} bytes; correct it.");
        return Err(Refusal::invalid(sentence));
    }
    Ok(text)
}

const fn default_sub_type(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "InboundNew",
        Direction::Outbound => "OutboundNew",
        Direction::Internal => "InternalNew",
    }
}

/// Returns the levels by skill id.
///
/// # Errors
///
/// Code 6, naming a skill that does not exist.
pub(crate) fn levels(
    named: &BTreeMap<String, u32>,
    user: &User,
    directory: &Directory,
) -> Result<SkillLevels, Refusal> {
    let find = |(name, level): (&String, &u32)| {
        let unknown = || Rejection::Unknown { noun: Noun::Skill, name: name.clone() };
        let skill = directory.skill_named(user.center, name).ok_or_else(unknown)?;
        Ok((skill.id, *level))
    };
    named.iter().map(find).collect()
}
