//! Services: the doors by which customers come in, as everybody of a contact center sees and admins
//! make, change and remove them. What customers see of them is below `customer`.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::{Direction, ServiceId, ServiceKind};
use handoff_provision::{
    Editor, FilesDescription, HoursDescription, Perhaps, ServiceDescription, Thing,
};
use handoff_store::Key;

use crate::administration::{Changes, Described, New, change, done, known, made};
use crate::caller::{Admin, AnyUser};
use crate::commands::Answer;
use crate::error::{Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::fields::Fields;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{ServiceResource, Versioned};

/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "name", "type", "queue", "enabled"];

/// `GET /services`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let directory = shared.engine().core().directory();
    let services = directory.services.values().filter(|service| service.center == me.center());
    let shown = services.map(|service| {
        let resource = ServiceResource::new(service, shared.lookup(&directory));
        (service.id, Versioned::new(resource, directory.version(&Key::Service(service.id))))
    });
    Listing::read(&uri, FILTERS)?.of_all("services", shown)
}

/// `GET /services/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let service = directory.service_of(me.center(), known(&id, Thing::Service)?);
    let service = service.ok_or_else(|| Refusal::not_found("service"))?;
    let resource = ServiceResource::new(service, shared.lookup(&directory));
    let shown = Versioned::new(resource, directory.version(&Key::Service(service.id)));
    Ok(one("service", &select(&fields(&uri), &shown)))
}

/// `POST /services`
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(OfService(said)): New<OfService>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let kind = said.kind.ok_or_else(|| Refusal::missing("type"))?;
    if kind == ServiceKind::Email && said.mailbox.is_none() {
        return Err(Refusal::missing("mailbox"));
    }
    let id = ServiceId(shared.engine().core().ids().uuid());
    let answer = made(shared.url().service(id));
    change(&shared, &me, &retry, answer, |center| Ok(center.add_service(id, kind, &said)?)).await
}

/// `PUT /services/{id}`, and `POST` as old pages have it. It counts for what comes in from then on.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfService>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id: ServiceId = known(&id, Thing::Service)?;
    let decide = |center: &Editor<'_>| {
        changes.expect_same(center, &Key::Service(id), &shared.url().service(id))?;
        Ok(center.change_service(id, &changes.said.0)?)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// `DELETE /services/{id}`: nothing comes in by it any more, and what did goes on.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id = known(&id, Thing::Service)?;
    change(&shared, &me, &retry, done(), |center| Ok(center.remove_service(id)?)).await
}

/// What a body says of a service, before names are looked up.
pub(crate) struct OfService(ServiceDescription);

impl Described for OfService {
    const NEEDED: &'static [&'static str] = &["name", "type", "queue"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let said = ServiceDescription {
            name: fields.text("name")?,
            kind: kind(fields)?,
            queue: fields.text("queue")?,
            enabled: fields.boolean("enabled")?,
            customer_silence_ms: fields.time_ms("customerSilence")?,
            idle_alert_ms: fields.time_ms("idleAlert")?,
            idle_close_ms: fields.time_ms("idleClose")?,
            wait_max_ms: fields.time_ms("waitMax")?,
            max_waiting: small(fields, "maxWaiting")?.map(|most| match most {
                0 => Perhaps::Without,
                most => Perhaps::With(most),
            }),
            leave_message: fields.text("leaveMessage")?.map(Perhaps::unless_empty),
            without_key: fields.boolean("withoutKey")?,
            origins: fields.texts("origins")?,
            hours: hours(fields)?,
            files: files(fields)?,
            mailbox: fields.text("mailbox")?,
            media_type: fields.text("mediaType")?,
            direction: direction(fields)?,
            sub_type: fields.text("interactionSubType")?,
            allow_overwrite: fields.boolean("allowOverwrite")?,
        };
        // Of what is there already the kind is known later.
        let faults = said.kind.map(|kind| said.faults(kind)).unwrap_or_default();
        match faults.first() {
            Some(fault) => Err(unfit(Thing::Service, &fault.message)),
            None => Ok(Self(said)),
        }
    }
}

fn kind(fields: Fields<'_>) -> Result<Option<ServiceKind>, Refusal> {
    let kinds = [ServiceKind::Chat, ServiceKind::Email, ServiceKind::OpenMedia];
    let Some(name) = fields.text("type")? else { return Ok(None) };
    let sentence = "The field type must be chat, email or openmedia; correct it.";
    let found = kinds.into_iter().find(|kind| kind.name() == name);
    found.map(Some).ok_or_else(|| Refusal::invalid(sentence))
}

fn direction(fields: Fields<'_>) -> Result<Option<Direction>, Refusal> {
    Ok(match fields.text("interactionType")?.as_deref() {
        None => None,
        Some("Inbound") => Some(Direction::Inbound),
        Some("Outbound") => Some(Direction::Outbound),
        Some("Internal") => Some(Direction::Internal),
        Some(_) => {
            let sentence =
                "The field interactionType must be Inbound, Outbound or Internal; correct it.";
            return Err(Refusal::invalid(sentence));
        }
    })
}

/// Reads a number that no option of a service can be larger than.
fn small(fields: Fields<'_>, name: &str) -> Result<Option<u32>, Refusal> {
    Ok(fields.count(name)?.map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
}

/// Reads when a service or a queue is open; always where the object is empty.
pub(crate) fn hours(fields: Fields<'_>) -> Result<Option<Perhaps<HoursDescription>>, Refusal> {
    let Some(values) = fields.map("hours")? else { return Ok(None) };
    if values.is_empty() {
        return Ok(Some(Perhaps::Without));
    }
    let inside = Fields::top(values);
    let open = inside.texts("open")?.ok_or_else(|| inside.missing("open"))?;
    let time_zone = inside.required_text("timeZone")?;
    let exceptions = inside.texts("exceptions")?;
    Ok(Some(Perhaps::With(HoursDescription { time_zone, open, exceptions })))
}

fn files(fields: Fields<'_>) -> Result<Option<FilesDescription>, Refusal> {
    let Some(values) = fields.map("files")? else { return Ok(None) };
    let inside = Fields::top(values);
    Ok(Some(FilesDescription {
        uploads: small(inside, "uploads")?,
        file_bytes: inside.count("fileBytes")?,
        total_bytes: inside.count("totalBytes")?,
        downloads: small(inside, "downloads")?,
        types: inside.texts("types")?,
        need_agent: inside.boolean("needAgent")?,
    }))
}
