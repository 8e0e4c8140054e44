//! To whom one interaction can be handed now: the agents and queues that a dialog offers, best
//! first. Whoever wants all of the contact center, groups included, asks `/contacts`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::routing::{Agent, Exclusion, hindrance};
use handoff_domain::{Desk, Interaction, Queue, QueueId, User};
use handoff_engine::{CurrentBoard, Directory};

use crate::caller::AnyUser;
use crate::colleagues::{agents_of, can_take};
use crate::commands::{Answer, visible};
use crate::error::Refusal;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::listing::{Listing, select};
use crate::wire::resource::Lookup;
use crate::wire::target::TargetPart;

/// Most characters of what is looked for: each word of it is looked for in every name.
const SEARCH_CHARS_MAX: usize = 100;

/// `GET /interactions/{id}/targets`: the agents and the queues of its medium, whoever can take it
/// now first.
///
/// The order is of the moment, so a cursor is how many were shown before.
pub(crate) async fn targets(
    State(shared): State<Shared>,
    AnyUser(me): AnyUser,
    Id(id): Id,
    uri: Uri,
) -> Answer {
    let listing = Listing::read(&uri, &["search", "kind"])?;
    let shown_before = listing.after::<usize>()?.unwrap_or(0);
    let words = Words::of(listing.filter("search").unwrap_or_default())?;
    let interaction = visible(&shared, &me, &id).await?;
    let core = shared.engine().core();
    let board = core.current_board().await?;
    let directory = core.directory();
    let mut found = Found { board, directory: &directory, interaction: &interaction }.all(
        listing.filter("kind"),
        &words,
        || Desk::new(me.id(), me.center(), core.now()),
    );
    found.sort_by_cached_key(Ranked::rank);
    let lookup = shared.lookup(&directory);
    let page = found.iter().skip(shown_before).take(listing.limit);
    let items: Vec<_> = page
        .map(|one| select(listing.fields_or_all(), &one.target.shown(&interaction, board, lookup)))
        .collect();
    let next = shown_before.saturating_add(items.len());
    Ok(listing.page_of_parts("targets", &items, (next < found.len()).then_some(&next)))
}

/// What may be a target, and how it stands.
enum Target<'a> {
    Agent { user: &'a User, desk: Arc<Desk>, rule: Option<Exclusion> },
    Queue { queue: &'a Queue, able: usize },
}

/// A target, and how well it is what was looked for.
struct Ranked<'a> {
    target: Target<'a>,
    fit: Fit,
}

impl Ranked<'_> {
    /// Returns the place in the list; the smallest goes first: who can take it, what was rather
    /// looked for, agents before queues, who has the least, the name.
    fn rank(&self) -> (bool, Reverse<Fit>, bool, u32, String) {
        let (is_able, is_queue, used, name) = match &self.target {
            Target::Agent { user, desk, rule } => {
                (rule.is_none(), false, load(desk), full_name(user))
            }
            Target::Queue { queue, able } => (*able > 0, true, 0, queue.name.clone()),
        };
        (!is_able, Reverse(self.fit), is_queue, used, name.to_lowercase())
    }
}

fn load(desk: &Desk) -> u32 {
    u32::try_from(desk.slots.len()).unwrap_or(u32::MAX)
}

fn full_name(user: &User) -> String {
    format!("{} {} {}", user.first_name, user.last_name, user.user_name)
}

impl Target<'_> {
    fn shown(
        &self,
        interaction: &Interaction,
        board: CurrentBoard<'_>,
        lookup: Lookup<'_>,
    ) -> TargetPart {
        match self {
            Self::Agent { user, desk, rule } => {
                TargetPart::of_agent(Agent { user, desk }, &interaction.media(), *rule, lookup)
            }
            Self::Queue { queue, able } => {
                TargetPart::of_queue(queue, board.waiting_in(queue.id), *able, lookup)
            }
        }
    }
}

/// What is looked at for one interaction.
struct Found<'a> {
    board: CurrentBoard<'a>,
    directory: &'a Directory,
    interaction: &'a Interaction,
}

