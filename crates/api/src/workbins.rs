//! Workbins: what lies in them, putting in and taking out, and being told of both
//! (docs/compat/media.md#workbins).

mod administration;

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, State};
use axum::http::Uri;
use axum::http::request::Parts;
use handoff_domain::{
    Action, Interaction, Media, Named, Role, Time, Topic, User, Workbin, WorkbinOwner,
};
use handoff_engine::Watch;
use handoff_store::{InteractionScope, Key};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::caller::{AnyUser, Me, Supervisor};
use crate::colleagues::colleague;
use crate::commands::{self, Answer, Basis, Target};
use crate::error::{Code, Refusal, quoted};
use crate::idempotency::Retry;
use crate::me_interactions::{self, page, usable_workbin};
use crate::request::{Id, Ids, JsonBody, ThreeIds, unknown_operation};
use crate::shared::Shared;
use crate::wire::envelope::{Envelope, JsonText};
use crate::wire::interaction::{MediumResource, plural};
use crate::wire::listing::{Listing, fields, one, parameters, select, subresources};
use crate::wire::notification::{
    StateMessage, SubscriptionState, WorkbinSubscription, workbin_subscription,
};
use crate::wire::resource::{Fields, Versioned, WorkbinResource};

pub(crate) use administration::{delete, post, post_one, put};

/// Most interactions shown along with a workbin; the lists below it have pages.
const CONTENT_MAX: usize = 500;
/// The kinds of workbins in the oldest form of the list: an agent's own, and those of groups.
const OLD_TYPES: [u8; 2] = [1, 2];
/// Most workbins that one request can name; each costs a commit.
const WATCHES_MAX: usize = 100;
/// The names by which subresources are asked for, and the keys under which they come
/// (docs/compat/media.md#workbins).
const CONTENTS: [(&str, &str); 4] =
    [("chat", "chats"), ("email", "emails"), ("workitem", "workitems"), ("openmedia", "openmedia")];

/// Attributes that the lists can be filtered by.
const FILTERS: &[&str] = &["id", "name", "workbinName", "displayName", "type"];
/// Asks for what is defined, in place of what one may use.
const DEFINITIONS: &str = "definitions";

/// `GET /workbins`: those that the caller may use; with `definitions=true` admins are shown what is
/// defined in the center.
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(me): AnyUser, uri: Uri) -> Answer {
    let asked = parameters(&uri).into_iter().find(|(name, _)| name == DEFINITIONS);
    let (true, Some((_, asked))) = (me.is(Role::Admin), asked) else {
        return list_of(&shared, &me.user, &uri);
    };
    if asked != "true" {
        return Err(Refusal::invalid("\"definitions\" is true or left out."));
    }
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let mut listing = Listing::read(&uri, &[FILTERS, &[DEFINITIONS]].concat())?;
    listing.forget(DEFINITIONS);
    let definitions = directory.workbins.values().filter(|it| it.center == me.center());
    let shown = definitions.map(|workbin| {
        let version = directory.version(&Key::Workbin(workbin.id));
        (workbin.id, Versioned::new(WorkbinResource::new(workbin, lookup), version))
    });
    listing.of_all("workbins", shown)
}

/// `GET /me/workbins`. Without fields the answer has the keys of the oldest form beside the
/// addresses, which tells a workbin's id from its name.
pub(crate) async fn list_own(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    uri: Uri,
) -> Answer {
    let page = list_of(&shared, &me.user, &uri)?;
    if Listing::read(&uri, FILTERS)?.fields.is_some() {
        return Ok(page);
    }
    let directory = shared.engine().core().directory();
    let old = directory.workbins_of(&me.user).into_iter().map(|workbin| {
        let is_shared = matches!(workbin.owner, WorkbinOwner::Group(_));
        json!({
            "workbinId": workbin.id.to_string(), "active": 1, "workbinName": workbin.name,
            "viewName": format!("{}/PrivateView", workbin.name), "workbinType": OLD_TYPES[usize::from(is_shared)],
        })
    });
    let mut whole: Map<String, Value> =
        serde_json::from_str(&page.0).map_err(|_| Refusal::internal())?;
    whole.insert("status".to_owned(), json!(0));
    whole.insert("workbins".to_owned(), old.collect());
    Ok(JsonText::of(&whole))
}

fn list_of(shared: &Shared, user: &User, uri: &Uri) -> Answer {
    let listing = Listing::read(uri, FILTERS)?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let usable = directory.workbins_of(user).into_iter();
    listing.of_all(
        "workbins",
        usable.map(|workbin| (workbin.id, WorkbinResource::new(&workbin, lookup))),
    )
}

