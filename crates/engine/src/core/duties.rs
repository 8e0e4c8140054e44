//! Duties: what one node is enough for. The node that has one does the work, the others leave it
//! alone; when its lease is over, or it gives its duties back, another takes them.
//!
//! They save work that would be done several times and refused all but once. Nothing rests on them:
//! for a moment two nodes may do the same, or none, and what each does is guarded as if there were
//! no duties. So a node that has lost one in the middle of a round goes on to its end.
//!
//! A node that cannot do what it has the duty for, again and again, hands that back and leaves it
//! alone for a while: another may be able to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use handoff_domain::Incarnation;
use handoff_store::{Store, StoreError};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

/// How often in a row something may fail, and for how long at least, until the duty is handed back:
/// what fails within a moment is over in the next one, and handing a duty on rests it for one.
const FAILURES_MAX: u32 = 5;
const FAILING_MAX: Duration = Duration::from_secs(10);
/// How long a node leaves a duty alone that it handed back for its failures: long enough for
/// another to show whether it can do better, and short enough to try again itself if not.
const REST: Duration = Duration::from_secs(60);

/// Something that one node does for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// Makes offers.
    Routing,
    /// Carries out what is due.
    Timers,
    /// Offers chats to the supervisors who follow their owners.
    Followers,
    /// Posts what is to be sent.
    Outbox,
    /// Removes from desks what dead nodes said.
    DeadNodes,
    /// Removes old rows.
    Sweep,
    /// Takes files out of use that nobody can ask for.
    Files,
    /// Removes finished interactions that are no longer kept.
    Retention,
    /// Sends events to where contact centers want them.
    Webhooks,
    /// Erases contacts.
    Erasure,
    /// Counts how often standard responses are used.
    Uses,
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Routing,
        Self::Timers,
        Self::Followers,
        Self::Outbox,
        Self::DeadNodes,
        Self::Sweep,
        Self::Files,
        Self::Retention,
        Self::Webhooks,
        Self::Erasure,
        Self::Uses,
    ];

    /// Returns its name in the store and in what operators are shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Routing => "routing",
            Self::Timers => "timers",
            Self::Followers => "followers",
            Self::Outbox => "outbox",
            Self::DeadNodes => "dead nodes",
            Self::Sweep => "sweep",
            Self::Files => "files",
            Self::Retention => "retention",
            Self::Webhooks => "webhooks",
            Self::Erasure => "erasure",
            Self::Uses => "uses of responses",
        }
    }
}

/// How something went that is a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Went {
    Well,
    Wrong,
}

/// What shows whether a node can do what it has a duty for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trial {
    /// A round of the worker.
    Round,
    /// A mail that was given to a relay.
    Mail,
}

/// What went wrong in a row.
#[derive(Clone, Copy, Debug)]
struct Failing {
    count: u32,
    since: Instant,
}

/// The duties of this node, as far as it knows.
#[derive(Debug)]
pub(super) struct Duties {
    had: watch::Sender<Had>,
    /// Held while the store is asked, so that none is taken after all were given back.
    taking: Mutex<Taking>,
    failing: std::sync::Mutex<BTreeMap<(Duty, Trial), Failing>>,
    /// Until when each is left alone that was handed back for its failures.
    resting: std::sync::Mutex<BTreeMap<Duty, Instant>>,
}

/// What this node has.
#[derive(Clone, Debug)]
struct Had {
    duties: BTreeSet<Duty>,
    /// When its lease is over, unless it was renewed.
    until: Instant,
}

impl Had {
    fn none() -> Self {
        Self { duties: BTreeSet::new(), until: Instant::now() }
    }

    fn has(&self, duty: Duty) -> bool {
        self.duties.contains(&duty) && Instant::now() < self.until
    }
}

/// Whether this node takes duties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taking {
    On,
    /// It stops.
    Over,
}

impl Default for Duties {
    fn default() -> Self {
        Self {
            had: watch::Sender::new(Had::none()),
            taking: Mutex::new(Taking::On),
            failing: std::sync::Mutex::default(),
            resting: std::sync::Mutex::default(),
        }
    }
}

