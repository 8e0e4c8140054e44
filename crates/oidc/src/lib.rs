//! Asks OpenID providers who somebody is: discovery, the code flow with PKCE, and tokens, which are
//! proven by keys that may change at any time (OpenID Connect Core and Discovery 1.0, RFC 7636).
//!
//! It knows nothing of users, requests or cookies: whoever uses it says where a browser comes back,
//! keeps what an attempt is known by, and decides whom a claim names. What a provider sends is a
//! stranger's: it is bounded before it is read, and nothing that it says is believed before its
//! issuer, audience, time and signature were looked at.
//!
//! What is remembered of a provider is a matter of speed: each process finds it anew.

mod documents;
mod known;
mod provider;
mod signatures;
mod tokens;

pub use provider::{Attempt, Provider, Settings, WrongSettings};
pub use tokens::{Bearer, Claims, Fault};

/// Why a provider's word is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It cannot be asked, or what it says of itself cannot be used. It may be tried again.
    #[error("the provider cannot be asked")]
    Unavailable(#[source] Unusable),
    /// It was asked a moment ago, in vain.
    #[error("the provider could not be asked a moment ago")]
    JustFailed,
    /// It does not take the code, which may have been used, or the client's secret.
    #[error("the provider refused the code with HTTP {0}; check the client's id and its secret")]
    Refused(u16),
    /// It said something that proves nothing.
    #[error("the token proves nothing")]
    Unproven(#[source] Fault),
}

/// Why what a provider says of itself cannot be used. No text has anything of a secret.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("{url} cannot be asked")]
    Unsent {
        url: String,
        #[source]
        source: handoff_outgoing::Unsent,
    },
    #[error("{url} answers HTTP {status}")]
    Status { url: String, status: u16 },
    #[error(
        "what {url} answers cannot be read: it is no such document, or a longer one than 64 KiB"
    )]
    Unreadable { url: String },
    #[error("its issuer is {found:?}, configured is {wanted:?}")]
    OtherIssuer { found: String, wanted: String },
    #[error("its {0} is no https address")]
    Plain(&'static str),
    #[error("it does not take a code with a proof by S256 (PKCE)")]
    NoProof,
    #[error("it has no key that signs in a way that is known here")]
    NoKeys,
}
