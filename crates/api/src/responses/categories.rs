//! `/platform/contactserver/…`: the same texts as clients of the platform ask for them, by category
//! (docs/compat/calls.md).

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use handoff_provision::Thing;
use handoff_store::ResponseOwner;
use serde::Serialize;

use super::found::{Found, Shelf, is_below, is_understood};
use crate::administration::known;
use crate::caller::Person;
use crate::commands::Answer;
use crate::error::Refusal;
use crate::request::JsonBody;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::fields::Fields;

/// What a body asks for, by itself or in `data`. Stands before the caller among a handler's
/// arguments.
#[derive(Default)]
pub(crate) struct Asked {
    language: Option<String>,
    category: Option<String>,
    response: Option<String>,
}

impl Asked {
    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            language: fields.text("language")?.map(|language| language.to_lowercase()),
            category: fields.text("categoryId")?,
            response: fields.text("standardResponseId")?,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let body = JsonBody::from_request_parts(parts, state).await?;
        let asked = Self::read(body.fields())?;
        let inner = body
            .fields()
            .inside("data", "data.")?
            .map_or_else(|| Ok(Self::default()), Self::read)?;
        Ok(Self {
            language: asked.language.or(inner.language),
            category: asked.category.or(inner.category),
            response: asked.response.or(inner.response),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<T> {
    status_code: i32,
    response: &'static str,
    data: T,
}

#[derive(Serialize)]
struct Categories {
    categories: Vec<Category>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Category {
    /// Its name with those above it.
    category_id: String,
    name: String,
    description: &'static str,
    /// That of all that is below it; empty when there are several.
    language: String,
    /// `NotApproved` while all that is below it is somebody's own.
    status: &'static str,
    #[serde(rename = "type")]
    kind: u8,
}

#[derive(Serialize)]
struct OneCategory {
    category: Opened,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    #[serde(flatten)]
    category: Category,
    categories: Vec<Category>,
    standard_responses: Vec<Named>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    standard_response_id: String,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneResponse {
    standard_response: Whole,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    #[serde(flatten)]
    named: Named,
    category_id: String,
    language: String,
    subject: String,
    /// Its text, and its html.
    body: String,
    structured_body: String,
    status: &'static str,
}

/// `POST /platform/contactserver/RequestGetRootCategories`
pub(crate) async fn roots(
    State(shared): State<Shared>,
    asked: Asked,
    Person(me): Person,
) -> Answer {
    let shelf = Shelf::of(&shared, &me).await?;
    let categories = below("", of_language(&shelf, &asked));
    let data = Categories { categories };
    Ok(JsonText::of(&Told { status_code: 0, response: "EventGetRootCategories", data }))
}

/// `POST /platform/contactserver/GetApprovedRootCategories`
pub(crate) async fn approved_roots(
    State(shared): State<Shared>,
    asked: Asked,
    Person(me): Person,
) -> Answer {
    let shelf = Shelf::of(&shared, &me).await?;
    let approved = of_language(&shelf, &asked).filter(is_approved);
    let data = Categories { categories: below("", approved) };
    Ok(JsonText::of(&Told { status_code: 0, response: "EventGetRootCategories", data }))
}

/// `POST /platform/contactserver/GetStandardResponseCategory`
pub(crate) async fn category(
    State(shared): State<Shared>,
    asked: Asked,
    Person(me): Person,
) -> Answer {
    let id = asked.category.as_deref().ok_or_else(|| Refusal::missing("categoryId"))?;
    let shelf = Shelf::of(&shared, &me).await?;
    let (above, _) = id.rsplit_once('/').unwrap_or_default();
    let own = below(above, shelf.all()).into_iter().find(|category| category.category_id == id);
    let of_it = of_language(&shelf, &asked).filter(|found| found.response.category == id);
    let opened = Opened {
        category: own.ok_or_else(|| Refusal::not_found("category"))?,
        categories: below(id, of_language(&shelf, &asked)),
        standard_responses: of_it.map(|found| named(&found)).collect(),
    };
    let data = OneCategory { category: opened };
    Ok(JsonText::of(&Told { status_code: 0, response: "EventGetCategory", data }))
}

/// `POST /platform/contactserver/GetStandardResponse`
pub(crate) async fn response(
    State(shared): State<Shared>,
    asked: Asked,
    Person(me): Person,
) -> Answer {
    let id = asked.response.ok_or_else(|| Refusal::missing("standardResponseId"))?;
    let shelf = Shelf::of(&shared, &me).await?;
    let found = shelf.find(known(&id, Thing::Response)?)?;
    let response = found.response;
    let whole = Whole {
        named: named(&found),
        category_id: response.category.clone(),
        language: response.language.clone(),
        subject: response.subject.clone(),
        body: response.text.clone(),
        structured_body: response.html.clone(),
        status: status(is_approved(&found)),
    };
    let data = OneResponse { standard_response: whole };
    Ok(JsonText::of(&Told { status_code: 0, response: "EventGetStandardResponse", data }))
}

fn of_language<'a>(shelf: &'a Shelf, asked: &'a Asked) -> impl Iterator<Item = Found<'a>> {
    let wanted = asked.language.as_deref();
    shelf
        .all()
        .filter(move |found| wanted.is_none_or(|it| is_understood(&found.response.language, it)))
}

/// Returns the categories right below one; those below none when it is empty.
fn below<'a>(above: &str, all: impl Iterator<Item = Found<'a>>) -> Vec<Category> {
    let mut categories: BTreeMap<String, Category> = BTreeMap::new();
    for found in all {
        let category = &found.response.category;
        let rest = match above {
            "" => Some(category.as_str()),
            above if is_below(category, above) => category[above.len()..].strip_prefix('/'),
            _ => None,
        };
        let Some(name) = rest.and_then(|rest| rest.split('/').next()).filter(|it| !it.is_empty())
        else {
            continue;
        };
        let id = if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
        let language = &found.response.language;
        let entry = categories.entry(id.clone()).or_insert_with(|| Category {
            category_id: id,
            name: name.to_owned(),
            description: "",
            language: language.clone(),
            status: status(false),
            kind: 2,
        });
        if entry.language != *language {
            entry.language.clear();
        }
        if is_approved(&found) {
            entry.status = status(true);
        }
    }
    categories.into_values().collect()
}

/// Tells whether others than its owner have a response.
fn is_approved(found: &Found<'_>) -> bool {
    !matches!(found.response.owner, ResponseOwner::User(_))
}

const fn status(is_approved: bool) -> &'static str {
    if is_approved { "Approved" } else { "NotApproved" }
}

fn named(found: &Found<'_>) -> Named {
    let response = found.response;
    Named { standard_response_id: response.id.to_string(), name: response.name.clone() }
}
