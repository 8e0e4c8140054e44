//! The log, the users' streams and their numbering.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::{Interaction, Medium, Notice, NotificationType, Time, Topic, View};

use super::samples::{
    BEGIN, desk, desk_event, event, interaction, notice, owner, put_interaction, rich_interaction,
    subject, user_id, workbin_id,
};
use super::{committed, conflict};
use crate::change_set::ChangeSet;
use crate::promised::PromisedAnswer;
use crate::query::{Head, StreamRow};
use crate::store::Store;

fn telling(events: Vec<handoff_domain::Event>) -> ChangeSet {
    ChangeSet { events, ..ChangeSet::default() }
}

/// Tells each user once, in one event.
fn tell(users: &[u64]) -> ChangeSet {
    telling(vec![event(interaction(1), BEGIN, users.iter().copied().map(notice).collect())])
}

fn about(n: u64, view: View) -> Notice {
    Notice { view, ..notice(n) }
}

async fn head(store: &dyn Store, user: u64) -> Head {
    store.head(owner(user)).await.expect("head")
}

async fn rows(store: &dyn Store, user: u64) -> Vec<StreamRow> {
    let page = store.stream(owner(user), 0, 10_000).await.expect("stream");
    assert!(!page.more);
    page.items
}

/// A commit tells the position of its last event; one without events that of the last before it.
pub async fn positions_grow_and_are_told(store: Arc<dyn Store>) {
    let nothing = committed(&*store, ChangeSet::default()).await;
    assert_eq!(nothing.position, 0);
    let first = committed(&*store, tell(&[1])).await.position;
    assert!(first > 0);
    let quiet = committed(&*store, put_interaction(interaction(1), 0)).await.position;
    assert_eq!(quiet, first);
    let events = (0..3).map(|_| event(interaction(1), BEGIN, vec![notice(1)])).collect();
    let last = committed(&*store, telling(events)).await.position;
    let positions: Vec<_> = rows(&*store, 1).await.iter().map(|row| row.position).collect();
    assert_eq!(positions.first(), Some(&first));
    assert_eq!(positions.last(), Some(&last));
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    assert_eq!(head(&*store, 1).await.position, last);
}

/// A row is the notice as it was given and the event without its notices.
pub async fn a_stream_row_carries_notice_numbers_and_event(store: Arc<dyn Store>) {
    let told = Notice {
        kind: NotificationType::Error,
        error: Some((2, "the target is \"gone\"".to_owned())),
        reference: Some(41),
        ..notice(1)
    };
    let about_interaction = event(rich_interaction(), Time(5), vec![told.clone(), notice(2)]);
    let about_desk = desk_event(desk(1), Time(6), vec![about(1, View::Channels)]);
    committed(&*store, telling(vec![about_interaction.clone(), about_desk.clone()])).await;
    let rows = rows(&*store, 1).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].notice, told);
    assert_eq!(rows[0].numbers, [(Topic::Interactions, 1), (Topic::Openmedia, 1)]);
    assert_eq!(*rows[0].event, handoff_domain::Event { notices: Vec::new(), ..about_interaction });
    assert_eq!(rows[1].numbers, [(Topic::Channels, 1)]);
    assert_eq!(*rows[1].event, handoff_domain::Event { notices: Vec::new(), ..about_desk });
}

/// What a commit gives back is what is read of the log and of streams, and it tells where each
/// stream was before.
pub async fn what_a_commit_gives_back_is_what_is_read(store: Arc<dyn Store>) {
    let mut reached = BTreeMap::new();
    for step in 0..6_u64 {
        let events = vec![
            event(interaction(1), BEGIN, [1, 2, 1].map(notice).into()),
            desk_event(desk(1), BEGIN, vec![about(1, View::Channels)]),
            event(interaction(2), BEGIN, vec![notice(2 + step % 3)]),
        ];
        let record = put_interaction(interaction(1), step);
        let change = ChangeSet { events: events.clone(), ..record.clone() };
        let given = committed(&*store, change).await;
        assert_eq!(given.puts, record.puts);
        let without_notices = |mut event: handoff_domain::Event| {
            event.notices.clear();
            event
        };
        let told: Vec<_> = events.into_iter().map(without_notices).collect();
        assert!(given.events.iter().map(|event| &**event).eq(&told));
        for user in 1..5 {
            let mine = given.rows.iter().filter(|added| added.row.notice.to == owner(user));
            let (after, mine): (Vec<_>, Vec<_>) =
                mine.map(|added| (added.after, added.row.clone())).unzip();
            let before = reached.entry(user).or_insert(0);
            assert!(after.iter().all(|after| after == before), "{user}: {after:?}, not {before}");
            let read = store.stream(owner(user), *before, 100).await.expect("stream").items;
            assert_eq!(mine, read);
            *before = read.last().map_or(*before, |last| last.position);
        }
        assert_eq!(given.position, 3 * (step + 1));
    }
}

