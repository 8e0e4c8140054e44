//! Users of the caller's contact center.
//!
//! Everybody sees them, because an agent transfers to them; nobody sees those of another contact
//! center.

mod administration;
mod ask;
mod described;
mod levels;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::{Capacity, User, UserId};
use handoff_engine::Directory;
use handoff_store::{Key, Version};
use serde::Serialize;

pub(crate) use self::described::routing_of;
use crate::caller::{AnyUser, Me};
use crate::commands::Answer;
use crate::error::Refusal;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::listing::{Listing, fields, one, select, subresources};
use crate::wire::resource::{
    ChannelResource, Fields, GroupResource, Lookup, SkillResource, UserResource, groups_of,
    skills_of,
};

pub(crate) use administration::{delete, post, post_one, put};
pub(crate) use levels::{add_skill, put_skills, set_skill, take_skill};
use work::Work;

/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "userName", "firstName", "lastName", "emailAddress", "enabled"];

/// `GET /users`
pub(crate) async fn list(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let listing = Listing::read(&uri, FILTERS)?;
    let wanted = subresources(&uri);
    let work = Work::of(&shared, &me, wanted.as_ref(), &listing).await?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let users = directory.users.values().filter(|user| user.center == me.center());
    let shown = users.map(|user| {
        let whole = Whole::new(user, wanted.as_ref(), lookup);
        (user.id, Whole { channels: work.channels(user, lookup), ..whole })
    });
    let page = listing.of_all("users", shown)?;
    work.added_to(&shared, page, &me).await
}

/// `GET /users/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let user = of_center(&directory, &me, &id)?;
    let shown = Whole::new(&user, subresources(&uri).as_ref(), shared.lookup(&directory));
    Ok(one("user", &select(&fields(&uri), &shown)))
}

/// Returns a user of the caller's contact center.
///
/// # Errors
///
/// Code 6.
pub(crate) fn of_center(directory: &Directory, me: &Me, id: &str) -> Result<Arc<User>, Refusal> {
    let user = id.parse::<UserId>().ok().and_then(|id| directory.user(me.center(), id));
    user.cloned().ok_or_else(|| Refusal::not_found("user"))
}

/// `GET /users/{id}/skills`
pub(crate) async fn skills(
    State(shared): State<Shared>,
    uri: Uri,
    Id(id): Id,
    AnyUser(me): AnyUser,
) -> Answer {
    let directory = shared.engine().core().directory();
    let user = of_center(&directory, &me, &id)?;
    let lookup = shared.lookup(&directory);
    let known =
        user.skills.iter().filter_map(|(id, level)| Some((directory.skills.get(id)?, *level)));
    let shown = known.map(|(skill, level)| (skill.id, SkillResource::new(skill, level, lookup)));
    Listing::read(&uri, crate::skills::FILTERS)?.of_all("skills", shown)
}

/// A user with those of their subresources that were asked for.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    user: UserResource,
    /// Ours, as the next two.
    nickname: Option<String>,
    /// By channel, and `overall`; what is not named has its default.
    capacity: BTreeMap<String, u32>,
    version: Version,
    #[serde(skip_serializing_if = "Option::is_none")]
    skills: Option<Vec<SkillResource>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<GroupResource>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channels: Option<Vec<ChannelResource>>,
}

impl Whole {
    fn new(user: &User, wanted: Option<&Fields>, lookup: Lookup<'_>) -> Self {
        let wants = |name: &str| is_wanted(wanted, name);
        Self {
            user: UserResource::new(user, lookup),
            nickname: user.nickname.clone(),
            capacity: shown(&user.capacity),
            version: lookup.directory.version(&Key::User(user.id)),
            skills: wants("skills").then(|| skills_of(user, lookup)),
            groups: wants("groups").then(|| groups_of(user, lookup)),
            channels: None,
        }
    }
}

fn is_wanted(wanted: Option<&Fields>, name: &str) -> bool {
    match wanted {
        None => false,
        Some(Fields::All) => true,
        Some(Fields::Named(names)) => names.contains(name),
    }
}

fn shown(capacity: &Capacity) -> BTreeMap<String, u32> {
    let by_media = capacity.by_media.iter().map(|(media, most)| (media.name().to_owned(), *most));
    by_media.chain(capacity.overall.map(|most| ("overall".to_owned(), most))).collect()
}
