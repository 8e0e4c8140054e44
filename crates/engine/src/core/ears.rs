//! Who hears what this node itself did, from the task that did it: neither the bus nor a task in
//! between has to carry it to the sessions that are here.
//!
//! A hint all the same: what is not heard is found by the looks of those who would have heard it.

use std::sync::{OnceLock, Weak};

use handoff_bus::Hint;

use super::Core;

/// Who hears. They have nothing to wait for, and do not keep who speaks from going on.
pub(crate) trait Ears: Send + Sync {
    fn hear(&self, hint: &Hint);
}

/// Those of this node, once its engine has started.
#[derive(Default)]
pub(crate) struct OwnEars(OnceLock<Weak<dyn Ears>>);

impl Core {
    /// Lets somebody hear what this node does from now on; only the first counts.
    pub(crate) fn let_hear(&self, ears: Weak<dyn Ears>) {
        let _those_before_stay = self.own_ears.0.set(ears);
    }

    /// Says what this node did: to itself at once, and to the others by the bus.
    pub(crate) fn say(&self, hint: Hint) {
        let Some(ears) = self.own_ears.0.get().and_then(Weak::upgrade) else {
            return self.bus.wake(hint);
        };
        self.bus.wake_others(&hint);
        ears.hear(&hint);
    }
}
