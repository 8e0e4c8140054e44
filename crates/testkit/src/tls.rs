//! A throw-away authority with certificates by it, and a way through TLS for clients that speak
//! plain HTTP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, IpAddr, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
pub use tokio_rustls::client::TlsStream;

use crate::program::{Address, fixed};

/// How keys are made: quickly.
const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

/// An authority whose files are gone with it.
#[derive(Debug)]
pub struct Authority {
    home: TempDir,
}

/// A certificate and its key, as PEM files.
#[derive(Clone, Debug)]
pub struct Files {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    pub fn make() -> Result<Self> {
        let this = Self { home: tempfile::Builder::new().prefix("handoff-tls-").tempdir()? };
        this.openssl(&format!(
            "req -x509 {KEY} -keyout authority.key -out authority.pem -days 2 -subj /CN=authority"
        ))?;
        std::fs::write(this.home.path().join("host"), "subjectAltName=IP:127.0.0.1\n")?;
        Ok(this)
    }

    /// Returns the file with its own certificate.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.home.path().join("authority.pem")
    }

    /// Makes a certificate for 127.0.0.1 that ends after so many days.
    pub fn certify(&self, name: &str, days: u32) -> Result<Files> {
        self.openssl(&format!("req {KEY} -keyout {name}.key -out {name}.csr -subj /CN={name}"))?;
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA authority.pem -CAkey authority.key -CAcreateserial \
             -days {days} -extfile host -out {name}.pem"
        ))?;
        let file = |kind: &str| self.home.path().join(format!("{name}.{kind}"));
        Ok(Files { certificate: file("pem"), key: file("key") })
    }

    /// Returns what clients are configured by that trust it, and nobody else.
    pub fn trusted(&self) -> Result<ClientConfig> {
        let mut issuers = RootCertStore::empty();
        issuers.add(CertificateDer::from_pem_file(self.file()).context("read the authority")?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions()?;
        Ok(config.with_root_certificates(issuers).with_no_client_auth())
    }

    /// Returns an address at which a server that speaks TLS is reached without: whatever comes is
    /// sent on encrypted, if the server's certificate is by this authority.
    pub async fn tunnel(&self, server: SocketAddr) -> Result<Address> {
        let trust = self.trusted()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = fixed(listener.local_addr()?);
        tokio::spawn(async move {
            while let Ok((mut plain, _)) = listener.accept().await {
                let trust = trust.clone();
                tokio::spawn(async move {
                    let mut encrypted = connect(server, trust).await?;
                    copy_bidirectional(&mut plain, &mut encrypted).await?;
                    anyhow::Ok(())
                });
            }
        });
        Ok(address)
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let mut command = Command::new("openssl");
        let done = command.args(arguments.split(' ')).current_dir(&self.home).output();
        let done = done.context("run openssl")?;
        ensure!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }
}

impl Files {
    /// Returns the settings by which the program uses it, as variables.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let named = |name: &str, path: &Path| (name.to_owned(), path.display().to_string());
        vec![
            named("HANDOFF__TLS__CERTIFICATE", &self.certificate),
            named("HANDOFF__TLS__CERTIFICATE_KEY", &self.key),
        ]
    }
}

/// Puts a file in the place of another in one go.
pub fn put(file: &Path, place: &Path) -> Result<()> {
    let beside = place.with_extension("new");
    std::fs::copy(file, &beside).context("copy a file")?;
    std::fs::rename(&beside, place).context("put a file in its place")
}

/// Opens an encrypted connection to a server of this machine.
pub async fn connect(server: SocketAddr, trust: ClientConfig) -> Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(server).await.context("connect")?;
    stream.set_nodelay(true)?;
    let name = ServerName::IpAddress(IpAddr::from(server.ip()));
    TlsConnector::from(Arc::new(trust)).connect(name, stream).await.context("encrypt")
}
