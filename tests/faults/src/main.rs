//! The campaigns' command line; `cargo xtask NAME` calls it.
#![expect(clippy::print_stderr, reason = "commands talk to the person who called them")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use handoff_faults::{
    applies, chats, cluster, contention, crash, cuts, floods, mails, slow, stand_in,
};

#[derive(Debug, Parser)]
#[command(name = "faults", about = "Handoff's fault campaigns")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
enum Command {
    /// A contact center that is changed while it works: no work is lost, and new rules hold within
    /// a second.
    Applies(applies::Options),
    /// Nothing acknowledged is lost or doubled by SIGKILL under load.
    Crash(crash::Options),
    /// One owner under contention and SIGKILL, by a linearizability checker.
    Contention(contention::Options),
    /// Slow, silent and unread connections are closed in time, and nobody else notices them.
    Slow(slow::Options),
    /// One address that sends all it can costs a bounded amount of memory and disk, and nobody else
    /// waits for it.
    Floods(floods::Options),
    /// Every client is told everything once and in order, whatever connections break and whenever
    /// the program is killed.
    Cuts(cuts::Options),
    /// Everybody in a chat sees one sequence without holes or doubles, whenever the program is
    /// killed.
    Chats(chats::Options),
    /// Three nodes, their databases, the bus and the balancer: whatever breaks, nothing that was
    /// acknowledged is lost or doubled, and service is back within ten seconds.
    Cluster(cluster::Options),
    /// Every mail comes in once and goes out, wherever relays, mailboxes and the program die, and
    /// two programs do not answer each other.
    Mails(mails::Options),
    /// What stands in for the program, with a fault: started by controls.
    #[command(name = "__stand-in", hide = true)]
    StandIn(stand_in::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    let root = root();
    match command {
        Command::Applies(options) => applies::run(&root, &options).await,
        Command::Crash(options) => crash::run(&root, &options).await,
        Command::Contention(options) => contention::run(&root, &options).await,
        Command::Slow(options) => slow::run(&root, &options).await,
        Command::Floods(options) => floods::run(&root, &options).await,
        Command::Cuts(options) => cuts::run(&root, &options).await,
        Command::Chats(options) => chats::run(&root, &options).await,
        Command::Cluster(options) => cluster::run(&root, &options).await,
        Command::Mails(options) => mails::run(&root, &options).await,
        Command::StandIn(options) => stand_in::serve(&options).await,
    }
}

/// Returns the project's root, two directories above this package.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.ancestors().nth(2).unwrap_or(own).to_owned()
}
