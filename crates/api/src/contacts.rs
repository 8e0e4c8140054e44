//! Contacts: who somebody is, and what was ever exchanged with them
//! (docs/compat/media.md#contacts-and-history).
//!
//! Questions are asked by REST and answered by CometD on `/v2/ucs/interactions`, to the caller's
//! sessions alone; an answer has the number of its question and no other.
//!
//! What is read here is what the caller sees by `GET /interactions/{id}`, and nothing else: a
//! history is a list of interactions, and whoever may not see one of them does not find it there,
//! nor its drafts, comments and files.

use std::collections::BTreeMap;

use axum::extract::State;
use handoff_domain::{Interaction, Time, Topic, Value};
use handoff_engine::contact_id;
use handoff_store::{InteractionQuery, InteractionScope};
use serde::Serialize;

use crate::caller::{AnyUser, Me};
use crate::commands::{Answer, visible};
use crate::error::Refusal;
use crate::notify;
use crate::request::{Id, JsonBody, unknown_operation};
use crate::shared::Shared;
use crate::wire::contact::{
    ContentMessage, HistoryMessage, IdentifiedMessage, PastInteraction, media_type,
};
use crate::wire::date;
use crate::wire::envelope::Envelope;
use crate::wire::fields::Fields;
use crate::wire::notification::encode;
use crate::wire::transcript::LogMessage;

/// Interactions of an answer when the caller does not say (RetrieveInteractionHistory,
/// docs/compat/media.md#contacts-and-history).
const SIZE_DEFAULT: usize = 100;
/// Most interactions of an answer, as of a workbin's content.
const SIZE_MAX: usize = 500;
/// Interactions looked at for one answer when filters leave most of them out.
const LOOKED_AT_MAX: usize = 5_000;
/// Interactions read at once.
const READ_AT_ONCE: usize = 500;
/// How far back a history goes when the caller does not say, in ms: the pages' last month, as 31
/// days.
const BACK_MS: i64 = 31 * 24 * 60 * 60 * 1_000;
/// Milliseconds of one day.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Messages of a chat in one answer, the latest.
const MESSAGES_MAX: usize = 500;
/// The media that the pages know (docs/compat/media.md#contacts-and-history).
const MEDIA_TYPES: [&str; 8] =
    ["call", "chat", "email", "facebook", "facebooksession", "openmedia", "twitter", "workitem"];

/// What somebody wants of a contact's history.
#[derive(Clone, Debug)]
struct Wanted {
    from: Option<Time>,
    to: Option<Time>,
    media_type: Option<String>,
    is_ascending: bool,
    is_archive: bool,
    attributes: Vec<String>,
    search: BTreeMap<String, Value>,
    size: usize,
}

impl Wanted {
    fn read(body: &JsonBody) -> Result<Self, Refusal> {
        expect(body, "RetrieveContactHistory")?;
        let fields = body.fields();
        let one_of =
            |name: &'static str, first: &str, second: &str| match fields.text(name)?.as_deref() {
                None => Ok(false),
                Some(text) if text == first => Ok(false),
                Some(text) if text == second => Ok(true),
                Some(_) => Err(Refusal::invalid(format!(
                    "The field {name} must be {first} or {second}; correct it."
                ))),
            };
        let size = fields.count("maxSize")?.map_or(SIZE_DEFAULT, |size| {
            usize::try_from(size).unwrap_or(SIZE_MAX).clamp(1, SIZE_MAX)
        });
        Ok(Self {
            from: day(&fields, "fromDate", 0)?,
            to: day(&fields, "toDate", DAY_MS - 1)?,
            media_type: media(&fields)?,
            is_ascending: one_of("sort", "desc", "asc")?,
            is_archive: one_of("source", "main", "archive")?,
            attributes: fields.texts("customAttributes")?.unwrap_or_default(),
            search: fields.map("searchCustomAttributes")?.cloned().unwrap_or_default(),
            size,
        })
    }

    /// Tells whether an interaction is wanted, whenever it was.
    fn is_about(&self, interaction: &Interaction) -> bool {
        let has =
            |(name, wanted): (&String, &Value)| interaction.user_data.0.get(name) == Some(wanted);
        self.media_type.as_ref().is_none_or(|wanted| media_type(&interaction.media()) == wanted)
            && self.search.iter().all(has)
    }
}

