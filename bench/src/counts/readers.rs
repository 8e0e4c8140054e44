//! What each reader of an event takes: agents who watch a workbin are told of what comes and goes.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Result;
use handoff_testkit::Program;
use tokio::task::JoinSet;

use crate::cometd::members::Members;
use crate::cometd::product::{EVENT_BOUND, NEXT_POLLS, Shelf, come, open};

/// How many there are: what the event takes itself is divided among them.
pub(super) const READERS: usize = 64;

/// The program with everybody listening by long-polling.
pub(super) struct Readers {
    pub(super) config: PathBuf,
    shelf: Shelf,
    members: Rc<Members>,
    _program: Program,
    _tasks: JoinSet<()>,
}

impl Readers {
    pub(super) async fn open(own: &Path, home: &Path) -> Result<Self> {
        let (site, program) = open(own, home, READERS).await?;
        let (members, _tasks) = come(&program, READERS).await?;
        let shelf = Shelf::open(&program).await?;
        Ok(Self { config: site.config, shelf, members, _program: program, _tasks })
    }

    /// Lets everybody be told of one event, and poll again.
    pub(super) async fn tell(&mut self) -> Result<()> {
        let awaited = self.members.expect_event();
        self.shelf.change().await?;
        awaited.all(EVENT_BOUND).await?;
        tokio::time::sleep(NEXT_POLLS).await;
        Ok(())
    }
}
