//! The counters against a recount from the history, whatever happens to whoever feeds them.

mod deeds;
mod recount;
mod rig;
mod searched;
mod slow;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use handoff_domain::chat::TreatAs;
use handoff_domain::user_data::Value;
use handoff_domain::{Action, Content, Fact, OfferKind, Time, UserCommand, Utterance, Visibility};
use handoff_engine::{
    Clock as _, Counted, CountedBy, Statistics as _, StatisticsError, Tally, Times, WantedCounts,
    Worker as _,
};
use handoff_store::{LogEntry, StoreError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::counters::{Fold, KEPT_QUARTERS, Key, Quarter};
use crate::file::move_on;
use crate::{Counters, Cursor, News, Projection, ProjectionError, Reader, Standing};
use deeds::{Deed, What, caller};
use recount::{Recount, recount};
use rig::Rig;

/// The file of another node.
const OTHER: &str = "other.db";
/// Since ever.
const ALL: Quarter = Quarter::MIN;

/// How the counters are fed.
#[derive(Clone, Copy, Debug)]
enum Feeding {
    /// As they are.
    Whole,
    /// The counts by themselves, and then how far they are: wrong on purpose.
    CursorApart,
}

/// Counters whose runner is killed in the middle of a transaction.
struct Killed {
    counters: Counters,
    feeding: Feeding,
}

impl Killed {
    /// Lets the next change be the last: it ends after so many steps of the database's.
    fn after_steps(counters: Counters, steps: u32, feeding: Feeding) -> Self {
        let mut left = steps;
        let is_over = move || {
            left = left.saturating_sub(1);
            left == 0
        };
        counters.file().connection().progress_handler(1, Some(is_over)).unwrap();
        Self { counters, feeding }
    }
}

impl Projection for Killed {
    fn name(&self) -> &'static str {
        "killed"
    }

    fn standing(&self) -> Result<Standing, ProjectionError> {
        self.counters.standing()
    }

    fn reads(&self, entry: &LogEntry) -> bool {
        self.counters.reads(entry)
    }

    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        match self.feeding {
            Feeding::Whole => self.counters.apply(news, from, to),
            Feeding::CursorApart => {
                let connection = self.counters.file().connection();
                crate::counters::count(&connection, news)?;
                move_on(&connection, from, to)
            }
        }
    }

    fn rebuild(&self, from: Standing, to: Standing, settled: Time) -> Result<(), ProjectionError> {
        self.counters.rebuild(from, to, settled)
    }
}

/// What a test does in between what the contact center does.
#[derive(Clone, Debug)]
enum Step {
    Do(Deed),
    /// Somebody who has work writes in a chat, or says what came of it.
    Say(usize),
    Dispose(usize),
    /// What ended long ago is removed.
    Retain,
    /// Whoever feeds the counters takes a few rounds.
    Feed,
    /// They are killed after so many steps of the database's.
    Kill(u32),
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => deeds::deed().prop_map(Step::Do),
        2 => (0..8_usize).prop_map(Step::Say),
        2 => (0..8_usize).prop_map(Step::Dispose),
        1 => Just(Step::Retain),
        3 => Just(Step::Feed),
        3 => (1_u32..400).prop_map(Step::Kill),
        1 => Just(Step::Rebuild),
    ]
}

fn counters(rig: &Rig) -> Counters {
    counters_in(rig, Counters::FILE)
}

fn counters_in(rig: &Rig, file: &str) -> Counters {
    let counters = Counters::open(&rig.file_named(file)).unwrap();
    // The process is killed, and not the machine.
    counters.file().connection().pragma_update(None, "synchronous", "OFF").unwrap();
    counters
}

async fn feed(rig: &Rig, projection: impl Projection) {
    reader(rig, projection).catch_up(|_| {}).await.unwrap();
}

fn reader(rig: &Rig, projection: impl Projection) -> Reader {
    Reader::new(rig.store.clone(), rig.clock.clone(), Arc::new(projection))
}

/// What a run of random steps came to, so that it is known to have tried something.
#[derive(Default)]
struct Reached {
    killed: AtomicU64,
    facts: Mutex<BTreeMap<&'static str, u64>>,
    removed: AtomicU64,
}

/// What must have happened often enough.
const TRIED: [&str; 16] = [
    "kept",
    "answered",
    "disposed of",
    "taken",
    "handed over",
    "joined",
    "advised",
    "watched",
    "passed on",
    "parked",
    "completed",
    "canceled",
    "filed",
    "reviewed",
    "sent",
    "bounced",
];

