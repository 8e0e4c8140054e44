//! The customers' side: how chats, files and other interactions come in from people and programs
//! that are no users of Handoff.
//!
//! Nobody logs in here. A chat's secure key is all that its customer has, so there is nothing
//! ambient that a foreign page could misuse, and everything that costs something is counted by
//! address (`guard`). The doors differ in their envelopes and are the same inside: each turns what
//! it gets into an `chat_operation::ChatOperation`, `chats::perform` carries it out, and `answer` says how the chat
//! stands.
//!
//! Sources: the public pages' customer APIs as collected in docs/compat/customers.md#requests and
//! in docs/compat/customers.md#simple-api; docs/api/customers.md has what was decided where they
//! are silent.

pub(crate) mod answer;
pub(crate) mod availability;
mod bodies;
pub(crate) mod chat_operation;
pub(crate) mod chats;
pub(crate) mod comet;
pub(crate) mod email;
pub(crate) mod files;
mod fingerprint;
pub(crate) mod form;
pub(crate) mod guard;
pub(crate) mod hours;
pub(crate) mod open_media;
mod options;
mod origins;
pub(crate) mod paths;
mod poll_positions;
pub(crate) mod refusal;
pub(crate) mod rest;
mod services;
pub(crate) mod simple;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, any, post};
use handoff_cometd::{Limits, Ports};
use handoff_content::FileKeeper;
use handoff_domain::{Chat, InteractionId};
use handoff_engine::{Core, Engine};

use crate::body_memory::{BodyMemory, FORM_BYTES_MAX};
use crate::respond::{unknown_method, unknown_path};
use crate::shared::Shared;
use comet::CustomerComet;
pub use comet::CustomerVoice;
use guard::Guard;
pub use options::Options;
pub use paths::ROOT;
use poll_positions::PollPositions;

/// What the customers' doors share.
pub struct CustomerDoors {
    pub(crate) files: Arc<FileKeeper>,
    pub(crate) guard: Guard,
    pub(crate) comet: CustomerComet,
    pub(crate) memory: Arc<BodyMemory>,
    positions: PollPositions,
}

impl CustomerDoors {
    /// Makes it. `limits` are those of the customers' CometD server.
    #[must_use]
    pub fn new(
        core: Arc<Core>,
        voice: Arc<CustomerVoice>,
        files: Arc<FileKeeper>,
        options: Options,
        limits: Limits,
        ports: Ports,
    ) -> Arc<Self> {
        let guard = Guard::new(&options, files.space().clone());
        let limits = Limits { sessions_per_source: options.sessions_per_address, ..limits };
        let comet = CustomerComet::new(core, voice, limits, guard.requests.clone(), ports);
        Arc::new(Self {
            guard,
            files,
            comet,
            memory: Arc::default(),
            positions: PollPositions::default(),
        })
    }

    /// Notes how far a polling customer has come, and gives how far they had come before.
    pub(crate) fn advance_position(
        &self,
        engine: &Engine,
        chat: InteractionId,
        last: Option<u64>,
        is_over: bool,
    ) -> u64 {
        self.positions.advance(chat, last, is_over, |chat| is_live(engine, chat))
    }

    /// Runs timers and deliveries of the customers' CometD server until [`CustomerDoors::shutdown`].
    /// Spawn it once.
    pub async fn run(&self) {
        self.comet.run().await;
    }

    /// Tells customers who wait by CometD how they stand in line, where that has changed;
    /// [`CustomerDoors::run`] does it every few seconds.
    pub async fn tell_standings(&self) {
        self.comet.tell_standings().await;
    }

    /// Answers parked polls and closes sockets.
    pub async fn shutdown(&self) {
        self.comet.shutdown().await;
    }
}

/// Tells whether a chat is live, as far as it is in memory; one that is not has long had no part in
/// anything.
pub(crate) fn is_live(engine: &Engine, chat: InteractionId) -> bool {
    engine.conversations().is_customer_awaited(chat)
        || engine
            .core()
            .board()
            .recent(chat)
            .is_some_and(|known| known.value.chat().is_some_and(Chat::is_live))
}

/// Returns the routes of the customers' side.
pub(crate) fn router(shared: &Shared) -> Router {
    let forms = at_both(&[
        ("/2/chat/{service}", || post(rest::request)),
        ("/2/chat/{service}/availability", || post(availability::show)),
        ("/2/chat/{service}/{chat}/{operation}", || post(rest::operate)),
        ("/2/openmedia/{service}", || post(open_media::create)),
    ])
    .layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    // Files are bounded while they arrive, by what their service allows; what has none is bounded
    // where it is read.
    let files = at_both(&[
        ("/2/chat/{service}/{chat}/file", || post(files::upload)),
        ("/2/chat/{service}/{chat}/file/limits", || post(files::show_limits)),
        ("/2/chat/{service}/{chat}/file/{file}/{operation}", || post(files::operate)),
        ("/2/chat-ntf", || post(files::notified)),
        ("/2/email/{service}", || post(email::create)),
    ])
    .layer(DefaultBodyLimit::disable());
    let unpacked = forms.merge(files).route_layer(from_fn(bodies::expect_unpacked));
    let counted = unpacked.with_state(shared.clone());
    let comet = shared.doors().comet.router();
    let waiting =
        counted.merge(comet).layer(from_fn_with_state(shared.clone(), bodies::wait_for_memory));
    // Counted first: what is one too many does not wait.
    let below = waiting.layer(from_fn_with_state(shared.clone(), guard::count));
    // A page of a listed origin may read every answer below the root. Browsers ask first, by a
    // method that no route has, so what is unknown is answered here as well.
    Router::new()
        .nest(ROOT, below)
        .route(&format!("{ROOT}/"), any(unknown_path))
        .route(&format!("{ROOT}/{{*rest}}"), any(unknown_path))
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(shared.clone(), origins::cross_origin))
}

/// Makes what answers at a path.
type Door = fn() -> MethodRouter<Shared>;

/// Returns routes that are the same with and without a slash at the end: the vendor's chat window
/// always adds one (docs/api/customers.md).
fn at_both(routes: &[(&str, Door)]) -> Router<Shared> {
    routes.iter().fold(Router::new(), |router, (path, handler)| {
        router.route(path, handler()).route(&format!("{path}/"), handler())
    })
}
