//! `bench mail`: letters a second that are read, threaded and durable (docs/testing.md#mails).
//!
//! Mail servers deliver by LMTP over some connections, one letter after the other on each. Letters
//! have 2 to 60 KB: most are text, a third has HTML beside it, a tenth an attachment; each fourth
//! answers one that the same customer sent before. A letter counts when it is acknowledged, and
//! then everything of it is durable: the raw message, its attachments and its interaction.
//!
//! Beside it, in the same run: one `fdatasync` after the other, before and after, and the reading
//! of the same letters on one thread, with nothing else done. A letter waits for two syncs, of its
//! files and of its commit, and shares both with the letters that come at the same moment. Goals:
//! at 8 connections 4,000 letters a second, and at most 20 times the processor time of its reading.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use handoff_mail::letter::{Reading, read};
use handoff_mail::token::Signer;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;

use super::disk;
use handoff_faults::mails::MAILBOX;
use handoff_faults::mails::letter::Words;
use handoff_faults::mails::lmtp::{Delivery, Lmtp};
use handoff_faults::mails::site::{Mailbox, Office, list};
use handoff_testkit::figures::{ms, percentile};
use handoff_testkit::process::processor_time;
use handoff_testkit::program::build;

/// How long the disk is measured, before and after.
const DISK_TIME: Duration = Duration::from_secs(1);
/// Letters of each connection before the clock runs.
const WARM_UP: usize = 20;
const CUSTOMERS: usize = 50;
/// Which letter of a customer's is an answer.
const ANSWER_EACH: usize = 4;

#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// How many connections deliver; the program takes ten.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4, 8])]
    connections: Vec<u16>,
    /// How many letters altogether, for each number of connections.
    #[arg(
        long,
        default_value_t = 3_000,
        value_parser = clap::value_parser!(u32).range(100..=100_000)
    )]
    letters: u32,
    /// What the letters are made from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

struct Bag {
    /// How many of them are answers.
    answers: usize,
    raws: Vec<Vec<u8>>,
    deliveries: VecDeque<Delivery>,
}

/// What was measured with some connections.
struct Row {
    connections: usize,
    per_second: f64,
    cpu_us: f64,
    latencies: Vec<f64>,
}

struct Floor {
    per_second: f64,
    bytes: f64,
}

pub(crate) async fn run(root: &Path, options: &Options) -> Result<()> {
    let binary = build(root)?;
    let home = tempfile::tempdir().context("make a temporary directory")?;
    let office = Mailbox::of(MAILBOX).open(&binary, home.path()).await?;
    let before = disk::measure(home.path(), DISK_TIME)?;
    let (mut rows, mut floor, mut answers) = (Vec::new(), None, 0);
    for (round, connections) in options.connections.iter().enumerate() {
        let connections = usize::from(*connections).max(1);
        println!("{connections} connections…");
        let each = usize::try_from(options.letters)? / connections + WARM_UP;
        let bags: Vec<Bag> =
            (0..connections).map(|number| bag(round, number, each, options.seed)).collect();
        answers += bags.iter().map(|bag| bag.answers).sum::<usize>();
        floor = Some(read_alone(&bags)?);
        rows.push(deliver(&office, bags).await?);
    }
    let listed = list(&office.program).await?;
    let threaded = listed.iter().filter(|letter| letter.has_parent).count();
    ensure!(
        threaded == answers,
        "{threaded} letters know what they answer, and {answers} are answers"
    );
    println!("{} letters, {threaded} of them tied to what they answer", listed.len());
    let after = disk::measure(home.path(), DISK_TIME)?;
    let floor = floor.context("nothing was measured")?;
    print(rows, &floor, (before.per_second + after.per_second) / 2.0);
    Ok(())
}