fn named(fact: &Fact) -> Option<&'static str> {
    Some(match fact {
        Fact::Queued { target_ms: Some(_), .. } => "kept",
        Fact::DraftClosed { answers: true, .. } => "answered",
        Fact::DispositionSet { .. } => "disposed of",
        Fact::Accepted { kind: OfferKind::Routed, .. } => "taken",
        Fact::Accepted { kind: OfferKind::Transfer, .. } => "handed over",
        Fact::Accepted { kind: OfferKind::Invite, .. } => "joined",
        Fact::Accepted { kind: OfferKind::Consult, .. } => "advised",
        Fact::Accepted { kind: OfferKind::Monitor, .. } => "watched",
        Fact::OwnerChanged { .. } => "passed on",
        Fact::Parked { .. } => "parked",
        Fact::Completed => "completed",
        Fact::Canceled => "canceled",
        Fact::Filed { .. } => "filed",
        Fact::SentForReview => "reviewed",
        Fact::Sent => "sent",
        Fact::DeliveryFailed { .. } => "bounced",
        _ => return None,
    })
}

async fn say(rig: &Rig, place: usize) {
    let text = "On its way.".to_owned();
    let content = Content::Text { text, message_type: None, treat_as: TreatAs::Normal };
    let action = Action::Say(Utterance::new(content, Visibility::All));
    rig.lets(place, |to| Some(UserCommand::new(caller(to.owner()?), action.clone()).into())).await;
}

async fn dispose(rig: &Rig, place: usize) {
    let (key, disposition) = ("DISP_KEY".to_owned(), Value::Text(format!("came to {}", place % 2)));
    let action = Action::SetDisposition { key, disposition };
    rig.lets(place, |to| Some(UserCommand::new(caller(to.owner()?), action.clone()).into())).await;
}

/// Removes what retention may, once it is counted; returns what that was counted for.
async fn retain(rig: &Rig, reached: &Reached) -> Recount {
    feed(rig, counters(rig)).await;
    feed(rig, counters_in(rig, OTHER)).await;
    let mut gone = Recount::default();
    for old in rig.unkept().await {
        gone.add_one(&*rig.store, &old.value).await;
        rig.remove_one(old.value.id, old.version).await;
        reached.removed.fetch_add(1, Ordering::Relaxed);
    }
    gone
}

/// Returns what was counted of what was removed.
async fn carry_out(
    rig: &mut Rig,
    steps: Vec<Step>,
    feeding: Feeding,
    reached: &Reached,
) -> Recount {
    let mut gone = Recount::default();
    for step in steps {
        match step {
            Step::Do(deed) => rig.carry_out(deed).await,
            Step::Say(place) => say(rig, place).await,
            Step::Dispose(place) => dispose(rig, place).await,
            Step::Retain => gone.add(&retain(rig, reached).await),
            Step::Feed => feed(rig, counters(rig)).await,
            Step::Kill(after) => {
                let killed = Killed::after_steps(counters(rig), after, feeding);
                // It fails at that step, or there was less to do.
                let fed = reader(rig, killed).catch_up(|_| {}).await;
                reached.killed.fetch_add(fed.is_err().into(), Ordering::Relaxed);
            }
            Step::Rebuild => counters(rig).ask_for_rebuild().unwrap(),
        }
    }
    gone
}

/// Returns what the counters and a recount have, after any steps.
async fn compared(
    steps: Vec<Step>,
    feeding: Feeding,
    reached: &Reached,
) -> Result<(), TestCaseError> {
    let mut rig = Rig::new().await;
    let gone = carry_out(&mut rig, steps, feeding, reached).await;
    feed(&rig, counters(&rig)).await;
    let figures = counters(&rig).figures(ALL).unwrap();
    let mut recount = recount(&*rig.store).await;
    recount.add(&gone);
    feed(&rig, counters_in(&rig, OTHER)).await;
    let others = counters_in(&rig, OTHER).figures(ALL).unwrap();
    prop_assert_eq!(&others.quarters, &figures.quarters, "two nodes agree");
    for name in recount.facts.iter().filter_map(named) {
        *reached.facts.lock().unwrap().entry(name).or_default() += 1;
    }
    prop_assert_eq!(&figures.quarters, &recount.quarters);
    prop_assert_eq!(&figures.waiting, &recount.waiting);
    let waiting = recount.waiting.into_iter().map(|(queue, waiting)| (queue, waiting.count));
    prop_assert_eq!(waiting.collect::<BTreeMap<_, _>>(), rig.waiting().await, "what records say");
    Ok(())
}

