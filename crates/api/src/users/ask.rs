//! `POST /users/{id}`: asking a colleague something. It is told to who is there now, and kept
//! nowhere.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::Topic;

use crate::caller::Person;
use crate::colleagues::colleague;
use crate::commands::{Answer, visible};
use crate::error::{Code, Refusal};
use crate::request::{Id, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::notification::{AskMessage, encode};
use crate::wire::resource::UserPart;

/// How many characters a question has at most: as many as what goes along with an offer.
const CHARS_MAX: usize = 1_000;

/// A question. Stands before the caller among a handler's arguments.
pub(crate) struct Question {
    text: String,
    /// What it is about, when it is about an interaction.
    interaction: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Question {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let name = body.operation_name()?;
        if name != "Ask" {
            return Err(unknown_operation(&name));
        }
        let fields = body.fields();
        let text = fields.required_text("text")?;
        if text.trim().is_empty() || text.contains('\0') || text.chars().count() > CHARS_MAX {
            return Err(Refusal::invalid(format!(
                "The field text must have 1 to {CHARS_MAX} characters; correct it."
            )));
        }
        Ok(Self { text, interaction: fields.text("interactionId")? })
    }
}

/// Asks a colleague who listens now; code 2 when they do not.
pub(crate) async fn ask(
    State(shared): State<Shared>,
    Question { text, interaction }: Question,
    Person(me): Person,
    Id(id): Id,
) -> Answer {
    let asked = colleague(&shared, &me, &id)?;
    let about = match interaction {
        Some(id) => Some(visible(&shared, &me, &id).await?.id),
        None => None,
    };
    let core = shared.engine().core();
    let desk = core.current_desk(asked).await?;
    if asked == me.id() || !desk.is_some_and(|desk| desk.reach.is_any()) {
        return Err(Refusal::new(
            Code::WrongState,
            "Nobody is there to be asked: the user is not connected; leave a note, or ask another.",
        ));
    }
    let directory = core.directory();
    let from = UserPart::new(me.id(), shared.lookup(&directory));
    let told = encode(&AskMessage::new(from, text, about));
    shared.engine().delivery().promise(asked, [(Topic::Me, told)]).await?;
    Ok(Envelope::Plain.success(Some(core.next_reference(me.id()).await?)))
}
