//! Inside sockets and batches: an address has as many requests, sessions and chats there as
//! outside, and others are served meanwhile.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Extent, FLOOD, HONEST, UNBOUNDED, stranger};
use crate::campaign::{Found, lock};
use handoff_testkit::comet::{CUSTOMERS, Transport, open};
use handoff_testkit::{Address, Call};

/// Sockets that flood, and connections that send batches.
const SOCKETS: usize = 60;
const BATCHES: usize = 20;
/// Messages in one frame or batch.
const BATCH: usize = 32;
const FLOODING: Duration = Duration::from_secs(6);
/// What an address may do by default: requests in a second and at once (config
/// `chat.requests_per_second`), and chats.
const REQUESTS_PER_S: u64 = 500;
const BURST: u64 = 2 * REQUESTS_PER_S;
const CHATS: usize = 500;
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
            lock(&self.chats).extend(chat.map(str::to_owned));
            let is_session =
                message["channel"] == "/meta/handshake" && message["successful"] == true;
            self.sessions.fetch_add(u64::from(is_session), Ordering::Relaxed);
        }
    }
}

pub(super) async fn check(binary: &Path, home: &Path, extent: Extent) -> Result<Found> {
    let limits = if extent.control { UNBOUNDED } else { "" };
    let (_, mut program) = super::open(binary, home, "", limits).await?;
    let (server, counts) = (program.address(), Arc::new(Counts::default()));
    let mut flood = JoinSet::new();
    let began = Instant::now();
    for number in 0..extent.of(SOCKETS, SOCKETS / 4) {
        let (counts, server) = (counts.clone(), server.clone());
        flood.spawn(async move {
            while !counts.is_over() {
                // Whoever is cut off comes again.
                _ = flood_a_socket(&server, &counts, number).await;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    }
    for number in 0..extent.of(BATCHES, BATCHES / 4) {
        let (counts, server) = (counts.clone(), server.clone());
        flood.spawn(async move { _ = flood_by_batches(&server, &counts, number).await });
    }
    let mut found = Found::default();
    tokio::time::sleep(FLOODING / 2).await;
    let slowest = talk(&server).await?;
    found.demand_in_time("an honest customer at the most", slowest, extent);
    tokio::time::sleep((FLOODING / 2).saturating_sub(slowest)).await;
    counts.over.store(true, Ordering::Relaxed);
    let lasted = began.elapsed();
    flood.abort_all();
    while flood.join_next().await.is_some() {}
    judge(&counts, lasted, &mut found);
    program.kill().await?;
    Ok(found)
}

fn judge(counts: &Counts, lasted: Duration, found: &mut Found) {
    let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (handled, refused) = (count(&counts.handled), count(&counts.refused));
    let sessions = count(&counts.sessions);
    let chats = lock(&counts.chats).len();
    found.figure(format!(
        "in {} ms {handled} messages were handled and {refused} refused; {sessions} sessions, \
         {chats} chats",
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
async fn flood_a_socket(server: &Address, counts: &Counts, number: usize) -> Result<()> {
    let (writer, mut reader) = open(&stranger(server, FLOOD), CUSTOMERS).await?;
    let hello = json!([Transport::WebSocket.handshake()]).to_string();
    writer.send(hello.clone()).await?;
    let told = reader.frame().await?;
    counts.take(&told);
    let replies: Vec<Value> = serde_json::from_str(&told)?;
    let id = replies[0]["clientId"].as_str().unwrap_or_default();
    let speaking = async {
        while !counts.is_over() {
            writer.send(frame(id, number).to_string()).await?;
            writer.send(hello.clone()).await?;
        }
        anyhow::Ok(())
    };
    let reading = async {
        while let Ok(told) = reader.frame().await {
            counts.take(&told);
        }
    };
    tokio::select! {
        spoken = speaking => spoken,
        () = reading => Ok(()),
    }
}

async fn flood_by_batches(server: &Address, counts: &Counts, number: usize) -> Result<()> {
    let flood = stranger(server, FLOOD);
    let hello = json!([Transport::LongPolling.handshake()]);
    let mut id = String::new();
    while !counts.is_over() {
        let body = if id.is_empty() { hello.clone() } else { frame(&id, number) };
        let answer = flood.send(Call::post("", &body).at(CUSTOMERS)).await?;
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
                json!({"operation": "sendMessage", "secureKey": "0".repeat(48), "message": "x"})
            }
        };
        json!({"channel": "/service/chatV2/help", "clientId": id, "data": data})
    });
    messages.collect()
}

/// Talks as a customer does, and returns how long the slowest request took.
async fn talk(server: &Address) -> Result<Duration> {
    let honest = stranger(server, HONEST);
    let ask = async |call: Call| {
        let began = Instant::now();
        let answer = honest.send(&call).await?;
        ensure!(answer.code() == 0, "an honest customer was refused: {answer}");
        Ok((answer.body, began.elapsed()))
    };
    let (begun, mut slowest) =
        ask(Call::form("/genesys/2/chat/help", &[("nickname", "Ann")])).await?;
    let (chat, key) = (begun["chatId"].as_str(), begun["secureKey"].as_str());
    let (chat, key) = (chat.context("no chat")?, key.context("no key")?);
    for _ in 0..SAID {
        let fields = [("secureKey", key), ("message", "Is anybody there?")];
        let (_, took) =
            ask(Call::form(&format!("/genesys/2/chat/help/{chat}/send"), &fields)).await?;
        slowest = slowest.max(took);
    }
    Ok(slowest)
}
