//! `/responses`: texts that are kept ready, standard responses (docs/api/responses.md).
//!
//! Those of the contact center and of groups are part of its directory, which every node has in
//! memory; what people keep for themselves is one record each, which nobody else reads.

pub(crate) mod categories;
mod filled;
mod found;
mod own;

use axum::extract::{FromRequestParts, State};
use axum::http::Uri;
use axum::http::request::Parts;
use handoff_domain::{ResponseId, Role, User};
use handoff_engine::Directory;
use handoff_provision::{Editor, Refused, ResponseDescription, Thing, own_response_version};
use handoff_store::{Key, ResponseOwner, StandardResponse, TokenScope};

use crate::administration::{Changes, Described, New, change_by, done, known, made};
use crate::caller::{Keeper, Me, Person};
use crate::commands::Answer;
use crate::error::{Code, NO_PERMISSION, Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::{Id, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::fields::Fields;
use crate::wire::listing::{Listing, fields, one, select};
use found::{Search, Shelf};

/// What the list can be narrowed by.
const FILTERS: &[&str] = &["channel", "search", "language", "category", "scope"];

const NO_GROUP: &str = "Only a response of scope Group has a group; leave it out.";

/// `GET /responses`: what the caller can use, what fits a search best first.
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, Person(me): Person) -> Answer {
    let mut listing = Listing::read(&uri, FILTERS)?;
    let search = Search::read(&mut listing)?;
    let shelf = Shelf::of(&shared, &me).await?;
    let (page, next) = search.page(&shelf, listing.after()?, listing.limit);
    let shown = found::show(&shared, &me, page).await?;
    let items: Vec<_> = shown.iter().filter_map(|shown| listing.pick(shown)).collect();
    Ok(listing.page("responses", &items, next.as_ref()))
}

/// `GET /responses/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Person(me): Person,
    Id(id): Id,
) -> Answer {
    let shelf = Shelf::of(&shared, &me).await?;
    let found = shelf.find(known(&id, Thing::Response)?)?;
    let shown = found::show(&shared, &me, vec![found]).await?;
    let shown = shown.first().ok_or_else(Refusal::internal)?;
    Ok(one("response", &select(&fields(&uri), shown)))
}

/// `POST /responses`
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(of): New<OfResponse>,
    retry: Retry,
    Keeper(me): Keeper,
) -> Answer {
    let id = ResponseId(shared.engine().core().ids().uuid());
    let answer = made(shared.url().response(id));
    if of.scope.is_none_or(|scope| scope == Scope::User) {
        if of.group.is_some() {
            return Err(Refusal::invalid(NO_GROUP));
        }
        return own::add(&shared, &me, &retry, answer, id, &of.said).await;
    }
    expect_scope(&me, TokenScope::Admin)?;
    let decide = |center: &Editor<'_>, user: &User| {
        let owner = of.owner(center, user)?;
        expect_may_change(user, owner)?;
        Ok(center.add_response(id, owner, &of.said)?)
    };
    change_by(&shared, &me, &retry, answer, decide).await
}

/// `PUT /responses/{id}`: the given fields change, whose it is does not.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfResponse>,
    retry: Retry,
    Keeper(me): Keeper,
    Id(id): Id,
) -> Answer {
    change(&shared, &changes, &retry, &me, &id).await
}

async fn change(
    shared: &Shared,
    changes: &Changes<OfResponse>,
    retry: &Retry,
    me: &Me,
    id: &str,
) -> Answer {
    if let Some(answer) = retry.earlier(shared, me).await? {
        return Ok(answer);
    }
    let id: ResponseId = known(id, Thing::Response)?;
    let link = shared.url().response(id);
    let of = &changes.said;
    let same = |response: &StandardResponse| {
        of.expect_same_owner(response, &shared.engine().core().directory())
    };
    if Shelf::has_own(shared, me, id).await? {
        return own::change(shared, me, retry, |own| {
            let version = own_response_version(own, id)?;
            changes.expect(version, &id.to_string(), &link)?;
            own.responses
                .iter()
                .find(|it| it.response.id == id)
                .map_or(Ok(()), |it| same(&it.response))?;
            Ok(handoff_provision::change_own_response(own, id, &of.said)?)
        })
        .await;
    }
    let decide = |center: &Editor<'_>, user: &User| {
        let response = shared_of(center, user, me, id)?;
        changes.expect_same(center, &Key::StandardResponse(id), &link)?;
        same(response)?;
        Ok(center.change_response(id, &of.said)?)
    };
    change_by(shared, me, retry, done(), decide).await
}

/// `DELETE /responses/{id}`: messages that it was put into keep what they have of it.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Keeper(me): Keeper,
    Id(id): Id,
) -> Answer {
    if let Some(answer) = retry.earlier(&shared, &me).await? {
        return Ok(answer);
    }
    let id: ResponseId = known(&id, Thing::Response)?;
    if Shelf::has_own(&shared, &me, id).await? {
        let decide = |own: &mut _| Ok(handoff_provision::remove_own_response(own, id)?);
        return own::change(&shared, &me, &retry, decide).await;
    }
    let decide = |center: &Editor<'_>, user: &User| {
        shared_of(center, user, &me, id)?;
        Ok(center.remove_response(id)?)
    };
    change_by(&shared, &me, &retry, done(), decide).await
}

/// What is done with a response that is there. Stands before the caller among a handler's
/// arguments.
pub(crate) struct Render {
    interaction: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Render {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        match body.operation_name()?.as_str() {
            "Render" => Ok(Self { interaction: body.fields().text("interactionId")? }),
            other => Err(unknown_operation(other)),
        }
    }
}

