//! What every handler shares.

use std::sync::Arc;

use handoff_content::FileKeeper;
use handoff_engine::{Directory, Engine};

use crate::auth::Gate;
use crate::comet::Comet;
use crate::customer::CustomerDoors;
use crate::diagnostics::Readiness;
use crate::options::Options;
use crate::supervisor_names::SupervisorNames;
use crate::wire::letters::Cleaner;
use crate::wire::resource::{Lookup, PublicUrl};

/// What every handler shares; cheap to clone.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    comet: Comet,
    doors: Arc<CustomerDoors>,
    options: Options,
    gate: Gate,
    supervisor_names: SupervisorNames,
    readiness: Readiness,
}

impl Shared {
    /// Puts it together.
    #[must_use]
    pub fn new(
        engine: Arc<Engine>,
        comet: Comet,
        doors: Arc<CustomerDoors>,
        options: Options,
    ) -> Self {
        let gate = Gate::new(&options, engine.core().ids());
        comet.count_by(gate.requests());
        let shared = Self(Arc::new(Inner {
            engine,
            comet,
            doors,
            options,
            gate,
            supervisor_names: SupervisorNames::default(),
            readiness: Readiness::default(),
        }));
        shared.doors().comet.connect(shared.clone());
        shared
    }

    /// Returns the engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Returns the CometD mount.
    #[must_use]
    pub fn comet(&self) -> &Comet {
        &self.0.comet
    }

    /// Returns the customers' side.
    #[must_use]
    pub fn doors(&self) -> &CustomerDoors {
        &self.0.doors
    }

    /// Returns what keeps files.
    pub(crate) fn files(&self) -> &FileKeeper {
        &self.doors().files
    }

    /// Returns what is configured.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// Returns the public address.
    #[must_use]
    pub fn url(&self) -> &PublicUrl {
        &self.0.options.public_url
    }

    /// Returns who is let in.
    pub(crate) fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// Returns the names by which supervisors want to go in chats.
    pub(crate) fn supervisor_names(&self) -> &SupervisorNames {
        &self.0.supervisor_names
    }

    /// Returns what was found out last about the server's readiness.
    pub(crate) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// Returns what rendering looks up in `directory`.
    #[must_use]
    pub fn lookup<'a>(&'a self, directory: &'a Directory) -> Lookup<'a> {
        Lookup { directory, url: self.url(), letters: self.letters() }
    }

    /// Returns what makes the HTML of strangers safe to show.
    #[must_use]
    pub fn letters(&self) -> &Cleaner {
        self.0.comet.letters()
    }
}
