//! The project's own commands: `cargo xtask <command>`.
//!
//! Each command is bounded in time, says what it does while it runs and prints its figures last; it exits with 0 only when what it
//! checks holds. None of them is part of the program.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "commands talk to the person who called them")]

mod bench;
mod bounded;
mod center;
mod chats;
mod ci;
mod comet;
mod contention;
mod crash;
mod cuts;
mod deny;
mod figures;
mod fuzz;
mod http;
mod mails;
mod model;
mod program;
mod slow;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Handoff's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
enum Command {
    /// Everything that a change must pass: format, lints, tidy, tests, reference clients, documentation.
    Ci(ci::Options),
    /// The rules of style and architecture that no compiler checks.
    Tidy,
    /// Licences, bans and sources of the dependencies, with cargo-deny.
    Deny(deny::Options),
    /// The rules against their independent reference, and over their whole state space.
    Model(model::Options),
    /// Nothing acknowledged is lost or doubled by SIGKILL under load.
    Crash(crash::Options),
    /// One owner under contention and SIGKILL, by a linearizability checker.
    Contention(contention::Options),
    /// Hostile input for every bolero target, for a bounded time.
    Fuzz(fuzz::Options),
    /// Slow, silent and unread connections are closed in time, and nobody else notices them.
    Slow(slow::Options),
    /// Every client is told everything once and in order, whatever connections break and whenever the program is killed.
    Cuts(cuts::Options),
    /// Everybody in a chat sees one sequence without holes or doubles, whenever the program is killed.
    Chats(chats::Options),
    /// Every mail comes in once and goes out, wherever relays, mailboxes and the program die, and two programs do not answer each other.
    Mails(mails::Options),
    /// The program that tells too early: started by the control of `cuts`.
    #[command(name = "__early-server", hide = true)]
    EarlyServer(cuts::early::Options),
    /// Figures beside floors taken in the same run.
    #[command(subcommand)]
    Bench(bench::What),
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
        Command::Ci(options) => ci::run(&root, &options),
        Command::Tidy => tidy::run(&root),
        Command::Deny(options) => deny::run(&root, &options),
        Command::Model(options) => model::run(&root, &options),
        Command::Crash(options) => crash::run(&root, &options).await,
        Command::Contention(options) => contention::run(&root, &options).await,
        Command::Fuzz(options) => fuzz::run(&root, &options),
        Command::Slow(options) => slow::run(&root, &options).await,
        Command::Cuts(options) => cuts::run(&root, &options).await,
        Command::Chats(options) => chats::run(&root, &options).await,
        Command::Mails(options) => mails::run(&root, &options).await,
        Command::EarlyServer(options) => cuts::early::serve(&options).await,
        Command::Bench(what) => bench::run(&root, &what).await,
    }
}

/// Gives the project's root: the directory above this package.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
