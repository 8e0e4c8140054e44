//! Lanes: commands on one interaction that lost a race against each other stand in line instead of
//! racing again.
//!
//! Of all commands on an interaction that are decided on one version of it, one gets through,
//! whoever comes first. Under load somebody can come too late again and again while others pass,
//! until their attempts are used up; how long that takes grows with how many there are. So whoever
//! has lost once waits for a turn, first come, first served, and whoever comes while others wait
//! stands behind them. A lane protects nothing: the commit's guards do that, and those who never
//! met anybody take no turn. What is decided on another node, or with another interaction, still
//! comes in between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use handoff_domain::InteractionId;
use tokio::sync::OwnedMutexGuard;

/// The lanes in which somebody is.
#[derive(Default)]
pub(crate) struct Lanes {
    open: Mutex<HashMap<InteractionId, Lane>>,
}

struct Lane {
    /// Whose turn it is; those who wait for it get it in the order in which they came.
    turn: Arc<tokio::sync::Mutex<()>>,
    members: usize,
}

/// A turn, until it is dropped.
pub(crate) struct Turn<'a> {
    _turn: OwnedMutexGuard<()>,
    _place: Place<'a>,
}

/// Somebody's place in a lane; the lane goes with the last.
struct Place<'a> {
    lanes: &'a Lanes,
    id: InteractionId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut open = self.lanes.lock();
        if let Some(lane) = open.get_mut(&self.id) {
            lane.members -= 1;
            if lane.members == 0 {
                open.remove(&self.id);
            }
        }
    }
}

impl Lanes {
    fn lock(&self) -> MutexGuard<'_, HashMap<InteractionId, Lane>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a turn where somebody waits already; `None` at once where nobody does.
    pub(crate) async fn join(&self, id: InteractionId) -> Option<Turn<'_>> {
        let turn = {
            let mut open = self.lock();
            let lane = open.get_mut(&id)?;
            lane.members += 1;
            lane.turn.clone()
        };
        let place = Place { lanes: self, id };
        Some(Turn { _turn: turn.lock_owned().await, _place: place })
    }

    /// Waits for a turn.
    pub(crate) async fn enter(&self, id: InteractionId) -> Turn<'_> {
        let turn = {
            let mut open = self.lock();
            let lane = open.entry(id).or_insert_with(|| Lane { turn: Arc::default(), members: 0 });
            lane.members += 1;
            lane.turn.clone()
        };
        let place = Place { lanes: self, id };
        Turn { _turn: turn.lock_owned().await, _place: place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: InteractionId = InteractionId(1);

    #[tokio::test]
    async fn turns_come_in_order_and_a_lane_goes_with_the_last() {
        let lanes = Lanes::default();
        assert!(lanes.join(ONE).await.is_none(), "nobody waits");
        let first = lanes.enter(ONE).await;
        let order = Mutex::new(Vec::new());
        let wait = async |name: &'static str| {
            let turn = lanes.join(ONE).await;
            assert!(turn.is_some(), "somebody is before");
            order.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        };
        let go = async {
            tokio::task::yield_now().await;
            drop(first);
        };
        tokio::join!(wait("second"), wait("third"), go);
        assert_eq!(*order.lock().unwrap_or_else(PoisonError::into_inner), ["second", "third"]);
        assert!(lanes.lock().is_empty());
    }

    #[tokio::test]
    async fn whoever_stops_waiting_leaves_no_place_behind() {
        let lanes = Lanes::default();
        let turn = lanes.enter(ONE).await;
        {
            let mut waiting = Box::pin(lanes.enter(ONE));
            let is_ready = futures_util::FutureExt::now_or_never(waiting.as_mut()).is_some();
            assert!(!is_ready, "it is another's turn");
        }
        drop(turn);
        assert!(lanes.lock().is_empty());
    }
}