/// `POST /responses/{id}`: the response with its places filled in, for an interaction that the
/// caller sees.
pub(crate) async fn post_one(
    State(shared): State<Shared>,
    Render { interaction }: Render,
    Person(me): Person,
    Id(id): Id,
) -> Answer {
    let shelf = Shelf::of(&shared, &me).await?;
    let found = shelf.find(known(&id, Thing::Response)?)?;
    filled::fill(&shared, &me, found.response, interaction.as_deref()).await
}

/// Returns the id of a response that the caller can use.
pub(crate) async fn usable(shared: &Shared, me: &Me, id: &str) -> Result<ResponseId, Refusal> {
    let id = known(id, Thing::Response)?;
    let directory = shared.engine().core().directory();
    let is_shared = directory.responses.get(&id).is_some_and(|response| {
        response.center == me.center() && may_use(&me.user, response.owner)
    });
    if is_shared || Shelf::has_own(shared, me, id).await? {
        return Ok(id);
    }
    Err(Refused::Absent(Thing::Response).into())
}

/// Refuses a token that may not do what it takes.
fn expect_scope(me: &Me, scope: TokenScope) -> Result<(), Refusal> {
    me.authenticated().token().map_or(Ok(()), |token| token.expect_any(&[scope]))
}

/// Returns a response of the contact center or of a group that somebody may change. That of a group
/// which they are not in is not there for them.
fn shared_of<'a>(
    center: &Editor<'a>,
    user: &User,
    me: &Me,
    id: ResponseId,
) -> Result<&'a StandardResponse, Refusal> {
    let response = center.response(id)?;
    if !may_use(user, response.owner) {
        return Err(Refused::Absent(Thing::Response).into());
    }
    expect_may_change(user, response.owner)?;
    expect_scope(me, TokenScope::Admin)?;
    Ok(response)
}

/// Tells whether somebody sees what an owner has.
fn may_use(user: &User, owner: ResponseOwner) -> bool {
    match owner {
        ResponseOwner::Center => true,
        ResponseOwner::Group(group) => {
            user.groups.contains(&group) || user.roles.contains(&Role::Admin)
        }
        ResponseOwner::User(owner) => owner == user.id,
    }
}

/// Tells whether somebody changes what an owner has: admins what the contact center and its groups
/// have, supervisors what the groups have that they are in, and everybody their own.
fn may_change(user: &User, owner: ResponseOwner) -> bool {
    let is = |role| user.roles.contains(&role);
    match owner {
        ResponseOwner::Center => is(Role::Admin),
        ResponseOwner::Group(group) => {
            is(Role::Admin) || (is(Role::Supervisor) && user.groups.contains(&group))
        }
        ResponseOwner::User(owner) => owner == user.id,
    }
}

fn expect_may_change(user: &User, owner: ResponseOwner) -> Result<(), Refusal> {
    if may_change(user, owner) {
        return Ok(());
    }
    Err(Refusal::new(Code::NoPermission, NO_PERMISSION))
}

/// Whose a response is, as requests say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    Group,
    Center,
}

impl Scope {
    const fn of(owner: ResponseOwner) -> Self {
        match owner {
            ResponseOwner::User(_) => Self::User,
            ResponseOwner::Group(_) => Self::Group,
            ResponseOwner::Center => Self::Center,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Center => "Center",
        }
    }

    fn named(name: &str) -> Result<Self, Refusal> {
        let all = [Self::User, Self::Group, Self::Center];
        all.into_iter()
            .find(|scope| scope.name() == name)
            .ok_or_else(|| Refusal::invalid("The scope is User, Group or Center; correct it."))
    }
}

/// What a body says of a response.
pub(crate) struct OfResponse {
    said: ResponseDescription,
    scope: Option<Scope>,
    group: Option<String>,
}

impl OfResponse {
    /// Returns whose a new one is to be.
    fn owner(&self, center: &Editor<'_>, user: &User) -> Result<ResponseOwner, Refusal> {
        match (self.scope.unwrap_or(Scope::User), &self.group) {
            (Scope::Group, None) => Err(Refusal::missing("group")),
            (Scope::Group, Some(name)) => Ok(ResponseOwner::Group(center.group_named(name)?)),
            (_, Some(_)) => Err(Refusal::invalid(NO_GROUP)),
            (Scope::Center, None) => Ok(ResponseOwner::Center),
            (Scope::User, None) => Ok(ResponseOwner::User(user.id)),
        }
    }

    /// Refuses to give a response to somebody else.
    fn expect_same_owner(
        &self,
        response: &StandardResponse,
        directory: &Directory,
    ) -> Result<(), Refusal> {
        let thing = Thing::Response;
        if self.scope.is_some_and(|scope| scope != Scope::of(response.owner)) {
            return Err(Refused::Fixed { thing, property: "scope" }.into());
        }
        let own = found::group_name(directory, response.owner);
        if self.group.is_some() && self.group.as_deref() != own {
            return Err(Refused::Fixed { thing, property: "group" }.into());
        }
        Ok(())
    }
}

impl Described for OfResponse {
    const NEEDED: &'static [&'static str] = &["name"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let said = ResponseDescription {
            name: fields.text("name")?,
            shortcut: fields.text("shortcut")?,
            category: fields.text("category")?,
            language: fields.text("language")?,
            channels: fields.texts("channels")?,
            subject: fields.text("subject")?,
            text: fields.text("text")?,
            html: fields.text("html")?,
        };
        if let Some(fault) = said.fault() {
            return Err(unfit(Thing::Response, &fault));
        }
        let scope = fields.text("scope")?.map(|name| Scope::named(&name)).transpose()?;
        Ok(Self { said, scope, group: fields.text("group")? })
    }
}
