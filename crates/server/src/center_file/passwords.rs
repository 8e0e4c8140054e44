//! Where passwords come from, and how they are kept.

/// What resolving a file needs to know of passwords.
pub(crate) trait Passwords {
    /// Returns the value of a variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// Hashes a password for keeping.
    ///
    /// # Errors
    ///
    /// When it cannot be hashed, as when it is too long.
    fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;

    /// Tells whether a kept hash is that of a password.
    fn is_of(&self, hash: &str, password: &str) -> bool;
}

/// The environment, and the hash that logins are checked against.
#[derive(Debug)]
pub(crate) struct SystemPasswords;

impl Passwords for SystemPasswords {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(handoff_api::password::hash(password)?)
    }

    fn is_of(&self, hash: &str, password: &str) -> bool {
        handoff_api::password::verify(password, Some(hash))
    }
}
