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

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tokio::task::JoinHandle;

use super::members::{Members, member};
use super::{REST, servers};
use crate::cpu;
use handoff_testkit::load::center::{HASH, PASSWORD};
use handoff_testkit::load::figures::{median, ms, percentile};
use handoff_testkit::load::http::{Call, Client};
use handoff_testkit::load::program::{Program, Start, build, clean_command};

/// The watched workbin.
pub(super) const WORKBIN: &str = "Shelf";
/// How many agents come at the same time at first.
const OPENING: usize = 64;
/// How long everybody may take to come, to hear of an event, and to come back.
const OPEN_BOUND: Duration = Duration::from_secs(150);
const EVENT_BOUND: Duration = Duration::from_secs(60);
const RETURN_BOUND: Duration = Duration::from_secs(120);

/// What was measured.
pub(super) struct Outcome {
    agents: usize,
    resident_kib: u64,
    event: Event,
    restart: Duration,
    /// From the kill until so many hundredths of the agents were back, in ms.
    returned_ms: [f64; 3],
    return_cpu: Duration,
    peak_kib: u64,
}

/// What one event to everybody cost.
struct Event {
    all_ms: Vec<f64>,
    first_ms: Vec<f64>,
    answered_ms: Vec<f64>,
    cpu_us: Vec<f64>,
}

/// Measures.
///
/// # Errors
///
/// When the program refuses something or somebody does not come back.
pub(super) async fn measure(root: &Path, agents: usize, rounds: u16) -> Result<Outcome> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    println!("the program: making a center of {agents} agents…");
    let config = prepare(&binary, home.path(), agents).await?;
    let mut program =
        Program::start(binary, Start::Serve { config }, home.path().join("log")).await?;
    servers::move_to_first_processor(process(&program)?);
    println!("the program: opening {agents} agents' sessions…");
    let members = Rc::new(Members::new(agents, OPENING));
    let tasks: Vec<JoinHandle<()>> = (0..agents)
        .map(|number| {
            tokio::task::spawn_local(member(Rc::clone(&members), program.address(), number))
        })
        .collect();
    let _end = AbortOnDrop(tasks);
    members.all_open(OPEN_BOUND).await?;
    tokio::time::sleep(REST).await;
    let resident_kib = servers::resident_kib(process(&program)?)?;
    let mut shelf = Shelf::open(&program).await?;
    println!("the program: {rounds} events to everybody…");
    let mut event = Event { all_ms: vec![], first_ms: vec![], answered_ms: vec![], cpu_us: vec![] };
    for _ in 0..rounds {
        one_event(&members, &mut shelf, process(&program)?, &mut event).await?;
    }
    println!("the program: killing it, and everybody comes back…");
    let killed = Instant::now();
    program.kill().await?;
    // Nobody is let in before the change that all of them have to be given.
    members.hold_back();
    let restart = program.restart().await?;
    let id = process(&program)?;
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
        resident_kib,
        event,
        restart,
        returned_ms: [50.0, 99.0, 100.0].map(|percent| percentile(&mut times, percent)),
        return_cpu: cpu::used(id)?,
        peak_kib: servers::peak_kib(id)?,
    })
}

async fn one_event(
    members: &Members,
    shelf: &mut Shelf,
    process: u32,
    event: &mut Event,
) -> Result<()> {
    let awaited = members.expect_event();
    let used = cpu::used(process)?;
    let begun = Instant::now();
    shelf.change().await?;
    event.answered_ms.push(ms(begun.elapsed()));
    let mut times: Vec<f64> =
        awaited.all(EVENT_BOUND).await?.into_iter().map(|at| ms(at - begun)).collect();
    event.first_ms.push(percentile(&mut times, 0.0));
    event.all_ms.push(percentile(&mut times, 100.0));
    // Their next polls belong to it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
    let count = times.len() as f64;
    event.cpu_us.push(cpu::used(process)?.saturating_sub(used).as_secs_f64() * 1e6 / count);
    Ok(())
}

fn process(program: &Program) -> Result<u32> {
    program.id().context("the program has ended")
}

