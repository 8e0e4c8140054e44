//! What of a standard response can differ, as texts.

use handoff_domain::Media;
use handoff_engine::Directory;
use handoff_store::{Key, Record, ResponseOwner, StandardResponse};

use super::listed;
use crate::center_file::resolve::Resolved;

pub(super) fn fields(response: &StandardResponse) -> Vec<(&'static str, String)> {
    vec![
        ("shortcut", quoted(&response.shortcut)),
        ("category", quoted(&response.category)),
        ("language", quoted(&response.language)),
        ("channels", listed(response.channels.iter().map(Media::to_string))),
        ("subject", quoted(&response.subject)),
        ("text", quoted(&response.text)),
        ("html", quoted(&response.html)),
    ]
}

fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Returns those that go with a file: the contact center's own, and those of groups that go. A file
/// that keeps a group says nothing of its responses.
pub(super) fn unnamed(resolved: &Resolved, directory: &Directory) -> Vec<Record> {
    let keeps = |key: Key| resolved.records.iter().any(|named| named.key() == key);
    let goes = |response: &StandardResponse| match response.owner {
        ResponseOwner::Center => true,
        ResponseOwner::Group(group) => !keeps(Key::Group(group)),
        ResponseOwner::User(_) => false,
    };
    let own = directory.responses.values().filter(|it| it.center == resolved.center);
    let going = own.filter(|response| goes(response));
    going.map(|response| Record::StandardResponse(StandardResponse::clone(response))).collect()
}
