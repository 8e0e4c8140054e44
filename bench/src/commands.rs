//! `bench commands`: durable commands a second (docs/testing.md#figures).
//!
//! Before each round every agent is offered that round's work; what is measured is clients that
//! each accept and complete one work item after the other over a kept-alive connection with Basic
//! credentials. Rounds of the program, of the disk and of a bare server alternate, so that whatever
//! else the machine does hits all three.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::bare::{self, Bare};
use super::disk;
use handoff_domain::Media;
use handoff_testkit::center::{self, QUEUE, SUBMITTERS};
use handoff_testkit::comet::be_reachable;
use handoff_testkit::figures::{median, ms, percentile};
use handoff_testkit::process::processor_time;
use handoff_testkit::program::build;
use handoff_testkit::{Address, Call, Center, Client, Program, Settings, Site};

/// How long the router may take to offer everything.
const OFFER_BOUND: Duration = Duration::from_secs(180);
/// How many requests the bare server gets for one command.
const BARE_REQUESTS: usize = 8;
/// How long the disk is measured in each round.
const DISK_TIME: Duration = Duration::from_millis(500);

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many clients work, each as an agent of its own.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    clients: u16,
    /// How many rounds.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// How many work items each client does in a round. They hold as many at once, so more than an
    /// agent would have in real life makes their desk larger than it would be.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    items: u16,
}

/// One round's figures of one server.
struct Round {
    per_second: f64,
    cpu_us: f64,
    latencies: Vec<f64>,
}

/// One client and the work it was offered.
struct Desk {
    client: Client,
    offers: Vec<String>,
}

pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let clients = usize::from(options.clients);
    let each = usize::from(options.items);
    let made = Center::made().invites_for_s(86_400).agents(
        (0..clients).map(center::agent),
        Media::Workitem,
        each,
    );
    let (_, program) = Site::open(&binary, home.path(), &made, Settings::default()).await?;
    let (mut desks, _polls) = open_desks(&program, clients).await?;
    let bare = Bare::start("bare-server").await?;
    let mut rounds: Vec<(Round, disk::Disk, Round)> = Vec::new();
    for number in 1..=options.rounds {
        println!("round {number}: offering {} work items…", clients * each);
        submit(&program.address(), clients * each).await?;
        collect_offers(&mut desks, each).await?;
        let disk = disk::measure(home.path(), DISK_TIME)?;
        let process = program.id()?;
        let commands = commands_round(&mut desks, process).await?;
        // Many more than commands: they are cheap, and processor time is counted in steps of 10 ms.
        let requests = usize::from(options.items) * 2 * BARE_REQUESTS;
        rounds.push((commands, disk, bare_round(&bare, clients, requests).await?));
    }
    print(rounds, options);
    Ok(())
}

/// Brings the agents to work. Their polls go on until the handles are dropped: an agent who is out
/// of reach is offered nothing.
async fn open_desks(
    program: &Program,
    clients: usize,
) -> Result<(Vec<Desk>, Vec<AbortOnDropHandle<()>>)> {
    println!("opening {clients} agents' sessions…");
    let (mut desks, mut polls) = (Vec::new(), Vec::new());
    for number in 0..clients {
        let client = program.client(&center::agent(number));
        polls.push(be_reachable(client.clone()));
        client.start_work(&["workitem"]).await?;
        desks.push(Desk { client, offers: Vec::new() });
    }
    Ok((desks, polls))
}