/// Tasks that end with this.
struct AbortOnDrop(Vec<JoinHandle<()>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// Somebody who puts a work item into the workbin and takes it out again.
struct Shelf {
    client: Client,
    item: String,
    is_in: bool,
}

impl Shelf {
    async fn open(program: &Program) -> Result<Self> {
        let mut client = Client::new(program.address(), "mover", PASSWORD)?;
        handoff_testkit::load::comet::start_work(&mut client).await?;
        let body = json!({"operationName": "Create", "channel": "workitem", "queueName": "work", "subject": "An order"});
        let answer = client
            .send_until_answered(&Call::post("/me/interactions", &body))
            .await
            .context("no answer")?;
        let item = answer.body["id"]
            .as_str()
            .with_context(|| format!("no work item: {}", answer.body))?
            .to_owned();
        Ok(Self { client, item, is_in: false })
    }

    async fn change(&mut self) -> Result<()> {
        let call = match self.is_in {
            false => Call::post(
                &format!("/me/interactions/{}", self.item),
                &json!({"operationName": "PlaceInWorkbin", "workbin": WORKBIN}),
            ),
            true => Call::post(
                &format!("/me/workbins/{WORKBIN}"),
                &json!({"operationName": "PullInteraction", "id": self.item}),
            ),
        };
        let answer = self.client.send_until_answered(&call).await.context("no answer")?;
        ensure!(answer.code() == 0, "the workbin could not be changed: {}", answer.body);
        self.is_in = !self.is_in;
        Ok(())
    }
}

async fn prepare(binary: &Path, home: &Path, agents: usize) -> Result<std::path::PathBuf> {
    use std::fmt::Write as _;
    let (center, config) = (home.join("center.toml"), home.join("handoff.toml"));
    let mut file = format!(
        "[center]\nname = \"Made\"\n[[group]]\nname = \"All\"\n\
         [[queue]]\nname = \"work\"\nchannel = \"workitem\"\n\
         [[workbin]]\nname = \"{WORKBIN}\"\ntype = \"AgentGroup\"\ngroup = \"All\"\n"
    );
    for name in (0..agents).map(super::members::name).chain(["mover".to_owned()]) {
        // Writing to a String cannot fail.
        let _ = write!(
            file,
            "[[user]]\nuserName = \"{name}\"\nroles = [\"agent\"]\ngroups = [\"All\"]\npassword = {{ argon2 = \"{HASH}\" }}\n"
        );
    }
    std::fs::write(&center, file).context("write the center file")?;
    let data = home.join("data");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {data:?}\n[agent]\ndisconnect_grace = \"1h\"\n[log]\nfilter = \"warn\"\n"
    );
    std::fs::write(&config, text).context("write the configuration")?;
    let output =
        clean_command(binary).arg("apply").arg(&center).arg("--config").arg(&config).output().await;
    let output = output.context("run handoff apply")?;
    ensure!(
        output.status.success(),
        "handoff apply failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(config)
}

/// Prints what was measured, and which goals were met.
pub(super) fn print(outcome: &Outcome) {
    let Outcome { agents, event, .. } = outcome;
    #[expect(clippy::cast_precision_loss, reason = "KiB of one process")]
    let (resident, peak) = (outcome.resident_kib as f64, outcome.peak_kib as f64);
    #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
    let each = resident / *agents as f64;
    let verdict = |is_met: bool| if is_met { "met" } else { "MISSED" };
    println!(
        "\nthe program with {agents} agents on long-polling: {:.0} MiB resident, {each:.1} KiB an agent",
        resident / 1_024.0
    );
    let all = median(&event.all_ms);
    println!(
        "one event to all: first after {:.0} ms, answered after {:.0} ms, last after {all:.0} ms; {:.0} us of CPU an agent; goal 1000 ms: {}",
        median(&event.first_ms),
        median(&event.answered_ms),
        median(&event.cpu_us),
        verdict(all <= 1_000.0)
    );
    let [half, most, last] = outcome.returned_ms;
    println!(
        "back and caught up after SIGKILL: half {half:.0} ms, 99 % {most:.0} ms, last {last:.0} ms (restart {:.0} ms of it); {:.1} s of CPU; goal 30000 ms: {}",
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
