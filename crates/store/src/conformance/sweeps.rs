//! Forgetting.

use std::sync::Arc;

use handoff_domain::{Time, Topic};

use super::samples::chats::marks;
use super::samples::{
    audit_entry, claim, event, interaction, login, notice, owner, put, put_interaction, receipt,
    subject,
};
use super::{committed, oldest};
use crate::change_set::{ChangeSet, Removal};
use crate::record::{Key, Record};
use crate::store::{Store, SweepReport};

/// Before everything.
const NEVER: Time = Time(i64::MIN);

/// What happened to it goes with an interaction, but for what a reader of the log still finds.
pub async fn the_history_of_what_is_removed_goes_with_it(store: Arc<dyn Store>) {
    for one in [1, 2] {
        committed(&*store, put_interaction(interaction(one), 0)).await;
    }
    tell(&*store, 1, &[1]).await;
    sweep_streams(&*store, 2, 99).await;
    let kept = tell(&*store, 3, &[1]).await;
    let others = vec![event(interaction(2), Time(3), Vec::new())];
    committed(&*store, ChangeSet { events: others, ..ChangeSet::default() }).await;
    let removals = vec![Removal { key: Key::Interaction(interaction(1).id), version: 1 }];
    committed(&*store, ChangeSet { removals, ..ChangeSet::default() }).await;
    let history = store.history(subject(1), 0, 9).await.expect("history");
    let positions: Vec<u64> = history.items.iter().map(|entry| entry.position).collect();
    assert_eq!(positions, [kept]);
    assert_eq!(store.history(subject(2), 0, 9).await.expect("history").items.len(), 1);
    let log = store.log_after(kept - 1, 9).await.expect("log");
    assert_eq!(log.items.len(), 2, "whoever reads it goes on");
}

async fn tell(store: &dyn Store, at: i64, users: &[u64]) -> u64 {
    let events = vec![event(interaction(1), Time(at), users.iter().copied().map(notice).collect())];
    committed(store, ChangeSet { events, ..ChangeSet::default() }).await.position
}

async fn sweep_streams(store: &dyn Store, before: i64, limit: usize) -> (u64, u64) {
    let swept = store.sweep(NEVER, Time(before), NEVER, limit).await.expect("sweep");
    let SweepReport { log_entries, stream_rows, .. } = swept;
    assert_eq!(swept.total(), log_entries + stream_rows, "nothing else goes with them");
    (stream_rows, log_entries)
}

async fn kept(store: &dyn Store, user: u64) -> Vec<u64> {
    let page = store.stream(owner(user), 0, 99).await.expect("stream");
    page.items.iter().map(|row| row.numbers[0].1).collect()
}

/// Numbers are never given again, and the oldest that is kept is known.
pub async fn old_rows_go_and_numbering_goes_on(store: Arc<dyn Store>) {
    for at in 1..=4 {
        tell(&*store, at, &[1]).await;
    }
    let last = tell(&*store, 2, &[2]).await;
    assert_eq!(sweep_streams(&*store, 3, 99).await, (2, 2));
    assert_eq!(kept(&*store, 1).await, [3, 4]);
    let third = [(Topic::Interactions, 3), (Topic::Emails, 3)].into();
    assert_eq!(oldest(&*store, owner(1)).await, third);
    assert_eq!(sweep_streams(&*store, 9, 99).await, (3, 3));
    assert!(oldest(&*store, owner(1)).await.is_empty() && kept(&*store, 1).await.is_empty());
    assert_eq!(store.head(owner(1)).await.expect("head").numbers[&Topic::Interactions], 4);
    assert!(tell(&*store, 9, &[1]).await > last);
    assert_eq!(kept(&*store, 1).await, [5]);
    assert_eq!(oldest(&*store, owner(1)).await[&Topic::Interactions], 5);
}

/// What happened is kept for good.
pub async fn history_outlives_the_snapshot(store: Arc<dyn Store>) {
    let position = tell(&*store, 1, &[1]).await;
    let before = store.history(subject(1), 0, 9).await.expect("history");
    assert_eq!(sweep_streams(&*store, 9, 9).await, (1, 1));
    assert_eq!(store.history(subject(1), 0, 9).await.expect("history"), before);
    assert_eq!(before.items[0].position, position);
}

/// Set back the clock, and what came after the step is kept until what came before it may go.
pub async fn a_sweep_stops_at_the_first_young_event(store: Arc<dyn Store>) {
    for at in [1, 8, 2] {
        tell(&*store, at, &[1]).await;
    }
    assert_eq!(sweep_streams(&*store, 5, 99).await, (1, 1));
    assert_eq!(kept(&*store, 1).await, [2, 3]);
    assert_eq!(sweep_streams(&*store, 8, 99).await, (0, 0));
    assert_eq!(sweep_streams(&*store, 9, 99).await, (2, 2));
}

/// Entries go whole; so many that the limit of entries, or of rows, is reached.
pub async fn a_sweep_removes_no_more_than_its_limit(store: Arc<dyn Store>) {
    tell(&*store, 1, &[1, 2, 1]).await;
    for _ in 0..4 {
        tell(&*store, 1, &[2]).await;
    }
    tell(&*store, 1, &[]).await;
    assert_eq!(sweep_streams(&*store, 9, 0).await, (0, 0));
    assert_eq!(sweep_streams(&*store, 9, 2).await, (3, 1), "an entry goes whole");
    assert_eq!((kept(&*store, 1).await, kept(&*store, 2).await), (vec![], vec![2, 3, 4, 5]));
    assert_eq!(sweep_streams(&*store, 9, 2).await, (2, 2));
    assert_eq!(sweep_streams(&*store, 9, 3).await, (2, 3));
    assert_eq!(sweep_streams(&*store, 9, 2).await, (0, 0));
}

