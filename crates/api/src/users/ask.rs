//! `POST /users/{id}`: asking a colleague something, which is told to who is there now and kept
//! nowhere; and ending an agent's contact-center session, as a supervisor.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::event::Cause;
use handoff_domain::{Topic, UserId};
use handoff_store::{ChangeSet, CommitError};

use crate::caller::{Me, Person};
use crate::colleagues::colleague;
use crate::commands::{Answer, visible};
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::request::{Id, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::fields::Fields;
use crate::wire::notification::{AskMessage, encode};
use crate::wire::resource::UserPart;

/// How many characters a question has at most: as many as what goes along with an offer.
const CHARS_MAX: usize = 1_000;

/// What is wanted of a user. Stands before the caller among a handler's arguments.
pub(crate) enum OfThem {
    /// An answer.
    Ask(Question),
    /// That their contact-center session ends.
    EndSession,
}

/// A question.
pub(crate) struct Question {
    text: String,
    /// What it is about, when it is about an interaction.
    interaction: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for OfThem {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        match body.operation_name()?.as_str() {
            "Ask" => Question::read(&body.fields()).map(Self::Ask),
            "EndContactCenterSession" => Ok(Self::EndSession),
            other => Err(unknown_operation(other)),
        }
    }
}

impl Question {
    fn read(fields: &Fields<'_>) -> Result<Self, Refusal> {
        let text = fields.required_text("text")?;
        if text.trim().is_empty() || text.contains('\0') || text.chars().count() > CHARS_MAX {
            return Err(Refusal::invalid(format!(
                "The field text must have 1 to {CHARS_MAX} characters; correct it."
            )));
        }
        Ok(Self { text, interaction: fields.text("interactionId")? })
    }
}

/// Ends an agent's contact-center session: what is in their hands goes where it goes when they end
/// it themselves.
pub(crate) async fn end_session(shared: &Shared, me: &Me, id: &str) -> Answer {
    let agent = colleague(shared, me, id)?;
    let by = Cause::User(me.id());
    shared.engine().desks().end_contact_session_by(by, agent, me.center()).await?;
    Ok(Envelope::Plain.success(None))
}

/// Asks a colleague who listens now; code 2 when they do not. A retry asks nothing again, whether
/// or not they are still there.
pub(crate) async fn ask(
    State(shared): State<Shared>,
    Question { text, interaction }: Question,
    retry: Retry,
    Person(me): Person,
    Id(id): Id,
) -> Answer {
    if let Some(answer) = retry.earlier(&shared, &me).await? {
        return Ok(answer);
    }
    let asked = colleague(&shared, &me, &id)?;
    let about = match interaction {
        Some(id) => Some(visible(&shared, &me, &id).await?.id),
        None => None,
    };
    expect_there(&shared, &me, asked).await?;
    let core = shared.engine().core();
    let directory = core.directory();
    let from = UserPart::new(me.id(), shared.lookup(&directory));
    let told = [(Topic::Me, encode(&AskMessage::new(from, text, about)))];
    let answer = Envelope::Plain.success(Some(core.next_reference(me.id()).await?));
    let receipts = retry.receipt(&me, &answer, core.now()).into_iter().collect();
    let change = ChangeSet { receipts, ..ChangeSet::default() };
    match shared.engine().delivery().commit_and_tell(change, asked, told).await {
        Ok(()) => Ok(answer),
        Err(CommitError::Store(error)) => Err(error.into()),
        // A twin of this request was faster.
        Err(CommitError::Receipt(_)) => {
            retry.earlier(&shared, &me).await?.ok_or_else(Refusal::unavailable)
        }
        Err(CommitError::Conflict { .. } | CommitError::Timer(_)) => {
            unreachable!("a question guards nothing but that it is asked once")
        }
    }
}

async fn expect_there(shared: &Shared, me: &Me, asked: UserId) -> Result<(), Refusal> {
    let desk = shared.engine().core().current_desk(asked).await?;
    if asked == me.id() || !desk.is_some_and(|desk| desk.reach.is_any()) {
        return Err(Refusal::new(
            Code::WrongState,
            "Nobody is there to be asked: the user is not connected; leave a note, or ask another.",
        ));
    }
    Ok(())
}
