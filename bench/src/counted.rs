//! The program with an allocator that counts, as a child process of the benchmark's own.
//!
//! Whoever connects to the socket beside its configuration is told what was counted so far, and it
//! counts nothing of the benchmark that asks.

use std::alloc::System;
use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Which of the program's commands this one carries out as it does.
const CARRIED_OUT: [&str; 2] = ["apply", "serve"];

/// Carries a command of the program out, if that is what was typed.
pub(crate) fn carry_out() -> Option<ExitCode> {
    let line: Vec<OsString> = std::env::args_os().collect();
    let command = line.get(1)?.to_str()?;
    if !CARRIED_OUT.contains(&command) {
        return None;
    }
    if command == "serve"
        && let Some(config) = line.last()
        && let Err(error) = answer(&socket(Path::new(config)))
    {
        eprintln!("error: {error:#}");
        return Some(ExitCode::FAILURE);
    }
    Some(handoff_server::carry_out(line.into_iter()))
}

/// Returns where the program with a configuration tells what it counted.
fn socket(config: &Path) -> PathBuf {
    config.with_extension("counts")
}

/// Answers whoever asks, until the process ends.
fn answer(socket: &Path) -> Result<()> {
    // One that was killed has left its own.
    let _there_was_none = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).context("listen for who asks for counts")?;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let now = ALLOCATOR.stats();
            let allocations = now.allocations + now.reallocations;
            let live_bytes = now.bytes_allocated.saturating_sub(now.bytes_deallocated);
            // Who went away needs no answer.
            let _ = write!(stream, "{allocations} {live_bytes}");
        }
    });
    Ok(())
}

/// Asks how often the program with a configuration allocated so far, or made room larger.
pub(crate) fn allocations(config: &Path) -> Result<u64> {
    Ok(counted(config)?.allocations)
}

/// Asks how much the program with a configuration has allocated and not freed.
pub(crate) fn live_bytes(config: &Path) -> Result<u64> {
    Ok(counted(config)?.live_bytes)
}

struct Counted {
    allocations: u64,
    live_bytes: u64,
}

fn counted(config: &Path) -> Result<Counted> {
    let mut stream = UnixStream::connect(socket(config)).context("ask for counts")?;
    let mut text = String::new();
    stream.read_to_string(&mut text).context("read the counts")?;
    let counts = text.split_once(' ').with_context(|| format!("no counts: {text}"))?;
    Ok(Counted { allocations: counts.0.parse()?, live_bytes: counts.1.parse()? })
}
