//! The log and its readers.
//!
//! What several committers must keep is said of any number of stores: whoever shares one database
//! between processes runs these with one store for each.

use std::sync::Arc;

use handoff_domain::{CenterId, Event, GroupId, Notice, Owner, Time, Topic};

use super::samples::chats::{chat, entry, heard, said, shown, text};
use super::samples::{
    BEGIN, CENTER, center_event, desk, desk_event, desk_facts, event, interaction, notice, owner,
    put_interaction, subject, user_id,
};
use super::{committed, conflict, oldest};
use crate::change_set::ChangeSet;
use crate::error::StoreError;
use crate::log::{GENERATION_JUMP, LogEntry, SubjectKey, Told};
use crate::query::{PAGE_BYTES_MAX, Page};
use crate::store::Store;

/// Before everything, for what is not to be swept.
const NEVER: Time = Time(i64::MIN);

fn appending(events: Vec<Event>) -> ChangeSet {
    ChangeSet { events, ..ChangeSet::default() }
}

/// Tells each owner once, in one event of the n-th interaction.
fn tell(n: u64, owners: &[Owner]) -> ChangeSet {
    let notices = owners.iter().map(|to| Notice { to: *to, ..notice(1) }).collect();
    appending(vec![event(interaction(n), BEGIN, notices)])
}

async fn log(store: &dyn Store, after: u64, limit: usize) -> Page<LogEntry> {
    store.log_after(after, limit).await.expect("the log")
}

fn positions(page: &Page<LogEntry>) -> Vec<u64> {
    page.items.iter().map(|entry| entry.position).collect()
}

async fn sweep(store: &dyn Store, before: i64, limit: usize) -> u64 {
    store.sweep(NEVER, Time(before), NEVER, limit).await.expect("sweep").log_entries
}

/// An entry is the event, whether or not anybody is told.
pub async fn an_entry_carries_the_event(store: Arc<dyn Store>) {
    assert!(
        store.log_end().await.expect("end").position == 0
            && log(&*store, 0, 9).await.items.is_empty()
    );
    let told = event(interaction(1), BEGIN, vec![notice(1), notice(2), notice(1)]);
    let quiet = event(interaction(2), Time(7), Vec::new());
    let away = desk_event(desk(1), BEGIN, Vec::new());
    let spoken = said(chat(3), BEGIN, vec![entry(1, text("first"))], vec![heard(1)]);
    let again = shown(chat(3), BEGIN, vec![entry(1, text("first"))], vec![heard(2)]);
    let events = vec![told, quiet, away, spoken, again];
    committed(&*store, appending(events.clone())).await;
    let expected: Vec<LogEntry> = (1..)
        .zip(&events)
        .map(|(position, event)| LogEntry {
            position,
            at: event.at,
            subject: SubjectKey::of(&event.subject),
            told: event.notices.iter().map(|notice| notice.to).collect(),
            cause: event.cause,
            facts: event.facts.clone(),
            epoch: [1, 1, 0, chat(3).epoch, 0][usize::try_from(position - 1).expect("few")],
        })
        .collect();
    assert_eq!(log(&*store, 0, 9).await, Page { items: expected.clone(), more: false });
    assert_eq!(log(&*store, 2, 2).await, Page { items: expected[2..4].to_vec(), more: true });
    assert_eq!(positions(&log(&*store, 5, 9).await), [0_u64; 0]);
    assert_eq!(store.log_end().await.expect("end").position, 5);
}

/// What became of a desk's session and channels, and of a center, is kept for good like an
/// interaction's; other changes of a desk have an entry in the log alone.
pub async fn desks_and_centers_have_a_history(store: Arc<dyn Store>) {
    let began = Event { facts: desk_facts(), ..desk_event(desk(1), BEGIN, vec![notice(1)]) };
    let watched = desk_event(desk(1), BEGIN, Vec::new());
    let center = center_event(BEGIN);
    let other = Event { facts: desk_facts(), ..desk_event(desk(2), BEGIN, Vec::new()) };
    let events = vec![began.clone(), watched, center.clone(), other];
    committed(&*store, appending(events)).await;
    for (key, position, expected) in
        [(SubjectKey::Desk(user_id(1)), 1, &began), (SubjectKey::Center(CENTER), 3, &center)]
    {
        let history = store.history(key, 0, 9).await.expect("history").items;
        assert_eq!(history.len(), 1, "{key:?}");
        assert_eq!((history[0].position, history[0].epoch), (position, 0));
        assert_eq!((history[0].cause, &history[0].facts), (expected.cause, &expected.facts));
    }
    assert_eq!(sweep(&*store, BEGIN.0 + 1, 99).await, 4);
    let history = store.history(SubjectKey::Desk(user_id(2)), 0, 9).await.expect("history");
    assert_eq!(history.items.len(), 1);
}

