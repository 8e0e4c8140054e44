//! What customers may do over CometD: use the channel of a chat service, and nothing else.

use handoff_cometd::{Denial, Identity, Policy, Verdict};
use serde_json::Value;

/// The channels of chat services, up to the service's name.
pub(super) const CHANNEL_PREFIX: &str = "/service/chatV2/";

/// The policy of the customers' server.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChatChannels;

impl ChatChannels {
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
    fn may_handshake(&self, _identity: Option<&Identity>, _ext: Option<&Value>) -> Verdict {
        Verdict::Allow
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
            assert_eq!(ChatChannels.may_subscribe(None, channel) == Verdict::Allow, may, "{channel}");
            assert_eq!(ChatChannels.may_publish(None, channel) == Verdict::Allow, may, "{channel}");
        }
    }
}