/// Each topic counts by itself, and each user.
pub async fn topics_are_numbered_apart(store: Arc<dyn Store>) {
    let chat = Interaction { medium: Medium::Chat(None), ..interaction(1) };
    let workbin = about(1, View::Workbin { workbin: workbin_id(1), added: true });
    committed(&*store, tell(&[1, 2])).await;
    committed(&*store, telling(vec![event(chat, BEGIN, vec![notice(1), workbin])])).await;
    committed(&*store, tell(&[1])).await;
    let numbers: Vec<_> = rows(&*store, 1).await.into_iter().map(|row| row.numbers).collect();
    let expected = [
        vec![(Topic::Interactions, 1), (Topic::Emails, 1)],
        vec![(Topic::Interactions, 2), (Topic::Chats, 1)],
        vec![(Topic::Workbins, 1)],
        vec![(Topic::Interactions, 3), (Topic::Emails, 2)],
    ];
    assert_eq!(numbers, expected);
    let others: Vec<_> = rows(&*store, 2).await.into_iter().map(|row| row.numbers).collect();
    assert_eq!(others, [vec![(Topic::Interactions, 1), (Topic::Emails, 1)]]);
}

/// Whatever commits at once, a user's numbers are 1, 2, 3, … in the order of positions, and a
/// reader never sees a later row without the earlier ones.
pub async fn numbers_have_no_gaps_under_concurrency(store: Arc<dyn Store>) {
    const TASKS: u64 = 16;
    const EACH: u64 = 40;
    let writers: Vec<_> = (0..TASKS)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for step in 0..EACH {
                    committed(&*store, tell(&[1, 2 + (n + step) % 4])).await;
                }
            })
        })
        .collect();
    let total = TASKS * EACH;
    let (mut after, mut seen) = (0, 0);
    while seen < total {
        for row in store.stream(owner(1), after, 50).await.expect("stream").items {
            seen += 1;
            assert_eq!(row.numbers[0], (Topic::Interactions, seen), "a gap after position {after}");
            after = row.position;
        }
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.expect("the writer must not panic");
    }
    for user in 2..6 {
        let numbers: Vec<_> =
            rows(&*store, user).await.iter().map(|row| row.numbers[0].1).collect();
        assert_eq!(numbers, (1..=total / 4).collect::<Vec<_>>());
    }
}

/// A number that was taken would be a gap.
pub async fn a_refused_commit_takes_no_number(store: Arc<dyn Store>) {
    committed(&*store, tell(&[1])).await;
    conflict(
        &*store,
        ChangeSet { events: tell(&[1]).events, ..put_interaction(interaction(1), 4) },
    )
    .await;
    committed(&*store, tell(&[1])).await;
    let numbers: Vec<_> = rows(&*store, 1).await.iter().map(|row| row.numbers[0].1).collect();
    assert_eq!(numbers, [1, 2]);
}

/// The position is the reader's cursor, so all rows of one position are on one page.
pub async fn a_page_never_splits_a_position(store: Arc<dyn Store>) {
    committed(&*store, tell(&[1])).await;
    committed(&*store, tell(&[1, 2, 1, 1])).await;
    committed(&*store, tell(&[1])).await;
    for (limit, lengths) in [(1, vec![1, 3, 1]), (2, vec![4, 1]), (4, vec![4, 1]), (5, vec![5])] {
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let page = store.stream(owner(1), after, limit).await.expect("stream");
            found.push(page.items.len());
            after = page.items.last().map_or(after, |row| row.position);
            if !page.more {
                break;
            }
        }
        assert_eq!(found, lengths, "by {limit}");
    }
    assert!(store.stream(owner(3), 0, 5).await.expect("stream").items.is_empty());
}

