//! What customers may do over CometD: use the channel of a chat service, and nothing else.

use std::net::IpAddr;
use std::sync::Arc;

use handoff_cometd::{Denial, Identity, Policy, Source, Tag, Verdict};
use handoff_engine::Core;
use serde_json::Value;

use crate::limit::Limiter;

/// The channels of chat services, up to the service's name.
pub(super) const CHANNEL_PREFIX: &str = "/service/chatV2/";

/// The policy of the customers' server.
pub(super) struct ChatChannels {
    /// For the time.
    core: Arc<Core>,
    /// Shared with the doors outside, so that a socket lets nobody send more than requests would.
    requests: Arc<Limiter<IpAddr>>,
}

impl ChatChannels {
    pub(super) const fn new(core: Arc<Core>, requests: Arc<Limiter<IpAddr>>) -> Self {
        Self { core, requests }
    }

    fn is_chat(channel: &str) -> Verdict {
        let service = channel.strip_prefix(CHANNEL_PREFIX).unwrap_or_default();
        if service.is_empty() || service.contains(['/', '*']) {
            Verdict::Deny(Denial::Permanent)
        } else {
            Verdict::Allow
        }
    }
}

impl Policy for ChatChannels {
    fn may_handshake(
        &self,
        _identity: Option<&Identity>,
        _tag: Option<&Tag>,
        _ext: Option<&Value>,
    ) -> Verdict {
        Verdict::Allow
    }

    fn may_send(&self, _identity: Option<&Identity>, source: Option<&Source>) -> Verdict {
        let address = source.and_then(|source| source.as_str().parse().ok());
        let Some(address) = address else { return Verdict::Allow };
        match self.requests.wait_ms(address, self.core.now()) {
            None => Verdict::Allow,
            Some(_) => Verdict::Deny(Denial::Temporary),
        }
    }

    fn may_subscribe(&self, _identity: Option<&Identity>, channel: &str) -> Verdict {
        Self::is_chat(channel)
    }

    fn may_publish(&self, _identity: Option<&Identity>, channel: &str) -> Verdict {
        Self::is_chat(channel)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_channel_of_a_service_is_open() {
        for (channel, may) in [
            ("/service/chatV2/customer-support", true),
            ("/service/chatV2/", false),
            ("/service/chatV2/a/b", false),
            ("/service/chatV2/*", false),
            ("/service/**", false),
            ("/**", false),
            ("/v2/me/interactions", false),
            ("/service/other", false),
        ] {
            assert_eq!(ChatChannels::is_chat(channel) == Verdict::Allow, may, "{channel}");
        }
    }
}