/// Who was told of what is found without reading what it was, in pages that end at any position.
pub async fn who_was_told_is_found_in_order(store: Arc<dyn Store>) {
    for owners in [vec![owner(3)], vec![], vec![owner(4), owner(2)], vec![owner(3)]] {
        committed(&*store, tell(1, &owners)).await;
    }
    let told = |position, owners: &[Owner]| Told {
        position,
        subject: subject(1),
        owners: owners.to_vec(),
    };
    let all =
        [told(1, &[owner(3)]), told(2, &[]), told(3, &[owner(4), owner(2)]), told(4, &[owner(3)])];
    let found = async |after, limit| store.told_after(after, limit).await.expect("told");
    assert_eq!(found(0, 9).await, Page { items: all.to_vec(), more: false });
    assert_eq!(found(1, 2).await, Page { items: all[1..3].to_vec(), more: true });
    assert_eq!(found(4, 9).await, Page { items: Vec::new(), more: false });
}

/// Whatever commits at once, a reader who goes by a number misses nothing.
pub async fn a_reader_skips_nothing(store: Arc<dyn Store>) {
    of_several_committers_a_reader_skips_nothing(vec![store]).await;
}

/// The same over several handles of one store, one for each committer.
pub async fn of_several_committers_a_reader_skips_nothing(committers: Vec<Arc<dyn Store>>) {
    const TASKS: u64 = 16;
    const EACH: u64 = 40;
    let writers: Vec<_> = (0..TASKS)
        .zip(committers.iter().cycle().cloned())
        .map(|(n, store)| {
            tokio::spawn(async move {
                for step in 0..EACH {
                    let owners = [owner(1), owner(2 + (n + step) % 4)];
                    let told = usize::try_from(step % 3).expect("few");
                    committed(&*store, tell(1 + n, &owners[..told])).await;
                }
            })
        })
        .collect();
    let store = &committers[0];
    let (mut after, mut numbers) = (0, 0);
    while after < TASKS * EACH {
        for entry in log(&**store, after, 7).await.items {
            assert_eq!(entry.position, after + 1, "a reader at {after} skips what comes later");
            after = entry.position;
            // The order of the log is that of the streams: what is in the log is in the stream.
            if entry.told.contains(&owner(1)) {
                numbers += 1;
                let rows = store.stream(owner(1), after - 1, 1).await.expect("stream").items;
                let first = (rows[0].position, rows[0].numbers[0].1);
                assert_eq!(first, (after, numbers), "a stream skips what comes later");
            }
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.expect("the writer must not panic");
    }
    assert_eq!(store.log_end().await.expect("end").position, TASKS * EACH);
}

/// A position that was taken would be a hole, at which a reader waits for ever or which it skips.
pub async fn a_refused_commit_takes_no_position(store: Arc<dyn Store>) {
    committed(&*store, tell(1, &[])).await;
    let refused = ChangeSet { events: tell(1, &[]).events, ..put_interaction(interaction(1), 4) };
    conflict(&*store, refused).await;
    committed(&*store, tell(1, &[])).await;
    assert_eq!(positions(&log(&*store, 0, 9).await), [1, 2]);
}

/// A page ends where it becomes heavy, and there is at least one entry on it.
pub async fn a_page_of_the_log_is_bounded_by_bytes(store: Arc<dyn Store>) {
    let heavy = "x".repeat(PAGE_BYTES_MAX / 3);
    for number in 1..=5 {
        let entries = vec![entry(number, text(&heavy))];
        committed(&*store, appending(vec![said(chat(1), BEGIN, entries, Vec::new())])).await;
    }
    let page = log(&*store, 0, 99).await;
    assert_eq!((positions(&page), page.more), (vec![1, 2, 3], true));
    let page = log(&*store, 3, 99).await;
    assert_eq!((positions(&page), page.more), (vec![4, 5], false));
}

/// A reader who was away for too long is told so and skips nothing in silence; one at the floor
/// goes on.
pub async fn a_cursor_below_the_floor_is_told_so(store: Arc<dyn Store>) {
    for at in 1..=5 {
        let quiet = event(interaction(1), Time(at), Vec::new());
        committed(&*store, appending(vec![quiet])).await;
    }
    assert_eq!(sweep(&*store, 4, 2).await, 2);
    assert_eq!(sweep(&*store, 4, 2).await, 1);
    assert_eq!(store.log_end().await.expect("end").floor, 3);
    for position in 0..3 {
        let read = store.log_after(position, 9).await;
        assert!(
            matches!(read, Err(StoreError::Swept { position: at, floor: 3 }) if at == position),
            "{read:?}"
        );
        let told = store.told_after(position, 9).await;
        assert!(matches!(told, Err(StoreError::Swept { .. })), "{told:?}");
    }
    assert_eq!(positions(&log(&*store, 3, 9).await), [4, 5]);
    assert_eq!(sweep(&*store, 9, 9).await, 2);
    assert_eq!(positions(&log(&*store, 5, 9).await), [0_u64; 0]);
    committed(&*store, tell(1, &[])).await;
    assert_eq!(positions(&log(&*store, 5, 9).await), [6], "a position is never given twice");
}

/// A center and a group have streams like users have, and each counts for itself, also where the
/// ids are the same.
pub async fn shared_streams_are_numbered_apart(store: Arc<dyn Store>) {
    let id = user_id(1).0;
    let owners = [owner(1), Owner::Center(CenterId(id)), Owner::Group(GroupId(id))];
    committed(&*store, tell(1, &owners)).await;
    committed(&*store, tell(1, &owners[1..])).await;
    committed(&*store, tell(1, &owners[2..])).await;
    for (owner, count) in owners.into_iter().zip(1_u64..) {
        let rows = store.stream(owner, 0, 9).await.expect("stream").items;
        assert!(rows.iter().all(|row| row.notice.to == owner), "{rows:?}");
        let numbers: Vec<u64> = rows.iter().map(|row| row.numbers[0].1).collect();
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "{owner:?}");
        let head = store.head(owner).await.expect("head");
        assert_eq!((head.position, head.numbers[&Topic::Emails]), (count, count), "{owner:?}");
        assert_eq!(oldest(&*store, owner).await[&Topic::Emails], 1);
    }
    assert_eq!(sweep(&*store, BEGIN.0 + 1, 99).await, 3);
    for owner in owners {
        assert!(oldest(&*store, owner).await.is_empty());
    }
}

