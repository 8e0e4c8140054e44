//! Figures, beside floors of the same run on the same machine where there is one. Nothing here
//! fails for being slow. `cargo xtask bench NAME` calls it.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "commands talk to the person who called them"
)]

mod alone;
mod bare;
mod chat;
mod cluster;
mod cometd;
mod commands;
mod costs;
mod counted;
mod counts;
mod desks;
mod disk;
mod grow;
mod lean;
mod mail;
mod rebuild;
mod rows;
mod shift;
mod wire;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(
    name = "bench",
    about = "Handoff's figures, beside floors of the same run where there is one"
)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Durable commands a second: agents accept and complete.
    Commands(commands::Options),
    /// Commands a second of one, two and three nodes over one PostgreSQL, beside `pgbench`.
    Cluster(cluster::Options),
    /// What a command costs in the embedded store: statements, pages and bytes.
    Costs(costs::Options),
    /// What a command takes, in counts that no machine changes, against ceilings.
    Counts(counts::Options),
    /// What a CometD session and a delivery cost, beside a bare server and other Bayeux servers.
    Cometd(cometd::Options),
    /// A thousand chats: how soon a message arrives and what it costs, beside a bare relay.
    Chat(chat::Options),
    /// Letters a second that are read, threaded and durable, beside reading alone and the disk.
    Mail(mail::Options),
    /// Lists, start and size of a store that grows.
    Grow(grow::Options),
    /// What commands notice of a projection that is rebuilt.
    Rebuild(rebuild::Options),
    /// The start and the end of a shift: a thousand agents sign in, and are disabled at once.
    Shift(shift::Options),
    /// The bare broadcast server that is compared with: started by the others.
    #[command(hide = true)]
    BareBroadcast,
    /// The bare server that is compared with: started by the others.
    #[command(hide = true)]
    BareServer,
}

fn main() -> ExitCode {
    counted::carry_out().unwrap_or_else(bench)
}

#[tokio::main]
async fn bench() -> ExitCode {
    match run(&root(), &Arguments::parse().what).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(root: &Path, what: &What) -> Result<()> {
    match what {
        What::BareServer => bare::serve().await,
        What::BareBroadcast => cometd::serve_floor().await,
        // A driver and a floor without optimization would flatter the program.
        What::Commands(_)
        | What::Cluster(_)
        | What::Cometd(_)
        | What::Chat(_)
        | What::Mail(_)
        | What::Rebuild(_)
        | What::Shift(_)
        | What::Grow(_)
            if cfg!(debug_assertions) =>
        {
            again_in_release(root)
        }
        What::Commands(options) => commands::run(root, options).await,
        What::Cluster(options) => cluster::run(root, options).await,
        What::Costs(options) => costs::run(options).await,
        What::Counts(options) => counts::run(options).await,
        What::Cometd(options) => cometd::run(root, options).await,
        What::Chat(options) => chat::run(root, options).await,
        What::Mail(options) => mail::run(root, options).await,
        What::Grow(options) => grow::run(root, options).await,
        What::Shift(options) => shift::run(root, options).await,
        What::Rebuild(options) => rebuild::run(options).await,
    }
}

/// Runs the same command line with the release profile.
fn again_in_release(root: &Path) -> Result<()> {
    println!("building the benchmark (release)…");
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["run", "--release", "--package", "handoff-bench", "--"])
        .args(std::env::args_os().skip(1))
        .current_dir(root)
        .status()
        .context("run cargo")?;
    ensure!(status.success(), "the benchmark failed");
    Ok(())
}

/// Returns the project's root: the directory above this package.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
