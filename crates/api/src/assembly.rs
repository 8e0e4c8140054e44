//! The engine and the API around it, put together in the one place that the program, the tests and
//! the fault programs share.
//!
//! Whoever speaks to agents and customers looks up names in the core, the engine is built around
//! them, and their CometD servers are built around the engine.

use std::sync::Arc;

use axum::Router;
use handoff_cometd::{Limits, Ports};
use handoff_content::FileKeeper;
use handoff_engine::{
    Core, Engine, Finder, Mailboxes, Outward, Post, Publisher, Statistics, Worker,
};
use handoff_store::StoreError;

use crate::auth::{Gate, Keys};
use crate::center;
use crate::comet::{Comet, Voice};
use crate::customer::{self, CustomerDoors, CustomerVoice};
use crate::options::Options;
use crate::sequence;
use crate::shared::Shared;
use crate::wire::letters::Cleaner;

/// What the API is put together from, beside the core.
pub struct Setup {
    pub options: Options,
    /// Limits of the agents' CometD server.
    pub agents: Limits,
    pub customers: customer::Options,
    /// Limits of the customers' CometD server.
    pub customer_sessions: Limits,
    pub files: Arc<FileKeeper>,
    /// What makes the HTML of strangers safe to show.
    pub letters: Arc<Cleaner>,
    /// Who speaks to agents where it is not their CometD server.
    pub publisher: Option<Arc<dyn Publisher>>,
    /// The contact centers' own addresses; without any, every address is as good as another.
    pub mailboxes: Option<Arc<dyn Mailboxes>>,
    /// Who sends mails; without one, whatever is sent waits.
    pub post: Option<Arc<dyn Post>>,
    /// Readers of the log that keep something of their own.
    pub readers: Vec<Arc<dyn Worker>>,
    /// Who keeps the index of search; without one nothing can be searched.
    pub finder: Option<Arc<dyn Finder>>,
    /// Who counts what happens; without one no statistics are told.
    pub statistics: Option<Arc<dyn Statistics>>,
}

impl Setup {
    /// Returns the defaults, without mail.
    #[must_use]
    pub fn new(options: Options, files: Arc<FileKeeper>) -> Self {
        Self {
            options,
            agents: Limits::default(),
            customers: customer::Options::default(),
            customer_sessions: Limits::default(),
            files,
            letters: Arc::default(),
            publisher: None,
            mailboxes: None,
            post: None,
            readers: Vec::new(),
            finder: None,
            statistics: None,
        }
    }
}

/// An engine with the API around it. Nothing of it runs yet.
pub struct Assembly {
    pub engine: Arc<Engine>,
    pub comet: Comet,
    pub doors: Arc<CustomerDoors>,
    /// Every route.
    pub router: Router,
    /// What answers whoever operates the machine.
    pub operator: Router,
}

impl Assembly {
    /// Puts it together over a core.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub async fn build(core: Arc<Core>, setup: Setup) -> Result<Self, StoreError> {
        let voice = Voice::new(core.clone(), setup.options.public_url.clone(), setup.letters);
        let customer_voice = Arc::new(CustomerVoice::default());
        let outward = Outward {
            publisher: setup.publisher.unwrap_or_else(|| voice.clone()),
            customers: customer_voice.clone(),
            mailboxes: setup.mailboxes,
            post: setup.post,
            finder: setup.finder,
            statistics: setup.statistics,
        };
        let keys = Keys::get(&core, setup.options.session_keys).await?;
        let workers = setup.readers.into_iter().chain(keys.worker()).collect();
        let engine = Engine::build(core.clone(), outward, workers).await?;
        let requests_per_s = setup.options.requests_per_s;
        let comet = Comet::new(&engine, &voice, requests_per_s, setup.agents, Ports::default());
        let shared = Shared::new(engine.clone(), comet.clone(), setup.files, setup.options);
        let gate = Gate::new(shared.clone(), keys);
        let doors = CustomerDoors::new(
            shared.clone(),
            customer_voice,
            &setup.customers,
            setup.customer_sessions,
            Ports::default(),
        );
        let router = sequence::router(&gate, &doors);
        let operator = center::router(&shared);
        Ok(Self { engine, comet, doors, router, operator })
    }
}
