//! The way of a node to a server, which can be cut as a network is that drops what is sent: nobody
//! is told, and whoever opens a connection waits.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Connections that wait to be accepted before others are dropped.
const BACKLOG: u32 = 1;
/// After so long a connection counts as dropped: on one machine those that are taken are taken at
/// once.
const DROPPED_AFTER: Duration = Duration::from_millis(100);
/// More connections than ever wait to be accepted.
const WAITING_MAX: usize = 16;
/// Bytes passed on at a time.
const CHUNK: usize = 16 * 1_024;

/// What becomes of the connections there are when the way is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// They stay, and nothing passes any more.
    Silent,
    /// They are reset, as the system does when nobody confirmed what was sent.
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// It is cut as soon as a client says this; then that is kept from the server.
    UntilSaid(&'static str),
    Cut(Ending),
}

/// A way to a server. It ends, with every connection, when it is dropped.
#[derive(Debug)]
pub struct Way {
    address: SocketAddr,
    state: watch::Sender<State>,
    /// What waits to be accepted while the way is cut, so that nothing else may wait.
    waiting: Vec<TcpStream>,
    /// Carries connections.
    task: JoinHandle<()>,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Way {
    /// Opens a way to a server.
    ///
    /// # Panics
    ///
    /// When there is no port for it.
    pub async fn to(server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let listener = socket.listen(BACKLOG).expect("a socket that listens");
        let address = listener.local_addr().expect("its address");
        let state = watch::Sender::new(State::Open);
        let task = tokio::spawn(accept(listener, server, state.clone()));
        Self { address, state, waiting: Vec::new(), task }
    }

    /// Returns where clients find it.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts it: nobody is connected any more, and nobody is told so.
    ///
    /// # Panics
    ///
    /// When connections are taken all the same.
    pub async fn cut(&mut self, ending: Ending) {
        self.state.send_replace(State::Cut(ending));
        for _ in 0..WAITING_MAX {
            match timeout(DROPPED_AFTER, TcpStream::connect(self.address)).await {
                Ok(Ok(taken)) => self.waiting.push(taken),
                // It was being accepted while the way was cut, and ended as the others did.
                Ok(Err(_ended)) => {}
                Err(_) => return,
            }
        }
        panic!("connections are taken though nobody accepts them");
    }

    /// Has it cut, with its connections silent, once a client says something in particular, which
    /// does not reach the server.
    pub fn cut_when_said(&self, text: &'static str) {
        self.state.send_replace(State::UntilSaid(text));
    }

    /// Waits until that was said, and nobody is connected any more.
    ///
    /// # Panics
    ///
    /// As [`Way::cut`].
    pub async fn until_cut(&mut self) {
        let mut state = self.state.subscribe();
        let is_cut = state.wait_for(|state| matches!(state, State::Cut(_))).await;
        is_cut.map(drop).expect("its sender is a part of this");
        self.cut(Ending::Silent).await;
    }

    /// Opens it again. The connections that were cut are gone.
    pub fn mend(&mut self) {
        self.waiting.clear();
        self.state.send_replace(State::Open);
    }
}

/// Accepts connections while the way is not cut, and carries them.
async fn accept(listener: TcpListener, server: SocketAddr, cutting: watch::Sender<State>) {
    let (mut state, mut carried) = (cutting.subscribe(), JoinSet::new());
    while state.wait_for(|state| !matches!(state, State::Cut(_))).await.is_ok() {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _changed = state.changed() => continue,
            Some(_ended) = carried.join_next() => continue,
        };
        if let Ok((client, _)) = accepted {
            carried.spawn(carry(client, server, cutting.clone()));
        }
    }
}

/// Carries one connection to its end, or to that of the way.
async fn carry(mut client: TcpStream, server: SocketAddr, cutting: watch::Sender<State>) {
    let mut state = cutting.subscribe();
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let ending = tokio::select! {
        () = pass(&mut client, &mut server, &cutting) => return,
        cut = state.wait_for(|state| matches!(state, State::Cut(_))) => cut.map(|state| *state),
    };
    match ending {
        Ok(State::Cut(Ending::Reset)) => {
            // How it ends is nobody's concern if not even that can be asked for.
            let _ = client.set_zero_linger();
        }
        _ => {
            let _mended = state.wait_for(|state| *state == State::Open).await.map(drop);
        }
    }
}

/// Passes bytes on both ways until an end closes, or what the way is cut at is said.
async fn pass(client: &mut TcpStream, server: &mut TcpStream, cutting: &watch::Sender<State>) {
    let (mut up, mut down) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let (to, bytes) = tokio::select! {
            read = client.read(&mut up) => match read {
                Ok(length) if length > 0 => (&mut *server, &up[..length]),
                _ => return,
            },
            read = server.read(&mut down) => match read {
                Ok(length) if length > 0 => (&mut *client, &down[..length]),
                _ => return,
            },
        };
        let is_said = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        let state = *cutting.borrow();
        if let State::UntilSaid(text) = state
            && is_said(text)
        {
            cutting.send_replace(State::Cut(Ending::Silent));
            return std::future::pending().await;
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
