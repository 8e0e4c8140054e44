//! Duties: what one node is enough for. The node that has one does the work, the others leave it
//! alone; when its lease is over, or it gives its duties back, another takes them.
//!
//! They save work that would be done several times and refused all but once. Nothing rests on them:
//! for a moment two nodes may do the same, or none, and what each does is guarded as if there were
//! no duties. So a node that has lost one in the middle of a round goes on to its end.

use std::collections::BTreeSet;

use handoff_domain::Incarnation;
use handoff_store::{Store, StoreError};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

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
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Routing,
        Self::Timers,
        Self::Followers,
        Self::Outbox,
        Self::DeadNodes,
        Self::Sweep,
        Self::Files,
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
        }
    }
}

/// The duties of this node, as far as it knows.
#[derive(Debug)]
pub(super) struct Duties {
    had: watch::Sender<Had>,
    /// Held while the store is asked, so that none is taken after all were given back.
    taking: Mutex<Taking>,
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
        Self { had: watch::Sender::new(Had::none()), taking: Mutex::new(Taking::On) }
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
        let taken = store.take_duties(node, &Duty::ALL.map(Duty::name)).await?;
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
        store.leave_duties(node).await
    }
}
