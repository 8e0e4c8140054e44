//! `/interactions/{id}/draft-versions`: the texts that a draft had before the one that it has.

use axum::extract::State;
use handoff_domain::interaction::Email;
use handoff_domain::{DraftVersion, Interaction};
use serde::Serialize;

use crate::caller::AnyUser;
use crate::commands::{Answer, visible};
use crate::error::Refusal;
use crate::request::{Id, Ids};
use crate::shared::Shared;
use crate::wire::date;
use crate::wire::interaction::shown_body;
use crate::wire::listing::one;
use crate::wire::resource::{Lookup, UserPart};

/// A version as the list has it.
#[derive(Serialize)]
struct VersionPart {
    /// Its place among all that the draft had.
    number: u32,
    /// Who wrote it.
    by: UserPart,
    at: String,
    subject: Option<String>,
}

/// The same with its text.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VersionResource {
    #[serde(flatten)]
    part: VersionPart,
    from: String,
    to: Vec<String>,
    cc: Vec<String>,
    bcc: Vec<String>,
    /// HTML, safe to show.
    body: String,
    body_as_plain_text: String,
}

impl VersionPart {
    fn new(version: &DraftVersion, lookup: Lookup<'_>) -> Self {
        Self {
            number: version.number,
            by: UserPart::new(version.by, lookup),
            at: date::print(version.at),
            subject: version.subject.clone(),
        }
    }
}

impl VersionResource {
    fn new(version: DraftVersion, draft: &Interaction, lookup: Lookup<'_>) -> Self {
        let part = VersionPart::new(&version, lookup);
        // Its pictures are the draft's.
        let attachments = draft.email().map(|it| it.attachments.clone()).unwrap_or_default();
        let email = Email { attachments, ..version.email };
        let body = shown_body(draft.id, &email, lookup.url, lookup.letters);
        let Email { from, to, cc, bcc, body_as_plain_text, .. } = email;
        Self { part, from, to, cc, bcc, body, body_as_plain_text }
    }
}

/// `GET /interactions/{id}/draft-versions`: without the texts, the newest first.
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(me): AnyUser, Id(id): Id) -> Answer {
    let draft = visible(&shared, &me, &id).await?;
    let versions = shared.engine().views().versions_of(draft.id).await?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let shown: Vec<VersionPart> =
        versions.iter().rev().map(|version| VersionPart::new(version, lookup)).collect();
    Ok(one("versions", &shown))
}

/// `GET /interactions/{id}/draft-versions/{number}`.
pub(crate) async fn get(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Ids(id, number): Ids,
) -> Answer {
    let draft = visible(&shared, &me, &id).await?;
    let versions = shared.engine().views().versions_of(draft.id).await?;
    let wanted = |version: &DraftVersion| version.number.to_string() == number;
    let version = versions.into_iter().find(wanted).ok_or_else(|| Refusal::not_found("version"))?;
    let directory = shared.engine().core().directory();
    Ok(one("version", &VersionResource::new(version, &draft, shared.lookup(&directory))))
}
