//! The session cookie's value: a ticket that says whose it is and proves it by a signature until
//! its session is stored.
//!
//! A session is stored only when its cookie first comes back (docs/compat/conventions.md#logins),
//! because programs that send Basic on every request and keep no cookies would otherwise leave a
//! session behind each time. What vouches for a ticket until then is its signature. Both the
//! signature and the stored id cover what the user's logins rest on, so that a new
//! password, or disabling the user, ends every session of before without a search.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use axum::http::{HeaderValue, header::GetAll};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handoff_domain::{Time, User, UserId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::footing::cover_footing;
use crate::hex::hex;
use crate::options::Options;

/// The cookie's name, as existing clients expect it (docs/compat/conventions.md#logins).
pub(super) const COOKIE_NAME: &str = "JSESSIONID";
/// Tickets looked at in one request. Several come when cookies of different paths or of an older
/// server meet; a browser sends few.
const TICKETS_MAX: usize = 4;

const SECRET_LEN: usize = 32;
const USER_LEN: usize = 16;
const TIME_LEN: usize = 8;
const CLAIM_LEN: usize = SECRET_LEN + USER_LEN + TIME_LEN;
const SIGNATURE_LEN: usize = 32;
/// How long a ticket is in base64 without padding.
const TEXT_LEN: usize = (8 * (CLAIM_LEN + SIGNATURE_LEN)).div_ceil(6);

/// What a ticket claims, and its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    bytes: [u8; CLAIM_LEN + SIGNATURE_LEN],
}

impl Ticket {
    fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        Some(Self { bytes })
    }

    fn claim(&self) -> &[u8] {
        &self.bytes[..CLAIM_LEN]
    }

    /// Returns whose session it claims to be.
    pub(super) fn user(&self) -> UserId {
        let mut id = [0; USER_LEN];
        id.copy_from_slice(&self.bytes[SECRET_LEN..SECRET_LEN + USER_LEN]);
        UserId(u128::from_be_bytes(id))
    }

    /// Returns when it was made.
    pub(super) fn issued(&self) -> Time {
        let mut ms = [0; TIME_LEN];
        ms.copy_from_slice(&self.bytes[SECRET_LEN + USER_LEN..CLAIM_LEN]);
        Time(i64::from_be_bytes(ms))
    }

    /// Returns the id under which its session is stored, for a user as they are. The secret itself
    /// is not stored.
    pub(super) fn stored_id(&self, user: &User) -> String {
        let mut hash = Sha256::new().chain_update(self.bytes);
        cover_footing(&mut hash, user);
        hex(&hash.finalize())
    }

    /// Returns the session's token against forged requests: as unknown to others as the ticket is,
    /// without giving it away.
    pub(super) fn csrf_token(&self) -> String {
        let hash = Sha256::new().chain_update(b"csrf").chain_update(self.bytes).finalize();
        let mut token = [0; 16];
        token.copy_from_slice(&hash[..16]);
        nobodys_token(u128::from_be_bytes(token))
    }
}

/// Returns 128 bits in the form of a token, which is a UUID's (docs/compat/conventions.md#logins).
pub(super) fn nobodys_token(bits: u128) -> String {
    handoff_domain::QueueId(bits).to_string()
}

/// Makes and proves tickets.
pub(crate) struct Signer {
    /// The first signs, all prove. There is at least one.
    keys: RwLock<Vec<[u8; 32]>>,
}

