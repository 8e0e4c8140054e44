//! Passwords: hashed with argon2id, compared in constant time, bounded in length.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use handoff_engine::Mailboxes;
use handoff_provision::Passwords;
use handoff_store::Mailbox;
use subtle::ConstantTimeEq as _;

/// Most bytes of a password. A longer one is refused before it is hashed, so that it costs nothing
/// (CVE-2022-29700 was a very long one).
pub const BYTES_MAX: usize = 128;

/// Memory in KiB: 19 MiB with two passes and one lane is the least that the OWASP Password Storage
/// Cheat Sheet asks for.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Most memory of a hash that somebody brings, in KiB: 256 MiB, far above any advice. Each login
/// takes it.
const BROUGHT_MEMORY_KIB_MAX: u32 = 256 * 1024;
/// Most passes of a hash that somebody brings.
const BROUGHT_PASSES_MAX: u32 = 64;

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
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)
        .expect("the parameters are in argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with a new salt; returns the PHC string. Takes tens of ms and 19 MiB: call it
/// off the async threads.
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

/// Says why a password hash that somebody brings could never be compared with, or must not be.
///
/// # Errors
///
/// The reason, without the hash.
pub fn check_usable(hash: &str) -> Result<(), String> {
    let parsed = PasswordHash::new(hash).map_err(|_| {
        "it is no PHC string such as $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>".to_owned()
    })?;
    Algorithm::try_from(parsed.algorithm.as_str())
        .map_err(|_| "it is of another algorithm than argon2id, argon2i and argon2d".to_owned())?;
    if parsed.version.is_some_and(|version| Version::try_from(version).is_err()) {
        return Err("it is of an unknown version of argon2; v=19 is the present one".to_owned());
    }
    let params = Params::try_from(&parsed)
        .map_err(|_| "its parameters m, t and p are not in argon2's bounds".to_owned())?;
    if parsed.salt.is_none() || parsed.hash.is_none() {
        return Err("its salt or its hash is missing; it was cut off".to_owned());
    }
    if params.m_cost() > BROUGHT_MEMORY_KIB_MAX || params.t_cost() > BROUGHT_PASSES_MAX {
        return Err(format!(
            "one login would take {} KiB and {} passes; at most {BROUGHT_MEMORY_KIB_MAX} KiB and {BROUGHT_PASSES_MAX} passes are taken",
            params.m_cost(),
            params.t_cost()
        ));
    }
    Ok(())
}

/// The memory in which passwords are compared, kept from one to the next: taken anew each time, 19
/// MiB would be spread over the heaps of as many threads as ever compared one, and stay there.
#[derive(Default)]
pub struct Workspace {
    blocks: Vec<Block>,
}

impl Workspace {
    /// Tells whether a password is the one of a PHC string. Without one (unknown user, or one
    /// without a password) it takes as long and says no. Call it off the async threads.
    #[must_use]
    pub fn verify(&mut self, password: &str, hash: Option<&str>) -> bool {
        if password.len() > BYTES_MAX {
            return false;
        }
        self.compare(password, hash.unwrap_or(nobodys())).unwrap_or(false) && hash.is_some()
    }

    /// Hashes a password as a stored one was and compares the two; `None` when what is stored is no
    /// hash that can be computed.
    fn compare(&mut self, password: &str, stored: &str) -> Option<bool> {
        let stored = PasswordHash::new(stored).ok()?;
        let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
        let version = stored.version.map_or(Ok(Version::default()), Version::try_from).ok()?;
        let params = Params::try_from(&stored).ok()?;
        let (salt, expected) = (stored.salt?, stored.hash?);
        let blocks = params.block_count();
        if self.blocks.len() < blocks {
            // A stored hash may ask for more than there is; then it is as good as none, and the
            // process goes on.
            self.blocks.try_reserve_exact(blocks - self.blocks.len()).ok()?;
            self.blocks.resize(blocks, Block::default());
        }
        let mut given = [0; password_hash::phc::Output::MAX_LENGTH];
        let given = given.get_mut(..expected.len())?;
        let argon2 = Argon2::new(algorithm, version, params);
        let memory = self.blocks.get_mut(..blocks)?;
        argon2.hash_password_into_with_memory(password.as_bytes(), &salt, given, memory).ok()?;
        Some(given.ct_eq(expected.as_bytes()).into())
    }
}

/// Tells whether a password is the one of a PHC string, as [`Workspace::verify`] does, in memory of
/// its own.
#[must_use]
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    Workspace::default().verify(password, hash)
}

