//! What a connection passes before its first request: its encryption.

use std::io;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::pace::PacedStream;

/// How connections begin. By default with the first request.
#[derive(Clone, Default)]
pub(crate) struct Entry {
    /// Takes the handshake of TLS, where that is spoken.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// What requests come over. The pace is that of the socket, so what TLS keeps for a client that
/// does not take it waits as any answer does.
pub(super) type Line = Either<PacedStream, Box<TlsStream<PacedStream>>>;

impl Entry {
    /// Lets a connection in.
    ///
    /// # Errors
    ///
    /// When it does not begin as it has to; there is nothing to tell it then.
    pub(super) async fn pass(&self, stream: PacedStream) -> io::Result<Line> {
        match &self.tls {
            None => Ok(Line::Left(stream)),
            // In a box, so that a poll that is held later takes no room for it.
            Some(tls) => Ok(Line::Right(Box::new(Box::pin(tls.accept(stream)).await?))),
        }
    }
}
