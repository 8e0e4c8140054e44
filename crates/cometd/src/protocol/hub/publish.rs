//! Messages to sessions: one by one, or to all subscribers.

use bytes::Bytes;

use super::lifetime::Farewell;
use super::subscribe::denies;
use super::{Delivery, Hub, nudge};
use crate::application::RemovalReason;
use crate::identity::{Identity, SessionId};
use crate::protocol::Moment;
use crate::protocol::ack::Urgency;
use crate::protocol::channel::{self, Kind};
use crate::protocol::error::Failure;

impl Hub {
    /// Decides whether a client may publish to a channel.
    ///
    /// # Errors
    /// When the name is no channel's or the policy refuses.
    pub fn may_publish(&self, identity: Option<&Identity>, name: &str) -> Result<(), Failure> {
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
        Ok(())
    }

    /// Queues an encoded message for one session, subscribed or not.
    pub fn deliver(&mut self, now: Moment, id: &SessionId, text: Bytes, urgency: Urgency) -> Delivery {
        let Some(session) = self.sessions.get_mut(id) else { return Delivery::Gone };
        let is_full = session.outbox.len() >= self.limits.queued_messages
            || session.outbox.bytes() + text.len() > self.limits.queued_bytes;
        if is_full {
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

    /// Queues an encoded message for every subscriber of a channel, once each, and counts those who get it.
    pub fn publish(&mut self, now: Moment, channel: &str, text: &Bytes, urgency: Urgency) -> usize {
        if channel::kind(channel) != Kind::Broadcast {
            return 0;
        }
        let publication = self.next_serial();
        let mut subscribers: Vec<SessionId> = Vec::new();
        for id in self.subscriptions.covering(channel) {
            // Overlapping patterns name a session several times (bayeux.md 1.7).
            if let Some(session) = self.sessions.get_mut(id)
                && std::mem::replace(&mut session.last_publication, publication) != publication
            {
                subscribers.push(id.clone());
            }
        }
        let delivered = |id: &SessionId| self.deliver(now, id, text.clone(), urgency) == Delivery::Delivered;
        subscribers.iter().map(delivered).filter(|delivered| *delivered).count()
    }
}
