//! `/ucs/contacts`: who contacts are, as letters say and as somebody wrote down, and who of them
//! answers to a name (docs/api/README.md, "Contacts").
//!
//! Supervisors and admins see those of their contact center, everybody else those of whom they have
//! an interaction in sight. Whoever sees one may write down what they know. Pages hear of it when
//! they read again: who writes says what they have read, so nothing is written over unread.

mod export;
mod written;

use std::fmt;
use std::str::FromStr;

use axum::extract::State;
use axum::http::Uri;
use handoff_domain::ContactId;
use handoff_engine::{ContactSearch, NotWritten, WriteDown};
use handoff_store::{Contact, FoundWord, words_in};

use crate::caller::{AnyUser, Me, Person};
use crate::commands::Answer;
use crate::error::{Code, Refusal};
use crate::idempotency::Retry;
use crate::request::Id;
use crate::shared::Shared;
use crate::wire::envelope::JsonText;
use crate::wire::listing::{Listing, Rest, fields, one, select};
use crate::wire::resource::{ContactResource, UserPart};
use written::Written;

pub(crate) use export::export;

/// Most characters of what is looked for.
const SEARCH_CHARS_MAX: usize = 100;

/// `GET /ucs/contacts?search=`: the contacts that have, for each word of the search, one that
/// begins so. A page may be short and have a cursor.
pub(crate) async fn search(State(shared): State<Shared>, uri: Uri, AnyUser(me): AnyUser) -> Answer {
    let mut listing = Listing::read(&uri, &["search"])?;
    let text = listing.take("search").ok_or_else(|| Refusal::missing("search"))?;
    if text.chars().count() > SEARCH_CHARS_MAX {
        let sentence = format!("A search has at most {SEARCH_CHARS_MAX} characters; shorten it.");
        return Err(Refusal::invalid(sentence));
    }
    let after = listing.after::<Place>()?.map(|Place(found)| found);
    let search = ContactSearch { words: words_in(&text), after, limit: listing.limit };
    let found = shared.engine().views().find_contacts(&me.user, &search).await?;
    let directory = shared.engine().core().directory();
    let lookup = shared.lookup(&directory);
    let shown = found.contacts.iter().map(|contact| ContactResource::new(contact, lookup));
    let items: Vec<_> = shown.filter_map(|contact| listing.pick(&contact)).collect();
    let rest = if found.truncated { Rest::Truncated } else { Rest::None };
    Ok(listing.page_with("contacts", &items, found.next.map(Place).as_ref(), rest))
}

/// `GET /ucs/contacts/{id}`
pub(crate) async fn get(
    State(shared): State<Shared>,
    uri: Uri,
    AnyUser(me): AnyUser,
    Id(id): Id,
) -> Answer {
    let contact = visible(&shared, &me, &id).await?;
    let directory = shared.engine().core().directory();
    let shown = ContactResource::new(&contact, shared.lookup(&directory));
    Ok(one("contact", &select(&fields(&uri), &shown)))
}

/// `PUT /ucs/contacts/{id}`: the given fields change, lists are replaced, `null` and an empty text
/// take one away. The answer is the contact as it is then.
pub(crate) async fn put(
    State(shared): State<Shared>,
    written: Written,
    retry: Retry,
    Person(me): Person,
    Id(id): Id,
) -> Answer {
    if let Some(answer) = retry.earlier(&shared, &me).await? {
        return Ok(answer);
    }
    let contact = visible(&shared, &me, &id).await?;
    written.expect_own(&contact, &shared.url().contact(contact.id))?;
    let wish = WriteDown {
        by: me.id(),
        center: me.center(),
        contact: contact.id,
        version: written.version,
        change: written.change,
    };
    let receipt =
        |after: &Contact| retry.receipt(&me, &shown(&shared, after), shared.engine().core().now());
    match shared.engine().contacts().write_down(&wish, receipt).await {
        Ok(contact) => Ok(shown(&shared, &contact)),
        // Who was faster may be a twin of this request.
        Err(refused @ (NotWritten::Before(_) | NotWritten::Stale(_))) => {
            retry.earlier(&shared, &me).await?.ok_or_else(|| refusal(&shared, refused))
        }
        Err(refused) => Err(refusal(&shared, refused)),
    }
}

/// Returns a contact that the caller may see, for their answers and changes.
async fn visible(shared: &Shared, me: &Me, id: &str) -> Result<Contact, Refusal> {
    let found = match id.parse::<ContactId>() {
        Ok(id) => shared.engine().views().contact_for(&me.user, id).await?,
        // Whoever submits an interaction may call its contact whatever they like.
        Err(_) => None,
    };
    found.ok_or_else(|| Refusal::not_found("contact"))
}

fn shown(shared: &Shared, contact: &Contact) -> JsonText {
    let directory = shared.engine().core().directory();
    one("contact", &ContactResource::new(contact, shared.lookup(&directory)))
}

fn refusal(shared: &Shared, refused: NotWritten) -> Refusal {
    match refused {
        NotWritten::Unknown => Refusal::not_found("contact"),
        NotWritten::Stale(contact) => stale(shared, &contact),
        NotWritten::WriterGone => Refusal::not_authenticated(),
        NotWritten::Contended | NotWritten::Before(_) => Refusal::unavailable(),
        NotWritten::Store(error) => error.into(),
    }
}

/// Says who was faster. Whoever sees the contact may know.
fn stale(shared: &Shared, contact: &Contact) -> Refusal {
    let directory = shared.engine().core().directory();
    let by = contact.profile.as_ref().map(|profile| profile.by);
    let by = by.map(|by| UserPart::new(by, shared.lookup(&directory)));
    let who = by.filter(|by| !by.user_name.is_empty()).map_or_else(
        || "somebody".to_owned(),
        |by| format!("{} {}", by.first_name, by.last_name).trim().to_owned(),
    );
    let version = contact.profile_version();
    let sentence = format!(
        "The contact is at version {version}, changed by {who}; read it again before you decide."
    );
    Refusal::new(Code::WrongState, sentence)
}

/// Where a page of a search ends, as a cursor has it.
struct Place(FoundWord);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.contact, self.0.word)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (contact, word) = text.split_once(' ').ok_or(())?;
        let contact = contact.parse().map_err(|_| ())?;
        Ok(Self(FoundWord { word: word.to_owned(), contact }))
    }
}
