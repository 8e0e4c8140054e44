//! Promised answers.

use std::sync::Arc;

use handoff_domain::{Time, Topic};

use super::samples::{put, user, user_id};
use super::{committed, conflict};
use crate::change_set::ChangeSet;
use crate::promised::{PROMISED_BYTES_MAX, PROMISED_MAX, PromisedAnswer, PromisedEnd};
use crate::query::PAGE_BYTES_MAX;
use crate::record::Record;
use crate::store::{Store, SweepReport};

/// Before everything.
const NEVER: Time = Time(i64::MIN);

fn answer(to: u64, topic: Topic, body: &str, until: i64) -> PromisedAnswer {
    PromisedAnswer { to: user_id(to), topic, body: body.into(), until: Time(until) }
}

fn to(user: u64, body: &str) -> PromisedAnswer {
    answer(user, Topic::Interactions, body, 60)
}

fn promise(promised: Vec<PromisedAnswer>) -> ChangeSet {
    ChangeSet { promised, ..ChangeSet::default() }
}

async fn read(store: &dyn Store, user: u64, after: u64, limit: usize) -> (Vec<String>, u64, bool) {
    let page = store.promised(user_id(user), after, limit).await.expect("promised");
    let last = page.items.last().map_or(after, |row| row.number);
    (page.items.iter().map(|row| row.body.to_string()).collect(), last, page.more)
}

async fn bodies(store: &dyn Store, user: u64) -> Vec<String> {
    read(store, user, 0, 999).await.0
}

/// Returns how long each of a user's answers is, page after page.
async fn lengths(store: &dyn Store, user: u64) -> Vec<usize> {
    let (mut all, mut after, mut more) = (Vec::new(), 0, true);
    while more {
        let (some, last, is_more) = read(store, user, after, 99).await;
        all.extend(some.iter().map(String::len));
        (after, more) = (last, is_more);
    }
    all
}

async fn end(store: &dyn Store, number: u64) -> PromisedEnd {
    store.promised_after(number).await.expect("promised after")
}

