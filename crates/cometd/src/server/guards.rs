//! Guards: whatever a request holds in the hub is given back, however its future ends.
//!
//! hyper drops a handler's future when the client closes its connection, at any await point.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{DriverState, Shared};
use crate::identity::SessionId;
use crate::protocol::hub::{Fate, Lease, Parcel};
use crate::protocol::session::PollId;

/// Messages held back until a reply is out.
pub(super) struct Cork {
    shared: Arc<Shared>,
    session: SessionId,
}

impl Cork {
    /// Holds back a session's messages.
    pub(super) fn new(shared: &Arc<Shared>, session: &SessionId) -> Self {
        shared.with(|state, _| state.hub.cork(session));
        Self { shared: Arc::clone(shared), session: session.clone() }
    }
}

impl Drop for Cork {
    fn drop(&mut self) {
        self.shared.with(|state, _| state.hub.uncork(&self.session));
    }
}

/// A response on its way out, with what depends on its fate. Dropped without a word it counts as
/// lost.
#[derive(Default)]
pub(super) struct Departure {
    in_flight: Option<(Arc<Shared>, Lease)>,
    cork: Option<Cork>,
}

impl Departure {
    /// Binds the messages in flight and the cork to the response.
    pub(super) fn new(shared: &Arc<Shared>, lease: Option<Lease>, cork: Option<Cork>) -> Self {
        Self { in_flight: lease.map(|lease| (Arc::clone(shared), lease)), cork }
    }

    /// The transport has taken the response.
    pub(super) fn handed_over(&mut self) {
        self.settle(Fate::HandedOver);
    }

    fn settle(&mut self, fate: Fate) {
        // First the messages, then the cork: uncorking looks at the queue.
        if let Some((shared, lease)) = self.in_flight.take() {
            shared.with(|state, _| state.hub.settle(lease, fate));
        }
        self.cork = None;
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.settle(Fate::Lost);
    }
}

/// A connect that is held in an HTTP request.
pub(super) struct HeldPoll {
    shared: Arc<Shared>,
    session: SessionId,
    poll: PollId,
    woken: oneshot::Receiver<()>,
    is_answered: bool,
}

impl HeldPoll {
    /// Registers the poll's waker; under the same lock under which it was held, or a wake-up could
    /// be missed.
    pub(super) fn register(
        shared: &Arc<Shared>,
        state: &mut DriverState,
        session: SessionId,
        poll: PollId,
    ) -> Self {
        let (sender, woken) = oneshot::channel();
        state.polls.insert(poll, sender);
        Self { shared: Arc::clone(shared), session, poll, woken, is_answered: false }
    }

    /// Waits until there is something to say.
    pub(super) async fn answer(mut self) -> (Parcel, Departure) {
        // The sender is dropped unsent only with the server itself; there is nothing to say then
        // either.
        _ = (&mut self.woken).await;
        let mut parcel = self
            .shared
            .with(|state, now| state.hub.collect_poll(now, &self.session, self.poll))
            .unwrap_or_default();
        self.is_answered = true;
        let departure = Departure::new(&self.shared, parcel.lease.take(), None);
        (parcel, departure)
    }
}

impl Drop for HeldPoll {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        self.shared.with(|state, now| {
            state.polls.remove(&self.poll);
            state.hub.poll_dropped(now, &self.session, self.poll);
        });
    }
}
