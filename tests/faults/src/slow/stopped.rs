//! Clients that do not read while ordinary messages come (docs/testing.md#slow-clients): what each
//! costs until it is cut, and what the others notice.
//!
//! As many clients that read get the same messages first: what the agents notice of these is what
//! is compared with. The program's growth then is shown, too, but not taken off.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::interval;

use super::healthy::Window;
use super::readers::{client_of, subscribed};
use super::scene::{ATTACKERS, Attacker, Scene};
use super::sockets;
use super::{Pair, best_of, kib_each};
use crate::campaign::Found;
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::process::Memory;

/// What each may cost, in KiB.
const COST_KIB: f64 = 64.0;
/// How much slower the others may become.
const RATIO: f64 = 1.5;
/// How large the first message is, in bytes: it nearly fills what the kernels take.
const FIRST: usize = 60_000;
/// How large the further messages are, in bytes: an interaction with some data.
const MESSAGE: usize = 2_000;
/// How often each client is told something. This is far more than a busy agent hears.
const EVERY: Duration = Duration::from_millis(500);
/// How long messages come that are read.
const READ: Duration = Duration::from_secs(8);
/// Until when who does not read has to be cut: some five seconds, and ten more.
const CUT: Duration = Duration::from_secs(20);

/// What was measured while messages came.
struct While {
    window: Window,
    grown_bytes: u64,
}

pub(super) async fn check(scene: &Scene, readers: usize, began: Instant) -> Result<Found> {
    let mut found = Found::default();
    best_of(RATIO, began, &mut found, async |attempt, found| {
        once(scene, readers, attempt, found).await
    })
    .await?;
    Ok(found)
}

async fn once(scene: &Scene, readers: usize, attempt: u32, found: &mut Found) -> Result<Pair> {
    // Every other account has clients that read, the rest have those that do not.
    let (mut read, mut unread) = (JoinSet::new(), Vec::new());
    for (number, socket) in subscribed(scene, readers * 2).await?.into_iter().enumerate() {
        match reads(number) {
            true => _ = read.spawn(read_all(socket)),
            false => unread.push(socket),
        }
    }
    let undisturbed = during(scene, true, tokio::time::sleep(READ)).await?.0;
    let from = tokio::time::Instant::now();
    let begun: HashMap<_, _> =
        unread.iter().map(|stream| Ok((client_of(stream)?, from))).collect::<Result<_>>()?;
    let cut = sockets::wait_closed(scene.server.port(), &begun, CUT);
    let (disturbed, cut) = during(scene, false, cut).await?;
    let cut = cut?;
    // All growth is laid at their door. What the messages alone cost is not taken off: it would be
    // an estimate, and a kind one.
    let cost = kib_each(disturbed.grown_bytes, readers);
    let mut after: Vec<f64> =
        cut.values().map(|at| ms(at.duration_since(from)) / 1_000.0).collect();
    found.figures.push(format!(
        "{readers} clients did not read: {} cut (p50 {:.1} s, max {:.1} s after the first \
         message), {cost:.1} KiB RSS each, messages' own cost included (bound {COST_KIB}); {:.1} \
         while they were read",
        cut.len(),
        percentile(&mut after, 50.0),
        percentile(&mut after, 100.0),
        kib_each(undisturbed.grown_bytes, readers),
    ));
    // Memory that the program had once is used again, so that only the first attempt shows a cost.
    found.demand(attempt > 1 || cost <= COST_KIB, || format!("each costs {cost:.1} KiB"));
    found.demand(cut.len() == readers, || format!("{} were not cut", readers - cut.len()));
    Ok(Pair { undisturbed: undisturbed.window, disturbed: disturbed.window })
}

/// Tells whether a connection, or an account, is one that reads.
const fn reads(number: usize) -> bool {
    number.is_multiple_of(2)
}

// Connections take the accounts in turn, so an even connection has an even account.
const _: () = assert!(ATTACKERS.is_multiple_of(2));

/// Lets messages come to those who read, or to those who do not, until something has happened.
async fn during<T>(
    scene: &Scene,
    to_readers: bool,
    something: impl Future<Output = T>,
) -> Result<(While, T)> {
    let memory = Memory::watch(scene.program.id()?)?;
    let from = tokio::time::Instant::now();
    let mut feeding = JoinSet::new();
    for (_, account) in
        scene.attackers.iter().enumerate().filter(|(number, _)| reads(*number) == to_readers)
    {
        feeding.spawn(feed(Arc::clone(account)));
    }
    let happened = tokio::select! {
        happened = something => happened,
        Some(ended) = feeding.join_next() => return Err(ended?.err().context("the messages ended")?),
    };
    let grown_bytes = memory.grown();
    let window = scene.healthy.window(from, tokio::time::Instant::now()).await;
    Ok((While { window, grown_bytes }, happened))
}

async fn feed(account: Arc<Attacker>) -> Result<()> {
    account.cause_message(FIRST).await?;
    let mut ticks = interval(EVERY);
    loop {
        ticks.tick().await;
        account.cause_message(MESSAGE).await?;
    }
}

async fn read_all(mut stream: TcpStream) {
    let mut buffer = [0; 4_096];
    while let Ok(1..) = stream.read(&mut buffer).await {}
}
