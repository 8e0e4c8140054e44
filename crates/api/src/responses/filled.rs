//! A response with its places filled in.

use std::collections::BTreeMap;

use handoff_domain::{Interaction, User, UserData, Value};
use handoff_provision::template::{Filled, Markup, Values, fill as fill_in};
use handoff_store::{Contact, ContactProfile, StandardResponse};
use serde::Serialize;

use crate::caller::Me;
use crate::commands::{Answer, visible};
use crate::error::unfit;
use crate::shared::Shared;
use crate::wire::listing::one;
use crate::wire::value;
use handoff_provision::Thing;

/// What the caller is given.
#[derive(Serialize)]
struct Rendered {
    subject: String,
    text: String,
    html: String,
    /// The places that nothing was there for.
    missing: Vec<String>,
}

/// Fills a response in for an interaction, or for none.
pub(super) async fn fill(
    shared: &Shared,
    me: &Me,
    response: &StandardResponse,
    interaction: Option<&str>,
) -> Answer {
    let interaction = match interaction {
        Some(id) => Some(visible(shared, me, id).await?),
        None => None,
    };
    let contact = interaction.as_ref().and_then(|it| it.contact.as_ref()?.parse().ok());
    let contact = match contact {
        Some(id) => shared.engine().views().contact(me.center(), id).await?,
        None => None,
    };
    let mut values = BTreeMap::from([("agent", of_agent(&me.user))]);
    if let Some(interaction) = &interaction {
        values.insert("contact", of_contact(interaction, contact.as_ref()));
        values.insert("interaction", of_interaction(interaction));
        values.insert("interaction.userData", texts_of(&interaction.user_data));
    }
    let values = Values(values);
    let part = |source: &str, markup| {
        fill_in(source, &values, markup).map_err(|fault| unfit(Thing::Response, &fault))
    };
    let subject = part(&response.subject, Markup::Plain)?;
    let [text, html] = [part(&response.text, Markup::Plain)?, part(&response.html, Markup::Html)?];
    let mut missing = subject.missing.clone();
    missing.extend([&text, &html].into_iter().flat_map(|it: &Filled| it.missing.clone()));
    let shown = Rendered {
        // What a customer says may have several lines, and a subject has one.
        subject: subject.text.split(char::is_control).collect::<Vec<_>>().join(" "),
        text: text.text,
        html: html.text,
        missing: missing.into_iter().collect(),
    };
    Ok(one("rendered", &shown))
}

fn of_agent(user: &User) -> BTreeMap<String, String> {
    texts([
        ("firstName", Some(user.first_name.clone())),
        ("lastName", Some(user.last_name.clone())),
        ("nickname", Some(user.nickname.clone().unwrap_or_else(|| user.first_name.clone()))),
        ("userName", Some(user.user_name.clone())),
        ("emailAddress", Some(user.email_address.clone())),
    ])
}

/// Says what somebody wrote down of the contact, else what the customer said of themselves.
fn of_contact(interaction: &Interaction, contact: Option<&Contact>) -> BTreeMap<String, String> {
    let profile = contact.and_then(|contact| contact.profile.as_ref());
    let written =
        |of: fn(&ContactProfile) -> &Option<String>| profile.and_then(|it| of(it).clone());
    let said = |key: &str| match interaction.user_data.0.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let names = [
        written(|it| &it.first_name).or_else(|| said("FirstName")),
        written(|it| &it.last_name).or_else(|| said("LastName")),
    ];
    let full = names.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let nickname = || {
        let customer = interaction.chat()?.customer_party()?;
        Some(customer.nickname.clone())
    };
    let name = contact.and_then(|contact| contact.name.clone()).or_else(nickname);
    let [first, last] = names;
    texts([
        ("firstName", first),
        ("lastName", last),
        ("name", if full.is_empty() { name } else { Some(full) }),
        ("emailAddress", contact.map(|it| it.address.clone()).or_else(|| said("EmailAddress"))),
    ])
}

fn of_interaction(interaction: &Interaction) -> BTreeMap<String, String> {
    texts([
        ("id", Some(interaction.id.to_string())),
        ("subject", interaction.subject.clone()),
        ("channel", Some(interaction.media().to_string())),
    ])
}

fn texts<const N: usize>(pairs: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    pairs.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?))).collect()
}

/// Returns what is one value of user data; lists and objects fill no place.
fn texts_of(user_data: &UserData) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::Null | Value::List(_) | Value::Map(_) => None,
        Value::Text(text) => Some(text.clone()),
        Value::Bool(_) | Value::Integer(_) | Value::Float(_) => {
            Some(value::to_json(value).to_string())
        }
    };
    user_data.0.iter().filter_map(|(key, value)| Some((key.clone(), text(value)?))).collect()
}
