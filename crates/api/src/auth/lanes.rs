//! Where passwords are compared: few at once, in memory that is allocated once, whoever guesses
//! behind whoever does not.
//!
//! Who waits is served by rank. A pair that was right before goes first; then whoever has tried
//! least; among those, addresses take turns, and who came first from an address goes first there.
//! So a flood from one address, or for one name, stands behind a single login of anybody else, and
//! a shift that begins behind one address is let in in the order in which it came.
//!
//! A name that nobody has must not be told from a user's by the time that its refusal takes, and
//! must not cost a comparison either: somebody could make up any number of them. Its refusal takes
//! as long as one of the last comparisons took, the waiting included; once in a while one is made
//! in earnest, so that there is always a recent one.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::password::Workspace;

/// Comparisons at once, at most, and not more than half of the cores: each takes one, and 19 MiB,
/// for some 20 ms. The others are for everybody who has logged in.
const LANES_MAX: usize = 4;
/// Requests that wait for a lane. One more is told to come again: it would wait for longer than any
/// client does.
const WAITING_MAX: usize = 4_096;
/// Durations remembered.
const DURATIONS: usize = 32;
/// How old the newest duration may be before a comparison is made in earnest, in ms.
const FRESH: Duration = Duration::from_secs(1);

/// How urgent a comparison is; the least is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// The pair was right before.
    Proven,
    /// So many were tried before.
    After(usize),
}

/// What to do about a name that nobody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pretence {
    /// Compare in earnest, to know how long that takes.
    Measure,
    /// Take so long.
    Take(Duration),
    /// The first comparison of all is being made; look again when it may be over.
    Wait,
}

/// Where somebody stands who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    urgency: Urgency,
    /// The turn of their address: each has one in a round.
    turn: u64,
    number: u64,
}

struct Waiting {
    address: Option<IpAddr>,
    lane: oneshot::Sender<Lane>,
}

#[derive(Default)]
struct Inner {
    idle: Vec<Workspace>,
    /// Lanes that exist; they are made when they are first needed.
    made: usize,
    waiting: BTreeMap<Rank, Waiting>,
    number: u64,
    durations: VecDeque<Duration>,
    /// When the newest duration was measured, or when its measurement began.
    measured: Option<Instant>,
}

pub(super) struct Lanes {
    inner: Mutex<Inner>,
    max: usize,
}

/// A lane that somebody has; dropped, it goes to whoever is next.
pub(super) struct Lane {
    lanes: Arc<Lanes>,
    workspace: Option<Workspace>,
}

impl Lane {
    pub(super) fn workspace(&mut self) -> &mut Workspace {
        self.workspace.get_or_insert_default()
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(workspace) = self.workspace.take() {
            self.lanes.pass_on(workspace);
        }
    }
}

impl Inner {
    /// Returns the turn of one more: after those of their address that wait, and not before whoever
    /// of their urgency is next, so that nobody comes before all who wait again and again.
    fn next_turn(&self, urgency: Urgency, address: Option<IpAddr>) -> u64 {
        let first = Rank { urgency, turn: 0, number: 0 };
        let alike = self.waiting.range(first..).take_while(|(rank, _)| rank.urgency == urgency);
        let mut alike = alike.peekable();
        let next = alike.peek().map_or(0, |(rank, _)| rank.turn);
        let own = alike.filter(|(_, waiting)| waiting.address == address);
        own.map(|(rank, _)| rank.turn + 1).max().unwrap_or(next)
    }
}