impl Duties {
    /// Tells whether this node has a duty.
    pub(super) fn has(&self, duty: Duty) -> bool {
        self.had.borrow().has(duty)
    }

    /// Waits until this node has a duty.
    pub(super) async fn until(&self, duty: Duty) {
        let mut had = self.had.subscribe();
        // It cannot be closed: its sender is a part of this.
        let _it_has = had.wait_for(|had| had.has(duty)).await;
    }

    /// Takes the duties that nobody has, for a node whose lease lasts until then.
    pub(super) async fn take(
        &self,
        store: &dyn Store,
        node: Incarnation,
        until: Instant,
    ) -> Result<(), StoreError> {
        let taking = self.taking.lock().await;
        if *taking == Taking::Over {
            return Ok(());
        }
        let resting = self.resting();
        let wanted = Duty::ALL.into_iter().filter(|duty| !resting.contains(duty));
        let wanted: Vec<&str> = wanted.map(Duty::name).collect();
        let taken = store.take_duties(node, &wanted).await?;
        let duties: BTreeSet<Duty> =
            Duty::ALL.into_iter().filter(|duty| taken.contains(duty.name())).collect();
        let before = self.had.send_replace(Had { duties: duties.clone(), until });
        let new: Vec<&str> = duties.difference(&before.duties).map(|duty| duty.name()).collect();
        if !new.is_empty() {
            tracing::info!(duties = new.join(", "), "this node has taken duties");
        }
        Ok(())
    }

    /// Hands all duties of a node back, and takes none from then on.
    pub(super) async fn leave(
        &self,
        store: &dyn Store,
        node: Incarnation,
    ) -> Result<(), StoreError> {
        let mut taking = self.taking.lock().await;
        if std::mem::replace(&mut *taking, Taking::Over) == Taking::Over {
            return Ok(());
        }
        self.had.send_replace(Had::none());
        store.leave_duties(node, &Duty::ALL.map(Duty::name)).await
    }

    /// Notes how something went that is a duty; tells whether it has gone wrong for so long that
    /// the duty should be another node's.
    pub(super) fn note(&self, duty: Duty, trial: Trial, went: Went) -> bool {
        let mut failing = lock(&self.failing);
        if went == Went::Well {
            failing.remove(&(duty, trial));
            return false;
        }
        let now = Instant::now();
        let failing = failing.entry((duty, trial)).or_insert(Failing { count: 0, since: now });
        failing.count += 1;
        failing.count >= FAILURES_MAX && now - failing.since >= FAILING_MAX
    }

    /// Hands one duty back, and leaves it alone for a while.
    pub(super) async fn rest_from(
        &self,
        store: &dyn Store,
        node: Incarnation,
        duty: Duty,
    ) -> Result<(), StoreError> {
        let _no_other_takes = self.taking.lock().await;
        store.leave_duties(node, &[duty.name()]).await?;
        lock(&self.resting).insert(duty, Instant::now() + REST);
        self.had.send_modify(|had| {
            had.duties.remove(&duty);
        });
        lock(&self.failing).retain(|(failing, _), _| *failing != duty);
        Ok(())
    }

    /// Returns the duties that this node leaves alone.
    pub(super) fn resting(&self) -> BTreeSet<Duty> {
        let mut resting = lock(&self.resting);
        let now = Instant::now();
        resting.retain(|_, until| *until > now);
        resting.keys().copied().collect()
    }
}

fn lock<T>(kept: &std::sync::Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A round of the outbox only begins to give mails away.
    #[tokio::test(start_paused = true)]
    async fn rounds_that_go_well_do_not_hide_mails_that_no_relay_takes() {
        let duties = Duties::default();
        let mut enough = Vec::new();
        for _ in 0..6 {
            assert!(!duties.note(Duty::Outbox, Trial::Round, Went::Well));
            enough.push(duties.note(Duty::Outbox, Trial::Mail, Went::Wrong));
            tokio::time::advance(FAILING_MAX / 4).await;
        }
        assert_eq!(enough, [false, false, false, false, true, true]);
        assert!(!duties.note(Duty::Outbox, Trial::Mail, Went::Well));
        assert!(!duties.note(Duty::Outbox, Trial::Mail, Went::Wrong), "it begins anew");
    }
}