/// Returns the hash of a password that nobody has: comparing with it costs what comparing with a
/// user's does.
fn nobodys() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("a password that nobody has").unwrap_or_default())
}

/// The passwords of a center file: those that it names by variables were read where it was read,
/// and they are kept as logins compare them. Where mailboxes find theirs, only the server knows
/// that has them.
#[derive(Default)]
pub struct FilePasswords {
    by_variable: BTreeMap<String, String>,
    mailboxes: Option<Arc<dyn Mailboxes>>,
}

impl FilePasswords {
    /// Takes the values of variables.
    #[must_use]
    pub const fn new(by_variable: BTreeMap<String, String>) -> Self {
        Self { by_variable, mailboxes: None }
    }

    /// Lets a server look whether its mailboxes would work.
    #[must_use]
    pub fn with_mailboxes(self, mailboxes: Option<Arc<dyn Mailboxes>>) -> Self {
        Self { mailboxes, ..self }
    }
}

impl Passwords for FilePasswords {
    fn variable(&self, name: &str) -> Option<String> {
        self.by_variable.get(name).cloned()
    }

    fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(hash(password)?)
    }

    fn check_usable(&self, hash: &str) -> Result<(), String> {
        check_usable(hash)
    }

    fn is_of(&self, hash: &str, password: &str) -> bool {
        verify(password, Some(hash))
    }

    fn mailbox_problem(&self, mailbox: &Mailbox) -> Option<String> {
        self.mailboxes.as_ref()?.problem(mailbox)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_is_right() {
        let stored = hash("correct horse").expect("a hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        let table = [
            ("correct horse", true),
            ("correct hors", false),
            ("", false),
            ("Correct horse", false),
        ];
        for (password, is_right) in table {
            assert_eq!(verify(password, Some(&stored)), is_right, "{password}");
        }
        assert!(!verify("a password that nobody has", None), "nobody logs in as nobody");
        assert!(!verify("x", Some("not a hash")));
    }

    #[test]
    fn one_workspace_compares_hashes_of_any_parameters_one_after_the_other() {
        let large = hash("correct horse").expect("a hash");
        let params = Params::new(64, 1, 2, None).expect("parameters");
        let argon2 = Argon2::new(Algorithm::Argon2i, Version::V0x13, params);
        let small = argon2.hash_password(b"battery").expect("a hash").to_string();
        let mut workspace = Workspace::default();
        for _ in 0..2 {
            assert!(workspace.verify("battery", Some(&small)));
            assert!(workspace.verify("correct horse", Some(&large)));
            assert!(!workspace.verify("battery", Some(&large)));
            assert!(!workspace.verify("correct horse", Some(&small)));
        }
        let kib = usize::try_from(MEMORY_KIB).expect("a size");
        assert_eq!(workspace.blocks.len(), kib, "no more than the largest needs");
    }

    #[test]
    fn a_password_that_is_too_long_is_not_even_hashed() {
        let long = "x".repeat(BYTES_MAX + 1);
        assert!(matches!(hash(&long), Err(Error::TooLong)));
        let cut = hash(&long[..BYTES_MAX]).expect("a hash");
        assert!(!verify(&long, Some(&cut)), "it is not cut to fit");
    }

    #[test]
    fn a_hash_that_could_never_be_compared_with_is_known() {
        let good = hash("x").expect("a hash");
        assert_eq!(check_usable(&good), Ok(()));
        let parts: Vec<&str> = good.split('$').collect();
        let with = |params: &str| ["", "argon2id", "v=19", params, parts[4], parts[5]].join("$");
        assert_eq!(check_usable(&with("m=65536,t=3,p=4")), Ok(()));
        let cut = good.rsplit_once('$').expect("a hash").0.to_owned();
        let bad = [
            "$argon2id$x".to_owned(),
            "$argon2id".to_owned(),
            "$argon2x$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".to_owned(),
            "$argon2id$v=7$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo".to_owned(),
            with("m=1,t=2,p=1"),
            with("m=4194304,t=2,p=1"),
            with("m=19456,t=1000,p=1"),
            cut,
            String::new(),
        ];
        for hash in bad {
            assert!(check_usable(&hash).is_err(), "{hash}");
        }
    }
}