impl Lanes {
    pub(super) fn new() -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::of_at_most((cores / 2).clamp(1, LANES_MAX))
    }

    fn of_at_most(max: usize) -> Arc<Self> {
        Arc::new(Self { inner: Mutex::default(), max })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a lane; `None` when too many wait. Whoever stops waiting loses the place, and
    /// nothing else.
    pub(super) async fn take(
        self: &Arc<Self>,
        urgency: Urgency,
        address: Option<IpAddr>,
    ) -> Option<Lane> {
        let place = match self.free() {
            Some(workspace) => return Some(self.lane(workspace)),
            None => self.queue(urgency, address)?,
        };
        place.await.ok()
    }

    fn free(&self) -> Option<Workspace> {
        let mut inner = self.lock();
        if let Some(workspace) = inner.idle.pop() {
            return Some(workspace);
        }
        (inner.made < self.max).then(|| {
            inner.made += 1;
            Workspace::default()
        })
    }

    fn queue(
        self: &Arc<Self>,
        urgency: Urgency,
        address: Option<IpAddr>,
    ) -> Option<oneshot::Receiver<Lane>> {
        let (lane, place) = oneshot::channel();
        let mut inner = self.lock();
        // A lane may have become free since the look.
        if let Some(workspace) = inner.idle.pop() {
            drop(inner);
            // The receiver is here, so it cannot be gone.
            _ = lane.send(self.lane(workspace));
            return Some(place);
        }
        if inner.waiting.len() >= WAITING_MAX {
            inner.waiting.retain(|_, waiting| !waiting.lane.is_closed());
        }
        if inner.waiting.len() >= WAITING_MAX {
            return None;
        }
        inner.number += 1;
        let rank = Rank { urgency, turn: inner.next_turn(urgency, address), number: inner.number };
        inner.waiting.insert(rank, Waiting { address, lane });
        Some(place)
    }

    fn lane(self: &Arc<Self>, workspace: Workspace) -> Lane {
        Lane { lanes: self.clone(), workspace: Some(workspace) }
    }

    fn pass_on(self: &Arc<Self>, workspace: Workspace) {
        let mut workspace = workspace;
        loop {
            let mut inner = self.lock();
            let Some((_, next)) = inner.waiting.pop_first() else {
                return inner.idle.push(workspace);
            };
            drop(inner);
            match next.lane.send(self.lane(workspace)) {
                Ok(()) => return,
                // Who waited is gone; the lane comes back, and must not pass itself on while it is
                // dropped.
                Err(mut lane) => match lane.workspace.take() {
                    Some(back) => workspace = back,
                    None => return,
                },
            }
        }
    }

    /// Notes how long a comparison took.
    pub(super) fn took(&self, duration: Duration) {
        let mut inner = self.lock();
        if inner.durations.len() >= DURATIONS {
            inner.durations.pop_front();
        }
        inner.durations.push_back(duration);
        inner.measured = Some(Instant::now());
    }

    /// Says what to do about a name that nobody has; `any` is a random number.
    pub(super) fn pretend(&self, any: u128) -> Pretence {
        let mut inner = self.lock();
        if inner.measured.is_none_or(|at| at.elapsed() >= FRESH) {
            // Whoever comes meanwhile takes an older duration, or waits for this one.
            inner.measured = Some(Instant::now());
            return Pretence::Measure;
        }
        let count = inner.durations.len().max(1) as u128;
        let chosen = usize::try_from(any % count).unwrap_or(0);
        inner.durations.get(chosen).copied().map_or(Pretence::Wait, Pretence::Take)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    type Waiting = Pin<Box<dyn Future<Output = Option<Lane>>>>;

    /// Those who wait, by a name.
    struct Line {
        lanes: Arc<Lanes>,
        places: Vec<(&'static str, Waiting)>,
    }

    impl Line {
        fn come(&mut self, count: usize, name: &'static str, urgency: Urgency, from: u8) {
            for _ in 0..count {
                let lanes = self.lanes.clone();
                let mut place = Box::pin(async move { lanes.take(urgency, address(from)).await });
                let mut context = Context::from_waker(Waker::noop());
                assert!(place.as_mut().poll(&mut context).is_pending());
                self.places.push((name, place));
            }
        }

        /// Passes a lane on so many times; returns to whom, and the lane.
        fn served(&mut self, count: usize, mut lane: Lane) -> (Vec<&'static str>, Lane) {
            let mut context = Context::from_waker(Waker::noop());
            let mut names = Vec::new();
            for _ in 0..count {
                drop(lane);
                let next =
                    self.places.iter_mut().enumerate().find_map(|(index, (_, place))| match place
                        .as_mut()
                        .poll(&mut context)
                    {
                        Poll::Ready(lane) => Some((index, lane?)),
                        Poll::Pending => None,
                    });
                let index;
                (index, lane) = next.expect("somebody is next");
                names.push(self.places.remove(index).0);
            }
            (names, lane)
        }
    }

    #[tokio::test]
    async fn a_flood_stands_behind_whoever_has_tried_less_or_comes_alone() {
        let lanes = Lanes::of_at_most(1);
        let held = lanes.take(Urgency::After(0), address(1)).await.unwrap();
        let mut line = Line { lanes, places: Vec::new() };
        line.come(8, "flood", Urgency::After(0), 1);
        line.come(1, "mistyped", Urgency::After(1), 2);
        line.come(1, "honest", Urgency::After(0), 3);
        line.come(1, "proven", Urgency::Proven, 1);
        let (order, _) = line.served(11, held);
        assert_eq!(order[0], "proven");
        assert!(order[1..3].contains(&"honest"), "before all but one of the flood: {order:?}");
        assert_eq!(order.last(), Some(&"mistyped"));
    }

    #[tokio::test]
    async fn whoever_mistyped_does_not_wait_for_as_many_as_others_had_turns() {
        let lanes = Lanes::of_at_most(1);
        let held = lanes.take(Urgency::After(0), address(1)).await.unwrap();
        let mut line = Line { lanes, places: Vec::new() };
        line.come(8, "flood", Urgency::After(1), 1);
        line.come(8, "shift", Urgency::After(0), 2);
        let (order, held) = line.served(8, held);
        assert_eq!(order, ["shift"; 8]);
        line.come(1, "mistyped", Urgency::After(1), 3);
        let (order, _) = line.served(2, held);
        assert!(order.contains(&"mistyped"), "before all but one of the flood: {order:?}");
    }

    /// At the start of a shift: many from one address, and more come while others are let in.
    #[tokio::test]
    async fn who_waits_behind_one_address_is_served_in_the_order_in_which_they_came() {
        let lanes = Lanes::of_at_most(1);
        let mut held = lanes.take(Urgency::After(0), address(1)).await;
        let mut context = Context::from_waker(Waker::noop());
        let (mut waiting, mut served) = (Vec::new(), Vec::new());
        for number in 0..60 {
            let mut place = Box::pin(lanes.take(Urgency::After(0), address(1)));
            assert!(place.as_mut().poll(&mut context).is_pending());
            waiting.push((number, place));
            if number < 20 {
                continue;
            }
            drop(held.take());
            waiting.retain_mut(|(number, place)| match place.as_mut().poll(&mut context) {
                Poll::Ready(lane) => {
                    served.push(*number);
                    held = lane;
                    false
                }
                Poll::Pending => true,
            });
        }
        assert_eq!(served, (0..40).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_lane_is_made_once_and_comes_back_whatever_becomes_of_who_waits() {
        let lanes = Lanes::of_at_most(1);
        for _ in 0..3 {
            let held = lanes.take(Urgency::After(0), address(1)).await.unwrap();
            let mut gone = Box::pin(lanes.take(Urgency::After(0), address(1)));
            let mut context = Context::from_waker(Waker::noop());
            assert!(gone.as_mut().poll(&mut context).is_pending());
            drop(gone);
            drop(held);
            let inner = lanes.lock();
            assert_eq!((inner.idle.len(), inner.made), (1, 1));
        }
    }

    #[tokio::test]
    async fn so_many_wait_and_one_more_is_turned_away() {
        let lanes = Lanes::of_at_most(1);
        let _held = lanes.take(Urgency::After(0), address(1)).await.unwrap();
        let mut places: Vec<_> =
            (0..WAITING_MAX).map(|_| Box::pin(lanes.take(Urgency::After(0), address(1)))).collect();
        let mut context = Context::from_waker(Waker::noop());
        assert!(places.iter_mut().all(|place| place.as_mut().poll(&mut context).is_pending()));
        assert!(lanes.take(Urgency::After(0), address(2)).await.is_none());
        drop(places.pop());
        let mut next = Box::pin(lanes.take(Urgency::After(0), address(2)));
        assert!(
            next.as_mut().poll(&mut context).is_pending(),
            "the place of one that is gone is free"
        );
    }

    #[test]
    fn what_is_pretended_is_what_was_measured_and_now_and_then_measured_again() {
        let lanes = Lanes::of_at_most(1);
        let (short, long) = (Duration::from_millis(7), Duration::from_millis(9));
        assert_eq!(lanes.pretend(0), Pretence::Measure, "nothing is known yet");
        assert_eq!(lanes.pretend(0), Pretence::Wait, "a flood at the start measures once");
        lanes.took(short);
        lanes.took(long);
        assert_eq!(lanes.pretend(0), Pretence::Take(short));
        assert_eq!(lanes.pretend(3), Pretence::Take(long));
        lanes.lock().measured = Instant::now().checked_sub(FRESH);
        assert_eq!(lanes.pretend(0), Pretence::Measure, "it is measured again");
        assert_eq!(lanes.pretend(0), Pretence::Take(short), "by one at a time");
    }
}
