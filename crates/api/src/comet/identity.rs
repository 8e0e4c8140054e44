//! By what CometD knows a user, and the credentials that they came with.

use handoff_cometd::{Identity, Login, Tag};
use handoff_domain::{User, UserId};
use sha2::{Digest as _, Sha256};

use crate::auth::cover_footing;
use crate::hex::hex;

/// Bytes of a fingerprint; two of one user that are the same are not to be expected.
const FINGERPRINT_BYTES: usize = 16;

/// Returns the identity under which a user's sessions are kept; the authentication puts it into the
/// extensions of a request.
#[must_use]
pub fn identity_of(user: UserId) -> Identity {
    Identity::new(user.to_string())
}

/// By what CometD knows a user, and what they were let in by.
#[derive(Clone, Debug)]
pub(crate) struct KnownToComet {
    pub(crate) identity: Identity,
    pub(crate) credentials: Tag,
}

impl KnownToComet {
    pub(crate) fn of(user: &User) -> Self {
        Self { identity: identity_of(user.id), credentials: credentials_of(user) }
    }
}

/// Returns by what CometD knows a login session, which is the id under which it is stored.
pub(crate) fn login_of(id: &str) -> Login {
    Login::new(id)
}

/// Returns a fingerprint of what a user was let in by, beside the identity: what was let in before
/// a new password opens nothing after it, however long it was on its way.
#[must_use]
pub fn credentials_of(user: &User) -> Tag {
    let mut hash = Sha256::new().chain_update(b"cometd");
    cover_footing(&mut hash, user);
    Tag::new(hex(&hash.finalize()[..FINGERPRINT_BYTES]))
}
