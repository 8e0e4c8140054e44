//! `contention`: one owner, whatever happens at once (docs/testing.md#contention).
//!
//! Clients fight over a set of interactions while the program is killed again and again. Afterwards
//! the history of each interaction is checked for linearizability against a model of the rules.
//! What the program says of its commits since the last kill is printed, too: how many were made
//! again because two clients changed the same thing, which is what they are here for, and how many
//! because of something that they only relied on, of which there may be few.
//!
//! Both controls must be noticed, and the command fails if not: `epochs` leaves the epochs that the
//! clients name out on the way, which is what a program without fencing would do, and the checker
//! has to find fault; with `guards` every change of an interaction relies on its owner's desk,
//! though it does not matter, and too many have to be made again.

pub(crate) mod checker;
pub(crate) mod clients;
pub(crate) mod rules;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use handoff_domain::Media;
use handoff_testkit::center::{self, WORKBIN};
use handoff_testkit::comet::be_reachable;
use handoff_testkit::{Center, Program, Settings, Site, Start, Tally, Transport};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::campaign::{Campaign, Kill, demand_noticed, lock};
use checker::{Entry, Stuck, Verdict};
use clients::{Caller, Fencing, Manner, Shared};
use rules::{Agent, Answer, Call, Request, Rules, State};

/// Two clients work as one agent, so that owners race against themselves too.
const CLIENTS_PER_AGENT: usize = 2;
/// Most of a hundred attempts at a commit that may be in vain because of what they only relied on.
/// How often writers of the same record meet depends on the machine; this does not.
const IN_VAIN_PERCENT_MAX: f64 = 2.0;
/// The fewest commits from which that is told.
const COMMITS_MIN: u64 = 200;

/// What is done wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Control {
    Epochs,
    Guards,
}

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How long the clients call, in s.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// How many clients call.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(2..=128))]
    clients: u8,
    /// How many interactions they fight over at a time.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=2000))]
    interactions: u16,
    /// How long the program runs between kills, in s.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=600))]
    kill_every: u64,
    /// The fewest calls that count as a test, per second.
    #[arg(long, default_value_t = 500)]
    calls_per_second: u64,
    /// What the random choices start from; drawn when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Do something wrong, and demand that it is noticed.
    #[arg(long, value_enum)]
    control: Option<Control>,
}

/// Runs the test. It fails when a history is not linearizable, an interaction had two owners, or
/// too little happened to tell.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let campaign = Campaign::begin(root, options.seed)?;
    let agents = usize::from(options.clients).div_ceil(CLIENTS_PER_AGENT);
    // Room for everything, so that no refusal depends on slots.
    let room = usize::from(options.interactions) * 4;
    let made = Center::made().invites_for_s(2).agents(
        (0..agents).map(center::agent),
        Media::Workitem,
        room,
    );
    let mut program = start(&campaign, &made, options).await?;
    let (shared, _reachable) = prepare(&program, agents, options).await?;
    println!("{} clients call for {} s…", options.clients, options.seconds);
    let mut callers = JoinSet::new();
    for number in 0..usize::from(options.clients) {
        let agent = Agent::try_from(number % agents)?;
        callers.spawn(Caller::new(&shared, agent, campaign.seed.wrapping_add(number as u64)).run());
    }
    let kills = kill_repeatedly(&mut program, options).await?;
    shared.over.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    let doubles = double_owners_now(&shared).await?;
    let tally = program.stop_and_tally().await?;
    println!("since the last kill: {tally}");
    if options.control != Some(Control::Guards) {
        judge(&shared, options, kills, doubles)?;
    }
    weigh(&tally, options)
}

/// Starts the program, or what stands in for it.
async fn start(campaign: &Campaign, made: &Center, options: &Options) -> Result<Program> {
    let site = Site::make(&campaign.binary, campaign.home(), made, Settings::default()).await?;
    let own = std::env::current_exe().context("find this program")?;
    let (binary, start) = match options.control {
        Some(Control::Guards) => (&own, Start::StandIn { fault: "desks", data: site.data }),
        Some(Control::Epochs) | None => (&campaign.binary, Start::Serve(site.config)),
    };
    Program::start(binary, start, site.log).await
}