/// After another generation no number that anybody was told of is kept or given again, and the log
/// itself goes on.
pub async fn another_generation_keeps_no_older_number(store: Arc<dyn Store>) {
    committed(&*store, tell(1, &[owner(1)])).await;
    committed(&*store, tell(1, &[owner(1), owner(2)])).await;
    let before = store.log_end().await.expect("end");
    let renewed = store.renew_generation().await.expect("renewed");
    assert_ne!(renewed.generation, before.generation);
    assert_eq!((renewed.position, renewed.floor), (before.position, before.floor));
    assert_eq!(store.log_end().await.expect("end"), renewed);
    assert!(store.stream(owner(1), 0, 9).await.expect("stream").items.is_empty());
    assert!(oldest(&*store, owner(1)).await.is_empty());
    let last = 2 + GENERATION_JUMP;
    assert_eq!(store.head(owner(1)).await.expect("head").numbers[&Topic::Emails], last);
    committed(&*store, tell(1, &[owner(1)])).await;
    let rows = store.stream(owner(1), 0, 9).await.expect("stream").items;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].numbers, [(Topic::Interactions, last + 1), (Topic::Emails, last + 1)]);
    assert_eq!(positions(&log(&*store, 0, 9).await), [1, 2, 3]);
    let again = store.renew_generation().await.expect("renewed").generation;
    assert!(again != renewed.generation && again != before.generation);
}
