//! `ci`: everything that a change must pass, in the order in which it fails soonest.
//!
//! All builds use one profile and one set of features, so that each crate is compiled once for
//! checking and once for running.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use crate::{bounded, dist, set_up, tidy, web};

/// The longest that one stage may take, in s. A cold build of everything takes about ten minutes on
/// two cores.
const STAGE_SECONDS_MAX: u64 = 1_500;
/// How many tests run at once. They wait for disks, servers and timers half of their time, so two
/// cores are busy with four.
const TESTS_AT_ONCE: &str = "4";
/// What every build is of, so that no crate is built twice with other features.
const EVERYTHING: [&str; 3] = ["--workspace", "--all-targets", "--all-features"];

/// The black-box tests that run over PostgreSQL as well: who is offered what, a chat, kills,
/// replays and mailboxes, of which each rests on what the store promises.
const ON_POSTGRES: [&str; 6] =
    ["chat::", "counters::", "durability::", "mailboxes::", "offers::", "replay::"];
/// Those that run before three nodes as well, a request here and the next one there: what a client
/// sees must not depend on which of them it reaches. Counters are read from one node's own file.
const ON_NODES: [&str; 7] =
    ["chat::", "durability::", "mailboxes::", "offers::", "provisioning::", "replay::", "tour::"];
/// Three nodes, of which one dies, PostgreSQL starts anew, and the standby takes over.
const SHORT_CLUSTER: &str = "cluster --agents 4 --interactions 12 \
                             --kinds node-killed,database-restarted,failed-over";

/// What can be chosen.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Begin at this stage, after the ones before it have passed: tools, format, tidy, web, clippy,
    /// build, test, postgres, nodes, counts, package, widget, desk, interop, described, mail,
    /// browser, applies, cuts, chats, mails, floods, cluster, documentation.
    #[arg(long, value_name = "STAGE", default_value = "tools")]
    from: String,
    #[command(flatten)]
    set_up: set_up::Options,
}

/// Tests counted in the output of a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tests {
    passed: u64,
    failed: u64,
}

/// One stage's outcome.
struct Stage {
    name: &'static str,
    took: Duration,
    tests: Tests,
}

/// A stage: its name and what it runs.
type Step<'a> = (&'static str, Run<'a>);
type Run<'a> = Box<dyn FnOnce() -> Result<Tests> + 'a>;

/// Runs all stages, to the first that fails.
///
/// # Errors
///
/// When a stage fails.
pub(crate) fn run(root: &Path, options: &Options) -> Result<()> {
    let mut done: Vec<Stage> = Vec::new();
    let steps = steps(root, options.set_up);
    let skipped = steps.iter().position(|(name, _)| *name == options.from);
    let skipped = skipped.with_context(|| format!("there is no stage {}", options.from))?;
    for (name, step) in steps.into_iter().skip(skipped) {
        println!("== {name}");
        let started = Instant::now();
        let outcome = step();
        let tests = outcome.as_ref().copied().unwrap_or_default();
        done.push(Stage { name, took: started.elapsed(), tests });
        if let Err(error) = outcome {
            summarize(&done);
            println!("FAILED at {name}");
            return Err(error);
        }
    }
    summarize(&done);
    Ok(())
}

fn steps(root: &Path, set_up: set_up::Options) -> Vec<Step<'_>> {
    let cargo = move |arguments: &[&str]| {
        let mut command = crate::cargo(root);
        command.args(arguments).env("HANDOFF_BIN", program(root));
        command.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
        command
    };
    let plain = move |mut command: Command| counted(&mut command);
    let script = move |path: &str| {
        let mut command = Command::new("bash");
        command.arg(root.join(path)).current_dir(root).env("HANDOFF_BIN", program(root));
        command
    };
    let check = move |package: &str| {
        let mut command = script("web/check.sh");
        command.arg(package);
        command
    };
    let campaign = move |words: &'static str| -> Run<'_> {
        Box::new(move || {
            // As it was built: cargo would build it again without the other packages' features.
            let mut command = Command::new(crate::target(root).join("debug").join("faults"));
            command.args(words.split(' ')).current_dir(root).env("HANDOFF_BIN", program(root));
            plain(command)
        })
    };
    vec![
        ("tools", Box::new(move || set_up::for_tests(set_up).map(|()| Tests::default()))),
        ("format", Box::new(move || plain(cargo(&["fmt", "--all", "--check"])))),
        ("tidy", Box::new(move || tidy::run(root).map(|()| Tests::default()))),
        ("web", Box::new(move || web::build(root).map(|()| Tests::default()))),
        ("clippy", Box::new(move || plain(linted(cargo(&["clippy"]))))),
        (
            "build",
            Box::new(move || {
                let mut command = cargo(&["build"]);
                command.args(EVERYTHING);
                plain(command)
            }),
        ),
        ("test", Box::new(move || plain(cargo(&["test", "--workspace", "--all-features"])))),
        // What needs the whole program, once more over a database.
        ("postgres", Box::new(move || plain(on_postgres(black_box(root)?, &ON_POSTGRES)))),
        ("nodes", Box::new(move || plain(on_nodes(black_box(root)?)))),
        // As it was built, too.
        ("counts", Box::new(move || plain(counts(root)))),
        ("package", Box::new(move || dist::try_built(root).map(|()| Tests::default()))),
        ("widget", Box::new(move || plain(check("chat-widget")))),
        ("desk", Box::new(move || plain(check("desk")))),
        ("interop", Box::new(move || plain(script("tests/interop/run.sh")))),
        ("described", Box::new(move || plain(script("tests/described/run.sh")))),
        ("mail", Box::new(move || plain(script("tests/mail/run.sh")))),
        ("browser", Box::new(move || plain(script("tests/browser/run.sh")))),
        ("applies", campaign("applies --changes 60 --agents 12")),
        ("cuts", campaign("cuts --cuts 40 --restarts 1 --clients 12")),
        ("chats", campaign("chats --chats 20 --seconds 6 --kills 2")),
        ("mails", campaign("mails --mails 5 --kills 18 --answers 120")),
        ("floods", campaign("floods --small")),
        ("cluster", campaign(SHORT_CLUSTER)),
        (
            "documentation",
            Box::new(move || {
                let mut command = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
                command.env("RUSTDOCFLAGS", "-D warnings");
                plain(command)
            }),
        ),
    ]
}