fn run(feeding: Feeding, reached: &Reached) -> Result<(), impl std::fmt::Debug> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // What is wrong on purpose need not be told in a few steps.
    let max_shrink_iters = if matches!(feeding, Feeding::Whole) { 192 } else { 0 };
    let config =
        Config { cases: 48, failure_persistence: None, max_shrink_iters, ..Config::default() };
    let steps = prop::collection::vec(step(), 1..200);
    TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    )
    .run(&steps, |steps| runtime.block_on(compared(steps, feeding, reached)))
}

#[test]
fn whatever_happens_counters_equal_a_recount() {
    let reached = Reached::default();
    run(Feeding::Whole, &reached).unwrap();
    let (killed, facts) = (reached.killed.into_inner(), reached.facts.into_inner().unwrap());
    let count = |name| facts.get(name).copied().unwrap_or(0);
    let removed = reached.removed.into_inner();
    let is_enough = killed > 20 && removed > 20 && TRIED.into_iter().all(|name| count(name) > 5);
    assert!(is_enough, "{killed} kills, {removed} removed, {facts:?}");
}

/// The control: what counts twice after a kill is found out.
#[test]
fn a_cursor_apart_from_the_counts_is_found_out() {
    run(Feeding::CursorApart, &Reached::default()).unwrap_err();
}

/// Something of everything, so that there is what to count.
async fn worked(rig: &mut Rig) {
    let deeds = [
        Deed::Submit { queue: 0 },
        Deed::Submit { queue: 1 },
        Deed::Pass { ms: 5_000 },
        Deed::Act { place: 0, what: What::Accept },
        Deed::Act { place: 1, what: What::Accept },
        Deed::Act { place: 0, what: What::Complete },
        Deed::Submit { queue: 0 },
    ];
    for deed in deeds {
        rig.carry_out(deed).await;
    }
}

async fn is_as_recounted(rig: &Rig) {
    let figures = counters(rig).figures(ALL).unwrap();
    let recount = recount(&*rig.store).await;
    assert_eq!((figures.quarters, figures.waiting), (recount.quarters, recount.waiting));
}

#[tokio::test]
async fn what_happens_is_counted() {
    let mut rig = Rig::new().await;
    worked(&mut rig).await;
    feed(&rig, counters(&rig)).await;
    is_as_recounted(&rig).await;
    let quarters = counters(&rig).figures(ALL).unwrap().quarters;
    let sum = |of: fn(&Tally) -> u64| {
        [CountedBy::Queue, CountedBy::Agent, CountedBy::Center].map(|by| -> u64 {
            let some = quarters.iter().filter(|(key, _)| key.counted.by() == by);
            some.map(|(_, tally)| of(tally)).sum()
        })
    };
    assert_eq!(sum(|it| it.entered), [3, 0, 3]);
    assert_eq!(sum(|it| it.offered), [3, 3, 3]);
    assert_eq!(sum(|it| it.accepted), [2, 2, 2]);
    assert_eq!(sum(|it| it.ended), [1, 1, 1]);
    // The first queue promises an answer.
    assert_eq!(sum(|it| it.promised), [1, 1, 1]);
    assert_eq!(sum(|it| it.kept), [1, 1, 1]);
    let longest = quarters.values().map(|tally| tally.wait.longest_ms).max();
    assert_eq!(longest, Some(5_000));
    assert_eq!(counters(&rig).figures(Quarter::MAX).unwrap().quarters.len(), 0);
}

/// Two who feed the same counters: what the second brings has no effect.
#[tokio::test]
async fn whoever_comes_second_is_told_so() {
    let mut rig = Rig::new().await;
    feed(&rig, counters(&rig)).await;
    let (one, other) = (counters(&rig), counters(&rig));
    let from = one.standing().unwrap();
    let Standing::Following(at) = from else { panic!("{from:?}") };
    worked(&mut rig).await;
    let page = rig.store.log_after(at.position, 1_000).await.unwrap();
    let position = page.items.last().unwrap().position;
    let to = Standing::Following(Cursor { position, ..at });
    let news = News { interactions: rig.interactions().await, entries: page.items };
    one.apply(&news, from, to).unwrap();
    let late = other.apply(&news, from, to).unwrap_err();
    assert!(matches!(late, ProjectionError::Overtaken), "{late:?}");
    let late = other.rebuild(from, Standing::Outdated, Time(0)).unwrap_err();
    assert!(matches!(late, ProjectionError::Overtaken), "{late:?}");
    is_as_recounted(&rig).await;
}

