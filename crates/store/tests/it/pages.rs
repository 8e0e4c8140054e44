//! How much of the database the writer keeps in memory.
//!
//! A commit after which a tree was balanced walks every page that the writer keeps, so what is kept
//! is what each command pays. It is counted in bytes that the process holds, in a process of its
//! own: this very test program, asked to run [`child`] alone.

use std::io::Write;
use std::process::Command;

use handoff_store::SqliteStore;
use handoff_store::conformance::samples::{interaction, put_interaction};
use handoff_store::{ChangeSet, Store};
use tempfile::TempDir;

use crate::options;

/// Where the child makes its database; without it the child's test does nothing.
const PATH: &str = "HANDOFF_STORE_PAGES_PATH";
/// After so many commits everything has been allocated that any commit needs.
const FIRST: u64 = 100;
/// So many more, of 16 MB together.
const MORE: u64 = 500;
const SUBJECT_LEN: usize = 32_000;
/// What the writer's cache of 2 MiB may grow by until it is full, twice over for what the allocator
/// keeps.
const GROWTH_MAX: u64 = 4 << 20;

fn large(n: u64) -> ChangeSet {
    let mut large = interaction(n);
    large.subject = Some("s".repeat(SUBJECT_LEN));
    put_interaction(large, 0)
}

/// Returns how many bytes of memory this process has to itself.
fn held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    kib.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1_024
}

/// Not a test by itself: commits, and prints by how much it grew.
#[tokio::test]
async fn child() {
    let Ok(path) = std::env::var(PATH) else { return };
    let store = SqliteStore::open(handoff_store::SqliteOptions::new(path)).unwrap();
    for n in 0..FIRST {
        store.commit(large(n)).await.unwrap();
    }
    let before = held();
    for n in FIRST..FIRST + MORE {
        store.commit(large(n)).await.unwrap();
    }
    let grew = held().saturating_sub(before);
    writeln!(std::io::stdout().lock(), "grew by {grew} bytes").unwrap();
}

#[test]
fn a_commit_walks_few_pages_however_much_was_written() {
    let directory = TempDir::new().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["pages::child", "--exact", "--nocapture", "--test-threads=1"]);
    let child = command.env(PATH, options(&directory).path).output().unwrap();
    let told = String::from_utf8(child.stdout).unwrap();
    let grew = told.lines().find_map(|line| line.split_once("grew by ")).unwrap().1;
    let grew: u64 = grew.trim_end_matches(" bytes").parse().unwrap();
    assert!(grew < GROWTH_MAX, "the process grew by {grew} bytes");
}
