//! What a connection passes before its first request: its proxy's word of whom it is by, and its
//! encryption.

use std::io;
use std::net::IpAddr;
use std::sync::Once;

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

/// What requests come over. The pace is that of the socket, so what TLS keeps for a client that
/// does not take it waits as any answer does.
pub(super) type Line = Either<PacedStream, Box<TlsStream<PacedStream>>>;

impl Entry {
    /// Lets a connection from `peer` in; returns the address that it is by, too.
    ///
    /// # Errors
    ///
    /// When it does not begin as it has to; there is nothing to tell it then.
    pub(super) async fn pass(
        &self,
        mut stream: PacedStream,
        peer: IpAddr,
    ) -> io::Result<(Line, IpAddr)> {
        let mut client = peer;
        if self.proxy_protocol && self.proxies.have(peer) {
            let said = Box::pin(proxy_header::read(&mut stream)).await;
            client = said.inspect_err(complain)?.unwrap_or(peer);
        }
        let line = match &self.tls {
            None => Line::Left(stream),
            // In a box, so that a poll that is held later takes no room for it.
            Some(tls) => Line::Right(Box::new(Box::pin(tls.accept(stream)).await?)),
        };
        Ok((line, client))
    }
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
