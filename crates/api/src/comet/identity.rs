//! By what CometD knows a user, and the credentials that they came with.

use handoff_cometd::{Identity, Tag};
use handoff_domain::{User, UserId};
use sha2::{Digest as _, Sha256};

use crate::hex::hex;

/// Bytes of a fingerprint; two passwords of one user with the same one are not to be expected.
const FINGERPRINT_BYTES: usize = 16;

/// Returns the identity under which a user's sessions are kept; the authentication puts it into the
/// extensions of a request.
#[must_use]
pub fn identity_of(user: UserId) -> Identity {
    Identity::new(user.to_string())
}

/// Returns a fingerprint of the password that a user was let in by, beside the identity: what was
/// let in before a new password opens nothing after it, however long it was on its way.
#[must_use]
pub fn credentials_of(user: &User) -> Tag {
    let password = user.password_hash.as_deref().unwrap_or_default();
    let hash = Sha256::new().chain_update(b"cometd").chain_update(password).finalize();
    Tag::new(hex(&hash[..FINGERPRINT_BYTES]))
}
