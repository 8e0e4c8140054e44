//! The program as a whole: one event that concerns every agent, and everybody's return after a
//! SIGKILL.
//!
//! The event is a work item that is put into, or taken out of, a group's workbin whose content all
//! agents watch: each change is one commit with a numbered row in every agent's stream. After the
//! kill another change is made before anybody is back, so an agent has returned only when they have
//! been given that one: they reconnect, are told 402, shake hands with their cookie, subscribes
//! with the last number that they have seen, and get what they missed.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use handoff_domain::Media;
use handoff_testkit::center::{QUEUE, WORKBIN};
use handoff_testkit::figures::{median, ms, percentile};
use handoff_testkit::process::{peak, processor_time, resident};
use handoff_testkit::program::build;
use handoff_testkit::{Center, Client, Program, Settings, Site};
use serde_json::json;
use tokio::task::JoinSet;

use super::members::{Members, member};
use super::{REST, servers};

/// Who moves the work item.
const MOVER: &str = "mover";
/// How many agents come at the same time at first.
const OPENING: usize = 64;
/// How long everybody may take to come, to hear of an event, and to come back.
const OPEN_BOUND: Duration = Duration::from_secs(150);
pub(crate) const EVENT_BOUND: Duration = Duration::from_secs(60);
/// How long everybody's next polls may take after an event; they belong to it.
pub(crate) const NEXT_POLLS: Duration = Duration::from_millis(500);
const RETURN_BOUND: Duration = Duration::from_secs(120);

pub(super) struct Outcome {
    agents: usize,
    resident: u64,
    event: Event,
    restart: Duration,
    /// From the kill until so many hundredths of the agents were back, in ms.
    returned_ms: [f64; 3],
    return_cpu: Duration,
    peak: u64,
}

/// What one event to everybody cost.
struct Event {
    all_ms: Vec<f64>,
    first_ms: Vec<f64>,
    answered_ms: Vec<f64>,
    cpu_us: Vec<f64>,
}

pub(super) async fn measure(root: &Path, agents: usize, rounds: u16) -> Result<Outcome> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let (_, mut program) = open(&binary, home.path(), agents).await?;
    servers::move_to_first_processor(program.id()?);
    println!("the program: opening {agents} agents' sessions…");
    let (members, _tasks) = come(&program, agents).await?;
    tokio::time::sleep(REST).await;
    let resident = resident(program.id()?)?;
    let mut shelf = Shelf::open(&program).await?;
    println!("the program: {rounds} events to everybody…");
    let mut event = Event { all_ms: vec![], first_ms: vec![], answered_ms: vec![], cpu_us: vec![] };
    for _ in 0..rounds {
        one_event(&members, &mut shelf, program.id()?, &mut event).await?;
    }
    println!("the program: killing it, and everybody comes back…");
    let killed = Instant::now();
    program.kill().await?;
    // Nobody is let in before the change that all of them have to be given.
    members.hold_back();
    let restart = program.restart().await?;
    let id = program.id()?;
    servers::move_to_first_processor(id);
    let awaited = members.expect_event();
    shelf.change().await?;
    members.let_in();
    let mut times = awaited
        .all(RETURN_BOUND)
        .await?
        .into_iter()
        .map(|at| ms(at - killed))
        .collect::<Vec<f64>>();
    Ok(Outcome {
        agents,
        resident,
        event,
        restart,
        returned_ms: [50.0, 99.0, 100.0].map(|percent| percentile(&mut times, percent)),
        return_cpu: processor_time(id)?,
        peak: peak(id)?,
    })
}

/// Starts the program with a center of so many agents, and one who gives them something to see.
pub(crate) async fn open(binary: &Path, home: &Path, agents: usize) -> Result<(Site, Program)> {
    let names = (0..agents).map(super::members::name).chain([MOVER.to_owned()]);
    let made = Center::made().agents(names, Media::Workitem, 5);
    Site::open(binary, home, &made, Settings::default()).await
}

