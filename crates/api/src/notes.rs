//! `/interactions/{id}/notes`: what people remarked on an interaction, each with its author and
//! time.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::command::Patch;
use handoff_domain::{Action, Note};
use serde::Serialize;

use crate::caller::{AnyUser, Person};
use crate::commands::{Answer, Basis, Target, perform, visible};
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::request::{Id, JsonBody};
use crate::shared::Shared;
use crate::wire::date;
use crate::wire::envelope::Envelope;
use crate::wire::listing::one;
use crate::wire::resource::{Lookup, UserPart};

/// A note as it is shown.
#[derive(Serialize)]
struct NoteResource {
    /// Its place among the interaction's notes, from 1.
    id: usize,
    text: String,
    /// `null` for what was written before authors were kept.
    by: Option<UserPart>,
    at: String,
}

impl NoteResource {
    fn new((at, note): (usize, Note), lookup: Lookup<'_>) -> Self {
        let by = note.by.map(|user| UserPart::new(user, lookup));
        Self { id: at + 1, text: note.text, by, at: date::print(note.at) }
    }
}

/// `GET /interactions/{id}/notes`: all of them, the oldest first. There are few enough to need no
/// pages.
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(me): AnyUser, Id(id): Id) -> Answer {
    let interaction = visible(&shared, &me, &id).await?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let notes = interaction.all_notes().into_iter().enumerate();
    let shown: Vec<NoteResource> = notes.map(|note| NoteResource::new(note, lookup)).collect();
    Ok(one("notes", &shown))
}

/// The text of a new note. Stands before the caller among a handler's arguments.
pub(crate) struct Written {
    text: String,
    epoch: Option<u64>,
}

impl<S: Sync> FromRequestParts<S> for Written {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let fields = body.fields();
        let text = fields.required_text("text")?;
        if text.trim().is_empty() {
            return Err(Refusal::invalid("The field text must not be empty; write something."));
        }
        Ok(Self { text, epoch: fields.count("epoch")? })
    }
}

/// `POST /interactions/{id}/notes`: the owner's, while it is owned; supervisors' and admins' until
/// it is over.
pub(crate) async fn add(
    State(shared): State<Shared>,
    Written { text, epoch }: Written,
    retry: Retry,
    Person(me): Person,
    Id(id): Id,
) -> Answer {
    let target = Target { id: &id, media: None, epoch };
    let action = Action::Change(Patch { comment: Some(text), ..Patch::default() });
    let (form, basis) = (Envelope::Plain, Basis::Request);
    perform(&shared, &me, target, form, &retry, basis, |_, _| Ok(action.into())).await
}
