//! Timers.

use std::collections::BTreeSet;
use std::sync::Arc;

use handoff_domain::Time;
use handoff_domain::interaction::decide::TimerKind;

use super::committed;
use super::samples::{interaction_id, user_id};
use crate::change_set::{ChangeSet, Guard, Timer, TimerKey};
use crate::error::CommitError;
use crate::store::Store;

const fn offer(n: u64, number: u64) -> TimerKey {
    TimerKey::Interaction(interaction_id(n), TimerKind::Offer { number })
}

const fn handling(n: u64) -> TimerKey {
    TimerKey::Handling(user_id(n))
}

const fn of_chat(n: u64, kind: TimerKind) -> TimerKey {
    TimerKey::Interaction(interaction_id(n), kind)
}

const fn grace(n: u64) -> TimerKey {
    TimerKey::Grace(user_id(n))
}

fn set(timers: &[(TimerKey, i64)]) -> ChangeSet {
    let timers_set = timers.iter().map(|(key, due)| Timer { key: *key, due: Time(*due) }).collect();
    ChangeSet { timers_set, ..ChangeSet::default() }
}

/// Clears timers of subjects that do not exist.
fn clear(timers_cleared: Vec<TimerKey>) -> ChangeSet {
    let keys: BTreeSet<_> = timers_cleared.iter().map(TimerKey::subject).collect();
    let checks = keys.into_iter().map(|key| Guard { key, version: 0 }).collect();
    ChangeSet { timers_cleared, checks, ..ChangeSet::default() }
}

async fn due(store: &dyn Store, now: i64, limit: usize) -> (Vec<(TimerKey, i64)>, Option<i64>) {
    let (due, next) = store.timers(Time(now), limit).await.expect("timers");
    (due.into_iter().map(|timer| (timer.key, timer.due.0)).collect(), next.map(|next| next.0))
}

/// What is due now comes in order of time, and the time of the first that does not come is told.
pub async fn due_timers_come_earliest_first(store: Arc<dyn Store>) {
    assert_eq!(due(&*store, i64::MAX, 9).await, (Vec::new(), None));
    committed(
        &*store,
        set(&[(offer(1, 1), 30), (grace(1), 10), (handling(1), 20), (grace(2), -5)]),
    )
    .await;
    assert_eq!(due(&*store, -6, 9).await, (Vec::new(), Some(-5)));
    let (early, next) = due(&*store, 20, 9).await;
    assert_eq!(early, [(grace(2), -5), (grace(1), 10), (handling(1), 20)]);
    assert_eq!(next, Some(30));
    assert_eq!(due(&*store, 30, 2).await, (vec![(grace(2), -5), (grace(1), 10)], Some(20)));
    assert_eq!(due(&*store, 30, 4).await.1, None);
}

/// The order is total, so that pages and stores agree.
pub async fn timers_of_one_time_come_in_order_of_their_names(store: Arc<dyn Store>) {
    let (silence, idle) = (of_chat(2, TimerKind::CustomerSilence), of_chat(2, TimerKind::ChatIdle));
    let of_agents =
        [grace(2), handling(2), offer(2, 10), offer(2, 9), grace(1), handling(1), offer(3, 1)];
    let mut names: Vec<_> = [idle, silence].into_iter().chain(of_agents).collect();
    committed(&*store, set(&names.iter().map(|name| (*name, 5)).collect::<Vec<_>>())).await;
    names.sort();
    let found: Vec<_> = due(&*store, 5, 9).await.0.into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, names);
}

/// There is one timer for each name.
pub async fn setting_again_replaces(store: Arc<dyn Store>) {
    committed(&*store, set(&[(offer(1, 1), 10)])).await;
    committed(&*store, set(&[(offer(1, 1), 50), (offer(1, 2), 60)])).await;
    assert_eq!(due(&*store, 100, 9).await.0, [(offer(1, 1), 50), (offer(1, 2), 60)]);
}

