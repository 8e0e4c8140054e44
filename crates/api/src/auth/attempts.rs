//! Attempts to sign in by a provider: begun for one browser, and finished by it, on whichever node.
//!
//! Nothing of an attempt is stored until it has succeeded. The browser keeps a secret in a cookie,
//! and the provider hands back the state, in which a node has signed that the secret, the provider
//! and the time belong together. The other two texts of an attempt are made of the secret, so that
//! whoever sees the address that the browser is sent to learns none of what the code needs. Another
//! browser has no such cookie: nobody can be signed in by a link that somebody else made.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handoff_domain::Time;
use handoff_oidc::Attempt;
use handoff_store::StoreError;
use sha2::{Digest as _, Sha256};

use super::{Gate, cookie};

/// The name of the cookie, and where it travels by TLS alone: so named, no other host, such as
/// one below the same domain, can set it.
const COOKIE: &str = "handoff-sign-in";
const COOKIE_OF_HOST: &str = "__Host-handoff-sign-in";
/// How long an attempt may take, in ms: somebody may have to look for their device.
pub(crate) const LIFE_MS: u64 = 10 * 60 * 1_000;

const SECRET_LEN: usize = 32;
const TIME_LEN: usize = 8;
const SEAL_LEN: usize = 32;

type Secret = [u8; SECRET_LEN];

/// An attempt that begins, and the cookie that goes to the browser.
pub(crate) struct Begun {
    pub(crate) attempt: Attempt,
    pub(crate) cookie: String,
}

/// Why an attempt cannot be finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// This browser has not begun it, or has begun another one since.
    Unknown,
    Expired,
}

impl Gate {
    /// Begins an attempt for a browser.
    pub(crate) fn begin(&self, provider: &str) -> Begun {
        let core = self.shared().engine().core();
        let mut secret = [0; SECRET_LEN];
        secret[..16].copy_from_slice(&core.ids().random().to_be_bytes());
        secret[16..].copy_from_slice(&core.ids().random().to_be_bytes());
        let begun = core.now().0.to_be_bytes();
        let seal = self.signer().seal(&claim(&secret, begun, provider));
        let state = BASE64_URL_SAFE_NO_PAD.encode([&begun[..], &seal].concat());
        let value = BASE64_URL_SAFE_NO_PAD.encode(secret);
        let cookie = self.with_attributes(&value, LIFE_MS / 1_000);
        Begun { attempt: attempt(&secret, state), cookie }
    }

    /// Finds the attempt that a provider sends a browser back with.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(crate) async fn begun(
        &self,
        provider: &str,
        state: &str,
        headers: &HeaderMap,
    ) -> Result<Result<Attempt, Lost>, StoreError> {
        let given = cookie(headers, self.cookie_name()).and_then(|it| decoded::<SECRET_LEN>(&it));
        let (Some(secret), Some(given)) = (given, decoded::<{ TIME_LEN + SEAL_LEN }>(state)) else {
            return Ok(Err(Lost::Unknown));
        };
        let mut begun = [0; TIME_LEN];
        begun.copy_from_slice(&given[..TIME_LEN]);
        if !self.has_sealed(&claim(&secret, begun, provider), &given[TIME_LEN..]).await? {
            return Ok(Err(Lost::Unknown));
        }
        let (begun, now) = (Time(i64::from_be_bytes(begun)), self.shared().engine().core().now());
        if now.ms_since(begun) >= LIFE_MS {
            return Ok(Err(Lost::Expired));
        }
        Ok(Ok(attempt(&secret, state.to_owned())))
    }

    /// Writes the cookie that takes an attempt's away.
    pub(crate) fn no_attempt(&self) -> String {
        self.with_attributes("", 0)
    }

    fn cookie_name(&self) -> &'static str {
        if self.shared().options().secure_cookie { COOKIE_OF_HOST } else { COOKIE }
    }

    /// The provider sends the browser back from another site, so that whatever the session's cookie
    /// is, this one comes along with such a link.
    fn with_attributes(&self, value: &str, seconds: u64) -> String {
        let secure = if self.shared().options().secure_cookie { "; Secure" } else { "" };
        let name = self.cookie_name();
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
    }
}

/// Writes what is signed. What comes before the name has one length.
fn claim(secret: &Secret, begun: [u8; TIME_LEN], provider: &str) -> Vec<u8> {
    [secret, &begun[..], provider.as_bytes()].concat()
}

fn attempt(secret: &Secret, state: String) -> Attempt {
    let derived = |label: &[u8]| {
        let hash = Sha256::new().chain_update(label).chain_update(secret).finalize();
        BASE64_URL_SAFE_NO_PAD.encode(hash)
    };
    Attempt { state, nonce: derived(b"nonce"), verifier: derived(b"verifier") }
}

fn decoded<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}
