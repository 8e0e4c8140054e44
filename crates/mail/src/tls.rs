//! Connections to mail servers: encrypted from the start, encrypted on request, or plain where
//! nobody can listen.
//!
//! STARTTLS is only ever *required*: a server that does not offer it, refuses it, or has sent
//! anything beyond its answer before the encryption begins gets no credentials and no message.
//! (What was sent too early would be read as if it had come encrypted: NO STARTTLS, USENIX Security
//! 2021.) There is no "encrypt if you can" and no way to skip the check of a certificate; who has a
//! certificate authority of their own names it.

mod wire;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

pub(crate) use wire::Wire;
pub use wire::{Broken, Stream};

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// By TLS from its first byte (IMAP 993, SMTP 465).
    Tls,
    /// By TLS after `STARTTLS`, which must succeed before anything else is said (IMAP 143, SMTP
    /// 587).
    StartTls,
    /// Not at all; allowed because the other end is this machine, which is checked.
    PlainOnLoopback,
    /// Not at all: everybody on the way can read passwords and mail.
    PlainAnywhere,
}

/// Whose certificates are good.
#[derive(Clone, Debug)]
pub struct Trust(Arc<ClientConfig>);

/// A [`Trust`] that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the certificates to trust cannot be used")]
pub struct Untrustworthy(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Trust {
    /// Trusts the machine's certificate authorities.
    ///
    /// # Errors
    ///
    /// When the machine has none.
    pub fn system() -> Result<Self, Untrustworthy> {
        Self::system_and(&[])
    }

    /// Trusts the machine's certificate authorities and those in the text of a PEM file.
    ///
    /// # Errors
    ///
    /// When the text is no PEM, or there is nobody to trust at all.
    pub fn system_and(pem: &[u8]) -> Result<Self, Untrustworthy> {
        let more: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| Untrustworthy(Box::new(error)))?;
        let provider = Arc::new(ring::default_provider());
        let failed = |error: rustls::Error| Untrustworthy(Box::new(error));
        let verifier = Verifier::new_with_extra_roots(more, provider.clone()).map_err(failed)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}

/// A mail server and how to reach it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name, which its certificate must bear, or its address.
    pub host: String,
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Whose certificates are good; needed with TLS only.
    pub trust: Option<Trust>,
}

/// Why there is no (safe) connection.
#[derive(Debug, thiserror::Error)]
pub enum NoConnection {
    /// Nobody answers there.
    #[error("cannot reach the mail server")]
    Unreachable(#[source] io::Error),
    /// The encryption could not begin: a wrong certificate, most often.
    #[error("cannot encrypt the connection to the mail server")]
    Tls(#[source] io::Error),
    /// It is configured without encryption and ends on another machine.
    #[error("an unencrypted connection to another machine is not allowed")]
    NotLoopback,
    /// The configuration has TLS, but no certificates to trust or a host name that cannot be on a
    /// certificate.
    #[error("the configuration does not allow an encrypted connection")]
    Configuration,
    /// The server sent more than its answer to `STARTTLS` before the encryption began.
    #[error("something was sent before the encryption began")]
    Injected,
}

impl Endpoint {
    /// Connects; with [`Security::Tls`] encrypted. No step takes longer than `patience`.
    pub(crate) async fn connect(&self, patience: Duration) -> Result<Wire, NoConnection> {
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        let stream = timeout(patience, TcpStream::connect((self.host.as_str(), self.port)))
            .await
            .map_err(late)
            .and_then(|connected| connected)
            .map_err(NoConnection::Unreachable)?;
        // Commands are small and each waits for its answer: holding them back for company only
        // costs time.
        stream.set_nodelay(true).map_err(NoConnection::Unreachable)?;
        let peer = stream.peer_addr().map_err(NoConnection::Unreachable)?;
        let wire = Wire::new(Box::new(stream), patience);
        match self.security {
            Security::Tls => self.encrypt(wire, patience).await,
            Security::PlainOnLoopback if !peer.ip().to_canonical().is_loopback() => {
                Err(NoConnection::NotLoopback)
            }
            Security::StartTls | Security::PlainOnLoopback | Security::PlainAnywhere => Ok(wire),
        }
    }

    /// Opens a connection for another protocol, such as the one in which tokens are asked for:
    /// encrypted with [`Security::Tls`]. No step takes longer than `patience`.
    ///
    /// # Errors
    ///
    /// [`NoConnection`].
    pub async fn open(&self, patience: Duration) -> Result<Box<dyn Stream>, NoConnection> {
        self.connect(patience).await?.into_stream().ok_or(NoConnection::Injected)
    }

    /// Encrypts a connection on which everything said so far has been read.
    pub(crate) async fn encrypt(
        &self,
        wire: Wire,
        patience: Duration,
    ) -> Result<Wire, NoConnection> {
        let trust = self.trust.as_ref().ok_or(NoConnection::Configuration)?;
        let name =
            ServerName::try_from(self.host.clone()).map_err(|_| NoConnection::Configuration)?;
        let stream = wire.into_stream().ok_or(NoConnection::Injected)?;
        let handshake = TlsConnector::from(trust.0.clone()).connect(name, stream);
        let stream = timeout(patience, Box::pin(handshake))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))
            .and_then(|done| done)
            .map_err(NoConnection::Tls)?;
        Ok(Wire::new(Box::new(stream), patience))
    }
}
