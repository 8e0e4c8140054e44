//! A copy has all that its source has, whatever breaks off or changes meanwhile, and until it has,
//! nobody can open it.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use handoff_domain::{Owner, Topic};
use handoff_store::conformance::samples::{
    BEGIN, desk, event, interaction, notice, one_of_each, put, put_interaction, receipt, user_id,
};
use handoff_store::conformance::server::PostgresServer;
use handoff_store::copy::{Cell, Cells, Ends, Seen, StreamHead, Table};
use handoff_store::{
    Bulk, Carried, ChangeSet, Copy, CopyError, GENERATION_JUMP, PostgresBulk, PostgresOptions,
    PostgresStore, PromisedAnswer, Record, Removal, SqliteBulk, SqliteStore, Store, StoreError,
    Timer, TimerKey,
};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::agreement::{do_it, lasting, run, step};
use crate::options;

/// A database of each kind.
struct Places {
    home: TempDir,
    postgres: String,
}

impl Places {
    fn new() -> Self {
        let postgres = PostgresServer::shared().fresh_schema();
        Self { home: TempDir::new().unwrap(), postgres }
    }

    fn sqlite(&self) -> SqliteStore {
        SqliteStore::open(options(&self.home)).unwrap()
    }

    fn sqlite_bulk(&self) -> SqliteBulk {
        SqliteBulk::open(options(&self.home).path).unwrap()
    }

    async fn postgres(&self) -> Result<PostgresStore, StoreError> {
        PostgresStore::open(PostgresOptions::new(self.postgres.clone())).await
    }

    async fn postgres_bulk(&self) -> PostgresBulk {
        let options = PostgresOptions::new(self.postgres.clone());
        PostgresBulk::open(options).await.unwrap()
    }
}

/// A store with something in each of its tables.
async fn fill(store: &dyn Store) {
    let all = ChangeSet {
        puts: one_of_each().into_iter().map(|record| put(record, 0)).collect(),
        timers_set: vec![Timer { key: TimerKey::Grace(user_id(1)), due: BEGIN }],
        receipts: vec![receipt("a\0b\u{1}c", None), receipt("d", Some(BEGIN))],
        events: vec![event(interaction(2), BEGIN, vec![notice(1), notice(2)])],
        promised: vec![PromisedAnswer {
            to: user_id(1),
            topic: Topic::Contacts,
            body: "{}".into(),
            until: BEGIN,
        }],
        ..ChangeSet::default()
    };
    store.commit(all).await.unwrap();
    let mut named = interaction(3);
    named.external_id = Some("\0 and \u{1}".to_owned());
    named.contact = Some("a b".to_owned());
    store.commit(put_interaction(named, 0)).await.unwrap();
    for n in 4..1_300 {
        let change = ChangeSet {
            puts: vec![put(Record::Interaction(interaction(n)), 0)],
            events: vec![event(interaction(n), BEGIN, Vec::new())],
            ..ChangeSet::default()
        };
        store.commit(change).await.unwrap();
    }
}

fn quiet(_: handoff_store::CopyProgress) {}

async fn copied(from: &dyn Bulk, to: &dyn Bulk, salt: &str) -> Result<Vec<Carried>, CopyError> {
    let copy = Copy::begin(from, to, &quiet).await?;
    copy.pass().await?;
    copy.finish(copy.settle().await?, salt).await
}

#[tokio::test]
async fn a_copy_goes_there_and_back_and_goes_on_where_its_source_was() {
    let places = Places::new();
    let source = places.sqlite();
    fill(&source).await;
    let (before, end) = (lasting(&source).await.unwrap(), source.log_end().await.unwrap());
    let head = source.head(Owner::User(user_id(1))).await.unwrap();
    drop(source);
    let carried = copied(&places.sqlite_bulk(), &places.postgres_bulk().await, "1").await.unwrap();
    let rows = |table| carried.iter().find(|it| it.table == table).unwrap().rows;
    assert_eq!((rows("interactions"), rows("history"), rows("receipts")), (1_298, 1_297, 2));
    let there = places.postgres().await.unwrap();
    assert_eq!(lasting(&there).await.unwrap(), before);
    let found = there.receipt("agent1 POST /me/interactions", "a\0b\u{1}c").await.unwrap();
    assert_eq!(found, Some(receipt("a\0b\u{1}c", None)));
    goes_on(&there, end, &head).await;
    let after = lasting(&there).await.unwrap();
    let (end, head) =
        (there.log_end().await.unwrap(), there.head(Owner::User(user_id(1))).await.unwrap());
    there.close().await;
    let back = Places { home: TempDir::new().unwrap(), postgres: String::new() };
    let again = copied(&places.postgres_bulk().await, &back.sqlite_bulk(), "2").await.unwrap();
    let hash = |of: &[Carried], table| of.iter().find(|it| it.table == table).unwrap().hash;
    assert_eq!(hash(&again, "users"), hash(&carried, "users"), "nothing of them was changed");
    let here = back.sqlite();
    assert_eq!(lasting(&here).await.unwrap(), after);
    goes_on(&here, end, &head).await;
    assert!(here.check(|_| {}).await.unwrap().unreadable.is_empty());
}

