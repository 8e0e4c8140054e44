//! Who may do what over CometD: authenticated users may listen to the topics of the contract, and nobody may publish.

use handoff_cometd::{Denial, Identity, Policy, Verdict};
use serde_json::Value;

use crate::notify::topics;

/// The policy of the agents' server.
#[derive(Clone, Copy, Debug)]
pub(super) struct AgentsOnly;

impl Policy for AgentsOnly {
    fn may_handshake(&self, identity: Option<&Identity>, _ext: Option<&Value>) -> Verdict {
        // Credentials can be renewed, so the client may come back; clients take the other advice as final (bayeux.md 1.3).
        allow_if(identity.is_some(), Denial::Temporary)
    }

    fn may_subscribe(&self, identity: Option<&Identity>, channel: &str) -> Verdict {
        allow_if(identity.is_some() && topics::coverage(channel).is_some(), Denial::Permanent)
    }

    fn may_publish(&self, _identity: Option<&Identity>, _channel: &str) -> Verdict {
        // Agents act by REST alone; a message of a client's would look to the others like one of the server's.
        Verdict::Deny(Denial::Permanent)
    }
}

const fn allow_if(condition: bool, denial: Denial) -> Verdict {
    if condition { Verdict::Allow } else { Verdict::Deny(denial) }
}
