//! The counters against a recount from the history, whatever happens to whoever feeds them.

mod deeds;
mod recount;
mod rig;
mod searched;
mod slow;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use handoff_domain::{Fact, OfferKind};
use handoff_engine::Worker as _;
use handoff_store::StoreError;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::counters::{KEPT_QUARTERS, Quarter, QueueOrAgent, Tally};
use crate::file::move_on;
use crate::{Counters, Cursor, News, Projection, ProjectionError, Reader, Standing};
use deeds::{Deed, What};
use recount::recount;
use rig::Rig;

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

    fn apply(&self, news: &News, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        match self.feeding {
            Feeding::Whole => self.counters.apply(news, from, to),
            Feeding::CursorApart => {
                let connection = self.counters.file().connection();
                crate::counters::count(&connection, &news.entries)?;
                move_on(&connection, from, to)
            }
        }
    }

    fn rebuild(&self, from: Standing, to: Standing) -> Result<(), ProjectionError> {
        self.counters.rebuild(from, to)
    }
}

/// What a test does in between what the contact center does.
#[derive(Clone, Debug)]
enum Step {
    Do(Deed),
    /// Whoever feeds the counters takes a few rounds.
    Feed,
    /// They are killed after so many steps of the database's.
    Kill(u32),
    Rebuild,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => deeds::deed().prop_map(Step::Do),
        3 => Just(Step::Feed),
        3 => (1_u32..400).prop_map(Step::Kill),
        1 => Just(Step::Rebuild),
    ]
}

fn counters(rig: &Rig) -> Counters {
    let counters = Counters::open(&rig.file()).unwrap();
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
}

/// What must have happened often enough.
const TRIED: [&str; 13] = [
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

async fn carry_out(rig: &mut Rig, steps: Vec<Step>, feeding: Feeding, reached: &Reached) {
    for step in steps {
        match step {
            Step::Do(deed) => rig.carry_out(deed).await,
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
}

/// Returns what the counters and a recount have, after any steps.
async fn compared(
    steps: Vec<Step>,
    feeding: Feeding,
    reached: &Reached,
) -> Result<(), TestCaseError> {
    let mut rig = Rig::new().await;
    carry_out(&mut rig, steps, feeding, reached).await;
    feed(&rig, counters(&rig)).await;
    let figures = counters(&rig).figures(ALL).unwrap();
    let recount = recount(&*rig.store).await;
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
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
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
    let is_enough = killed > 20 && TRIED.into_iter().all(|name| count(name) > 10);
    assert!(is_enough, "{killed} kills, {facts:?}");
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
    let sum = |of: fn(&Tally) -> u64, is_queue: bool| -> u64 {
        let whose = |it: &QueueOrAgent| matches!(it, QueueOrAgent::Queue(_)) == is_queue;
        quarters.iter().filter(|((_, it), _)| whose(it)).map(|(_, tally)| of(tally)).sum()
    };
    assert_eq!([true, false].map(|is_queue| sum(|it| it.entered, is_queue)), [3, 0]);
    assert_eq!([true, false].map(|is_queue| sum(|it| it.offered, is_queue)), [3, 3]);
    assert_eq!([true, false].map(|is_queue| sum(|it| it.accepted, is_queue)), [2, 2]);
    assert_eq!([true, false].map(|is_queue| sum(|it| it.ended, is_queue)), [1, 1]);
    let longest = quarters.values().map(|tally| tally.longest_wait_ms).max();
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
    let news = News::of(page.items);
    one.apply(&news, from, to).unwrap();
    let late = other.apply(&news, from, to).unwrap_err();
    assert!(matches!(late, ProjectionError::Overtaken), "{late:?}");
    let late = other.rebuild(from, Standing::Outdated).unwrap_err();
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

/// Quarters that are long over are forgotten.
#[tokio::test]
async fn old_quarters_are_forgotten() {
    let mut rig = Rig::new().await;
    worked(&mut rig).await;
    feed(&rig, counters(&rig)).await;
    let first = *counters(&rig).figures(ALL).unwrap().quarters.keys().next().unwrap();
    for _ in 0..KEPT_QUARTERS / (24 * 4) + 1 {
        rig.carry_out(Deed::Pass { ms: 24 * 3_600_000 }).await;
    }
    rig.carry_out(Deed::Submit { queue: 0 }).await;
    feed(&rig, counters(&rig)).await;
    let kept = counters(&rig).figures(ALL).unwrap().quarters;
    assert!(!kept.is_empty() && !kept.contains_key(&first));
}
