//! `/interactions`: the interactions of the contact center that the caller may see, and how new
//! ones are submitted.

mod search;

use axum::extract::{FromRequestParts, State};
use axum::http::Uri;
use axum::http::request::Parts;
use handoff_domain::command::Patch;
use handoff_domain::{Action, Interaction, Media, QueueId, UserCommand, UserId};
use handoff_engine::CommandRequest;
use handoff_store::{InteractionQuery, InteractionScope, SubjectKey};

use crate::caller::{AnyUser, Follower, Me, Person, Submitter};
use crate::commands::{Answer, carry_out, visible};
use crate::creation::{Creation, submit};
use crate::error::{Code, Refusal, quoted};
use crate::idempotency::Retry;
use crate::me_interactions::{FILTERS, marks_shown};
use crate::pages::{self, Showing};
use crate::request::{Id, JsonBody};
use crate::shared::Shared;
use crate::wire::email::EmailChanges;
use crate::wire::envelope::Envelope;
use crate::wire::history::HistoryResource;
use crate::wire::interaction::{InteractionResource, operation_parts};
use crate::wire::letters::Cleaner;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::routing::RoutingResource;

/// `GET /interactions`: all active ones that the caller may see; with words, a finished state or a
/// time also what is over.
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(me): AnyUser, uri: Uri) -> Answer {
    let mut listing = Listing::read(&uri, &[FILTERS, search::PARAMETERS].concat())?;
    if search::is_asked_for(&listing) {
        return search::answer(&shared, &me, listing).await;
    }
    // Whatever is in the list is that.
    if listing.filter("state") == Some(search::ACTIVE) {
        listing.forget("state");
    }
    if let Some(id) = listing.filter("id") {
        return find(&shared, &me, &listing, id).await;
    }
    let Some(query) = query_of(&shared, &me, &listing) else {
        return Ok(listing.page("interactions", &[], None::<&String>));
    };
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let show = |interaction: &Interaction| {
        Some(InteractionResource::read_by(interaction, me.id(), lookup))
    };
    let fetch = async |query: InteractionQuery| {
        shared.engine().views().interactions_for(&me.user, query).await
    };
    pages::answer(&listing, "interactions", query, fetch, Showing::All, show).await
}

/// Answers with the one active interaction of that id, when the caller may see it and no other
/// filter leaves it out.
async fn find(shared: &Shared, me: &Me, listing: &Listing, id: &str) -> Answer {
    let found = match id.parse() {
        Ok(id) => shared.engine().views().interaction_for(me.id(), id).await?,
        Err(_) => None,
    };
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let shown = found.filter(|interaction| !interaction.is_ended()).and_then(|interaction| {
        listing.pick(&InteractionResource::read_by(&interaction, me.id(), lookup))
    });
    let items: Vec<_> = shown.into_iter().collect();
    Ok(listing.page("interactions", &items, None::<&String>))
}

/// Turns filters into a query where the store can do them; the others are applied to what it gives.
/// `None` when a filter names something that does not exist, so that nothing can match.
fn query_of(shared: &Shared, me: &Me, listing: &Listing) -> Option<InteractionQuery> {
    let directory = shared.engine().core().directory();
    let mut query = InteractionQuery::of(InteractionScope::Active(me.center()), listing.limit);
    query.media = listing.filter("channel").map(Media::from_name);
    query.external_id = listing.filter("externalId").map(str::to_owned);
    query.contact = listing.filter("contactId").map(str::to_owned);
    if let Some(name) = listing.filter("currentQueue") {
        let of_center = |queue: &QueueId| {
            directory.queue(me.center(), *queue).is_some_and(|queue| queue.name == name)
        };
        query.queue = Some(directory.queues.keys().copied().find(of_center)?);
    }
    if let Some(owner) = listing.filter("assignedTo") {
        query.owner = Some(owner.parse::<UserId>().ok()?);
    }
    Some(query)
}

/// `GET /interactions/{id}`.
pub(crate) async fn get(
    State(shared): State<Shared>,
    Follower(me): Follower,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let interaction = visible(&shared, &me, &id).await?;
    let directory = shared.engine().core().directory();
    let mut shown = InteractionResource::read_by(&interaction, me.id(), shared.lookup(&directory));
    let mut marks = marks_shown(&shared, &me, std::iter::once(&*interaction)).await?;
    shown.marks = marks.remove(&interaction.id);
    Ok(one("interaction", &select(&fields(&uri), &shown)))
}

/// The changed part of an interaction. Stands before the caller among a handler's arguments.
pub(crate) struct Change {
    patch: Patch,
    email: Option<EmailChanges>,
    epoch: Option<u64>,
}