/// Demands that few commits were in vain.
fn weigh(tally: &Tally, options: &Options) -> Result<()> {
    let [_, in_vain] = tally.percent();
    match options.control {
        Some(Control::Epochs) => return Ok(()),
        Some(Control::Guards) => {
            return demand_noticed(in_vain > IN_VAIN_PERCENT_MAX, "desks were relied on");
        }
        None => {}
    }
    ensure!(tally.commits >= COMMITS_MIN, "only {} commits since the last kill", tally.commits);
    ensure!(
        in_vain <= IN_VAIN_PERCENT_MAX,
        "{in_vain:.2} % of the attempts were in vain, {IN_VAIN_PERCENT_MAX} % are the most"
    );
    Ok(())
}

/// Opens the agents' sessions and makes the interactions.
async fn prepare(
    program: &Program,
    agents: usize,
    options: &Options,
) -> Result<(Arc<Shared>, Vec<AbortOnDropHandle<()>>)> {
    let (mut users, mut workbin, mut reachable) = (Vec::new(), String::new(), Vec::new());
    for number in 0..agents {
        let client = program.client(&center::agent(number));
        reachable.push(be_reachable(client.clone(), Transport::LongPolling));
        client.start_work(&["workitem"]).await?;
        users.push(client.own_id().await?);
        let list = client.read("/me/workbins?fields=*").await?;
        let mut workbins = list["workbins"].as_array().into_iter().flatten();
        let shelf = workbins.find(|one| one["name"] == WORKBIN).context("no group's workbin")?;
        workbin = shelf["id"].as_str().context("no workbin id")?.to_owned();
    }
    let fencing = match options.control {
        Some(Control::Epochs) => Fencing::Withheld,
        Some(Control::Guards) | None => Fencing::Sent,
    };
    let manner = Manner { fencing, pause: Duration::ZERO, repeated_for: Duration::ZERO };
    let shared = Shared::new(program.address(), users, workbin, manner);
    for _ in 0..options.interactions {
        let contested = shared.make().await?;
        lock(&shared.slots).push(contested);
    }
    Ok((Arc::new(shared), reachable))
}

/// Kills and restarts the program until the time is over; returns how often.
async fn kill_repeatedly(program: &mut Program, options: &Options) -> Result<u64> {
    let end = tokio::time::Instant::now() + Duration::from_secs(options.seconds);
    let mut kills = 0;
    loop {
        let next = tokio::time::Instant::now() + Duration::from_secs(options.kill_every);
        if next >= end {
            tokio::time::sleep_until(end).await;
            return Ok(kills);
        }
        tokio::time::sleep_until(next).await;
        let took = Kill::Plain.strike(program).await?;
        kills += 1;
        println!("kill {kills}: back after {} ms", took.as_millis());
    }
}

/// Counts the interactions that two agents' lists name as their own at the same time.
async fn double_owners_now(shared: &Shared) -> Result<usize> {
    let mut owners: HashMap<String, usize> = HashMap::new();
    for (number, user) in shared.users.iter().enumerate() {
        let client = shared.client(&center::agent(number));
        for interaction in client.interactions("/me/interactions?fields=*").await? {
            if interaction["assignedTo"].as_str() == Some(user) {
                *owners.entry(interaction["id"].to_string()).or_default() += 1;
            }
        }
    }
    Ok(owners.values().filter(|count| **count > 1).count())
}

