//! What each reader of an event takes: agents who watch a workbin are told of what comes and goes.
//! And what each takes who comes back after the program was killed, and missed one event of many.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Result;
use handoff_testkit::Program;
use tokio::task::JoinSet;

use crate::cometd::members::Members;
use crate::cometd::product::{EVENT_BOUND, NEXT_POLLS, Shelf, come, open};
use crate::counted::allocations;

/// How many there are: what the event takes itself is divided among them.
pub(super) const READERS: usize = 64;

/// The program with everybody listening by long-polling.
pub(super) struct Readers {
    config: PathBuf,
    shelf: Shelf,
    members: Rc<Members>,
    program: Program,
    _tasks: JoinSet<()>,
}

impl Readers {
    pub(super) async fn open(own: &Path, home: &Path) -> Result<Self> {
        let (site, program) = open(own, home, READERS).await?;
        let (members, _tasks) = come(&program, READERS).await?;
        let shelf = Shelf::open(&program).await?;
        Ok(Self { config: site.config, shelf, members, program, _tasks })
    }

    /// Lets everybody be told of one event, and poll again; returns how often the program
    /// allocated for it.
    pub(super) async fn tell(&mut self) -> Result<u64> {
        let before = allocations(&self.config)?;
        let awaited = self.members.expect_event();
        self.shelf.change().await?;
        awaited.all(EVENT_BOUND).await?;
        tokio::time::sleep(NEXT_POLLS).await;
        Ok(allocations(&self.config)? - before)
    }

    /// Kills the program and lets everybody come back, be told of one event and poll again; returns
    /// how often it allocated from when they were let in.
    pub(super) async fn come_back(&mut self) -> Result<u64> {
        self.program.kill().await?;
        self.members.hold_back();
        self.program.restart().await?;
        let awaited = self.members.expect_event();
        self.shelf.change().await?;
        tokio::time::sleep(NEXT_POLLS).await;
        let before = allocations(&self.config)?;
        self.members.let_in();
        awaited.all(EVENT_BOUND).await?;
        tokio::time::sleep(NEXT_POLLS).await;
        Ok(allocations(&self.config)? - before)
    }
}
