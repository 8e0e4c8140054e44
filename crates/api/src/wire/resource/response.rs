//! Standard responses (docs/api/responses.md).

use handoff_domain::Media;
use handoff_store::{StandardResponse, Uses};
use serde::Serialize;

use super::Link;
use crate::wire::date::print;

/// A text that is kept ready, as it is before its places are filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseResource {
    pub id: String,
    pub name: String,
    /// What it is found by at once; empty for none.
    pub shortcut: String,
    /// Its category with those above it, parted by `/`; empty for none.
    pub category: String,
    /// A language tag (BCP 47); empty when it is for any.
    pub language: String,
    /// `User`, `Group` or `Center`.
    pub scope: &'static str,
    /// The name of the group that has it.
    pub group: Option<String>,
    /// The channels that it is for; none is all.
    pub channels: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// Whether the reader may change and remove it.
    pub editable: bool,
    /// How often it was used, as far as that was counted.
    pub used_count: u64,
    pub last_used_at: Option<String>,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

impl ResponseResource {
    /// Shows a response.
    #[must_use]
    pub fn new(
        response: &StandardResponse,
        scope: &'static str,
        group: Option<&str>,
        editable: bool,
        uses: Uses,
        link: Link,
    ) -> Self {
        Self {
            id: response.id.to_string(),
            name: response.name.clone(),
            shortcut: response.shortcut.clone(),
            category: response.category.clone(),
            language: response.language.clone(),
            scope,
            group: group.map(str::to_owned),
            channels: response.channels.iter().map(Media::to_string).collect(),
            subject: response.subject.clone(),
            text: response.text.clone(),
            html: response.html.clone(),
            editable,
            used_count: uses.count,
            last_used_at: uses.last.map(print),
            link,
        }
    }
}
