//! Attacks by clients that ask for more than they read. Their close is seen in the kernel's table:
//! a client that does not read cannot know of it.

use std::collections::HashMap;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::attack::{Ends, PATIENCE, STEP, moments};
use super::scene::Scene;
use super::sockets;
use handoff_testkit::comet::{AGENTS, INTERACTIONS, Transport, subscribe, upgrade};
use handoff_testkit::figures::ms;

/// How much an answer or message holds, in bytes: as much as user data may be. Two are more than
/// the kernels take (`sockets::connect_narrowly`).
const LARGE: usize = 60_000;
/// How many connections ask for such answers in a second. They are what costs time here, and any
/// client may ask.
const ASKED: u32 = 250;
/// What the messages after the first hold, in bytes.
const SMALL: usize = 1_000;
/// How many WebSockets are opened in a second. Each takes five exchanges, and the agents are not to
/// notice that there are new clients.
const OPENED: u32 = 200;

/// Asks for large answers and reads a byte of them every second.
pub(super) async fn slow_answers(scene: &Scene, connections: usize) -> Result<Ends> {
    enlarge(scene, Duration::ZERO).await?;
    let mut opening = JoinSet::new();
    for (number, at) in (0..connections).zip(moments(Instant::now(), ASKED)) {
        let attacker = scene.attacker(number);
        let request = format!(
            "GET /api/v2/interactions/{} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n",
            attacker.interaction, attacker.credentials
        )
        .repeat(2);
        opening.spawn(ask(scene.server, number, at, request));
    }
    let mut begun = HashMap::new();
    let mut reading = JoinSet::new();
    while let Some(asked) = opening.join_next().await {
        let (stream, at) = asked??;
        begun.insert(client_of(&stream)?, at);
        reading.spawn(read_slowly(stream));
    }
    wait(scene, &begun).await
}

async fn ask(
    server: SocketAddr,
    number: usize,
    at: Instant,
    request: String,
) -> Result<(TcpStream, Instant)> {
    sleep_until(at).await;
    let mut stream = sockets::connect_narrowly(server, number).await?;
    stream.write_all(request.as_bytes()).await?;
    Ok((stream, Instant::now()))
}

async fn read_slowly(mut stream: TcpStream) {
    while stream.read_u8().await.is_ok() {
        sleep(STEP).await;
    }
}

/// Subscribes, and stops reading while messages come.
pub(super) async fn slow_websockets(scene: &Scene, connections: usize) -> Result<Ends> {
    let streams = subscribed(scene, connections).await?;
    let firsts = enlarge(scene, Duration::from_millis(100)).await?;
    let mut begun = HashMap::new();
    for (number, stream) in streams.iter().enumerate() {
        begun.insert(client_of(stream)?, firsts[number % firsts.len()]);
    }
    let going_on = async {
        loop {
            for attacker in &scene.attackers {
                attacker.cause_message(SMALL).await?;
                sleep(Duration::from_millis(25)).await;
            }
        }
    };
    tokio::select! {
        ends = wait(scene, &begun) => ends,
        stopped = going_on => stopped,
    }
}

/// Opens so many subscribed WebSockets at a steady rate; returns their sockets, with whatever comes
/// unread.
pub(super) async fn subscribed(scene: &Scene, connections: usize) -> Result<Vec<TcpStream>> {
    let mut opening = JoinSet::new();
    for (number, at) in (0..connections).zip(moments(Instant::now(), OPENED)) {
        let (server, client) = (scene.server, scene.attacker(number).client.clone());
        opening.spawn(async move {
            sleep_until(at).await;
            let stream = sockets::connect_narrowly(server, number).await?;
            let socket = upgrade(stream, server, AGENTS, client.identity()).await?;
            anyhow::Ok((number, listen(socket).await?))
        });
    }
    let mut opened = Vec::new();
    while let Some(socket) = opening.join_next().await {
        opened.push(socket??);
    }
    opened.sort_by_key(|(number, _)| *number);
    Ok(opened.into_iter().map(|(_, socket)| socket).collect())
}

/// Opens a subscribed session; what comes later stays with the server.
async fn listen(mut socket: WebSocketStream<TcpStream>) -> Result<TcpStream> {
    let websocket = Transport::WebSocket;
    let reply = exchange(&mut socket, &websocket.handshake()).await?;
    let id = reply["clientId"].as_str().context("no clientId")?;
    exchange(&mut socket, &subscribe(id, INTERACTIONS)).await?;
    let connect = websocket.connect(id);
    exchange(&mut socket, &connect).await?;
    // The first is answered at once; the second is held, which keeps the session.
    socket.send(Message::text(json!([connect]).to_string())).await?;
    Ok(socket.into_inner())
}

async fn exchange(socket: &mut WebSocketStream<TcpStream>, message: &Value) -> Result<Value> {
    socket.send(Message::text(json!([message]).to_string())).await?;
    loop {
        let frame = socket.next().await.context("the socket ended")??;
        let messages: Vec<Value> = serde_json::from_slice(&frame.into_data()).unwrap_or_default();
        let reply = messages.into_iter().find(|reply| reply["channel"] == message["channel"]);
        if let Some(reply) = reply {
            ensure!(reply["successful"] == true, "refused: {reply}");
            return Ok(reply);
        }
    }
}

/// Makes every attacker's work item large, one after the other; returns when each was told so.
async fn enlarge(scene: &Scene, pause: Duration) -> Result<Vec<Instant>> {
    let mut at = Vec::new();
    for attacker in &scene.attackers {
        attacker.cause_message(LARGE).await?;
        at.push(Instant::now());
        attacker.cause_message(LARGE).await?;
        sleep(pause).await;
    }
    Ok(at)
}

async fn wait(scene: &Scene, begun: &HashMap<SocketAddrV4, Instant>) -> Result<Ends> {
    let closed = sockets::wait_closed(scene.server.port(), begun, PATIENCE).await?;
    let after =
        |(client, at): (&SocketAddrV4, &Instant)| Some(ms(closed.get(client)?.duration_since(*at)));
    Ok(Ends {
        closed_ms: begun.iter().filter_map(after).collect(),
        open: begun.len() - closed.len(),
        ..Ends::default()
    })
}

/// Returns a connection's own address, by which the kernel's table names it.
pub(super) fn client_of(stream: &TcpStream) -> Result<SocketAddrV4> {
    match stream.local_addr()? {
        SocketAddr::V4(client) => Ok(client),
        SocketAddr::V6(other) => bail!("{other} is no loopback address of ours"),
    }
}
