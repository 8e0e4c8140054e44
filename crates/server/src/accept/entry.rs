//! What a connection passes before its first request: its proxy's word of whom it is by, and its
//! encryption.

use std::io;
use std::net::IpAddr;
use std::sync::Once;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::pace::PacedStream;
use super::proxies::Proxies;
use super::proxy_header;

/// How connections begin. By default with the first request.
#[derive(Clone, Default)]
pub(crate) struct Entry {
    /// Who is believed when they name a client.
    pub(crate) proxies: Proxies,
    /// Whether these name it by the PROXY protocol.
    pub(crate) proxy_protocol: bool,
    /// Takes the handshake of TLS, where that is spoken.
    pub(crate) tls: Option<TlsAcceptor>,
}

/// What whoever speaks plain HTTP is told where TLS is spoken.
const PLAIN_REFUSAL: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n\
    Connection: close\r\nContent-Length: 72\r\n\r\n";
const PLAIN_REFUSAL_BODY: &str =
    "{\"statusCode\":10,\"statusMessage\":\"TLS is spoken here; ask by https://\"}\n";

/// What requests come over. The pace is that of the socket, so what TLS keeps for a client that
/// does not take it waits as any answer does.
pub(super) type Line = Either<PacedStream, Box<TlsStream<PacedStream>>>;

/// Whom a connection is by.
#[derive(Clone, Copy, Debug)]
pub(super) struct By {
    pub address: IpAddr,
    /// Whether requests on it may name whom they are by: of a proxy that passes bytes on, and says
    /// so of itself alone, headers are whatever its clients write.
    pub may_forward: bool,
}

impl Entry {
    /// Returns whom a connection from `peer` is by, as far as that stands before its first request.
    ///
    /// # Errors
    ///
    /// When it does not begin as it has to; there is nothing to tell it then.
    pub(super) async fn identify(&self, stream: &mut PacedStream, peer: IpAddr) -> io::Result<By> {
        if !(self.proxy_protocol && self.proxies.have(peer)) {
            return Ok(By { address: peer, may_forward: self.proxies.have(peer) });
        }
        let said = Box::pin(proxy_header::read(stream)).await.inspect_err(complain)?;
        let address = said.unwrap_or(peer);
        Ok(By { address, may_forward: said.is_some_and(|it| self.proxies.have(it)) })
    }

    /// Takes the handshake of a connection, where there is one.
    ///
    /// # Errors
    ///
    /// When it goes wrong.
    pub(super) async fn encrypted(&self, stream: PacedStream) -> io::Result<Line> {
        Ok(match &self.tls {
            None => Line::Left(stream),
            // In a box, so that a poll that is held later takes no room for it.
            Some(tls) => Line::Right(Box::pin(encrypt(stream, tls)).await?),
        })
    }
}

/// Takes the handshake. Whoever speaks plain HTTP is told, in a way that they can read.
async fn encrypt(
    mut stream: PacedStream,
    tls: &TlsAcceptor,
) -> io::Result<Box<TlsStream<PacedStream>>> {
    // A method begins with a letter, and a handshake with a number.
    if stream.first_byte().await?.is_ascii_uppercase() {
        // Closing a socket with unread bytes resets it, and the answer with it.
        let _read: usize = stream.read(&mut [0; 1_024]).await?;
        stream.write_all([PLAIN_REFUSAL, PLAIN_REFUSAL_BODY].concat().as_bytes()).await?;
        return Err(io::Error::other("plain HTTP came where TLS is spoken"));
    }
    Ok(Box::new(tls.accept(stream).await?))
}

/// Says once what is most likely wrong: every connection of such a proxy ends the same way.
fn complain(error: &io::Error) {
    static COMPLAINED: Once = Once::new();
    if error.kind() == io::ErrorKind::InvalidData {
        COMPLAINED.call_once(|| {
            tracing::warn!(
                "a trusted proxy does not speak the PROXY protocol, and is not served: have it do \
                 so, or take server.proxy_protocol out"
            );
        });
    }
}