/// Receipts go when they have expired, sessions when they were not used, oldest first.
pub async fn receipts_and_logins_are_swept(store: Arc<dyn Store>) {
    let logins = [("a", 3), ("b", 1), ("c", 5)]
        .map(|(id, used)| Record::LoginSession(login(id, Time(used))));
    let change = ChangeSet {
        puts: logins.into_iter().map(|login| put(login, 0)).collect(),
        receipts: vec![
            receipt("later", Some(Time(5))),
            receipt("first", Some(Time(1))),
            receipt("second", Some(Time(3))),
            receipt("never", None),
        ],
        ..ChangeSet::default()
    };
    committed(&*store, change).await;
    let sweep = async |limit| store.sweep(Time(3), NEVER, Time(5), limit).await.expect("sweep");
    let of = |receipts, login_sessions| SweepReport {
        receipts,
        login_sessions,
        ..SweepReport::default()
    };
    let left = async || {
        let scope = receipt("", None).scope;
        let mut left = Vec::new();
        for key in ["first", "second", "later", "never"] {
            left.extend(store.receipt(&scope, key).await.expect("receipt").map(|_| key));
        }
        for id in ["a", "b", "c"] {
            let key = Key::LoginSession(id.to_owned());
            left.extend(store.load(&[key]).await.expect("load").remove(0).map(|_| id));
        }
        left
    };
    assert_eq!(sweep(1).await, of(1, 1));
    assert_eq!(left().await, ["second", "later", "never", "a", "c"]);
    assert_eq!(sweep(9).await, of(1, 1));
    assert_eq!(left().await, ["later", "never", "c"]);
    assert_eq!(sweep(9).await.total(), 0);
}

/// A claim goes when it has ended: nobody needs to know of it to make another.
pub async fn claims_that_ended_are_swept(store: Arc<dyn Store>) {
    let claims = [("a", 3), ("b", 1), ("c", 5)].map(|(key, until)| claim(key, Time(until)));
    let puts = claims.into_iter().map(|claim| put(Record::Claim(claim), 0)).collect();
    committed(&*store, ChangeSet { puts, ..ChangeSet::default() }).await;
    let sweep = async |limit| store.sweep(Time(3), NEVER, NEVER, limit).await.expect("sweep");
    let left = async || {
        let keys = ["a", "b", "c"].map(|key| Key::Claim(key.to_owned()));
        store.versions(&keys).await.expect("versions")
    };
    assert_eq!(sweep(1).await, SweepReport { claims: 1, ..SweepReport::default() });
    assert_eq!(left().await, [1, 0, 1]);
    assert_eq!(sweep(9).await, SweepReport { claims: 1, ..SweepReport::default() });
    assert_eq!(left().await, [0, 0, 1]);
    assert_eq!(sweep(9).await.total(), 0);
}

/// What was left in a chat goes when it was not written for long.
pub async fn marks_of_chats_are_swept(store: Arc<dyn Store>) {
    let marks = [(1, 3), (2, 1), (3, 5)].map(|(chat, until)| marks(chat, Time(until)));
    let keys = marks.clone().map(|marks| Key::ChatMarks(marks.chat));
    let puts = marks.into_iter().map(|marks| put(Record::ChatMarks(marks), 0)).collect();
    committed(&*store, ChangeSet { puts, ..ChangeSet::default() }).await;
    let sweep = async |limit| store.sweep(Time(3), NEVER, NEVER, limit).await.expect("sweep");
    let left = async || store.versions(&keys).await.expect("versions");
    assert_eq!(sweep(1).await, SweepReport { chat_marks: 1, ..SweepReport::default() });
    assert_eq!(left().await, [1, 0, 1]);
    assert_eq!(sweep(9).await, SweepReport { chat_marks: 1, ..SweepReport::default() });
    assert_eq!(left().await, [0, 0, 1]);
    assert_eq!(sweep(9).await.total(), 0);
}

/// An audit entry goes when it was kept for as long as it has to be.
pub async fn audit_entries_are_swept(store: Arc<dyn Store>) {
    let entries = [(1, 3), (2, 1), (3, 5)].map(|(at, until)| audit_entry(Time(at), Time(until)));
    let keys = entries.clone().map(|entry| Key::AuditEntry(entry.id));
    let puts = entries.into_iter().map(|entry| put(Record::AuditEntry(entry), 0)).collect();
    committed(&*store, ChangeSet { puts, ..ChangeSet::default() }).await;
    let sweep = async |limit| store.sweep(Time(3), NEVER, NEVER, limit).await.expect("sweep");
    let left = async || store.versions(&keys).await.expect("versions");
    assert_eq!(sweep(1).await, SweepReport { audit_entries: 1, ..SweepReport::default() });
    assert_eq!(left().await, [1, 0, 1]);
    assert_eq!(sweep(9).await, SweepReport { audit_entries: 1, ..SweepReport::default() });
    assert_eq!(left().await, [0, 0, 1]);
    assert_eq!(sweep(9).await.total(), 0);
}
