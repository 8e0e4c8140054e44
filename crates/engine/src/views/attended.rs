//! How the queues are attended, worked out once for all who ask.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use handoff_domain::QueueId;
use handoff_domain::routing::Attendance;

use crate::core::Directory;

/// How the queues are attended, as worked out from the desks that there were and the directory that
/// counted then.
#[derive(Default)]
pub(super) struct Attended {
    known: Mutex<Option<Known>>,
}

struct Known {
    directory: Arc<Directory>,
    desk_changes: u64,
    by_queue: HashMap<QueueId, Attendance>,
}

impl Attended {
    /// Returns how a queue is attended, working it out when a desk or the directory has changed
    /// since: customers who wait ask often.
    pub(super) fn of(
        &self,
        queue: QueueId,
        directory: &Arc<Directory>,
        desk_changes: u64,
        work_out: impl FnOnce() -> Attendance,
    ) -> Attendance {
        let is_current = |known: &Known| {
            known.desk_changes == desk_changes && Arc::ptr_eq(&known.directory, directory)
        };
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock()
            .as_ref()
            .filter(|known| is_current(known))
            .and_then(|known| known.by_queue.get(&queue))
        {
            return *found;
        }
        let found = work_out();
        let mut known = lock();
        if !known.as_ref().is_some_and(is_current) {
            *known = Some(Known {
                directory: directory.clone(),
                desk_changes,
                by_queue: HashMap::new(),
            });
        }
        if let Some(known) = known.as_mut() {
            known.by_queue.insert(queue, found);
        }
        found
    }
}
