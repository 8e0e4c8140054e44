//! `/me`: the caller themselves, and their contact-center session.

use std::collections::BTreeSet;

use axum::extract::{FromRequestParts, State};
use axum::http::Uri;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use handoff_domain::event::Cause;
use handoff_domain::{Interaction, Media};
use handoff_engine::Directory;
use handoff_store::{AuditAction, InteractionScope};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::auth::{self, SessionEnded};
use crate::caller::{Agent, AnyUser, InPerson, Me};
use crate::channels;
use crate::commands::Answer;
use crate::error::{Refusal, quoted};
use crate::new_password::NewPassword;
use crate::request::JsonBody;
use crate::settings;
use crate::shared::Shared;
use crate::wire::envelope::{Envelope, JsonText};
use crate::wire::interaction::MediumResource;
use crate::wire::listing::{fields, one, select, subresources};
use crate::wire::notification::StateMessage;
use crate::wire::resource::{Fields, UserResource, groups_of, skills_of};

/// Most interactions shown with the caller; capacity keeps the number far below it.
const HELD_MAX: usize = 500;
/// Most channels named at the start of a session: far above what any client knows, and few enough
/// to look each up.
const CHANNELS_MAX: usize = 100;

/// `GET /me`.
pub(crate) async fn get(State(shared): State<Shared>, AnyUser(me): AnyUser, uri: Uri) -> Answer {
    let directory = shared.engine().core().directory();
    let user = UserResource::new(&me.user, shared.lookup(&directory));
    let mut shown = select(&fields(&uri), &user);
    if let (Some(wanted), Value::Object(shown)) = (subresources(&uri), &mut shown) {
        let all = Value::Object(subresources_of(&shared, &me, &directory).await?);
        if let Value::Object(wanted) = select(&wanted, &all) {
            shown.extend(wanted);
        }
    }
    Ok(one("user", &shown))
}

