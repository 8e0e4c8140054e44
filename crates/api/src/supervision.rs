//! Supervisors in agents' chats: `/users/{id}/chats/{chat}` to come into one,
//! `/users/{id}/channels/chat` to be offered those that an agent takes from now on
//! (docs/compat/media.md#supervision).
//!
//! Whoever comes in is first offered the chat and accepts it like any other, because that is how
//! their client learns of chats.

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::desk::{Supervision, SupervisionExtent};
use handoff_domain::{Action, Chat, Media, SupervisorMode, UserId};

use crate::caller::{Me, Supervisor};
use crate::colleagues::colleague;
use crate::commands::{self, Answer, Basis, Target};
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::request::{Ids, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::envelope::Envelope;
use crate::wire::fields::Fields;

/// Reads how a supervisor wants to take part.
fn mode(name: &str) -> Option<SupervisorMode> {
    match name {
        "Monitor" => Some(SupervisorMode::Monitor),
        "Coach" => Some(SupervisorMode::Coach),
        "BargeIn" => Some(SupervisorMode::BargeIn),
        _ => None,
    }
}

fn nickname(fields: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let nickname = fields.line("nickname")?;
    let most = Chat::NAME_CHARS_MAX;
    if nickname.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > most) {
        return Err(Refusal::invalid(format!(
            "The field nickname must have 1 to {most} characters."
        )));
    }
    Ok(nickname)
}

/// What a supervisor wants of an agent's chat. Stands before the caller among a handler's
/// arguments.
pub(crate) struct Intrusion {
    mode: SupervisorMode,
    nickname: Option<String>,
    epoch: Option<u64>,
}

impl<S: Sync> FromRequestParts<S> for Intrusion {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let fields = body.fields();
        match body.operation_name()?.as_str() {
            "Intrude" => {}
            other => return Err(unknown_operation(other)),
        }
        let mode = mode(&fields.required_text("supervisorVisibilityMode")?).ok_or_else(|| {
            Refusal::invalid(
                "The field supervisorVisibilityMode must be Monitor, Coach or BargeIn.",
            )
        })?;
        Ok(Self { mode, nickname: nickname(&fields)?, epoch: fields.count("epoch")? })
    }
}

/// `POST /users/{id}/chats/{chat}`: comes into a chat of an agent's.
pub(crate) async fn operate(
    State(shared): State<Shared>,
    Intrusion { mode, nickname, epoch }: Intrusion,
    retry: Retry,
    Supervisor(me): Supervisor,
    Ids(user, id): Ids,
) -> Answer {
    let agent = colleague(&shared, &me, &user)?;
    let target = Target { id: &id, media: Some(&Media::Chat), epoch };
    let (form, basis) = (Envelope::Plain, Basis::Present);
    commands::perform(&shared, &me, target, form, &retry, basis, |interaction, _| {
        // A chat that the agent has nothing to do with is not behind their address.
        if !interaction.concerns(agent) && !interaction.concerned.contains(&agent) {
            return Err(Refusal::not_found("interaction"));
        }
        Ok(Action::Intrude { mode, nickname }.into())
    })
    .await
}

/// What a supervisor wants of an agent's chats from now on.
pub(crate) struct Following(Option<Wanted>);

struct Wanted {
    mode: SupervisorMode,
    extent: SupervisionExtent,
    nickname: Option<String>,
}

impl Following {
    /// The operations that end it; clients name them after what they began.
    const STOP: [&'static str; 5] =
        ["StopMonitoring", "CancelMonitoring", "StopCoaching", "StopBargeIn", "CancelBargeIn"];

    /// Reads it; `None` for the name of something else.
    pub(crate) fn read(name: &str, fields: &Fields<'_>) -> Result<Option<Self>, Refusal> {
        if Self::STOP.contains(&name) {
            return Ok(Some(Self(None)));
        }
        let Some(mode) = mode(name) else { return Ok(None) };
        let extent = match fields.text("supervisorMonitoringMode")?.as_deref() {
            None | Some("AllChats") => SupervisionExtent::AllChats,
            Some("NextChat") => SupervisionExtent::NextChat,
            Some(_) => {
                return Err(Refusal::invalid(
                    "The field supervisorMonitoringMode must be NextChat or AllChats.",
                ));
            }
        };
        Ok(Some(Self(Some(Wanted { mode, extent, nickname: nickname(fields)? }))))
    }

    /// Begins or ends to follow an agent's chats.
    pub(crate) async fn begin_or_end(self, shared: &Shared, me: &Me, agent: UserId) -> Answer {
        let engine = shared.engine();
        let supervision = self.0.map(|Wanted { mode, extent, nickname }| {
            let (since, offered) = (engine.core().now(), BTreeSet::new());
            Supervision { mode, nickname, extent, since, offered }
        });
        engine.desks().supervise(agent, me.center(), me.id(), supervision).await?;
        Ok(Envelope::Plain.success(None))
    }
}
