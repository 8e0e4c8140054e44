//! `demo`: everything from a fresh checkout to a running demo center.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::{cargo, target, web};

/// What can be chosen.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// What `handoff demo` is given, such as `--listen 127.0.0.1:9000` or `--data DIR`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Builds the pages and the program, and runs the demo until it is stopped.
///
/// # Errors
///
/// When something is missing or does not build, or the demo ends with an error.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    web::build(root)?;
    println!("building handoff (release; some minutes the first time)…");
    let arguments = ["build", "--release", "--package", "handoff-server", "--features", "pages"];
    let status = cargo(root).args(arguments).status().context("run cargo build")?;
    ensure!(status.success(), "the program does not build");
    let program = target(root).join("release").join("handoff");
    // The demo takes this process's place, so that whoever stops this stops the demo.
    let error = Command::new(&program).arg("demo").args(&options.arguments).exec();
    Err(error).with_context(|| format!("run {}", program.display()))
}