/// Clearing takes exactly the named one.
pub async fn clearing_removes_and_a_missing_one_is_no_error(store: Arc<dyn Store>) {
    committed(&*store, set(&[(offer(1, 1), 10), (handling(1), 20), (grace(1), 30)])).await;
    committed(&*store, clear(vec![offer(1, 1), offer(1, 7), grace(8)])).await;
    assert_eq!(due(&*store, 100, 9).await.0, [(handling(1), 20), (grace(1), 30)]);
}

/// A set that clears and sets one name leaves it set.
pub async fn clearing_comes_before_setting(store: Arc<dyn Store>) {
    committed(&*store, set(&[(handling(1), 10)])).await;
    committed(
        &*store,
        ChangeSet { timers_set: set(&[(handling(1), 40)]).timers_set, ..clear(vec![handling(1)]) },
    )
    .await;
    assert_eq!(due(&*store, 100, 9).await.0, [(handling(1), 40)]);
}

/// One that was set anew after it was read is another. The control clears it by its name, and
/// loses it.
pub async fn a_timer_that_was_set_anew_survives_who_read_it_before(store: Arc<dyn Store>) {
    for (n, clears_by_name) in [(1, false), (2, true)] {
        committed(&*store, set(&[(handling(n), 10), (grace(n), 10)])).await;
        let (read, _) = store.timers(Time(10), 9).await.expect("timers");
        committed(&*store, set(&[(handling(n), 50)])).await;
        let by_name = || clear(read.iter().map(|timer| timer.key).collect());
        let as_read = ChangeSet { timers_done: read.clone(), ..ChangeSet::default() };
        committed(&*store, if clears_by_name { by_name() } else { as_read }).await;
    }
    assert_eq!(due(&*store, 100, 9).await.0, [(handling(1), 50)]);
}

fn put_off(timers: &[(TimerKey, i64)]) -> ChangeSet {
    let put_off = set(timers);
    ChangeSet { timers_put_off: put_off.timers_set, ..ChangeSet::default() }
}

/// Whoever puts a timer off never makes it due earlier, whoever else does so at the same time.
pub async fn putting_off_keeps_the_later_time(store: Arc<dyn Store>) {
    committed(&*store, set(&[(handling(1), 10), (handling(2), 50)])).await;
    committed(&*store, put_off(&[(handling(1), 40), (handling(2), 40), (handling(3), 40)])).await;
    let later = [(handling(1), 40), (handling(3), 40), (handling(2), 50)];
    assert_eq!(due(&*store, 100, 9).await.0, later);
    committed(&*store, put_off(&[(handling(1), 20), (handling(3), 41)])).await;
    let later = [(handling(1), 40), (handling(3), 41), (handling(2), 50)];
    assert_eq!(due(&*store, 100, 9).await.0, later);
}

/// What a timer causes does not take place when the timer is not as it was read.
pub async fn a_checked_timer_must_be_as_it_was_read(store: Arc<dyn Store>) {
    committed(&*store, set(&[(handling(1), 10)])).await;
    let caused = |due| {
        let checked = set(&[(handling(1), due)]);
        ChangeSet { timers_checked: checked.timers_set, ..set(&[(grace(1), 20)]) }
    };
    committed(&*store, put_off(&[(handling(1), 11)])).await;
    let refused = store.commit(caused(10)).await;
    assert!(matches!(refused, Err(CommitError::Timer(key)) if key == handling(1)), "{refused:?}");
    assert_eq!(due(&*store, 100, 9).await.0, [(handling(1), 11)], "nothing of it took place");
    committed(&*store, caused(11)).await;
    committed(&*store, clear(vec![handling(1)])).await;
    assert!(store.commit(caused(11)).await.is_err(), "one that is gone is not as it was");
    assert_eq!(due(&*store, 100, 9).await.0, [(grace(1), 20)]);
}
