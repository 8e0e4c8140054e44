//! Carrying a difference out.

use handoff_domain::{CenterId, Service, UserId, WorkbinId, WorkbinOwner};
use handoff_engine::Directory;
use handoff_store::{
    ChangeSet, CommitError, DirectoryGuard, InteractionQuery, InteractionScope, Key, Record,
    Removal, Store, StoreError,
};

use super::CenterFileError;
use super::difference::{Change, Difference};

/// Most records in one commit. A center of that size is applied all or nothing; a larger one in
/// parts, each of which leaves a consistent state, and applying the file again does the rest.
const COMMIT_LEN_MAX: usize = 1_000;

/// Commits a difference.
pub(super) async fn apply(
    difference: Difference,
    store: &dyn Store,
) -> Result<(), CenterFileError> {
    refuse_what_holds_work(&difference, store).await?;
    let begin = |version| {
        let directory = Some(DirectoryGuard { version, ..difference.directory });
        ChangeSet { directory, ..ChangeSet::default() }
    };
    let mut version = difference.directory.version;
    let mut change = begin(version);
    for item in difference.changes {
        match item {
            Change::Write { put, .. } => change.puts.push(put),
            Change::Remove { removal, record, .. } => {
                if let Record::User(user) = record {
                    change.removals.extend(desk_of(user.id, store).await?);
                }
                change.removals.push(removal);
            }
        }
        if change.puts.len() + change.removals.len() >= COMMIT_LEN_MAX {
            version += 1;
            commit(std::mem::replace(&mut change, begin(version)), store).await?;
        }
    }
    commit(change, store).await
}

async fn commit(change: ChangeSet, store: &dyn Store) -> Result<(), CenterFileError> {
    if change.puts.is_empty() && change.removals.is_empty() {
        return Ok(());
    }
    match store.commit(change).await {
        Ok(_) => Ok(()),
        Err(CommitError::Conflict { key }) => Err(CenterFileError::Conflict(format!("{key:?}"))),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Timer(key)) => Err(CenterFileError::Conflict(format!("{key:?}"))),
        Err(CommitError::Receipt(receipt)) => Err(CenterFileError::Conflict(receipt.scope)),
    }
}

/// Returns the removal of a removed user's desk: nobody would ever end its session.
async fn desk_of(user: UserId, store: &dyn Store) -> Result<Option<Removal>, StoreError> {
    let key = Key::Desk(user);
    let found = store.load(std::slice::from_ref(&key)).await?.pop().flatten();
    Ok(found.map(|desk| Removal { key, version: desk.version }))
}

/// Looks at everything that would be removed before anything is: a half-pruned center helps nobody.
async fn refuse_what_holds_work(
    difference: &Difference,
    store: &dyn Store,
) -> Result<(), CenterFileError> {
    let directory = Directory::load(store).await?;
    let mut in_use = Vec::new();
    for change in &difference.changes {
        let Change::Remove { record, label, .. } = change else { continue };
        if holds_work(record, &directory, store).await? {
            in_use.push(format!("{label} holds interactions"));
        }
        if let Record::Queue(queue) = record {
            let staying =
                directory.services_into(queue.id).filter(|service| !removes(difference, service));
            in_use.extend(
                staying.map(|service| format!("{label} is where service {:?} leads", service.name)),
            );
        }
    }
    if in_use.is_empty() { Ok(()) } else { Err(CenterFileError::InUse(in_use.join(", "))) }
}

/// Tells whether a service goes together with its queue.
fn removes(difference: &Difference, service: &Service) -> bool {
    difference.changes.iter().any(|change| match change {
        Change::Remove { removal, .. } => removal.key == Key::Service(service.id),
        _ => false,
    })
}

pub(super) async fn holds_work(
    record: &Record,
    directory: &Directory,
    store: &dyn Store,
) -> Result<bool, StoreError> {
    for query in questions(record, directory) {
        if !store.interactions(&query).await?.items.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the queries of which none may find anything if a record is to be removed.
fn questions(record: &Record, directory: &Directory) -> Vec<InteractionQuery> {
    let one = |scope| InteractionQuery::of(scope, 1);
    let in_workbin = |id: WorkbinId| one(InteractionScope::InWorkbin(id));
    match record {
        // Not only what waits: what an agent handles goes back to its queue when they are gone.
        Record::Queue(queue) => {
            vec![InteractionQuery {
                queue: Some(queue.id),
                ..one(InteractionScope::Active(queue.center))
            }]
        }
        Record::Workbin(workbin) => match workbin.owner {
            WorkbinOwner::EachAgent => users_of(workbin.center, directory)
                .map(|user| in_workbin(workbin.id.of_owner(user)))
                .collect(),
            WorkbinOwner::Agent(_) | WorkbinOwner::Group(_) => vec![in_workbin(workbin.id)],
        },
        Record::User(user) => {
            let personal = directory.workbins.values().filter(|workbin| {
                workbin.center == user.center && workbin.owner == WorkbinOwner::EachAgent
            });
            let copies = personal.map(|workbin| in_workbin(workbin.id.of_owner(user.id)));
            std::iter::once(one(InteractionScope::HeldBy(user.id))).chain(copies).collect()
        }
        // A chat has copied from its service what it needs.
        Record::Center(_) | Record::Skill(_) | Record::Group(_) | Record::Service(_) => Vec::new(),
        _ => Vec::new(),
    }
}

fn users_of(center: CenterId, directory: &Directory) -> impl Iterator<Item = UserId> {
    directory.users.values().filter(move |user| user.center == center).map(|user| user.id)
}
