//! A relay that dies at every step: nothing is dropped, and there are copies only where nobody can
//! prevent them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::time::sleep;

use super::relay::{Fault, Relay, Step, audit};
use super::site::{Mailbox, Office, agent, list, send};
use super::{MAILBOX, no_findings};
use crate::campaign::Findings;
use handoff_testkit::Program;

/// How long the mails of one step may take.
const STEP_BOUND: Duration = Duration::from_secs(60);

/// Has an agent send this many mails at each step while the relay dies there as often.
pub(super) async fn run(
    binary: &Path,
    home: &Path,
    mails: usize,
    fault: Option<Fault>,
) -> Result<Findings> {
    let relay = Relay::start(fault, None).await?;
    let mailbox = Mailbox { relay: Some(relay.port), ..Mailbox::of(MAILBOX) };
    let Office { program, .. } = mailbox.open(binary, home).await?;
    let client = agent(&program).await?;
    let mut findings = no_findings();
    let mut excused = 0;
    for step in Step::ALL {
        relay.plan(step, mails);
        let subjects: Vec<String> = (0..mails).map(|number| format!("{step:?} {number}")).collect();
        for subject in &subjects {
            send(&client, subject, &["one@customer.example", "two@customer.example"]).await?;
        }
        settle(&program, step).await?;
        let left = relay.deaths_ahead();
        ensure!(left == 0, "{left} of {mails} deaths at {step:?} did not come about");
        let (found, copies) = audit(&subjects, &relay.take(), step);
        findings.extend(found);
        excused += copies;
    }
    println!(
        "outgoing: {} mails and as many deaths of the relay at {} steps; {excused} second copies, \
         all after the final dot",
        mails * Step::ALL.len(),
        Step::ALL.len()
    );
    Ok(findings)
}

/// Waits until nothing is on its way.
async fn settle(program: &Program, step: Step) -> Result<()> {
    let end = Instant::now() + STEP_BOUND;
    loop {
        let listed = list(program).await.context("after the mails")?;
        if let Some(back) = listed.iter().find(|mail| mail.state != "Sending") {
            bail!(
                "{} came back to its author ({}), and the relay had refused nothing",
                back.subject,
                back.state
            );
        }
        if listed.is_empty() {
            return Ok(());
        }
        ensure!(
            Instant::now() < end,
            "{} mails of {step:?} are not out; the log:\n{}",
            listed.len(),
            program.log_tail()
        );
        sleep(Duration::from_millis(20)).await;
    }
}
