//! What bounds connections.

use std::time::Duration;

/// The bounds of connections; where they come from is said in `config::Limits`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections altogether.
    pub connections: usize,
    pub connections_per_address: usize,
    pub connections_per_user: usize,
    /// How long a head may take, and a new connection may be silent.
    pub header_timeout: Duration,
    /// How long a body may take before the time that its bytes are worth.
    pub body_timeout: Duration,
    /// The slowest body that is waited for beyond that, and the slowest taking of an answer beyond
    /// `write_timeout`.
    pub body_bytes_per_second: u64,
    /// How long a connection is kept without a request.
    pub idle_timeout: Duration,
    /// How long an answer may wait for its client before the time that the bytes it has taken are
    /// worth.
    pub write_timeout: Duration,
}
