//! What a message of a chat takes: a customer and their agent say something in turns, each when the
//! other has heard the last.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use handoff_testkit::Program;

use crate::chat::people::People;
use crate::chat::{Options, site};

/// How often both say something in a round.
const TURNS: usize = 5;
/// Messages of a round.
pub(super) const MESSAGES: usize = 2 * TURNS;
/// How long a message may take.
const ARRIVAL_BOUND: Duration = Duration::from_secs(30);

/// The program with one chat.
pub(super) struct Talk {
    pub(super) config: PathBuf,
    pub(super) program: Program,
    people: People,
}

impl Talk {
    pub(super) async fn open(own: &Path, home: &Path) -> Result<Self> {
        let options = Options::of_one_chat();
        let (site, program) = site::start(own, home, &options).await?;
        let people = site::open(&program, &options).await?;
        Ok(Self { config: site.config, program, people })
    }

    pub(super) async fn go_on(&self) -> Result<()> {
        let People { customers, agents, tally, .. } = &self.people;
        for _ in 0..TURNS {
            customers[0].say(tally).await?;
            self.arrived().await?;
            agents[0].say(0, tally).await?;
            self.arrived().await?;
        }
        Ok(())
    }

    async fn arrived(&self) -> Result<()> {
        let end = Instant::now() + ARRIVAL_BOUND;
        while self.people.tally.under_way() > 0 {
            self.people.tally.check()?;
            ensure!(Instant::now() < end, "a message did not arrive");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}
