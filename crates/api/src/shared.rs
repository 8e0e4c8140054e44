//! What every handler shares: the handles of what is below them.
//!
//! It knows nothing of the rooms that use it. What a room keeps for itself, as who is let in or
//! what customers have begun, is a state of that room's, and `assembly` puts the two together.

use std::error::Error;
use std::sync::Arc;

use handoff_content::FileKeeper;
use handoff_engine::{Directory, Engine};
use tokio::sync::Mutex;

use crate::comet::Comet;
use crate::options::Options;
use crate::origins::Origins;
use crate::wire::letters::Cleaner;
use crate::wire::resource::{Lookup, PublicUrl};

/// What every handler shares; cheap to clone.
#[derive(Clone)]
pub struct Shared(Arc<Inner>);

struct Inner {
    engine: Arc<Engine>,
    comet: Comet,
    files: Arc<FileKeeper>,
    options: Options,
    origins: Origins,
    /// Only one center file is applied at a time: two at once would only make each other fail.
    applying: Arc<Mutex<()>>,
}

impl Shared {
    pub(crate) fn new(
        engine: Arc<Engine>,
        comet: Comet,
        files: Arc<FileKeeper>,
        options: Options,
    ) -> Self {
        let origins = Origins::new(&options);
        let applying = Arc::default();
        Self(Arc::new(Inner { engine, comet, files, options, origins, applying }))
    }

    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Returns the CometD mount.
    #[must_use]
    pub fn comet(&self) -> &Comet {
        &self.0.comet
    }

    /// Returns what is held while a center file is applied.
    pub(crate) fn applying(&self) -> &Arc<Mutex<()>> {
        &self.0.applying
    }

    /// Takes in that the contact center was changed here. What was committed is durable whether or
    /// not it can be read back: it is read again within a second.
    pub(crate) async fn directory_changed(&self) {
        if let Err(error) = self.engine().desks().directory_changed().await {
            tracing::warn!(
                error = &error as &dyn Error,
                "a changed contact center could not be read back"
            );
        }
    }

    /// Returns what keeps files.
    pub(crate) fn files(&self) -> &FileKeeper {
        &self.0.files
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

    /// Returns whose pages may call by the session cookie.
    pub(crate) fn origins(&self) -> &Origins {
        &self.0.origins
    }

    /// Returns what rendering looks up in `directory`.
    #[must_use]
    pub fn lookup<'a>(&'a self, directory: &'a Directory) -> Lookup<'a> {
        let (url, letters) = (self.url(), self.letters());
        Lookup { directory, url, letters, operations: self.0.comet.operations() }
    }

    /// Returns what makes the HTML of strangers safe to show.
    #[must_use]
    pub fn letters(&self) -> &Cleaner {
        self.0.comet.letters()
    }
}