/// Finds a workbin by id or name among those that the caller may use; a supervisor finds every
/// other by its id, too.
fn find(shared: &Shared, me: &Me, id_or_name: &str) -> Result<Workbin, Refusal> {
    let directory = shared.engine().core().directory();
    let named = directory.workbin_for(&me.user, id_or_name);
    if let (Named::Unknown(_), true) = (&named, me.is(Role::Supervisor))
        && let Some(workbin) =
            id_or_name.parse().ok().and_then(|id| directory.workbin(me.center(), id))
    {
        return Ok(workbin);
    }
    if let (Named::Unknown(_), true) = (&named, me.is(Role::Admin))
        && let Some(workbin) =
            id_or_name.parse().ok().and_then(|id| directory.workbin_definition(me.center(), id))
        && workbin.id.to_string() == id_or_name
    {
        return Ok(workbin.clone());
    }
    usable_workbin(&named)
}

/// `GET /workbins/{id}`, with its content by medium when asked for.
pub(crate) async fn get(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let workbin = find(&shared, &me, &id)?;
    show(&shared, &me, &workbin, &uri).await
}

/// Shows a workbin, with its content by medium when asked for.
async fn show(shared: &Shared, me: &Me, workbin: &Workbin, uri: &Uri) -> Answer {
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let definition = directory.workbin_definition(me.center(), workbin.id);
    let version = definition.map_or(0, |it| directory.version(&Key::Workbin(it.id)));
    let resource = Versioned::new(WorkbinResource::new(workbin, lookup), version);
    let mut shown = select(&fields(uri), &resource);
    if let (Some(wanted), Value::Object(shown)) = (subresources(uri), &mut shown) {
        let content = shared
            .engine()
            .views()
            .interactions_in(InteractionScope::InWorkbin(workbin.id), CONTENT_MAX)
            .await?;
        let asked = CONTENTS
            .iter()
            .filter(|(name, key)| is_wanted(&wanted, name) || is_wanted(&wanted, key));
        for (_, key) in asked {
            let of_medium = content.items.iter().filter(|item| plural(&item.value.media()) == *key);
            let items = of_medium.map(|item| {
                select(&Fields::All, &MediumResource::read_by(&item.value, me.id(), lookup))
            });
            shown.insert((*key).to_owned(), items.collect());
        }
    }
    Ok(one("workbin", &shown))
}

fn is_wanted(fields: &Fields, name: &str) -> bool {
    match fields {
        Fields::All => true,
        Fields::Named(names) => names.contains(name),
    }
}

/// `GET /workbins/{id}/interactions`, and the same for one medium (`/emails`, `/chats`,
/// `/workitems`, `/openmedia`).
pub(crate) async fn content(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Ids(id, kind): Ids,
    uri: Uri,
) -> Answer {
    let workbin = find(&shared, &me, &id)?;
    show_content(&shared, &me, &workbin, &kind, &uri).await
}

/// Shows what lies in a workbin: all of it as the notifications do, or one medium as its resources.
async fn show_content(
    shared: &Shared,
    me: &Me,
    workbin: &Workbin,
    kind: &str,
    uri: &Uri,
) -> Answer {
    let listing = Listing::read(uri, me_interactions::FILTERS)?;
    let scope = InteractionScope::InWorkbin(workbin.id);
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let as_message =
        |interaction: &Interaction| Some(StateMessage::of_item(interaction, me.id(), lookup));
    let as_medium = |interaction: &Interaction| {
        (plural(&interaction.media()) == kind)
            .then(|| MediumResource::read_by(interaction, me.id(), lookup))
    };
    if kind == "interactions" {
        return page(shared, &listing, kind, scope, None, as_message).await;
    }
    if !CONTENTS.iter().any(|(_, key)| *key == kind) {
        return Err(Refusal::not_found("content"));
    }
    page(shared, &listing, kind, scope, None, as_medium).await
}

/// What a body wants of a workbin. Stands before the caller among a handler's arguments.
pub(crate) struct Wish {
    verb: Verb,
    media: Option<Media>,
    /// The interaction; empty for the verbs that are about none.
    id: String,
    epoch: Option<u64>,
    /// When it comes back.
    until: Option<Time>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Pull,
    Subscribe,
    Unsubscribe,
}

