//! A change of a contact center's directory as the store takes it: guarded by the directory's
//! version, with the facts of what was changed, and with who changed which fields.

use std::collections::BTreeMap;

use handoff_domain::event::{Cause, DirectoryChange, DirectoryItem, Subject};
use handoff_domain::{Event, Fact, Queue, Service, Time, User};
use handoff_engine::Directory;
use handoff_store::{
    AuditAction, AuditEntry, AuditSource, AuditTarget, AuditTool, ChangeSet, DirectoryGuard, Key,
    Mailbox, Put, Record, Removal, StandardResponse, Webhook, changed_fields,
};

/// Who changes a contact center, when and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub cause: Cause,
    pub at: Time,
    pub source: AuditSource,
}

impl By {
    /// Returns whoever operates the server, by a tool.
    #[must_use]
    pub const fn operator(at: Time, tool: AuditTool) -> Self {
        Self { cause: Cause::Operator, at, source: AuditSource::operator(tool) }
    }
}

/// Records as they are before a change, by their keys.
pub(crate) type Before = BTreeMap<Key, Record>;

/// Returns those of records that are there.
pub(crate) fn before<'a>(directory: &Directory, keys: impl Iterator<Item = &'a Key>) -> Before {
    keys.filter_map(|key| Some((key.clone(), stored(directory, key)?))).collect()
}

/// Returns a record of a directory; nothing of its work is in one.
pub(crate) fn stored(directory: &Directory, key: &Key) -> Option<Record> {
    match key {
        Key::Center(id) => directory.centers.get(id).cloned().map(Record::Center),
        Key::User(id) => directory.users.get(id).map(|user| Record::User(User::clone(user))),
        Key::Skill(id) => directory.skills.get(id).cloned().map(Record::Skill),
        Key::Group(id) => directory.groups.get(id).cloned().map(Record::Group),
        Key::Queue(id) => directory.queues.get(id).map(|queue| Record::Queue(Queue::clone(queue))),
        Key::Workbin(id) => directory.workbins.get(id).cloned().map(Record::Workbin),
        Key::Service(id) => {
            directory.services.get(id).map(|service| Record::Service(Service::clone(service)))
        }
        Key::Mailbox(id) => {
            directory.mailboxes.get(id).map(|mailbox| Record::Mailbox(Mailbox::clone(mailbox)))
        }
        Key::Webhook(id) => {
            directory.webhooks.get(id).map(|webhook| Record::Webhook(Webhook::clone(webhook)))
        }
        Key::StandardResponse(id) => directory
            .responses
            .get(id)
            .map(|it| Record::StandardResponse(StandardResponse::clone(it))),
        _ => None,
    }
}

/// Returns the change that writes and removes these records, all or nothing, and only if the
/// directory is as it was read. Where nothing is changed, nothing is told of it.
#[must_use]
pub fn change_set(
    directory: &Directory,
    guard: DirectoryGuard,
    by: &By,
    puts: Vec<Put>,
    removals: Vec<Removal>,
) -> ChangeSet {
    let written: Vec<Key> = puts.iter().map(|put| put.record.key()).collect();
    let keys = written.iter().chain(removals.iter().map(|removal| &removal.key));
    let before = before(directory, keys);
    change_set_of(guard, by, &before, puts, removals)
}

/// The same where the directory is not at hand any more.
pub(crate) fn change_set_of(
    directory: DirectoryGuard,
    by: &By,
    before: &Before,
    mut puts: Vec<Put>,
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
    let audited = audited(directory, by, before, &puts, &removals);
    puts.extend(audited.into_iter().map(AuditEntry::put));
    ChangeSet {
        puts,
        removals,
        directory: Some(directory),
        events: event.into_iter().collect(),
        ..ChangeSet::default()
    }
}

/// Returns the audit's entries of a change, one for each thing.
fn audited(
    directory: DirectoryGuard,
    by: &By,
    before: &Before,
    puts: &[Put],
    removals: &[Removal],
) -> Vec<AuditEntry> {
    let written = puts.iter().filter_map(|put| {
        let target = AuditTarget::of(&put.record)?;
        let known = before.get(&put.record.key()).filter(|_| put.expected > 0);
        let fields = known.map(|known| changed_fields(known, &put.record)).unwrap_or_default();
        let is_new = put.expected == 0;
        Some((if is_new { AuditAction::Added } else { AuditAction::Changed }, target, fields))
    });
    let removed = removals.iter().filter_map(|removal| {
        let target = AuditTarget::of(before.get(&removal.key)?)?;
        Some((AuditAction::Removed, target, Vec::new()))
    });
    let all = written.chain(removed).zip(0_u64..);
    all.map(|((action, target, fields), number)| {
        // A version is one commit's, and a commit has fewer than 2^16 records.
        let apart = (directory.version << 16) | number;
        let entry =
            AuditEntry::of(directory.center, by.at, apart, action, by.source.clone()).on(target);
        AuditEntry { fields, ..entry }
    })
    .collect()
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
        Key::Webhook(id) => DirectoryItem::Webhook(*id),
        Key::StandardResponse(id) => DirectoryItem::Response(*id),
        _ => return None,
    })
}
