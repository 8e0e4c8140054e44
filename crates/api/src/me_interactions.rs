//! `/me/interactions`: what the caller works on, and what they do with it. The reference document's
//! heart.

mod action_text;
mod chat;
mod compose;
mod mail;
mod marks;
mod names;
mod operations;
mod talk;
mod usage;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::rejection::Noun;
use handoff_domain::{Action, Interaction, Media, Named, Rejection, Topic, Workbin};
use handoff_engine::Directory;
use handoff_store::{InteractionQuery, InteractionScope};

use crate::attachments;
use crate::caller::{Agent, Me, Supervisor};
use crate::commands::{self, Answer, Basis, Target};
use crate::creation::{Creation, create_for};
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::pages::{self, Showing};
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::listing::Listing;
use crate::wire::notification::{StateMessage, WorkbinContent, workbin_content};

use action_text::Document;
pub(crate) use action_text::Intent;
pub(crate) use marks::shown as marks_shown;
pub(crate) use names::QueueText;
pub(crate) use operations::{OnBehalf, Operation, envelope_of};
pub(crate) use talk::party_of;

/// Attributes that lists of interactions can be filtered by (docs/compat/conventions.md#lists).
pub(crate) const FILTERS: &[&str] = &[
    "id",
    "externalId",
    "channel",
    "state",
    "currentQueue",
    "assignedTo",
    "contactId",
    "interactionType",
];

/// Most interactions in the answer to `GetWorkbinContent`
/// (docs/compat/operations.md#workbin-content); a longer content is told as truncated.
const CONTENT_MAX: usize = 500;
/// What they may take together, in bytes; beyond it the answer is `truncated`. A session's queue
/// holds some of them, and large letters are read one by one.
const CONTENT_BYTES_MAX: usize = 1 << 20;

/// `GET /me/interactions`: what is offered to the caller and what they own, as the notifications
/// show it.
pub(crate) async fn list(State(shared): State<Shared>, agent: Agent, uri: Uri) -> Answer {
    let (listing, me) = (Listing::read(&uri, FILTERS)?, agent.0);
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let marks = Mutex::new(BTreeMap::new());
    let known_marks = || marks.lock().unwrap_or_else(PoisonError::into_inner);
    let fetch = async |query: InteractionQuery| {
        let found = shared.engine().core().store().interactions(&query).await?;
        let chats = found.items.iter().map(|item| &item.value);
        let shown = marks_shown(&shared, &me, chats).await?;
        known_marks().extend(shown);
        Ok(found)
    };
    let show = |interaction: &Interaction| {
        let mut shown = StateMessage::read_by(interaction, me.id(), lookup);
        shown.interaction.marks = known_marks().remove(&interaction.id);
        Some(shown)
    };
    let query = InteractionQuery::of(InteractionScope::HeldBy(me.id()), listing.limit);
    pages::answer(&listing, "interactions", query, fetch, Showing::All, show).await
}

/// Answers with a page of a scope, shown by `show`, which leaves out what it returns nothing for.
pub(crate) async fn page<R: serde::Serialize>(
    shared: &Shared,
    listing: &Listing,
    plural: &str,
    scope: InteractionScope,
    media: Option<Media>,
    show: impl Fn(&Interaction) -> Option<R>,
) -> Answer {
    let query = InteractionQuery { media, ..InteractionQuery::of(scope, listing.limit) };
    let fetch =
        async |query: InteractionQuery| shared.engine().core().store().interactions(&query).await;
    pages::answer(listing, plural, query, fetch, Showing::All, show).await
}

/// `POST /me/interactions`: creates one for the calling agent.
pub(crate) async fn create(
    State(shared): State<Shared>,
    creation: Creation,
    retry: Retry,
    Agent(me): Agent,
) -> Answer {
    create_for(&shared, &me, creation, &retry).await
}

/// `POST /me/interactions/{id}`: one of the operations in the table.
pub(crate) async fn operate(
    State(shared): State<Shared>,
    operation: Operation,
    retry: Retry,
    Agent(me): Agent,
    Id(id): Id,
) -> Answer {
    perform(&shared, &me, &id, None, operation, &retry).await
}

/// `POST /interactions/{id}`: what a supervisor does with anybody's.
pub(crate) async fn operate_on_behalf(
    State(shared): State<Shared>,
    OnBehalf(operation): OnBehalf,
    retry: Retry,
    Supervisor(me): Supervisor,
    Id(id): Id,
) -> Answer {
    let operation = Operation { envelope: Envelope::Plain, ..operation };
    perform(&shared, &me, &id, None, operation, &retry).await
}