/// Makes letters. Those that answer others come long after them.
fn bag(round: usize, connection: usize, count: usize, seed: u64) -> Bag {
    let mut random =
        StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(connection as u64));
    let (mut raws, mut deliveries, mut answers) = (Vec::new(), VecDeque::new(), 0);
    for number in 0..count {
        let id = |number: usize| format!("{round}.{connection}.{number}@customer.example");
        let from = format!("eve{connection}.{}@customer.example", number % CUSTOMERS);
        let earlier = number.checked_sub(CUSTOMERS).filter(|_| number % ANSWER_EACH == 0).map(id);
        let (subject, own) = (format!("Order {round} {connection} {number}"), id(number));
        let words = Words {
            from: &from,
            to: MAILBOX,
            subject: &subject,
            message_id: Some(&own),
            answers: earlier.as_deref(),
            headers: "",
        };
        answers += usize::from(earlier.is_some());
        let bytes = match random.random_range(0..10) {
            0..6 => random.random_range(2_000..6_000),
            6..9 => random.random_range(8_000..25_000),
            _ => random.random_range(25_000..60_000),
        };
        let raw = words.letter(bytes, &mut random);
        deliveries.push_back(Delivery::new(&from, MAILBOX, &raw));
        raws.push(raw);
    }
    Bag { answers, raws, deliveries }
}

/// Reads every letter, on this thread.
fn read_alone(bags: &[Bag]) -> Result<Floor> {
    let signer = Signer::new([7; 32]);
    let reading = Reading::new(&signer);
    let (mut count, mut bytes) = (0.0, 0.0);
    let started = Instant::now();
    for raw in bags.iter().flat_map(|bag| &bag.raws) {
        let letter = read(raw, &reading)?;
        ensure!(letter.remarks.is_empty(), "a letter is broken: {:?}", letter.remarks);
        count += 1.0;
        bytes += f64::from(u32::try_from(raw.len())?);
    }
    Ok(Floor { per_second: count / started.elapsed().as_secs_f64(), bytes: bytes / count })
}

/// Delivers every letter, and measures all but the first ones.
async fn deliver(office: &Office, bags: Vec<Bag>) -> Result<Row> {
    let connections = bags.len();
    let mut lines = Vec::new();
    for mut bag in bags {
        let mut line = Lmtp::connect(&office.lmtp).await?;
        for delivery in bag.deliveries.drain(..WARM_UP) {
            hand_over(&mut line, &delivery).await?;
        }
        lines.push((line, bag.deliveries));
    }
    let process = office.program.id()?;
    let used_before = processor_time(process)?;
    let started = Instant::now();
    let mut running = JoinSet::new();
    for (mut line, deliveries) in lines {
        running.spawn(async move {
            let mut latencies = Vec::with_capacity(deliveries.len());
            for delivery in &deliveries {
                let begun = Instant::now();
                hand_over(&mut line, delivery).await?;
                latencies.push(ms(begun.elapsed()));
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(ended) = running.join_next().await {
        latencies.extend(ended??);
    }
    let elapsed = started.elapsed().as_secs_f64();
    let used = processor_time(process)?.saturating_sub(used_before).as_secs_f64();
    let count = f64::from(u32::try_from(latencies.len())?);
    Ok(Row { connections, per_second: count / elapsed, cpu_us: used * 1e6 / count, latencies })
}

async fn hand_over(line: &mut Lmtp, delivery: &Delivery) -> Result<()> {
    let said = line.deliver(delivery).await?;
    ensure!(said.starts_with('2'), "a letter was refused: {said}");
    Ok(())
}

fn print(rows: Vec<Row>, floor: &Floor, syncs: f64) {
    let reading_us = 1e6 / floor.per_second;
    println!(
        "one fdatasync at a time {syncs:.0}/s; letters of {:.1} KB on average; reading alone \
         {:.0}/s on one thread, {reading_us:.0} us each",
        floor.bytes / 1_000.0,
        floor.per_second
    );
    for Row { connections, per_second, cpu_us, mut latencies } in rows {
        println!(
            "{connections:>3} connections: {per_second:.0} letters/s durable, {:.2} of the \
             fdatasync rate; processor time {cpu_us:.0} us a letter, {:.1} times its reading; p50 \
             {:.1} ms, p99 {:.1} ms",
            per_second / syncs,
            cpu_us / reading_us,
            percentile(&mut latencies, 50.0),
            percentile(&mut latencies, 99.0)
        );
    }
}