/// Checks the histories and prints the figures.
fn judge(shared: &Shared, options: &Options, kills: u64, doubles_now: usize) -> Result<()> {
    let history = std::mem::take(&mut *lock(&shared.history));
    let calls = history.len();
    let count =
        |wanted: fn(&Call) -> bool| history.iter().filter(|(_, entry)| wanted(&entry.call)).count();
    println!(
        "{calls} calls: {} reads, {} commands carried out, {} refused, {} unanswered; \
         {kills} kills",
        count(|call| call.request == Request::Read),
        count(|call| call.answer == Answer::Done),
        count(|call| call.answer == Answer::Refused),
        count(|call| call.answer == Answer::None),
    );
    let Histories { wrong, undecided, doubles } = check_histories(history);
    let doubles = doubles + doubles_now;
    println!("{wrong} not linearizable, {undecided} undecided, {doubles} double owners");
    if options.control == Some(Control::Epochs) {
        return demand_noticed(wrong > 0, "the epochs were left out");
    }
    let least = options.calls_per_second.saturating_mul(options.seconds);
    ensure!(wrong + undecided + doubles == 0, "the promise of one owner is broken");
    ensure!(calls as u64 >= least, "only {calls} calls, {least} are the fewest that count");
    ensure!(kills > 0 || options.seconds <= options.kill_every, "the program was never killed");
    Ok(())
}

/// A call within a history.
pub(crate) type Called = Entry<Call>;

/// What is wrong with histories.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Histories {
    pub(crate) wrong: usize,
    pub(crate) undecided: usize,
    pub(crate) doubles: usize,
}

/// Checks the history of each interaction for itself, and shows the first that has no order.
pub(crate) fn check_histories(history: Vec<(usize, Entry<Call>)>) -> Histories {
    let mut by_interaction: BTreeMap<usize, Vec<Entry<Call>>> = BTreeMap::new();
    for (number, entry) in history {
        by_interaction.entry(number).or_default().push(entry);
    }
    println!("checking {} histories…", by_interaction.len());
    let doubles = by_interaction.values().map(|entries| double_owners(entries)).sum();
    let mut all = Histories { wrong: 0, undecided: 0, doubles };
    for (number, entries) in &by_interaction {
        match checker::check(&Rules, entries.clone()) {
            Verdict::Linearizable => {}
            Verdict::Impossible(stuck) => {
                all.wrong += 1;
                if all.wrong == 1 {
                    show(*number, entries, &stuck);
                }
            }
            Verdict::Undecided => all.undecided += 1,
        }
    }
    all
}

/// Counts the epochs at which two agents were told that they took the same interaction.
fn double_owners(entries: &[Entry<Call>]) -> usize {
    let mut taken: HashMap<u64, Agent> = HashMap::new();
    let mut doubles = 0;
    for call in entries.iter().map(|entry| entry.call) {
        if let (Request::Accept | Request::Pull, Answer::Done, Some(epoch)) =
            (call.request, call.answer, call.epoch)
        {
            doubles += usize::from(*taken.entry(epoch).or_insert(call.by) != call.by);
        }
    }
    doubles
}

/// Prints where no order was found any more: the state, what could not come next, and what was
/// called shortly before.
fn show(number: usize, entries: &[Entry<Call>], stuck: &Stuck<State>) {
    let mut entries = entries.to_vec();
    entries.sort_by_key(|entry| entry.called);
    println!(
        "interaction {number}: {} answered calls have an order, then nothing fits",
        stuck.answered
    );
    let last = stuck.next.iter().max().copied().unwrap_or(0);
    let until = entries.iter().take_while(|entry| entry.called <= last).count();
    for entry in &entries[until.saturating_sub(30)..until] {
        let mark = if stuck.next.contains(&entry.called) { '>' } else { ' ' };
        println!("{mark} called {} answered {:?}: {:?}", entry.called, entry.answered, entry.call);
    }
    println!("  in {:?}", stuck.state);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(by: Agent, epoch: u64) -> Entry<Call> {
        let call = Call { by, request: Request::Accept, epoch: Some(epoch), answer: Answer::Done };
        Entry { called: 1, answered: Some(2), call }
    }

    #[test]
    fn two_takers_of_one_epoch_are_counted() {
        assert_eq!(double_owners(&[took(1, 4), took(2, 6), took(1, 4)]), 0);
        assert_eq!(double_owners(&[took(1, 4), took(2, 4)]), 1);
    }
}
