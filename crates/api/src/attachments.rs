//! `/me/interactions/{id}/attachments`: the files of an interaction. Whoever may see it sees them, as far as its conversation shows them to
//! him.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use handoff_domain::{Content, Entry, FileId, Interaction};
use serde::Serialize;

use crate::caller::{AnyUser, Me};
use crate::commands::{Answer, visible};
use crate::customer::files::{body_of, find};
use crate::error::Refusal;
use crate::notify;
use crate::request::{Id, Ids};
use crate::shared::Shared;
use crate::wire::date;
use crate::wire::listing::Listing;
use crate::wire::resource::{Link, Lookup};

/// Attributes that the list can be filtered by.
const FILTERS: &[&str] = &["id", "name", "contentType", "sentBy"];

/// One file.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttachmentResource {
    id: String,
    #[serde(flatten)]
    link: Link,
    name: String,
    /// Bytes.
    size: u64,
    content_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// The name that the sender went by.
    sent_by: String,
    sent_date: String,
}

impl AttachmentResource {
    /// Shows a file that an entry tells of; `None` for every other entry.
    fn of(interaction: &Interaction, entry: &Entry, lookup: Lookup<'_>) -> Option<Self> {
        let Content::FileUploaded { file, name, bytes, content_type, description } = &entry.content else {
            return None;
        };
        Some(Self {
            id: file.to_string(),
            link: lookup.url.link(format!("/me/interactions/{}/attachments/{file}", interaction.id)),
            name: name.clone(),
            size: *bytes,
            content_type: content_type.clone(),
            description: description.clone(),
            sent_by: entry.from.nickname.clone(),
            sent_date: date::print(entry.at),
        })
    }
}

/// Gives the entries that tell the caller of a file which is still there, each with his own number of it.
async fn sent(shared: &Shared, me: &Me, interaction: &Interaction) -> Result<Vec<(u64, Entry)>, Refusal> {
    if interaction.chat.is_none() {
        return Ok(Vec::new());
    }
    let sees = notify::sees(interaction, me.id());
    let entries = shared.engine().transcript(interaction.id, 0, sees, usize::MAX).await?;
    let deleted: Vec<FileId> = entries
        .iter()
        .filter_map(|entry| match entry.content {
            Content::FileDeleted { file, .. } => Some(file),
            _ => None,
        })
        .collect();
    let files = entries.into_iter().filter(
        |entry| matches!(&entry.content, Content::FileUploaded { file, .. } if !deleted.contains(file)),
    );
    Ok(files.filter_map(|entry| Some((entry.index_for(sees)?, entry))).collect())
}

/// `GET /me/interactions/{id}/attachments`, in the order in which they were sent.
pub(crate) async fn list(State(shared): State<Shared>, AnyUser(me): AnyUser, Id(id): Id, uri: Uri) -> Answer {
    let interaction = visible(&shared, &me, &id).await?;
    let listing = Listing::read(&uri, FILTERS)?;
    let directory = shared.engine().directory();
    let lookup = shared.lookup(&directory);
    let files = sent(&shared, &me, &interaction).await?;
    let shown = files
        .iter()
        .filter_map(|(index, entry)| Some((*index, AttachmentResource::of(&interaction, entry, lookup)?)));
    listing.of_all("attachments", shown)
}

/// `GET /me/interactions/{id}/attachments/{attachment}`: what is in one.
pub(crate) async fn download(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Ids(id, attachment): Ids,
) -> Result<Response, Refusal> {
    let interaction = visible(&shared, &me, &id).await?;
    let no_file = || Refusal::not_found("attachment");
    let found = find(&shared, &interaction, &attachment).await?.ok_or_else(no_file)?.value;
    let is_his = |(_, entry): &(u64, Entry)| matches!(&entry.content, Content::FileUploaded { file, .. } if *file == found.id);
    if !sent(&shared, &me, &interaction).await?.iter().any(is_his) {
        return Err(no_file());
    }
    Ok(body_of(&shared.reception().files, &found))
}
