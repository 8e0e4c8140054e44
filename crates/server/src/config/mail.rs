//! E-mail, as far as all mailboxes of the server share it. Mailboxes themselves are part of their
//! contact centers.

use std::net::SocketAddr;
use std::path::PathBuf;

use handoff_engine::AcknowledgementLimits;
use serde::{Deserialize, Serialize};

use handoff_provision::TimeSpan;

/// What all mailboxes share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mail {
    /// Where mail servers of this machine deliver straight, by LMTP: an address on loopback such as
    /// `127.0.0.1:8024`, or the absolute path of a socket. Empty (the default): nowhere.
    pub lmtp: String,
    /// The name by which this server greets others. Empty (the default) is `localhost`.
    pub host_name: String,
    /// How long a message that the other side does not take now is tried again, before its draft
    /// goes back to its owner. 1 min…7 d. Default 48 h.
    pub give_up_after: TimeSpan,
    /// How long such a message rests after each attempt; the last counts from then on. 1 to 20 of
    /// them, each 100 ms…24 h.
    pub retries: Vec<TimeSpan>,
    /// Acknowledgements that one contact center sends in an hour to one domain. 0…1,000,000.
    /// Default 100.
    pub acknowledgements_per_domain: u32,
    /// Acknowledgements that one contact center sends in an hour in all. 0…1,000,000. Default
    /// 1,000.
    pub acknowledgements_per_hour: u32,
    /// More certificates of authorities than the system has: a PEM file. Empty (the default): none.
    pub authorities: PathBuf,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            lmtp: String::new(),
            host_name: String::new(),
            give_up_after: TimeSpan::from_ms(48 * 60 * 60 * 1_000),
            retries: [1, 2, 5, 15, 30, 60]
                .map(|minutes| TimeSpan::from_ms(minutes * 60_000))
                .to_vec(),
            acknowledgements_per_domain: AcknowledgementLimits::default().per_domain,
            acknowledgements_per_hour: AcknowledgementLimits::default().in_all,
            authorities: PathBuf::new(),
        }
    }
}

/// Where LMTP is listened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LmtpPlace {
    /// An address on loopback.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Mail {
    /// Returns where LMTP is listened for: `None` for nowhere, an error for what is neither an
    /// address on loopback nor an absolute path.
    pub(crate) fn lmtp_place(&self) -> Result<Option<LmtpPlace>, ()> {
        if self.lmtp.is_empty() {
            return Ok(None);
        }
        if self.lmtp.starts_with('/') {
            return Ok(Some(LmtpPlace::Unix(PathBuf::from(&self.lmtp))));
        }
        let address: SocketAddr = self.lmtp.parse().map_err(|_| ())?;
        if address.ip().is_loopback() { Ok(Some(LmtpPlace::Tcp(address))) } else { Err(()) }
    }

    /// Returns the name by which others are greeted.
    pub(crate) fn greeting_name(&self) -> &str {
        if self.host_name.is_empty() { "localhost" } else { &self.host_name }
    }
}