/// Waits until every agent is offered their share.
async fn collect_offers(desks: &mut [Desk], each: usize) -> Result<()> {
    let end = Instant::now() + OFFER_BOUND;
    for desk in desks {
        loop {
            desk.offers = offers_of(&desk.client).await?;
            if desk.offers.len() >= each {
                break;
            }
            ensure!(
                Instant::now() < end,
                "only {} of {each} work items were offered",
                desk.offers.len()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Submits work items over several connections.
async fn submit(address: &Address, count: usize) -> Result<()> {
    let mut submitters = JoinSet::new();
    for number in 0..SUBMITTERS {
        let client = Client::new(address, &center::submitter(number));
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": QUEUE,
            "subject": "An order to check", "userData": {"customer": "4711", "product": "blue"}});
        let call = Call::post("/interactions", &body);
        let share = count / SUBMITTERS + usize::from(number < count % SUBMITTERS);
        submitters.spawn(async move {
            for _ in 0..share {
                client.send(&call).await?.ok()?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = submitters.join_next().await {
        ended??;
    }
    Ok(())
}

/// Returns the ids of what an agent is offered.
async fn offers_of(client: &Client) -> Result<Vec<String>> {
    let all = client.interactions("/me/interactions?fields=id,state").await?;
    let offered = all.iter().filter(|interaction| interaction["state"] == "Invited");
    Ok(offered.filter_map(|interaction| interaction["id"].as_str()).map(str::to_owned).collect())
}

/// Every client accepts and completes its work. Each change is told to its agent by CometD
/// meanwhile.
async fn commands_round(desks: &mut Vec<Desk>, process: u32) -> Result<Round> {
    let accept = json!({"operationName": "Accept"});
    let complete = json!({"operationName": "Complete"});
    let lists = desks.drain(..).map(|mut desk| {
        let done = std::mem::take(&mut desk.offers);
        let calls = done.iter().flat_map(|id| {
            [&accept, &complete].map(|body| Call::post(&format!("/me/interactions/{id}"), body))
        });
        let calls: Vec<Call> = calls.collect();
        (desk, calls)
    });
    let lists: Vec<(Desk, Vec<Call>)> = lists.collect();
    let (back, round) = drive(lists, |desk| &desk.client, process).await?;
    *desks = back;
    Ok(round)
}

/// The same number of clients asks the bare server.
async fn bare_round(bare: &Bare, clients: usize, requests: usize) -> Result<Round> {
    let mut lists = Vec::new();
    for _ in 0..clients {
        let client = Client::anonymous(&bare.address());
        lists.push((client, vec![Call::get(bare::PATH); requests]));
    }
    let (_, round) = drive(lists, |client| client, bare.id()?).await?;
    Ok(round)
}

/// Lets every client make its calls, one after the other, and measures.
async fn drive<T: Send + 'static>(
    lists: Vec<(T, Vec<Call>)>,
    client_of: fn(&T) -> &Client,
    process: u32,
) -> Result<(Vec<T>, Round)> {
    let used_before = processor_time(process)?;
    let started = Instant::now();
    let mut running = JoinSet::new();
    for (owner, calls) in lists {
        running.spawn(async move {
            let mut latencies = Vec::with_capacity(calls.len());
            for call in calls {
                let begun = Instant::now();
                let answer = client_of(&owner).send(&call).await?;
                answer.ok()?;
                latencies.push(ms(begun.elapsed()));
            }
            anyhow::Ok((owner, latencies))
        });
    }
    let mut owners = Vec::new();
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        let (owner, more) = ended??;
        owners.push(owner);
        latencies.extend(more);
    }
    let elapsed = started.elapsed().as_secs_f64();
    let used = processor_time(process)?.saturating_sub(used_before).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count of at most a million")]
    let count = latencies.len() as f64;
    Ok((owners, Round { per_second: count / elapsed, cpu_us: used * 1e6 / count, latencies }))
}

fn print(rounds: Vec<(Round, disk::Disk, Round)>, options: &Options) {
    let middle = |value: &dyn Fn(&(Round, disk::Disk, Round)) -> f64| {
        median(&rounds.iter().map(value).collect::<Vec<f64>>())
    };
    let rate = middle(&|(commands, _, _)| commands.per_second);
    let disk = middle(&|(_, disk, _)| disk.per_second);
    let ratio = middle(&|(commands, disk, _)| commands.per_second / disk.per_second);
    let cpu = middle(&|(commands, _, _)| commands.cpu_us);
    let bare_cpu = middle(&|(_, _, bare)| bare.cpu_us);
    let cpu_ratio = middle(&|(commands, _, bare)| commands.cpu_us / bare.cpu_us);
    let bare_rate = middle(&|(_, _, bare)| bare.per_second);
    let mut latencies = Vec::new();
    let mut syncs = Vec::new();
    for (commands, disk, _) in rounds {
        latencies.extend(commands.latencies);
        syncs.extend(disk.latencies);
    }
    println!(
        "{} clients, {} commands, medians of {} rounds, each change told by CometD",
        options.clients,
        latencies.len(),
        options.rounds
    );
    println!("durable commands {rate:.0}/s; one fdatasync at a time {disk:.0}/s; ratio {ratio:.1}");
    println!(
        "processor time a command {cpu:.0} us; a bare GET {bare_cpu:.0} us ({bare_rate:.0}/s); \
         ratio {cpu_ratio:.1}"
    );
    println!(
        "a command p50 {:.2} ms, p99 {:.2} ms; an fdatasync p50 {:.2} ms, p99 {:.2} ms",
        percentile(&mut latencies, 50.0),
        percentile(&mut latencies, 99.0),
        percentile(&mut syncs, 50.0),
        percentile(&mut syncs, 99.0)
    );
}