/// A head tells the last row's position and the last number of each topic.
pub async fn heads_tell_position_and_numbers(store: Arc<dyn Store>) {
    assert_eq!(head(&*store, 1).await, Head::default());
    let mut position = 0;
    for _ in 0..4 {
        position = committed(&*store, tell(&[1, 2])).await.position;
    }
    committed(&*store, tell(&[2])).await;
    let numbers = [(Topic::Interactions, 4), (Topic::Emails, 4)].into();
    assert_eq!(head(&*store, 1).await, Head { position, numbers });
}

/// Whoever comes back goes on with the first row that they have not, whatever topic it is on.
pub async fn what_was_missed_begins_behind_the_numbers_of_a_reader(store: Arc<dyn Store>) {
    let [interactions, emails, chats] = [Topic::Interactions, Topic::Emails, Topic::Chats];
    let chat = Interaction { medium: Medium::Chat(None), ..interaction(1) };
    let workbin = about(1, View::Workbin { workbin: workbin_id(1), added: true });
    let later = |owner: u64| event(interaction(1), Time(BEGIN.0 + 1), vec![notice(owner)]);
    committed(&*store, tell(&[1, 2])).await;
    committed(&*store, telling(vec![event(chat, BEGIN, vec![notice(1), workbin])])).await;
    committed(&*store, telling(vec![later(2), later(1)])).await;
    let promised = PromisedAnswer { to: user_id(2), topic: chats, body: "{}".into(), until: BEGIN };
    committed(&*store, ChangeSet { promised: vec![promised], ..ChangeSet::default() }).await;
    let missed = async |after: &[(Topic, u64)], limit| {
        let after = after.iter().copied().collect();
        let missed = store.missed(owner(1), &after, limit).await.expect("missed");
        assert_eq!((missed.head.clone(), missed.promised), (head(&*store, 1).await, 1));
        missed
    };
    let check = async |after: &[(Topic, u64)], oldest: &[(Topic, u64)], positions: &[u64]| {
        let missed = missed(after, 9).await;
        assert_eq!(missed.oldest, oldest.iter().copied().collect(), "after {after:?}");
        let found: Vec<u64> = missed.rows.items.iter().map(|row| row.position).collect();
        assert_eq!((found, missed.rows.more), (positions.to_vec(), false), "after {after:?}");
        if let [first, ..] = positions {
            let page = store.stream(owner(1), first - 1, 9).await.expect("stream");
            assert_eq!(missed.rows, page);
        }
    };
    check(&[], &[], &[]).await;
    check(&[(interactions, 3), (emails, 2), (Topic::Me, 0)], &[], &[]).await;
    check(&[(interactions, 2)], &[(interactions, 3)], &[4]).await;
    check(&[(emails, 1)], &[(emails, 2)], &[4]).await;
    check(&[(interactions, 1)], &[(interactions, 2)], &[2, 2, 4]).await;
    check(&[(interactions, 3), (chats, 0)], &[(chats, 1)], &[2, 2, 4]).await;
    let both = [(interactions, 3), (Topic::Workbins, 1)];
    check(&[(interactions, 2), (Topic::Workbins, 0)], &both, &[2, 2, 4]).await;
    check(&[(interactions, 0)], &[(interactions, 1)], &[1, 2, 2, 4]).await;
    check(&[(interactions, 9)], &[(interactions, 1)], &[]).await;
    check(&[(interactions, 9), (emails, 1)], &[(interactions, 1), (emails, 2)], &[4]).await;
    check(&[(Topic::Me, 9)], &[], &[]).await;
    assert!(missed(&[(interactions, 1)], 1).await.rows.more);
    store.sweep(Time(i64::MIN), Time(BEGIN.0 + 1), Time(i64::MIN), 9).await.expect("sweep");
    check(&[(interactions, 0), (chats, 0)], &[(interactions, 3)], &[4]).await;
    check(&[(interactions, 9), (chats, 1)], &[(interactions, 3)], &[]).await;
}

/// Nobody is told, but it happened.
pub async fn an_event_without_notices_is_in_the_history_alone(store: Arc<dyn Store>) {
    let position = committed(&*store, tell(&[])).await.position;
    let quiet_desk = telling(vec![desk_event(desk(1), BEGIN, Vec::new())]);
    assert!(committed(&*store, quiet_desk).await.position > position);
    let history = store.history(subject(1), 0, 9).await.expect("history").items;
    assert_eq!(history.iter().map(|entry| entry.position).collect::<Vec<_>>(), [position]);
    let told = store.told_after(0, 9).await.expect("told").items;
    assert!(told.iter().all(|told| told.owners.is_empty()), "{told:?}");
}
