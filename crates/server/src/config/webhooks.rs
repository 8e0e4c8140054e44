//! Where contact centers have their events sent.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Network;

/// Where contact centers have their events sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Webhooks {
    /// Networks of the operator's own to which events are sent as well, unencrypted too, such as
    /// `10.1.0.0/16`. Default none: only public addresses are connected to, whoever names them.
    pub allow_private: Vec<Network>,
    /// A PEM file of the authorities that receivers' certificates are by. Empty (the default): the
    /// system's.
    pub authorities: PathBuf,
}
