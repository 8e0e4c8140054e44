//! What every handler shares.

use std::sync::Arc;

use handoff_content::FileKeeper;
use handoff_engine::{Directory, Engine};

use crate::auth::Gate;
use crate::comet::Comet;
use crate::customer::CustomerDoors;
use crate::diagnostics::Readiness;
use crate::supervisor_names::SupervisorNames;
use crate::wire::letters::Cleaner;
use crate::wire::resource::{Lookup, PublicUrl};

/// How the session cookie may travel; see `SameSite` of RFC 6265bis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Sent along with links from other sites, not with their requests.
    #[default]
    Lax,
    /// Never sent from other sites.
    Strict,
    /// Always sent; browsers then ask for TLS.
    None,
}

impl SameSite {
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

/// Everything configurable of this crate.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address under which clients reach the server.
    pub public_url: PublicUrl,
    /// How the session cookie may travel; default `Lax` (docs/compat/conventions.md#logins).
    pub same_site: SameSite,
    /// Whether the session cookie is for TLS only; default no, because plain HTTP behind a balancer
    /// is common.
    pub secure_cookie: bool,
    /// Signs cookies of sessions that are not stored yet; the same on every node of a cluster.
    /// Without one each start makes its own.
    pub session_key: Option<[u8; 32]>,
    /// Origins that browsers may call from with credentials: exact, or with a `*.` before the
    /// domain. Default none.
    pub cors_origins: Vec<String>,
    /// Requests that one authenticated user may make, per second; default 2,000
    /// (docs/compat/conventions.md#limits: no limit below that).
    pub requests_per_s: u32,
    /// The user-data key of a disposition when the client names none; default `DISP_KEY`, as
    /// captured from the platform whose API this is (docs/compat/interactions.md#user-data).
    pub disposition_key: String,
    /// What `GET /diagnostics/version` says.
    pub version: String,
}

impl Options {
    /// Returns the defaults for a server that clients reach under that address.
    #[must_use]
    pub fn new(public_url: PublicUrl) -> Self {
        Self {
            public_url,
            same_site: SameSite::Lax,
            secure_cookie: false,
            session_key: None,
            cors_origins: Vec::new(),
            requests_per_s: 2_000,
            disposition_key: "DISP_KEY".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

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
