//! `POST /ucs/contacts/{id}`: the erasure of a contact; and how it went (docs/api/privacy.md).

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_engine::{NotErased, Weighed, WishToErase};
use handoff_provision::center_named;
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTool, ErasedCounts, ErasureReceipt, Key, Kind,
    Record, StoreError, contact_called,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::caller::{Admin, Me};
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::request::{Id, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::date::print;
use crate::wire::envelope::JsonText;

/// Most entries of the audit that are looked at for a receipt: as many as a page of it.
const LOOKED_AT_MAX: usize = 5_000;
/// Entries read at once.
const READ_AT_ONCE: usize = 500;
/// What the server can say of copies that it does not make.
const BACKUPS: &str = "Backups that were taken before hold it until they are forgotten; `handoff \
     restore --list` shows them. Whoever restores one erases the contact again.";

/// Where the door of whoever operates the server is at the socket in the data directory.
pub const PATH: &str = "/erasures";

/// What is to become of a contact. Stands before the caller among a handler's arguments.
pub(crate) enum Operation {
    Erase,
    /// It is only counted what there is.
    TryErase,
}

impl<S: Sync> FromRequestParts<S> for Operation {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        match body.operation_name()?.as_str() {
            "Erase" if body.fields().boolean("dryRun")? == Some(true) => Ok(Self::TryErase),
            "Erase" => Ok(Self::Erase),
            other => Err(unknown_operation(other)),
        }
    }
}

/// `POST /ucs/contacts/{id}`
pub(crate) async fn operate(
    State(shared): State<Shared>,
    operation: Operation,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id = contact_called(&id);
    match operation {
        Operation::TryErase => {
            let weighed = shared.engine().erasures().weigh(me.center(), &id).await?;
            Ok(tried(&id, &weighed.ok_or_else(|| Refusal::not_found("contact"))?))
        }
        Operation::Erase => erase(&shared, &me, &retry, id).await,
    }
}

async fn erase(shared: &Shared, me: &Me, retry: &Retry, contact: String) -> Answer {
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let now = shared.engine().core().now();
    let answer = shown(&contact, "Running", json!({}));
    let wish = WishToErase {
        center: me.center(),
        contact,
        source: me.by(now, AuditTool::Request).source,
        receipt: retry.receipt(me, &answer, now),
    };
    match shared.engine().erasures().ask(&wish).await {
        Ok(_) => Ok(answer),
        Err(NotErased::Before(_)) => retry.earlier(shared, me).await?.ok_or_else(Refusal::internal),
        Err(why) => Err(refusal(why)),
    }
}

fn refusal(why: NotErased) -> Refusal {
    match why {
        NotErased::Unknown => Refusal::not_found("contact"),
        NotErased::Open(open) => {
            let named: Vec<String> = open.iter().map(ToString::to_string).collect();
            let sentence = format!(
                "Interactions of the contact are not over: {}; end them, and erase it then.",
                named.join(", ")
            );
            Refusal::new(Code::WrongState, sentence)
        }
        NotErased::AskerGone => Refusal::not_authenticated(),
        NotErased::Contended | NotErased::Before(_) => Refusal::unavailable(),
        NotErased::Store(error) => error.into(),
    }
}

/// Whom whoever operates the server wants erased.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ByOperator {
    pub contact: String,
    /// The contact center's name; not needed where there is one.
    pub center: Option<String>,
    /// Whether it is only counted what there is.
    pub dry_run: bool,
}

/// `POST /erasures` at the socket in the data directory.
pub(crate) async fn of_operator(
    State(shared): State<Shared>,
    Json(by): Json<ByOperator>,
) -> Answer {
    let by = ByOperator { contact: contact_called(&by.contact), ..by };
    let core = shared.engine().core();
    let center = center_named(&core.directory(), by.center.as_deref());
    let center = center.map_err(|why| Refusal::invalid(format!("{why}.")))?;
    let erasures = shared.engine().erasures();
    if by.dry_run {
        let weighed = erasures.weigh(center, &by.contact).await?;
        return Ok(tried(&by.contact, &weighed.ok_or_else(|| Refusal::not_found("contact"))?));
    }
    let source = AuditSource::operator(AuditTool::EraseContact);
    let wish = WishToErase { center, contact: by.contact, source, receipt: None };
    erasures.ask(&wish).await.map_err(refusal)?;
    Ok(shown(&wish.contact, "Running", json!({})))
}

/// `GET /ucs/contacts/{id}/erasure`: how far the erasure of a contact is, or the receipt of the
/// last one.
pub(crate) async fn get(State(shared): State<Shared>, Admin(me): Admin, Id(id): Id) -> Answer {
    let (engine, id) = (shared.engine(), contact_called(&id));
    if let Some(running) = engine.erasures().running(me.center(), &id).await? {
        let erasure = running.value;
        let more = json!({"asked": print(erasure.asked), "counts": counts(&erasure.counts)});
        return Ok(shown(&id, "Running", more));
    }
    let found = last_of(&shared, &me, &id).await?;
    let (entry, receipt) = found.ok_or_else(|| Refusal::not_found("erasure"))?;
    let is_valid = engine.core().is_genuine(&receipt).await?;
    let said: Value = serde_json::from_str(&receipt.text).unwrap_or_default();
    let more = json!({
        "finished": print(entry.at),
        "counts": said["counts"],
        "receipt": {"text": receipt.text, "signature": receipt.signature, "valid": is_valid},
        "backups": BACKUPS,
    });
    Ok(shown(&id, "Finished", more))
}

/// Returns the last entry of the audit that says that a contact was erased.
async fn last_of(
    shared: &Shared,
    me: &Me,
    contact: &str,
) -> Result<Option<(AuditEntry, ErasureReceipt)>, StoreError> {
    let mut after = AuditEntry::before(me.center(), None);
    let store = shared.engine().core().store();
    for _ in 0..LOOKED_AT_MAX / READ_AT_ONCE {
        let page = store.list(Kind::AuditEntry, Some(after.clone()), READ_AT_ONCE).await?;
        for item in page.items {
            let Record::AuditEntry(entry) = item.value else { continue };
            if entry.center != me.center() {
                return Ok(None);
            }
            after = Key::AuditEntry(entry.id.clone());
            let is_of_it = entry.target.as_ref().is_some_and(|target| target.id == contact);
            if let (AuditAction::Erased, true, Some(receipt)) =
                (entry.action, is_of_it, entry.receipt.clone())
            {
                return Ok(Some((entry, receipt)));
            }
        }
        if !page.more {
            break;
        }
    }
    Ok(None)
}

fn tried(contact: &str, weighed: &Weighed) -> JsonText {
    let open: Vec<String> = weighed.open.iter().map(ToString::to_string).collect();
    let more = json!({"counts": counts(&weighed.counts), "open": open, "backups": BACKUPS});
    shown(contact, "DryRun", more)
}

fn counts(counts: &ErasedCounts) -> Value {
    counts.named().into_iter().collect::<Map<_, _>>().into()
}

fn shown(contact: &str, state: &str, mut erasure: Value) -> JsonText {
    erasure["contact"] = contact.into();
    erasure["state"] = state.into();
    JsonText::of(&json!({"statusCode": 0, "erasure": erasure}))
}
