//! Whether a chat service can take a customer now, for whoever asks before, while and after
//! waiting: a promise is only made where routing's own rules say that somebody is there to keep it.

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use handoff_domain::routing::Attendance;
use handoff_domain::service::{ChatTerms, Hours, OpenTime, Service, ServiceKind, Weekday};
use handoff_domain::{Interaction, LeaveReason, SkillLevels};
use handoff_engine::PlaceInLine;
use serde::Serialize;
use serde_json::json;

use super::refusal::{CustomerRefusal, RefusalKind};
use super::{chats, guard, hours};
use crate::shared::Shared;

/// Whether anybody can answer now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Readiness {
    /// Somebody who could answer is logged in.
    Open,
    /// Nobody who could answer is.
    NobodyThere,
    /// It is outside the service's hours.
    Closed,
    /// As many wait as may.
    Full,
}

/// How a service stands, and what else its customer can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Availability {
    state: Readiness,
    /// When a closed service opens next, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hours: Vec<OpenDays>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    /// The e-mail service by which a message can be left.
    #[serde(skip_serializing_if = "Option::is_none")]
    leave_message: Option<String>,
}

/// Days on which a service is open at the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct OpenDays {
    days: Vec<&'static str>,
    from: String,
    to: String,
}

impl Availability {
    /// Says how a service stands for a customer who has not begun a chat.
    pub(crate) fn of_service(shared: &Shared, service: &Service, terms: &ChatTerms) -> Self {
        let engine = shared.engine();
        let is_closed =
            terms.hours.as_ref().is_some_and(|open| !hours::is_open(open, engine.core().now()));
        let is_full = || {
            let most = terms.max_waiting.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
            most.is_some_and(|most| engine.core().board().waiting_in(service.queue) >= most)
        };
        let directory = engine.core().directory();
        let state = if is_closed {
            Readiness::Closed
        } else if is_full() {
            Readiness::Full
        } else {
            let queue = directory.queue(service.center, service.queue);
            let none = SkillLevels::new();
            of(queue.map_or(Attendance::Nobody, |queue| engine.views().attendance(queue, &none)))
        };
        Self::with(shared, state, service, terms)
    }

    /// Says how a service stands whose refusal has told why.
    pub(crate) fn refused(
        shared: &Shared,
        state: Readiness,
        service: &Service,
        terms: &ChatTerms,
    ) -> Self {
        Self::with(shared, state, service, terms)
    }

    /// Says it for a chat: while it waits, and after it waited too long. `place` is its place in
    /// line.
    pub(crate) fn of_chat(
        shared: &Shared,
        interaction: &Interaction,
        place: Option<PlaceInLine>,
    ) -> Option<Self> {
        let chat = interaction.chat.as_ref()?;
        let attendance = match place {
            Some(place) => place.attendance,
            None if chat.ended == Some(LeaveReason::WaitedTooLong) => {
                let directory = shared.engine().core().directory();
                let queue =
                    interaction.queue.and_then(|queue| directory.queue(interaction.center, queue));
                queue.map_or(Attendance::Nobody, |queue| {
                    shared.engine().views().attendance(queue, &SkillLevels::new())
                })
            }
            None => return None,
        };
        let directory = shared.engine().core().directory();
        let service = directory.service(ServiceKind::Chat, &chat.service);
        let found = service.and_then(|service| Some((service, service.chat()?)));
        let Some((service, terms)) = found else { return Some(Self::bare(of(attendance))) };
        // Whoever waits when the service closes is still served while somebody is there.
        let is_closed = || {
            terms
                .hours
                .as_ref()
                .is_some_and(|open| !hours::is_open(open, shared.engine().core().now()))
        };
        let state = match of(attendance) {
            Readiness::NobodyThere if is_closed() => Readiness::Closed,
            state => state,
        };
        Some(Self::with(shared, state, service, terms))
    }

    /// Tells whether a wait can be promised.
    pub(crate) fn is_open(&self) -> bool {
        self.state == Readiness::Open
    }

    const fn bare(state: Readiness) -> Self {
        Self { state, opens_at: None, hours: Vec::new(), time_zone: None, leave_message: None }
    }

    fn with(shared: &Shared, state: Readiness, service: &Service, terms: &ChatTerms) -> Self {
        let engine = shared.engine();
        let open = terms.hours.as_ref();
        let opens_at = open.filter(|_| state == Readiness::Closed);
        let directory = engine.core().directory();
        // A service that was removed or closed since takes no message.
        let takes_messages = |name: &&String| {
            let found = directory.service(ServiceKind::Email, name);
            found.is_some_and(|found| found.enabled && found.center == service.center)
        };
        Self {
            state,
            opens_at: opens_at
                .and_then(|open| hours::opens_at(open, engine.core().now()))
                .map(|at| at.0),
            hours: open.map(open_days).unwrap_or_default(),
            time_zone: open.map(|open| open.zone.clone()),
            leave_message: terms.leave_message.as_ref().filter(takes_messages).cloned(),
        }
    }
}

const fn of(attendance: Attendance) -> Readiness {
    match attendance {
        Attendance::Nobody => Readiness::NobodyThere,
        Attendance::Paused | Attendance::Served => Readiness::Open,
    }
}

/// Returns the hours with the days together that have the same.
fn open_days(hours: &Hours) -> Vec<OpenDays> {
    let mut found: Vec<((u16, u16), Vec<Weekday>)> = Vec::new();
    for OpenTime { day, from_minute, to_minute } in &hours.open {
        let times = (*from_minute, *to_minute);
        match found.iter_mut().find(|(known, _)| *known == times) {
            Some((_, days)) if days.contains(day) => {}
            Some((_, days)) => days.push(*day),
            None => found.push((times, vec![*day])),
        }
    }
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let shown = found.into_iter().map(|((from, to), days)| OpenDays {
        days: days.into_iter().map(Weekday::short_name).collect(),
        from: clock(from),
        to: clock(to),
    });
    shown.collect()
}

/// Tells how a service stands: `POST …/{service}/availability`, which needs no chat and no key.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Path(service): Path<String>,
    request: Request,
) -> Result<Response, CustomerRefusal> {
    let (service, terms) = chats::chat_service(&shared, &service)?;
    guard::may_use(&terms, request.headers())?;
    let availability = Availability::of_service(&shared, &service, &terms);
    let body =
        json!({"statusCode": 0, "chatEnded": false, "messages": [], "availability": availability});
    Ok(Json(body).into_response())
}

impl RefusalKind {
    /// Returns how a service stands that refuses a chat for that.
    pub(crate) const fn readiness(self) -> Option<Readiness> {
        match self {
            Self::Closed => Some(Readiness::Closed),
            Self::Full => Some(Readiness::Full),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_with_the_same_hours_are_told_together() {
        let time = |day, from_minute, to_minute| OpenTime { day, from_minute, to_minute };
        let open = vec![
            time(Weekday::Monday, 540, 1_020),
            time(Weekday::Tuesday, 540, 1_020),
            time(Weekday::Saturday, 600, OpenTime::MINUTES_OF_DAY),
        ];
        let shown = open_days(&Hours { zone: "Europe/Berlin".to_owned(), open });
        let expected = json!([
            {"days": ["Mon", "Tue"], "from": "09:00", "to": "17:00"},
            {"days": ["Sat"], "from": "10:00", "to": "24:00"},
        ]);
        assert_eq!(serde_json::to_value(shown).unwrap(), expected);
    }
}
