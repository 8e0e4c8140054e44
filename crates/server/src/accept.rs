//! The accept loop: connections in, requests to the router, and nothing that a client can hold on
//! to for free.
//!
//! It is our own because `axum::serve` installs no timer: a half-sent head was still open after 50
//! s, and a connection that says nothing as well. Here every phase of a connection has its bound:
//! handshake, silence and head, body, keep-alive, and an answer that nobody reads. Connections are
//! counted, altogether, by address and by user.
//!
//! It deliberately knows nothing of what is served; what a client is told that names no host, the
//! API knows. A WebSocket leaves it with the upgrade; only its permit is still counted.

mod body;
mod connection;
mod entry;
mod forwarded;
mod limits;
mod observer;
mod pace;
mod permits;
mod proxies;
mod proxy_header;
mod requests;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use connection::Connection;
pub(crate) use entry::Entry;
pub(crate) use limits::Limits;
pub(crate) use observer::Observer;
use permits::{Full, Permits};
pub(crate) use proxies::Proxies;
use requests::RequestCounts;

/// Connections that the kernel holds ready before they are accepted: what arrives while the loop
/// pauses.
const BACKLOG: u32 = 1_024;
/// How long the loop pauses when the process has no descriptor left, in ms: what waits stays in the
/// backlog meanwhile.
const PAUSE: Duration = Duration::from_millis(100);
/// What a connection above a bound is told. Best effort: a client that sent much already may see
/// only the reset.
const REFUSAL: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\
    Retry-After: 1\r\nConnection: close\r\nContent-Length: 68\r\n\r\n";
const REFUSAL_BODY: &str =
    "{\"statusCode\":4,\"statusMessage\":\"too many connections; close some\"}\n";

/// Listens at an address. `SO_REUSEADDR` is set, so that a server started anew need not wait for
/// its predecessor's connections to be forgotten.
///
/// # Errors
///
/// When the address is not free or not ours. Must be called within the runtime.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// An accept loop and its connections.
pub(crate) struct Acceptor {
    router: Router,
    limits: Arc<Limits>,
    http: Arc<http1::Builder>,
    entry: Entry,
    observer: Arc<Observer>,
    permits: Arc<Permits>,
    connections: TaskTracker,
    /// Connections are not kept for another request.
    leave: CancellationToken,
    /// No more connections, and no more requests on those there are.
    stop: CancellationToken,
    /// Ends the connections wherever they are.
    abort: CancellationToken,
}

impl Acceptor {
    /// Makes a loop that serves a router.
    pub(crate) fn new(
        router: Router,
        limits: Limits,
        entry: Entry,
        observer: Arc<Observer>,
    ) -> Arc<Self> {
        Arc::new(Self {
            router,
            limits: Arc::new(limits),
            http: connection::http(),
            entry,
            observer,
            permits: Arc::new(Permits::new(limits)),
            connections: TaskTracker::new(),
            leave: CancellationToken::new(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
        })
    }

    /// Accepts until [`Acceptor::stop`] is called; then the address is free again. Dropping the
    /// future has the same effect as far as new connections go.
    pub(crate) async fn run(&self, listener: TcpListener) {
        // Nobody takes what is about to be accepted for the end of all connections.
        let _one_more = self.connections.token();
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.stop.cancelled() => return self.admit_waiting(listener),
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) if concerns_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted for the moment");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Accepts what waits, before the address is given up: whoever was connected by the kernel may
    /// have sent a request, and would be told that it was cut off.
    fn admit_waiting(&self, listener: TcpListener) {
        let Ok(listener) = listener.into_std() else { return };
        // The socket is in non-blocking mode: it ends when none waits.
        while let Ok((stream, peer)) = listener.accept() {
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            if let Ok(stream) = stream {
                self.admit(stream, peer);
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        // A proxy's connections are counted for its clients.
        let counted = Some(peer.ip()).filter(|address| !self.entry.proxies.have(*address));
        match self.permits.take(counted) {
            Ok(permit) => {
                // An answer is written at once and in one piece, so waiting to fill a packet only
                // delays it.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection was gone before it was served");
                    return;
                }
                let connection = Connection {
                    router: self.router.clone(),
                    limits: self.limits.clone(),
                    http: self.http.clone(),
                    entry: self.entry.clone(),
                    observer: self.observer.clone(),
                    peer,
                    leave: self.leave.clone(),
                    stop: self.stop.clone(),
                    abort: self.abort.clone(),
                };
                self.connections.spawn(connection.serve(stream, permit));
            }
            Err(full) => refuse(stream, peer, full),
        }
    }

    /// Returns what was counted of requests.
    pub(crate) fn requests(&self) -> &RequestCounts {
        self.observer.counts()
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.connections.len()
    }

    /// Has each answer from now on be the last one of its connection, so that none is kept for a
    /// request by the time they are closed: a proxy would send it and not be answered.
    pub(crate) fn leave(&self) {
        self.leave.cancel();
    }

    /// Accepts no more, closes idle connections, and lets those that answer a request finish it.
    pub(crate) fn stop(&self) {
        self.leave();
        self.stop.cancel();
        self.connections.close();
    }

    /// Waits until all connections are closed. Call [`Acceptor::stop`] first; a cancelled wait
    /// changes nothing.
    pub(crate) async fn drained(&self) {
        self.connections.wait().await;
    }

    /// Closes what is still open, answered or not.
    pub(crate) fn abort(&self) {
        self.abort.cancel();
    }
}

/// Tells whether accepting failed for a client's reason, so that the next one can be tried at once.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

fn refuse(stream: TcpStream, peer: SocketAddr, full: Full) {
    use io::{Read as _, Write as _};
    tracing::debug!(%peer, ?full, "a connection was refused");
    // The socket is in non-blocking mode, so neither call waits for the client. What came already
    // is read because closing a socket with unread bytes resets it, and the answer with it.
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.read(&mut [0; 1_024]);
        let _ = stream.write([REFUSAL, REFUSAL_BODY].concat().as_bytes());
    }
}
