//! Queues: lists, one of them, and what admins make, change and remove
//! (docs/compat/center.md#queues).
//!
//! Everybody of a contact center sees its queues, because they are where an agent's work comes from
//! and where they transfer it to.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::center::Acknowledgement;
use handoff_domain::{Media, Queue, QueueId, Value};
use handoff_engine::Directory;
use handoff_provision::{
    Editor, Perhaps, QueueDescription, QueueFault, QueueField, StepDescription, Thing,
};
use handoff_store::Key;

use crate::administration::{Changes, Described, New, change, done, known, made, remove};
use crate::caller::{Admin, AnyUser, Me};
use crate::commands::Answer;
use crate::error::{Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::services::hours;
use crate::shared::Shared;
use crate::wire::fields::Fields;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{QueueResource, Versioned};

/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "name", "channel", "priority"];

/// `GET /queues`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let directory = shared.engine().core().directory();
    let queues = directory.queues.values().filter(|queue| queue.center == me.center());
    let shown = queues.map(|queue| {
        let resource = QueueResource::new(queue, shared.lookup(&directory));
        (queue.id, Versioned::new(resource, directory.version(&Key::Queue(queue.id))))
    });
    Listing::read(&uri, FILTERS)?.of_all("queues", shown)
}

/// `GET /queues/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let queue = find(&directory, &me, &id)?;
    let resource = QueueResource::new(queue, shared.lookup(&directory));
    let shown = Versioned::new(resource, directory.version(&Key::Queue(queue.id)));
    Ok(one("queue", &select(&fields(&uri), &shown)))
}

/// `PUT /queues/{id}`: the given fields change, lists are replaced. Later offers are made by the
/// new values.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfQueue>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id: QueueId = known(&id, Thing::Queue)?;
    let decide = |center: &Editor<'_>| {
        changes.expect_same(center, &Key::Queue(id), &shared.url().queue(id))?;
        Ok(center.change_queue(id, &changes.said.0)?)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// `POST /queues`
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(OfQueue(said)): New<OfQueue>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let id = QueueId(shared.engine().core().ids().uuid());
    let answer = made(shared.url().queue(id));
    change(&shared, &me, &retry, answer, |center| Ok(center.add_queue(id, &said)?)).await
}

/// `DELETE /queues/{id}`, while nothing waits in it, came from it or leads to it.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id = known(&id, Thing::Queue)?;
    remove(&shared, &me, &retry, Vec::new(), move |center| Ok(center.remove_queue(id)?)).await
}

fn find<'a>(directory: &'a Directory, me: &Me, id: &str) -> Result<&'a Queue, Refusal> {
    let queue = id.parse::<QueueId>().ok().and_then(|id| directory.queue(me.center(), id));
    queue.map(|queue| &**queue).ok_or_else(|| Refusal::not_found("queue"))
}

/// What a body says of a queue, before names are looked up.
pub(crate) struct OfQueue(pub(crate) QueueDescription<String>);

impl Described for OfQueue {
    const NEEDED: &'static [&'static str] = &["name", "channel"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let described = QueueDescription {
            name: fields.text("name")?,
            media: fields.text("channel")?.map(|name| Media::from_name(&name)),
            groups: fields.texts("groups")?,
            skills: fields.levels("skills")?,
            priority: fields.integer("priority")?,
            invite_timeout_ms: fields.time_ms("inviteTimeout")?,
            reoffer_after_ms: fields.time_ms("reofferAfter")?,
            steps: steps(fields)?,
            acknowledge: answer(fields, "acknowledge")?,
            hours: hours(fields)?,
            closed: answer(fields, "closed")?,
            answer_target_ms: fields.time_ms("answerTarget")?,
            dispositions: fields.texts("dispositions")?,
            disposition_required: fields.boolean("dispositionRequired")?,
            review: fields.text("reviewQueue")?.map(Perhaps::unless_empty),
        };
        match described.faults().first() {
            Some(fault) => Err(refusal(fault)),
            None => Ok(Self(described)),
        }
    }
}

/// Says what a queue cannot be, in the units of requests.
fn refusal(fault: &QueueFault) -> Refusal {
    let sentence = match fault.field {
        QueueField::InviteTimeout => {
            "The field inviteTimeout must be 1 to 86400 seconds; correct it.".to_owned()
        }
        QueueField::ReofferAfter => {
            "The field reofferAfter must be 0 to 86400 seconds; correct it.".to_owned()
        }
        QueueField::AnswerTarget => {
            "The field answerTarget must be 0 to 2592000 seconds; correct it.".to_owned()
        }
        QueueField::Step(_) => {
            "The field after must be 1 to 86400 seconds, and of each step another; correct it."
                .to_owned()
        }
        QueueField::Name
        | QueueField::Steps(_)
        | QueueField::Channel
        | QueueField::AcknowledgementSubject
        | QueueField::AcknowledgementText
        | QueueField::Hours(..)
        | QueueField::ClosedSubject
        | QueueField::ClosedText => return unfit(Thing::Queue, &fault.message),
    };
    Refusal::invalid(sentence)
}

/// Reads what the server writes to whoever sends an e-mail; nothing where the object is empty.
fn answer(
    fields: Fields<'_>,
    name: &'static str,
) -> Result<Option<Perhaps<Acknowledgement>>, Refusal> {
    let Some(values) = fields.map(name)? else { return Ok(None) };
    if values.is_empty() {
        return Ok(Some(Perhaps::Without));
    }
    let fields = Fields::top(values);
    let (subject, text) = (fields.required_text("subject")?, fields.required_text("text")?);
    Ok(Some(Perhaps::With(Acknowledgement { subject, text })))
}

fn steps(fields: Fields<'_>) -> Result<Option<Vec<StepDescription<String>>>, Refusal> {
    let wrong = || Refusal::invalid("The field steps must be a list of objects; correct it.");
    let Some(value) = fields.get("steps") else { return Ok(None) };
    let Value::List(items) = value else { return Err(wrong()) };
    let step = |item: &Value| {
        let Value::Map(values) = item else { return Err(wrong()) };
        let fields = Fields::top(values);
        Ok(StepDescription {
            after_ms: fields.time_ms("after")?.ok_or_else(|| fields.missing("after"))?,
            groups: fields.texts("groups")?.unwrap_or_default(),
            skills: fields.levels("skills")?.unwrap_or_default(),
        })
    };
    let mut steps: Vec<_> = items.iter().map(step).collect::<Result<_, _>>()?;
    steps.sort_by_key(|step| step.after_ms);
    Ok(Some(steps))
}
