//! The cluster under test: two databases, the bus, three nodes each in a network of its own, and
//! the balancer before them.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use handoff_domain::{GroupId, Media, QueueId, Role};
use handoff_testkit::{
    Address, Balancer, Center, Client, Program, Proxy, Settings, Site, Spread, Start, Surroundings,
    center,
};
use tokio::process::Command;

use super::bus::Nats;
use super::databases::Databases;
use super::door::Door;
use super::network::Network;
use super::{Control, Options};
use crate::campaign::Campaign;
use crate::chats::{CHATS_PER_AGENT, site};
use crate::stand_in::{HELD, PUBLIC_URL};

/// As many as the balancer's example has.
pub(super) const NODES: usize = 3;
/// The agent who is looked at to tell whether there is service, and where their work comes from.
pub(super) const PULSE: &str = "pulse";
pub(super) const PULSE_QUEUE: &str = "pulses";
/// The queue of agents with little room, and how much that is.
pub(super) const NARROW_QUEUE: &str = "narrow";
pub(super) const NARROW_ROOM: usize = 2;
pub(super) const NARROW_AGENTS: usize = 4;
/// Everybody is at one address, the balancer's.
const LIMITS: &str = "[limits]\nconnections_per_address = 20000\nconnections_per_user = 1000\n";
/// A library that lets a process believe in another time of day: how far it is off stands in a
/// file. `libfaketime` cannot be used: the program's allocator asks for the time before that is
/// ready.
const CLOCK: &str = include_str!("clock.c");

/// Returns the name of an agent with little room.
pub(super) fn narrow(number: usize) -> String {
    format!("narrow{number:02}")
}

pub(super) struct Scene {
    pub(super) nodes: Vec<Program>,
    pub(super) balancer: Balancer,
    pub(super) databases: Databases,
    pub(super) nats: Nats,
    pub(super) network: Network,
    /// The ways of each node to the databases.
    pub(super) doors: Vec<[Door; 2]>,
    home: PathBuf,
}

impl Scene {
    pub(super) async fn open(campaign: &Campaign, options: &Options) -> Result<Self> {
        let home = campaign.home().to_owned();
        let commits = options.synchronous_commit();
        let databases = Databases::start(&home, commits).await?;
        let (nats, network) = (Nats::start().await?, Network::make(NODES).await?);
        let mut doors = Vec::new();
        for node in 0..NODES {
            let (host, [one, other]) = (network.host(node), databases.ports());
            let at = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
            doors.push([Door::open(&host, at(one)).await?, Door::open(&host, at(other)).await?]);
        }
        let clock = build_clock(&home).await?;
        let mut nodes = Vec::new();
        for (node, [one, other]) in doors.iter().enumerate() {
            let place = home.join(format!("node{node}"));
            let url =
                Databases::url(&network.host(node), [one.address.port(), other.address.port()]);
            let site = configure(&place, &home, &url, &network.host(node), nats.port)?;
            if node == 0 {
                apply(&campaign.binary, &home, &site, options).await?;
                if options.control == Some(Control::Sequence) {
                    databases.run(&super::controls::sequences()).await?;
                }
            }
            let mut settings =
                vec![("HANDOFF__SERVER__LISTEN".into(), network.nodes()[node].to_string())];
            settings.extend(clock_of(&clock, &place)?);
            let own = std::env::current_exe().context("find this program")?;
            let (binary, start) = match options.control.and_then(Control::fault) {
                Some(fault) => {
                    settings.push(("HANDOFF__STORE__URL".into(), url));
                    (own, Start::StandIn { fault, data: site.data })
                }
                None => (campaign.binary.clone(), Start::Serve(site.config)),
            };
            let around = Surroundings { before: network.before(node), settings };
            let node = Program::start_in(&binary, start, site.log, around).await;
            nodes.push(node.context("start a node")?);
        }
        let balancer = Balancer::start(Proxy::Nginx, network.nodes(), Spread::Everywhere).await?;
        Ok(Self { nodes, balancer, databases, nats, network, doors, home })
    }

    pub(super) fn address(&self) -> Address {
        self.balancer.address()
    }

    pub(super) fn client(&self, user: &str) -> Client {
        Client::new(&self.address(), user)
    }

    /// Puts a node's time of day off by so many seconds.
    pub(super) fn set_clock(&self, node: usize, seconds: i64) -> Result<()> {
        let file = offset_file(&self.home.join(format!("node{node}")));
        // The process has it in its memory, so it must not become shorter in between.
        let file = fs::OpenOptions::new().write(true).open(file).context("open a node's clock")?;
        file.write_all_at(&seconds.to_le_bytes(), 0).context("set a node's clock")
    }

