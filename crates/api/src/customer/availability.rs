//! Whether a chat service can take a customer now, for whoever asks before, while and after
//! waiting: a promise is only made where routing's own rules say that somebody is there to keep it.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use handoff_domain::routing::Attendance;
use handoff_domain::service::{ChatTerms, Service, ServiceKind};
use handoff_domain::{Chat, Interaction, LeaveReason, SkillLevels};
use handoff_engine::core::hours;
use handoff_engine::{CurrentBoard, PlaceInLine};
use serde_json::json;

use super::refusal::{CustomerRefusal, RefusalKind};
use super::services::{chat_service, may_use};
use crate::shared::Shared;
use crate::wire::availability::{Availability, ServiceState, open_days};

/// Says how a service stands for a customer who has not begun a chat.
fn of_service(
    shared: &Shared,
    board: CurrentBoard<'_>,
    service: &Service,
    terms: &ChatTerms,
) -> Availability {
    let engine = shared.engine();
    let is_closed = is_closed(shared, service);
    let is_full = || {
        let most = terms.max_waiting.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        most.is_some_and(|most| board.waiting_in(service.queue) >= most)
    };
    let directory = engine.core().directory();
    let state = if is_closed {
        ServiceState::Closed
    } else if is_full() {
        ServiceState::Full
    } else {
        let queue = directory.queue(service.center, service.queue);
        let none = SkillLevels::new();
        state_of(
            queue
                .map_or(Attendance::Nobody, |queue| engine.views().attendance(board, queue, &none)),
        )
    };
    with(shared, state, service, terms)
}

/// Tells whether there may be anything to say for a chat.
pub(crate) fn may_be_said_of(interaction: &Interaction) -> bool {
    let waited = |chat: &Chat| chat.ended == Some(LeaveReason::WaitedTooLong);
    interaction.wait().is_some() || interaction.chat().is_some_and(waited)
}

/// Says it for a chat: while it waits, and after it waited too long. `place` is its place in
/// line.
pub(crate) fn of_chat(
    shared: &Shared,
    board: CurrentBoard<'_>,
    interaction: &Interaction,
    place: Option<PlaceInLine>,
) -> Option<Availability> {
    let chat = interaction.chat()?;
    let attendance = match place {
        Some(place) => place.attendance,
        None if chat.ended == Some(LeaveReason::WaitedTooLong) => {
            let directory = shared.engine().core().directory();
            let queue =
                interaction.queue.and_then(|queue| directory.queue(interaction.center, queue));
            queue.map_or(Attendance::Nobody, |queue| {
                shared.engine().views().attendance(board, queue, &SkillLevels::new())
            })
        }
        None => return None,
    };
    let directory = shared.engine().core().directory();
    let service = directory.service_of_chat(interaction);
    let found = service.and_then(|service| Some((service, service.chat()?)));
    let Some((service, terms)) = found else {
        return Some(Availability::bare(state_of(attendance)));
    };
    // Whoever waits when the service closes is still served while somebody is there.
    let state = match state_of(attendance) {
        ServiceState::NobodyThere if is_closed(shared, service) => ServiceState::Closed,
        state => state,
    };
    Some(with(shared, state, service, terms))
}

/// Says how a service stands whose state is known, as from why it refused a chat.
pub(crate) fn with(
    shared: &Shared,
    state: ServiceState,
    service: &Service,
    terms: &ChatTerms,
) -> Availability {
    let engine = shared.engine();
    let directory = engine.core().directory();
    let open = directory.hours_of(service);
    let opens_at = open.filter(|_| state == ServiceState::Closed);
    // A service that was removed or closed since takes no message.
    let takes_messages = |name: &&String| {
        let found = directory.service(ServiceKind::Email, name);
        found.is_some_and(|found| found.enabled && found.center == service.center)
    };
    Availability {
        state,
        opens_at: opens_at
            .and_then(|open| hours::opens_at(open, engine.core().now()))
            .map(|at| at.0),
        hours: open.map(open_days).unwrap_or_default(),
        time_zone: open.map(|open| open.zone.clone()),
        leave_message: terms.leave_message.as_ref().filter(takes_messages).cloned(),
    }
}

/// Tells whether it is outside the hours of a service.
pub(crate) fn is_closed(shared: &Shared, service: &Service) -> bool {
    let core = shared.engine().core();
    core.directory().hours_of(service).is_some_and(|open| !hours::is_open(open, core.now()))
}

const fn state_of(attendance: Attendance) -> ServiceState {
    match attendance {
        Attendance::Nobody => ServiceState::NobodyThere,
        Attendance::Paused | Attendance::Served => ServiceState::Open,
    }
}

/// Tells how a service stands: `POST …/{service}/availability`, which needs no chat and no key.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Path(service): Path<String>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let (service, terms) = chat_service(&shared, &service)?;
    may_use(&terms, request.headers())?;
    let board = shared.engine().core().current_board().await?;
    let availability = of_service(&shared, board, &service, &terms);
    let body =
        json!({"statusCode": 0, "chatEnded": false, "messages": [], "availability": availability});
    Ok(Json(body).into_response())
}

/// Returns how a service stands that refuses a chat for that.
pub(crate) const fn refusing(kind: RefusalKind) -> Option<ServiceState> {
    match kind {
        RefusalKind::Closed => Some(ServiceState::Closed),
        RefusalKind::Full => Some(ServiceState::Full),
        _ => None,
    }
}
