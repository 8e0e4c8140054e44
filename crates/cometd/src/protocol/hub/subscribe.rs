//! Subscribing and unsubscribing, one name at a time: between two names the driver asks the
//! application.

use serde_json::Value;

use super::Hub;
use crate::identity::{SessionId, SessionInfo};
use crate::policy::Verdict;
use crate::protocol::channel::{self, Kind};
use crate::protocol::error::Failure;

/// What became of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is in the index, or out of it.
    Yes,
    /// It is a service channel: accepted, and nothing to record (bayeux.md 1.7).
    Service,
}

impl Hub {
    /// Reads the names of a subscribe or unsubscribe message: a string or an array of strings.
    ///
    /// # Errors
    /// When there is no name, too many of them, or something that is not a string.
    pub fn names(&self, subscription: Option<&Value>) -> Result<Vec<String>, Failure> {
        let names = match subscription {
            Some(Value::String(name)) => vec![name.clone()],
            Some(Value::Array(names)) if names.len() > self.limits.subscriptions_per_session => {
                return Err(Failure::SubscribeFailed);
            }
            Some(Value::Array(names)) => {
                let names = names.iter().map(|name| name.as_str().map(str::to_owned));
                names.collect::<Option<Vec<String>>>().ok_or(Failure::SubscriptionInvalid)?
            }
            Some(_) => return Err(Failure::SubscriptionInvalid),
            None => return Err(Failure::SubscriptionMissing),
        };
        if names.is_empty() { Err(Failure::SubscriptionMissing) } else { Ok(names) }
    }

    /// Records a subscription.
    ///
    /// # Errors
    /// When the name is not one, the policy refuses it or the session has too many.
    pub fn subscribe(&mut self, session: &SessionInfo, name: &str) -> Result<Recorded, Failure> {
        if !channel::is_subscription(name, self.limits.channel_bytes) {
            return Err(Failure::SubscriptionInvalid);
        }
        let kind = channel::kind(name);
        let identity = session.identity.as_ref();
        if !matches!(kind, Kind::Broadcast | Kind::Service)
            || denies(self.policy.may_subscribe(identity, name))
        {
            return Err(Failure::SubscribeDenied);
        }
        if kind == Kind::Service {
            return Ok(Recorded::Service);
        }
        if !self.subscriptions.exists(name) && denies(self.policy.may_create(identity, name)) {
            return Err(Failure::CreateDenied);
        }
        let Some(state) = self.sessions.get_mut(&session.id) else {
            return Err(Failure::SessionUnknown);
        };
        if state.subscriptions.iter().any(|known| **known == *name) {
            return Ok(Recorded::Yes);
        }
        if state.subscriptions.len() >= self.limits.subscriptions_per_session {
            return Err(Failure::SubscribeFailed);
        }
        state.subscriptions.push(self.subscriptions.add(name, state.number, &session.id));
        Ok(Recorded::Yes)
    }

    /// Removes a subscription.
    ///
    /// # Errors
    /// When the name is not one, or nobody is subscribed to it.
    pub fn unsubscribe(&mut self, session: &SessionId, name: &str) -> Result<Recorded, Failure> {
        if !channel::is_subscription(name, self.limits.channel_bytes) {
            return Err(Failure::SubscriptionInvalid);
        }
        if channel::kind(name) == Kind::Service {
            return Ok(Recorded::Service);
        }
        if !self.subscriptions.exists(name) {
            return Err(Failure::ChannelMissing);
        }
        if let Some(state) = self.sessions.get_mut(session) {
            state.subscriptions.retain(|known| **known != *name);
            self.subscriptions.remove(name, state.number);
        }
        Ok(Recorded::Yes)
    }
}

pub(super) fn denies(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Deny(_))
}
