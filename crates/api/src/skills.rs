//! Skills and agent groups of the caller's contact center: the names that queues and users refer
//! to. Everybody sees them, and admins change them.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::{GroupId, SkillId};
use handoff_provision::{Editor, NamedDescription, Thing};
use handoff_store::Key;

use crate::administration::{Changes, Described, New, change, done, known, made};
use crate::caller::{Admin, AnyUser};
use crate::commands::Answer;
use crate::error::{Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::fields::Fields;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{GroupResource, SkillResource, Versioned};

/// Attributes that a list of skills can be filtered by.
pub(crate) const FILTERS: &[&str] = &["id", "name", "level"];

/// `GET /skills`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let directory = shared.engine().core().directory();
    let skills = directory.skills.values().filter(|skill| skill.center == me.center());
    let shown = skills.map(|skill| {
        let resource = SkillResource::new(skill, 0, shared.lookup(&directory));
        (skill.id, Versioned::new(resource, directory.version(&Key::Skill(skill.id))))
    });
    Listing::read(&uri, FILTERS)?.of_all("skills", shown)
}

/// `GET /skills/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let skill = id.parse::<SkillId>().ok().and_then(|id| directory.skills.get(&id));
    let skill = skill
        .filter(|skill| skill.center == me.center())
        .ok_or_else(|| Refusal::not_found("skill"))?;
    let resource = SkillResource::new(skill, 0, shared.lookup(&directory));
    let shown = Versioned::new(resource, directory.version(&Key::Skill(skill.id)));
    Ok(one("skill", &select(&fields(&uri), &shown)))
}

/// What a body says of a skill.
pub(crate) struct OfSkill(NamedDescription);

impl Described for OfSkill {
    const NEEDED: &'static [&'static str] = &["name"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        named(fields, Thing::Skill).map(Self)
    }
}

fn named(fields: Fields<'_>, thing: Thing) -> Result<NamedDescription, Refusal> {
    let said = NamedDescription { name: fields.text("name")? };
    match said.fault(thing) {
        Some(fault) => Err(unfit(thing, &fault)),
        None => Ok(said),
    }
}

/// `POST /skills`
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(OfSkill(said)): New<OfSkill>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let id = SkillId(shared.engine().core().ids().uuid());
    let answer = made(shared.url().skill(id));
    change(&shared, &me, &retry, answer, |center| Ok(center.add_skill(id, &said)?)).await
}

/// `PUT /skills/{id}`, and `POST` as old pages have it.
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfSkill>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id: SkillId = known(&id, Thing::Skill)?;
    let decide = |center: &Editor<'_>| {
        changes.expect_same(center, &Key::Skill(id), &shared.url().skill(id))?;
        Ok(center.change_skill(id, &changes.said.0)?)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// `DELETE /skills/{id}`
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id = known(&id, Thing::Skill)?;
    change(&shared, &me, &retry, done(), |center| Ok(center.remove_skill(id)?)).await
}

/// Attributes that a list of groups can be filtered by.
const GROUP_FILTERS: &[&str] = &["id", "name", "type"];

/// `GET /groups`
pub(crate) async fn list_groups(
    State(shared): State<Shared>,
    uri: Uri,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let groups = directory.groups.values().filter(|group| group.center == me.center());
    let shown = groups.map(|group| {
        let resource = GroupResource::new(group, shared.lookup(&directory));
        (group.id, Versioned::new(resource, directory.version(&Key::Group(group.id))))
    });
    Listing::read(&uri, GROUP_FILTERS)?.of_all("groups", shown)
}

/// `GET /groups/{id}`
pub(crate) async fn get_group(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let group = id.parse::<GroupId>().ok().and_then(|id| directory.groups.get(&id));
    let group = group
        .filter(|group| group.center == me.center())
        .ok_or_else(|| Refusal::not_found("group"))?;
    let resource = GroupResource::new(group, shared.lookup(&directory));
    let shown = Versioned::new(resource, directory.version(&Key::Group(group.id)));
    Ok(one("group", &select(&fields(&uri), &shown)))
}

/// What a body says of a group.
pub(crate) struct OfGroup(NamedDescription);

impl Described for OfGroup {
    const NEEDED: &'static [&'static str] = &["name"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        named(fields, Thing::Group).map(Self)
    }
}

/// `POST /groups`
pub(crate) async fn post_group(
    State(shared): State<Shared>,
    New(OfGroup(said)): New<OfGroup>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let id = GroupId(shared.engine().core().ids().uuid());
    let answer = made(shared.url().group(id));
    change(&shared, &me, &retry, answer, |center| Ok(center.add_group(id, &said)?)).await
}

/// `PUT /groups/{id}`, and `POST` as old pages have it.
pub(crate) async fn put_group(
    State(shared): State<Shared>,
    changes: Changes<OfGroup>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id: GroupId = known(&id, Thing::Group)?;
    let decide = |center: &Editor<'_>| {
        changes.expect_same(center, &Key::Group(id), &shared.url().group(id))?;
        Ok(center.change_group(id, &changes.said.0)?)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// `DELETE /groups/{id}`
pub(crate) async fn delete_group(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id = known(&id, Thing::Group)?;
    change(&shared, &me, &retry, done(), |center| Ok(center.remove_group(id)?)).await
}