impl Change {
    /// The properties that can be written, and the fence
    /// (docs/compat/operations.md#reading-and-writing).
    const WRITABLE: [&str; 6] = ["userData", "subject", "priority", "comment", "email", "epoch"];
    /// The properties, and what to send in place of null. Elsewhere null counts as not given; here
    /// it reads as a wish to clear the property, and a change must not be acknowledged that is not
    /// made.
    const CLEARED_BY: [(&str, &str); 5] = [
        ("userData", "an object, in which null removes a key"),
        ("subject", "an empty text to clear it"),
        ("priority", "0 to set it back"),
        ("comment", "an empty text to clear it"),
        ("email", "an object with the fields to change"),
    ];

    fn read(body: &JsonBody) -> Result<Self, Refusal> {
        let fields = body.fields();
        if let Some(other) = fields.names().find(|name| !Self::WRITABLE.contains(name)) {
            let sentence =
                format!("The property {} cannot be changed; leave it out.", quoted(other));
            return Err(Refusal::new(Code::ReadOnly, sentence));
        }
        if let Some((name, instead)) =
            Self::CLEARED_BY.iter().find(|(name, _)| fields.is_null(name))
        {
            return Err(Refusal::invalid(format!(
                "The field {name} must not be null; send {instead}."
            )));
        }
        let email = EmailChanges::read(&fields)?;
        let subject_of_email = email.as_ref().and_then(|email| email.subject.clone());
        // Its bounds are those of user data; a merge-patch beyond them could only fail later.
        let user_data = fields.user_data("userData")?.map(|user_data| user_data.0);
        let patch = Patch {
            user_data,
            subject: fields.subject("subject")?.or(subject_of_email),
            priority: fields.integer("priority")?,
            comment: fields.text("comment")?,
            email: None,
        };
        Ok(Self { patch, email, epoch: fields.count("epoch")? })
    }

    fn action(self, interaction: &Interaction, letters: &Cleaner) -> Action {
        let before = interaction.email().cloned().unwrap_or_default();
        Action::Change(Patch {
            email: self.email.map(|email| email.applied_to(before, letters)),
            ..self.patch
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Change {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::read(&JsonBody::from_request_parts(parts, state).await?)
    }
}

/// `PUT /interactions/{id}`: changes what the body gives.
pub(crate) async fn put(
    State(shared): State<Shared>,
    change: Change,
    retry: Retry,
    Person(me): Person,
    Id(id): Id,
) -> Answer {
    if let Some(answer) = retry.earlier(&shared, &me).await? {
        return Ok(answer);
    }
    let interaction = visible(&shared, &me, &id).await?;
    let answer = Envelope::Plain.success(None);
    let receipt = retry.receipt(&me, &answer, shared.engine().core().now());
    let epoch = change.epoch;
    let action = change.action(&interaction, shared.letters());
    let command = UserCommand { epoch, ..UserCommand::new(me.caller(), action) };
    let request = CommandRequest { receipt, ..CommandRequest::new(interaction.id, command) };
    carry_out(&shared, &me, &request, answer).await
}

/// `POST /interactions`: submits one from outside.
pub(crate) async fn create(
    State(shared): State<Shared>,
    creation: Creation,
    retry: Retry,
    Submitter(me): Submitter,
) -> Answer {
    submit(&shared, &me, creation, &retry).await
}

/// `GET /interactions/{id}/routing`: who is eligible, who is excluded by which rule, how long it
/// has waited, which step comes next.
pub(crate) async fn routing(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
) -> Answer {
    let interaction = visible(&shared, &me, &id).await?;
    let directory = shared.engine().core().directory();
    let board = shared.engine().core().current_board().await?;
    let why = shared.engine().views().why(board, &interaction);
    let shown = RoutingResource::new(
        &interaction,
        why.as_ref(),
        shared.engine().core().now(),
        shared.lookup(&directory),
    );
    Ok(one("routing", &shown))
}

/// `GET /interactions/{id}/operations`: every operation, whether the caller may use it now, and if
/// not why.
pub(crate) async fn operations(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
) -> Answer {
    let interaction = visible(&shared, &me, &id).await?;
    let directory = shared.engine().core().directory();
    Ok(one("operations", &operation_parts(&interaction, me.id(), shared.lookup(&directory))))
}

/// `GET /interactions/{id}/events`: its history, oldest first.
pub(crate) async fn events(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let interaction = visible(&shared, &me, &id).await?;
    let listing = Listing::read(&uri, &[])?;
    let after = listing.after::<u64>()?.unwrap_or(0);
    let found = shared
        .engine()
        .core()
        .store()
        .history(SubjectKey::Interaction(interaction.id), after, listing.limit)
        .await?;
    let directory = shared.engine().core().directory();
    let shown = found
        .items
        .iter()
        .filter_map(|entry| HistoryResource::new(entry, &directory, &me.user.roles));
    let items: Vec<_> = shown.map(|entry| select(listing.fields_or_all(), &entry)).collect();
    let next = found.items.last().map(|last| last.position).filter(|_| found.more);
    Ok(listing.page_of_parts("events", &items, next.as_ref()))
}
