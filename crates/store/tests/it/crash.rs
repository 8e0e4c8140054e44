//! Killing a process while it commits.
//!
//! The child is this very test program, asked to run [`child`] alone. It writes the number of each
//! acknowledged interaction to its standard output, and the parent kills it in the middle.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use handoff_store::conformance::samples::{
    BEGIN, event, interaction, interaction_id, notice, owner, put_interaction,
};
use handoff_store::{ChangeSet, Key, SqliteOptions, SqliteStore, Store};
use tempfile::TempDir;

use crate::options;

/// Where the child finds its database; without it the child's test does nothing.
const PATH: &str = "HANDOFF_STORE_CRASH_PATH";
/// The first number that the child uses.
const FIRST: &str = "HANDOFF_STORE_CRASH_FIRST";
/// Set when the child shall answer before it commits.
const TOO_EARLY: &str = "HANDOFF_STORE_CRASH_TOO_EARLY";
const COMMITTERS: u64 = 16;

fn telling(n: u64) -> ChangeSet {
    ChangeSet {
        events: vec![event(interaction(n), BEGIN, vec![notice(n % 4)])],
        ..put_interaction(interaction(n), 0)
    }
}

/// Not a test by itself: commits until it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(path) = std::env::var(PATH) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let options = SqliteOptions {
        unsafe_answer_before_commit_for_tests: std::env::var(TOO_EARLY).is_ok(),
        // Checkpoints are to be killed as well.
        checkpoint_pages: 50,
        ..SqliteOptions::new(path)
    };
    let store = Arc::new(SqliteStore::open(options).unwrap());
    let tasks: Vec<_> = (0..COMMITTERS)
        .map(|committer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in (first + committer..).step_by(COMMITTERS as usize) {
                    store.commit(telling(n)).await.unwrap();
                    writeln!(std::io::stdout().lock(), "acknowledged {n}").unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Runs a child, kills it after so many acknowledgements, and gives all that it acknowledged.
fn killed_after(count: usize, directory: &TempDir, first: u64, too_early: bool) -> Vec<u64> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["crash::child", "--exact", "--nocapture", "--test-threads=1"]);
    command.env(PATH, options(directory).path).env(FIRST, first.to_string());
    if too_early {
        command.env(TOO_EARLY, "1");
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let number =
        |line: String| line.strip_prefix("acknowledged ").and_then(|number| number.parse().ok());
    let mut acknowledged: Vec<u64> = lines.by_ref().filter_map(number).take(count).collect();
    assert_eq!(acknowledged.len(), count, "the child ended by itself");
    child.kill().unwrap();
    // What it still wrote into the pipe was acknowledged too; a line that was cut off is no number
    // or a shorter one, and is left out.
    let rest: Vec<String> = lines.collect();
    let whole = rest.len().saturating_sub(1);
    acknowledged.extend(rest.into_iter().take(whole).filter_map(number));
    child.wait().unwrap();
    acknowledged
}

/// Counts the acknowledged interactions that are not there, and checks that what is there hangs
/// together.
async fn missing(directory: &TempDir, acknowledged: &[u64]) -> usize {
    let store = SqliteStore::open(options(directory)).unwrap();
    let keys: Vec<_> = acknowledged.iter().map(|n| Key::Interaction(interaction_id(*n))).collect();
    let loaded = store.load(&keys).await.unwrap();
    let mut told = 0;
    for user in 0..4 {
        let rows = store.stream(owner(user), 0, usize::MAX).await.unwrap().items;
        let numbers: Vec<u64> = rows.iter().map(|row| row.numbers[0].1).collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "a gap in a stream");
        told += rows.len();
    }
    let records =
        store.list(handoff_store::Kind::Interaction, None, usize::MAX).await.unwrap().items.len();
    assert_eq!(told, records, "an event without its record, or a record without its event");
    loaded.iter().filter(|record| record.is_none()).count()
}

#[tokio::test]
async fn every_acknowledged_commit_survives_a_kill() {
    let directory = TempDir::new().unwrap();
    let (mut acknowledged, mut first) = (Vec::new(), 0);
    for round in 0..6 {
        acknowledged.extend(killed_after(150 + 90 * round, &directory, first, false));
        first = acknowledged.iter().max().unwrap() / COMMITTERS * COMMITTERS + 10_000 * COMMITTERS;
        assert_eq!(missing(&directory, &acknowledged).await, 0, "after round {round}");
    }
}

/// The control: a store that answers too early loses something, so the test above can fail.
#[tokio::test]
async fn a_store_that_answers_too_early_loses_commits() {
    for round in 0..50 {
        let directory = TempDir::new().unwrap();
        let acknowledged = killed_after(40 + round, &directory, 0, true);
        if missing(&directory, &acknowledged).await > 0 {
            return;
        }
    }
    panic!("nothing was lost in 50 rounds");
}
