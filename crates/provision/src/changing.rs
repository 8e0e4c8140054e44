//! A change of a contact center's directory as the store takes it: guarded by the directory's
//! version, and with the facts of who changed what.

use handoff_domain::event::{Cause, DirectoryChange, DirectoryItem, Subject};
use handoff_domain::{Event, Fact, Time};
use handoff_store::{ChangeSet, DirectoryGuard, Key, Put, Removal};

/// Who changes a contact center, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    pub cause: Cause,
    pub at: Time,
}

impl By {
    /// Returns whoever operates the server.
    #[must_use]
    pub const fn operator(at: Time) -> Self {
        Self { cause: Cause::Operator, at }
    }
}

/// Returns the change that writes and removes these records, all or nothing, and only if the
/// directory is as it was read. Where nothing is changed, nothing is told of it.
#[must_use]
pub fn change_set(
    directory: DirectoryGuard,
    by: By,
    puts: Vec<Put>,
    removals: Vec<Removal>,
) -> ChangeSet {
    let written = puts.iter().filter_map(|put| {
        let how = if put.expected == 0 { DirectoryChange::Added } else { DirectoryChange::Changed };
        Some(Fact::DirectoryChanged { what: item(&put.record.key())?, how })
    });
    let removed = removals.iter().filter_map(|removal| {
        let how = DirectoryChange::Removed;
        Some(Fact::DirectoryChanged { what: item(&removal.key)?, how })
    });
    let facts: Vec<Fact> = written.chain(removed).collect();
    let event = (!facts.is_empty()).then(|| Event {
        at: by.at,
        cause: by.cause,
        facts,
        subject: Subject::Center(directory.center),
        notices: Vec::new(),
    });
    ChangeSet {
        puts,
        removals,
        directory: Some(directory),
        events: event.into_iter().collect(),
        ..ChangeSet::default()
    }
}

/// Returns what a record is of a contact center; `None` for what is work.
const fn item(key: &Key) -> Option<DirectoryItem> {
    Some(match key {
        Key::Center(id) => DirectoryItem::Center(*id),
        Key::User(id) => DirectoryItem::User(*id),
        Key::Skill(id) => DirectoryItem::Skill(*id),
        Key::Group(id) => DirectoryItem::Group(*id),
        Key::Queue(id) => DirectoryItem::Queue(*id),
        Key::Workbin(id) => DirectoryItem::Workbin(*id),
        Key::Service(id) => DirectoryItem::Service(*id),
        Key::Mailbox(id) => DirectoryItem::Mailbox(*id),
        _ => return None,
    })
}
