//! What a body says of a user.

use std::collections::BTreeMap;

use handoff_domain::{Roles, User, Value};
use handoff_provision::{GivenPassword, Thing, UserDescription};

use crate::administration::Described;
use crate::error::{Refusal, quoted, unfit};
use crate::idempotency::Retry;
use crate::new_password::expect_strong;
use crate::password;
use crate::wire::fields::Fields;
use crate::wire::resource::role_named;

/// What a body says of a user, before names are looked up.
pub(crate) struct OfUser {
    pub(super) said: UserDescription<String>,
    password: Option<String>,
    must_change: Option<bool>,
}

impl Described for OfUser {
    const NEEDED: &'static [&'static str] = &["userName"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let said = UserDescription {
            user_name: fields.text("userName")?,
            first_name: fields.name("firstName")?,
            last_name: fields.name("lastName")?,
            nickname: fields.text("nickname")?,
            email_address: fields.name("emailAddress")?,
            roles: roles(fields)?,
            ..routing_of(fields)?
        };
        if let Some(fault) = said.faults().first() {
            return Err(unfit(Thing::User, &fault.message));
        }
        let password = fields.text("password")?;
        if let Some(password) = &password {
            let names = [&said.user_name, &said.first_name, &said.last_name];
            let names: Vec<&str> = names.into_iter().filter_map(|name| name.as_deref()).collect();
            expect_strong(password, &names)?;
        }
        let must_change = fields.boolean("changePasswordOnFirstLogin")?;
        Ok(Self { said, password, must_change })
    }
}

/// Reads what routing goes by of a user.
pub(crate) fn routing_of(fields: Fields<'_>) -> Result<UserDescription<String>, Refusal> {
    Ok(UserDescription {
        groups: groups(fields)?,
        skills: levels(fields)?,
        capacity: capacity(fields)?,
        enabled: fields.boolean("enabled")?,
        ..UserDescription::default()
    })
}

fn capacity(fields: Fields<'_>) -> Result<Option<BTreeMap<String, u32>>, Refusal> {
    fields.counts("capacity", "an object of channels and numbers from 0 up")
}

impl OfUser {
    /// Returns the retry of a request that says this.
    pub(super) fn retry(&self, asked: Retry) -> Retry {
        if self.password.is_some() { Retry::of_secret() } else { asked }
    }

    /// Refuses a password that is made of the names of whose it is to be.
    pub(super) fn expect_fit_for(&self, user: &User) -> Result<(), Refusal> {
        let names = [&user.user_name, &user.first_name, &user.last_name];
        let names = names.map(String::as_str);
        self.password.as_ref().map_or(Ok(()), |password| expect_strong(password, &names))
    }

    /// Returns what is said of the password, as it is kept.
    pub(super) async fn given_password(&self) -> Result<GivenPassword, Refusal> {
        let must_change = self.must_change;
        let Some(password) = self.password.clone() else {
            return Ok(GivenPassword { hash: None, must_change });
        };
        let hashed = tokio::task::spawn_blocking(move || password::hash(&password)).await;
        let hash = hashed.map_err(|_| Refusal::internal())?.map_err(|_| Refusal::internal())?;
        Ok(GivenPassword { hash: Some(hash), must_change })
    }
}

/// Reads roles as the wire and as center files spell them.
fn roles(fields: Fields<'_>) -> Result<Option<Roles>, Refusal> {
    let Some(names) = fields.texts("roles")? else { return Ok(None) };
    let role = |name: &String| {
        role_named(name).ok_or_else(|| {
            Refusal::invalid(format!(
                "There is no role {}; there are ROLE_AGENT, ROLE_SUPERVISOR, ROLE_ADMIN, ROLE_APIUSER.",
                quoted(name)
            ))
        })
    };
    names.iter().map(role).collect::<Result<_, _>>().map(Some)
}

/// Reads groups by their names, also as a list of what was read.
fn groups(fields: Fields<'_>) -> Result<Option<Vec<String>>, Refusal> {
    let Some(Value::List(items)) = fields.get("groups") else { return fields.texts("groups") };
    let name = |item: &Value| match item {
        Value::Text(name) => Ok(name.clone()),
        Value::Map(values) => Fields::top(values).required_text("name"),
        _ => Err(Refusal::invalid("The field groups must be a list of names; correct it.")),
    };
    items.iter().map(name).collect::<Result<_, _>>().map(Some)
}

/// Reads levels by the names of skills, also as a list of what was read.
pub(super) fn levels(fields: Fields<'_>) -> Result<Option<BTreeMap<String, u32>>, Refusal> {
    let Some(Value::List(items)) = fields.get("skills") else { return fields.levels("skills") };
    let pair = |item: &Value| match item {
        Value::Map(values) => {
            let fields = Fields::top(values);
            Ok((fields.required_text("name")?, level(fields)?))
        }
        _ => Err(Refusal::invalid("The field skills must be a list of objects; correct it.")),
    };
    items.iter().map(pair).collect::<Result<_, _>>().map(Some)
}

/// Reads a level, which is a text where it is shown.
pub(super) fn level(fields: Fields<'_>) -> Result<u32, Refusal> {
    let level = match fields.get("level") {
        None => return Err(fields.missing("level")),
        Some(Value::Integer(level)) => u32::try_from(*level).ok(),
        Some(Value::Text(level)) => level.parse().ok(),
        Some(_) => None,
    };
    let wrong = || Refusal::invalid("The field level must be a number from 0 up; correct it.");
    level.ok_or_else(wrong)
}
