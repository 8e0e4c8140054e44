//! A way to a server that can be made slow or silent, for one node alone.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Bytes passed on at a time.
const CHUNK: usize = 16 * 1_024;

/// How a door passes bytes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    /// Each so much later.
    Late(Duration),
    /// Nothing is passed on, and nothing is closed: everything goes on when it opens again.
    Silent,
}

/// A door before a server; it closes when this is dropped.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    way: watch::Sender<Way>,
    _listening: AbortOnDropHandle<()>,
}

impl Door {
    /// Opens a door at an address of this machine.
    pub(super) async fn open(at: &str, server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((at, 0)).await;
        let listener = listener.with_context(|| format!("open a door at {at}"))?;
        let address = listener.local_addr()?;
        let way = watch::Sender::new(Way::Open);
        let told = way.subscribe();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, server, told.clone()));
            }
        });
        Ok(Self { address, way, _listening: AbortOnDropHandle::new(listening) })
    }

    pub(super) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

/// Passes a connection on until either end closes it, or the door is gone.
async fn pass(client: TcpStream, server: SocketAddr, way: watch::Receiver<Way>) {
    let mut opened = way.clone();
    if opened.wait_for(|way| *way != Way::Silent).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    // Whichever way ends, both ends are closed then.
    tokio::select! {
        () = copy(from_client, to_server, way.clone()) => {}
        () = copy(from_server, to_client, way) => {}
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut bytes = vec![0; CHUNK];
    while let Ok(count) = from.read(&mut bytes).await {
        let Ok(now) = way.wait_for(|way| *way != Way::Silent).await.map(|way| *way) else { return };
        if let Way::Late(by) = now {
            tokio::time::sleep(by).await;
        }
        if count == 0 || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_silent_door_holds_back_what_goes_on_when_it_opens() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Door::open("127.0.0.1", server.local_addr().unwrap()).await.unwrap();
        let mut client = TcpStream::connect(door.address).await.unwrap();
        let (mut accepted, _) = server.accept().await.unwrap();
        door.set(Way::Silent);
        client.write_all(b"ping").await.unwrap();
        let mut bytes = [0; 4];
        let short = Duration::from_millis(100);
        let read = tokio::time::timeout(short, accepted.read_exact(&mut bytes)).await;
        assert!(read.is_err(), "nothing passes");
        door.set(Way::Open);
        accepted.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ping");
    }
}
