//! Keys: what a customer proves themselves with, and what a repeated request is known by.

use handoff_domain::InteractionId;
use sha2::{Digest as _, Sha256};

/// Characters of the random part of a secure key: 128 bits in hex.
pub(super) const SECRET_CHARS: usize = 32;

/// What a repeated request for a chat is known by.
#[derive(Clone, Debug)]
pub struct RequestName {
    /// A random text of the client's that nobody else knows. Whoever names it gets the chat's key,
    /// so it is as secret as that.
    pub secret: String,
    /// A hash of what else the request says: another request by the same name is refused.
    pub fingerprint: String,
}

impl RequestName {
    /// Makes the key of the chat out of what the client knows and what the server has written down,
    /// neither of which gives it away alone.
    pub(super) fn key_of(&self, id: InteractionId, salt: u128) -> String {
        let digest = hash_of(&format!("key {salt:x} {}", self.secret));
        key_of(&digest[..SECRET_CHARS], id)
    }

    /// Returns what is written down of the name itself.
    pub(super) fn receipt_key(&self) -> String {
        hash_of(&format!("request {}", self.secret))
    }
}

pub(super) fn request_scope(service: &str) -> String {
    format!("requestChat/{service}")
}

/// Makes a key. The id makes it name its chat, which a customer's CometD session has no other place
/// for; the id is no secret.
pub(super) fn key_of(secret: &str, id: InteractionId) -> String {
    format!("{secret}{id}")
}

pub(super) fn hash_of(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits =
        |byte: &u8| [byte >> 4, byte & 0xf].map(|digit| char::from(DIGITS[usize::from(digit)]));
    // Formatting each byte takes longer than the hash, and every message of a customer is proved.
    let mut hex = String::with_capacity(64);
    hex.extend(Sha256::digest(text.as_bytes()).iter().flat_map(digits));
    hex
}
