//! Whom encrypted connections trust. There is no way to skip the check.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// Trusts the issuers in a PEM file, which the option named `option` names, or those that the
/// machine trusts.
///
/// # Errors
///
/// What is wrong, in a sentence that says what to do.
pub fn trusting(root: Option<&Path>, option: &str) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))?;
    let config = match root {
        Some(path) => config.with_root_certificates(issuers(path, option)?),
        None => {
            let verifier = Verifier::new(provider).map_err(|error| {
                format!(
                    "this machine trusts no issuer of certificates ({error}); name a file with the server's in {option}"
                )
            })?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    Ok(Arc::new(config.with_no_client_auth()))
}

fn issuers(path: &Path, option: &str) -> Result<RootCertStore, String> {
    let bad = |why: String| {
        format!(
            "{option}: {} cannot be used ({why}); expected certificates in PEM form",
            path.display()
        )
    };
    let text = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
    let mut issuers = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate = certificate.map_err(|error| bad(error.to_string()))?;
        issuers.add(certificate).map_err(|error| bad(error.to_string()))?;
    }
    if issuers.is_empty() { Err(bad("it has none".to_owned())) } else { Ok(issuers) }
}
