//! What happens because time has passed.

use super::lifetime::Farewell;
use super::{Hub, nudge};
use crate::application::RemovalReason;
use crate::identity::SessionId;
use crate::protocol::Moment;

impl Hub {
    /// Returns when [`Hub::tick`] should be called next, in ms; it may be too early, never too
    /// late.
    pub fn next_deadline(&self) -> Option<u64> {
        self.alarms.first().map(|(alarm_ms, _)| *alarm_ms)
    }

    /// Ends expired sessions, wakes connects that are due and hurries lazy messages.
    pub fn tick(&mut self, now: Moment) {
        while self.next_deadline().is_some_and(|alarm_ms| alarm_ms <= now.at_ms) {
            let Some((_, id)) = self.alarms.pop_first() else { return };
            self.ring(now, &id);
        }
    }

    fn ring(&mut self, now: Moment, id: &SessionId) {
        let Some(session) = self.sessions.get_mut(id) else { return };
        session.alarm_ms = None;
        let is_past = |deadline_ms: u64| deadline_ms <= now.at_ms;
        if session.expires_ms.is_some_and(is_past) {
            self.remove(now, id, RemovalReason::Expired, Farewell::ComeBack);
            return;
        }
        if session.lazy_due_ms.is_some_and(is_past) {
            session.lazy_due_ms = None;
            session.outbox.hurry();
            nudge(session, &mut self.wakes);
        }
        if let Some(held) = session.held.as_mut().filter(|held| is_past(held.due_ms) && !held.woken)
        {
            held.woken = true;
            self.wakes.push(held.carrier.into());
        }
        self.arm(id);
    }
}