impl Wish {
    fn read(body: &JsonBody) -> Result<Self, Refusal> {
        let fields = body.fields();
        let name = body.operation_name()?;
        let (verb, noun) = if let Some(noun) = name.strip_prefix("Add") {
            (Verb::Add, noun)
        } else if let Some(noun) = name.strip_prefix("Pull") {
            (Verb::Pull, noun)
        } else {
            let verb = match name.as_str() {
                "Subscribe" => Verb::Subscribe,
                "Unsubscribe" => Verb::Unsubscribe,
                _ => return Err(unknown_operation(&name)),
            };
            return Ok(Self { verb, media: None, id: String::new(), epoch: None, until: None });
        };
        let media = match noun {
            "Interaction" | "InteractionToWorkbin" | "InteractionFromWorkbin" | "Openmedia" => None,
            "Email" => Some(Media::Email),
            "Workitem" => Some(Media::Workitem),
            "Chat" => Some(Media::Chat),
            _ => return Err(unknown_operation(&name)),
        };
        // The pages give the item as `uri`, the clients as `id`.
        let id = match (fields.text("id")?, fields.text("uri")?) {
            (Some(id), _) => id,
            (None, Some(uri)) => uri.rsplit('/').next().unwrap_or_default().to_owned(),
            (None, None) => return Err(fields.missing("id")),
        };
        Ok(Self { verb, media, id, epoch: fields.count("epoch")?, until: fields.moment("until")? })
    }
}

impl<S: Sync> FromRequestParts<S> for Wish {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::read(&JsonBody::from_request_parts(parts, state).await?)
    }
}

/// `POST /workbins/{id}` and `POST /me/workbins/{id}`.
pub(crate) async fn operate(
    State(shared): State<Shared>,
    wish: Wish,
    retry: Retry,
    AnyUser(me): AnyUser,
    Id(id): Id,
) -> Answer {
    let workbin = find(&shared, &me, &id)?;
    match wish.verb {
        Verb::Add | Verb::Pull => move_item(&shared, &me, wish, workbin, &retry).await,
        Verb::Subscribe => watch_one(&shared, &me, &workbin, SubscriptionState::Subscribed).await,
        Verb::Unsubscribe => {
            watch_one(&shared, &me, &workbin, SubscriptionState::Unsubscribed).await
        }
    }
}

/// Which workbins a request wants to watch, or no more. Stands before the caller among a handler's
/// arguments.
pub(crate) struct Watches {
    state: SubscriptionState,
    /// Ids or names, in the order given.
    workbins: Vec<String>,
}

