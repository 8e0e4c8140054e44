//! The floor of durability: one small append and one `fdatasync` after the other.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// What one command writes, about: the row, the event and a stream row.
const BYTES: usize = 832;

/// What the disk can do.
pub(super) struct Disk {
    /// Appends made durable one by one, per second.
    pub(super) per_second: f64,
    /// How long each took, in ms.
    pub(super) latencies: Vec<f64>,
}

/// Measures for some time, in a file of its own in `directory`.
pub(super) fn measure(directory: &Path, time: Duration) -> Result<Disk> {
    let path = directory.join("probe");
    let mut file =
        OpenOptions::new().create(true).append(true).open(path).context("open the probe")?;
    let bytes = [0_u8; BYTES];
    let mut latencies = Vec::new();
    let started = Instant::now();
    while started.elapsed() < time {
        let begun = Instant::now();
        file.write_all(&bytes).context("write")?;
        file.sync_data().context("sync")?;
        latencies.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    let elapsed = started.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count of at most a million")]
    let per_second = latencies.len() as f64 / elapsed;
    Ok(Disk { per_second, latencies })
}
