//! `model`: the rules over their whole state space and by random sequences of commands
//! (docs/testing.md#rules).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::bounded;

/// The longest that the run may take, in s: about ten times what it takes on two cores.
const SECONDS_MAX: u64 = 1_500;

/// What can be chosen.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many random sequences are tried of each kind; one is up to 120 commands long.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..))]
    sequences: u32,
}

/// Runs the domain's model tests in the release profile; they print their figures themselves.
///
/// # Errors
///
/// When an invariant does not hold, or a seeded fault is not found.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--release", "--package", "handoff-domain"]);
    command.args(["--test", "model", "--test", "it", "--", "--nocapture"]);
    command.args(["explore::", "faults::", "random::", "transcripts::"]);
    command.env("HANDOFF_MODEL_SEQUENCES", options.sequences.to_string()).current_dir(root);
    println!("exploring, and trying {} sequences of each kind…", options.sequences);
    let status = bounded::run(&mut command, SECONDS_MAX).context("run the model tests")?;
    ensure!(status.success(), "the model tests failed");
    Ok(())
}
