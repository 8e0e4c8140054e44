//! Collections: field selection, filters and paging, the same for every list
//! (docs/compat/conventions.md#lists).
//!
//! Without `fields` a list is its addresses, with `fields` its resources. A filter is compared with
//! the attribute as the caller would see it, so that what a filter finds and what the answer shows
//! cannot differ.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handoff_domain::UserId;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use crate::error::{Refusal, quoted};
use crate::wire::envelope::JsonText;
use crate::wire::resource::Fields;

/// Items on a page when the caller does not say (docs/compat/conventions.md#lists).
const LIMIT_DEFAULT: usize = 100;
/// Most items on a page (docs/compat/conventions.md#lists).
const LIMIT_MAX: usize = 1_000;
/// Parameters that every list understands or lets pass: `resolveUris` is of the older pages and
/// means nothing here, because addresses are never resolved; `_` is what browser libraries add
/// against caches.
const COMMON: &[&str] = &["fields", "subresources", "limit", "cursor", "resolveUris", "_"];

/// What a caller wants of a list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Which fields; `None` is addresses only.
    pub fields: Option<Fields>,
    /// Most items on the page.
    pub limit: usize,
    cursor: Option<String>,
    filters: Vec<(String, String)>,
}

impl Listing {
    /// Reads the query of a request for a list that can be filtered by these attributes.
    ///
    /// # Errors
    ///
    /// Code 10 for another filter, or a limit or cursor that is none.
    pub fn read(uri: &Uri, attributes: &[&str]) -> Result<Self, Refusal> {
        let mut listing =
            Self { fields: None, limit: LIMIT_DEFAULT, cursor: None, filters: Vec::new() };
        for (name, value) in parameters(uri) {
            match name.as_str() {
                "fields" => listing.fields = Some(Fields::parse(&value)),
                "limit" => listing.limit = limit(&value)?,
                "cursor" => listing.cursor = Some(value),
                other if COMMON.contains(&other) => {}
                other if attributes.contains(&other) => listing.filters.push((name, value)),
                other => return Err(unknown_filter(other, attributes)),
            }
        }
        Ok(listing)
    }

    /// Leaves out a parameter that says what is listed and is no attribute of it.
    pub fn forget(&mut self, name: &str) {
        self.filters.retain(|(filter, _)| filter != name);
    }

