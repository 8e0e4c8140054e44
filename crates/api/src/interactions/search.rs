//! `GET /interactions` among everything, finished work included (docs/api/search.md): by words, by
//! state, by time.
//!
//! What is found is shown as it is now, and filters are compared with that: what was changed a
//! moment ago and is not as wanted any more is left out.

use std::fmt;
use std::str::FromStr;

use handoff_domain::interaction::Outcome;
use handoff_domain::{Interaction, Media, QueueId, State, Time, UserId};
use handoff_engine::{Among, FoundOne, Highlight, Order, SearchError, SearchPlace, Wanted};
use serde::Serialize;

use crate::caller::Me;
use crate::commands::Answer;
use crate::error::{Refusal, quoted};
use crate::shared::Shared;
use crate::wire::date;
use crate::wire::interaction::InteractionResource;
use crate::wire::listing::{Listing, Rest};

/// The parameters of a search, beside the filters of every list of interactions.
pub(super) const PARAMETERS: &[&str] = &["search", "from", "to", "sort"];
/// Stands for every state but those in which something has ended.
pub(super) const ACTIVE: &str = "Active";
/// Most characters of what is looked for.
const SEARCH_CHARS_MAX: usize = 200;
/// Most interactions on a page: of each, texts are read to show why it was found.
const FOUND_MAX: usize = 100;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Tells whether a list asks for more than what is active.
pub(super) fn is_asked_for(listing: &Listing) -> bool {
    let is_given = |name: &&str| listing.filter(name).is_some();
    PARAMETERS.iter().any(is_given) || listing.filter("state").and_then(outcome_of).is_some()
}

/// Returns the way in which an interaction of a state has ended; `None` of a state that is no end.
fn outcome_of(state: &str) -> Option<Outcome> {
    match state {
        "Completed" => Some(Outcome::Completed),
        "Canceled" => Some(Outcome::Canceled),
        "Sent" => Some(Outcome::Sent),
        _ => None,
    }
}

/// Answers with what is found.
pub(super) async fn answer(shared: &Shared, me: &Me, mut listing: Listing) -> Answer {
    let Some(wanted) = wanted(shared, me, &mut listing)? else {
        return Ok(listing.page("interactions", &[], None::<&String>));
    };
    let page = shared.engine().views().search(&me.user, wanted).await.map_err(refusal)?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let shown = page.found.into_iter().map(|found| {
        let interaction = InteractionResource::read_by(&found.interaction, me.id(), lookup);
        FoundResource::new(interaction, found)
    });
    let items: Vec<_> = shown.filter_map(|found| listing.pick(&found)).collect();
    let rest = if page.is_behind { Rest::Behind } else { Rest::None };
    Ok(listing.page_with("interactions", &items, page.next.map(Place).as_ref(), rest))
}

/// Reads what is looked for; `None` when a filter names something that does not exist.
fn wanted(shared: &Shared, me: &Me, listing: &mut Listing) -> Result<Option<Wanted>, Refusal> {
    if let Some(name) = listing.repeated() {
        return Err(Refusal::invalid(format!(
            "The parameter {name} is there twice; a search takes one of each."
        )));
    }
    let words = listing.take("search");
    if words.as_ref().is_some_and(|words| words.chars().count() > SEARCH_CHARS_MAX) {
        let sentence = format!("A search has at most {SEARCH_CHARS_MAX} characters; shorten it.");
        return Err(Refusal::invalid(sentence));
    }
    let among = match listing.filter("state") {
        None => Among::All,
        Some(state) => outcome_of(state).map_or(Among::Active, |how| Among::Finished(Some(how))),
    };
    if listing.filter("state") == Some(ACTIVE) {
        listing.forget("state");
    }
    let order = order(listing.take("sort").as_deref(), words.is_some(), among)?;
    let after = listing.after::<Place>()?.map(|Place(place)| place);
    if after.is_some_and(|after| after.ended.is_some() != (order == Order::LastEnded)) {
        return Err(Refusal::invalid(
            "The cursor is of a list in another order; begin again without it.",
        ));
    }
    let (from, to) = (time(listing, "from", 0)?, time(listing, "to", DAY_MS)?);
    let mut wanted = Wanted {
        words,
        among,
        order,
        after,
        from,
        to,
        media: listing.filter("channel").map(Media::from_name),
        contact: listing.filter("contactId").map(str::to_owned),
        ..Wanted::of(me.center(), listing.limit.min(FOUND_MAX))
    };
    if let Some(name) = listing.filter("currentQueue") {
        let directory = shared.engine().core().directory();
        let is_named = |queue: &QueueId| {
            directory.queue(me.center(), *queue).is_some_and(|queue| queue.name == name)
        };
        let Some(queue) = directory.queues.keys().copied().find(is_named) else { return Ok(None) };
        wanted.queue = Some(queue);
    }
    // Of what is over nobody is the owner any more; whoever was is looked for.
    if let Some(owner) = listing.take("assignedTo") {
        let Ok(owner) = owner.parse::<UserId>() else { return Ok(None) };
        wanted.owner = Some(owner);
    }
    Ok(Some(wanted))
}

