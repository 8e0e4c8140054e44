//! Providers put together from the configuration.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use handoff_api::SignInProvider;
use handoff_api::wire::resource::PublicUrl;
use handoff_oidc::Settings;
use handoff_outgoing::{Client, Limits, Policy};
use handoff_store::tls;

use crate::config::{Config, Provider};

/// How long a provider is waited for: somebody looks at an empty page meanwhile.
const CONNECT: Duration = Duration::from_secs(3);
const WHOLE: Duration = Duration::from_secs(5);
/// Bytes of what it answers: the keys of large providers have some fifteen thousand.
const ANSWER_BYTES: usize = 64 * 1_024;
/// What is named when certificates cannot be used.
const AUTHORITIES: &str = "sign_in.provider.authorities";

/// Returns the address under which browsers reach a server that listens at an address.
pub(crate) fn url(config: &Config, listening: SocketAddr) -> PublicUrl {
    match config.sign_in.url.as_str() {
        "" => PublicUrl::new(&config.public_url(listening)),
        url => PublicUrl::new(url),
    }
}

/// Prepares the configured providers; none of them is asked yet.
///
/// # Errors
///
/// When a secret cannot be read.
pub(crate) fn providers(config: &Config, url: &PublicUrl) -> anyhow::Result<Vec<SignInProvider>> {
    config.sign_in.provider.iter().map(|it| provider(it, url)).collect()
}

/// Prepares one.
///
/// # Errors
///
/// When its secret cannot be read.
pub(crate) fn provider(it: &Provider, url: &PublicUrl) -> anyhow::Result<SignInProvider> {
    let settings = Settings {
        issuer: it.issuer.clone(),
        client_id: it.client_id.clone(),
        client_secret: secret(it)?,
        scopes: it.scopes.clone(),
        redirect_uri: url.way_back(&it.name),
        audience: Some(it.audience.clone()).filter(|audience| !audience.is_empty()),
    };
    let provider = handoff_oidc::Provider::new(settings, client(it))
        .with_context(|| format!("sign_in.provider {:?}: issuer {:?}", it.name, it.issuer))?;
    Ok(SignInProvider {
        name: it.name.clone(),
        label: it.label().to_owned(),
        provider: Arc::new(provider),
        center: it.center.clone(),
        claim: it.claim.clone(),
        scopes: it.token_scopes.iter().copied().map(Into::into).collect(),
    })
}

fn client(it: &Provider) -> Client {
    let allowed = it.allow_private.clone();
    let policy = Policy::new(move |address| allowed.iter().any(|network| network.has(address)));
    let authorities = it.authorities.clone();
    let trust = move || {
        let named = Some(authorities.as_path()).filter(|path| *path != Path::new(""));
        tls::trusting(named, AUTHORITIES)
    };
    let limits = Limits { connect: CONNECT, whole: WHOLE, answer_bytes: ANSWER_BYTES };
    Client::new(policy, limits, Box::new(trust))
}

fn secret(it: &Provider) -> anyhow::Result<Option<String>> {
    let place = |what: &str| format!("sign_in.provider {:?}: {what} cannot be read", it.name);
    let read = if !it.client_secret_variable.is_empty() {
        let name = &it.client_secret_variable;
        std::env::var(name).with_context(|| place(&format!("client_secret_variable {name}")))?
    } else if it.client_secret_file.as_os_str().is_empty() {
        return Ok(None);
    } else {
        let path = &it.client_secret_file;
        std::fs::read_to_string(path)
            .with_context(|| place(&format!("client_secret_file {}", path.display())))?
    };
    let secret = read.trim_end_matches(['\n', '\r']).to_owned();
    anyhow::ensure!(!secret.is_empty(), place("an empty client's secret"));
    Ok(Some(secret))
}
