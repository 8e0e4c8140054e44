//! Who proves who somebody is, beside passwords.

use std::collections::BTreeSet;
use std::path::PathBuf;

use handoff_store::TokenScope;
use serde::{Deserialize, Serialize};

use super::Network;

/// Providers that are offered: each is a button on the page to sign in.
const PROVIDERS_MAX: usize = 8;
/// Bytes of a provider's name, and of its label.
const NAME_BYTES_MAX: usize = 32;
const LABEL_BYTES_MAX: usize = 64;

/// Who proves who somebody is, beside passwords.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SignIn {
    /// The address under which browsers reach this server, with the prefix that a proxy takes off.
    /// Empty (the default) is `server.public_url`.
    pub url: String,
    /// OpenID providers. Default none.
    pub provider: Vec<Provider>,
}

/// What a provider's token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenUse {
    Read,
    Work,
    Submit,
    Admin,
}

impl From<TokenUse> for TokenScope {
    fn from(used: TokenUse) -> Self {
        match used {
            TokenUse::Read => Self::Read,
            TokenUse::Work => Self::Work,
            TokenUse::Submit => Self::Submit,
            TokenUse::Admin => Self::Admin,
        }
    }
}

/// An OpenID provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// What it is called in addresses: lower-case letters, digits and `-`.
    pub name: String,
    /// What people are shown; without it, the name.
    #[serde(default)]
    pub label: String,
    /// Its address, exactly as it says it: `https`, or `http` on this machine.
    pub issuer: String,
    /// What this server is to it.
    pub client_id: String,
    /// A file with nothing but the client's secret.
    #[serde(default)]
    pub client_secret_file: PathBuf,
    /// Or the variable of the environment that has it. Without either the client has none.
    #[serde(default)]
    pub client_secret_variable: String,
    /// What is asked for besides `openid`. Default `email profile`.
    #[serde(default = "usual_scopes")]
    pub scopes: String,
    /// The claim that names a user: `email` by the user's address, any other by their name. Default
    /// `email`.
    #[serde(default = "usual_claim")]
    pub claim: String,
    /// The contact center whose users it names. Without it, the only one.
    #[serde(default)]
    pub center: String,
    /// Whom a token names that programs may use here. Without it, none of its tokens is taken.
    #[serde(default)]
    pub audience: String,
    /// What these may be used for. Default `read` and `work`.
    #[serde(default = "usual_token_scopes")]
    pub token_scopes: Vec<TokenUse>,
    /// Networks of the operator's own in which it may be. Default none.
    #[serde(default)]
    pub allow_private: Vec<Network>,
    /// A PEM file of the authorities that its certificate is by. Without it, the system's.
    #[serde(default)]
    pub authorities: PathBuf,
}

fn usual_scopes() -> String {
    "email profile".to_owned()
}

fn usual_claim() -> String {
    "email".to_owned()
}

fn usual_token_scopes() -> Vec<TokenUse> {
    vec![TokenUse::Read, TokenUse::Work]
}

impl Provider {
    /// Returns what people are shown.
    pub(crate) fn label(&self) -> &str {
        if self.label.is_empty() { &self.name } else { &self.label }
    }

    /// Says what is wrong with it; continues a sentence that begins with its name.
    fn wrong(&self) -> Option<String> {
        if let Err(error) = handoff_oidc::Provider::document(&self.issuer) {
            return Some(format!("issuer {:?} {error}", self.issuer));
        }
        let is_name = !self.name.is_empty()
            && self.name.len() <= NAME_BYTES_MAX
            && self.name.bytes().all(|it| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let has_two = !self.client_secret_variable.is_empty()
            && !self.client_secret_file.as_os_str().is_empty();
        let checks = [
            (is_name, "name has 1 to 32 lower-case letters, digits and -"),
            (self.label.len() <= LABEL_BYTES_MAX, "label has 64 bytes at most"),
            (!self.client_id.is_empty(), "client_id is empty, expected what the provider gave"),
            (!has_two, "has client_secret_file and client_secret_variable, expected one of them"),
            (!self.claim.is_empty(), "claim is empty, expected such as \"email\""),
            (!self.token_scopes.is_empty(), "token_scopes is empty, expected such as [\"read\"]"),
        ];
        checks.into_iter().find(|(is_right, _)| !is_right).map(|(_, why)| why.to_owned())
    }
}

impl SignIn {
    /// Says what is wrong with the providers; continues a sentence that begins with their key.
    pub(super) fn wrong(&self) -> Option<String> {
        let count = self.provider.len();
        if count > PROVIDERS_MAX {
            return Some(format!("has {count} providers, allowed are {PROVIDERS_MAX}"));
        }
        let names: BTreeSet<&str> = self.provider.iter().map(|it| it.name.as_str()).collect();
        if names.len() < count {
            return Some("has two of one name, expected another name for each".to_owned());
        }
        let wrong = |it: &Provider| Some(format!("{:?}: {}", it.name, it.wrong()?));
        self.provider.iter().find_map(wrong)
    }
}
