//! Records of every kind, lists of them, and the store as a whole.

use std::sync::Arc;

use handoff_domain::{CenterId, Time};

use super::committed;
use super::samples::chats::{email_terms, open_media_terms, service};
use super::samples::{
    self, desk, interaction, interaction_id, login, one_of_each, put, put_interaction, user,
    user_id,
};
use crate::change_set::ChangeSet;
use crate::error::{CommitError, StoreError};
use crate::record::{AuditEntry, Key, Kind, LoginSession, Part, Record, Versioned};
use crate::store::Store;

fn create(records: impl IntoIterator<Item = Record>) -> ChangeSet {
    ChangeSet {
        puts: records.into_iter().map(|record| put(record, 0)).collect(),
        ..ChangeSet::default()
    }
}

/// What does not exist has version zero.
pub async fn versions_are_told_in_the_order_asked(store: Arc<dyn Store>) {
    let desks = [1, 2].map(|n| put(Record::Desk(desk(n)), 0));
    committed(&*store, ChangeSet { puts: desks.into(), ..ChangeSet::default() }).await;
    let again = vec![put(Record::Desk(desk(2)), 1)];
    committed(&*store, ChangeSet { puts: again, ..ChangeSet::default() }).await;
    let keys = [Key::Desk(user_id(2)), Key::User(user_id(1)), Key::Desk(user_id(1))];
    assert_eq!(store.versions(&keys).await.expect("versions"), [2, 0, 1]);
    assert!(store.versions(&[]).await.expect("versions").is_empty());
}

/// Nothing is lost or altered by storing it.
pub async fn every_kind_comes_back_as_it_went_in(store: Arc<dyn Store>) {
    committed(&*store, create(one_of_each())).await;
    for record in one_of_each() {
        let key = record.key();
        assert_eq!(record.directory().is_some(), key.kind().part() == Part::Directory, "{key:?}");
        let loaded = store.load(std::slice::from_ref(&key)).await.expect("load").remove(0);
        assert_eq!(loaded, Some(Versioned { value: record.clone(), version: 1 }));
        let listed = store.list(key.kind(), None, 9).await.expect("list");
        assert_eq!(listed.items, [Versioned { value: record, version: 1 }]);
        assert!(!listed.more);
    }
}

/// The terms of each kind of service are kept.
pub async fn services_of_every_kind_come_back(store: Arc<dyn Store>) {
    let services = [service(1, email_terms()), service(2, open_media_terms())].map(Record::Service);
    committed(&*store, create(services.clone())).await;
    let listed = store.list(Kind::Service, None, 9).await.expect("list").items;
    assert_eq!(listed.into_iter().map(|service| service.value).collect::<Vec<_>>(), services);
}

/// One answer for each key, in place.
pub async fn loading_keeps_the_order_asked(store: Arc<dyn Store>) {
    committed(&*store, create([Record::User(user(1)), Record::User(user(2))])).await;
    let keys = [2, 7, 1, 2].map(|n| Key::User(user_id(n)));
    let loaded = store.load(&keys).await.expect("load");
    let found: Vec<_> =
        loaded.into_iter().map(|record| record.map(|record| record.value.key())).collect();
    let [second, _, first, _] = keys;
    assert_eq!(found, [Some(second.clone()), None, Some(first), Some(second)]);
    assert!(store.load(&[]).await.expect("load").is_empty());
}

async fn listed(
    store: &dyn Store,
    kind: Kind,
    after: Option<Key>,
    limit: usize,
) -> (Vec<Key>, bool) {
    let page = store.list(kind, after, limit).await.expect("list");
    (page.items.into_iter().map(|record| record.value.key()).collect(), page.more)
}

