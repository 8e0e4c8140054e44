//! `bench counts`: what a command takes, in counts that no machine changes, against ceilings
//! (docs/performance.md#ceilings).
//!
//! One agent accepts and completes one work item after the other, and each command waits until the
//! one before was told, so that nothing shares a batch, an answer or a wake-up. Allocations are
//! those of the whole program but for SQLite's own; system calls are those that strace sees. The
//! store's part is that of `bench costs`. The same is counted of a chat's messages, of letters, and
//! of each agent who is told of an event; of a session that waits, the bytes that it holds. It
//! fails when a count is above its ceiling, and never for being slow.

mod idle;
mod letters;
mod readers;
mod strace;
mod talk;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_testkit::center;
use handoff_testkit::{Client, Program};
use tokio::task::LocalSet;
use tokio_util::task::AbortOnDropHandle;

use crate::costs;
use crate::counted::allocations;
use crate::desks::{self, ACCEPT, COMPLETE};
use crate::lean::{self, Line, Requests, Told};
use idle::Idle;
use letters::{LETTERS, Letters};
use readers::{READERS, Readers};
use strace::Strace;
use talk::{MESSAGES, Talk};

/// Work items of a round. The agent holds as many at once, which makes their desk larger.
const ITEMS: usize = 5;
/// After how many rounds a count that is above its ceiling is believed: on a busy machine workers
/// do more by the clock in each.
const ROUNDS_MAX: usize = 40;
/// How many messages a chat has in which much was said.
const LATE: usize = 1_000;
/// How often the program is killed, so that everybody comes back.
const RETURNS: usize = 3;
/// How much more than the figure that was found last is let pass: counts move a little with how
/// threads meet.
const ROOM: f64 = 1.1;

/// What each was when this was last changed, by a debug build: lower it with what lowers it. System
/// calls are those of a machine that does other things as well, where threads are woken more often.
/// Of the allocations some twenty are the index of search's, which reads each interaction anew that
/// something happened to.
const ALLOCATIONS: f64 = 268.0;
const SYSTEM_CALLS: f64 = 35.0;
const STATEMENTS: f64 = 9.0;
const PAGES: f64 = 8.2;
const KB_WRITTEN: f64 = 33.5;
/// Of a work item that is over, and was changed once, when everything is swept that may be.
const BYTES_FINISHED: f64 = 1_707.0;
/// Of a chat's message, from a customer or from an agent, on a machine that does other things as
/// well: how many meet in a batch goes by the clock, and with it how often threads are woken. Four
/// of the calls are the index of search's, which writes into a file of its own.
const MESSAGE_ALLOCATIONS: f64 = 152.0;
const MESSAGE_SYSTEM_CALLS: f64 = 24.0;
/// Of a letter by LMTP, half of which answer one from before.
const LETTER_ALLOCATIONS: f64 = 461.0;
const LETTER_SYSTEM_CALLS: f64 = 68.0;
const LETTER_STATEMENTS: f64 = 25.5;
const LETTER_PAGES: f64 = 18.6;
const LETTER_KB_WRITTEN: f64 = 81.3;
/// Of each agent who is told of an event, their next poll included.
const READER_ALLOCATIONS: f64 = 94.6;
/// Of each agent who comes back after the program was killed, until their next poll is in.
const RETURN_ALLOCATIONS: f64 = 371.0;
/// Of a session of an agent's that waits, on either transport.
const HELD_POLL_KIB: f64 = 5.8;
const WEBSOCKET_KIB: f64 = 7.4;

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many rounds of five work items at least, for each of allocations and system calls.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// How many work items live in the store alone.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..))]
    items: u16,
}

