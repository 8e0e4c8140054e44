//! The skills of one user, one by one or all at once.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_domain::{SkillId, UserId};
use handoff_provision::{Editor, GivenPassword, Thing, UserDescription};

use super::described::{level, levels};
use crate::administration::{Described, New, change, done, known};
use crate::caller::Admin;
use crate::commands::Answer;
use crate::error::Refusal;
use crate::idempotency::Retry;
use crate::request::{Id, Ids, JsonBody};
use crate::shared::Shared;
use crate::wire::fields::Fields;

/// All skills that a user is to have.
pub(crate) struct Levels(BTreeMap<String, u32>);

impl Described for Levels {
    const NEEDED: &'static [&'static str] = &["skills"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        levels(fields).map(|levels| Self(levels.unwrap_or_default()))
    }
}

/// A level alone.
pub(crate) struct Level(u32);

impl Described for Level {
    const NEEDED: &'static [&'static str] = &["level"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        level(fields).map(Self)
    }
}

/// A skill with its level. Stands before the caller among a handler's arguments.
pub(crate) struct Skilled {
    skill: Skill,
    level: u32,
}

enum Skill {
    Id(String),
    Named(String),
}

impl<S: Sync> FromRequestParts<S> for Skilled {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let fields = body.fields();
        let of_uri = |uri: String| uri.rsplit('/').next().unwrap_or_default().to_owned();
        let id = fields.text("id")?.or(fields.text("uri")?.map(of_uri));
        let skill = match id {
            Some(id) => Skill::Id(id),
            None => Skill::Named(fields.required_text("name")?),
        };
        Ok(Self { skill, level: level(fields)? })
    }
}

/// `POST /users/{id}/skills`: gives them a skill, by its id, address or name.
pub(crate) async fn add_skill(
    State(shared): State<Shared>,
    Skilled { skill, level }: Skilled,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id: UserId = known(&id, Thing::User)?;
    let decide = |center: &Editor<'_>| {
        let skill = match &skill {
            Skill::Id(id) => known(id, Thing::Skill)?,
            Skill::Named(name) => center.skill_named(name)?,
        };
        Ok(center.set_level(id, skill, Some(level))?)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// `PUT /users/{id}/skills`: these, and no others.
pub(crate) async fn put_skills(
    State(shared): State<Shared>,
    New(Levels(levels)): New<Levels>,
    retry: Retry,
    Admin(me): Admin,
    Id(id): Id,
) -> Answer {
    let id: UserId = known(&id, Thing::User)?;
    let said = UserDescription { skills: Some(levels), ..UserDescription::default() };
    let password = GivenPassword::default();
    let decide = |center: &Editor<'_>| Ok(center.change_user(id, &said, &password)?);
    change(&shared, &me, &retry, done(), decide).await
}

/// `PUT /users/{id}/skills/{skill}`, and `POST` as old pages have it.
pub(crate) async fn set_skill(
    State(shared): State<Shared>,
    New(Level(level)): New<Level>,
    retry: Retry,
    Admin(me): Admin,
    Ids(user, skill): Ids,
) -> Answer {
    let (user, skill) = both(&user, &skill)?;
    let decide = |center: &Editor<'_>| Ok(center.set_level(user, skill, Some(level))?);
    change(&shared, &me, &retry, done(), decide).await
}

/// `DELETE /users/{id}/skills/{skill}`
pub(crate) async fn take_skill(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Ids(user, skill): Ids,
) -> Answer {
    let (user, skill) = both(&user, &skill)?;
    let decide = |center: &Editor<'_>| Ok(center.set_level(user, skill, None)?);
    change(&shared, &me, &retry, done(), decide).await
}

fn both(user: &str, skill: &str) -> Result<(UserId, SkillId), Refusal> {
    Ok((known(user, Thing::User)?, known(skill, Thing::Skill)?))
}
