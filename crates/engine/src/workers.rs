//! The workers of one node, one type each.
//!
//! A worker decides nothing: it finds what is to be done and issues commands, or reads and sweeps.
//! What was true when it looked may be over when its command is carried out; the rules refuse it
//! then.

mod board;
mod center;
mod cursor;
mod directory;
mod eraser;
mod followers;
mod logins;
mod missed;
mod outbox;
mod presence;
mod retention;
mod router;
mod signs;
mod sweeper;
mod timers;
mod uses;

pub use directory::DirectoryReader;
pub use followers::Followers;
pub use logins::Logins;
pub use outbox::Outbox;
pub use presence::Presence;
pub use retention::Retention;
pub use router::Router;
pub use signs::SignsOfLife;
pub use sweeper::Sweeper;
pub use timers::Timers;
pub use uses::UseCounter;

use std::sync::Arc;

use crate::commands::Commands;
use crate::core::Core;
use crate::delivery::Delivery;
use crate::desks::Desks;
use crate::outward::{Post, Publisher};
use crate::privacy::Erasures;
use crate::worker::{Runner, Worker, WorkerStatus};
use board::BoardReader;
use center::CenterTeller;
use eraser::Eraser;
use missed::MissedStreams;

/// The outward ports that workers use.
pub(crate) struct Speaking {
    pub(crate) publisher: Arc<dyn Publisher>,
    pub(crate) post: Option<Arc<dyn Post>>,
}

/// The workers of one node. Those whose round somebody may want at once have names.
pub struct Workers {
    router: Arc<Router>,
    signs: Arc<SignsOfLife>,
    timers: Arc<Timers>,
    directory: Arc<DirectoryReader>,
    sweeper: Arc<Sweeper>,
    retention: Arc<Retention>,
    outbox: Arc<Outbox>,
    followers: Arc<Followers>,
    presence: Arc<Presence>,
    logins: Arc<Logins>,
    uses: Arc<UseCounter>,
    runners: Vec<Arc<Runner>>,
}

impl Workers {
    pub(crate) fn new(
        core: &Arc<Core>,
        commands: &Arc<Commands>,
        desks: &Arc<Desks>,
        delivery: &Arc<Delivery>,
        erasures: &Arc<Erasures>,
        speaking: Speaking,
        readers: Vec<Arc<dyn Worker>>,
    ) -> Self {
        let Speaking { publisher, post } = speaking;
        let logins = Arc::new(Logins::new(core.clone(), publisher));
        let router = Arc::new(Router::new(core.clone(), commands.clone()));
        let signs = Arc::new(SignsOfLife::new(core.clone(), commands.clone()));
        let (it, path) = (core.clone(), commands.clone());
        let timers = Arc::new(Timers::new(it, path, desks.clone(), signs.clone()));
        let sweeper = Arc::new(Sweeper::new(core.clone()));
        let retention = Arc::new(Retention::new(core.clone()));
        let outbox = Arc::new(Outbox::new(core.clone(), commands.clone(), post));
        let (it, path) = (core.clone(), commands.clone());
        let directory = Arc::new(DirectoryReader::new(core.clone(), desks.clone()));
        let followers = Arc::new(Followers::new(it, path, desks.clone()));
        let (it, agents) = (core.clone(), desks.clone());
        let presence = Arc::new(Presence::new(it, agents, delivery.clone()));
        let uses = Arc::new(UseCounter::new(core.clone(), commands.clone()));
        let all: [Arc<dyn Worker>; 15] = [
            router.clone(),
            signs.clone(),
            timers.clone(),
            Arc::new(MissedStreams::new(core.clone(), delivery.clone())),
            directory.clone(),
            Arc::new(BoardReader::new(core.clone())),
            Arc::new(CenterTeller::new(core.clone(), delivery.clone())),
            sweeper.clone(),
            retention.clone(),
            Arc::new(Eraser::new(erasures.clone())),
            outbox.clone(),
            followers.clone(),
            presence.clone(),
            logins.clone(),
            uses.clone(),
        ];
        let runners = all.into_iter().chain(readers).map(Runner::new).collect();
        Self {
            router,
            signs,
            timers,
            directory,
            sweeper,
            retention,
            outbox,
            followers,
            presence,
            logins,
            uses,
            runners,
        }
    }

    /// Returns how each is run.
    pub(crate) fn runners(&self) -> &[Arc<Runner>] {
        &self.runners
    }

    /// Tells how they are doing.
    #[must_use]
    pub fn statuses(&self) -> Vec<WorkerStatus> {
        self.runners.iter().map(|runner| runner.status()).collect()
    }

    /// Returns what makes offers.
    #[must_use]
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Returns what records signs of life.
    #[must_use]
    pub fn signs(&self) -> &SignsOfLife {
        &self.signs
    }

    /// Returns what carries out what is due.
    #[must_use]
    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Returns what reads the directory.
    #[must_use]
    pub fn directory(&self) -> &DirectoryReader {
        &self.directory
    }

    /// Returns what removes old rows.
    #[must_use]
    pub fn sweeper(&self) -> &Sweeper {
        &self.sweeper
    }

    /// Returns what removes finished interactions that are no longer kept.
    #[must_use]
    pub fn retention(&self) -> &Retention {
        &self.retention
    }

    /// Returns what sends mails.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Returns what counts how often standard responses are used.
    #[must_use]
    pub fn uses(&self) -> &UseCounter {
        &self.uses
    }

    /// Returns what looks after open login sessions.
    #[must_use]
    pub fn logins(&self) -> &Logins {
        &self.logins
    }

    /// Returns what keeps this node alive.
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Returns what offers chats to the supervisors who follow their owners.
    #[must_use]
    pub fn followers(&self) -> &Followers {
        &self.followers
    }
}
