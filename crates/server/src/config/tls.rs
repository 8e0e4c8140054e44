//! TLS of the server's own.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// By which certificate the server speaks TLS, if it does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// A PEM file with the server's certificate, and those of the authorities between it and the
    /// one that clients trust. Empty (the default): plain HTTP is spoken.
    pub certificate: PathBuf,
    /// A PEM file with the certificate's key.
    pub certificate_key: PathBuf,
    /// A PEM file of authorities in place of the system's, by which other nodes over one database
    /// are known. Empty (the default) is none.
    pub authorities: PathBuf,
}

impl Tls {
    /// Tells whether TLS is spoken, and nothing else.
    pub(crate) fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}
