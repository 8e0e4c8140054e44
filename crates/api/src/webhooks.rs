//! Webhooks as admins see, make, change and remove them (docs/api/webhooks.md). What they send is
//! sent elsewhere: nothing here connects to anybody.

mod operations;

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::Uri;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use handoff_domain::{Time, WebhookId};
use handoff_engine::{Core, Directory};
use handoff_provision::{Editor, Thing, WebhookDescription};
use handoff_store::{Key, Record, StoreError, Webhook, WebhookSecret, WebhookStart, WebhookState};
use serde::Serialize;

use crate::administration::{Changes, Described, New, change, done, known};
use crate::caller::{Admin, Me};
use crate::commands::Answer;
use crate::error::{Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::fields::Fields;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{DeliveryResource, Link, Versioned, WebhookResource};
use crate::wire::webhook_event::EVENTS;

pub(crate) use operations::post_one;

/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "name", "enabled"];

/// `GET /webhooks`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, Admin(me): Admin) -> Answer {
    let core = shared.engine().core();
    let directory = core.directory();
    let own = directory.webhooks.values().filter(|webhook| webhook.center == me.center());
    let mut shown = Vec::new();
    for webhook in own {
        shown.push((webhook.id, show(&shared, &directory, webhook).await?));
    }
    Listing::read(&uri, FILTERS)?.of_all("webhooks", shown)
}

/// `GET /webhooks/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    Admin(me): Admin,
) -> Answer {
    let directory = shared.engine().core().directory();
    let shown = show(&shared, &directory, find(&directory, &me, &id)?).await?;
    Ok(one("webhook", &select(&fields(&uri), &shown)))
}

/// `GET /webhooks/{id}/deliveries`: what became of the last attempts, the newest first.
pub(crate) async fn deliveries(
    State(shared): State<Shared>,
    Id(id): Id,
    Admin(me): Admin,
) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Deliveries {
        status_code: i32,
        deliveries: Vec<DeliveryResource>,
    }
    let core = shared.engine().core();
    let id = find(&core.directory(), &me, &id)?.id;
    let state = state_of(core, id).await?;
    let newest_first = state.iter().flat_map(|state| state.deliveries.iter().rev());
    let deliveries = newest_first.map(Into::into).collect();
    Ok(JsonText::of(&Deliveries { status_code: 0, deliveries }))
}

/// `GET /webhook-events`: the types of all events.
pub(crate) async fn events(Admin(_): Admin) -> JsonText {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Events {
        status_code: i32,
        events: &'static [&'static str],
    }
    JsonText::of(&Events { status_code: 0, events: EVENTS })
}

/// `POST /webhooks`. Its answer has the secret, and nothing else ever has; so it leaves no receipt.
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(OfWebhook(said)): New<OfWebhook>,
    Admin(me): Admin,
) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Made {
        status_code: i32,
        id: String,
        #[serde(flatten)]
        link: Link,
        secret: String,
    }
    let core = shared.engine().core();
    let id = WebhookId(core.ids().uuid());
    let (secret, at) = (new_secret(core), core.now());
    let start = WebhookStart { number: 1, after: core.store().log_end().await?.position, at };
    let link = shared.url().webhook(id);
    let secret_text = written(&secret);
    let answer = Made { status_code: 0, id: id.to_string(), link, secret: secret_text };
    let answer = JsonText::of(&answer);
    let decide = |center: &Editor<'_>| Ok(center.add_webhook(id, &said, secret, start)?);
    change(&shared, &me, &Retry::of_secret(), answer, decide).await
}

/// `PUT /webhooks/{id}`: the given fields change, lists are replaced.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfWebhook>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    change_webhook(&shared, &changes, &retry, &me, &id).await
}

async fn change_webhook(
    shared: &Shared,
    changes: &Changes<OfWebhook>,
    retry: &Retry,
    me: &Me,
    id: &str,
) -> Answer {
    let id: WebhookId = known(id, Thing::Webhook)?;
    let decide = |center: &Editor<'_>| {
        changes.expect_same(center, &Key::Webhook(id), &shared.url().webhook(id))?;
        Ok(center.change_webhook(id, &changes.said.0)?)
    };
    change(shared, me, retry, done(), decide).await
}

/// `DELETE /webhooks/{id}`: what waits to be sent is not sent any more.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id = known(&id, Thing::Webhook)?;
    change(&shared, &me, &retry, done(), |center| Ok(center.remove_webhook(id)?)).await
}

async fn show(
    shared: &Shared,
    directory: &Directory,
    webhook: &Webhook,
) -> Result<Versioned<WebhookResource>, Refusal> {
    let core = shared.engine().core();
    let (state, now): (_, Time) = (state_of(core, webhook.id).await?, core.now());
    let resource = WebhookResource::new(webhook, state.as_ref(), now, shared.lookup(directory));
    Ok(Versioned::new(resource, directory.version(&Key::Webhook(webhook.id))))
}

async fn state_of(core: &Core, id: WebhookId) -> Result<Option<WebhookState>, StoreError> {
    let found = core.store().load_one(&Key::WebhookState(id)).await?;
    Ok(found.and_then(|found| match found.value {
        Record::WebhookState(state) => Some(state),
        _ => None,
    }))
}

fn find<'a>(directory: &'a Directory, me: &Me, id: &str) -> Result<&'a Webhook, Refusal> {
    let id: WebhookId = known(id, Thing::Webhook)?;
    let webhook = directory.webhooks.get(&id).filter(|webhook| webhook.center == me.center());
    webhook.map(|webhook| &**webhook).ok_or_else(|| Refusal::not_found("webhook"))
}

fn new_secret(core: &Core) -> WebhookSecret {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&core.ids().random().to_be_bytes());
    bytes[16..].copy_from_slice(&core.ids().random().to_be_bytes());
    WebhookSecret(bytes)
}

/// Writes a secret as Standard Webhooks has it.
fn written(secret: &WebhookSecret) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(secret.0))
}

/// What a body says of a webhook, before names are looked up.
pub(crate) struct OfWebhook(WebhookDescription);

impl Described for OfWebhook {
    const NEEDED: &'static [&'static str] = &["name", "url"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let described = WebhookDescription {
            name: fields.text("name")?,
            url: fields.text("url")?,
            events: events_in(fields)?,
            queues: fields.texts("queues")?,
            enabled: fields.boolean("enabled")?,
        };
        match described.fault() {
            Some(fault) => Err(unfit(Thing::Webhook, &fault)),
            None => Ok(Self(described)),
        }
    }
}

fn events_in(fields: Fields<'_>) -> Result<Option<BTreeSet<String>>, Refusal> {
    let Some(names) = fields.texts("events")? else { return Ok(None) };
    if let Some(other) = names.iter().find(|name| !EVENTS.contains(&name.as_str())) {
        let fault = format!("there is no event {other:?}; GET /webhook-events lists them");
        return Err(unfit(Thing::Webhook, &fault));
    }
    Ok(Some(names.into_iter().collect()))
}
