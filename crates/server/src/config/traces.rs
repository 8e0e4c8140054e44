//! Where traces are sent.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where traces are sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Traces {
    /// Where a collector takes OTLP by HTTP in JSON, as `http://127.0.0.1:4318/v1/traces`. Empty
    /// (the default): none are made.
    pub endpoint: String,
    /// A file with nothing but what is sent as `Authorization`.
    pub authorization_file: PathBuf,
    /// A PEM file of the authorities that the collector's certificate is by. Empty (the default):
    /// the system's.
    pub authorities: PathBuf,
}
