//! What strangers bring is kept on the disk: an address has its share of an hour, and below the
//! reserve nobody brings anything, while agents go on.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{Extent, FLOOD, HONEST, letter, open, stranger};
use crate::campaign::Found;
use handoff_testkit::program::clean_command;
use handoff_testkit::{Call, Client, Program, Start};

/// The share of an address in the check of it, in bytes.
const SHARE: usize = 8 << 20;
const LETTER: usize = 200_000;
/// Letters that are enough for any bound here.
const LETTERS_MAX: usize = 400;
/// How long between two letters.
const PAUSE: Duration = Duration::from_millis(20);
/// The disk of the check of the reserve, in MiB.
const DISK_MIB: u64 = 64;
/// Codes of the customers' doors: an hour's share is used, the disk is short
/// (docs/api/customers.md).
const SHARE_USED: i64 = 4_004;
const SHORT: i64 = 6_003;

pub(super) async fn check(binary: &Path, home: &Path, extent: Extent) -> Result<Found> {
    let mut found = Found::default();
    shares(binary, home, extent, &mut found).await?;
    if can_mount().await {
        reserve(binary, home, extent, &mut found).await?;
    } else {
        println!("  no user namespaces here: the reserve was not checked on a disk of its own");
    }
    Ok(found)
}

/// Sends letters to a service until they are refused; returns how many were taken, and the
/// refusal's code.
async fn fill(flood: &Client, service: &str) -> Result<(usize, i64)> {
    let text = "x".repeat(LETTER);
    for taken in 0..LETTERS_MAX {
        let answer = flood.send(letter(service, &format!("letter {taken}"), &text)).await?;
        if answer.status != 200 {
            return Ok((taken, answer.body["errors"][0]["code"].as_i64().unwrap_or(-1)));
        }
        // The disk is looked at ten times a second.
        tokio::time::sleep(PAUSE).await;
    }
    Ok((LETTERS_MAX, 0))
}

async fn shares(binary: &Path, home: &Path, extent: Extent, found: &mut Found) -> Result<()> {
    let share = if extent.control { 1 << 40 } else { SHARE };
    let limits = format!("[chat]\nbytes_per_address = {share}\n");
    let (site, mut program) = open(binary, home, "reserve_bytes = 0", &limits).await?;
    let address = program.address();
    let (taken, code) = fill(&stranger(&address, FLOOD), "write").await?;
    let kept = bytes_below(&site.data)?;
    found.figure(format!(
        "one address: {taken} letters were taken, then code {code}; {} MiB on the disk",
        kept >> 20
    ));
    found.demand(code == SHARE_USED, || {
        format!("code {code} and not {SHARE_USED} after {taken} letters")
    });
    found.demand(taken <= SHARE / LETTER + 1, || {
        format!("{taken} letters are more than an address may bring")
    });
    if !extent.control {
        let question = letter("write", "a question", "Is it open on Monday?");
        let answer = stranger(&address, HONEST).send(question).await?;
        found.demand(answer.status == 200, || {
            format!("another address was refused: {}", answer.body)
        });
    }
    program.kill().await
}

/// Fills a disk of its own.
async fn reserve(binary: &Path, home: &Path, extent: Extent, found: &mut Found) -> Result<()> {
    let data = home.join("disk");
    fs::create_dir_all(&data).context("make a directory")?;
    // Without its reserve the program is what it would be without the check.
    let reserve = if extent.control { "0" } else { "1073741824" };
    let script = script(binary, home, &data, reserve)?;
    let start = Start::Demo(data.clone());
    let mut program = Program::start(&script, start, home.join("disk.log")).await?;
    let flood = stranger(&program.address(), FLOOD);
    let (taken, code) = fill(&flood, "contact-us").await?;
    found.figure(format!("a disk of {DISK_MIB} MiB: {taken} letters were taken, then code {code}"));
    found.demand(code == SHORT, || format!("code {code} and not {SHORT} on a disk that is short"));
    let agent = program.client("kate").from_source(HONEST);
    let start = json!({"operationName": "StartContactCenterSession", "channels": ["workitem"]});
    let create = json!({"operationName": "Create", "channel": "workitem", "queueName": "tasks"});
    for (path, body) in [("/me", start), ("/me/interactions", create)] {
        let answer = agent.post(path, body).await?;
        found.demand(answer.code() == 0, || {
            format!("an agent was refused on a disk that is short: {}", answer.body)
        });
    }
    let ready = agent.send(Call::get("").at("/readyz")).await?;
    found.demand(ready.status == 200, || format!("the server is not ready: {}", ready.body));
    program.kill().await
}

/// Writes a script that starts the program with its data on a file system in memory.
fn script(binary: &Path, home: &Path, data: &Path, reserve: &str) -> Result<PathBuf> {
    let path = home.join("on-a-small-disk");
    let text = format!(
        "#!/bin/sh\nexport HANDOFF__STORE__RESERVE_BYTES={reserve}\n\
         exec unshare --user --map-root-user --mount sh -c \\\n\
         'mount -t tmpfs -o size={DISK_MIB}m none \"$1\" && shift && exec \"$@\"' \\\n\
         sh {data:?} {binary:?} \"$@\"\n"
    );
    fs::write(&path, text).context("write a script")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).context("make it executable")?;
    Ok(path)
}

async fn can_mount() -> bool {
    let mut command = clean_command("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /tmp"]);
    command.output().await.is_ok_and(|output| output.status.success())
}

fn bytes_below(directory: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(directory).context("read the data directory")? {
        let (path, kind) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?)))?;
        bytes += if kind.is_dir() { bytes_below(&path)? } else { kind.len() };
    }
    Ok(bytes)
}
