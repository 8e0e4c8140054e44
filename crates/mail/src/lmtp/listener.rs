//! Where a mail server of this machine connects.

use std::io;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::time::sleep;

use crate::tls::Wire;

/// How long to wait before listening on after the system had no more connections to give, in ms
/// (`EMFILE` comes back at once otherwise).
const EXHAUSTED_MS: u64 = 100;

/// A place that listens.
#[derive(Debug)]
pub struct LmtpListener(Kind);

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl LmtpListener {
    /// Listens on a loopback address.
    ///
    /// # Errors
    ///
    /// When the address is another: whoever reaches it may bring mail in under any sender.
    pub fn tcp(listener: TcpListener) -> io::Result<Self> {
        if !listener.local_addr()?.ip().to_canonical().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "LMTP may listen on loopback only",
            ));
        }
        Ok(Self(Kind::Tcp(listener)))
    }

    /// Listens on a Unix socket; who may connect is a matter of its file's permissions.
    #[must_use]
    pub const fn unix(listener: UnixListener) -> Self {
        Self(Kind::Unix(listener))
    }

    /// Waits for a connection.
    pub(super) async fn accept(&self, patience: Duration) -> Wire {
        loop {
            let accepted = match &self.0 {
                Kind::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                    // Failing to turn Nagle's algorithm off costs time only.
                    let _ = stream.set_nodelay(true);
                    Wire::new(Box::new(stream), patience)
                }),
                Kind::Unix(listener) => {
                    listener.accept().await.map(|(stream, _)| Wire::new(Box::new(stream), patience))
                }
            };
            match accepted {
                Ok(wire) => return wire,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "could not accept an LMTP connection"
                    );
                    sleep(Duration::from_millis(EXHAUSTED_MS)).await;
                }
            }
        }
    }
}
