//! What a user's logins rest on: their password, and that nobody has ended all of them since.

use handoff_domain::User;
use sha2::digest::Update;

/// Lets a hash cover what a user's logins rest on: made under another footing, it is another one.
pub(crate) fn cover_footing(hash: &mut impl Update, user: &User) {
    hash.update(user.password_hash.as_deref().unwrap_or_default().as_bytes());
    // Of whom no login was ever ended, it is what it was before they were counted.
    if user.logins_ended > 0 {
        // No text of a password hash has the byte that keeps the two apart.
        hash.update(&[0]);
        hash.update(&user.logins_ended.to_be_bytes());
    }
}
