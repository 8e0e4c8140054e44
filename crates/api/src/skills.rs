//! Skills and agent groups of the caller's contact center: the names that queues and users refer
//! to.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::{GroupId, SkillId};

use crate::caller::AnyUser;
use crate::commands::Answer;
use crate::error::Refusal;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::listing::{Listing, fields, one, select};
use crate::wire::resource::{GroupResource, SkillResource};

/// Attributes that a list of skills can be filtered by.
pub(crate) const FILTERS: &[&str] = &["id", "name", "level"];

/// `GET /skills`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let directory = shared.engine().core().directory();
    let skills = directory.skills.values().filter(|skill| skill.center == me.center());
    let shown =
        skills.map(|skill| (skill.id, SkillResource::new(skill, 0, shared.lookup(&directory))));
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
    Ok(one(
        "skill",
        &select(&fields(&uri), &SkillResource::new(skill, 0, shared.lookup(&directory))),
    ))
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
    let shown =
        groups.map(|group| (group.id, GroupResource::new(group, shared.lookup(&directory))));
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
    Ok(one("group", &select(&fields(&uri), &GroupResource::new(group, shared.lookup(&directory)))))
}