/// The log goes on behind the source's, and every number is beyond those that were told.
async fn goes_on(copy: &dyn Store, end: handoff_store::LogEnd, head: &handoff_store::Head) {
    let now = copy.log_end().await.unwrap();
    assert_eq!((now.position, now.floor), (end.position, end.position));
    assert_ne!(now.generation, end.generation);
    assert!(copy.log_after(now.position, 9).await.unwrap().items.is_empty());
    let before = copy.log_after(now.position - 1, 9).await.unwrap_err();
    assert!(matches!(before, StoreError::Swept { .. }), "{before:?}");
    let kate = Owner::User(user_id(1));
    let beyond = copy.head(kate).await.unwrap();
    assert_eq!(beyond.position, head.position);
    for (topic, number) in &head.numbers {
        assert_eq!(beyond.numbers[topic], number + GENERATION_JUMP);
    }
    assert!(copy.stream(kate, 0, 9).await.unwrap().items.is_empty());
    let promised = copy.promised_after(0).await.unwrap();
    assert!(promised.to.is_empty() && promised.last > GENERATION_JUMP, "{promised:?}");
    let told = vec![event(interaction(2), BEGIN, vec![notice(1)])];
    let answer =
        PromisedAnswer { to: user_id(1), topic: Topic::Me, body: "{}".into(), until: BEGIN };
    let change = ChangeSet { events: told, promised: vec![answer], ..ChangeSet::default() };
    assert_eq!(copy.commit(change).await.unwrap().position, end.position + 1);
    let rows = copy.stream(kate, 0, 9).await.unwrap().items;
    for (topic, number) in &rows[0].numbers {
        assert_eq!(*number, beyond.numbers[topic] + 1);
    }
    assert_eq!(copy.promised_after(0).await.unwrap().last, promised.last + 1);
}

/// A store that fails after so many writes, tells another end each time, or gives back something
/// else than was written.
struct Odd<'a> {
    inner: &'a dyn Bulk,
    writes_left: AtomicU64,
    ends_step: u64,
    ends_added: AtomicU64,
    changes: Option<&'static str>,
}

impl<'a> Odd<'a> {
    fn of(inner: &'a dyn Bulk) -> Self {
        let (writes_left, ends_added) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
        Self { inner, writes_left, ends_step: 0, ends_added, changes: None }
    }
}

#[async_trait]
impl Bulk for Odd<'_> {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn take(&self) -> Result<bool, StoreError> {
        self.inner.take().await
    }

    async fn is_served(&self) -> Result<bool, StoreError> {
        self.inner.is_served().await
    }

    async fn seen(
        &self,
        table: &'static Table,
        after: &[Cell],
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError> {
        self.inner.seen(table, after, limit).await
    }

    async fn rows(&self, table: &'static Table, keys: &[Cells]) -> Result<Vec<Cells>, StoreError> {
        let mut rows = self.inner.rows(table, keys).await?;
        let wanted = self.changes.unwrap_or("nothing of it");
        for cell in rows.iter_mut().flatten() {
            if matches!(cell, Cell::Text(text) if text.contains(wanted)) {
                *cell = Cell::Text("something else".to_owned());
            }
        }
        Ok(rows)
    }

    async fn write(
        &self,
        table: &'static Table,
        rows: &[Cells],
        gone: &[Cells],
    ) -> Result<(), StoreError> {
        if self.writes_left.fetch_sub(1, Ordering::SeqCst) == 0 {
            let source = "planned by the test".into();
            return Err(StoreError::Unavailable { attempted: "writing", source });
        }
        self.inner.write(table, rows, gone).await
    }

    async fn heads(&self) -> Result<Vec<StreamHead>, StoreError> {
        self.inner.heads().await
    }

    async fn ends(&self) -> Result<Ends, StoreError> {
        let mut ends = self.inner.ends().await?;
        ends.log.position += self.ends_added.fetch_add(self.ends_step, Ordering::SeqCst);
        Ok(ends)
    }

    async fn unfinished(&self) -> Result<Option<String>, StoreError> {
        self.inner.unfinished().await
    }

    async fn begin(&self, source: &str) -> Result<(), StoreError> {
        self.inner.begin(source).await
    }

    async fn finish(&self, ends: Ends, heads: &[StreamHead]) -> Result<(), StoreError> {
        self.inner.finish(ends, heads).await
    }
}

