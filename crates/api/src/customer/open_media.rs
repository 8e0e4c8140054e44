//! Open media from programs without an account: `POST /genesys/2/openmedia/{service}` (ingest notes 3.1).

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use handoff_domain::interaction::open::{NewInteraction, Placement};
use handoff_domain::service::{OpenMediaTerms, Service, ServiceKind};
use handoff_domain::{Actor, Direction, Named, SkillLevels, UserData, Value};
use handoff_engine::{Done, Opening};
use serde_json::json;

use super::form::Form;
use super::trouble::{Kind, Trouble};
use crate::shared::Shared;

/// The key of user data under which the submitter's own id is kept (ingest notes 3.1).
const EXTERNAL_ID: &str = "ExternalId";

/// Takes an interaction in.
pub(crate) async fn create(
    State(shared): State<Shared>,
    Path(service): Path<String>,
    request: Request,
) -> Result<Response, Trouble> {
    let form = Form::read(request).await?;
    let engine = shared.engine();
    let directory = engine.directory();
    let service = directory.service(ServiceKind::OpenMedia, &service).filter(|service| service.enabled);
    let found = service.and_then(|service| Some((service, service.open_media()?)));
    let (service, terms) = found.ok_or_else(|| {
        Trouble::new(Kind::UnknownService, "There is no open-media service of that name; check the address.")
    })?;
    let queue = directory.queue(service.center, service.queue).cloned().ok_or_else(Trouble::unavailable)?;
    let id = engine.ids().interaction(engine.now());
    let (direction, sub_type) = kind(terms, &form)?;
    let new = NewInteraction {
        id,
        center: service.center,
        media: terms.media.clone(),
        direction,
        sub_type,
        external_id: None,
        parent: None,
        contact: None,
        subject: form.text("subject").map(str::to_owned),
        priority: None,
        user_data: user_data(&form),
        email: None,
        chat: None,
        queue: Named::Known((*queue).clone()),
        skills: SkillLevels::new(),
        placement: Placement::InQueue,
    };
    let opening = Opening {
        new,
        center: Service::clone(service).center,
        actor: Actor::Customer,
        reference: None,
        receipts: Vec::new(),
    };
    match engine.open(&opening).await? {
        Done::Now { .. } | Done::Before(_) => {
            Ok(Json(json!({"statusCode": 0, "id": id.to_string()})).into_response())
        }
    }
}

/// Gives what kind of interaction it is. What the request says counts only where the service lets it (`allow_overwrite`).
fn kind(terms: &OpenMediaTerms, form: &Form) -> Result<(Direction, String), Trouble> {
    if !terms.allow_overwrite {
        return Ok((terms.direction, terms.sub_type.clone()));
    }
    let direction = match form.text("interactionType") {
        None => terms.direction,
        Some("Inbound") => Direction::Inbound,
        Some("Outbound") => Direction::Outbound,
        Some("Internal") => Direction::Internal,
        Some(_) => {
            return Err(Trouble::invalid(
                "The field interactionType is Inbound, Outbound or Internal; correct it.",
            ));
        }
    };
    Ok((direction, form.text("interactionSubType").map_or_else(|| terms.sub_type.clone(), str::to_owned)))
}

fn user_data(form: &Form) -> UserData {
    let mut user_data = form.user_data.clone();
    if let Some(external_id) = form.text("externalId") {
        user_data.0.insert(EXTERNAL_ID.to_owned(), Value::Text(external_id.to_owned()));
    }
    user_data
}