/// Carries out an operation on an interaction that the caller names, by the door of one medium or
/// of all.
pub(crate) async fn perform(
    shared: &Shared,
    me: &Me,
    id: &str,
    media: Option<&Media>,
    operation: Operation,
    retry: &Retry,
) -> Answer {
    let Operation { envelope, intent, epoch, .. } = operation;
    let target = Target { id, media, epoch };
    let instruction = match intent {
        Intent::Act(instruction) => instruction,
        Intent::ShowWorkbin(workbin) => {
            let reference = show_workbin(shared, me, &workbin).await?;
            return Ok(envelope.success(Some(reference)));
        }
        Intent::Tell(telling) => {
            let reference = talk::tell(shared, me, target, telling).await?;
            return Ok(envelope.success(Some(reference)));
        }
        Intent::Keep(typed) => {
            let reference = marks::keep(shared, me, target, typed).await?;
            return Ok(envelope.success(Some(reference)));
        }
        Intent::Look(looking) => {
            return marks::look(shared, me, target, envelope, looking, retry).await;
        }
        Intent::Attach(document) => {
            return attach(shared, me, target, envelope, &document, retry).await;
        }
        Intent::UseResponse(response) => {
            return usage::note(shared, me, target, envelope, &response, retry).await;
        }
        Intent::ShowHistory(history) => {
            let reference = talk::show_history(shared, me, target, history).await?;
            return Ok(envelope.success(Some(reference)));
        }
    };
    let disposition_key = &shared.engine().core().options().rules.disposition_key;
    let basis = instruction.action.basis();
    commands::perform(shared, me, target, envelope, retry, basis, |interaction, directory| {
        let lookup = shared.lookup(directory);
        let names = names::Names {
            lookup,
            user: &me.user,
            interaction,
            engine: shared.engine(),
            disposition_key,
        };
        instruction.resolve(&names)
    })
    .await
}

/// Attaches a file that is there already.
async fn attach(
    shared: &Shared,
    me: &Me,
    target: Target<'_>,
    envelope: Envelope,
    document: &Document,
    retry: &Retry,
) -> Answer {
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let draft = commands::visible_of(shared, me, target.id, target.media).await?;
    if let Some(given) = target.epoch.filter(|given| *given != draft.epoch) {
        return Err(Rejection::StaleEpoch { given, current: draft.epoch }.into());
    }
    let attachment =
        attachments::document(shared, me, &draft, &document.id, document.name.as_deref()).await?;
    let instruct = |_: &Interaction, _: &Directory| Ok(Action::AddAttachment(attachment).into());
    commands::perform(shared, me, target, envelope, retry, Basis::Present, instruct).await
}

/// Sends the content of a workbin to the caller's sessions; returns the number of the request.
async fn show_workbin(shared: &Shared, me: &Me, id_or_name: &str) -> Result<i32, Refusal> {
    let engine = shared.engine();
    let directory = engine.core().directory();
    let workbin = usable_workbin(&directory.workbin_for(&me.user, id_or_name))?;
    let content = engine
        .views()
        .interactions_in(InteractionScope::InWorkbin(workbin.id), CONTENT_MAX)
        .await?;
    let reference = engine.core().next_reference(me.id()).await?;
    let mut bytes = 0_usize;
    let fits = |interaction: &&Interaction| {
        let is_first = bytes == 0;
        bytes += interaction.weight();
        is_first || bytes <= CONTENT_BYTES_MAX
    };
    let interactions: Vec<&Interaction> =
        content.items.iter().map(|item| &item.value).take_while(fits).collect();
    let content = WorkbinContent {
        workbin: workbin.id,
        reference,
        reader: me.id(),
        interactions: &interactions,
        truncated: content.more || interactions.len() < content.items.len(),
    };
    let message = workbin_content(&content, shared.lookup(&directory));
    engine.delivery().promise(me.id(), [(Topic::Interactions, message)]).await?;
    Ok(reference)
}

/// Returns the one workbin that a name stands for.
///
/// # Errors
///
/// Code 6 when it stands for none that the caller may use, code 10 when for several.
pub(crate) fn usable_workbin(named: &Named<Workbin>) -> Result<Workbin, Refusal> {
    Ok(named.known(Noun::Workbin)?.clone())
}
