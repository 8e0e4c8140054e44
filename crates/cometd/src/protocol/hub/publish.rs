//! Messages to sessions: one by one, or to all subscribers.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::lifetime::Farewell;
use super::subscribe::denies;
use super::{Delivery, Hub, nudge};
use crate::application::RemovalReason;
use crate::identity::{Identity, SessionId};
use crate::limits::Limits;
use crate::protocol::Moment;
use crate::protocol::ack::Urgency;
use crate::protocol::channel::{self, Kind};
use crate::protocol::error::Failure;
use crate::protocol::session::Session;

impl Hub {
    /// Decides whether a client may publish `data` to a channel.
    ///
    /// # Errors
    /// When the name is no channel's or the policy refuses.
    pub fn may_publish(
        &self,
        identity: Option<&Identity>,
        name: &str,
        data: &RawValue,
    ) -> Result<(), Failure> {
        if !channel::is_name(name, self.limits.channel_bytes) {
            return Err(Failure::ChannelInvalid);
        }
        if denies(self.policy.may_publish(identity, name)) {
            return Err(Failure::PublishDenied);
        }
        let is_new = channel::kind(name) == Kind::Broadcast && !self.subscriptions.exists(name);
        if is_new && denies(self.policy.may_create(identity, name)) {
            return Err(Failure::CreateDenied);
        }
        if denies(self.policy.may_pass(identity, name, data)) {
            return Err(Failure::MessageDeleted);
        }
        Ok(())
    }

    /// Queues an encoded message for one session, subscribed or not.
    pub fn deliver(
        &mut self,
        now: Moment,
        id: &SessionId,
        text: Bytes,
        urgency: Urgency,
    ) -> Delivery {
        let Some(session) = self.sessions.get_mut(id) else { return Delivery::Gone };
        if is_full(session, &text, &self.limits) {
            self.remove(now, id, RemovalReason::Overflow, Farewell::ComeBack);
            return Delivery::CutOff;
        }
        session.outbox.push(text, urgency);
        match urgency {
            Urgency::Prompt => nudge(session, &mut self.wakes),
            Urgency::Lazy if session.lazy_due_ms.is_none() => {
                session.lazy_due_ms = Some(now.at_ms + self.limits.max_lazy_ms);
                self.arm(id);
            }
            Urgency::Lazy => {}
        }
        Delivery::Delivered
    }

    /// Queues an encoded message for one session as [`Hub::deliver`] does, unless its queue holds
    /// as much already as may be offered to it: then nothing happens to the session, and
    /// [`Hub::take_roomy`] says when to go on.
    ///
    /// What can be had again later is offered, so that a client who asks for much gets it at their
    /// own pace. The bound is below the one at which a session is cut off, so that what is
    /// delivered meanwhile still fits.
    pub fn offer(&mut self, now: Moment, id: &SessionId, text: Bytes) -> Delivery {
        let Some(session) = self.sessions.get(id) else { return Delivery::Gone };
        let (messages, bytes) = (session.outbox.len(), session.outbox.bytes() + text.len());
        // An empty queue takes anything, or a large message would never leave.
        let is_crowded =
            messages >= self.limits.offered_messages || bytes > self.limits.offered_bytes();
        if messages > 0 && is_crowded {
            self.crowded.insert(id.clone(), text.len());
            return Delivery::Full;
        }
        self.deliver(now, id, text, Urgency::Prompt)
    }

    /// Queues an encoded message for every subscriber of a channel, once each, and counts those who
    /// get it.
    pub fn publish(&mut self, now: Moment, channel: &str, text: &Bytes, urgency: Urgency) -> usize {
        if channel::kind(channel) != Kind::Broadcast {
            return 0;
        }
        let publication = self.next_serial();
        let mut reached = 0;
        let mut particular: Vec<SessionId> = Vec::new();
        for id in self.subscriptions.covering(channel) {
            // Overlapping patterns name a session several times (bayeux.md 1.7).
            let Some(session) = self.sessions.get_mut(id) else { continue };
            if std::mem::replace(&mut session.last_publication, publication) == publication {
                continue;
            }
            // Whatever needs more of the hub than the session comes later; everybody else is dealt
            // with in one visit.
            if urgency == Urgency::Lazy || is_full(session, text, &self.limits) {
                particular.push(id.clone());
            } else {
                session.outbox.push(text.clone(), urgency);
                nudge(session, &mut self.wakes);
                reached += 1;
            }
        }
        let delivered =
            |id: &SessionId| self.deliver(now, id, text.clone(), urgency) == Delivery::Delivered;
        reached + particular.iter().map(delivered).filter(|delivered| *delivered).count()
    }
}

/// Tells whether a session's queue has no room for a message.
fn is_full(session: &Session, text: &Bytes, limits: &Limits) -> bool {
    session.outbox.len() >= limits.queued_messages
        || session.outbox.bytes() + text.len() > limits.queued_bytes
}