    /// Waits until every node says that it is ready; returns how long that took.
    pub(super) async fn ready(&self, within: Duration) -> Result<Duration> {
        let begun = Instant::now();
        for node in &self.nodes {
            while !is_ready(node).await {
                ensure!(
                    begun.elapsed() < within,
                    "a node is not ready after {within:?}; its log:\n{}",
                    node.log_tail()
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(begun.elapsed())
    }

    /// Returns what the nodes' logs say of errors, without what faults lead to.
    pub(super) fn panics(&self) -> usize {
        let logs = (0..NODES).map(|node| self.home.join(format!("node{node}")).join("log"));
        let logs = logs.filter_map(|log| fs::read_to_string(log).ok());
        logs.map(|log| log.matches("panicked at").count()).sum()
    }
}

pub(super) async fn is_ready(node: &Program) -> bool {
    let asked = node.anonymous().send(handoff_testkit::Call::get("").at("/readyz")).await;
    asked.is_ok_and(|answer| answer.status == 200)
}

fn configure(place: &Path, home: &Path, url: &str, host: &str, nats: u16) -> Result<Site> {
    let files = home.join("files");
    let others = format!(
        "{LIMITS}[cometd]\ntimeout = \"{}s\"\n\
         [chat]\nfiles = {files:?}\nchats_per_address = 20000\nrequests_per_second = 100000\n\
         [bus]\nkind = \"nats\"\nurl = \"nats://{host}:{nats}\"\n",
        HELD.as_secs()
    );
    let settings = Settings {
        server: &format!("public_url = \"{PUBLIC_URL}\"\ndrain = \"2s\""),
        store: &format!("url = {url:?}\ncluster = \"campaign\""),
        others: &others,
        ..Settings::default()
    };
    Site::configure(place, settings)
}

/// Applies the center by way of a node's configuration, before any node serves. The first node's
/// network is only reached from inside.
async fn apply(binary: &Path, home: &Path, site: &Site, options: &Options) -> Result<()> {
    let file = home.join("center.toml");
    fs::write(&file, describe(options).file(false)).context("write the center file")?;
    let mut apply = handoff_testkit::program::clean_command(binary);
    apply.arg("apply").arg(&file).arg("--config").arg(&site.config);
    let output = apply.output().await.context("run handoff apply")?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "handoff apply failed: {told}");
    Ok(())
}

fn describe(options: &Options) -> Center {
    let (narrow_group, pulse_group) = (GroupId(2), GroupId(3));
    // Room for everything, so that no refusal depends on slots.
    let room = usize::from(options.interactions) * 40;
    let mut made = Center::made().invites_for_s(2).agents(
        (0..usize::from(options.agents)).map(center::agent),
        Media::Workitem,
        room,
    );
    made = made
        .group(narrow_group, "Narrow")
        .queue(QueueId(2), NARROW_QUEUE, Media::Workitem, &[narrow_group], &[])
        .invites_for_s(2)
        .group(pulse_group, "Pulse")
        .queue(QueueId(3), PULSE_QUEUE, Media::Workitem, &[pulse_group], &[])
        .invites_for_s(600)
        .person(PULSE, Role::Agent, &[pulse_group])
        .room(Media::Workitem, 100);
    for number in 0..NARROW_AGENTS {
        made = made
            .person(&narrow(number), Role::Agent, &[narrow_group])
            .room(Media::Workitem, NARROW_ROOM);
    }
    let owners = usize::from(options.chats).div_ceil(CHATS_PER_AGENT);
    if owners > 0 { site::add_to(made, owners, owners, CHATS_PER_AGENT) } else { made }
}

fn offset_file(place: &Path) -> PathBuf {
    place.join("clock")
}

/// Builds the library, where there is a compiler.
async fn build_clock(home: &Path) -> Result<PathBuf> {
    let (source, library) = (home.join("clock.c"), home.join("clock.so"));
    fs::write(&source, CLOCK).context("write the clock's source")?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source);
    let built = compiler.status().await.context("cc does not run: install build-essential")?;
    ensure!(built.success(), "the clock does not build");
    Ok(library)
}

fn clock_of(library: &Path, place: &Path) -> Result<Vec<(String, String)>> {
    let file = offset_file(place);
    fs::write(&file, 0_i64.to_le_bytes()).context("make a node's clock")?;
    Ok(vec![
        ("LD_PRELOAD".to_owned(), library.display().to_string()),
        ("CLOCK_OFFSET".to_owned(), file.display().to_string()),
    ])
}
