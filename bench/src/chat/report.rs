//! The figures side by side.

use std::time::Duration;

use super::Options;
use crate::disk::Disk;
use handoff_testkit::figures::percentile;

/// How soon 99 of 100 customers' messages have to be with their agents, in ms, at the goal's rate.
const GOAL_MS: f64 = 50.0;
/// The rate that the goal is for, in messages a second each way.
const GOAL_RATE: u32 = 2;

/// What one rate came to.
pub(super) struct Row {
    /// Messages a second that were wanted each way.
    pub(super) rate: u32,
    /// How long it was kept up.
    pub(super) elapsed: Duration,
    pub(super) used: Duration,
    /// How many messages were not taken at the moment, and sent again.
    pub(super) refused: u64,
    pub(super) to_agents: Vec<f64>,
    /// How long each message to a customer took, in ms.
    pub(super) to_customers: Vec<f64>,
}

impl Row {
    fn per_second(&self, messages: &[f64]) -> f64 {
        count(messages) / self.elapsed.as_secs_f64()
    }

    /// Returns the processor time of one message, in µs.
    fn cpu_us(&self) -> f64 {
        self.used.as_secs_f64() * 1e6 / (count(&self.to_agents) + count(&self.to_customers))
    }

    /// Returns how much of one processor was used.
    fn load(&self) -> f64 {
        self.used.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of at most a million")]
const fn count(messages: &[f64]) -> f64 {
    messages.len() as f64
}

/// Prints what was measured, beside the floors.
pub(super) fn print(rows: &[Row], floor: &[Row], mut disk: Disk, options: &Options) {
    println!(
        "\n{} chats, {} s at each rate; rates in messages a second, times in ms",
        options.chats, options.seconds
    );
    println!(
        "{:>7} | {:>13} | {:>15} | {:>15} | {:>11} | {:>6} | {:>15} | {:>8} | {:>5}",
        "wanted",
        "in / out",
        "in p50 / p99",
        "out p50 / p99",
        "us of CPU",
        "load",
        "relay p50 / p99",
        "relay us",
        "ratio"
    );
    for (row, bare) in rows.iter().zip(floor) {
        print_row(row, bare);
    }
    println!(
        "one fdatasync at a time: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
        disk.per_second,
        percentile(&mut disk.latencies, 50.0),
        percentile(&mut disk.latencies, 99.0)
    );
    for row in rows.iter().filter(|row| row.rate > 0) {
        let all = row.per_second(&row.to_agents) + row.per_second(&row.to_customers);
        let p99 = percentile(&mut row.to_agents.clone(), 99.0);
        let verdict = if p99 <= GOAL_MS { "met" } else { "MISSED" };
        let what = if row.rate == GOAL_RATE { "goal" } else { "at another rate than the goal's," };
        println!(
            "{}/s each way: {all:.1} durable messages/s, {:.2} for one fdatasync, {} not taken at \
             first; p99 customer to agent {p99:.1} ms, {what} {GOAL_MS:.0} ms: {verdict}",
            row.rate,
            all / disk.per_second,
            row.refused
        );
    }
}

fn print_row(row: &Row, bare: &Row) {
    let pair = |messages: &[f64]| {
        let mut messages = messages.to_vec();
        format!("{:.2} / {:.2}", percentile(&mut messages, 50.0), percentile(&mut messages, 99.0))
    };
    let reached =
        format!("{:.1} / {:.1}", row.per_second(&row.to_agents), row.per_second(&row.to_customers));
    let (cpu, bare_cpu) = if row.rate == 0 { (0.0, 0.0) } else { (row.cpu_us(), bare.cpu_us()) };
    println!(
        "{:>7} | {reached:>13} | {:>15} | {:>15} | {cpu:>11.0} | {:>5.1}% | {:>15} | \
         {bare_cpu:>8.0} | {:>5.1}",
        row.rate,
        pair(&row.to_agents),
        pair(&row.to_customers),
        row.load() * 100.0,
        pair(&bare.to_agents),
        if bare_cpu > 0.0 { cpu / bare_cpu } else { 0.0 }
    );
}
