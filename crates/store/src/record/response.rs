//! Standard responses: texts that are kept ready.

use std::collections::BTreeSet;

use handoff_domain::{CenterId, GroupId, Media, ResponseId, Time, UserId};
use serde::{Deserialize, Serialize};

use super::Version;

/// A text that is kept ready. Its texts are templates, which are filled in when one is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandardResponse {
    pub id: ResponseId,
    pub center: CenterId,
    pub owner: ResponseOwner,
    /// Unique among its owner's.
    pub name: String,
    /// What it is found by at once, unique among its owner's; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shortcut: String,
    /// The names of its category and of those above it, parted by `/`; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Its language as RFC 5646 has it; empty when it is for any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub language: String,
    /// The media that it is for; empty is all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<Media>,
    /// The subject of a letter.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
}

impl StandardResponse {
    /// Returns how many bytes its texts have, by which what an owner has is bounded.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        let titles = self.name.len() + self.shortcut.len() + self.category.len();
        titles + self.subject.len() + self.text.len() + self.html.len()
    }
}

/// Whose a standard response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ResponseOwner {
    /// Everybody's in the contact center.
    Center,
    /// Everybody's in a group.
    Group(GroupId),
    /// One person's, whom alone it is shown to.
    User(UserId),
}

/// The standard responses that a user has for themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnResponses {
    pub user: UserId,
    pub responses: Vec<OwnResponse>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnResponse {
    /// How often it was written.
    pub version: Version,
    /// How often it was used, as far as that was counted.
    #[serde(default)]
    pub uses: Uses,
    pub response: StandardResponse,
}

/// How often something was used, and when last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses {
    pub count: u64,
    pub last: Option<Time>,
}

impl Uses {
    /// Counts others as well.
    pub fn add(&mut self, more: Self) {
        self.count += more.count;
        self.last = self.last.max(more.last);
    }
}

/// How often a standard response of a contact center or of a group was used. It is apart from the
/// response, which is in every node's memory and changes with the contact center.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseUses {
    pub response: ResponseId,
    pub uses: Uses,
}
