//! The floor: what axum and tokio cost when there is no protocol. Parked handlers answer polls, a
//! broadcast channel feeds WebSockets; nothing is parsed and nothing remembered.
//!
//! Paths end in an agent's number: `/poll/7` parks, `/one/7` sends the body to agent 7, `/all/7` to
//! all, `/socket/7` opens a WebSocket, on which a frame begins with a number or `*` and a blank.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast};

/// The highest agent's number and one.
const AGENTS: usize = 20_000;
/// Broadcasts that a socket may be behind.
const BEHIND: usize = 64;
/// The socket's read buffer and the most of a head, in bytes; as in the servers that are compared.
const READ_BUFFER_BYTES: usize = 4_096;
const HEAD_BYTES: usize = 16 * 1_024;

/// What is kept of an agent.
#[derive(Default)]
struct Slot {
    waiting: Mutex<Vec<Bytes>>,
    arrived: Notify,
}

impl Slot {
    fn put(&self, text: Bytes) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        self.arrived.notify_one();
    }

    async fn take(&self) -> Bytes {
        loop {
            let mut taken =
                std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            match taken.len() {
                0 => self.arrived.notified().await,
                1 => return taken.remove(0),
                _ => return taken.concat().into(),
            }
        }
    }
}

struct Floor {
    slots: Vec<Slot>,
    /// The highest number that has polled, and one.
    polling: AtomicUsize,
    all: broadcast::Sender<Bytes>,
}

type Shared = State<Arc<Floor>>;

/// Serves until it is killed.
pub(in super::super) async fn serve() -> Result<()> {
    let slots = std::iter::repeat_with(Slot::default).take(AGENTS).collect();
    let floor = Arc::new(Floor {
        slots,
        polling: AtomicUsize::new(0),
        all: broadcast::Sender::new(BEHIND),
    });
    let router: Router = Router::new()
        .route("/poll/{number}", post(poll))
        .route("/one/{number}", post(one))
        .route("/all/{number}", post(all))
        .route("/socket/{number}", get(socket))
        .with_state(floor);
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await.context("accept")?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.max_buf_size(HEAD_BYTES);
            // A connection that breaks is the client's affair.
            _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
        });
    }
}

fn json(body: Bytes) -> Response {
    ([("content-type", "application/json;charset=UTF-8")], body).into_response()
}

async fn poll(State(floor): Shared, Path(number): Path<usize>, _asked: Bytes) -> Response {
    floor.polling.fetch_max(number + 1, Ordering::Relaxed);
    match floor.slots.get(number) {
        Some(slot) => json(slot.take().await),
        None => json(Bytes::from_static(b"[]")),
    }
}

async fn one(State(floor): Shared, Path(number): Path<usize>, text: Bytes) -> Response {
    floor.put(number, text);
    json(Bytes::from_static(b"[{}]"))
}

async fn all(State(floor): Shared, text: Bytes) -> Response {
    for slot in floor.slots.iter().take(floor.polling.load(Ordering::Relaxed)) {
        slot.put(text.clone());
    }
    json(Bytes::from_static(b"[{}]"))
}

async fn socket(
    State(floor): Shared,
    Path(number): Path<usize>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move { floor.speak(number, socket).await })
}

impl Floor {
    fn put(&self, number: usize, text: Bytes) {
        if let Some(slot) = self.slots.get(number) {
            slot.put(text);
        }
    }

    async fn speak(&self, number: usize, mut socket: WebSocket) {
        let Some(slot) = self.slots.get(number) else { return };
        let mut all = self.all.subscribe();
        loop {
            let text = tokio::select! {
                Ok(text) = all.recv() => text,
                text = slot.take() => text,
                frame = socket.recv() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        self.hear(&text);
                        continue;
                    }
                    Some(Ok(_)) => continue,
                    Some(Err(_)) | None => return,
                },
            };
            let Ok(text) = text.try_into() else { return };
            if socket.send(Message::Text(text)).await.is_err() {
                return;
            }
        }
    }

    fn hear(&self, frame: &str) {
        let Some((target, text)) = frame.split_once(' ') else { return };
        let text = Bytes::copy_from_slice(text.as_bytes());
        match target.parse() {
            Ok(number) => self.put(number, text),
            Err(_) => _ = self.all.send(text),
        }
    }
}
