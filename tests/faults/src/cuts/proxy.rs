//! The way between the clients and the program, on which connections break.
//!
//! Every connection of a client is carried by a task of its own, which takes orders to break it: at
//! once, in the middle of a request or an answer after a given number of bytes, in one direction
//! only, or after a silence. A fault counts when it has happened, not when it was ordered, so that
//! a run in which nothing broke cannot pass for one that was survived.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

use crate::campaign::lock;
use handoff_testkit::{Address, http::connect};

/// Bytes passed on at a time. Small, so that a large answer is cut between two of its parts as well
/// as within one.
const CHUNK: usize = 1_024;
/// Up to so many bytes of requests are let through before a cut: about the length of two.
const REQUEST_BYTES_MAX: usize = 1_200;
/// The same for answers, most of which are shorter than this.
const ANSWER_BYTES_MAX: usize = 4_000;
/// How long the open direction of a half-closed connection goes on.
const HALF_OPEN: Duration = Duration::from_millis(1_500);
/// The longest silence, in ms.
const SILENCE_MS_MAX: u64 = 2_000;

/// What happens to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Both ends are closed in order.
    Close,
    /// Both ends are reset.
    Reset,
    InRequest(usize),
    /// It is closed after so many more bytes of answers.
    InAnswer(usize),
    /// The program is told that the client will send no more, and still answers for a while.
    ClientSilent,
    /// The client is told that the program will answer no more, and still sends for a while.
    ProgramSilent,
    /// Nothing is passed on for a while, then it is reset.
    Stall(Duration),
    /// Nothing is passed on for a while, then everything goes on. No cut.
    Delay(Duration),
}

impl Fault {
    fn random(random: &mut StdRng) -> Self {
        let silence = Duration::from_millis(random.random_range(50..=SILENCE_MS_MAX));
        match random.random_range(0..100) {
            0..10 => Self::Close,
            10..25 => Self::Reset,
            25..40 => Self::InRequest(random.random_range(0..REQUEST_BYTES_MAX)),
            40..75 => Self::InAnswer(random.random_range(0..ANSWER_BYTES_MAX)),
            75..80 => Self::ClientSilent,
            80..85 => Self::ProgramSilent,
            85..93 => Self::Stall(silence),
            _ => Self::Delay(silence),
        }
    }

    /// Returns the name that it is counted under.
    const fn name(self) -> &'static str {
        match self {
            Self::Close => "closed",
            Self::Reset => "reset",
            Self::InRequest(_) => "cut in a request",
            Self::InAnswer(_) => "cut in an answer",
            Self::ClientSilent => "closed by halves for the program",
            Self::ProgramSilent => "closed by halves for the client",
            Self::Stall(_) => "silent, then reset",
            Self::Delay(_) => "only delayed",
        }
    }
}

/// What the carrying tasks share.
#[derive(Default)]
struct Board {
    next: u64,
    connections: BTreeMap<u64, UnboundedSender<Fault>>,
    fired: BTreeMap<&'static str, u64>,
}

/// A proxy in front of the program, wherever that is at the moment.
pub(super) struct Proxy {
    board: Arc<Mutex<Board>>,
    /// Held so that clients find an address that never goes away.
    address: watch::Sender<Option<SocketAddr>>,
}

impl Proxy {
    pub(super) async fn start(program: Address) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("let the proxy listen")?;
        let address = watch::Sender::new(Some(listener.local_addr()?));
        let board = Arc::new(Mutex::new(Board::default()));
        let shared = Arc::clone(&board);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, program.clone(), Arc::clone(&shared)));
            }
        });
        Ok(Self { board, address })
    }

    pub(super) fn address(&self) -> Address {
        self.address.subscribe()
    }

    /// Orders a random fault for a random connection; `false` when there is none.
    pub(super) fn strike(&self, random: &mut StdRng) -> bool {
        let board = lock(&self.board);
        if board.connections.is_empty() {
            return false;
        }
        let chosen = random.random_range(0..board.connections.len());
        let order = Fault::random(random);
        // A connection that ended this moment takes no orders any more; the fault is not counted
        // then.
        board.connections.values().nth(chosen).is_some_and(|orders| orders.send(order).is_ok())
    }

    /// Returns how many faults happened, by name; a delay is among them.
    pub(super) fn fired(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.board).fired.clone()
    }

    pub(super) fn cuts(&self) -> u64 {
        let is_cut = |name: &str| name != Fault::Delay(Duration::ZERO).name();
        self.fired().iter().filter(|(name, _)| is_cut(name)).map(|(_, times)| times).sum()
    }
}

