//! Where passwords come from, and how they are kept.

/// What resolving a file needs to know of passwords.
pub trait Passwords {
    /// Returns the value of a variable of the environment.
    fn variable(&self, name: &str) -> Option<String>;

    /// Hashes a password for keeping.
    ///
    /// # Errors
    ///
    /// When it cannot be hashed, as when it is too long.
    fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>>;

    /// Tells whether somebody could log in with a hash that was made elsewhere.
    ///
    /// # Errors
    ///
    /// When nobody could, with the reason.
    fn check_usable(&self, hash: &str) -> Result<(), String>;

    /// Tells whether a kept hash is that of a password.
    fn is_of(&self, hash: &str, password: &str) -> bool;
}