#[tokio::test]
async fn one_that_was_broken_off_is_gone_on_with_and_opened_by_nobody_before() {
    let places = Places::new();
    let source = places.sqlite();
    fill(&source).await;
    let before = lasting(&source).await.unwrap();
    drop(source);
    let (from, to) = (places.sqlite_bulk(), places.postgres_bulk().await);
    for writes in [1, 3, 12] {
        let odd = Odd { writes_left: AtomicU64::new(writes), ..Odd::of(&to) };
        let broken = copied(&from, &odd, "1").await.unwrap_err();
        assert!(matches!(broken, CopyError::Store(_)), "{broken}");
        let refused = places.postgres().await.unwrap_err();
        assert!(refused.to_string().contains("unfinished copy of sqlite:"), "{refused}");
    }
    let other = Places { home: TempDir::new().unwrap(), postgres: String::new() };
    let refused = copied(&other.sqlite_bulk(), &to, "1").await.unwrap_err();
    assert!(matches!(refused, CopyError::OtherSource { .. }), "{refused}");
    let refused = copied(&to, &other.sqlite_bulk(), "1").await.unwrap_err();
    assert!(matches!(refused, CopyError::UnfinishedSource { .. }), "half of it is no source");
    let told = refused.to_string();
    assert!(told.starts_with("postgres://") && told.contains(" an unfinished copy of sqlite:"));
    copied(&from, &to, "1").await.unwrap();
    assert_eq!(lasting(&places.postgres().await.unwrap()).await.unwrap(), before);
    let refused = copied(&from, &to, "1").await.unwrap_err();
    assert!(matches!(refused, CopyError::NotEmpty(_)), "a whole one is not written over");
}

#[tokio::test]
async fn what_changes_while_it_is_copied_is_carried_over_as_well() {
    let places = Places::new();
    let source = places.sqlite();
    fill(&source).await;
    let from = SqliteBulk::open_beside(options(&places.home).path).unwrap();
    let to = places.postgres_bulk().await;
    let copy = Copy::begin(&from, &to, &quiet).await.unwrap();
    copy.pass().await.unwrap();
    let change = ChangeSet {
        puts: vec![put(Record::Interaction(interaction(4)), 1), put(Record::Desk(desk(7)), 0)],
        removals: vec![Removal { key: Record::Interaction(interaction(5)).key(), version: 1 }],
        timers_set: vec![Timer { key: TimerKey::Grace(user_id(1)), due: BEGIN.plus_ms(9) }],
        events: vec![event(interaction(4), BEGIN, vec![notice(1)])],
        ..ChangeSet::default()
    };
    source.commit(change).await.unwrap();
    copy.finish(copy.settle().await.unwrap(), "1").await.unwrap();
    let before = lasting(&source).await.unwrap();
    assert_eq!(lasting(&places.postgres().await.unwrap()).await.unwrap(), before);
}

#[tokio::test]
async fn a_source_that_never_rests_and_a_target_that_changes_what_it_is_given_are_noticed() {
    let places = Places::new();
    let source = places.sqlite();
    fill(&source).await;
    drop(source);
    let (from, to) = (places.sqlite_bulk(), places.postgres_bulk().await);
    let liar = Odd { changes: Some("customer1@example.com"), ..Odd::of(&to) };
    let noticed = copied(&from, &liar, "1").await.unwrap_err();
    assert!(matches!(noticed, CopyError::CameBack { table: "contacts", .. }), "{noticed}");
    let restless = Odd { ends_step: 1, ..Odd::of(&from) };
    let noticed = copied(&restless, &to, "1").await.unwrap_err();
    assert!(matches!(noticed, CopyError::Moving), "{noticed}");
    assert!(places.postgres().await.is_err(), "it is not whole");
}

#[tokio::test]
async fn a_store_that_rests_takes_no_writes_and_is_read_as_ever() {
    let places = Places::new();
    let store = places.sqlite();
    store.commit(put_interaction(interaction(1), 0)).await.unwrap();
    let rest = store.rest().await.unwrap();
    let refused = store.commit(put_interaction(interaction(2), 0)).await.unwrap_err();
    assert!(refused.to_string().contains("committing"), "{refused}");
    store.ready().await.unwrap_err();
    store.sweep(BEGIN, BEGIN, BEGIN, 9).await.unwrap_err();
    let key = Record::Interaction(interaction(1)).key();
    assert!(store.load_one(&key).await.unwrap().is_some());
    drop(rest);
    store.commit(put_interaction(interaction(2), 0)).await.unwrap();
    store.ready().await.unwrap();
}