fn linted(mut command: Command) -> Command {
    command.args(EVERYTHING).args(["--", "-D", "warnings"]);
    command
}

/// Returns the black-box tests as they were built with everything else: cargo would build all
/// that they rest on again without the other packages' features.
fn black_box(root: &Path) -> Result<Command> {
    let mut asked = crate::cargo(root);
    asked.args(["test", "--no-run", "--message-format=json"]).args(EVERYTHING);
    let said = asked.stderr(Stdio::inherit()).output().context("ask cargo what it built")?;
    ensure!(said.status.success(), "cargo test --no-run ended with {}", said.status);
    let home = root.join("tests/it");
    let built = said.stdout.split(|byte| *byte == b'\n').find_map(|line| {
        let message: Value = serde_json::from_slice(line).ok()?;
        let is_ours = Path::new(message["manifest_path"].as_str()?).parent() == Some(&home);
        let is_it = message["target"]["name"] == "it" && message["profile"]["test"] == true;
        message["executable"].as_str().filter(|_| is_ours && is_it).map(PathBuf::from)
    });
    let mut command = Command::new(built.context("cargo built no black-box tests")?);
    command.current_dir(home).env("HANDOFF_BIN", program(root));
    Ok(command)
}

/// Returns black-box tests over PostgreSQL.
fn on_postgres(mut command: Command, tests: &[&str]) -> Command {
    command.args(tests).env("HANDOFF_TEST_STORE", "postgres");
    command.env("RUST_TEST_THREADS", TESTS_AT_ONCE);
    command
}

/// Returns those over PostgreSQL before three nodes.
fn on_nodes(command: Command) -> Command {
    let mut command = on_postgres(command, &ON_NODES);
    command.env("HANDOFF_TEST_NODES", "3");
    command
}

/// Returns where the build stage puts the program.
fn program(root: &Path) -> PathBuf {
    crate::target(root).join("debug").join("handoff")
}

/// Returns the comparison of a command's counts with their ceilings, by the debug build.
fn counts(root: &Path) -> Command {
    let mut command = Command::new(crate::target(root).join("debug").join("bench"));
    command.arg("counts").current_dir(root);
    command
}

/// Runs a command, shows what it says and counts the tests that it reports.
fn counted(command: &mut Command) -> Result<Tests> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child: Child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("start {name}"))?;
    let output = child.stdout.take().context("the output was asked for")?;
    let reader = thread::spawn(move || echo(output));
    let status = bounded::wait(&mut child, STAGE_SECONDS_MAX)?;
    let Ok(tests) = reader.join() else { bail!("the output of {name} could not be shown") };
    ensure!(status.success(), "{name} ended with {status}");
    ensure!(tests.failed == 0, "{} tests failed", tests.failed);
    Ok(tests)
}

/// Shows a command's output and counts its tests.
fn echo(output: ChildStdout) -> Tests {
    let mut tests = Tests::default();
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        let found = results(&line);
        tests.passed += found.passed;
        tests.failed += found.failed;
        println!("{line}");
    }
    tests
}

/// Reads a line of results: libtest's `test result: ok. 3 passed; 0 failed; …`, or the last line of
/// the reference clients, `3 passed, 0 failed`.
fn results(line: &str) -> Tests {
    let before = |word: &str| {
        let (before, _) = line.split_once(word)?;
        before.split_whitespace().next_back()?.parse::<u64>().ok()
    };
    match (before(" passed"), before(" failed")) {
        (Some(passed), Some(failed)) => Tests { passed, failed },
        _ => Tests::default(),
    }
}

fn summarize(done: &[Stage]) {
    println!();
    for stage in done {
        println!("{:14} {:6.1} s", stage.name, stage.took.as_secs_f64());
    }
    let passed: u64 = done.iter().map(|stage| stage.tests.passed).sum();
    let failed: u64 = done.iter().map(|stage| stage.tests.failed).sum();
    let took: f64 = done.iter().map(|stage| stage.took.as_secs_f64()).sum();
    println!("{passed} passed, {failed} failed, {took:.0} s");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted() {
        let cases = [
            ("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured", (12, 0)),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored", (3, 2)),
            ("40 passed, 1 failed", (40, 1)),
            ("test it::was_passed ... ok", (0, 0)),
            ("", (0, 0)),
        ];
        for (line, (passed, failed)) in cases {
            assert_eq!(results(line), Tests { passed, failed }, "{line}");
        }
    }

    #[test]
    fn a_stage_that_fails_is_an_error() {
        let script = |text: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", text]);
            command
        };
        assert_eq!(
            counted(&mut script("echo 2 passed, 0 failed")).unwrap(),
            Tests { passed: 2, failed: 0 }
        );
        assert!(counted(&mut script("echo 2 passed, 0 failed; exit 1")).is_err());
        assert!(counted(&mut script("echo 2 passed, 1 failed")).is_err());
    }
}