impl<'a> Found<'a> {
    fn all(self, kind: Option<&str>, words: &Words, absent: impl Fn() -> Desk) -> Vec<Ranked<'a>> {
        let wants = |name: &str| kind.is_none_or(|kind| kind == name);
        let mut all = Vec::new();
        if wants("User") {
            all.extend(self.agents(words, absent));
        }
        if wants("Queue") {
            all.extend(self.queues(words));
        }
        all
    }

    /// Returns the agents but its owner, to whom it cannot be handed.
    fn agents(&self, words: &Words, absent: impl Fn() -> Desk) -> Vec<Ranked<'a>> {
        let (owner, media) = (self.interaction.owner(), self.interaction.media());
        let others = agents_of(self.directory, self.interaction.center)
            .filter(|user| Some(user.id) != owner);
        let matching = others.filter_map(|user| {
            let fit = words.fit(&[&user.first_name, &user.last_name, &user.user_name])?;
            let desk = self.board.desk(user.id).map(|desk| desk.value);
            let desk = desk.unwrap_or_else(|| Arc::new(absent()));
            let rule = hindrance(self.interaction.id, &media, Agent { user, desk: &desk });
            Some(Ranked { target: Target::Agent { user, desk, rule }, fit })
        });
        matching.collect()
    }

    /// Returns the queues of its medium: no other takes it.
    fn queues(&self, words: &Words) -> Vec<Ranked<'a>> {
        let (center, media) = (self.interaction.center, self.interaction.media());
        let able = self.able_by_queue();
        let of_medium = self
            .directory
            .queues
            .values()
            .filter(|queue| queue.center == center && queue.media == media);
        let matching = of_medium.filter_map(|queue| {
            let fit = words.fit(&[&queue.name])?;
            let able = able.get(&queue.id).copied().unwrap_or_default();
            Some(Ranked { target: Target::Queue { queue, able }, fit })
        });
        matching.collect()
    }

    /// Counts the agents of each queue who would be offered something of its medium now.
    fn able_by_queue(&self) -> BTreeMap<QueueId, usize> {
        let media = self.interaction.media();
        let mut able = BTreeMap::new();
        for user in agents_of(self.directory, self.interaction.center) {
            let desk = self.board.desk(user.id).map(|desk| desk.value);
            if !desk.is_some_and(|desk| can_take(user, &desk, &media)) {
                continue;
            }
            for queue in self.directory.queues_served_by(user) {
                *able.entry(queue).or_default() += 1;
            }
        }
        able
    }
}

/// How well a name is what was looked for; the greatest is the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Each word is in it.
    Within,
    /// Each word begins one of its words.
    Beginning,
}

/// What somebody looks for: words of any case, each of which is in the name.
struct Words(Vec<String>);

impl Words {
    fn of(text: &str) -> Result<Self, Refusal> {
        if text.chars().nth(SEARCH_CHARS_MAX).is_some() {
            return Err(Refusal::invalid(format!(
                "The parameter search must have at most {SEARCH_CHARS_MAX} characters; shorten it."
            )));
        }
        Ok(Self(text.split_whitespace().map(str::to_lowercase).collect()))
    }

    fn fit(&self, names: &[&str]) -> Option<Fit> {
        let names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let is_within = |word: &&String| names.iter().any(|name| name.contains(word.as_str()));
        let begins = |word: &String| {
            let is_gap = |letter: char| !letter.is_alphanumeric();
            let mut parts = names
                .iter()
                .flat_map(|name| core::iter::once(name.as_str()).chain(name.split(is_gap)));
            parts.any(|part| part.starts_with(word.as_str()))
        };
        if !self.0.iter().all(|word| is_within(&word)) {
            return None;
        }
        Some(if self.0.iter().all(begins) { Fit::Beginning } else { Fit::Within })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_looked_for_and_a_beginning_is_better() {
        let kate: [&str; 3] = ["Kate", "Lund-Berg", "k.lund"];
        for (text, wanted) in [
            ("", Some(Fit::Beginning)),
            ("ka", Some(Fit::Beginning)),
            ("BERG kate", Some(Fit::Beginning)),
            ("lund-b", Some(Fit::Beginning)),
            ("ate", Some(Fit::Within)),
            ("kate und", Some(Fit::Within)),
            ("kate ben", None),
        ] {
            assert_eq!(Words::of(text).unwrap().fit(&kate), wanted, "{text}");
        }
    }
}
