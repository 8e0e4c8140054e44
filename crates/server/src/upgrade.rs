//! `handoff upgrade`: what this program would do to a store that an older one still serves, and who
//! works with it afterwards. One line for each thing looked at.
//!
//! Unlike `doctor` it does not open the store: nothing is changed by looking.

use std::path::Path;
use std::process::ExitCode;

use handoff_content::space::free_bytes;
use handoff_engine::{Clock as _, SystemClock};
use handoff_store::{Backups, SchemaReport};
use jiff::{SignedDuration, Timestamp};

use crate::cli::Upgrade;
use crate::config::Config;
use crate::doctor::Finding;
use crate::runtime::block_on;
use crate::stored::{self, DATABASE, Stored};
use crate::{command, output};

/// A backup that is older than this is not the one that is wanted before an upgrade.
const BACKUP_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);

/// Looks at everything, prints what it finds, and unless only that was asked for brings the schema
/// up to date if all is in order.
///
/// # Errors
///
/// When the program itself cannot work, or the schema could not be brought up to date.
pub(crate) fn upgrade(options: &Upgrade) -> anyhow::Result<ExitCode> {
    let findings = match Config::load(options.configured.config.as_deref()) {
        Err(error) => vec![Finding::Bad {
            what: "configuration",
            problem: format!("{:#}", anyhow::Error::from(error)),
            advice: "correct it for this program; the rest was not looked at",
        }],
        Ok(config) => block_on(async { Ok(examine(&config, options.backups.as_deref()).await) })?,
    };
    findings.iter().for_each(output::say);
    if !findings.iter().all(|finding| matches!(finding, Finding::Fine { .. })) {
        return Ok(ExitCode::FAILURE);
    }
    if options.check { Ok(ExitCode::SUCCESS) } else { command::migrate(&options.configured) }
}

async fn examine(config: &Config, backups: Option<&Path>) -> Vec<Finding> {
    let configuration =
        Finding::Fine { what: "configuration", detail: "understood by this program".to_owned() };
    let mut findings = vec![configuration];
    if !Stored::exists(&config.store) {
        let detail = "is made at the first start".to_owned();
        findings.push(Finding::Fine { what: "schema", detail });
        return findings;
    }
    let report = match stored::schema(&config.store).await {
        Ok(report) => report,
        Err(error) => {
            findings.push(Finding::Bad {
                what: "schema",
                problem: format!("{error:#}"),
                advice: "this program cannot be used with the store as it is",
            });
            return findings;
        }
    };
    findings.extend(described(&report));
    if !config.store.url.is_empty() {
        findings.extend(backups.map(|_| Finding::Fine {
            what: "backup",
            detail: "not looked at: PostgreSQL's own tools make them".to_owned(),
        }));
    } else if !report.missing.is_empty() {
        findings.extend(room(&config.store.path));
        findings.extend(backups.map(newest_backup));
    }
    findings
}

fn described(report: &SchemaReport) -> Vec<Finding> {
    let SchemaReport { found, newest, missing, readable_from, awaited } = report;
    let steps: Vec<String> =
        missing.iter().map(|(number, name)| format!("{number} \"{name}\"")).collect();
    let detail = match steps.is_empty() {
        true => format!("is {found}, and this program, which knows {newest}, leaves it so"),
        false => format!("is {found}; this program brings it to {newest}: {}", steps.join(", ")),
    };
    let way_back = match readable_from <= found {
        true => format!("programs that know schema {readable_from} or a later one work with it"),
        false => format!(
            "programs that do not know schema {readable_from} do not work with it; to go back \
             to one, restore the backup of before"
        ),
    };
    let mut findings = vec![
        Finding::Fine { what: "schema", detail },
        Finding::Fine { what: "way back", detail: way_back },
    ];
    if let Some(node) = awaited {
        findings.push(Finding::Bad {
            what: "nodes",
            problem: format!("{node} still runs and does not know schema {readable_from}"),
            advice: "upgrade the nodes to the version between first, or stop them",
        });
    }
    findings
}

/// Looks for the room that a step may take which writes a table anew.
fn room(directory: &Path) -> Option<Finding> {
    let what = "room";
    let of = |suffix: &str| std::fs::metadata(directory.join(format!("{DATABASE}{suffix}")));
    let database = of("").ok()?.len() + of("-wal").map_or(0, |log| log.len());
    let free = free_bytes(directory)?;
    let (megabytes, needed) = (free / 1_000_000, database / 1_000_000);
    Some(match free >= database {
        true => Finding::Fine {
            what,
            detail: format!("{megabytes} MB are free beside a database of {needed} MB"),
        },
        false => Finding::Bad {
            what,
            problem: format!("{megabytes} MB are free beside a database of {needed} MB"),
            advice: "free as much as the database takes: a table may be written anew",
        },
    })
}

fn newest_backup(directory: &Path) -> Finding {
    let what = "backup";
    let advice = "make one with `handoff backup` before the upgrade";
    let listed = Backups::open(directory).and_then(|backups| backups.list());
    let taken = match listed {
        Ok((listed, _)) => listed.last().map(|backup| backup.taken),
        Err(error) => {
            let problem = format!("{} cannot be read: {error}", directory.display());
            return Finding::Bad { what, problem, advice };
        }
    };
    let Some(taken) = taken else {
        let problem = format!("there is none in {}", directory.display());
        return Finding::Bad { what, problem, advice };
    };
    let at = Timestamp::from_millisecond(taken.0).unwrap_or_default();
    let age = SignedDuration::from_millis(SystemClock::default().now().0 - taken.0);
    match age <= BACKUP_AGE_MAX {
        true => Finding::Fine { what, detail: format!("the newest is of {at:.0}") },
        false => Finding::Bad { what, problem: format!("the newest is of {at:.0}"), advice },
    }
}
