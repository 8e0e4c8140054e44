//! Inside sockets and batches: an address has as many requests, sessions and chats there as
//! outside, and others are served meanwhile.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::line::{FLOOD, HONEST, Line, Sent, connect};
use super::site::{Site, UNBOUNDED};
use super::{Extent, Found};

/// Sockets that flood, and connections that send batches.
const SOCKETS: usize = 60;
const BATCHES: usize = 20;
/// Messages in one frame or batch.
const BATCH: usize = 32;
/// How long they flood.
const FLOODING: Duration = Duration::from_secs(6);
/// What an address may do by default: requests in a second and at once (config
/// `chat.requests_per_second`), and chats.
const REQUESTS_PER_S: u64 = 500;
const BURST: u64 = 2 * REQUESTS_PER_S;
const CHATS: usize = 500;
/// What somebody honest says.
const SAID: usize = 10;

/// What became of the flood.
#[derive(Default)]
struct Counts {
    over: AtomicBool,
    handled: AtomicU64,
    refused: AtomicU64,
    sessions: AtomicU64,
    /// By their ids: an answer comes again when somebody moves on in line.
    chats: Mutex<HashSet<String>>,
}

impl Counts {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Counts what came back.
    fn take(&self, text: &str) {
        let messages: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
        for message in messages {
            let data = &message["data"];
            if message["error"] == "429::too_many_requests" {
                self.refused.fetch_add(1, Ordering::Relaxed);
            } else if message["successful"].is_boolean() {
                self.handled.fetch_add(1, Ordering::Relaxed);
            }
            let chat = data["chatId"].as_str().filter(|_| data["statusCode"] == 0);
            self.chats
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(chat.map(str::to_owned));
            let is_session =
                message["channel"] == "/meta/handshake" && message["successful"] == true;
            self.sessions.fetch_add(u64::from(is_session), Ordering::Relaxed);
        }
    }
}

pub(super) async fn check(binary: &Path, home: &Path, extent: Extent) -> Result<Found> {
    let mut site =
        Site::open(binary, home, "", if extent.control { UNBOUNDED } else { "" }).await?;
    let (server, counts) = (site.server()?, Arc::new(Counts::default()));
    let mut flood = JoinSet::new();
    let began = Instant::now();
    for number in 0..extent.of(SOCKETS, SOCKETS / 4) {
        let counts = counts.clone();
        flood.spawn(async move {
            while !counts.is_over() {
                // Whoever is cut off comes again.
                _ = flood_a_socket(server, &counts, number).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }
    for number in 0..extent.of(BATCHES, BATCHES / 4) {
        let counts = counts.clone();
        flood.spawn(async move { _ = flood_by_batches(server, &counts, number).await });
    }
    let mut found = Found::default();
    tokio::time::sleep(FLOODING / 2).await;
    let slowest = talk(server).await?;
    found.demand_in_time("an honest customer at the most", slowest, extent);
    tokio::time::sleep((FLOODING / 2).saturating_sub(slowest)).await;
    counts.over.store(true, Ordering::Relaxed);
    let lasted = began.elapsed();
    flood.abort_all();
    while flood.join_next().await.is_some() {}
    judge(&counts, lasted, &mut found);
    site.program.kill().await?;
    Ok(found)
}

fn judge(counts: &Counts, lasted: Duration, found: &mut Found) {
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (handled, refused) = (count(&counts.handled), count(&counts.refused));
    let sessions = count(&counts.sessions);
    let chats = counts.chats.lock().unwrap_or_else(PoisonError::into_inner).len();
    found.figure(format!(
        "in {} ms {handled} messages were handled and {refused} refused; {sessions} sessions, {chats} chats",
        lasted.as_millis()
    ));
    let seconds = lasted.as_secs() + 1;
    let allowed = BURST + REQUESTS_PER_S * seconds;
    found.demand(handled <= allowed, || {
        format!("{handled} messages were handled, an address may have {allowed}")
    });
    found.demand(refused > 0, || "nothing was refused".to_owned());
    found.demand(chats <= CHATS, || format!("an address began {chats} chats, it may have {CHATS}"));
}

/// Sends frames of handshakes, requests for chats and messages as fast as the socket takes them.
async fn flood_a_socket(server: SocketAddr, counts: &Counts, number: usize) -> Result<()> {
    let stream = connect(server, FLOOD).await?;
    let request = format!("ws://{server}/genesys/cometd").into_client_request()?;
    let (socket, _) =
        tokio_tungstenite::client_async(request, stream).await.context("open a socket")?;
    let (mut mouth, mut ear) = socket.split();
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["websocket"]}]);
    mouth.send(Message::text(hello.to_string())).await?;
    let mut id = String::new();
    let hears = async {
        while let Some(Ok(frame)) = ear.next().await {
            if let Message::Text(text) = frame {
                counts.take(&text);
                return Some(text.to_string());
            }
        }
        None
    };
    if let Some(text) = hears.await {
        let replies: Vec<Value> = serde_json::from_str(&text)?;
        replies[0]["clientId"].as_str().unwrap_or_default().clone_into(&mut id);
    }
    let says = async {
        while !counts.is_over() {
            mouth.send(Message::text(frame(&id, number).to_string())).await?;
            mouth.send(Message::text(hello.to_string())).await?;
        }
        anyhow::Ok(())
    };
    let hears = async {
        while let Some(Ok(frame)) = ear.next().await {
            if let Message::Text(text) = frame {
                counts.take(&text);
            }
        }
    };
    tokio::select! {
        said = says => said,
        () = hears => Ok(()),
    }
}