/// Lets so many agents come and watch; they go with the tasks.
pub(crate) async fn come(program: &Program, agents: usize) -> Result<(Rc<Members>, JoinSet<()>)> {
    let members = Rc::new(Members::new(agents, OPENING));
    let mut tasks = JoinSet::new();
    for number in 0..agents {
        tasks.spawn_local(member(Rc::clone(&members), program.address(), number));
    }
    members.all_open(OPEN_BOUND).await?;
    Ok((members, tasks))
}

async fn one_event(
    members: &Members,
    shelf: &mut Shelf,
    process: u32,
    event: &mut Event,
) -> Result<()> {
    let awaited = members.expect_event();
    let used = processor_time(process)?;
    let begun = Instant::now();
    shelf.change().await?;
    event.answered_ms.push(ms(begun.elapsed()));
    let mut times: Vec<f64> =
        awaited.all(EVENT_BOUND).await?.into_iter().map(|at| ms(at - begun)).collect();
    event.first_ms.push(percentile(&mut times, 0.0));
    event.all_ms.push(percentile(&mut times, 100.0));
    tokio::time::sleep(NEXT_POLLS).await;
    #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
    let count = times.len() as f64;
    event.cpu_us.push(processor_time(process)?.saturating_sub(used).as_secs_f64() * 1e6 / count);
    Ok(())
}

/// Somebody who puts a work item into the workbin and takes it out again.
pub(crate) struct Shelf {
    client: Client,
    item: String,
    is_in: bool,
}

impl Shelf {
    pub(crate) async fn open(program: &Program) -> Result<Self> {
        let client = program.client(MOVER);
        client.start_work(&["workitem"]).await?;
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": QUEUE});
        let created = client.command("/me/interactions", &body).await?;
        let item = created["id"].as_str().context("no work item")?.to_owned();
        Ok(Self { client, item, is_in: false })
    }

    pub(crate) async fn change(&mut self) -> Result<()> {
        let (path, body) = match self.is_in {
            false => (
                format!("/me/interactions/{}", self.item),
                json!({"operationName": "PlaceInWorkbin", "workbin": WORKBIN}),
            ),
            true => (
                format!("/me/workbins/{WORKBIN}"),
                json!({"operationName": "PullInteraction", "id": self.item}),
            ),
        };
        self.client.command(&path, &body).await?;
        self.is_in = !self.is_in;
        Ok(())
    }
}

/// Prints what was measured, and which goals were met.
pub(super) fn print(outcome: &Outcome) {
    let Outcome { agents, event, .. } = outcome;
    #[expect(clippy::cast_precision_loss, reason = "KiB of one process")]
    let (resident, peak) = (outcome.resident as f64 / 1_024.0, outcome.peak as f64 / 1_024.0);
    #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
    let each = resident / *agents as f64;
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    println!(
        "\nthe program with {agents} agents on long-polling: {:.0} MiB resident, {each:.1} KiB an \
         agent",
        resident / 1_024.0
    );
    let all = median(&event.all_ms);
    println!(
        "one event to all: first after {:.0} ms, answered after {:.0} ms, last after {all:.0} ms; \
         {:.0} us of CPU an agent; goal 1000 ms: {}",
        median(&event.first_ms),
        median(&event.answered_ms),
        median(&event.cpu_us),
        verdict(all <= 1_000.0)
    );
    let [half, most, last] = outcome.returned_ms;
    println!(
        "back and caught up after SIGKILL: half {half:.0} ms, 99 % {most:.0} ms, last {last:.0} ms \
         (restart {:.0} ms of it); {:.1} s of CPU; goal 30000 ms: {}",
        ms(outcome.restart),
        outcome.return_cpu.as_secs_f64(),
        verdict(last <= 30_000.0)
    );
    println!(
        "most memory while they came back: {:.0} MiB, {:.2} times what it was before; goal 2: {}",
        peak / 1_024.0,
        peak / resident,
        verdict(peak <= 2.0 * resident)
    );
}
