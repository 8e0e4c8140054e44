//! Channels: whether an agent takes work, per medium; set by themselves, or by a supervisor for
//! them.

use axum::extract::{FromRequestParts, State};
use axum::http::Uri;
use axum::http::request::Parts;
use handoff_domain::event::Cause;
use handoff_domain::{CenterId, Media, UserId};
use handoff_engine::{ChannelChange, Directory};
use handoff_store::StoreError;
use serde_json::Value;

use crate::agent_states::reason_named;
use crate::caller::{Agent, Me, Supervisor};
use crate::colleagues::colleague;
use crate::commands::Answer;
use crate::error::Refusal;
use crate::request::{Id, Ids, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::supervision::Following;
use crate::wire::envelope::Envelope;
use crate::wire::fields::Fields;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{ChannelResource, channels_of as of_user};

/// Most characters of a custom state's name, or of a reason.
const REASON_CHARS_MAX: usize = 200;

/// What is wanted of channels.
pub(crate) enum Wanted {
    Change(ChannelChange),
    /// What no operation is called: a state of the contact center's own, if it has one.
    State(String),
}

impl Wanted {
    /// Returns the change that it is in the caller's contact center. States of its own are NotReady
    /// for a reason.
    pub(crate) fn known(self, shared: &Shared, me: &Me) -> Result<ChannelChange, Refusal> {
        match self {
            Self::Change(change) => Ok(change),
            Self::State(name) => {
                let directory = shared.engine().core().directory();
                match reason_named(&directory, me.center(), &name) {
                    Some(reason) => Ok(ChannelChange::NotReady { reason: Some(reason) }),
                    None => Err(unknown_operation(&name)),
                }
            }
        }
    }
}

/// Reads what a channel's `operationName` wants (docs/compat/agents.md#states).
pub(crate) fn wanted(name: &str, fields: &Fields<'_>) -> Result<Wanted, Refusal> {
    let reason = fields.line("reason")?;
    let short = |text: &String| text.chars().count() <= REASON_CHARS_MAX;
    if reason.as_ref().is_some_and(|reason| !short(reason)) {
        return Err(Refusal::invalid(format!(
            "The field reason may have {REASON_CHARS_MAX} characters; shorten it."
        )));
    }
    Ok(Wanted::Change(match name {
        "Ready" => ChannelChange::Ready,
        "NotReady" => ChannelChange::NotReady { reason },
        "DoNotDisturbOn" => ChannelChange::DoNotDisturbOn,
        "DoNotDisturbOff" => ChannelChange::DoNotDisturbOff,
        other => return Ok(Wanted::State(other.to_owned())),
    }))
}

/// What a body wants of one channel. Stands before the caller among a handler's arguments.
pub(crate) struct Wish(Wanted);

impl<S: Sync> FromRequestParts<S> for Wish {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        wanted(&body.operation_name()?, &body.fields()).map(Self)
    }
}

/// Returns an agent's channels: those of their contact-center session. Without one these are all
/// that the contact center has, logged out: clients read here which ones they can name when they
/// start one, also after a session that had fewer.
pub(crate) async fn of(shared: &Shared, me: &Me) -> Result<Vec<ChannelResource>, StoreError> {
    let desk = shared.engine().core().current_desk(me.id()).await?;
    Ok(of_user(&shared.engine().core().directory(), &me.user, desk.as_deref()))
}

/// `GET /me/channels`: their addresses, or with `fields` the channels.
pub(crate) async fn list(State(shared): State<Shared>, Agent(me): Agent, uri: Uri) -> Answer {
    let listing = Listing::read(&uri, &["channel", "dndState"])?;
    let all = of(&shared, &me).await?;
    let matching = all.iter().filter(|shown| listing.passes(shown));
    let items: Vec<Value> = match &listing.fields {
        Some(fields) => matching.map(|shown| select(fields, shown)).collect(),
        // The channel itself tells no address: it is the same object in notifications, where the
        // pages have none.
        None => matching.map(|shown| address_of(&shared, shown).into()).collect(),
    };
    Ok(listing.page("channels", &items, None::<&String>))
}

fn address_of(shared: &Shared, shown: &ChannelResource) -> String {
    shared.url().uri(&format!("/me/channels/{}", shown.channel))
}

/// `GET /me/channels/{channel}`.
pub(crate) async fn get(
    State(shared): State<Shared>,
    Agent(me): Agent,
    Id(name): Id,
    uri: Uri,
) -> Answer {
    let found = of(&shared, &me).await?.into_iter().find(|shown| shown.channel == name);
    let shown = found.ok_or_else(|| Refusal::not_found("channel"))?;
    Ok(one("channel", &select(&fields(&uri), &shown)))
}

/// `POST /me/channels/{channel}`.
pub(crate) async fn set(
    State(shared): State<Shared>,
    Wish(wish): Wish,
    Agent(me): Agent,
    Id(name): Id,
) -> Answer {
    let wish = wish.known(&shared, &me)?;
    set_for(&shared, &me, me.id(), &name, &wish).await
}

/// What a supervisor's body wants of an agent's channel.
pub(crate) enum SupervisorsWish {
    /// A state.
    Set(Wanted),
    /// To follow the agent's chats, or not to.
    Follow(Following),
}

impl<S: Sync> FromRequestParts<S> for SupervisorsWish {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let name = body.operation_name()?;
        match Following::read(&name, &body.fields())? {
            Some(following) => Ok(Self::Follow(following)),
            None => wanted(&name, &body.fields()).map(Self::Set),
        }
    }
}

/// `POST /users/{id}/channels/{channel}`: a supervisor sets an agent's, or follows their chats.
pub(crate) async fn set_of(
    State(shared): State<Shared>,
    wish: SupervisorsWish,
    Supervisor(me): Supervisor,
    Ids(user, name): Ids,
) -> Answer {
    let user = colleague(&shared, &me, &user)?;
    match wish {
        SupervisorsWish::Set(wish) => {
            let wish = wish.known(&shared, &me)?;
            set_for(&shared, &me, user, &name, &wish).await
        }
        SupervisorsWish::Follow(_) if Media::from_name(&name) != Media::Chat => {
            Err(Refusal::invalid("Only chats can be monitored; use the channel chat."))
        }
        SupervisorsWish::Follow(following) => following.begin_or_end(&shared, &me, user).await,
    }
}

async fn set_for(
    shared: &Shared,
    me: &Me,
    user: UserId,
    name: &str,
    wish: &ChannelChange,
) -> Answer {
    let channel = Media::from_name(name);
    shared
        .engine()
        .desks()
        .change_channels(user, me.center(), Cause::User(me.id()), Some(&channel), wish)
        .await?;
    Ok(Envelope::Plain.success(None))
}

/// Tells whether a contact center has interactions of that channel: of the built-in ones always, of
/// an open-media type when a queue is for it.
pub(crate) fn is_configured(directory: &Directory, center: CenterId, media: &Media) -> bool {
    let mut queues = directory.queues.values();
    !matches!(media, Media::Open(_))
        || queues.any(|queue| queue.center == center && queue.media == *media)
}
