//! What the kernel knows of the program: its open connections.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use anyhow::{Context as _, Result};
use handoff_testkit::http::source;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

/// How often the kernel is asked.
pub(super) const LOOK: Duration = Duration::from_millis(100);
/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);
/// The segment size of a reader's connections, in bytes. On the loopback interface segments are 64
/// KiB, and the kernel takes 2.6 MB before a server notices that nobody reads; this is what the
/// smallest links have, and it takes about 70 KiB.
const SEGMENT: u32 = 536;
/// What a reader's own kernel takes for it, in bytes.
const RECEIVED: usize = 4_096;

/// The states of a connection that its owner has not closed: ESTABLISHED and CLOSE_WAIT
/// (include/net/tcp_states.h).
const OPEN: [&str; 2] = ["01", "08"];

/// Connects so that little is taken by the kernels on the way.
pub(super) async fn connect_narrowly(server: SocketAddr, connection: usize) -> Result<TcpStream> {
    let socket =
        Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).context("make a socket")?;
    socket.set_nonblocking(true)?;
    socket.set_tcp_mss(SEGMENT).context("set the segment size")?;
    socket.set_recv_buffer_size(RECEIVED).context("set the receive buffer")?;
    let (socket, source) = (TcpSocket::from_std_stream(socket.into()), source(connection));
    socket.bind((source, 0).into()).with_context(|| format!("bind {source}"))?;
    let connected = tokio::time::timeout(CONNECTING, socket.connect(server)).await;
    let stream = connected.context("no connection in time")?.context("connect")?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns the clients whose connections a server at `port` has open. A client that does not read
/// cannot see it from its side.
pub(super) fn open_at(port: u16) -> Result<HashSet<SocketAddrV4>> {
    let table = fs::read_to_string("/proc/net/tcp").context("read the connections")?;
    Ok(table.lines().skip(1).filter_map(|line| open_client(line, port)).collect())
}

fn open_client(line: &str, port: u16) -> Option<SocketAddrV4> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, remote, state) = (fields.next()?, fields.next()?, fields.next()?);
    let is_open = OPEN.contains(&state) && endpoint(local)?.port() == port;
    if is_open { endpoint(remote) } else { None }
}

/// Reads `0100007F:1F9A`: the address as the kernel holds it in memory, on a little-endian machine.
fn endpoint(text: &str) -> Option<SocketAddrV4> {
    let (address, port) = text.split_once(':')?;
    let address = u32::from_str_radix(address, 16).ok()?;
    Some(SocketAddrV4::new(
        Ipv4Addr::from(address.to_ne_bytes()),
        u16::from_str_radix(port, 16).ok()?,
    ))
}

/// Waits until the server has closed each of these connections, or a bound after its own beginning;
/// gives when each was seen closed.
pub(super) async fn wait_closed(
    port: u16,
    begun: &HashMap<SocketAddrV4, Instant>,
    bound: Duration,
) -> Result<HashMap<SocketAddrV4, Instant>> {
    let mut closed = HashMap::new();
    let end = begun.values().max().copied().unwrap_or_else(Instant::now) + bound;
    while closed.len() < begun.len() && Instant::now() < end {
        tokio::time::sleep(LOOK).await;
        // Closed after the look before and before this one: the later moment is never too kind.
        let open = open_at(port)?;
        let now = Instant::now();
        for client in begun.keys().filter(|client| !open.contains(client)) {
            closed.entry(*client).or_insert(now);
        }
    }
    Ok(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_server_has_open_is_seen() {
        let line = |state: &str| {
            format!("   7: 0100007F:1F9A 0300007F:C350 {state} 00000000:00000000 00:00000000 0 0 1")
        };
        let client = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 3), 50_000);
        assert_eq!(open_client(&line("01"), 8_090), Some(client));
        assert_eq!(
            open_client(&line("08"), 8_090),
            Some(client),
            "the client has closed, the server has not"
        );
        assert_eq!(
            open_client(&line("04"), 8_090),
            None,
            "the server has closed, the client has not noticed"
        );
        assert_eq!(open_client(&line("01"), 8_091), None);
    }
}
