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
mod door;
pub(crate) mod email;
pub(crate) mod files;
mod fingerprint;
pub(crate) mod form;
pub(crate) mod guard;
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
use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse as _, Response};
use handoff_cometd::{Limits, Ports, Stats};

use crate::auth::has_credentials;
use crate::handle::routed;
use crate::respond::{unknown_method, unknown_path};
use crate::shared::Shared;
use comet::CustomerComet;
pub use comet::CustomerVoice;
use door::{Door, Takes};
pub use options::Options;
use origins::Crossing;
use paths::is_below_root;
pub use paths::{COMET_PATH, ROOT};
use state::DoorState;

/// The customers' doors, and the CometD server behind one of them.
pub struct CustomerDoors {
    state: DoorState,
    comet: CustomerComet,
    /// What is below [`ROOT`].
    below_root: Router,
    /// What is below [`simple::ROOT`], where users have some of the paths as well.
    simple: Router,
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
        let below_root = door::router(&state, ROOT, doors(&comet)).fallback(unknown_path);
        let nothing = door::routes(&state, simple::nothing());
        let simple = door::router(&state, simple::ROOT, simple::doors()).fallback_service(nothing);
        let [below_root, simple] =
            [below_root, simple].map(|routes| routes.method_not_allowed_fallback(unknown_method));
        Arc::new(Self { state, comet, below_root, simple })
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

    /// Counts the sessions of customers and what belongs to them. It visits every session.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.comet.stats()
    }

    /// Tells whether a request is a customer's, by its path, and where users have the same, by who
    /// is calling: whoever brings no user's credentials is a customer.
    pub(crate) fn are_meant(&self, request: &Request) -> bool {
        let path = request.uri().path();
        is_below_root(path) || simple::is_at_root(path) && !has_credentials(request.headers())
    }

    /// Answers a customer.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let Some(crossing) = Crossing::of(self.state.shared(), &request) else {
            return self.let_in(request).await;
        };
        let mut response = match crossing.word() {
            Some(word) => word,
            None => self.let_in(request).await,
        };
        crossing.tell(&mut response);
        response
    }

    /// Brings a request to its door. It is counted first, also when there is no door or the door
    /// has another method: what is one too many does not wait.
    async fn let_in(&self, request: Request) -> Response {
        if let Err(refusal) = door::count(&self.state, &request) {
            return refusal.into_response();
        }
        let router =
            if is_below_root(request.uri().path()) { &self.below_root } else { &self.simple };
        routed(router, request).await
    }

    /// Answers parked polls and closes sockets.
    pub async fn shutdown(&self) {
        self.comet.shutdown().await;
    }
}

/// Returns the doors below [`ROOT`].
fn doors(comet: &CustomerComet) -> Vec<Door> {
    let mut doors = vec![
        Door::new(Method::POST, "/2/chat/{service}", Takes::Form, rest::request),
        Door::new(Method::POST, "/2/chat/{service}/availability", Takes::Form, availability::show),
        Door::new(Method::POST, "/2/chat/{service}/{chat}/{operation}", Takes::Form, rest::operate),
        Door::new(Method::POST, "/2/openmedia/{service}", Takes::Form, open_media::create),
        Door::new(Method::POST, "/2/chat/{service}/{chat}/file", Takes::Files, files::upload),
        Door::new(
            Method::POST,
            "/2/chat/{service}/{chat}/file/limits",
            Takes::Files,
            files::show_limits,
        ),
        Door::new(
            Method::POST,
            "/2/chat/{service}/{chat}/file/{file}/{operation}",
            Takes::Files,
            files::operate,
        ),
        Door::new(Method::POST, "/2/chat-ntf", Takes::Files, files::notified),
        Door::new(Method::POST, "/2/email/{service}", Takes::Files, email::create),
    ];
    doors.extend(comet.doors());
    doors
}