#[tokio::test]
async fn a_store_that_was_moved_is_opened_again_only_on_purpose() {
    let places = Places::new();
    let store = places.sqlite();
    let rest = store.rest().await.unwrap();
    store.moved(rest, "postgres://there/handoff").unwrap();
    store.commit(put_interaction(interaction(1), 0)).await.unwrap_err();
    drop(store);
    let refused = SqliteStore::open(options(&places.home)).unwrap_err();
    let told = handoff_store::with_causes(&refused);
    assert!(told.contains("was copied to postgres://there/handoff"), "{told}");
    let mark = told.rsplit("remove ").next().unwrap();
    // The copy can still be finished that was broken off.
    let from = places.sqlite_bulk();
    copied(&from, &places.postgres_bulk().await, "1").await.unwrap();
    drop(from);
    std::fs::remove_file(mark).unwrap();
    let store = places.sqlite();
    store.commit(put_interaction(interaction(1), 0)).await.unwrap();
    drop(store);
    let back = Places::new();
    back.sqlite_bulk().mark_moved("elsewhere").unwrap();
    SqliteStore::open(options(&back.home)).unwrap_err();
    let there = back.sqlite_bulk();
    copied(&places.postgres_bulk().await, &there, "1").await.unwrap();
    drop(there);
    assert!(SqliteStore::open(options(&back.home)).is_ok(), "another store is in its place");
}

#[tokio::test]
async fn a_target_takes_one_copy_at_a_time_and_none_once_it_is_whole() {
    let places = Places::new();
    let source = places.sqlite();
    fill(&source).await;
    let from = SqliteBulk::open_beside(options(&places.home).path).unwrap();
    let (to, second) = (places.postgres_bulk().await, places.postgres_bulk().await);
    let copy = Copy::begin(&from, &to, &quiet).await.unwrap();
    let refused = Copy::begin(&from, &second, &quiet).await.unwrap_err();
    assert!(matches!(refused, CopyError::Taken(_)), "{refused}");
    let ends = from.ends().await.unwrap();
    second.finish(ends, &[]).await.unwrap_err();
    copy.finish(copy.settle().await.unwrap(), "1").await.unwrap();
    source.commit(put_interaction(interaction(2_000), 0)).await.unwrap();
    let refused = copy.pass().await.unwrap_err();
    let told = handoff_store::with_causes(&refused);
    assert!(told.contains("another copy made it whole"), "{told}");
    to.finish(ends, &[]).await.unwrap_err();
    drop(to);
    while !second.take().await.unwrap() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_source_that_nodes_began_to_serve_is_not_left_behind() {
    let places = Places::new();
    let source = places.postgres().await.unwrap();
    fill(&source).await;
    let from = places.postgres_bulk().await;
    let home = TempDir::new().unwrap();
    let to = SqliteBulk::open(options(&home).path).unwrap();
    let copy = Copy::begin(&from, &to, &quiet).await.unwrap();
    let node = handoff_domain::Incarnation(7);
    let settled = copy.settle().await.unwrap();
    source.begin_lease(node, 60_000).await.unwrap();
    let refused = copy.finish(settled, "1").await.unwrap_err();
    assert!(matches!(refused, CopyError::Served(_)), "{refused}");
    source.end_lease(node).await.unwrap();
    let settled = copy.settle().await.unwrap();
    let change = ChangeSet {
        puts: vec![put(Record::Interaction(interaction(2_000)), 0)],
        events: vec![event(interaction(2_000), BEGIN, Vec::new())],
        ..ChangeSet::default()
    };
    source.commit(change).await.unwrap();
    let refused = copy.finish(settled, "1").await.unwrap_err();
    assert!(matches!(refused, CopyError::Moving), "{refused}");
    copy.finish(copy.settle().await.unwrap(), "1").await.unwrap();
}

#[test]
fn a_database_is_known_however_it_is_named() {
    let home = TempDir::new().unwrap();
    let named = |path: &str| SqliteBulk::open(home.path().join(path)).unwrap().name().to_owned();
    std::fs::create_dir(home.path().join("a")).unwrap();
    assert_eq!(named("a/../b.db"), named("b.db"));
}

async fn copies_of_anything(steps: Vec<crate::agreement::Step>) {
    let places = Places::new();
    let source = places.sqlite();
    for step in steps {
        do_it(&source, step).await;
    }
    let before = lasting(&source).await.unwrap();
    drop(source);
    copied(&places.sqlite_bulk(), &places.postgres_bulk().await, "1").await.unwrap();
    let there = places.postgres().await.unwrap();
    assert_eq!(lasting(&there).await.unwrap(), before);
    there.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_store_has_its_copy_has(steps in prop::collection::vec(step(), 1..40)) {
        run(copies_of_anything(steps));
    }
}
