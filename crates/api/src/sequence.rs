//! What every request passes, in order, from its head to its answer: [`answer`] is all of it, and
//! goes on in [`operate`] and [`converse`], or in `customer`. What comes after that a handler's
//! arguments say (`routes`).
//!
//! These are functions and not a layer for each step: a layer copies everything below it for each
//! request.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use handoff_cometd::CometdServer;

use crate::auth::{self, Crossing, Gate};
use crate::comet;
use crate::customer::CustomerDoors;
use crate::diagnostics::{self, Readiness};
use crate::error::Refusal;
use crate::handle::{answering, routed};
use crate::matched_route::MatchedRoute;
use crate::me_interactions::envelope_of;
use crate::request::{JsonBody, is_packed, packed_refused};
use crate::respond::{LoginWindow, in_final_form, unknown_method, unknown_path};
use crate::routes::{ROOT, Route, Takes, beside_root, table};
use crate::shared::Shared;
use crate::signposts::{Found, Methods, Signposts};
use crate::wire::envelope::Envelope;

/// Everything that the API answers.
struct Api {
    shared: Shared,
    users: Users,
    customers: Arc<CustomerDoors>,
}

/// What users ask for, and whoever looks after the machine.
struct Users {
    gate: Gate,
    signposts: Signposts<Way>,
    /// What whoever looks after the machine asks for, and nothing.
    others: Router,
}

/// Where a user's request goes.
enum Way {
    Operate(Box<Route>),
    Converse,
}

impl Users {
    async fn answer(&self, mut request: Request) -> Response {
        match self.signposts.find(&mut request) {
            // In boxes, so that a poll that is held takes no more room than it needs.
            Found::Way(Way::Operate(route)) => {
                MatchedRoute::note(&request, || Cow::Borrowed(route.path));
                Box::pin(operate(&self.gate, route, request)).await
            }
            Found::Way(Way::Converse) => Box::pin(converse(&self.gate, request)).await,
            Found::OtherMethod(allowed) => {
                let mut response = unknown_method().await.into_response();
                response.headers_mut().insert(ALLOW, allowed.clone());
                response
            }
            Found::Nothing => routed(&self.others, request).await,
        }
    }
}

/// Answers a request.
async fn answer(api: Arc<Api>, request: Request) -> Response {
    let window = LoginWindow::over_answer_to(request.headers());
    let crossing = Crossing::of(&api.shared, &request);
    let mut response = match crossing.word() {
        Some(word) => word,
        None if api.customers.are_meant(&request) => api.customers.answer(request).await,
        None => api.users.answer(request).await,
    };
    crossing.tell(&api.shared, &mut response);
    in_final_form(response, window)
}

/// Answers a user's request that has found its route.
async fn operate(gate: &Gate, route: &Route, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let method = parts.method.clone();
    let (caller, identified) = auth::find_caller(gate, &parts).await;
    parts.extensions.insert(identified);
    let mut response = if is_packed(&parts.headers, &body) {
        packed_refused()
    } else {
        match read(route.takes, parts, body).await {
            Ok((request, envelope)) => {
                let response = route.handle.call(request, gate.shared().clone()).await;
                in_envelope(response, envelope)
            }
            Err(refusal) => refusal.into_response(),
        }
    };
    auth::name_caller(gate, caller.as_deref(), &method, &mut response);
    response
}

/// Answers a request to the users' CometD server.
async fn converse(gate: &Gate, request: Request) -> Response {
    let method = request.method().clone();
    let (caller, request) = match auth::find_comet_caller(gate, request).await {
        Ok(found) => found,
        Err(refusal) => return refusal.into_response(),
    };
    let mut response = gate.shared().comet().server().answer(request).await;
    auth::end_what_came_late(gate, caller.as_ref()).await;
    auth::name_caller(gate, caller.as_ref(), &method, &mut response);
    response
}

/// Reads a body as far as its route wants that before anybody asks who is calling. Of an operation
/// it returns the envelope, too, which the answer has whatever it is.
async fn read(
    takes: Takes,
    mut parts: Parts,
    body: Body,
) -> Result<(Request, Option<Envelope>), Refusal> {
    let mut envelope = None;
    let body = match takes {
        Takes::Nothing | Takes::File => body,
        Takes::Json | Takes::Operation => {
            let json = JsonBody::read(&parts.headers, body).await?;
            if let (Takes::Operation, Ok(name)) = (takes, json.operation_name()) {
                envelope = Some(envelope_of(&name));
            }
            parts.extensions.insert(json);
            Body::empty()
        }
    };
    let mut request = Request::from_parts(parts, body);
    if let Takes::File = takes {
        DefaultBodyLimit::disable().apply(&mut request);
    }
    Ok((request, envelope))
}

/// Notes the envelope of a refusal; every other answer is in its own already.
fn in_envelope(mut response: Response, envelope: Option<Envelope>) -> Response {
    if let Some(envelope) = envelope
        && response.extensions().get::<Refusal>().is_some()
    {
        response.extensions_mut().insert(envelope);
    }
    response
}

/// Returns a router that answers every path.
pub(crate) fn router(gate: &Gate, customers: &Arc<CustomerDoors>) -> Router {
    let (shared, users) = (gate.shared().clone(), users(gate));
    let api = Api { shared, users, customers: customers.clone() };
    Router::new().fallback_service(answering(None, api, answer))
}

fn users(gate: &Gate) -> Users {
    let ready = Readiness::new(gate.shared().clone());
    let others = Router::new()
        .route("/healthz", get(diagnostics::healthz))
        .route("/readyz", get(diagnostics::readyz).with_state(ready))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method);
    let comet = CometdServer::paths(comet::PATH);
    let comet = comet.into_iter().map(|path| (path, Methods::Any, Way::Converse));
    let below_root = table().into_iter().map(|route| (format!("{ROOT}{}", route.path), route));
    let beside_root = [beside_root()].map(|route| (route.path.to_owned(), route));
    let operations = below_root.chain(beside_root).map(|(path, route)| {
        let methods = Methods::One(route.method.clone());
        (path, methods, Way::Operate(Box::new(route)))
    });
    let signposts = Signposts::new(comet.chain(operations));
    Users { gate: gate.clone(), signposts, others }
}