/// A cursor in another generation of the log means nothing, whatever its number.
#[tokio::test]
async fn they_are_rebuilt_after_a_restore() {
    let mut rig = Rig::new().await;
    worked(&mut rig).await;
    feed(&rig, counters(&rig)).await;
    let before = counters(&rig).standing().unwrap();
    let end = rig.store.renew_generation().await.unwrap();
    rig.carry_out(Deed::Submit { queue: 1 }).await;
    feed(&rig, counters(&rig)).await;
    is_as_recounted(&rig).await;
    let Standing::Following(at) = counters(&rig).standing().unwrap() else { panic!() };
    assert_eq!(at.generation, end.generation);
    assert_ne!(before, Standing::Following(at));
}

#[tokio::test]
async fn they_are_rebuilt_when_the_log_was_swept_beyond_them() {
    let mut rig = Rig::new().await;
    feed(&rig, counters(&rig)).await;
    worked(&mut rig).await;
    rig.carry_out(Deed::Sweep).await;
    rig.carry_out(Deed::Submit { queue: 1 }).await;
    let Standing::Following(at) = counters(&rig).standing().unwrap() else { panic!() };
    let swept = rig.store.log_after(at.position, 1).await.unwrap_err();
    assert!(matches!(swept, StoreError::Swept { .. }), "{swept:?}");
    feed(&rig, counters(&rig)).await;
    is_as_recounted(&rig).await;
}

/// A file that is damaged, or of a program that counted otherwise, is made anew and rebuilt.
#[tokio::test]
async fn a_file_that_cannot_be_used_is_made_anew() {
    let mut rig = Rig::new().await;
    worked(&mut rig).await;
    feed(&rig, counters(&rig)).await;
    counters(&rig).file().connection().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(counters(&rig).standing().unwrap(), Standing::Outdated);
    feed(&rig, counters(&rig)).await;
    is_as_recounted(&rig).await;
    std::fs::write(rig.file(), vec![b'x'; 8_192]).unwrap();
    assert_eq!(counters(&rig).standing().unwrap(), Standing::Outdated);
    feed(&rig, counters(&rig)).await;
    is_as_recounted(&rig).await;
}

/// A rebuild is done in rounds, goes on where it was when somebody else takes it up, and says how
/// far it is.
#[tokio::test]
async fn a_rebuild_goes_on_where_it_was() {
    let mut rig = Rig::new().await;
    for _ in 0..120 {
        rig.carry_out(Deed::Submit { queue: 0 }).await;
    }
    let mut told = Vec::new();
    loop {
        let reader = reader(&rig, counters(&rig));
        reader.round().await.unwrap();
        let Some(detail) = reader.detail() else { break };
        told.push(detail);
        if told.len() == 2 {
            worked(&mut rig).await;
        }
    }
    let done = |done: u32| format!("rebuilding: {done} of 120 interactions");
    assert_eq!(told, [0, 25, 50, 75, 100].map(done));
    feed(&rig, counters(&rig)).await;
    is_as_recounted(&rig).await;
}

/// What is removed once nobody keeps it stays counted, also through rebuilds.
#[tokio::test]
async fn what_is_removed_stays_counted() {
    let mut rig = Rig::new().await;
    worked(&mut rig).await;
    feed(&rig, counters(&rig)).await;
    let before = counters(&rig).figures(ALL).unwrap().quarters;
    rig.carry_out(Deed::Sweep).await;
    let reached = Reached::default();
    retain(&rig, &reached).await;
    assert_eq!(reached.removed.into_inner(), 1);
    for _ in 0..2 {
        counters(&rig).ask_for_rebuild().unwrap();
        // Nobody comes to the end of it at once.
        reader(&rig, counters(&rig)).round().await.unwrap();
    }
    feed(&rig, counters(&rig)).await;
    let after = counters(&rig).figures(ALL).unwrap().quarters;
    assert!(before.iter().all(|(key, tally)| after.get(key) == Some(tally)), "{after:?}");
    // A database of which a replica was promoted is another one.
    rig.store.renew_generation().await.unwrap();
    feed(&rig, counters(&rig)).await;
    assert_eq!(counters(&rig).figures(ALL).unwrap().quarters, after);
    // The control: a file that is new does not know of it.
    feed(&rig, counters_in(&rig, "new.db")).await;
    let new = counters_in(&rig, "new.db").figures(ALL).unwrap().quarters;
    assert!(!before.iter().all(|(key, tally)| new.get(key) == Some(tally)));
}

/// What is erased was counted, and is counted again like before.
#[tokio::test]
async fn what_is_erased_stays_counted() {
    let mut rig = Rig::new().await;
    worked(&mut rig).await;
    feed(&rig, counters(&rig)).await;
    let before = counters(&rig).figures(ALL).unwrap().quarters;
    let all = rig.interactions().await;
    let ended = all.into_values().flatten().find(handoff_domain::Interaction::is_ended).unwrap();
    rig.erase(ended.id).await;
    feed(&rig, counters(&rig)).await;
    assert_eq!(counters(&rig).figures(ALL).unwrap().quarters, before);
    rig.store.renew_generation().await.unwrap();
    feed(&rig, counters(&rig)).await;
    assert_eq!(counters(&rig).figures(ALL).unwrap().quarters, before);
}

