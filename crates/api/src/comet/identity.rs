//! By what name CometD knows a user.

use handoff_cometd::Identity;
use handoff_domain::UserId;

/// Returns the identity under which a user's sessions are kept; the authentication puts it into the
/// extensions of a request.
#[must_use]
pub fn identity_of(user: UserId) -> Identity {
    Identity::new(user.to_string())
}
