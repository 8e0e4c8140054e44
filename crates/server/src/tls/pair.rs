//! A certificate and its key: read from their files, and judged.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail, ensure};
use handoff_api::wire::date;
use handoff_domain::Time;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::config::Tls;

/// How long before its end a certificate is said to end soon, in ms: two weeks, in which whoever
/// renews them by hand is back from a holiday, and who has it done has failed several times.
const SOON_MS: u64 = 14 * DAY_MS;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// A certificate with its key, which belong together.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    /// What the two files had in them.
    pub(super) digest: [u8; 32],
    pub(crate) begins: Time,
    pub(crate) ends: Time,
}

/// Where a moment is in a certificate's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    Early,
    Good,
    EndsSoon,
    Over,
}

impl Pair {
    /// Reads the pair that a configuration names.
    ///
    /// # Errors
    ///
    /// When a file cannot be read or has nothing of the kind, or the two do not belong together.
    pub(crate) fn read(tls: &Tls) -> anyhow::Result<Self> {
        let certificate = text("tls.certificate", &tls.certificate)?;
        let key = text("tls.certificate_key", &tls.certificate_key)?;
        let digest = Sha256::new().chain_update(Sha256::digest(&certificate));
        let digest = digest.chain_update(Sha256::digest(&key)).finalize().into();
        let (chain, key) = (chain(&tls.certificate, &certificate)?, self::key(tls, &key)?);
        let leaf = Certificate::from_der(&chain[0]);
        let leaf = leaf.map_err(|error| unreadable(&tls.certificate, &error))?;
        let validity = leaf.tbs_certificate().validity();
        let at = |time: x509_cert::time::Time| {
            Time(i64::try_from(time.to_unix_duration().as_millis()).unwrap_or(i64::MAX))
        };
        let key = CertifiedKey::from_der(chain, key, &ring::default_provider());
        let key = key.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => anyhow!(
                "tls.certificate_key: {} is not the key of the first certificate in {}",
                tls.certificate_key.display(),
                tls.certificate.display()
            ),
            error => anyhow!(
                "tls.certificate_key: {} cannot be used: {error}",
                tls.certificate_key.display()
            ),
        })?;
        let (begins, ends) = (at(validity.not_before), at(validity.not_after));
        Ok(Self { key: Arc::new(key), digest, begins, ends })
    }

    /// Tells how old the certificate is.
    pub(crate) fn age(&self, now: Time) -> Age {
        match now {
            _ if now < self.begins => Age::Early,
            _ if now > self.ends => Age::Over,
            _ if self.ends.ms_since(now) < SOON_MS => Age::EndsSoon,
            _ => Age::Good,
        }
    }

    /// Says what is wrong with the certificate's time, if anything is; continues a sentence that
    /// begins with the certificate.
    pub(crate) fn fault(&self, now: Time) -> Option<String> {
        let (begins, ends) = (date::print_iso(self.begins), date::print_iso(self.ends));
        match self.age(now) {
            Age::Good => None,
            Age::Early => Some(format!("is not valid before {begins}")),
            Age::EndsSoon => {
                let days = self.ends.ms_since(now) / DAY_MS;
                Some(format!("expires on {ends}, in {days} days"))
            }
            Age::Over => Some(format!("expired on {ends}")),
        }
    }
}

fn text(option: &'static str, path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{option}: {} cannot be read", path.display()))
}

fn chain(path: &Path, text: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let chain = chain.map_err(|error| unreadable(path, &error))?;
    ensure!(
        !chain.is_empty(),
        "tls.certificate: {} has no certificate in PEM form",
        path.display()
    );
    Ok(chain)
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("tls.certificate: {} has something that is no certificate: {error}", path.display())
}

fn key(tls: &Tls, text: &[u8]) -> anyhow::Result<PrivateKeyDer<'static>> {
    let path = tls.certificate_key.display();
    match PrivateKeyDer::from_pem_slice(text) {
        Ok(key) => Ok(key),
        // What the parser says may quote the file.
        Err(_) => bail!(
            "tls.certificate_key: {path} has no key in PEM form; one under a passphrase cannot be \
             used"
        ),
    }
}
