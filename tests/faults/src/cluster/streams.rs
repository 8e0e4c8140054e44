//! What agents' sessions were told, against what there was to tell.

use std::time::Duration;

use anyhow::Result;
use handoff_testkit::{Address, Transport};
use tokio::time::Instant;

use super::load::Listeners;
use crate::campaign::lock;
use crate::cuts::audit::{self, Resyncs};
use crate::cuts::client::Plan;

/// How long clients have to be told the rest, once all is quiet.
const CATCH_UP: Duration = Duration::from_secs(40);

/// Returns the sessions: of each agent one with acknowledgements by a pattern, and one without by
/// names.
pub(super) fn plans(agents: usize) -> impl Iterator<Item = Plan> {
    (0..agents * 2).map(move |number| Plan {
        number,
        user: number % agents,
        transport: Transport::WebSocket,
        acknowledges: number < agents,
        by_pattern: number < agents,
    })
}

/// Waits until everybody was told everything, and notes what is missing.
pub(super) async fn settle(listeners: &Listeners, address: &Address, agents: usize) -> Result<()> {
    let mut heads = Vec::new();
    for user in 0..agents {
        let mut resyncs = Resyncs::default();
        heads.push(audit::heads(address, user, &listeners.book, &mut resyncs).await?.0);
    }
    let end = Instant::now() + CATCH_UP;
    let has_all =
        || listeners.places.iter().all(|(plan, place)| lock(place).has_all(&heads[plan.user]));
    while Instant::now() < end && !has_all() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    listeners.places.iter().for_each(|(plan, place)| lock(place).miss(&heads[plan.user]));
    Ok(())
}
