//! `handoff counters`: what was counted.

use std::collections::BTreeMap;
use std::process::ExitCode;

use handoff_domain::Time;
use handoff_engine::{Clock as _, Counted, QUARTER_MS, SystemClock, Tally};
use handoff_projections::counters::{Figures, Quarter, quarter_of};
use handoff_projections::{Counters, Standing};
use handoff_store::{Kind, Record, SqliteStore};

use crate::cli;
use crate::config::{self, Config};
use crate::output;
use crate::run;
use crate::runtime::block_on;
use crate::stored::{DATABASE, Stored};

/// Prints what was counted.
///
/// # Errors
///
/// When nothing was counted yet, or it cannot be read.
pub(crate) fn print(options: &cli::Counters) -> anyhow::Result<ExitCode> {
    let config = Config::load(options.configured.config.as_deref())?;
    let directory = &config.store.path;
    anyhow::ensure!(
        directory.join(Counters::FILE).exists(),
        "nothing was counted in {} yet; a server counts while it runs",
        directory.display()
    );
    let now = SystemClock::default().now();
    let hours = Time(now.0.saturating_sub(i64::from(options.hours) * 4 * QUARTER_MS));
    let counters = block_on(run::open_counters(directory))?;
    let figures = counters.figures(quarter_of(hours) + 1)?;
    let names = block_on(names(&config.store)).unwrap_or_else(|error| {
        output::warn(format_args!("queues and agents are shown by their ids: {error:#}"));
        BTreeMap::new()
    });
    if let Standing::Rebuilding { done, total, .. } = figures.standing {
        output::warn(format_args!("they are being rebuilt: {done} of {total} interactions"));
    }
    output::say(
        Table { figures, names, now, by_quarter: options.by_quarter }.to_string().trim_end(),
    );
    Ok(ExitCode::SUCCESS)
}

/// Returns the names of what is counted, also while a server has the store open.
async fn names(config: &config::Store) -> anyhow::Result<BTreeMap<Counted, String>> {
    let kinds = [Kind::Queue, Kind::User];
    let mut records = Vec::new();
    if config.url.is_empty() {
        for kind in kinds {
            records.extend(SqliteStore::read_beside(&config.path.join(DATABASE), kind)?);
        }
    } else {
        let stored = Stored::open(config).await?;
        for kind in kinds {
            let page = stored.store().list(kind, None, usize::MAX).await?;
            records.extend(page.items.into_iter().map(|found| found.value));
        }
        stored.close().await;
    }
    let name = |record| match record {
        Record::Queue(queue) => Some((Counted::Queue(queue.id), queue.name)),
        Record::User(user) => Some((Counted::Agent(user.id), user.user_name)),
        _ => None,
    };
    Ok(records.into_iter().filter_map(name).collect())
}

/// What was counted, as a table.
struct Table {
    figures: Figures,
    names: BTreeMap<Counted, String>,
    now: Time,
    by_quarter: bool,
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:<32} {:>8} {:>12}", "waits now", "count", "longest")?;
        for (queue, waiting) in &self.figures.waiting {
            let name = self.name(&Counted::Queue(*queue));
            let longest = seconds(self.now.ms_since(waiting.oldest));
            writeln!(f, "{name:<32} {:>8} {longest:>12}", waiting.count)?;
        }
        writeln!(
            f,
            "\n{:<6} {:<32} {:>8} {:>8} {:>8} {:>8} {:>12}",
            "from", "queue or agent", "entered", "offered", "accepted", "ended", "longest wait"
        )?;
        for ((quarter, whose), tally) in self.rows() {
            let (from, name) = (clock(quarter), self.name(&whose));
            let Tally { entered, offered, accepted, ended, wait, .. } = tally;
            let longest = seconds(wait.longest_ms);
            writeln!(
                f,
                "{from:<6} {name:<32} {entered:>8} {offered:>8} {accepted:>8} {ended:>8} {longest:>12}"
            )?;
        }
        Ok(())
    }
}

impl Table {
    /// Returns the rows of queues and agents: each quarter's, or all of them together.
    fn rows(&self) -> BTreeMap<(Quarter, Counted), Tally> {
        let first = self.figures.quarters.keys().next().map_or(0, |key| key.quarter);
        let is_shown = |counted: &Counted| matches!(counted, Counted::Queue(_) | Counted::Agent(_));
        let mut rows: BTreeMap<_, Tally> = BTreeMap::new();
        for (key, tally) in self.figures.quarters.iter().filter(|(key, _)| is_shown(&key.counted)) {
            let quarter = if self.by_quarter { key.quarter } else { first };
            rows.entry((quarter, key.counted.clone())).or_default().add(tally.clone());
        }
        rows
    }

    fn name(&self, whose: &Counted) -> String {
        self.names.get(whose).cloned().unwrap_or_else(|| match whose {
            Counted::Queue(id) => id.to_string(),
            Counted::Agent(id) => id.to_string(),
            Counted::Center
            | Counted::Channel(_)
            | Counted::Service(_)
            | Counted::Disposition(_) => String::new(),
        })
    }
}

/// Returns when a quarter of an hour begins, in UTC.
fn clock(quarter: Quarter) -> String {
    let minutes = quarter.rem_euclid(24 * 4) * 15;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn seconds(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}
