//! `fuzz`: hostile input for a bounded time (docs/testing.md#arbitrary-input).
//!
//! The targets are the tests that use bolero. On the stable compiler, without its own cargo
//! command, bolero feeds them random input and tells its seed when one fails;
//! `BOLERO_RANDOM_TEST_TIME_MS` says for how long. `cargo test` runs the same targets for a second
//! each. Nothing here follows coverage: for that the same targets run under `cargo bolero test`,
//! which needs a nightly compiler.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde_json::Value;

use crate::bounded;

/// The longest that building the tests may take, in s: about three times what it takes on two cores
/// with nothing built.
const BUILD_SECONDS_MAX: u64 = 1_800;
/// How much longer than wished a target may run, in s: for its last input, and for shrinking one
/// that failed.
const GRACE_SECONDS: u64 = 60;
/// What marks a target in the sources.
const MARK: &str = "bolero::check!";
/// What stands before the number of inputs in bolero's last line.
const INPUTS: &str = "rng inputs: ";
/// How many lines of a failed target's output are shown.
const LINES_SHOWN: usize = 60;

/// What can be chosen.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How long each target runs, in s.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Runs only the targets whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

/// A test that wants input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    /// The directory of its crate.
    package: PathBuf,
    /// The function.
    name: String,
}

/// Runs every target for its time and prints how many inputs it had.
///
/// # Errors
///
/// When there is no target, when one cannot be built, was fed nothing, hangs or fails.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let mut targets = targets(&root.join("crates"))?;
    targets.retain(|target| options.only.as_ref().is_none_or(|part| target.name.contains(part)));
    ensure!(!targets.is_empty(), "there is no such target");
    let mut crashed = Vec::new();
    for target in &targets {
        let executable = build(target)?;
        println!("{}: {} s…", target.name, options.seconds);
        let (inputs, output) = feed(&executable, &target.name, options.seconds)?;
        match inputs {
            Some(inputs) => println!("{}: {inputs} executions, 0 crashes", target.name),
            None => {
                println!("{}: 1 crash\n{output}", target.name);
                crashed.push(target.name.as_str());
            }
        }
    }
    ensure!(
        crashed.is_empty(),
        "{} of {} targets crashed: {crashed:?}",
        crashed.len(),
        targets.len()
    );
    println!("{} targets, 0 crashes", targets.len());
    Ok(())
}

/// Finds the targets: the functions around the mark, in every crate's tests.
fn targets(crates: &Path) -> Result<Vec<Target>> {
    let mut found = Vec::new();
    for package in fs::read_dir(crates).with_context(|| format!("list {}", crates.display()))? {
        let package = package?.path();
        let mut waiting = vec![package.join("tests")];
        while let Some(directory) = waiting.pop() {
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for entry in entries {
                let path = entry?.path();
                if path.is_dir() {
                    waiting.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let names = names(&fs::read_to_string(&path)?);
                    found.extend(
                        names.into_iter().map(|name| Target { package: package.clone(), name }),
                    );
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the names of the functions in which the mark stands.
fn names(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut function = "";
    for line in source.lines() {
        if let Some((name, _)) =
            line.trim_start().strip_prefix("fn ").and_then(|rest| rest.split_once('('))
        {
            function = name;
        }
        if line.contains(MARK) {
            names.push(function.to_owned());
        }
    }
    names
}

/// Builds the tests of a target's crate, in the release profile with the checks that it leaves out,
/// and gives their program. It is run by itself, because a child of cargo's would outlive a cargo
/// that is killed.
fn build(target: &Target) -> Result<PathBuf> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--release", "--test", "it", "--no-run", "--message-format=json"]);
    command.env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
    command.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    let mut messages = tempfile::tempfile()?;
    command.current_dir(&target.package).stdout(Stdio::from(messages.try_clone()?));
    let status = bounded::run(&mut command, BUILD_SECONDS_MAX).context("build the targets")?;
    ensure!(status.success(), "the targets do not build");
    let messages = text(&mut messages)?;
    let mut executables = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_test = message["target"]["name"] == "it" && message["profile"]["test"] == true;
        message["executable"].as_str().filter(|_| is_test).map(PathBuf::from)
    });
    executables.next_back().context("cargo told no program of the tests")
}

/// Runs one target; returns how many inputs it had, or nothing when it failed, and the end of its
/// output.
fn feed(executable: &Path, name: &str, seconds: u64) -> Result<(Option<u64>, String)> {
    let mut output = tempfile::tempfile()?;
    let mut command = Command::new(executable);
    command.args([name, "--nocapture", "--test-threads=1"]);
    command.env("BOLERO_RANDOM_TEST_TIME_MS", (seconds * 1_000).to_string());
    command.stdout(Stdio::from(output.try_clone()?)).stderr(Stdio::from(output.try_clone()?));
    let ended = bounded::run(&mut command, seconds + GRACE_SECONDS);
    let output = text(&mut output)?;
    let status = ended.with_context(|| format!("run {name}, which said:\n{}", tail(&output)))?;
    if !status.success() {
        return Ok((None, tail(&output)));
    }
    let inputs =
        inputs(&output).with_context(|| format!("{name} was fed nothing:\n{}", tail(&output)))?;
    Ok((Some(inputs), String::new()))
}

/// Reads the number of inputs from bolero's last line.
fn inputs(output: &str) -> Option<u64> {
    let (_, rest) = output.rsplit_once(INPUTS)?;
    rest.split(|letter: char| !letter.is_ascii_digit())
        .next()?
        .parse()
        .ok()
        .filter(|inputs| *inputs > 0)
}

fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
}

/// Reads a file from its beginning. What a hostile input makes a test print need not be UTF-8.
fn text(file: &mut File) -> Result<String> {
    use std::io::{Read as _, Seek as _};
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_the_function_around_the_mark() {
        let source = format!(
            "fn helper() {{}}\n#[test]\nfn any_bytes() {{\n    {MARK}().for_each(|_| {{}});\n}}\nfn last() {{}}\n"
        );
        assert_eq!(names(&source), ["any_bytes"]);
        assert_eq!(names("fn nothing() {}"), Vec::<String>::new());
    }

    #[test]
    fn the_projects_targets_are_found() {
        let targets = targets(&crate::root().join("crates")).unwrap();
        assert!(
            targets.iter().any(|target| target.name == "any_bytes_are_decoded_or_refused"),
            "{targets:?}"
        );
    }

    #[test]
    fn a_run_that_was_fed_nothing_is_no_run() {
        let line = "test any ...\trun time: 1.0s | iterations/s: 17 | rng inputs: 17 | exit reason: max duration (1s) exceeded";
        assert_eq!(inputs(line), Some(17));
        assert_eq!(inputs("rng inputs: 0"), None);
        assert_eq!(inputs("test result: ok. 0 passed"), None);
    }
}