/// Sends batches by long-polling.
async fn flood_by_batches(server: SocketAddr, counts: &Counts, number: usize) -> Result<()> {
    let mut line = Line::open(server, FLOOD).await?;
    let hello = json!([{"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"]}]);
    let mut id = String::new();
    while !counts.is_over() {
        let body = if id.is_empty() { hello.clone() } else { frame(&id, number) };
        let answer = line.send(&Sent::json("/genesys/cometd", &body)).await?;
        if answer.status == 429 {
            counts.refused.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        counts.take(&answer.body.to_string());
        if let Some(given) = answer.body[0]["clientId"].as_str() {
            given.clone_into(&mut id);
        }
    }
    Ok(())
}

/// Makes a batch: half of it asks for chats, half says something.
fn frame(id: &str, number: usize) -> Value {
    let messages = (0..BATCH).map(|message| {
        let data = match message % 2 {
            0 => json!({"operation": "requestChat", "nickname": format!("flood {number}")}),
            _ => {
                json!({"operation": "sendMessage", "secureKey": "0".repeat(48), "message": "flood"})
            }
        };
        json!({"channel": "/service/chatV2/help", "clientId": id, "data": data})
    });
    messages.collect()
}

/// Talks as a customer does, and returns how long the slowest request took.
async fn talk(server: SocketAddr) -> Result<Duration> {
    let mut slowest = Duration::ZERO;
    let began = Instant::now();
    let mut line = Line::open(server, HONEST).await?;
    let begun = line.send(&Sent::form("/genesys/2/chat/help", &[("nickname", "Ann")])).await?;
    ensure!(begun.code() == 0, "an honest customer was refused: {}", begun.body);
    slowest = slowest.max(began.elapsed());
    let (chat, key) = (begun.body["chatId"].as_str(), begun.body["secureKey"].as_str());
    let (chat, key) = (chat.context("no chat")?, key.context("no key")?);
    for _ in 0..SAID {
        let began = Instant::now();
        let fields = [("secureKey", key), ("message", "Is anybody there?")];
        let answer =
            line.send(&Sent::form(&format!("/genesys/2/chat/help/{chat}/send"), &fields)).await?;
        ensure!(answer.code() == 0, "an honest customer was refused: {}", answer.body);
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
}
