//! What the caller can use, and which of it a search finds.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use handoff_domain::{Media, ResponseId};
use handoff_engine::Directory;
use handoff_provision::{Refused, Thing};
use handoff_store::{
    Key, OwnResponse, OwnResponses, Record, ResponseOwner, StandardResponse, StoreError, Uses,
    Version, Versioned,
};

use super::{Scope, may_change, may_use};
use crate::caller::Me;
use crate::error::Refusal;
use crate::shared::Shared;
use crate::wire::listing::Listing;
use crate::wire::resource::{ResponseResource, Versioned as Shown};

/// Most characters of what is looked for.
const SEARCH_CHARS_MAX: usize = 100;

/// What the caller can use.
pub(super) struct Shelf {
    directory: Arc<Directory>,
    me: Me,
    own: Vec<OwnResponse>,
}

/// One of it.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) response: &'a StandardResponse,
    pub(super) version: Version,
    /// How often it was used, where that is beside it.
    uses: Option<Uses>,
}

impl Shelf {
    pub(super) async fn of(shared: &Shared, me: &Me) -> Result<Self, StoreError> {
        let directory = shared.engine().core().directory();
        let own = own_of(shared, me).await?.0.responses;
        Ok(Self { directory, me: me.clone(), own })
    }

    /// Tells whether a response is one of the caller's own.
    pub(super) async fn has_own(
        shared: &Shared,
        me: &Me,
        id: ResponseId,
    ) -> Result<bool, StoreError> {
        let (own, _) = own_of(shared, me).await?;
        Ok(own.responses.iter().any(|one| one.response.id == id))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Found<'_>> {
        let center = self.me.center();
        let shared = self.directory.responses.values().filter(move |it| it.center == center);
        let shared = shared.filter(|it| may_use(&self.me.user, it.owner)).map(|response| Found {
            response,
            version: self.directory.version(&Key::StandardResponse(response.id)),
            uses: None,
        });
        let own = self.own.iter().map(|OwnResponse { version, uses, response }| Found {
            response,
            version: *version,
            uses: Some(*uses),
        });
        shared.chain(own)
    }

    pub(super) fn find(&self, id: ResponseId) -> Result<Found<'_>, Refusal> {
        let found = self.all().find(|found| found.response.id == id);
        found.ok_or_else(|| Refused::Absent(Thing::Response).into())
    }
}

/// Returns what the caller keeps for themselves, with the version of the record.
pub(super) async fn own_of(
    shared: &Shared,
    me: &Me,
) -> Result<(OwnResponses, Version), StoreError> {
    let found = shared.engine().core().store().load_one(&Key::OwnResponses(me.id())).await?;
    Ok(match found {
        Some(Versioned { value: Record::OwnResponses(own), version }) => (own, version),
        _ => (OwnResponses { user: me.id(), responses: Vec::new() }, 0),
    })
}

/// Returns responses as they are shown to the caller.
pub(super) async fn show(
    shared: &Shared,
    me: &Me,
    page: Vec<Found<'_>>,
) -> Result<Vec<Shown<ResponseResource>>, StoreError> {
    let core = shared.engine().core();
    let apart = page.iter().filter(|found| found.uses.is_none());
    let keys: Vec<Key> = apart.map(|found| Key::ResponseUses(found.response.id)).collect();
    let counted = if keys.is_empty() { Vec::new() } else { core.store().load(&keys).await? };
    let counted: BTreeMap<ResponseId, Uses> = counted
        .into_iter()
        .flatten()
        .filter_map(|found| match found.value {
            Record::ResponseUses(it) => Some((it.response, it.uses)),
            _ => None,
        })
        .collect();
    let directory = core.directory();
    let shown = |Found { response, version, uses }: Found<'_>| {
        let uses = uses.or_else(|| counted.get(&response.id).copied()).unwrap_or_default();
        let group = group_name(&directory, response.owner);
        let (scope, is_editable) =
            (Scope::of(response.owner).name(), may_change(&me.user, response.owner));
        let link = shared.url().response(response.id);
        let resource = ResponseResource::new(response, scope, group, is_editable, uses, link);
        Shown::new(resource, version)
    };
    Ok(page.into_iter().map(shown).collect())
}

/// Returns the name of the group that has a response; `None` where none has.
pub(super) fn group_name(directory: &Directory, owner: ResponseOwner) -> Option<&str> {
    match owner {
        ResponseOwner::Group(group) => directory.groups.get(&group).map(|group| &*group.name),
        ResponseOwner::Center | ResponseOwner::User(_) => None,
    }
}

