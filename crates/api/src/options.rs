//! Everything configurable of this crate but the customers' side.

use std::sync::Arc;

use handoff_oidc::Provider;
use handoff_store::TokenScope;

use crate::wire::resource::PublicUrl;

/// How the session cookie may travel; see `SameSite` of RFC 6265bis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Sent along with links from other sites, not with their requests.
    #[default]
    Lax,
    /// Never sent from other sites.
    Strict,
    /// Always sent; browsers then ask for TLS.
    None,
}

impl SameSite {
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

/// Accounts that a sign-in page may offer to everybody.
#[derive(Clone, Debug)]
pub struct DemoAccounts {
    pub user_names: Vec<String>,
    /// The password of each.
    pub password: String,
}

/// A provider that proves for this server who somebody is.
#[derive(Clone, Debug)]
pub struct SignInProvider {
    /// What it is called in addresses.
    pub name: String,
    /// What people are shown.
    pub label: String,
    pub provider: Arc<Provider>,
    /// The contact center whose users it names; empty is the only one.
    pub center: String,
    /// The claim that names a user: `email`, which must be verified, by their address, any other by
    /// the name that they log in with.
    pub claim: String,
    /// What its tokens may be used for by programs.
    pub scopes: Vec<TokenScope>,
}

/// Whose keys sign the cookies of sessions that are not stored yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKeys {
    /// Each start makes one, which is kept nowhere: where one node serves.
    OfThisNode,
    /// They lie in the store, so that a login at one node is one at all.
    OfAllNodes,
}

/// Everything configurable of this crate.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address under which clients reach the server.
    pub public_url: PublicUrl,
    /// How the session cookie may travel; default `Lax` (docs/compat/conventions.md#logins).
    pub same_site: SameSite,
    /// Whether the session cookie is for TLS only; default no, because plain HTTP behind a balancer
    /// is common.
    pub secure_cookie: bool,
    /// What signs cookies of sessions that are not stored yet; default a key of this node's alone.
    pub session_keys: SessionKeys,
    /// Origins that browsers may call from with credentials: exact, or with a `*.` before the
    /// domain. Default none.
    pub cors_origins: Vec<String>,
    /// Requests that one authenticated user may make, per second; default 2,000
    /// (docs/compat/conventions.md#limits: no limit below that).
    pub requests_per_s: u32,
    /// What `GET /diagnostics/version` says.
    pub version: String,
    /// The address under which browsers reach this server to sign in by a provider, with the prefix
    /// that a proxy takes off; default the public one.
    pub sign_in_url: PublicUrl,
    /// Who else proves who somebody is. Default none.
    pub providers: Vec<SignInProvider>,
    /// The accounts of a demo; none on any other server.
    pub demo: Option<DemoAccounts>,
}

impl Options {
    /// Returns the defaults for a server that clients reach under that address.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            sign_in_url: public_url.clone(),
            public_url,
            same_site: SameSite::Lax,
            secure_cookie: false,
            session_keys: SessionKeys::OfThisNode,
            cors_origins: Vec::new(),
            requests_per_s: 2_000,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            providers: Vec::new(),
            demo: None,
        }
    }
}