fn order(sort: Option<&str>, has_words: bool, among: Among) -> Result<Order, Refusal> {
    match sort {
        None if !has_words && matches!(among, Among::Finished(_)) => Ok(Order::LastEnded),
        None | Some("-receivedDate") => Ok(Order::Newest),
        Some("receivedDate") => Ok(Order::Oldest),
        Some("-endedDate") if has_words => Err(Refusal::invalid(
            "What is found by words is sorted by receivedDate; leave sort out, or the words.",
        )),
        Some("-endedDate") => Ok(Order::LastEnded),
        Some(other) => Err(Refusal::invalid(format!(
            "There is no order {}; sort is -receivedDate, receivedDate or -endedDate.",
            quoted(other)
        ))),
    }
}

fn time(listing: &mut Listing, name: &str, later_ms: i64) -> Result<Option<Time>, Refusal> {
    let Some(text) = listing.take(name) else { return Ok(None) };
    let wrong = || {
        Refusal::invalid(format!(
            "The parameter {name} must be a day (yyyy-MM-dd) or an ISO 8601 moment; correct it."
        ))
    };
    date::read(&text, later_ms).map(Some).ok_or_else(wrong)
}

fn refusal(error: SearchError) -> Refusal {
    match error {
        SearchError::NoWords => Refusal::invalid(
            "The parameter search has no word that is to be there; give one, or leave it out.",
        ),
        SearchError::TooMany(most) => {
            Refusal::invalid(format!("A search has at most {most} words and phrases; shorten it."))
        }
        SearchError::NoIndex => Refusal::unavailable(),
        SearchError::Store(error) => error.into(),
    }
}

/// Where a page ended, as a cursor has it.
#[derive(Clone, Copy)]
struct Place(SearchPlace);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SearchPlace { number, ended } = self.0;
        write!(f, "{number}")?;
        ended.map_or(Ok(()), |ended| write!(f, ".{}", ended.0))
    }
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, ended) = match text.split_once('.') {
            Some((number, ended)) => (number, Some(Time(ended.parse()?))),
            None => (text, None),
        };
        // Within what numbers can be, so that nothing is reckoned beyond it.
        let number = number.parse::<i64>()?.clamp(0, SearchPlace::NUMBER_MAX);
        Ok(Self(SearchPlace { number, ended }))
    }
}

/// An interaction that was found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FoundResource {
    #[serde(flatten)]
    interaction: InteractionResource,
    /// When it ended.
    ended_date: Option<String>,
    /// Who had it when it ended.
    handled_by: Option<String>,
    /// Where the words are.
    highlights: Vec<HighlightPart>,
}

#[derive(Clone, Debug, Serialize)]
struct HighlightPart {
    field: &'static str,
    text: String,
    /// In UTF-16 code units, as JavaScript, Java and C# count.
    ranges: Vec<[usize; 2]>,
}

impl FoundResource {
    fn new(interaction: InteractionResource, found: FoundOne) -> Self {
        let ended = ended(&found.interaction);
        Self {
            interaction,
            ended_date: ended.map(date::print),
            handled_by: found.owner.filter(|_| ended.is_some()).map(|owner| owner.to_string()),
            highlights: found.highlights.into_iter().map(HighlightPart::of).collect(),
        }
    }
}

impl HighlightPart {
    fn of(Highlight { field, text, ranges }: Highlight) -> Self {
        Self { field, text, ranges }
    }
}

const fn ended(interaction: &Interaction) -> Option<Time> {
    match interaction.state {
        State::Ended { at, .. } => Some(at),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_2080_stays_where_it_is() {
        let number = (3_471_292_800_000 - 1_577_836_800_000_i64) << 8;
        let Place(place) = number.to_string().parse().unwrap();
        assert_eq!(place.number, number);
    }
}
