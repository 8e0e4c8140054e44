//! `POST /webhooks/{id}`: what admins have a webhook do, and changes of it as old pages have them.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::{Time, WebhookId};
use handoff_engine::Core;
use handoff_provision::{Editor, Replaces, Thing, WebhookDescription};
use handoff_store::{LogEnd, Store, StoreError};
use serde::Serialize;

use super::{OfWebhook, change_webhook, new_secret, written};
use crate::administration::{Changes, Posted, change, done, known};
use crate::caller::{Admin, Me};
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::request::{Id, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::date::print;
use crate::wire::envelope::JsonText;
use crate::wire::fields::Fields;

/// How much earlier than asked what is sent again begins, in ms: clocks of nodes differ a little,
/// and an event too many is known by its id.
const EARLIER_MS: u64 = 5_000;
const TEST_DISABLED: &str = "The webhook is disabled, so nothing is sent by it; enable it first.";

/// What a webhook is to do. Stands before the caller among a handler's arguments.
pub(crate) enum Operation {
    Enable,
    Disable,
    Test,
    Replay(Begin),
    Rotate(Replaces),
}

/// Where what is sent again begins.
#[derive(Clone, Copy)]
pub(crate) enum Begin {
    /// After a position of the log.
    Position(u64),
    Time(Time),
}

impl<S: Sync> FromRequestParts<S> for Operation {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let fields = body.fields();
        Ok(match body.operation_name()?.as_str() {
            "Enable" => Self::Enable,
            "Disable" => Self::Disable,
            "Test" => Self::Test,
            "Replay" => Self::Replay(begin(fields)?),
            "RotateSecret" if fields.boolean("lost")? == Some(true) => Self::Rotate(Replaces::Lost),
            "RotateSecret" => Self::Rotate(Replaces::Known),
            other => return Err(unknown_operation(other)),
        })
    }
}

fn begin(fields: Fields<'_>) -> Result<Begin, Refusal> {
    match (fields.count("from")?, fields.text("since")?) {
        (Some(position), None) => Ok(Begin::Position(position)),
        (None, Some(text)) => {
            let sentence =
                "The field since must be a time such as 2026-01-09T11:58:12Z; correct it.";
            let read: jiff::Timestamp = text.parse().map_err(|_| Refusal::invalid(sentence))?;
            Ok(Begin::Time(Time(read.as_millisecond())))
        }
        (None, None) => Err(fields.missing("from")),
        (Some(_), Some(_)) => {
            Err(Refusal::invalid("Give from, a position, or since, a time, and not both."))
        }
    }
}

/// `POST /webhooks/{id}`
pub(crate) async fn post_one(
    State(shared): State<Shared>,
    posted: Posted<Operation, Changes<OfWebhook>>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let operation = match posted {
        Posted::Operation(operation) => operation,
        Posted::Change(changes) => {
            return change_webhook(&shared, &changes, &retry, &me, &id).await;
        }
    };
    let id: WebhookId = known(&id, Thing::Webhook)?;
    match operation {
        Operation::Enable => enable(&shared, &me, &retry, id, true).await,
        Operation::Disable => enable(&shared, &me, &retry, id, false).await,
        Operation::Test => test(&shared, &me, &retry, id).await,
        Operation::Replay(begin) => replay(&shared, &me, &retry, id, begin).await,
        Operation::Rotate(replaces) => rotate(&shared, &me, id, replaces).await,
    }
}

async fn enable(shared: &Shared, me: &Me, retry: &Retry, id: WebhookId, enabled: bool) -> Answer {
    let said = WebhookDescription { enabled: Some(enabled), ..WebhookDescription::default() };
    change(shared, me, retry, done(), |center| Ok(center.change_webhook(id, &said)?)).await
}

async fn test(shared: &Shared, me: &Me, retry: &Retry, id: WebhookId) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Tested {
        status_code: i32,
        message_id: String,
    }
    let core = shared.engine().core();
    core.reload_directory().await?;
    let number = Editor::new(&core.directory(), me.center()).webhook(id)?.tests + 1;
    let message_id = format!("msg_test_{id}_{number}");
    let answer = JsonText::of(&Tested { status_code: 0, message_id });
    let decide = |center: &Editor<'_>| {
        let webhook = center.webhook(id)?;
        if !webhook.enabled {
            return Err(Refusal::new(Code::WrongState, TEST_DISABLED));
        }
        if webhook.tests + 1 != number {
            let sentence = "Somebody else tests the webhook at the same time; repeat the test.";
            return Err(Refusal::new(Code::WrongState, sentence));
        }
        Ok(center.test_webhook(id)?)
    };
    change(shared, me, retry, answer, decide).await
}

async fn replay(shared: &Shared, me: &Me, retry: &Retry, id: WebhookId, begin: Begin) -> Answer {
    let core = shared.engine().core();
    // Who may not see it is told nothing of the log.
    Editor::new(&core.directory(), me.center()).webhook(id)?;
    let end = core.store().log_end().await?;
    let after = match begin {
        Begin::Position(position) => position,
        Begin::Time(time) => before(core, end, time).await?,
    };
    if !(end.floor..=end.position).contains(&after) {
        let sentence = format!(
            "The log is kept from position {} to {}; give one of these.",
            end.floor, end.position
        );
        return Err(Refusal::new(Code::WrongState, sentence));
    }
    let at = core.now();
    change(shared, me, retry, done(), |center| Ok(center.replay_webhook(id, after, at)?)).await
}

/// Returns a position of what is kept of the log before which all happened earlier than a time.
async fn before(core: &Core, end: LogEnd, time: Time) -> Result<u64, StoreError> {
    let store: &dyn Store = &**core.store();
    let time = Time(time.0.saturating_sub_unsigned(EARLIER_MS));
    let (mut low, mut high) = (end.floor, end.position);
    while low < high {
        let middle = low + (high - low) / 2;
        let page = match store.log_after(middle, 1).await {
            // What was looked at is swept meanwhile; what is kept begins behind it.
            Err(StoreError::Swept { floor, .. }) => {
                low = floor.min(high);
                continue;
            }
            page => page?,
        };
        match page.items.first() {
            Some(entry) if entry.at < time => low = entry.position.min(high),
            _ => high = middle,
        }
    }
    Ok(low)
}

async fn rotate(shared: &Shared, me: &Me, id: WebhookId, replaces: Replaces) -> Answer {
    let core = shared.engine().core();
    let (secret, now) = (new_secret(core), core.now());
    let decide = |center: &Editor<'_>| Ok(center.rotate_webhook(id, secret, replaces, now)?);
    change(shared, me, &Retry::of_secret(), done(), decide).await?;
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Rotated {
        status_code: i32,
        secret: String,
        previous_secret_until: Option<String>,
    }
    let directory = core.directory();
    let webhook = Editor::new(&directory, me.center()).webhook(id)?;
    let previous_secret_until = webhook.previous.map(|(_, until)| print(until));
    let secret = written(&secret);
    Ok(JsonText::of(&Rotated { status_code: 0, secret, previous_secret_until }))
}