/// What is looked for.
#[derive(Default)]
pub(super) struct Search {
    channel: Option<Media>,
    language: Option<String>,
    category: Option<String>,
    scope: Option<Scope>,
    /// In lower case.
    text: String,
}

impl Search {
    /// Reads it, and takes it out of what a list is filtered by.
    pub(super) fn read(listing: &mut Listing) -> Result<Self, Refusal> {
        if let Some(name) = listing.repeated() {
            let sentence =
                format!("The parameter {name} is there twice; the list takes one of each.");
            return Err(Refusal::invalid(sentence));
        }
        let text = listing.take("search").unwrap_or_default();
        if text.chars().count() > SEARCH_CHARS_MAX {
            let sentence =
                format!("A search has at most {SEARCH_CHARS_MAX} characters; shorten it.");
            return Err(Refusal::invalid(sentence));
        }
        Ok(Self {
            channel: listing.take("channel").map(|name| Media::from_name(&name)),
            language: listing.take("language").map(|language| language.to_lowercase()),
            category: listing.take("category"),
            scope: listing.take("scope").map(|name| Scope::named(&name)).transpose()?,
            text: text.trim().to_lowercase(),
        })
    }

    /// Returns a page of what is found, what fits best first, and where it ends if there is more.
    pub(super) fn page<'a>(
        &self,
        shelf: &'a Shelf,
        after: Option<Place>,
        limit: usize,
    ) -> (Vec<Found<'a>>, Option<Place>) {
        let place = |found: Found<'a>| Some((self.place(found.response)?, found));
        let mut all: Vec<(Place, Found<'a>)> = shelf.all().filter_map(place).collect();
        all.retain(|(place, _)| after.as_ref().is_none_or(|after| place > after));
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        let has_more = all.len() > limit;
        all.truncate(limit);
        let next = all.last().map(|(place, _)| place.clone()).filter(|_| has_more);
        (all.into_iter().map(|(_, found)| found).collect(), next)
    }

    fn place(&self, response: &StandardResponse) -> Option<Place> {
        let is_wanted = self.scope.is_none_or(|scope| scope == Scope::of(response.owner))
            && self.channel.as_ref().is_none_or(|media| {
                response.channels.is_empty() || response.channels.contains(media)
            })
            && self.language.as_ref().is_none_or(|it| is_understood(&response.language, it))
            && self.category.as_ref().is_none_or(|it| is_below(&response.category, it));
        let rank = if is_wanted { self.rank(response)? } else { return None };
        Some(Place { rank, name: response.name.to_lowercase(), id: response.id })
    }

    /// Returns how well a response fits, the best first.
    fn rank(&self, response: &StandardResponse) -> Option<u8> {
        let shortcut = response.shortcut.to_lowercase();
        if self.text.is_empty() {
            return Some(0);
        } else if shortcut == self.text {
            return Some(1);
        } else if shortcut.starts_with(&self.text) {
            return Some(2);
        }
        let name = response.name.to_lowercase();
        let begins = |word: &str| name.split_whitespace().any(|one| one.starts_with(word));
        if self.text.split_whitespace().all(begins) {
            return Some(3);
        }
        let StandardResponse { category, subject, text, html, .. } = response;
        let rest = [category, subject, text, html].map(|text| text.to_lowercase());
        let is_in = |word: &str| name.contains(word) || rest.iter().any(|text| text.contains(word));
        self.text.split_whitespace().all(is_in).then_some(4)
    }
}

/// Tells whether whoever reads one language reads a text in another: it is a wider or a narrower
/// form of it, or for anybody.
pub(super) fn is_understood(language: &str, wanted: &str) -> bool {
    let language = language.to_lowercase();
    let is_of = |narrow: &str, wide: &str| {
        narrow.strip_prefix(wide).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    language.is_empty() || is_of(wanted, &language) || is_of(&language, wanted)
}

/// Tells whether a category is another or below it.
pub(super) fn is_below(category: &str, above: &str) -> bool {
    let rest = category.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where a response stands among what was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    rank: u8,
    name: String,
    id: ResponseId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rank, self.id, self.name)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(3, ' ');
        let mut part = || parts.next().ok_or(());
        let (rank, id) = (part()?.parse().map_err(drop)?, part()?.parse().map_err(drop)?);
        Ok(Self { rank, id, name: part()?.to_owned() })
    }
}
