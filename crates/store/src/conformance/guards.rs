//! Version guards, and what "all or nothing" means.

use std::sync::Arc;

use handoff_domain::{Interaction, State};

use super::samples::{
    self, desk, event, interaction, interaction_id, interaction_in, notice, owner, put,
    put_interaction, receipt, subject, user, user_id,
};
use super::{committed, conflict};
use crate::change_set::{ChangeSet, Guard, Timer, TimerKey};
use crate::record::{Key, Record, Version, Versioned};
use crate::store::Store;

const FIRST: Key = Key::Interaction(interaction_id(1));

async fn loaded(store: &dyn Store, key: Key) -> Option<Versioned<Record>> {
    store.load(&[key]).await.expect("loading must succeed").remove(0)
}

async fn version(store: &dyn Store, key: Key) -> Version {
    loaded(store, key).await.map_or(0, |record| record.version)
}

fn renamed(subject: &str) -> Interaction {
    Interaction { subject: Some(subject.to_owned()), ..interaction(1) }
}

fn check(key: Key, version: Version) -> ChangeSet {
    ChangeSet { checks: vec![Guard { key, version }], ..ChangeSet::default() }
}

fn removal(key: Key, version: Version) -> ChangeSet {
    ChangeSet { removals: vec![Guard { key, version }], ..ChangeSet::default() }
}

/// Creating gives version 1.
pub async fn a_created_record_is_loaded_with_version_one(store: Arc<dyn Store>) {
    committed(&*store, put_interaction(interaction(1), 0)).await;
    let expected = Versioned { value: Record::Interaction(interaction(1)), version: 1 };
    assert_eq!(loaded(&*store, FIRST).await, Some(expected));
    assert_eq!(loaded(&*store, Key::Interaction(interaction_id(2))).await, None);
}

/// Each write adds one.
pub async fn versions_grow_by_one(store: Arc<dyn Store>) {
    for expected in 0..4 {
        committed(&*store, put_interaction(renamed(&expected.to_string()), expected)).await;
    }
    let expected = Versioned { value: Record::Interaction(renamed("3")), version: 4 };
    assert_eq!(loaded(&*store, FIRST).await, Some(expected));
}

/// A put on an older or a future version is refused.
pub async fn a_stale_put_changes_nothing(store: Arc<dyn Store>) {
    committed(&*store, put_interaction(interaction(1), 0)).await;
    committed(&*store, put_interaction(interaction(1), 1)).await;
    for wrong in [1, 3, u64::MAX] {
        assert_eq!(conflict(&*store, put_interaction(renamed("lost"), wrong)).await, FIRST);
    }
    let expected = Versioned { value: Record::Interaction(interaction(1)), version: 2 };
    assert_eq!(loaded(&*store, FIRST).await, Some(expected));
}

/// Version zero means that there must be none.
pub async fn creating_what_exists_conflicts(store: Arc<dyn Store>) {
    committed(&*store, put_interaction(interaction(1), 0)).await;
    assert_eq!(conflict(&*store, put_interaction(renamed("lost"), 0)).await, FIRST);
    assert_eq!(
        conflict(&*store, put_interaction(interaction(2), 1)).await,
        Key::Interaction(interaction_id(2))
    );
}

/// A removal is guarded, and what was removed can be created again.
pub async fn removing_needs_the_right_version(store: Arc<dyn Store>) {
    committed(&*store, put_interaction(interaction(1), 0)).await;
    assert_eq!(conflict(&*store, removal(FIRST, 2)).await, FIRST);
    assert_eq!(version(&*store, FIRST).await, 1);
    committed(&*store, removal(FIRST, 1)).await;
    assert_eq!(loaded(&*store, FIRST).await, None);
    committed(&*store, put_interaction(interaction(1), 0)).await;
    assert_eq!(version(&*store, FIRST).await, 1);
}

/// A check refuses the commit and leaves its record alone.
pub async fn a_check_guards_without_writing(store: Arc<dyn Store>) {
    committed(&*store, put_interaction(interaction(1), 0)).await;
    committed(&*store, check(FIRST, 1)).await;
    committed(&*store, check(Key::Desk(user_id(1)), 0)).await;
    assert_eq!(version(&*store, FIRST).await, 1);
    let both = ChangeSet {
        checks: vec![Guard { key: FIRST, version: 2 }],
        ..put_interaction(interaction(2), 0)
    };
    assert_eq!(conflict(&*store, both).await, FIRST);
    assert_eq!(version(&*store, Key::Interaction(interaction_id(2))).await, 0);
}

