//! Contacts: who somebody outside is.

use handoff_domain::UserId;
use handoff_store::{Contact, ContactProfile, Version};
use serde::Serialize;

use super::{Link, Lookup, UserPart};
use crate::wire::date;

/// A contact, with what letters say of it and what somebody wrote down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContactResource {
    pub id: String,
    /// The name to show: what was written down, else what stood before the address last.
    pub display_name: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// By which it is known: always one.
    pub email_addresses: [String; 1],
    pub phone_numbers: Vec<String>,
    /// A language tag (BCP 47).
    pub language: Option<String>,
    /// A time zone by its name in the IANA database.
    pub time_zone: Option<String>,
    /// How often something was written down; whoever writes says which they read.
    pub version: Version,
    /// Who wrote it last; absent while nobody has.
    #[serde(flatten)]
    pub written: Option<Written>,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

/// Who wrote down something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Written {
    pub changed_by: UserPart,
    pub changed_date: String,
}

impl ContactResource {
    /// Shows a contact.
    #[must_use]
    pub fn new(contact: &Contact, lookup: Lookup<'_>) -> Self {
        let profile = contact.profile.as_ref();
        let text =
            |of: fn(&ContactProfile) -> &Option<String>| profile.and_then(|it| of(it).clone());
        let (first_name, last_name) = (text(|it| &it.first_name), text(|it| &it.last_name));
        let names: Vec<&str> =
            [&first_name, &last_name].into_iter().flatten().map(String::as_str).collect();
        let written_name = (!names.is_empty()).then(|| names.join(" "));
        let by = |by: UserId| UserPart::new(by, lookup);
        Self {
            id: contact.id.to_string(),
            display_name: written_name.or_else(|| contact.name.clone()),
            first_name,
            last_name,
            email_addresses: [contact.address.clone()],
            phone_numbers: profile.map(|it| it.phone_numbers.clone()).unwrap_or_default(),
            language: text(|it| &it.language),
            time_zone: text(|it| &it.time_zone),
            version: contact.profile_version(),
            written: profile
                .map(|it| Written { changed_by: by(it.by), changed_date: date::print(it.at) }),
            link: lookup.url.contact(contact.id),
        }
    }
}
