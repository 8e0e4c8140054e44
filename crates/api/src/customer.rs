//! The customers' side: how chats, files and other interactions come in from people and programs
//! that are no users of Handoff.
//!
//! Nobody logs in here. A chat's secure key is all that its customer has, so there is nothing
//! ambient that a foreign page could misuse, and everything that costs something is counted by
//! address (`guard`). The doors differ in their envelopes and are the same inside: each reads a
//! `ChatOperation`, `chats::perform` carries it out, and `answer` says how the chat stands.
//!
//! Sources: the public pages' customer APIs as collected in docs/compat/customers.md#requests and
//! in docs/compat/customers.md#simple-api; docs/api/customers.md has what was decided where they
//! are silent.

pub(crate) mod answer;
pub(crate) mod availability;
pub(crate) mod chat_operation;
pub(crate) mod chats;
pub(crate) mod comet;
pub(crate) mod email;
pub(crate) mod files;
mod fingerprint;
pub(crate) mod form;
pub(crate) mod guard;
pub(crate) mod hours;
mod layers;
pub(crate) mod open_media;
mod options;
mod origins;
pub(crate) mod paths;
mod poll_positions;
pub(crate) mod refusal;
pub(crate) mod rest;
mod services;
pub(crate) mod simple;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, any, post};
use handoff_cometd::{Limits, Ports};

use crate::body_memory::FORM_BYTES_MAX;
use crate::respond::{unknown_method, unknown_path};
use crate::shared::Shared;
use comet::CustomerComet;
pub use comet::CustomerVoice;
pub use options::Options;
pub use paths::ROOT;
pub(crate) use simple::ROOT as SIMPLE_ROOT;
use state::DoorState;

/// The customers' doors, and the CometD server behind one of them.
pub struct CustomerDoors {
    state: DoorState,
    comet: CustomerComet,
}

impl CustomerDoors {
    /// Makes them. `limits` are those of the customers' CometD server.
    pub(crate) fn new(
        shared: Shared,
        voice: Arc<CustomerVoice>,
        options: &Options,
        limits: Limits,
        ports: Ports,
    ) -> Arc<Self> {
        let limits = Limits { sessions_per_source: options.sessions_per_address, ..limits };
        let state = DoorState::new(shared, options);
        let comet = CustomerComet::new(state.clone(), voice, limits, ports);
        Arc::new(Self { state, comet })
    }

    /// Runs timers and deliveries of the customers' CometD server until
    /// [`CustomerDoors::shutdown`]. Spawn it once.
    pub async fn run(&self) {
        self.comet.run().await;
    }

    /// Tells customers who wait by CometD how they stand in line, where that has changed;
    /// [`CustomerDoors::run`] does it every few seconds.
    pub async fn tell_standings(&self) {
        self.comet.tell_standings().await;
    }

    /// Returns what answers at the paths that agents have as well.
    pub(crate) fn simple(&self) -> Vec<(&'static str, MethodRouter)> {
        simple::doors(&self.state)
    }

    /// Returns what answers below [`SIMPLE_ROOT`] where there is no door.
    pub(crate) fn nothing(&self) -> MethodRouter {
        simple::nothing(&self.state)
    }

    /// Answers parked polls and closes sockets.
    pub async fn shutdown(&self) {
        self.comet.shutdown().await;
    }
}

/// Returns the routes of the customers' side.
pub(crate) fn router(doors: &CustomerDoors) -> Router {
    let state = &doors.state;
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
    let unpacked = forms.merge(files).route_layer(from_fn(layers::expect_unpacked));
    let counted = unpacked.with_state(state.clone());
    let comet = doors.comet.router();
    let waiting =
        counted.merge(comet).layer(from_fn_with_state(state.clone(), layers::wait_for_memory));
    // Counted first: what is one too many does not wait.
    let below = waiting.layer(from_fn_with_state(state.clone(), layers::count));
    // A page of a listed origin may read every answer below the root. Browsers ask first, by a
    // method that no route has, so what is unknown is answered here as well.
    Router::new()
        .nest(ROOT, below)
        .route(&format!("{ROOT}/"), any(unknown_path))
        .route(&format!("{ROOT}/{{*rest}}"), any(unknown_path))
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(state.shared().clone(), origins::cross_origin))
}

/// Makes what answers at a path.
type Door = fn() -> MethodRouter<DoorState>;

/// Returns routes that are the same with and without a slash at the end: the vendor's chat window
/// always adds one (docs/api/customers.md).
fn at_both(routes: &[(&str, Door)]) -> Router<DoorState> {
    routes.iter().fold(Router::new(), |router, (path, handler)| {
        router.route(path, handler()).route(&format!("{path}/"), handler())
    })
}
