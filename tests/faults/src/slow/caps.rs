//! The bounds on connections: of one address, and of one user (docs/compat/conventions.md#limits).

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::scene::Scene;
use crate::campaign::Found;
use handoff_testkit::http::connect;

const OF_ADDRESS: usize = 512;
const OF_USER: usize = 128;
/// The address that has too many.
const GREEDY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 200);
/// An address that has not.
const MODEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 201);
const ANSWER: Duration = Duration::from_secs(5);
/// How long the server may take to notice that connections were closed.
const NOTICE: Duration = Duration::from_secs(1);

pub(super) async fn check(scene: &Scene) -> Result<Found> {
    let mut found = Found::default();
    of_address(scene.server, &mut found).await?;
    of_user(scene, &mut found).await?;
    Ok(found)
}

async fn of_address(server: SocketAddr, found: &mut Found) -> Result<()> {
    let mut held = Vec::new();
    for _ in 0..OF_ADDRESS {
        held.push(connect(server, Some(GREEDY)).await?);
    }
    let refused = Said::of(connect(server, Some(GREEDY)).await?, "").await;
    let is_clear =
        refused.head.starts_with("HTTP/1.1 503 ") && refused.head.contains("Retry-After");
    let is_clear = is_clear && refused.body.contains("\"statusCode\":4") && refused.is_closed;
    found.demand(is_clear, || format!("connection {} of an address: {refused:?}", OF_ADDRESS + 1));
    // The last one that was let in is served, and so is everybody else.
    let last = held.pop().context("no connection was let in")?;
    let last = Said::of(last, "").await;
    found.demand(last.is_kept(), || format!("connection {OF_ADDRESS} of an address is not served"));
    let other = Said::of(connect(server, Some(MODEST)).await?, "").await;
    found.demand(other.is_kept(), || format!("another address is not served: {other:?}"));
    drop(held);
    sleep(NOTICE).await;
    let again = Said::of(connect(server, Some(GREEDY)).await?, "").await;
    found
        .demand(again.is_kept(), || format!("the address does not get its places back: {again:?}"));
    found.figures.push(format!(
        "connection {} of an address: {}, closed; others served",
        OF_ADDRESS + 1,
        refused.status()
    ));
    Ok(())
}

async fn of_user(scene: &Scene, found: &mut Found) -> Result<()> {
    let credentials = &scene.attacker(0).credentials;
    let ask = async || {
        let stream = connect(scene.server, Some(MODEST)).await?;
        anyhow::Ok(Said::of(stream, credentials).await)
    };
    // Their own client, which is idle, has one.
    let mut held = 1;
    let mut kept = Vec::new();
    let last = loop {
        let said = ask().await?;
        if !said.is_kept() || held > OF_USER {
            break said;
        }
        held += 1;
        kept.push(said);
    };
    found.demand(held == OF_USER, || format!("a user has {held} connections"));
    let is_clear = last.is_closed && last.head.to_lowercase().contains("connection: close");
    found.demand(is_clear, || format!("connection {} of a user: {last:?}", OF_USER + 1));
    drop(kept);
    sleep(NOTICE).await;
    let again = ask().await?;
    found.demand(again.is_kept(), || format!("the user does not get their places back: {again:?}"));
    found.figures.push(format!(
        "connection {} of a user: {}, then closed",
        held + 1,
        last.status()
    ));
    Ok(())
}

/// What a connection was told when it asked for the user's own data, or the version without
/// credentials.
#[derive(Debug)]
struct Said {
    head: String,
    body: String,
    is_closed: bool,
    /// Held, so that it counts.
    _stream: TcpStream,
}

impl Said {
    async fn of(mut stream: TcpStream, credentials: &str) -> Self {
        let path = if credentials.is_empty() { "diagnostics/version" } else { "me" };
        let request =
            format!("GET /api/v2/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{credentials}\r\n");
        // A connection that is refused may be closed before we write; then what was said can still
        // be read.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut bytes = Vec::new();
        let whole = async {
            while !is_whole(&bytes) {
                if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                    return;
                }
            }
        };
        let _ = timeout(ANSWER, whole).await;
        let mut rest = [0; 1];
        let closed = timeout(Duration::from_millis(50), stream.read(&mut rest)).await;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        Self {
            head: head.to_owned(),
            body: body.to_owned(),
            is_closed: matches!(closed, Ok(Ok(0) | Err(_))),
            _stream: stream,
        }
    }

    fn is_kept(&self) -> bool {
        self.head.starts_with("HTTP/1.1 200 ") && !self.is_closed
    }

    fn status(&self) -> &str {
        self.head.lines().next().unwrap_or("nothing")
    }
}

/// Tells whether a head and as much of a body as it announces has come.
fn is_whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"));
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"));
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
    }
}