/// What was counted for each command.
struct Count {
    what: &'static str,
    known: f64,
    found: f64,
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    // First: what a process that has ended wrote is counted to the one that awaited it.
    let store = costs::each(options.items, 1).await?;
    let stored = letters::stored().await?;
    let rounds = usize::from(options.rounds);
    let measured = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, measure(rounds))
    });
    let (of_command, [early, late], of_letter, of_reader, idle) =
        measured.await.context("counting was interrupted")??;
    let Taken { allocations, calls } = of_command;
    let count = |what, known, found| Count { what, known, found };
    let counts = [
        count("allocations", ALLOCATIONS, allocations),
        count("system calls", SYSTEM_CALLS, calls),
        count("statements", STATEMENTS, store.statements),
        count("pages", PAGES, store.pages),
        count("KB written", KB_WRITTEN, store.kb),
        count("bytes finished", BYTES_FINISHED, store.finished),
        count("a message: allocations", MESSAGE_ALLOCATIONS, early.allocations),
        count("a message: system calls", MESSAGE_SYSTEM_CALLS, early.calls),
        count("… late in a chat: allocations", MESSAGE_ALLOCATIONS, late.allocations),
        count("… late in a chat: system calls", MESSAGE_SYSTEM_CALLS, late.calls),
        count("a letter: allocations", LETTER_ALLOCATIONS, of_letter.allocations),
        count("a letter: system calls", LETTER_SYSTEM_CALLS, of_letter.calls),
        count("a letter: statements", LETTER_STATEMENTS, stored.statements),
        count("a letter: pages", LETTER_PAGES, stored.pages),
        count("a letter: KB written", LETTER_KB_WRITTEN, stored.kb),
        count("a reader of an event: allocations", READER_ALLOCATIONS, of_reader.told),
        count("a return: allocations", RETURN_ALLOCATIONS, of_reader.returned),
        count("a held poll: KiB", HELD_POLL_KIB, idle.held_poll_kib),
        count("a websocket: KiB", WEBSOCKET_KIB, idle.websocket_kib),
    ];
    check(&counts)
}

/// Prints all counts, and fails when one is above its ceiling.
fn check(counts: &[Count]) -> Result<()> {
    println!("{:<34}    found    known  ceiling", "for each command");
    for Count { what, known, found } in counts {
        println!("{what:<34} {found:>8.1} {known:>8.1} {:>8.1}", known * ROOM);
    }
    let above: Vec<&str> = counts
        .iter()
        .filter(|count| count.found > count.known * ROOM)
        .map(|count| count.what)
        .collect();
    ensure!(above.is_empty(), "above the ceiling: {}", above.join(", "));
    Ok(())
}

/// What something took.
struct Taken {
    allocations: f64,
    calls: f64,
}

/// What an agent's part in an event took, in allocations.
struct OfReader {
    told: f64,
    /// Of one who had to come back for it.
    returned: f64,
}

/// Returns what a command, a chat's message, a letter, a reader of an event and a session that
/// waits take, each of the round with the fewest: what workers do by the clock meanwhile comes on
/// top of any.
async fn measure(rounds: usize) -> Result<(Taken, [Taken; 2], Taken, OfReader, Idle)> {
    let own = std::env::current_exe().context("find this program")?;
    let command = of_commands(&own, rounds).await?;
    let messages = of_messages(&own, rounds).await?;
    let letter = of_letters(&own, rounds).await?;
    let reader = of_readers(&own, rounds).await?;
    Ok((command, messages, letter, reader, idle::measure(&own).await?))
}

async fn of_commands(own: &Path, rounds: usize) -> Result<Taken> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let mut stage = Stage::open(own, home.path()).await?;
    // The first round also pays for what is made once.
    let work = stage.prepare().await?;
    stage.work(work).await?;
    let mut allocated = Fewest::new(ALLOCATIONS, ITEMS * 2);
    while allocated.is_wanted(rounds) {
        let work = stage.prepare().await?;
        let before = allocations(&stage.config)?;
        stage.work(work).await?;
        allocated.take(allocations(&stage.config)? - before);
    }
    let mut called = Fewest::new(SYSTEM_CALLS, ITEMS * 2);
    while called.is_wanted(rounds) {
        let work = stage.prepare().await?;
        let strace = Strace::attach(stage.program.id()?, &home.path().join("calls")).await?;
        stage.work(work).await?;
        called.take(strace.detach().await?);
    }
    Ok(Taken { allocations: allocated.each, calls: called.each })
}

/// Returns what a message takes of a chat that has just begun, and of one in which much was said:
/// the same, or the cost of a chat grows with its length.
async fn of_messages(own: &Path, rounds: usize) -> Result<[Taken; 2]> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let talk = Talk::open(own, home.path()).await?;
    talk.go_on().await?;
    let early = of_talk(&talk, home.path(), rounds).await?;
    for _ in 0..LATE.div_ceil(MESSAGES) {
        talk.go_on().await?;
    }
    Ok([early, of_talk(&talk, home.path(), rounds).await?])
}

async fn of_talk(talk: &Talk, home: &Path, rounds: usize) -> Result<Taken> {
    let mut allocated = Fewest::new(MESSAGE_ALLOCATIONS, MESSAGES);
    while allocated.is_wanted(rounds) {
        let before = allocations(&talk.config)?;
        talk.go_on().await?;
        allocated.take(allocations(&talk.config)? - before);
    }
    let mut called = Fewest::new(MESSAGE_SYSTEM_CALLS, MESSAGES);
    while called.is_wanted(rounds) {
        let strace = Strace::attach(talk.program.id()?, &home.join("calls")).await?;
        talk.go_on().await?;
        called.take(strace.detach().await?);
    }
    Ok(Taken { allocations: allocated.each, calls: called.each })
}

