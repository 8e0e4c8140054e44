//! Passwords: hashed with argon2id, compared in constant time, bounded in length.

use std::sync::OnceLock;

use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// Most bytes of a password. A longer one is refused before it is hashed, so that it costs nothing (CVE-2022-29700 was a very long one).
pub const BYTES_MAX: usize = 128;

/// Memory in KiB: 19 MiB with two passes and one lane is the least that the OWASP Password Storage Cheat Sheet asks for.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is longer than [`BYTES_MAX`].
    #[error("a password may have at most {BYTES_MAX} bytes")]
    TooLong,
    /// The hash function refused.
    #[error("the password could not be hashed")]
    Hash(#[source] password_hash::Error),
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are in argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with a new salt; gives the PHC string. Takes tens of ms and 19 MiB: call it off the async threads.
///
/// # Errors
///
/// [`Error`].
pub fn hash(password: &str) -> Result<String, Error> {
    if password.len() > BYTES_MAX {
        return Err(Error::TooLong);
    }
    let hash = argon2().hash_password(password.as_bytes()).map_err(Error::Hash)?;
    Ok(hash.to_string())
}

/// Tells whether a password is the one of a PHC string. Without one (unknown user, or one without a password) it takes as long and says
/// no. Call it off the async threads.
#[must_use]
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    if password.len() > BYTES_MAX {
        return false;
    }
    let is_right = argon2().verify_password(password.as_bytes(), hash.unwrap_or(nobodys())).is_ok();
    is_right && hash.is_some()
}

/// Gives the hash of a password that nobody has: comparing with it costs what comparing with a user's does.
fn nobodys() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("a password that nobody has").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let stored = hash("correct horse").expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let table = [("correct horse", true), ("correct hors", false), ("", false), ("Correct horse", false)];
        for (password, is_right) in table {
            assert_eq!(verify(password, Some(&stored)), is_right, "{password}");
        }
        assert!(!verify("a password that nobody has", None), "nobody logs in as nobody");
        assert!(!verify("x", Some("not a hash")));
    }

    #[test]
    fn a_password_that_is_too_long_is_not_even_hashed() {
        let long = "x".repeat(BYTES_MAX + 1);
        assert!(matches!(hash(&long), Err(Error::TooLong)));
        let cut = hash(&long[..BYTES_MAX]).expect("a hash");
        assert!(!verify(&long, Some(&cut)), "it is not cut to fit");
    }
}
