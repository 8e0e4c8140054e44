//! `deny`: cargo-deny over the dependencies (`deny.toml`).

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail, ensure};
use clap::Args;

use crate::bounded;

/// The longest that the check may take, in s; the list of advisories has to be fetched.
const SECONDS_MAX: u64 = 600;

/// What can be chosen.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Check for known vulnerabilities instead, which needs the network.
    #[arg(long)]
    advisories: bool,
}

/// Runs cargo-deny.
///
/// # Errors
///
/// When it is not installed or finds something.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let installed = Command::new("cargo-deny")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !installed.is_ok_and(|status| status.success()) {
        bail!("cargo-deny is not installed; `cargo install --locked cargo-deny` installs it");
    }
    let mut command = Command::new("cargo-deny");
    command.args(["--workspace", "check"]).current_dir(root);
    if options.advisories {
        command.arg("advisories");
    } else {
        command.args(["bans", "licenses", "sources"]);
    }
    ensure!(bounded::run(&mut command, SECONDS_MAX)?.success(), "cargo-deny found something");
    println!("cargo-deny: nothing found");
    Ok(())
}