/// Pages go on after the last key of the one before and say whether there are more.
pub async fn lists_are_pages_in_order_of_keys(store: Arc<dyn Store>) {
    committed(&*store, create([3, 1, 5, 2, 4].map(|n| Record::User(user(n))))).await;
    committed(
        &*store,
        create(["b", "B", "a b"].map(|id| Record::LoginSession(login(id, samples::BEGIN)))),
    )
    .await;
    let key = |n| Key::User(user_id(n));
    assert_eq!(listed(&*store, Kind::User, None, 2).await, (vec![key(1), key(2)], true));
    assert_eq!(listed(&*store, Kind::User, Some(key(2)), 2).await, (vec![key(3), key(4)], true));
    assert_eq!(listed(&*store, Kind::User, Some(key(4)), 2).await, (vec![key(5)], false));
    assert!(!listed(&*store, Kind::User, None, 5).await.1);
    let logins = ["B", "a b", "b"].map(|id| Key::LoginSession(id.to_owned()));
    assert_eq!(listed(&*store, Kind::LoginSession, None, 9).await, (logins.to_vec(), false));
}

/// Keys of all kinds have one order, and a list starts where the given key stands in it.
pub async fn a_list_can_start_after_a_key_of_another_kind(store: Arc<dyn Store>) {
    committed(&*store, create([Record::User(user(1))])).await;
    let before = Key::Center(CenterId(u128::MAX));
    assert_eq!(listed(&*store, Kind::User, Some(before), 9).await.0.len(), 1);
    let behind = Key::Interaction(interaction_id(0));
    assert_eq!(listed(&*store, Kind::User, Some(behind), 9).await, (Vec::new(), false));
}

/// After closing, reads and writes fail; closing again does not.
pub async fn a_closed_store_refuses(store: Arc<dyn Store>) {
    committed(&*store, put_interaction(interaction(1), 0)).await;
    store.close().await;
    store.close().await;
    let refused = store.commit(put_interaction(interaction(2), 0)).await;
    assert!(
        matches!(refused, Err(CommitError::Store(StoreError::Unavailable { .. }))),
        "{refused:?}"
    );
    let refused = store.load(&[Key::Interaction(interaction_id(1))]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    store.ready().await.expect_err("a closed store is not ready");
}

/// A store that nothing happened to can take commits.
pub async fn a_fresh_store_is_ready(store: Arc<dyn Store>) {
    store.ready().await.expect("ready");
    committed(&*store, create(one_of_each())).await;
    store.ready().await.expect("ready");
}

/// Those of one user alone, the last used first, and what was written last of each.
pub async fn login_sessions_are_found_by_their_user(store: Arc<dyn Store>) {
    let of = |id: &str, user, used| {
        let session = LoginSession { user: samples::user_id(user), ..login(id, Time(used)) };
        Record::LoginSession(session)
    };
    committed(&*store, create([of("a", 1, 3), of("b", 2, 9), of("c", 1, 5), of("d", 1, 5)])).await;
    let again = ChangeSet { puts: vec![put(of("a", 1, 7), 1)], ..ChangeSet::default() };
    committed(&*store, again).await;
    let found = async |user, limit| {
        let found = store.logins_of(samples::user_id(user), limit).await.expect("logins");
        found.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(found(1, 9).await, ["a", "d", "c"]);
    assert_eq!(found(1, 2).await, ["a", "d"]);
    assert_eq!(found(2, 9).await, ["b"]);
    assert_eq!(found(3, 9).await, Vec::<String>::new());
}

/// By their keys, a contact center's newest entry first.
pub async fn audit_entries_are_listed_newest_first(store: Arc<dyn Store>) {
    let entries = [1, 3, 2].map(|at| samples::audit_entry(Time(at), Time(9)));
    committed(&*store, create(entries.map(Record::AuditEntry))).await;
    let times = async |newest| {
        let after = AuditEntry::before(samples::CENTER, newest);
        let page = store.list(Kind::AuditEntry, Some(after), 9).await.expect("a list");
        let at = page.items.into_iter().map(|item| match item.value {
            Record::AuditEntry(entry) => entry.at,
            other => panic!("{other:?}"),
        });
        at.collect::<Vec<_>>()
    };
    assert_eq!(times(None).await, [3, 2, 1].map(Time));
    assert_eq!(times(Some(Time(2))).await, [2, 1].map(Time));
}
