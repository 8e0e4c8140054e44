//! Open media from programs without an account: `POST /genesys/2/openmedia/{service}`
//! (docs/compat/customers.md#open-media).

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::service::{OpenMediaTerms, Service, ServiceKind};
use handoff_domain::{Actor, Chat, Direction, Named, SkillLevels, UserData, Value};
use handoff_engine::{Done, Opening};
use serde_json::json;

use super::fingerprint;
use super::form::Form;
use super::guard::address_of;
use super::refusal::{CustomerRefusal, RefusalKind};
use super::state::DoorState;
use crate::external_id;

/// The key of user data under which the submitter's own id is kept
/// (docs/compat/customers.md#open-media).
const EXTERNAL_ID: &str = "ExternalId";

/// Takes an interaction in.
pub(crate) async fn create(
    State(doors): State<DoorState>,
    Path(service): Path<String>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let address = address_of(request.extensions());
    let form = Form::read(request).await?;
    let engine = doors.engine();
    let directory = engine.core().directory();
    let service =
        directory.service(ServiceKind::OpenMedia, &service).filter(|service| service.enabled);
    let found = service.and_then(|service| Some((service, service.open_media()?)));
    let (service, terms) = found.ok_or_else(|| {
        CustomerRefusal::new(
            RefusalKind::UnknownService,
            "There is no open-media service of that name; check the address.",
        )
    })?;
    let queue = directory
        .queue(service.center, service.queue)
        .cloned()
        .ok_or_else(CustomerRefusal::unavailable)?;
    let guard = doors.guard();
    guard.may_bring(address, &service.name, engine.core().now())?;
    guard.brought(address, &service.name, form.bytes(), engine.core().now());
    let id = engine.core().ids().interaction(engine.core().now());
    let (direction, sub_type) = kind(terms, &form)?;
    let receipt = key_of(&form)?.map(|key| external_id::receipt_of_service(service.id, key, id));
    let new = NewInteraction {
        id,
        center: service.center,
        medium: terms.media.clone().into(),
        direction,
        sub_type,
        external_id: None,
        parent: None,
        contact: None,
        subject: form.subject()?,
        priority: None,
        user_data: user_data(&form),
        queue: Named::Known((*queue).clone()),
        skills: SkillLevels::new(),
        placement: Placement::InQueue,
    };
    let opening = Opening {
        new,
        center: Service::clone(service).center,
        actor: Actor::Customer,
        reference: None,
        receipts: receipt.into_iter().collect(),
    };
    let id = match engine.commands().open(&opening).await? {
        Done::Now { .. } => id.to_string(),
        Done::Before(receipt) => receipt.answer,
    };
    Ok(Json(json!({"statusCode": 0, "id": id})).into_response())
}

/// Returns what a repetition of the request is known by: its external id, and what else it says.
/// Anybody may submit here, so the id alone would let a stranger take it beforehand, and what comes
/// after under that id would be lost.
fn key_of(form: &Form) -> Result<Option<String>, CustomerRefusal> {
    let Some(external_id) = form.text("externalId").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if external_id.len() > external_id::BYTES_MAX {
        let most = external_id::BYTES_MAX;
        let advice = format!("The field externalId may have {most} bytes; shorten it.");
        return Err(CustomerRefusal::invalid(advice));
    }
    let parts = ["subject", "interactionType", "interactionSubType"].map(|name| form.text(name));
    Ok(Some(fingerprint::of_submission(external_id, parts, &form.user_data)))
}

/// Returns what kind of interaction it is. What the request says counts only where the service lets
/// it (`allow_overwrite`).
fn kind(terms: &OpenMediaTerms, form: &Form) -> Result<(Direction, String), CustomerRefusal> {
    if !terms.allow_overwrite {
        return Ok((terms.direction, terms.sub_type.clone()));
    }
    let direction = match form.text("interactionType") {
        None => terms.direction,
        Some("Inbound") => Direction::Inbound,
        Some("Outbound") => Direction::Outbound,
        Some("Internal") => Direction::Internal,
        Some(_) => {
            return Err(CustomerRefusal::invalid(
                "The field interactionType is Inbound, Outbound or Internal; correct it.",
            ));
        }
    };
    let sub_type = form.text("interactionSubType").unwrap_or(&terms.sub_type);
    if sub_type.chars().count() > Chat::NAME_CHARS_MAX {
        let most = Chat::NAME_CHARS_MAX;
        return Err(CustomerRefusal::invalid(format!(
            "The field interactionSubType may have {most} characters; shorten it."
        )));
    }
    Ok((direction, sub_type.to_owned()))
}

fn user_data(form: &Form) -> UserData {
    let mut user_data = form.user_data.clone();
    if let Some(external_id) = form.text("externalId") {
        user_data.0.insert(EXTERNAL_ID.to_owned(), Value::Text(external_id.to_owned()));
    }
    user_data
}