/// Returns all that was counted by queue, in parts of one day in Copenhagen.
async fn by_day(rig: &Rig) -> Vec<((usize, Counted), Tally)> {
    const MIDNIGHT: i64 = 1_767_913_200_000;
    let begins = (0..10).map(|day| Time(MIDNIGHT + day * 24 * 3_600_000)).collect();
    let wanted = WantedCounts {
        center: rig::CENTER,
        by: CountedBy::Queue,
        begins,
        until: Time(MIDNIGHT + 10 * 24 * 3_600_000),
        rows_max: 1_000,
    };
    counters(rig).counts(wanted).await.unwrap().into_iter().collect()
}

/// Quarters that are long over become days, once, and what they have stays.
#[tokio::test]
async fn old_quarters_become_days() {
    let mut rig = Rig::new().await;
    for _ in 0..20 {
        worked(&mut rig).await;
        rig.carry_out(Deed::Pass { ms: 5 * 3_600_000 }).await;
    }
    feed(&rig, counters(&rig)).await;
    let fold = || Fold::new(rig.store.clone(), rig.clock.clone(), Arc::new(counters(&rig)));
    fold().round().await.unwrap();
    let young = counters(&rig).figures(ALL).unwrap();
    let days = by_day(&rig).await;
    for _ in 0..KEPT_QUARTERS / (24 * 4) + 4 {
        rig.clock.advance_ms(24 * 3_600_000);
    }
    counters(&rig).ask_for_rebuild().unwrap();
    fold().round().await.unwrap();
    assert_eq!(counters(&rig).figures(ALL).unwrap().quarters, young.quarters, "not meanwhile");
    feed(&rig, counters(&rig)).await;
    fold().round().await.unwrap();
    let old = counters(&rig).figures(ALL).unwrap();
    assert!(old.quarters.len() < young.quarters.len() / 2);
    // In January midnight in Copenhagen is at 23:00 in UTC.
    let is_midnight = |key: &Key| key.quarter.rem_euclid(24 * 4) == 23 * 4;
    assert!(old.quarters.keys().all(is_midnight), "{:?}", old.quarters.keys());
    assert_eq!(by_day(&rig).await, days);
    fold().round().await.unwrap();
    assert_eq!(counters(&rig).figures(ALL).unwrap(), old);
}

/// Somebody who asks for too much is told so, and of what there is nothing nothing is shown.
#[tokio::test]
async fn an_answer_has_a_bound() {
    let mut rig = Rig::new().await;
    worked(&mut rig).await;
    feed(&rig, counters(&rig)).await;
    let wanted = WantedCounts {
        center: rig::CENTER,
        by: CountedBy::Queue,
        begins: vec![Time(0)],
        until: rig.clock.now().plus_ms(900_000),
        rows_max: 2,
    };
    let ask = |wanted| async { counters(&rig).counts(wanted).await };
    assert_eq!(ask(wanted.clone()).await.unwrap().len(), 2);
    let fewer = WantedCounts { rows_max: 1, ..wanted.clone() };
    assert_eq!(ask(fewer).await.unwrap_err(), StatisticsError::TooMany);
    let other = WantedCounts { center: handoff_domain::CenterId(9), ..wanted };
    assert!(ask(other).await.unwrap().is_empty());
}

proptest! {
    /// A percentile is told up to the end of the bucket that it is in, and never above the longest.
    #[test]
    fn percentiles_are_within_a_bucket(
        mut took in prop::collection::vec(0_u64..2_000_000_000, 1..60),
        parts in 1_usize..4,
        percent in 1_u64..=100,
    ) {
        let mut all = Times::default();
        for part in took.chunks(took.len().div_ceil(parts)) {
            let mut times = Times::default();
            part.iter().for_each(|ms| times.note(*ms));
            all.add(&times);
        }
        took.sort_unstable();
        let place = (took.len() as u64 * percent).div_ceil(100).max(1) as usize;
        let (exact, told) = (took[place - 1], all.percentile_ms(percent).unwrap());
        prop_assert!(told >= exact && told <= *took.last().unwrap());
        prop_assert_eq!(Times::bucket_of(told), Times::bucket_of(exact));
    }
}

#[test]
fn nothing_has_no_percentile() {
    assert_eq!(Times::default().percentile_ms(50), None);
}
