//! Login sessions as their users, and the admins of the contact center, see and end them.

use axum::extract::State;
use handoff_domain::User;
use handoff_store::{AuditAction, Key, LoginSession, Record, Versioned};
use serde::Serialize;

use crate::auth::{end_stored, footing_of};
use crate::caller::{AdminInPerson, InPerson, Me};
use crate::commands::Answer;
use crate::error::Refusal;
use crate::request::{Id, Ids};
use crate::shared::Shared;
use crate::users::of_center;
use crate::wire::date;
use crate::wire::envelope::{Envelope, JsonText};

/// Most sessions that are shown: far more than anybody has browsers.
const SHOWN_MAX: usize = 100;
/// Most sessions of a user that are looked at for them, ended ones among them.
const LOOKED_AT_MAX: usize = 1_000;

/// `GET /me/sessions`
pub(crate) async fn list(State(shared): State<Shared>, InPerson(me): InPerson) -> Answer {
    shown(&shared, &me, &me.user).await
}

/// `GET /users/{id}/sessions`
pub(crate) async fn list_of(
    State(shared): State<Shared>,
    AdminInPerson(me): AdminInPerson,
    Id(user): Id,
) -> Answer {
    let user = of_center(&shared.engine().core().directory(), &me, &user)?;
    shown(&shared, &me, &user).await
}

/// `DELETE /me/sessions/{id}`
pub(crate) async fn end(
    State(shared): State<Shared>,
    InPerson(me): InPerson,
    Id(session): Id,
) -> Answer {
    end_of_user(&shared, &me, &me.user, session).await
}

/// `DELETE /users/{id}/sessions/{session}`
pub(crate) async fn end_of(
    State(shared): State<Shared>,
    AdminInPerson(me): AdminInPerson,
    Ids(user, session): Ids,
) -> Answer {
    let user = of_center(&shared.engine().core().directory(), &me, &user)?;
    end_of_user(&shared, &me, &user, session).await
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: String,
    created: String,
    last_seen: String,
    address: Option<String>,
    user_agent: Option<String>,
    /// Whether the request came by it.
    current: bool,
}

async fn shown(shared: &Shared, me: &Me, user: &User) -> Answer {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List {
        status_code: i32,
        sessions: Vec<Shown>,
    }
    let stored = shared.engine().core().store().logins_of(user.id, LOOKED_AT_MAX).await?;
    let alive = stored.into_iter().filter(|session| is_alive(shared, user, session));
    let shown = alive.take(SHOWN_MAX).map(|session| Shown {
        current: me.session().id() == Some(&*session.id),
        id: session.id,
        created: date::print(session.created),
        last_seen: date::print(session.last_used),
        address: session.address,
        user_agent: session.user_agent,
    });
    Ok(JsonText::of(&List { status_code: 0, sessions: shown.collect() }))
}

/// Tells whether a session still opens something. What its user's logins rest on may be another by
/// now; of one that an older program kept that is not known.
fn is_alive(shared: &Shared, user: &User, session: &LoginSession) -> bool {
    let core = shared.engine().core();
    let is_idle = core.now().ms_since(session.last_used) > core.options().login_idle_ms;
    let is_of_before = !session.footing.is_empty() && session.footing != footing_of(user);
    user.enabled && session.user == user.id && !session.has_ended() && !is_idle && !is_of_before
}

async fn end_of_user(shared: &Shared, me: &Me, user: &User, session: String) -> Answer {
    let key = Key::LoginSession(session.clone());
    match shared.engine().core().store().load_one(&key).await? {
        Some(Versioned { value: Record::LoginSession(found), .. })
            if found.user == user.id && !found.has_ended() =>
        {
            let entry = me.audits(shared.engine().core(), AuditAction::SessionEnded, user);
            end_stored(shared, user.id, session, entry).await?;
            Ok(Envelope::Plain.success(None))
        }
        _ => Err(Refusal::not_found("session")),
    }
}
