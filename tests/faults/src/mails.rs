//! `mails`: every letter is one interaction, every mail goes out, and no two programs answer each
//! other for ever (docs/testing.md#mails).
//!
//! The program runs between scripted servers on loopback. `outgoing`: a relay dies at each of
//! twelve steps of SMTP, as often as there are mails; none may be lost, and a second copy may only
//! be there when it died after the final dot and before its answer was whole, and must be the same
//! message to the byte. `incoming`: mail servers deliver by LMTP and letters come into a folder
//! that is fetched by IMAP while the program is killed (SIGKILL), at random moments and at each
//! step of IMAP; each letter that was taken over must be exactly one interaction. `loops`: two
//! mailboxes confirm what they get, and robots answer; each mailbox may confirm once.
//!
//! Every control must be noticed, and the command fails if not: `drop`, a relay that says it has a
//! mail and drops it; `rename`, one that gives second copies another `Message-ID`; `log`, the
//! write-ahead log is removed after each kill; `strangers`, robots with a new address each, who do
//! not say that they are robots.

mod incoming;
pub mod letter;
pub mod lmtp;
mod loops;
mod outgoing;
mod relay;
pub mod site;

use std::path::Path;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use crate::campaign::{Campaign, DOUBLED, Findings, MISSING, demand_noticed};
use relay::Fault;

/// The mailbox of the one contact center.
pub const MAILBOX: &str = "support@desk.example";
/// Not what it was to be.
const OTHER: &str = "not the same";

/// What is done wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Control {
    /// The relay says that it has a mail and drops it.
    Drop,
    /// The relay gives second copies another `Message-ID`.
    Rename,
    /// The write-ahead log is removed after each kill.
    Log,
    /// Robots have a new address each and say nothing of being robots.
    Strangers,
}

/// A part of the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A relay that dies.
    Outgoing,
    /// Letters while the program is killed.
    Incoming,
    /// Robots that answer each other.
    Loops,
}

#[derive(Clone, Debug, Args)]
pub struct Options {
    /// How many mails are sent, and how often the relay dies, at each of the twelve steps.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    mails: u16,
    /// How often the program is killed while letters come in.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    kills: u16,
    /// How many answers robots write.
    #[arg(
        long,
        default_value_t = 1_000,
        value_parser = clap::value_parser!(u16).range(12..=10_000),
    )]
    answers: u16,
    /// Do only this part.
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// What the random choices start from; drawn when not given.
    #[arg(long)]
    seed: Option<u64>,
    /// Do something wrong, and demand that it is noticed.
    #[arg(long, value_enum)]
    control: Option<Control>,
}

/// Nothing is wrong so far.
fn no_findings() -> Findings {
    Findings::of(&[MISSING, DOUBLED, OTHER])
}

impl Options {
    /// Returns the parts to do: with a control the one that it belongs to.
    fn parts(&self) -> Vec<Part> {
        let chosen = match self.control {
            Some(Control::Drop | Control::Rename) => Some(Part::Outgoing),
            Some(Control::Log) => Some(Part::Incoming),
            Some(Control::Strangers) => Some(Part::Loops),
            None => self.only,
        };
        chosen.map_or_else(|| Part::value_variants().to_vec(), |part| vec![part])
    }

    async fn run(&self, part: Part, binary: &Path, home: &Path, seed: u64) -> Result<Findings> {
        match part {
            Part::Outgoing => {
                let fault = match self.control {
                    Some(Control::Drop) => Some(Fault::Drop),
                    Some(Control::Rename) => Some(Fault::Rename),
                    _ => None,
                };
                outgoing::run(binary, &home.join("outgoing"), self.mails.into(), fault).await
            }
            Part::Incoming => {
                let forgets = self.control == Some(Control::Log);
                let plan = incoming::Plan { kills: self.kills.into(), seed, forgets };
                incoming::run(binary, &home.join("incoming"), plan).await
            }
            Part::Loops => {
                let strangers = self.control == Some(Control::Strangers);
                loops::run(binary, &home.join("loops"), self.answers.into(), strangers).await
            }
        }
    }
}

/// Runs the test. It fails when a mail is missing or doubled, when programs answer each other, or
/// when a control is not noticed.
pub async fn run(root: &Path, options: &Options) -> Result<()> {
    let campaign = Campaign::begin(root, options.seed)?;
    let mut wrong = 0;
    for part in options.parts() {
        let run = options.run(part, &campaign.binary, campaign.home(), campaign.seed).await;
        let findings = match run {
            // A program that lost its log may not come back at all.
            Err(error) if options.control == Some(Control::Log) => {
                return demand_noticed(true, &format!("{error:#}"));
            }
            run => run?,
        };
        findings.print();
        wrong += findings.total();
    }
    if let Some(control) = options.control {
        return demand_noticed(wrong > 0, &format!("{control:?} was done wrong"));
    }
    ensure!(wrong == 0, "a promise is broken");
    Ok(())
}
