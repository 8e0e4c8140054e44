//! Attacks by clients that ask for more than they read. Their close is seen in the kernel's table:
//! a client that does not read cannot know of it.

use std::collections::HashMap;
use std::net::{SocketAddr, SocketAddrV4};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::attack::{Ends, PATIENCE, STEP, moments};
use super::scene::Scene;
use super::sockets;
use super::websocket::Subscribed;
use handoff_testkit::load::figures::ms;

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
            "GET /api/v2/interactions/{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {}\r\n\r\n",
            attacker.interaction, attacker.authorization
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
    let streams: Vec<TcpStream> =
        subscribe(scene, connections).await?.into_iter().map(Subscribed::into_stream).collect();
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

/// Opens so many subscribed WebSockets at a steady rate.
pub(super) async fn subscribe(scene: &Scene, connections: usize) -> Result<Vec<Subscribed>> {
    let mut opening = JoinSet::new();
    for (number, at) in (0..connections).zip(moments(Instant::now(), OPENED)) {
        let (server, authorization) = (scene.server, scene.attacker(number).authorization.clone());
        opening.spawn(async move {
            sleep_until(at).await;
            anyhow::Ok((number, Subscribed::open(server, number, &authorization).await?))
        });
    }
    let mut opened = Vec::new();
    while let Some(socket) = opening.join_next().await {
        opened.push(socket??);
    }
    opened.sort_by_key(|(number, _)| *number);
    Ok(opened.into_iter().map(|(_, socket)| socket).collect())
}

/// Makes every attacker's work item large, one after the other; gives when each was told so.
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
