//! `/chats/{id}/messages`: what was said in a chat so far, as far as the caller may see it.

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::Media;

use crate::caller::AnyUser;
use crate::commands::{Answer, visible_of};
use crate::error::Refusal;
use crate::notify::sees;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::listing::{parameters, select};
use crate::wire::resource::Fields;
use crate::wire::transcript::LogMessage;

/// Messages of one answer: as many as a list has, and as many as a customer's answer has.
const MESSAGES_MAX: usize = 1_000;
/// Bytes of text in one answer, beyond which it breaks off; what follows is asked for by `index`.
const BYTES_MAX: usize = 1024 * 1024;

/// `GET /me/chats/{id}/messages` and `GET /chats/{id}/messages`: from `index` on, in the caller's
/// own numbering. Whoever takes no part, as the agent who may take it next, sees what an agent
/// would.
pub(crate) async fn list(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let chat = visible_of(&shared, &me, &id, Some(&Media::Chat)).await?;
    let index = parameters(&uri).into_iter().find(|(name, _)| name == "index").map_or(
        Ok(0),
        |(_, text)| {
            text.parse::<u64>().map_err(|_| {
                Refusal::invalid("The parameter index must be a number from 0 on; correct it.")
            })
        },
    )?;
    let sees = sees(&chat, me.id());
    let entries = shared
        .engine()
        .views()
        .transcript(&chat, index.saturating_sub(1), sees, MESSAGES_MAX)
        .await?;
    let mut bytes = 0_usize;
    let fitting = entries.iter().take_while(|entry| {
        let is_first = bytes == 0;
        bytes = bytes.saturating_add(entry.content.text_bytes().max(1));
        is_first || bytes <= BYTES_MAX
    });
    let url = &shared.options().public_url;
    let messages = fitting.filter_map(|entry| LogMessage::of(entry, sees, url));
    let shown: Vec<_> = messages.map(|message| select(&Fields::All, &message)).collect();
    Ok(crate::wire::listing::one("messages", &shown))
}
