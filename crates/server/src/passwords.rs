//! Where the passwords of center files come from, and how they are kept.

use handoff_api::password;
use handoff_provision::Passwords;

/// The environment, and the hash that logins are checked against.
#[derive(Debug)]
pub(crate) struct SystemPasswords;

impl Passwords for SystemPasswords {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn hash(&self, password: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        Ok(password::hash(password)?)
    }

    fn check_usable(&self, hash: &str) -> Result<(), String> {
        password::check_usable(hash)
    }

    fn is_of(&self, hash: &str, password: &str) -> bool {
        password::verify(password, Some(hash))
    }
}