/// Carries one connection of a client to its end.
async fn connection(client: TcpStream, program: Address, board: Arc<Mutex<Board>>) {
    let Some(address) = *program.borrow() else { return };
    let Ok(server) = connect(address, None).await else { return };
    if client.set_nodelay(true).is_err() {
        return;
    }
    let (orders, ordered) = unbounded_channel();
    let number = {
        let mut board = lock(&board);
        board.next += 1;
        let number = board.next;
        board.connections.insert(number, orders);
        number
    };
    let mut wire = Wire { client, server, limit: None, board: Arc::clone(&board) };
    // How a connection ends is nobody's concern here: both ends are closed now.
    let _ = wire.carry(ordered).await;
    lock(&board).connections.remove(&number);
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// A connection, from client to program.
struct Wire {
    client: TcpStream,
    server: TcpStream,
    /// After how many more bytes of which way it is cut, and why.
    limit: Option<(Way, usize, Fault)>,
    board: Arc<Mutex<Board>>,
}

impl Wire {
    /// Passes bytes on both ways until an end closes or a fault ends it.
    async fn carry(&mut self, mut ordered: UnboundedReceiver<Fault>) -> std::io::Result<()> {
        let (mut up, mut down) = ([0; CHUNK], [0; CHUNK]);
        loop {
            let is_over = tokio::select! {
                order = ordered.recv() => match order {
                    Some(fault) => self.obey(fault).await?,
                    None => true,
                },
                read = self.client.read(&mut up) => self.pass(Way::Up, &up[..read?]).await?,
                read = self.server.read(&mut down) => self.pass(Way::Down, &down[..read?]).await?,
            };
            if is_over {
                return Ok(());
            }
        }
    }

    /// Passes bytes on; tells whether the connection is over.
    async fn pass(&mut self, way: Way, bytes: &[u8]) -> std::io::Result<bool> {
        let to = match way {
            Way::Up => &mut self.server,
            Way::Down => &mut self.client,
        };
        match &mut self.limit {
            Some((limited, left, fault)) if *limited == way && *left <= bytes.len() => {
                let (left, fault) = (*left, *fault);
                to.write_all(&bytes[..left]).await?;
                self.count(fault);
                return Ok(true);
            }
            Some((limited, left, _)) if *limited == way => *left -= bytes.len(),
            Some(_) | None => {}
        }
        to.write_all(bytes).await?;
        Ok(bytes.is_empty())
    }

    /// Lets a fault happen, or prepares it; tells whether the connection is over.
    async fn obey(&mut self, fault: Fault) -> std::io::Result<bool> {
        match fault {
            Fault::InRequest(bytes) => self.limit = Some((Way::Up, bytes, fault)),
            Fault::InAnswer(bytes) => self.limit = Some((Way::Down, bytes, fault)),
            Fault::Delay(silence) => {
                self.count(fault);
                tokio::time::sleep(silence).await;
            }
            Fault::Close => self.count(fault),
            Fault::Reset => {
                self.count(fault);
                self.reset()?;
            }
            Fault::Stall(silence) => {
                tokio::time::sleep(silence).await;
                self.count(fault);
                self.reset()?;
            }
            Fault::ClientSilent => {
                self.count(fault);
                self.server.shutdown().await?;
                let rest = tokio::io::copy(&mut self.server, &mut self.client);
                let _ = tokio::time::timeout(HALF_OPEN, rest).await;
            }
            Fault::ProgramSilent => {
                self.count(fault);
                self.client.shutdown().await?;
                let rest = tokio::io::copy(&mut self.client, &mut self.server);
                let _ = tokio::time::timeout(HALF_OPEN, rest).await;
            }
        }
        Ok(!matches!(fault, Fault::InRequest(_) | Fault::InAnswer(_) | Fault::Delay(_)))
    }

    /// Makes both ends see a reset instead of an end when this is dropped.
    fn reset(&self) -> std::io::Result<()> {
        self.client.set_zero_linger()?;
        self.server.set_zero_linger()
    }

    fn count(&self, fault: Fault) {
        *lock(&self.board).fired.entry(fault.name()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that answers `pong` to everything, and a proxy before it.
    async fn proxied() -> (Proxy, watch::Sender<Option<SocketAddr>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = watch::Sender::new(Some(listener.local_addr().unwrap()));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut bytes = [0; 4];
                    while stream.read_exact(&mut bytes).await.is_ok()
                        && stream.write_all(b"pong").await.is_ok()
                    {}
                });
            }
        });
        (Proxy::start(address.subscribe()).await.unwrap(), address)
    }

    async fn ping(client: &mut TcpStream) -> Vec<u8> {
        let mut answer = vec![0; 4];
        // A cut shows as an end or as an error, as the kernel pleases.
        let _ = client.write_all(b"ping").await;
        let mut length = 0;
        while length < answer.len() {
            match client.read(&mut answer[length..]).await {
                Ok(0) | Err(_) => break,
                Ok(more) => length += more,
            }
        }
        answer.truncate(length);
        answer
    }

    #[tokio::test]
    async fn what_is_not_cut_is_passed_on_and_a_cut_is_counted_when_it_happens() {
        let (proxy, _program) = proxied().await;
        let mut client = TcpStream::connect((*proxy.address().borrow()).unwrap()).await.unwrap();
        assert_eq!(ping(&mut client).await, b"pong");
        let orders = lock(&proxy.board).connections.values().next().unwrap().clone();
        orders.send(Fault::InAnswer(6)).unwrap();
        assert_eq!(proxy.cuts(), 0);
        assert_eq!(ping(&mut client).await, b"pong");
        assert_eq!(ping(&mut client).await, b"po");
        assert_eq!(proxy.fired(), BTreeMap::from([("cut in an answer", 1)]));
    }

    #[tokio::test]
    async fn a_delay_is_no_cut() {
        let (proxy, _program) = proxied().await;
        let mut client = TcpStream::connect((*proxy.address().borrow()).unwrap()).await.unwrap();
        assert_eq!(ping(&mut client).await, b"pong");
        let orders = lock(&proxy.board).connections.values().next().unwrap().clone();
        orders.send(Fault::Delay(Duration::from_millis(1))).unwrap();
        orders.send(Fault::Close).unwrap();
        assert_eq!(ping(&mut client).await, b"");
        assert_eq!(proxy.cuts(), 1);
        assert_eq!(proxy.fired().len(), 2);
    }
}
