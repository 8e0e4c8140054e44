//! Users, with their skills and groups.

use handoff_domain::{Role, User, UserId};
use serde::Serialize;

use super::{GroupResource, Link, Lookup, SkillResource};

/// A user as `GET /me` and `GET /users/{id}` show them (docs/compat/center.md#resources;
/// docs/compat/agents.md#me). The password has no field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserResource {
    pub id: String,
    /// The name to log in with.
    pub user_name: String,
    pub first_name: String,
    pub last_name: String,
    /// E-mail address.
    pub email_address: String,
    /// What they may do.
    pub roles: Vec<&'static str>,
    /// Whether they can log in.
    pub enabled: bool,
    /// Whether they must choose a password of their own before they do anything else (code 8).
    pub change_password_on_first_login: bool,
    /// Their addresses.
    #[serde(flatten)]
    pub link: Link,
}

impl UserResource {
    /// Shows a user.
    #[must_use]
    pub fn new(user: &User, lookup: Lookup<'_>) -> Self {
        Self {
            id: user.id.to_string(),
            user_name: user.user_name.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            email_address: user.email_address.clone(),
            roles: user.roles.iter().map(|role| role_name(*role)).collect(),
            enabled: user.enabled,
            change_password_on_first_login: user.must_change_password,
            link: lookup.url.user(user.id),
        }
    }
}

/// A user in short, where somebody is named in another resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPart {
    pub id: String,
    /// The name to log in with; this and the others are empty for one who was deleted.
    pub user_name: String,
    pub first_name: String,
    pub last_name: String,
}

impl UserPart {
    /// Shows a user in short.
    #[must_use]
    pub fn new(id: UserId, lookup: Lookup<'_>) -> Self {
        let known = lookup.directory.users.get(&id);
        let text =
            |of: fn(&User) -> &String| known.map(|user| of(user).clone()).unwrap_or_default();
        Self {
            id: id.to_string(),
            user_name: text(|user| &user.user_name),
            first_name: text(|user| &user.first_name),
            last_name: text(|user| &user.last_name),
        }
    }
}

/// Returns a role as the wire spells it (docs/compat/conventions.md#logins).
#[must_use]
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Agent => "ROLE_AGENT",
        Role::Supervisor => "ROLE_SUPERVISOR",
        Role::Admin => "ROLE_ADMIN",
        Role::ApiUser => "ROLE_APIUSER",
    }
}

/// Returns a role by its name on the wire or in a center file.
#[must_use]
pub fn role_named(name: &str) -> Option<Role> {
    Some(match name {
        "ROLE_AGENT" | "agent" => Role::Agent,
        "ROLE_SUPERVISOR" | "supervisor" => Role::Supervisor,
        "ROLE_ADMIN" | "admin" => Role::Admin,
        "ROLE_APIUSER" | "apiuser" => Role::ApiUser,
        _ => return None,
    })
}

/// Returns a user's skills with their levels. One that was deleted meanwhile is left out.
#[must_use]
pub fn skills_of(user: &User, lookup: Lookup<'_>) -> Vec<SkillResource> {
    let known = |(id, level): (&_, &u32)| Some((lookup.directory.skills.get(id)?, *level));
    user.skills
        .iter()
        .filter_map(known)
        .map(|(skill, level)| SkillResource::new(skill, level, lookup))
        .collect()
}

/// Returns a user's groups. One that was deleted meanwhile is left out.
#[must_use]
pub fn groups_of(user: &User, lookup: Lookup<'_>) -> Vec<GroupResource> {
    let known = user.groups.iter().filter_map(|id| lookup.directory.groups.get(id));
    known.map(|group| GroupResource::new(group, lookup)).collect()
}
