//! How work can end: everybody sees it, and admins change it (docs/api/provisioning.md,
//! "Dispositions").

use axum::extract::State;
use handoff_domain::{CenterId, Disposition, Media};
use handoff_provision::{DispositionDescription, Editor, Thing};
use handoff_store::{Key, Version};
use serde::Serialize;

use crate::administration::{Changes, Described, New, change, done, made_as};
use crate::caller::{Admin, AnyUser};
use crate::commands::Answer;
use crate::error::{Refusal, unfit};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::settings::workspace_of;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::fields::Fields;
use crate::wire::listing::one;
use crate::wire::resource::{Link, segment};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dispositions {
    status_code: i32,
    /// Names the attribute that tells one setting from another (docs/compat/center.md#resources).
    key: &'static str,
    settings: Vec<Shown>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// The key, as other resources have it.
    id: String,
    key: String,
    display_name: String,
    /// The channels whose work can end so; none is all.
    channels: Vec<String>,
    /// Whether desktops ask for a note with it.
    note_required: bool,
    /// The contact center's: it has one for all that it says of itself.
    version: Version,
    #[serde(flatten)]
    link: Link,
}

fn link_of(shared: &Shared, key: &str) -> Link {
    shared.url().link(format!("/settings/dispositions/{}", segment(key)))
}

fn all(shared: &Shared, center: CenterId) -> Vec<Shown> {
    let directory = shared.engine().core().directory();
    let version = directory.version(&Key::Center(center));
    let show = |one: Disposition| Shown {
        id: one.key.clone(),
        link: link_of(shared, &one.key),
        key: one.key,
        display_name: one.display_name,
        channels: one.channels.iter().map(Media::to_string).collect(),
        note_required: one.note_required,
        version,
    };
    workspace_of(&directory, center).dispositions.into_iter().map(show).collect()
}

/// `GET /settings/dispositions`
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(me): AnyUser) -> Answer {
    let settings = all(&shared, me.center());
    Ok(JsonText::of(&Dispositions { status_code: 0, key: "key", settings }))
}

/// `GET /settings/dispositions/{id}`
pub(crate) async fn get(State(shared): State<Shared>, AnyUser(me): AnyUser, Id(key): Id) -> Answer {
    let found = all(&shared, me.center()).into_iter().find(|one| one.key == key);
    let shown = found.ok_or_else(|| Refusal::not_found(&Thing::Disposition.to_string()))?;
    Ok(one("disposition", &shown))
}

/// What a body says of a disposition.
pub(crate) struct OfDisposition(DispositionDescription);

impl Described for OfDisposition {
    const NEEDED: &'static [&'static str] = &["displayName"];

    fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        let said = DispositionDescription {
            key: fields.text("key")?,
            display_name: fields.text("displayName")?,
            channels: fields.texts("channels")?,
            note_required: fields.boolean("noteRequired")?,
        };
        match said.fault() {
            Some(fault) => Err(unfit(Thing::Disposition, &fault)),
            None => Ok(Self(said)),
        }
    }
}

/// `POST /settings/dispositions`
pub(crate) async fn post(
    State(shared): State<Shared>,
    New(OfDisposition(said)): New<OfDisposition>,
    retry: Retry,
    Admin(me): Admin,
) -> Answer {
    let key = said.key.as_deref().or(said.display_name.as_deref()).unwrap_or_default();
    let answer = made_as(key.to_owned(), link_of(&shared, key));
    change(&shared, &me, &retry, answer, |center| Ok(center.add_disposition(key, &said)?)).await
}

/// `PUT /settings/dispositions/{id}`
pub(crate) async fn put(
    State(shared): State<Shared>,
    changes: Changes<OfDisposition>,
    retry: Retry,
    Admin(me): Admin,
    Id(key): Id,
) -> Answer {
    let decide = |center: &Editor<'_>| {
        let edit = center.change_disposition(&key, &changes.said.0)?;
        let link = link_of(&shared, &key);
        changes.expect_same_id(center, &Key::Center(me.center()), &key, &link)?;
        Ok(edit)
    };
    change(&shared, &me, &retry, done(), decide).await
}

/// `DELETE /settings/dispositions/{id}`
pub(crate) async fn delete(
    State(shared): State<Shared>,
    retry: Retry,
    Admin(me): Admin,
    Id(key): Id,
) -> Answer {
    change(&shared, &me, &retry, done(), |center| Ok(center.remove_disposition(&key)?)).await
}