fn expect(body: &JsonBody, operation: &str) -> Result<(), Refusal> {
    let name = body.operation_name()?;
    if name == operation { Ok(()) } else { Err(unknown_operation(&name)) }
}

/// Reads a day or a moment; `later_ms` is what a day means beyond its beginning.
fn day(fields: &Fields<'_>, name: &str, later_ms: i64) -> Result<Option<Time>, Refusal> {
    let Some(text) = fields.text(name)? else { return Ok(None) };
    let wrong = || {
        Refusal::invalid(format!(
            "The field {name} must be a day (yyyy-MM-dd) or an ISO 8601 moment; correct it."
        ))
    };
    date::read(&text, later_ms).map(Some).ok_or_else(wrong)
}

fn media(fields: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let given = fields.text("mediaType")?;
    if given.as_ref().is_some_and(|given| !MEDIA_TYPES.contains(&given.as_str())) {
        let names = MEDIA_TYPES.join(", ");
        return Err(Refusal::invalid(format!(
            "The field mediaType must be one of {names}; correct it."
        )));
    }
    Ok(given)
}

/// `POST /ucs/contacts/{id}/interactions`: what was exchanged with a contact.
pub(crate) async fn history(
    State(shared): State<Shared>,
    body: JsonBody,
    me: Result<AnyUser, Refusal>,
    Id(contact): Id,
) -> Answer {
    let wanted = Wanted::read(&body)?;
    let AnyUser(me) = me?;
    let (found, truncated) = past(&shared, &me, contact, &wanted).await?;
    let reference = shared.engine().core().next_reference(me.id()).await?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let shown =
        found.iter().map(|it| PastInteraction::new(it, &wanted.attributes, lookup)).collect();
    answer(&shared, &me, reference, &HistoryMessage::new(reference, shown, truncated)).await
}

/// Returns what is wanted of a contact's history, and whether there is more. A contact of another
/// center, and one that never was, has none.
async fn past(
    shared: &Shared,
    me: &Me,
    contact: String,
    wanted: &Wanted,
) -> Result<(Vec<Interaction>, bool), Refusal> {
    if wanted.is_archive {
        // Nothing is moved to an archive.
        return Ok((Vec::new(), false));
    }
    let to = wanted.to.unwrap_or_else(|| shared.engine().core().now());
    let from = wanted.from.unwrap_or(Time(to.0 - BACK_MS));
    let scope = InteractionScope::OfContact { center: me.center(), contact };
    let mut query = InteractionQuery::of(scope, READ_AT_ONCE);
    let (mut found, mut looked_at) = (Vec::new(), 0_usize);
    let has_more = loop {
        // The newest come first.
        let page = shared.engine().core().store().interactions(&query).await?;
        looked_at += page.items.len();
        query.after = page.items.last().map(|last| last.value.id);
        let is_past = page.items.last().is_some_and(|last| last.value.received < from);
        let those = page.items.into_iter().map(|item| item.value);
        let is_meant = |it: &Interaction| {
            (from..=to).contains(&it.received)
                && wanted.is_about(it)
                && shared.engine().views().has_in_sight(me.id(), it)
        };
        found.extend(those.filter(is_meant));
        let is_enough = found.len() > wanted.size && !wanted.is_ascending;
        if is_past || !page.more || is_enough || looked_at >= LOOKED_AT_MAX {
            break page.more && !is_past;
        }
    };
    if wanted.is_ascending {
        found.reverse();
    }
    let truncated = has_more || found.len() > wanted.size;
    found.truncate(wanted.size);
    Ok((found, truncated))
}