impl Signer {
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { keys: RwLock::new(vec![key]) }
    }

    /// Goes on with other keys, of which there is at least one.
    pub(super) fn use_keys(&self, keys: Vec<[u8; 32]>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn keys(&self) -> RwLockReadGuard<'_, Vec<[u8; 32]>> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn mac(key: &[u8; 32], claim: &[u8], user: &User) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        let mut mac = mac.chain_update(claim);
        cover_footing(&mut mac, user);
        mac
    }

    /// Signs something else that comes back to any node, of a kind that no ticket is.
    pub(super) fn seal(&self, claim: &[u8]) -> [u8; SIGNATURE_LEN] {
        Self::seal_by(&self.keys()[0], claim).finalize().into_bytes().into()
    }

    /// Tells whether one of the keys has signed that.
    pub(super) fn has_sealed(&self, claim: &[u8], seal: &[u8]) -> bool {
        let is_by = |key| Self::seal_by(key, claim).verify_slice(seal).is_ok();
        self.keys().iter().any(is_by)
    }

    fn seal_by(key: &[u8; 32], claim: &[u8]) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        // A ticket's claim has a length of its own, and what follows it is no name.
        mac.chain_update(b"attempt\0").chain_update(claim)
    }

    /// Makes a ticket for a user who just proved who they are; `secret` is random.
    pub(super) fn issue(&self, user: &User, now: Time, secret: [u128; 2]) -> Ticket {
        let mut bytes = [0; CLAIM_LEN + SIGNATURE_LEN];
        bytes[..16].copy_from_slice(&secret[0].to_be_bytes());
        bytes[16..SECRET_LEN].copy_from_slice(&secret[1].to_be_bytes());
        bytes[SECRET_LEN..SECRET_LEN + USER_LEN].copy_from_slice(&user.id.0.to_be_bytes());
        bytes[SECRET_LEN + USER_LEN..CLAIM_LEN].copy_from_slice(&now.0.to_be_bytes());
        let signature = Self::mac(&self.keys()[0], &bytes[..CLAIM_LEN], user).finalize();
        let signature = signature.into_bytes();
        bytes[CLAIM_LEN..].copy_from_slice(&signature);
        Ticket { bytes }
    }

    /// Tells whether a ticket was made by one of the keys for this user as they are.
    pub(super) fn vouches_for(&self, ticket: &Ticket, user: &User) -> bool {
        let signature = &ticket.bytes[CLAIM_LEN..];
        let is_by = |key| Self::mac(key, ticket.claim(), user).verify_slice(signature).is_ok();
        self.keys().iter().any(is_by)
    }
}

/// Finds the tickets among a request's cookies. Clients are known to send a cookie's attributes
/// back (`Path=/`), and several of one name.
pub(super) fn tickets(headers: GetAll<'_, HeaderValue>) -> Vec<Ticket> {
    let texts = headers.iter().filter_map(|header| header.to_str().ok());
    let pairs =
        texts.flat_map(|text| text.split([';', ','])).filter_map(|pair| pair.split_once('='));
    let values = pairs
        .filter(|(name, _)| name.trim() == COOKIE_NAME)
        .map(|(_, value)| value.trim().trim_matches('"'));
    values.filter_map(Ticket::parse).take(TICKETS_MAX).collect()
}

/// Writes the cookie of a new session.
pub(super) fn cookie(ticket: &Ticket, options: &Options) -> String {
    let mut value = [0; TEXT_LEN];
    let length = BASE64_URL_SAFE_NO_PAD.encode_slice(ticket.bytes, &mut value);
    let length = length.expect("there is room for a ticket's text");
    let value = std::str::from_utf8(&value[..length]).expect("base64 is ASCII");
    with_attributes(value, options)
}

/// Writes the cookie that takes an ended session's away.
pub(super) fn ended_cookie(options: &Options) -> String {
    with_attributes("", options) + "; Max-Age=0"
}

fn with_attributes(value: &str, options: &Options) -> String {
    let same_site = options.same_site.attribute();
    let secure = if options.secure_cookie { "; Secure" } else { "" };
    // One allocation: nearly every request with Basic credentials is answered with one.
    [COOKIE_NAME, "=", value, "; Path=/; HttpOnly; SameSite=", same_site, secure].concat()
}

/// Compares in a time that does not tell where two texts differ.
pub(super) fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    given.ct_eq(wanted).into()
}
