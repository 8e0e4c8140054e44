//! How far this node's clock is from that of the store.

use handoff_store::{Store, StoreError};

use super::Core;
use super::ports::Clock;

/// How far the clocks of nodes may be from the database's, in ms: an offer ends by the clock of a
/// node, and two seconds of it are nothing that an agent notices.
pub const CLOCKS_APART_MAX_MS: u64 = 2_000;

/// Returns by how much this node's clock is ahead of the store's, negative when it is behind, in
/// ms; zero within the time that asking took. `None` where both are the same.
///
/// # Errors
///
/// The store's own.
pub async fn clocks_apart_ms(
    store: &dyn Store,
    clock: &dyn Clock,
) -> Result<Option<i64>, StoreError> {
    let before = clock.now().0;
    let Some(theirs) = store.clock().await? else { return Ok(None) };
    let after = clock.now().0;
    Ok(Some(if theirs.0 < before {
        before - theirs.0
    } else if theirs.0 > after {
        after - theirs.0
    } else {
        0
    }))
}

impl Core {
    /// Returns by how much this node's time is ahead of the store's ([`clocks_apart_ms`]).
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn clocks_apart_ms(&self) -> Result<Option<i64>, StoreError> {
        clocks_apart_ms(&*self.store, &*self.clock).await
    }
}
