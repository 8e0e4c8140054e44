//! Who may do what over CometD: users may listen to the topics of their roles, and nobody may
//! publish.

use std::sync::Arc;

use handoff_cometd::{Denial, Identity, Policy, Source, Tag, Verdict};
use handoff_domain::{User, UserId};
use handoff_engine::Engine;
use serde_json::Value;

use super::audience;
use super::identity::credentials_of;
use crate::limit::Limiter;

/// The policy of the agents' server. It asks the engine's directory anew each time, so that a
/// change of roles holds from the next subscription on.
pub(super) struct ByRole {
    engine: Arc<Engine>,
    /// Shared with REST, so that a socket lets nobody send more than requests would.
    requests: Arc<Limiter<UserId>>,
}

impl ByRole {
    pub(super) const fn new(engine: Arc<Engine>, requests: Arc<Limiter<UserId>>) -> Self {
        Self { engine, requests }
    }

    /// Returns the user whom an identity stands for; `None` when they were deleted or disabled.
    fn user(&self, identity: Option<&Identity>) -> Option<Arc<User>> {
        user_of(&self.engine, identity?)
    }
}

/// Returns the user whom an identity stands for, as they are now; `None` when they were deleted or
/// disabled.
pub(super) fn user_of(engine: &Engine, identity: &Identity) -> Option<Arc<User>> {
    let id = identity.as_str().parse().ok()?;
    let center = engine.core().center_of(id)?;
    engine.core().directory().user(center, id).filter(|user| user.enabled).cloned()
}

impl Policy for ByRole {
    fn may_handshake(
        &self,
        identity: Option<&Identity>,
        tag: Option<&Tag>,
        _ext: Option<&Value>,
    ) -> Verdict {
        // The request, or the upgrade of its socket, may have been let in a while ago.
        let is_let_in = self.user(identity).is_some_and(|user| tag == Some(&credentials_of(&user)));
        // Credentials can be renewed, so the client may come back; clients take the other advice as
        // final (bayeux.md 1.3).
        allow_if(is_let_in, Denial::Temporary)
    }

    fn may_send(&self, identity: Option<&Identity>, _source: Option<&Source>) -> Verdict {
        let user = identity.and_then(|identity| identity.as_str().parse().ok());
        let Some(user) = user else {
            return Verdict::Allow;
        };
        allow_if(self.requests.wait_ms(user, self.engine.core().now()).is_none(), Denial::Temporary)
    }

    fn may_subscribe(&self, identity: Option<&Identity>, channel: &str) -> Verdict {
        let is_granted =
            self.user(identity).is_some_and(|user| audience::granted(&user, channel).is_some());
        allow_if(is_granted, Denial::Permanent)
    }

    fn may_publish(&self, _identity: Option<&Identity>, _channel: &str) -> Verdict {
        // Agents act by REST alone; a message of a client's would look to the others like one of
        // the server's.
        Verdict::Deny(Denial::Permanent)
    }
}

const fn allow_if(condition: bool, denial: Denial) -> Verdict {
    if condition { Verdict::Allow } else { Verdict::Deny(denial) }
}
