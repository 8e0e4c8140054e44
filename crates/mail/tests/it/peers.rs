//! The other side of the mail machines: servers of our own that can be told to die at a chosen
//! step, and a script for hostile dialogues.
//!
//! Each counts what it was made to do, so that a test can tell that its fault has fired.

pub(crate) mod faults;
pub(crate) mod imap;
pub(crate) mod ledger;
pub(crate) mod script;
pub(crate) mod smtp;

use std::sync::Arc;
use std::time::Duration;

use handoff_mail::tls::{Endpoint, Security, Trust};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The authority that has signed the peers' certificate.
pub(crate) const AUTHORITY: &[u8] = include_bytes!("certificates/authority.pem");
/// An authority that has not.
pub(crate) const STRANGER: &[u8] = include_bytes!("certificates/stranger.pem");
const CERTIFICATE: &[u8] = include_bytes!("certificates/server.pem");
const KEY: &[u8] = include_bytes!("certificates/server.key.pem");

/// How long a test waits for something that has to happen; only a failure takes it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Where a peer listens.
pub(crate) fn endpoint(port: u16, security: Security) -> Endpoint {
    let trust = Trust::system_and(AUTHORITY).unwrap();
    Endpoint { host: "localhost".into(), port, security, trust: Some(trust) }
}

/// What a peer encrypts with.
pub(crate) fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("never happened: {what}"));
}
