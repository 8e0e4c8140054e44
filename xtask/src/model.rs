//! `model`: the rules against their independent reference and over their whole state space
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
    /// How many random commands are compared.
    #[arg(
        long,
        default_value_t = 200_000,
        value_parser = clap::value_parser!(u64).range(1..=100_000_000),
    )]
    commands: u64,
    /// What the random choices start from.
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the domain's model test in the release profile; it prints its figures itself.
///
/// # Errors
///
/// When a rule and its reference differ, or an invariant does not hold.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([
        "test",
        "--quiet",
        "--release",
        "--package",
        "handoff-domain",
        "--test",
        "model",
        "--",
        "--nocapture",
    ]);
    command.env("HANDOFF_MODEL_COMMANDS", options.commands.to_string()).current_dir(root);
    if let Some(seed) = options.seed {
        command.env("HANDOFF_MODEL_SEED", seed.to_string());
    }
    println!("comparing {} commands…", options.commands);
    let status = bounded::run(&mut command, SECONDS_MAX).context("run the model test")?;
    ensure!(status.success(), "the model test failed");
    Ok(())
}