/// Returns everything that comes along with the caller. Clients rebuild their state from it after a
/// reconnect, so every key is there, empty where this server has nothing of the kind
/// (docs/compat/agents.md#me).
async fn subresources_of(
    shared: &Shared,
    me: &Me,
    directory: &Directory,
) -> Result<Map<String, Value>, Refusal> {
    let lookup = shared.lookup(directory);
    let held = shared
        .engine()
        .views()
        .interactions_in(InteractionScope::HeldBy(me.id()), HELD_MAX)
        .await?;
    let held: Vec<&Interaction> = held.items.iter().map(|item| &item.value).collect();
    let of_media = |media: &Media| {
        let own = held.iter().filter(|interaction| interaction.media() == *media);
        shown_all(own.map(|interaction| MediumResource::read_by(interaction, me.id(), lookup)))
    };
    let states = shown_all(channels::of(shared, me).await?);
    let none = || Value::Array(Vec::new());
    let parts = [
        ("devices", none()),
        ("skills", shown_all(skills_of(&me.user, lookup))),
        ("channels", states.clone()),
        ("channelStates", states),
        (
            "interactions",
            shown_all(
                held.iter().map(|interaction| StateMessage::read_by(interaction, me.id(), lookup)),
            ),
        ),
        ("chats", of_media(&Media::Chat)),
        ("emails", of_media(&Media::Email)),
        ("workitems", of_media(&Media::Workitem)),
        ("calls", none()),
        ("groups", shown_all(groups_of(&me.user, lookup))),
        ("features", none()),
        // Clients dereference the sections that the platform whose API this is has
        // (docs/compat/agents.md#me).
        (
            "settings",
            json!({"htcc": {}, (settings::WORKSPACE): settings::workspace(shared, me.center(), directory)}),
        ),
    ];
    Ok(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
}

fn shown_all<R: Serialize>(resources: impl IntoIterator<Item = R>) -> Value {
    resources.into_iter().map(|resource| select(&Fields::All, &resource)).collect()
}

/// What a body wants of the caller's session. Stands before the caller among a handler's arguments.
pub(crate) enum Wish {
    Start { channels: Vec<String>, place: Option<String> },
    End,
    Change(channels::Wanted),
    ChangePassword(NewPassword),
}

impl Wish {
    fn read(body: &JsonBody) -> Result<Self, Refusal> {
        let fields = body.fields();
        match body.operation_name()?.as_str() {
            "StartContactCenterSession" => {
                let channels =
                    fields.texts("channels")?.ok_or_else(|| fields.missing("channels"))?;
                if channels.len() > CHANNELS_MAX {
                    let sentence = format!(
                        "The field channels may name {CHANNELS_MAX} channels; leave some out."
                    );
                    return Err(Refusal::invalid(sentence));
                }
                Ok(Self::Start { channels, place: fields.name("place")? })
            }
            "EndContactCenterSession" => Ok(Self::End),
            "ChangePassword" => NewPassword::read(&fields).map(Self::ChangePassword),
            other => channels::wanted(other, &fields).map(Self::Change),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Wish {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::read(&JsonBody::from_request_parts(parts, state).await?)
    }
}

/// `POST /me`. Everybody has a password; all else is for agents.
pub(crate) async fn operate(
    State(shared): State<Shared>,
    wish: Wish,
    AnyUser(me): AnyUser,
    agent: Result<Agent, Refusal>,
    in_person: Result<InPerson, Refusal>,
) -> Result<Response, Refusal> {
    if matches!(wish, Wish::ChangePassword(_)) {
        in_person?;
    } else {
        if me.user.must_change_password {
            return Err(Refusal::password_change());
        }
        agent?;
    }
    match wish {
        Wish::Start { channels, place } => {
            Ok(start(&shared, &me, &channels, place).await?.into_response())
        }
        Wish::End => end(&shared, &me).await,
        Wish::Change(change) => {
            let change = change.known(&shared, &me)?;
            shared
                .engine()
                .desks()
                .change_channels(me.id(), me.center(), Cause::User(me.id()), None, &change)
                .await?;
            Ok(Envelope::Plain.success(None).into_response())
        }
        Wish::ChangePassword(wish) => wish.change(&shared, &me).await,
    }
}

/// Starts the contact-center session with those channels that exist here, and tells of the others
/// (docs/compat/agents.md#session).
async fn start(shared: &Shared, me: &Me, names: &[String], place: Option<String>) -> Answer {
    let directory = shared.engine().core().directory();
    let mut unknown = Vec::new();
    let mut known = BTreeSet::new();
    for name in names {
        let media = Media::from_name(name);
        if media.is_silent() || channels::is_configured(&directory, me.center(), &media) {
            known.insert(media);
        } else {
            unknown.push(quoted(name));
        }
    }
    if known.is_empty() {
        return Err(Refusal::invalid(
            "The field channels must name at least one channel that is configured.",
        ));
    }
    let channels: Vec<Media> = known.into_iter().collect();
    shared.engine().desks().start_contact_session(me.id(), me.center(), &channels, place).await?;
    if unknown.is_empty() { Ok(Envelope::Plain.success(None)) } else { Ok(partly(&unknown)) }
}

/// Writes the answer for a session that came up without some of its channels: code 7.
fn partly(unknown: &[String]) -> JsonText {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Partly {
        status_code: i32,
        status_message: String,
    }
    let names = unknown.join(", ");
    let status_message = format!(
        "The session was started without {names}, which are not configured; leave them out."
    );
    JsonText::of(&Partly { status_code: 7, status_message })
}

/// `DELETE /me/session`: ends the login session of whoever has no contact-center session to end,
/// too: supervisors, admins, servers, and agents who never went to work. One that is open goes on,
/// as it does when a session times out.
pub(crate) async fn log_out(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
) -> Result<Response, Refusal> {
    let entry = me.audits(shared.engine().core(), AuditAction::SessionEnded, &me.user);
    auth::end(&shared, me.id(), me.session(), entry).await?;
    let mut response = Envelope::Plain.success(None).into_response();
    response.extensions_mut().insert(SessionEnded);
    Ok(response)
}

/// Ends the contact-center session, and with it the login session, as documented
/// (docs/compat/agents.md#session).
async fn end(shared: &Shared, me: &Me) -> Result<Response, Refusal> {
    let (it, whose) = (shared.clone(), me.clone());
    let ending = async move {
        it.engine().desks().end_contact_session(whose.id(), whose.center()).await?;
        let entry = whose.audits(it.engine().core(), AuditAction::SessionEnded, &whose.user);
        auth::end(&it, whose.id(), whose.session(), entry).await.map_err(Refusal::from)
    };
    // Whoever hangs up after the first step is logged out nevertheless.
    shared.engine().core().to_the_end(ending).await?;
    let mut response = Envelope::Plain.success(None).into_response();
    response.extensions_mut().insert(SessionEnded);
    Ok(response)
}