    /// Returns the id after which the page begins.
    ///
    /// # Errors
    ///
    /// Code 10 when the cursor is not one of a list of such ids.
    pub fn after<I: FromStr>(&self) -> Result<Option<I>, Refusal> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let wrong = || {
            Refusal::invalid("The cursor is not one that this list gave; begin again without it.")
        };
        let text = BASE64_URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        text.and_then(|text| text.parse().ok()).map(Some).ok_or_else(wrong)
    }

    /// Tells whether resources are shown, and not their addresses alone.
    #[must_use]
    pub const fn has_fields(&self) -> bool {
        self.fields.is_some()
    }

    /// Tells whether anything is filtered.
    #[must_use]
    pub const fn is_filtered(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Takes a filter away that is no attribute of what is listed, for who looks at it otherwise.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.filters.iter().position(|(filter, _)| filter == name)?;
        Some(self.filters.remove(at).1)
    }

    /// Returns a filter that is there more than once.
    #[must_use]
    pub fn repeated(&self) -> Option<&str> {
        let mut names = self.filters.iter().map(|(name, _)| name.as_str()).enumerate();
        let is_before = |(at, name): &(usize, &str)| {
            self.filters[..*at].iter().any(|(before, _)| before == name)
        };
        names.find(is_before).map(|(_, name)| name)
    }

    /// Returns the value of a filter.
    #[must_use]
    pub fn filter(&self, name: &str) -> Option<&str> {
        self.filters.iter().find(|(filter, _)| filter == name).map(|(_, value)| value.as_str())
    }

    /// Returns a resource's JSON for the page, or `None` when a filter leaves it out. `shown` is
    /// what the caller would see of it.
    #[must_use]
    pub fn pick(&self, shown: &impl Serialize) -> Option<Value> {
        let all = select(&Fields::All, shown);
        if !self.matches(&all) {
            return None;
        }
        match &self.fields {
            None => Some(all["uri"].clone()),
            Some(Fields::All) => Some(all),
            Some(named) => Some(select(named, &all)),
        }
    }

    /// Tells whether no filter leaves a resource out. `shown` is what the caller would see of it.
    #[must_use]
    pub fn passes(&self, shown: &impl Serialize) -> bool {
        self.matches(&select(&Fields::All, shown))
    }

    fn matches(&self, all: &Value) -> bool {
        let passes = |(name, wanted): &(String, String)| match &all[name] {
            Value::String(text) => text == wanted || is_same_id(text, wanted),
            Value::Number(number) => number.to_string() == *wanted,
            Value::Bool(value) => value.to_string() == *wanted,
            _ => false,
        };
        self.filters.iter().all(passes)
    }

    /// Returns the fields to show where items have no addresses of their own.
    #[must_use]
    pub fn fields_or_all(&self) -> &Fields {
        self.fields.as_ref().unwrap_or(&Fields::All)
    }

    /// Writes a page of items that have no addresses of their own: they are shown whether or not
    /// fields were asked for.
    #[must_use]
    pub fn page_of_parts(
        &self,
        plural: &str,
        items: &[Value],
        next: Option<&impl Display>,
    ) -> JsonText {
        let next = next.map(encoded);
        JsonText::of(&Page { name: plural, items, next, rest: Rest::None })
    }

    /// Writes a page: `items` are what [`Listing::pick`] gave, `next` is the id after which the
    /// next page begins.
    #[must_use]
    pub fn page(&self, plural: &str, items: &[Value], next: Option<&impl Display>) -> JsonText {
        self.page_with(plural, items, next, Rest::None)
    }

    /// As [`Listing::page`], and says whether there may be more.
    #[must_use]
    pub fn page_with(
        &self,
        plural: &str,
        items: &[Value],
        next: Option<&impl Display>,
        rest: Rest,
    ) -> JsonText {
        let name = if self.fields.is_some() { plural } else { "uris" };
        let next = next.map(encoded);
        JsonText::of(&Page { name, items, next, rest })
    }

    /// Writes a page of a list that is in memory as a whole, in order of its ids.
    ///
    /// # Errors
    ///
    /// Code 10 when the cursor is not one of this list.
    pub fn of_all<I, R>(
        &self,
        plural: &str,
        all: impl IntoIterator<Item = (I, R)>,
    ) -> Result<JsonText, Refusal>
    where
        I: FromStr + Ord + Display + Copy,
        R: Serialize,
    {
        let after = self.after::<I>()?;
        let mut rest: Vec<(I, R)> =
            all.into_iter().filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
        rest.sort_by_key(|(id, _)| *id);
        let mut picked = rest.iter().filter_map(|(id, shown)| Some((*id, self.pick(shown)?)));
        let (mut items, mut last) = (Vec::new(), None);
        for (id, item) in picked.by_ref().take(self.limit) {
            items.push(item);
            last = Some(id);
        }
        let next = last.filter(|_| picked.next().is_some());
        Ok(self.page(plural, &items, next.as_ref()))
    }
}

/// Tells whether both are the same UUID, whose two forms are both understood.
fn is_same_id(shown: &str, wanted: &str) -> bool {
    let [shown, wanted] = [shown, wanted].map(|text| text.parse::<UserId>().ok());
    shown.is_some() && shown == wanted
}

/// Returns the wanted part of what is shown.
///
/// # Panics
///
/// When it has a map whose keys are not texts, which no answer has.
#[must_use]
pub fn select(fields: &Fields, shown: &impl Serialize) -> Value {
    fields.select(shown).expect("answers have text keys only")
}

