//! Where passwords come from, and how they are kept.

use handoff_store::Mailbox;

/// What resolving a file needs to know of passwords and other secrets.
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

    /// Returns what would keep a mailbox from working where the server runs, such as a secret that
    /// is not there; `None` when nothing would, and when that is not known here.
    fn mailbox_problem(&self, _mailbox: &Mailbox) -> Option<String> {
        None
    }
}
