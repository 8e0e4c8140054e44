//! The project's own commands: `cargo xtask <command>`.
//!
//! Each command is bounded in time, says what it does while it runs and prints its figures last; it
//! exits with 0 only when what it checks holds. None of them is part of the program.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "commands talk to the person who called them"
)]

mod bounded;
mod ci;
mod demo;
mod deny;
mod dist;
mod fuzz;
mod model;
mod set_up;
mod tidy;
mod web;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, ExitCode};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};

/// The packages that campaigns and figures are in; they depend on the product, and this program
/// does not, so that it builds in seconds.
const ELSEWHERE: [(&str, &[&str]); 2] = [
    (
        "handoff-faults",
        &["applies", "chats", "cluster", "contention", "crash", "cuts", "floods", "mails", "slow"],
    ),
    ("handoff-bench", &["bench"]),
];

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "Handoff's own commands",
    after_help = "Fault campaigns, each with --help of its own: applies, chats, cluster, contention, crash, cuts, floods, mails, slow.\nFigures, beside floors of the same run where there is one: bench NAME."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
enum Command {
    /// Everything that a change must pass: format, lints, tidy, tests, reference clients,
    /// documentation.
    Ci(ci::Options),
    /// Builds the pages and the program, and runs the demo (`cargo demo`).
    Demo(demo::Options),
    /// Builds the pages below `web`, which the program carries.
    Web,
    /// The rules of style and architecture that no compiler checks.
    Tidy,
    /// Licences, bans and sources of the dependencies, with cargo-deny.
    Deny(deny::Options),
    /// A Debian package, a tarball, and a list of what is in the program.
    Dist(dist::Options),
    /// The rules over their whole state space, and by random sequences of commands.
    Model(model::Options),
    /// Hostile input for every bolero target, for a bounded time.
    Fuzz(fuzz::Options),
    /// A campaign or a figure.
    #[command(external_subcommand)]
    Elsewhere(Vec<OsString>),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let root = root();
    match command {
        Command::Ci(options) => ci::run(&root, &options),
        Command::Demo(options) => demo::run(&root, &options),
        Command::Web => web::build(&root),
        Command::Tidy => tidy::run(&root),
        Command::Deny(options) => deny::run(&root, &options),
        Command::Dist(options) => dist::run(&root, options),
        Command::Model(options) => model::run(&root, &options),
        Command::Fuzz(options) => fuzz::run(&root, &options),
        Command::Elsewhere(words) => elsewhere(&root, &words),
    }
}

/// Runs a command of another package, with what was typed behind its name.
fn elsewhere(root: &Path, words: &[OsString]) -> Result<()> {
    let (name, rest) = words.split_first().context("a command has a name")?;
    let owner = ELSEWHERE.iter().find(|(_, names)| names.iter().any(|known| name == known));
    let Some((package, names)) = owner else {
        bail!("there is no command {}; cargo xtask --help lists all", name.display());
    };
    let mut command = cargo(root);
    command.args(["run", "--package", package, "--"]);
    // A package with one command has its options at the top.
    command.args((names.len() > 1).then_some(name)).args(rest);
    let status = command.status().with_context(|| format!("run {package}"))?;
    ensure!(status.success(), "{} failed", name.display());
    Ok(())
}

/// Returns cargo, as it was called itself, at the project's root.
fn cargo(root: &Path) -> Process {
    /// How the variables begin that tell a program of the package that it is built of.
    const OWN: [&str; 2] = ["CARGO_MANIFEST_", "CARGO_PKG_"];
    let mut command = Process::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // What `cargo xtask` says of its own package would be taken for a change of every package that
    // looks at it, and these, with all that rests on them, built anew.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|it| OWN.iter().any(|own| it.starts_with(own))) {
            command.env_remove(name);
        }
    }
    command
}

/// Returns where cargo puts what it builds.
fn target(root: &Path) -> PathBuf {
    root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Returns the project's root: the directory above this package.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