async fn of_letters(own: &Path, rounds: usize) -> Result<Taken> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let mut letters = Letters::open(own, home.path()).await?;
    letters.deliver().await?;
    let mut allocated = Fewest::new(LETTER_ALLOCATIONS, LETTERS);
    while allocated.is_wanted(rounds) {
        let before = allocations(&letters.config)?;
        letters.deliver().await?;
        allocated.take(allocations(&letters.config)? - before);
    }
    let mut called = Fewest::new(LETTER_SYSTEM_CALLS, LETTERS);
    while called.is_wanted(rounds) {
        let process = letters.office.program.id()?;
        let strace = Strace::attach(process, &home.path().join("calls")).await?;
        letters.deliver().await?;
        called.take(strace.detach().await?);
    }
    Ok(Taken { allocations: allocated.each, calls: called.each })
}

/// Returns allocations. System calls are not counted: how many agents share a wake-up is how
/// threads meet.
async fn of_readers(own: &Path, rounds: usize) -> Result<OfReader> {
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let mut readers = Readers::open(own, home.path()).await?;
    readers.tell().await?;
    let mut told = Fewest::new(READER_ALLOCATIONS, READERS);
    while told.is_wanted(rounds) {
        told.take(readers.tell().await?);
    }
    // Their streams have all that they were told by now.
    let mut returned = Fewest::new(RETURN_ALLOCATIONS, READERS);
    while returned.is_wanted(RETURNS) {
        returned.take(readers.come_back().await?);
    }
    Ok(OfReader { told: told.each, returned: returned.each })
}

/// The fewest for each of so many, of several rounds.
struct Fewest {
    known: f64,
    among: usize,
    rounds: usize,
    each: f64,
}

impl Fewest {
    const fn new(known: f64, among: usize) -> Self {
        Self { known, among, rounds: 0, each: f64::INFINITY }
    }

    fn take(&mut self, count: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a count of thousands")]
        let each = count as f64 / self.among as f64;
        self.each = self.each.min(each);
        self.rounds += 1;
    }

    /// Tells whether there is to be another round.
    fn is_wanted(&self, rounds: usize) -> bool {
        self.rounds < rounds || (self.rounds < ROUNDS_MAX && self.each > self.known * ROOM)
    }
}

/// The program with one agent at work.
struct Stage {
    config: PathBuf,
    program: Program,
    client: Client,
    told: Rc<Told>,
    /// What the agent was told so far.
    heard: usize,
    _polls: AbortOnDropHandle<()>,
}

impl Stage {
    async fn open(own: &Path, home: &Path) -> Result<Self> {
        let (site, program) = desks::open(own, home, 1, ITEMS).await?;
        let (server, name) = (program.server()?, center::agent(0));
        let client = program.client(&name);
        let told = Rc::new(Told::default());
        let polling = lean::listen(&client, server, &name, told.clone()).await?;
        let _polls = AbortOnDropHandle::new(tokio::task::spawn_local(polling));
        client.start_work(&["workitem"]).await?;
        Ok(Self { config: site.config, program, client, told, heard: 0, _polls })
    }

    /// Waits until the agent is offered work, and returns the requests that do it
    /// with the connection to send them on.
    async fn prepare(&mut self) -> Result<(Rc<Line>, Requests)> {
        desks::submit(&self.program.address(), ITEMS).await?;
        let offers = desks::offers(&self.client, ITEMS).await?;
        self.heard += ITEMS;
        self.told.all(self.heard).await?;
        let line = Line::open(self.program.server()?, &center::agent(0)).await?;
        let requests = offers.iter().flat_map(|id| {
            let path = format!("/api/v2/me/interactions/{id}");
            [ACCEPT, COMPLETE].map(|body| line.post(&path, body))
        });
        let requests = requests.collect();
        Ok((line, requests))
    }

    async fn work(&mut self, (line, requests): (Rc<Line>, Requests)) -> Result<()> {
        for request in requests {
            lean::ask_all(vec![(line.clone(), vec![request])]).await?;
            self.heard += 1;
            self.told.all(self.heard).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_its_ceiling_is_refused() {
        let of = |found| Count { what: "pages", known: 10.0, found };
        assert!(check(&[of(10.9)]).is_ok());
        let refused = check(&[of(9.0), of(11.1)]).unwrap_err();
        assert_eq!(refused.to_string(), "above the ceiling: pages");
    }
}