impl Watches {
    fn read(body: &JsonBody, uri: &Uri) -> Result<Self, Refusal> {
        let name = body.operation_name()?;
        let state = match name.as_str() {
            "Subscribe" => SubscriptionState::Subscribed,
            "Unsubscribe" => SubscriptionState::Unsubscribed,
            _ => return Err(unknown_operation(&name)),
        };
        let asked = parameters(uri).into_iter().filter(|(name, _)| name == "workbinIds");
        let lists: Vec<String> = asked.map(|(_, list)| list).collect();
        let given = lists.iter().flat_map(|list| list.split(',')).map(str::trim);
        let workbins: Vec<String> = given.filter(|id| !id.is_empty()).map(str::to_owned).collect();
        match workbins.len() {
            0 => Err(Refusal::missing("workbinIds")),
            1..=WATCHES_MAX => Ok(Self { state, workbins }),
            _ => {
                let sentence = format!(
                    "The parameter workbinIds may name {WATCHES_MAX} workbins; name fewer."
                );
                Err(Refusal::invalid(sentence))
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Watches {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        Self::read(&JsonBody::from_request_parts(parts, state).await?, &parts.uri)
    }
}

/// `POST /workbins?workbinIds=…` and `POST /me/workbins?workbinIds=…`: starts or ends several
/// watches, each told by a notification of its own; those that the caller may not see are left out
/// and named.
pub(crate) async fn watch_many(
    State(shared): State<Shared>,
    watches: Watches,
    AnyUser(me): AnyUser,
) -> Answer {
    // Everything is looked up first: a refusal changes nothing.
    let (mut known, mut unknown) = (BTreeMap::new(), Vec::new());
    for text in &watches.workbins {
        match find(&shared, &me, text) {
            Ok(workbin) => {
                known.insert(workbin.id, workbin);
            }
            Err(refusal) if refusal.code == Code::NotFound => unknown.push(quoted(text)),
            Err(refusal) => return Err(refusal),
        }
    }
    let left_out = (!unknown.is_empty()).then(|| {
        let names = unknown.join(", ");
        format!("There is no workbin {names} that you may use; check workbinIds.")
    });
    if let (Some(sentence), true) = (&left_out, known.is_empty()) {
        return Err(Refusal::new(Code::NotFound, sentence));
    }
    let mut references = BTreeMap::new();
    for workbin in known.values() {
        let reference = watch(&shared, &me, workbin, watches.state).await?;
        references.insert(workbin.id.to_string(), reference);
    }
    Ok(watched(&references, left_out.as_deref()))
}

/// Writes the numbers of the watches; code 7 when some were left out.
fn watched(references: &BTreeMap<String, i32>, left_out: Option<&str>) -> JsonText {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Watched<'a> {
        status_code: i32,
        #[serde(skip_serializing_if = "Option::is_none")]
        status_message: Option<&'a str>,
        reference_ids: &'a BTreeMap<String, i32>,
    }
    let status_code = if left_out.is_some() { 7 } else { 0 };
    JsonText::of(&Watched { status_code, status_message: left_out, reference_ids: references })
}

/// Finds a workbin that another user may use.
fn find_of(shared: &Shared, me: &Me, user: &str, id_or_name: &str) -> Result<Workbin, Refusal> {
    let directory = shared.engine().core().directory();
    usable_workbin(
        &directory.workbin_for(&directory.users[&colleague(shared, me, user)?], id_or_name),
    )
}

/// `GET /users/{userId}/workbins`: a supervisor sees those of another.
pub(crate) async fn list_of_user(
    State(shared): State<Shared>,
    Supervisor(me): Supervisor,
    Id(user): Id,
    uri: Uri,
) -> Answer {
    let directory = shared.engine().core().directory();
    list_of(&shared, &directory.users[&colleague(&shared, &me, &user)?], &uri)
}

/// `GET /users/{userId}/workbins/{id}`
pub(crate) async fn get_of(
    State(shared): State<Shared>,
    Supervisor(me): Supervisor,
    Ids(user, id): Ids,
    uri: Uri,
) -> Answer {
    let workbin = find_of(&shared, &me, &user, &id)?;
    show(&shared, &me, &workbin, &uri).await
}

/// `GET /users/{userId}/workbins/{id}/{content}`, which a page has also without `/users`.
pub(crate) async fn content_of(
    State(shared): State<Shared>,
    Supervisor(me): Supervisor,
    ThreeIds(user, id, kind): ThreeIds,
    uri: Uri,
) -> Answer {
    let workbin = find_of(&shared, &me, &user, &id)?;
    show_content(&shared, &me, &workbin, &kind, &uri).await
}

/// `POST /users/{userId}/workbins/{id}`: a supervisor takes something out of another's, or is told
/// of it.
pub(crate) async fn operate_of(
    State(shared): State<Shared>,
    wish: Wish,
    retry: Retry,
    Supervisor(me): Supervisor,
    Ids(user, id): Ids,
) -> Answer {
    if wish.verb == Verb::Add {
        return Err(Refusal::invalid(
            "Nothing can be put into another user's workbin; transfer it to them instead.",
        ));
    }
    let workbin = find_of(&shared, &me, &user, &id)?;
    match wish.verb {
        Verb::Add | Verb::Pull => move_item(&shared, &me, wish, workbin, &retry).await,
        Verb::Subscribe => watch_one(&shared, &me, &workbin, SubscriptionState::Subscribed).await,
        Verb::Unsubscribe => {
            watch_one(&shared, &me, &workbin, SubscriptionState::Unsubscribed).await
        }
    }
}

async fn move_item(
    shared: &Shared,
    me: &Me,
    wish: Wish,
    workbin: Workbin,
    retry: &Retry,
) -> Answer {
    let target = Target { id: &wish.id, media: wish.media.as_ref(), epoch: wish.epoch };
    let workbin = Named::Known(workbin);
    let action = match wish.verb {
        Verb::Add => Action::PlaceInWorkbin(workbin, wish.until),
        _ => Action::Pull { from: Some(workbin) },
    };
    let (form, basis) = (Envelope::Plain, Basis::Request);
    commands::perform(shared, me, target, form, retry, basis, |_, _| Ok(action.into())).await
}

async fn watch_one(
    shared: &Shared,
    me: &Me,
    workbin: &Workbin,
    state: SubscriptionState,
) -> Answer {
    let reference = watch(shared, me, workbin, state).await?;
    Ok(Envelope::Plain.success(Some(reference)))
}

/// Starts or ends the caller's watch of a workbin; the result is told by notification, as
/// documented. Returns the number of the request.
async fn watch(
    shared: &Shared,
    me: &Me,
    workbin: &Workbin,
    state: SubscriptionState,
) -> Result<i32, Refusal> {
    let engine = shared.engine();
    let reference = engine.core().next_reference(me.id()).await?;
    let change = match state {
        SubscriptionState::Subscribed => Watch::Begin,
        SubscriptionState::Unsubscribed | SubscriptionState::RequestFailed => Watch::End,
    };
    engine.desks().watch_workbin(me.id(), me.center(), workbin.id, change).await?;
    let directory = engine.core().directory();
    let told = WorkbinSubscription { workbin, reader: me.id(), state, reference };
    let answer = workbin_subscription(&told, shared.lookup(&directory));
    engine.delivery().promise(me.id(), [(Topic::Workbins, answer)]).await?;
    Ok(reference)
}