/// Of several failing guards the least key is named, however they were given.
pub async fn the_first_conflict_in_canonical_order_is_named(store: Arc<dyn Store>) {
    let change = ChangeSet {
        puts: vec![
            put(Record::Interaction(interaction(2)), 5),
            put(Record::Interaction(interaction(1)), 5),
            put(Record::Desk(desk(1)), 0),
        ],
        removals: vec![Guard { key: Key::Desk(user_id(2)), version: 1 }],
        checks: vec![Guard { key: Key::LoginSession("a".to_owned()), version: 1 }],
        ..ChangeSet::default()
    };
    assert_eq!(conflict(&*store, change).await, Key::Desk(user_id(2)));
}

/// When one guard fails nothing of the set is seen: no record, timer, event, number or receipt.
pub async fn a_set_applies_all_or_nothing(store: Arc<dyn Store>) {
    let timer = Timer { key: TimerKey::Grace(user_id(1)), due: samples::BEGIN };
    let change = ChangeSet {
        puts: vec![put(Record::User(user(1)), 0), put(Record::Interaction(interaction(1)), 7)],
        removals: Vec::new(),
        checks: Vec::new(),
        directory: None,
        timers_checked: Vec::new(),
        timers_set: vec![timer],
        timers_cleared: Vec::new(),
        timers_done: Vec::new(),
        timers_put_off: vec![timer],
        events: vec![event(interaction(1), samples::BEGIN, vec![notice(1)])],
        promised: Vec::new(),
        receipts: vec![receipt("k", None)],
        receipts_forgotten: Vec::new(),
    };
    assert_eq!(conflict(&*store, change).await, FIRST);
    assert_eq!(version(&*store, Key::User(user_id(1))).await, 0);
    assert_eq!(store.timers(samples::BEGIN, 9).await.expect("timers"), (Vec::new(), None));
    assert_eq!(store.head(owner(1)).await.expect("head"), crate::query::Head::default());
    assert!(store.history(subject(1), 0, 9).await.expect("history").items.is_empty());
    let nothing = receipt("k", None);
    assert_eq!(store.receipt(&nothing.scope, &nothing.key).await.expect("receipt"), None);
}

/// Sets that are handed in together are applied one after another: a chain of versions goes through
/// whichever batch it falls into.
pub async fn a_later_set_sees_an_earlier_one(store: Arc<dyn Store>) {
    let names: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let chain = names
        .iter()
        .zip(0..)
        .map(|(name, expected)| store.commit(put_interaction(renamed(name), expected)));
    // The futures are polled in order, so the sets wait in the order of their versions while the
    // first is being written.
    for outcome in futures(chain).await {
        outcome.expect("each set must see the one before it");
    }
    assert_eq!(version(&*store, FIRST).await, 50);
}

/// Polls all futures together, in order at first, and waits for all.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = all.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = pending.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in pending.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = future.as_mut().poll(context)
            {
                *slot = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// However many try at once, exactly one commit follows each version.
pub async fn of_many_writers_of_one_version_one_wins(store: Arc<dyn Store>) {
    let winners =
        futures((0..40).map(|n| store.commit(put_interaction(renamed(&n.to_string()), 0))));
    let won: Vec<_> = winners.await.into_iter().filter(Result::is_ok).collect();
    assert_eq!(won.len(), 1);
    assert_eq!(version(&*store, FIRST).await, 1);
}

/// Failing sets among good ones drop out alone.
pub async fn a_failed_set_takes_no_neighbour_down(store: Arc<dyn Store>) {
    let outcomes = futures((0..60).map(|n| {
        let expected = if n % 3 == 0 { 9 } else { 0 };
        let told = event(interaction(n), samples::BEGIN, vec![notice(1)]);
        store.commit(ChangeSet { events: vec![told], ..put_interaction(interaction(n), expected) })
    }))
    .await;
    for (n, outcome) in outcomes.into_iter().enumerate() {
        assert_eq!(outcome.is_ok(), n % 3 != 0, "set {n}: {outcome:?}");
    }
    let stream = store.stream(owner(1), 0, 99).await.expect("stream");
    let numbers: Vec<u64> = stream.items.iter().map(|row| row.numbers[0].1).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

/// A read that starts after the answer sees the commit, from whatever thread.
pub async fn what_is_acknowledged_is_read(store: Arc<dyn Store>) {
    let tasks = (1..5).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for expected in 0..50 {
                let state = State::Handling(samples::handling(expected));
                committed(&*store, put_interaction(interaction_in(n, state), expected)).await;
                assert_eq!(
                    version(&*store, Key::Interaction(interaction_id(n))).await,
                    expected + 1
                );
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("the task must not panic");
    }
}
