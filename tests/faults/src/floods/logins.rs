//! Wrong passwords on hundreds of connections: somebody else logs in at once, and memory stays what
//! it was.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{AGENTS, Extent, FLOOD, HONEST, open, stranger};
use crate::campaign::Found;
use handoff_testkit::center::{self, PASSWORD};
use handoff_testkit::process::Memory;
use handoff_testkit::program::fixed;
use handoff_testkit::{Address, Call};

const CONNECTIONS: usize = 480;
/// How long they guess before somebody logs in, and altogether.
const WARMING: Duration = Duration::from_secs(2);
/// The agent who logs in for the first time from another address, and the one who does so from the
/// flood's own.
const ELSEWHERE: usize = 0;
const BESIDE: usize = 1;
/// Guesses of one name that may be compared in a minute.
const COMPARED_MAX: u64 = 10;

pub(super) async fn check(binary: &Path, home: &Path, extent: Extent) -> Result<Found> {
    if extent.control {
        return flood(&serve_without_lanes().await?, std::process::id(), extent).await;
    }
    let (_, mut program) = open(binary, home, "", "").await?;
    let found = flood(&program.address(), program.id()?, extent).await?;
    program.kill().await?;
    Ok(found)
}

async fn flood(server: &Address, process: u32, extent: Extent) -> Result<Found> {
    // What one login takes is not the flood's.
    log_in(server, HONEST, AGENTS - 1).await?;
    let memory = Memory::watch(process)?;
    let (over, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let compared: Arc<Vec<AtomicU64>> = Arc::new((0..AGENTS).map(|_| AtomicU64::new(0)).collect());
    let mut guessers = JoinSet::new();
    // What has no lanes takes 19 MiB for each: few are enough to be noticed, and all would take
    // gigabytes.
    let connections =
        if extent.control { CONNECTIONS / 10 } else { extent.of(CONNECTIONS, CONNECTIONS / 10) };
    for number in 0..connections {
        let (over, refused, compared) = (over.clone(), refused.clone(), compared.clone());
        let flood = stranger(server, FLOOD);
        guessers.spawn(async move {
            for guess in 0_u64.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // Every third guesses at names that nobody has, another one each time.
                let agent = 2 + number % (AGENTS - 3);
                let name = match number % 3 {
                    0 => format!("nobody{number}-{guess}"),
                    _ => center::agent(agent),
                };
                let call = Call::get("/me").by(&name, &format!("guess {number} {guess}"));
                let Ok(answer) = flood.send(&call).await else { return };
                if answer.status == 401 && number % 3 != 0 {
                    compared[agent].fetch_add(1, Ordering::Relaxed);
                }
                refused.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(WARMING).await;
    let mut found = Found::default();
    let elsewhere = log_in(server, HONEST, ELSEWHERE).await?;
    found.demand_in_time("somebody who logs in from another address", elsewhere, extent);
    let beside = log_in(server, FLOOD, BESIDE).await?;
    found.demand_in_time("somebody who logs in from the same address", beside, extent);
    tokio::time::sleep(WARMING).await;
    over.store(true, Ordering::Relaxed);
    while guessers.join_next().await.is_some() {}
    let refused = refused.load(Ordering::Relaxed);
    let most = compared.iter().map(|count| count.load(Ordering::Relaxed)).max().unwrap_or(0);
    found.figure(format!(
        "{refused} guesses were refused; of one name at most {most} were compared"
    ));
    // The flood may have met the turn of a minute.
    found.demand(most <= 2 * COMPARED_MAX, || format!("{most} guesses of one name were compared"));
    found.demand(refused > 0, || "nothing was flooded".to_owned());
    found.demand_growth("wrong passwords", memory.grown());
    Ok(found)
}

/// Logs an agent in, and returns how long that took.
async fn log_in(server: &Address, from: Ipv4Addr, agent: usize) -> Result<Duration> {
    let began = Instant::now();
    let call = Call::get("/me").by(&center::agent(agent), PASSWORD);
    let answer = stranger(server, from).send(&call).await?;
    anyhow::ensure!(answer.status == 200, "agent {agent} could not log in: {answer}");
    Ok(began.elapsed())
}

/// Serves logins as they come, each with memory of its own: what the program would be without its
/// lanes.
async fn serve_without_lanes() -> Result<Address> {
    let stored = handoff_api::password::hash(PASSWORD).context("hash a password")?;
    let stored: Arc<str> = stored.into();
    let login = move |headers: HeaderMap| {
        let stored = stored.clone();
        async move {
            let given = headers
                .get("authorization")
                .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
            let pair = given.and_then(|given| String::from_utf8(STANDARD.decode(given).ok()?).ok());
            let password =
                pair.and_then(|pair| Some(pair.split_once(':')?.1.to_owned())).unwrap_or_default();
            let compared = tokio::task::spawn_blocking(move || {
                handoff_api::password::verify(&password, Some(&stored))
            });
            if compared.await.unwrap_or(false) { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.context("listen")?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/api/v2/me", get(login));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(fixed(address))
}