/// Nobody else sees it, and a topic is what it was.
pub async fn an_answer_comes_back_as_it_went_in_to_whom_it_is_for(store: Arc<dyn Store>) {
    let answers = vec![
        answer(1, Topic::Workbins, r#"{"a":"ä\u0000"}"#, 60),
        answer(2, Topic::Interactions, "{}", 60),
        answer(1, Topic::Contacts, "[]", 60),
    ];
    committed(&*store, promise(answers)).await;
    let page = store.promised(user_id(1), 0, 9).await.expect("promised");
    let rows: Vec<_> = page.items.iter().map(|row| (row.topic, &*row.body)).collect();
    assert_eq!(rows, [(Topic::Workbins, r#"{"a":"ä\u0000"}"#), (Topic::Contacts, "[]")]);
    assert!(page.items[0].number < page.items[1].number && !page.more);
    assert_eq!(bodies(&*store, 2).await, ["{}"]);
    assert!(bodies(&*store, 3).await.is_empty());
}

/// The look for lost hints; a number that nobody has reached is the way to ask for the end alone.
pub async fn who_was_promised_answers_is_found(store: Arc<dyn Store>) {
    assert_eq!(end(&*store, 0).await, PromisedEnd::default());
    committed(&*store, promise(vec![to(2, "a"), to(1, "b"), to(2, "c")])).await;
    let first = end(&*store, 0).await;
    assert_eq!(first.to, [user_id(1), user_id(2)]);
    committed(&*store, promise(vec![to(3, "d")])).await;
    let second = end(&*store, first.last).await;
    assert_eq!(second.to, [user_id(3)]);
    assert!(second.last > first.last);
    assert_eq!(end(&*store, u64::MAX).await, PromisedEnd { last: second.last, to: Vec::new() });
}

/// A page ends by number and by bytes, and has one at least.
pub async fn a_page_of_answers_is_bounded(store: Arc<dyn Store>) {
    committed(&*store, promise(["a", "b", "c"].map(|body| to(1, body)).to_vec())).await;
    let (some, last, more) = read(&*store, 1, 0, 2).await;
    assert_eq!((some, more), (vec!["a".to_owned(), "b".to_owned()], true));
    assert_eq!(read(&*store, 1, last, 2).await.0, ["c"]);
    let large = "x".repeat(PAGE_BYTES_MAX);
    committed(&*store, promise(vec![to(2, &large), to(2, "after")])).await;
    let (some, last, more) = read(&*store, 2, 0, 9).await;
    assert_eq!((some.len(), more), (1, true));
    assert_eq!(read(&*store, 2, last, 9).await.0, ["after"]);
}

/// All or nothing.
pub async fn a_refused_commit_promises_nothing(store: Arc<dyn Store>) {
    let change =
        ChangeSet { puts: vec![put(Record::User(user(1)), 7)], ..promise(vec![to(1, "a")]) };
    conflict(&*store, change).await;
    assert!(bodies(&*store, 1).await.is_empty());
    assert_eq!(end(&*store, 0).await, PromisedEnd::default());
}

/// The newest are kept, and another user's do not count.
pub async fn of_too_many_answers_the_oldest_go(store: Arc<dyn Store>) {
    committed(&*store, promise(vec![to(2, "other")])).await;
    for n in 0..PROMISED_MAX + 2 {
        committed(&*store, promise(vec![to(1, &n.to_string())])).await;
    }
    let kept = bodies(&*store, 1).await;
    assert_eq!((kept.len(), kept[0].as_str()), (PROMISED_MAX, "2"));
    assert_eq!(bodies(&*store, 2).await, ["other"]);
}

/// As are the bytes.
pub async fn of_too_large_answers_the_oldest_go(store: Arc<dyn Store>) {
    let half = "x".repeat(PROMISED_BYTES_MAX / 2);
    for body in [half.as_str(), "small", &half, "last"] {
        committed(&*store, promise(vec![to(1, body)])).await;
    }
    assert_eq!(lengths(&*store, 1).await, ["small", &half, "last"].map(str::len));
}

/// A request whose answer is large is answered whole, once.
pub async fn what_is_promised_at_once_is_kept_whole(store: Arc<dyn Store>) {
    committed(&*store, promise(vec![to(1, "before")])).await;
    let quarter = "x".repeat(PROMISED_BYTES_MAX / 4);
    let at_once = (0..6).map(|_| to(1, &quarter)).collect();
    committed(&*store, promise(at_once)).await;
    assert_eq!(lengths(&*store, 1).await, [quarter.len(); 6]);
}

/// A cursor never stands above what is promised later.
pub async fn answers_are_swept_and_no_number_is_given_again(store: Arc<dyn Store>) {
    let answers = [("a", 5), ("b", 9), ("c", 6)];
    let answers = answers.map(|(body, until)| answer(1, Topic::Interactions, body, until));
    committed(&*store, promise(answers.to_vec())).await;
    let last = end(&*store, 0).await.last;
    let sweep =
        async |now, limit| store.sweep(Time(now), NEVER, NEVER, limit).await.expect("sweep");
    let of = |promised| SweepReport { promised, ..SweepReport::default() };
    assert_eq!(sweep(6, 1).await, of(1));
    assert_eq!(bodies(&*store, 1).await, ["b", "c"]);
    assert_eq!(sweep(6, 9).await, of(1));
    assert_eq!(sweep(9, 9).await, of(1));
    assert_eq!(sweep(9, 9).await.total(), 0);
    assert_eq!(end(&*store, u64::MAX).await.last, last);
    committed(&*store, promise(vec![to(1, "d")])).await;
    assert_eq!(read(&*store, 1, last, 9).await.0, ["d"]);
}

/// Several commit at once, and a reader who goes by the last number that they saw has seen all.
pub async fn a_reader_of_answers_skips_none(store: Arc<dyn Store>) {
    const WRITERS: usize = 4;
    const EACH: usize = 20;
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for n in 0..EACH {
                    let body = format!("{writer} {n}");
                    committed(&*store, promise(vec![to(1, &body)])).await;
                }
            })
        })
        .collect();
    let (mut seen, mut after) = (Vec::new(), 0);
    while seen.len() < WRITERS * EACH {
        let all_are_in = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let (some, last, _) = read(&*store, 1, after, 7).await;
        let is_behind = some.is_empty() && all_are_in;
        assert!(!is_behind, "after {after}: a reader who goes by numbers skips what comes later");
        seen.extend(some);
        after = last;
        tokio::task::yield_now().await;
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), WRITERS * EACH);
}