/// `POST /ucs/interactions/{id}`: all of one interaction.
pub(crate) async fn content(
    State(shared): State<Shared>,
    body: JsonBody,
    me: Result<AnyUser, Refusal>,
    Id(id): Id,
) -> Answer {
    expect(&body, "GetInteractionContent")?;
    let AnyUser(me) = me?;
    let interaction = visible(&shared, &me, &id).await?;
    let engine = shared.engine();
    let messages = match interaction.chat() {
        Some(_) => said(&shared, &me, &interaction).await?,
        None => Vec::new(),
    };
    let reference = engine.core().next_reference(me.id()).await?;
    let directory = engine.core().directory();
    let message = ContentMessage::new(reference, &interaction, messages, shared.lookup(&directory));
    answer(&shared, &me, reference, &message).await
}

async fn said(shared: &Shared, me: &Me, chat: &Interaction) -> Result<Vec<LogMessage>, Refusal> {
    let sees = notify::sees(chat, me.id());
    let entries = shared.engine().views().transcript(chat, 0, sees, usize::MAX).await?;
    let messages: Vec<LogMessage> = entries
        .iter()
        .filter_map(|entry| LogMessage::of(entry, sees, &shared.options().public_url))
        .collect();
    let begin = messages.len().saturating_sub(MESSAGES_MAX);
    Ok(messages.into_iter().skip(begin).collect())
}

/// `POST /contacts/ucs`: who somebody is. Contacts are known by their addresses, and an address is
/// always the same contact; so one that has not written yet has its id already, and to create it is
/// to give that.
pub(crate) async fn identify(
    State(shared): State<Shared>,
    body: JsonBody,
    me: Result<AnyUser, Refusal>,
) -> Answer {
    expect(&body, "IdentifyUCSContact")?;
    let fields = body.fields();
    let address = fields.line("emailAddress")?.map(|text| text.trim().to_owned());
    let others = [fields.text("phoneNumber")?, fields.text("lastName")?];
    media(&fields)?;
    let creates = fields.boolean("createContactEnabled")?.unwrap_or(false);
    fields.user_data("userData")?;
    let address = address.filter(|text| !text.is_empty());
    if address.is_none() && others.iter().all(Option::is_none) {
        return Err(fields.missing("emailAddress"));
    }
    let AnyUser(me) = me?;
    let found = match address {
        None => Err("Contacts are known by their e-mail addresses here; give emailAddress."),
        Some(address) => {
            let id = contact_id(me.center(), &address);
            let is_known =
                creates || shared.engine().views().contact(me.center(), id).await?.is_some();
            if is_known { Ok(id.to_string()) } else { Err("There is no contact of that address.") }
        }
    };
    let reference = shared.engine().core().next_reference(me.id()).await?;
    answer(&shared, &me, reference, &IdentifiedMessage::new(reference, found)).await
}

/// Answers a question by CometD, and says by REST that it was asked.
async fn answer(
    shared: &Shared,
    me: &Me,
    reference: i32,
    message: &(impl Serialize + Sync),
) -> Answer {
    let answer = [(Topic::Contacts, encode(message))];
    shared.engine().delivery().promise(me.id(), answer).await?;
    Ok(Envelope::Plain.success(Some(reference)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str, later_ms: i64) -> Option<i64> {
        let values = BTreeMap::from([(name.to_owned(), Value::Text(text.to_owned()))]);
        day(&Fields::top(&values), name, later_ms).ok().flatten().map(|time| time.0)
    }

    #[test]
    fn a_day_is_all_of_it_and_a_moment_is_one() {
        let midnight = 1_767_916_800_000;
        assert_eq!(read("fromDate", "2026-01-09", 0), Some(midnight));
        assert_eq!(read("toDate", "2026-01-09", DAY_MS - 1), Some(midnight + DAY_MS - 1));
        assert_eq!(read("toDate", "2026-01-09T12:00:00Z", DAY_MS - 1), Some(midnight + DAY_MS / 2));
        assert_eq!(read("toDate", "2026-13-01", 0), None);
        assert_eq!(read("toDate", "tomorrow", 0), None);
    }
}
