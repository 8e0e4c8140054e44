//! What the customers' doors share.

use std::sync::Arc;

use axum::extract::FromRef;
use handoff_content::FileKeeper;
use handoff_domain::{Chat, InteractionId};
use handoff_engine::Engine;

use super::guard::Guard;
use super::options::Options;
use super::poll_positions::{PollPositions, Progress};
use crate::body_memory::BodyMemory;
use crate::shared::Shared;

/// What the doors share; cheap to clone.
#[derive(Clone)]
pub(crate) struct DoorState(Arc<Inner>);

struct Inner {
    shared: Shared,
    guard: Guard,
    memory: Arc<BodyMemory>,
    positions: PollPositions,
}

impl DoorState {
    pub(super) fn new(shared: Shared, options: &Options) -> Self {
        let guard = Guard::new(options, shared.files().space().clone());
        let (memory, positions) = (Arc::default(), PollPositions::default());
        Self(Arc::new(Inner { shared, guard, memory, positions }))
    }

    /// Returns what they share with agents' routes.
    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(crate) fn engine(&self) -> &Engine {
        self.0.shared.engine()
    }

    /// Returns what keeps files.
    pub(crate) fn files(&self) -> &FileKeeper {
        self.0.shared.files()
    }

    /// Returns what keeps strangers from using the server up.
    pub(crate) fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// Returns the memory for large bodies.
    pub(crate) fn memory(&self) -> &Arc<BodyMemory> {
        &self.0.memory
    }

    /// Tells whether a chat is live, as far as it is in memory; one that is not has long had no
    /// part in anything.
    pub(crate) fn is_live(&self, chat: InteractionId) -> bool {
        let known = self.engine().core().board().recent(chat);
        self.engine().conversations().is_customer_awaited(chat)
            || known.is_some_and(|known| known.value.chat().is_some_and(Chat::is_live))
    }

    /// Notes how far a polling customer has come, and returns how far they had come before.
    pub(crate) fn advance_position(&self, chat: InteractionId, progress: Progress) -> u64 {
        self.0.positions.advance(chat, progress, |chat| self.is_live(chat))
    }
}

impl FromRef<DoorState> for Shared {
    fn from_ref(state: &DoorState) -> Self {
        state.shared().clone()
    }
}