/// Returns the parameters of a query, decoded.
#[must_use]
pub fn parameters(uri: &Uri) -> Vec<(String, String)> {
    // Pairs of texts can be made of any query; bytes that are not UTF-8 become replacement
    // characters and then match nothing.
    Query::<Vec<(String, String)>>::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

/// Tells which subresources a query asks for.
#[must_use]
pub fn subresources(uri: &Uri) -> Option<Fields> {
    parameters(uri)
        .into_iter()
        .find(|(name, _)| name == "subresources")
        .map(|(_, value)| Fields::parse(&value))
}

/// Tells which fields of a single resource a query asks for; all of them when it does not say.
#[must_use]
pub fn fields(uri: &Uri) -> Fields {
    let asked = parameters(uri).into_iter().find(|(name, _)| name == "fields");
    asked.map_or(Fields::All, |(_, value)| Fields::parse(&value))
}

/// Writes one resource.
#[must_use]
pub fn one(singular: &str, shown: &impl Serialize) -> JsonText {
    struct One<'a, T>(&'a str, &'a T);
    impl<T: Serialize> Serialize for One<'_, T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(2))?;
            map.serialize_entry("statusCode", &0)?;
            map.serialize_entry(self.0, self.1)?;
            map.end()
        }
    }
    JsonText::of(&One(singular, shown))
}

pub(crate) fn encoded(id: &impl Display) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(id.to_string())
}

fn limit(text: &str) -> Result<usize, Refusal> {
    let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| {
        Refusal::invalid(format!("The parameter limit must be a number from 1 to {LIMIT_MAX}."))
    })
}

fn unknown_filter(name: &str, attributes: &[&str]) -> Refusal {
    let known = if attributes.is_empty() { "none".to_owned() } else { attributes.join(", ") };
    Refusal::invalid(format!("There is no filter {}; this list has: {known}.", quoted(name)))
}

struct Page<'a> {
    name: &'a str,
    items: &'a [Value],
    next: Option<String>,
    rest: Rest,
}

/// Whether a list without a cursor is all that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    None,
    /// There may be more, to which no cursor leads.
    Truncated,
    /// What happened last may not be in it yet.
    Behind,
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("statusCode", &0)?;
        map.serialize_entry(self.name, self.items)?;
        if let Some(next) = &self.next {
            map.serialize_entry("nextCursor", next)?;
        }
        match self.rest {
            Rest::None => {}
            Rest::Truncated => map.serialize_entry("truncated", &true)?,
            Rest::Behind => map.serialize_entry("behind", &true)?,
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::SkillId;
    use serde_json::json;

    use super::*;

    fn listing(query: &str) -> Result<Listing, Refusal> {
        Listing::read(&format!("/x?{query}").parse().expect("a test's query"), &["name", "channel"])
    }

    fn names(query: &str) -> Value {
        let all = (1..=5_u128).map(|n| {
            (
                SkillId(n),
                json!({"name": format!("n{n}"), "uri": format!("u{n}"), "channel": "chat"}),
            )
        });
        let text = listing(query).expect("a list").of_all("things", all).expect("a page");
        serde_json::from_str(&text.0).expect("JSON")
    }

    #[test]
    fn a_list_without_fields_is_addresses() {
        assert_eq!(names(""), json!({"statusCode": 0, "uris": ["u1", "u2", "u3", "u4", "u5"]}));
        assert_eq!(
            names("fields=name&name=n2"),
            json!({"statusCode": 0, "things": [{"name": "n2"}]})
        );
        assert_eq!(names("name=n2&channel=email"), json!({"statusCode": 0, "uris": []}));
    }

    #[test]
    fn pages_join_without_gap_and_the_last_has_no_cursor() {
        let mut query = "limit=2".to_owned();
        let mut seen = Vec::new();
        loop {
            let page = names(&query);
            seen.extend(page["uris"].as_array().expect("addresses").clone());
            let Some(next) = page["nextCursor"].as_str() else { break };
            query = format!("limit=2&cursor={next}");
        }
        assert_eq!(seen, ["u1", "u2", "u3", "u4", "u5"]);
        assert_eq!(names("limit=5").get("nextCursor"), None, "a full last page is the last");
    }

    #[test]
    fn what_a_list_does_not_know_is_refused() {
        for query in ["colour=red", "limit=0", "limit=1001", "limit=x", "limit=-1"] {
            assert_eq!(listing(query).expect_err(query).code.number(), 10);
        }
        for query in ["cursor=%20", "cursor=AAAA", "cursor=%ff"] {
            let listing = listing(query).expect("the cursor is read later");
            assert_eq!(listing.after::<SkillId>().expect_err(query).code.number(), 10);
        }
    }
}
