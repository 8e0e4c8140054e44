//! `floods`: strangers who send all they can, from one address, cost a bounded amount of memory and
//! disk, and nobody else waits for them.
//!
//! Each check starts the program afresh on a center of its own and floods one of its doors: logins
//! with wrong passwords, letters and chat messages of the largest size, handshakes and messages
//! inside sockets and batches, files until the disk is short. Meanwhile somebody honest, from
//! another address, does what they came for. Everything stays on the loopback interface.
//!
//! With `--control` each flood meets something that has no bound: a login without lanes, a server
//! that keeps what it gets in memory, the program with its limits raised. Then the same check has
//! to fail, and the command fails if it does not.

mod disk;
mod letters;
mod logins;
mod sockets;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use handoff_domain::service::EmailTerms;
use handoff_domain::{CenterId, ChatTerms, Media, QueueId, Role, ServiceId, ServiceTerms};
use handoff_testkit::center::{ADMIN, ALL, agent};
use handoff_testkit::{Address, Call, Center, Client, Program, Settings, Site};

use crate::campaign::{Campaign, Found, demand_noticed};

/// The address that floods come from.
const FLOOD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The address of somebody honest.
const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// How many agents there are.
const AGENTS: usize = 8;
/// The mailbox of the center.
const MAILBOX: &str = "letters@made.example";
const UNBOUNDED: &str = "[chat]\nrequests_per_second = 1000000\nchats_per_address = 1000000\n\
     sessions_per_address = 1000000\nbytes_per_address = 1099511627776\n\
     bytes_per_service = 1099511627776\n";
/// By how much the program's memory may grow, in bytes.
const GROWTH_MAX: u64 = 64 << 20;

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// A tenth of everything, with the program that is built already if `HANDOFF_BIN` names one.
    #[arg(long)]
    small: bool,
    /// Only this check.
    #[arg(long)]
    kind: Option<Check>,
    /// Flood something that has no bound, and demand that it is noticed.
    #[arg(long)]
    control: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Check {
    /// Wrong passwords on 480 connections.
    Logins,
    /// 600 letters of 240 kB, and 3,000 chat messages of 16 KiB.
    Letters,
    /// Handshakes, requests for chats and messages inside WebSockets and batches.
    Sockets,
    /// What is kept, until an address has brought its share and until the disk is short.
    Disk,
}

/// How much is sent, and to what.
#[derive(Clone, Copy, Debug)]
struct Extent {
    small: bool,
    control: bool,
}

impl Extent {
    /// Returns a number, or a part of it for a small run.
    fn of(self, full: usize, small: usize) -> usize {
        if self.small { small } else { full }
    }

    /// Returns how long somebody honest may wait. A small run is made in an unoptimized program
    /// beside others.
    fn patience(self) -> Duration {
        if self.small { Duration::from_secs(5) } else { Duration::from_secs(1) }
    }
}

impl Found {
    /// Demands that memory has not grown too much.
    fn demand_growth(&mut self, what: &str, bytes: u64) {
        self.figure(format!("{what}: memory grew by {} MiB", bytes >> 20));
        self.demand(bytes <= GROWTH_MAX, || {
            format!("{what}: memory grew by {} MiB, allowed are {}", bytes >> 20, GROWTH_MAX >> 20)
        });
    }

    /// Demands that somebody honest was served in time.
    fn demand_in_time(&mut self, who: &str, waited: Duration, extent: Extent) {
        self.figure(format!("{who} waited {} ms", waited.as_millis()));
        let patience = extent.patience();
        self.demand(waited <= patience, || {
            format!("{who} waited {waited:?}, allowed are {patience:?}")
        });
    }
}

/// Starts the program with a door of each kind for strangers, and a few agents; `store` and
/// `sections` are further lines of its configuration.
async fn open(binary: &Path, home: &Path, store: &str, sections: &str) -> Result<(Site, Program)> {
    let chat = ServiceTerms::Chat(ChatTerms::default());
    let letters =
        EmailTerms { mailbox: MAILBOX.to_owned(), files_max: 0, bytes_max: 0, types: [].into() };
    let mut center = Center::new(CenterId(1), "Made").group(ALL, "All");
    for (id, name, media) in
        [(1, "chats", Media::Chat), (2, "letters", Media::Email), (3, "tasks", Media::Workitem)]
    {
        center = center.queue(QueueId(id), name, media, &[ALL], &[]);
    }
    center = center
        .service(ServiceId(1), "help", QueueId(1), chat)
        .service(ServiceId(2), "write", QueueId(2), ServiceTerms::Email(letters))
        .person(ADMIN, Role::Admin, &[ALL]);
    for number in 0..AGENTS {
        center = center.person(&agent(number), Role::Agent, &[ALL]);
    }
    center.mailboxes =
        format!("[[mailbox]]\naddress = \"{MAILBOX}\"\nqueue = \"letters\"\ndefault = true\n");
    let settings = Settings { store, others: sections, own_hashes: true, ..Settings::default() };
    Site::open(binary, home, &center, settings).await
}

/// Makes a client without an account.
fn stranger(address: &Address, from: Ipv4Addr) -> Client {
    Client::anonymous(address).from_source(from)
}

/// A letter by the web form of a service.
fn letter(service: &str, subject: &str, text: &str) -> Call {
    let fields = [
        ("firstName", "Ann"),
        ("lastName", "Byron"),
        ("fromAddress", "ann@customers.example"),
        ("subject", subject),
        ("text", text),
    ];
    Call::form(&format!("/genesys/2/email/{service}"), &fields)
}

/// Runs the checks. It fails when a bound does not hold; with `--control`, when that was not
/// noticed.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let began = Instant::now();
    let campaign = Campaign::begin(root, None)?;
    let extent = Extent { small: options.small, control: options.control };
    let mut checks =
        options.kind.map_or_else(|| Check::value_variants().to_vec(), |only| vec![only]);
    if options.control {
        // Two of the controls are in this process. Memory that it had once is used again, so the
        // one that takes most is the last.
        checks.reverse();
    }
    let (mut faults, mut unnoticed) = (Vec::new(), Vec::new());
    for check in checks {
        println!("{check:?}…");
        let home = campaign.home().join(format!("{check:?}"));
        let found = one(check, &campaign.binary, home, extent).await;
        let found = found.with_context(|| format!("{check:?}"))?;
        if found.faults.is_empty() {
            unnoticed.push(check);
        }
        faults.extend(found.faults.into_iter().map(|fault| format!("{check:?}: {fault}")));
    }
    println!("after {} s:", began.elapsed().as_secs());
    faults.iter().for_each(|fault| println!("fault: {fault}"));
    if options.control {
        let what = format!("what has no bound was flooded: {unnoticed:?}");
        return demand_noticed(unnoticed.is_empty(), &what);
    }
    ensure!(faults.is_empty(), "{} bounds do not hold", faults.len());
    println!("all bounds hold");
    Ok(())
}

async fn one(check: Check, binary: &Path, home: PathBuf, extent: Extent) -> Result<Found> {
    std::fs::create_dir_all(&home).context("make a directory")?;
    match check {
        Check::Logins => logins::check(binary, &home, extent).await,
        Check::Letters => letters::check(binary, &home, extent).await,
        Check::Sockets => sockets::check(binary, &home, extent).await,
        Check::Disk => disk::check(binary, &home, extent).await,
    }
}
