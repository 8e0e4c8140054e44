//! How far customers have come who poll, because not every request of theirs says so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use handoff_domain::InteractionId;

/// Customers who are remembered: more than can be live on one machine.
const REMEMBERED_MAX: usize = 100_000;
/// How many there are before it is worth while to look for those whose chats have ended.
const SWEPT_MIN: usize = 1_024;

/// What an answer says of how far its customer has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Progress {
    /// Nothing.
    Unknown,
    /// They were told everything up to this number.
    UpTo(u64),
    /// They were told the end.
    Ended,
}

/// How far each customer has come, in their own numbering.
#[derive(Debug)]
pub(crate) struct PollPositions {
    inner: Mutex<Inner>,
    max: usize,
}

#[derive(Debug)]
struct Inner {
    positions: HashMap<InteractionId, u64>,
    /// With so many the ended ones are looked for; twice what was left the last time, so that it
    /// costs little for each that is added.
    sweep_at: usize,
}

impl Default for PollPositions {
    fn default() -> Self {
        Self::of_at_most(REMEMBERED_MAX, SWEPT_MIN)
    }
}

impl PollPositions {
    fn of_at_most(max: usize, sweep_at: usize) -> Self {
        Self { inner: Mutex::new(Inner { positions: HashMap::new(), sweep_at }), max }
    }

    /// Notes how far a customer has come, and returns how far they had come before. What is not
    /// known is 0: they hear something twice. Most customers go without hearing the end of their
    /// chats; `is_live` tells which chats have not ended.
    pub(crate) fn advance(
        &self,
        chat: InteractionId,
        progress: Progress,
        is_live: impl Fn(InteractionId) -> bool,
    ) -> u64 {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let before = inner.positions.get(&chat).copied();
        match progress {
            Progress::Ended => {
                inner.positions.remove(&chat);
            }
            Progress::UpTo(last) if last > before.unwrap_or(0) => {
                if before.is_some() || self.has_room(&mut inner, is_live) {
                    inner.positions.insert(chat, last);
                }
            }
            Progress::UpTo(_) | Progress::Unknown => {}
        }
        before.unwrap_or(0)
    }

    fn has_room(&self, inner: &mut Inner, is_live: impl Fn(InteractionId) -> bool) -> bool {
        if inner.positions.len() >= inner.sweep_at {
            inner.positions.retain(|chat, _| is_live(*chat));
            inner.sweep_at = (2 * inner.positions.len()).clamp(SWEPT_MIN.min(self.max), self.max);
        }
        inner.positions.len() < self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: InteractionId = InteractionId(1);
    const TWO: InteractionId = InteractionId(2);
    const THREE: InteractionId = InteractionId(3);

    #[test]
    fn a_customer_goes_on_from_where_he_was() {
        let positions = PollPositions::default();
        let advance = |progress| positions.advance(ONE, progress, |_| true);
        assert_eq!(advance(Progress::UpTo(3)), 0);
        assert_eq!(advance(Progress::Unknown), 3);
        assert_eq!(advance(Progress::UpTo(2)), 3, "a late answer takes nothing back");
        assert_eq!(advance(Progress::UpTo(5)), 3);
        assert_eq!(advance(Progress::Ended), 5);
        assert_eq!(advance(Progress::Unknown), 0, "who has heard the end is forgotten");
    }

    #[test]
    fn who_is_remembered_stays_so_when_there_is_no_room_and_the_ended_make_room() {
        let positions = PollPositions::of_at_most(2, 2);
        let advance = |chat, last, ended: InteractionId| {
            positions.advance(chat, Progress::UpTo(last), move |chat| chat != ended)
        };
        advance(ONE, 1, THREE);
        advance(TWO, 1, THREE);
        advance(THREE, 1, THREE);
        assert_eq!(advance(ONE, 4, THREE), 1, "an update needs no room");
        assert_eq!(advance(ONE, 5, THREE), 4);
        assert_eq!(advance(THREE, 2, ONE), 0, "there was no room for it before");
        assert_eq!(advance(THREE, 3, TWO), 2, "the ended one has left");
        assert_eq!(advance(TWO, 2, THREE), 1);
    }
}
