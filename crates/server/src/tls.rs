//! TLS of the server's own: the certificate by which it is known, and a new one in its place while
//! it serves.
//!
//! What must stay true: a pair that cannot be used, as one of which half is written, changes
//! nothing; and no message of a client takes more than the handshake's time (`accept`).

mod pair;

#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use handoff_api::wire::date;
use handoff_domain::Time;
use handoff_engine::Clock;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use crate::config;
pub(crate) use pair::{Age, Pair};

/// How often the files are looked at: whoever renews them has days.
const PERIOD: Duration = Duration::from_secs(30);
/// What is spoken. HTTP/2 is not (docs/adr/0036-http-1-alone.md).
const PROTOCOLS: &[&[u8]] = &[b"http/1.1"];

/// The server's side of TLS.
pub(crate) struct Tls {
    files: config::Tls,
    serving: Arc<Serving>,
    acceptor: TlsAcceptor,
    /// Asks for a look at the files (SIGHUP).
    hangup: Signal,
}

/// The pair in use.
#[derive(Debug)]
pub(crate) struct Serving(RwLock<Arc<Pair>>);

impl Tls {
    /// Reads the pair and listens for SIGHUP, which no longer ends the process; `None` where plain
    /// HTTP is spoken. Must be called within the runtime.
    ///
    /// # Errors
    ///
    /// When the pair cannot be used. One that is out of date can: nothing better is there.
    pub(crate) fn new(files: &config::Tls, clock: &dyn Clock) -> anyhow::Result<Option<Self>> {
        if !files.is_on() {
            return Ok(None);
        }
        let pair = Pair::read(files)?;
        if let Some(fault) = pair.fault(clock.now()) {
            let certificate = files.certificate.display();
            tracing::warn!(%certificate, "the certificate {fault}; put another pair in its place");
        }
        let serving = Arc::new(Serving(RwLock::new(Arc::new(pair))));
        let acceptor = acceptor(serving.clone())?;
        let hangup = signal(SignalKind::hangup())?;
        Ok(Some(Self { files: files.clone(), serving, acceptor, hangup }))
    }

    /// Returns what takes handshakes.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Returns what tells of the pair in use.
    pub(crate) fn serving(&self) -> Arc<Serving> {
        self.serving.clone()
    }

    /// Takes up what comes in place of the pair, again and again; dropping it ends that.
    pub(crate) async fn follow(mut self, clock: Arc<dyn Clock>) {
        let mut seen = Ok(self.serving.pair().digest);
        loop {
            let is_asked = tokio::select! {
                asked = self.hangup.recv() => asked.is_some(),
                () = tokio::time::sleep(PERIOD) => false,
            };
            let files = self.files.clone();
            let read = tokio::task::spawn_blocking(move || Pair::read(&files)).await;
            let Ok(read) = read else { continue };
            let found = self.usable(read, clock.now());
            let mark = found.as_ref().map(|pair| pair.digest).map_err(Clone::clone);
            if is_asked || mark != seen {
                self.take(found);
            }
            seen = mark;
        }
    }

    /// Refuses a new pair that clients would refuse.
    fn usable(&self, read: anyhow::Result<Pair>, now: Time) -> Result<Pair, String> {
        let pair = read.map_err(|error| format!("{error:#}"))?;
        match (pair.age(now), pair.fault(now)) {
            (Age::Early | Age::Over, Some(fault)) if pair.digest != self.serving.pair().digest => {
                Err(format!("the new certificate {fault}"))
            }
            _ => Ok(pair),
        }
    }

    /// Uses a pair from now on, or says why not.
    fn take(&self, found: Result<Pair, String>) {
        match found {
            Ok(pair) => {
                let ends = date::print_iso(pair.ends);
                tracing::info!(ends, "a certificate was read and is in use");
                self.serving.replace(pair);
            }
            Err(error) => {
                tracing::error!(error, "the certificate of before stays in use");
            }
        }
    }
}

/// Makes what takes handshakes by the pair in use.
fn acceptor(serving: Arc<Serving>) -> anyhow::Result<TlsAcceptor> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let mut config = config.with_no_client_auth().with_cert_resolver(serving);
    config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    // A client that comes back brings what it needs: nothing is kept here for it.
    config.ticketer = ring::Ticketer::new()?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Returns whom this node trusts where another one speaks TLS. A node that does not speak it and is
/// told of nobody trusts nobody: it need not find out whom its machine trusts.
///
/// # Errors
///
/// What is wrong, in a sentence that says what to do.
pub(crate) fn trust(files: &config::Tls) -> anyhow::Result<ClientConfig> {
    let named = Some(files.authorities.as_path()).filter(|path| !path.as_os_str().is_empty());
    if named.is_none() && !files.is_on() {
        let nobody = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        return Ok(nobody.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let trust = handoff_store::tls::trusting(named, "tls.authorities");
    Ok(Arc::unwrap_or_clone(trust.map_err(anyhow::Error::msg)?))
}

impl Serving {
    fn pair(&self) -> Arc<Pair> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, pair: Pair) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
    }

    /// Returns when the certificate in use ends.
    pub(crate) fn ends(&self) -> Time {
        self.pair().ends
    }

    /// Tells whether it ends within two weeks, or is not valid at all.
    pub(crate) fn is_bad(&self, now: Time) -> bool {
        self.pair().age(now) != Age::Good
    }
}

impl ResolvesServerCert for Serving {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair().key.clone())
    }
}
