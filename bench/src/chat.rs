//! `bench chat`: a thousand chats at once, how soon a message arrives and what it costs.
//!
//! A thousand customers over CometD by WebSocket, as the product's page uses it, and a hundred
//! agents who have ten chats each: they hear by CometD, too, and say something with `Send`. Every
//! message has a hundred characters, goes from a customer to their agent or the other way, and is
//! durable before it is told. A message takes from the moment in which it is sent to the one in
//! which the other side has read its frame.
//!
//! The rates are those of all chats together, in each direction, one after the other: nobody talks,
//! which shows what a thousand open chats cost; two messages a second, which is the goal's rate;
//! two messages a second in each tenth chat, and in each chat. Nobody sends before their last
//! message has arrived (a customer) or is answered (an agent, for all their chats), so a machine
//! that is too small reaches less than the rate, and what it reaches is printed.
//!
//! Beside it, in the same run: one `fdatasync` after the other, and a bare axum server that hands
//! the same text from a socket to a socket, or from a POST to a socket, to as many clients.
//! Processor time is the servers' alone.

pub(crate) mod people;
mod relay;
mod report;
pub(crate) mod site;
mod stage;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use super::bare::Bare;
use super::disk;
use handoff_testkit::program::build;
use people::People;
use report::Row;
use stage::Stage;

/// How long the disk is measured.
const DISK_TIME: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many chats.
    #[arg(
        long,
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u16).range(10..=10_000)
    )]
    chats: u16,
    /// How many chats each agent has.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    chats_each: u16,
    /// Messages a second in each direction, by all chats together; 0 is nobody talks. The goals are
    /// for 2.
    #[arg(long, value_delimiter = ',', default_values_t = [0, 2, 200, 2_000])]
    rates: Vec<u32>,
    /// How long each rate is kept up, in s.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=300))]
    seconds: u16,
}

impl Options {
    /// Returns those of one chat in which nobody is told to talk.
    pub(crate) const fn of_one_chat() -> Self {
        Self { chats: 1, chats_each: 1, rates: Vec::new(), seconds: 0 }
    }
}

pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let disk = disk::measure(home.path(), DISK_TIME)?;
    println!("a bare relay: opening {} pairs…", options.chats);
    let bare = Bare::start("bare-broadcast").await?;
    let people = relay::open(&bare, options).await?;
    let floor = measure("a bare relay", &people, options).await?;
    drop((people, bare));
    let (_, program) = site::start(&binary, home.path(), options).await?;
    println!("the program: opening {} chats…", options.chats);
    let people = site::open(&program, options).await?;
    let rows = measure("the program", &people, options).await;
    let rows = rows.with_context(|| format!("the program's log:\n{}", program.log_tail()))?;
    report::print(&rows, &floor, disk, options);
    Ok(())
}

async fn measure(name: &str, people: &People, options: &Options) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for rate in &options.rates {
        println!("{name}: {rate} messages/s each way for {} s…", options.seconds);
        let stage = Stage { rate: *rate, time: Duration::from_secs(options.seconds.into()) };
        rows.push(stage.run(people).await?);
    }
    Ok(rows)
}
