//! Every route, on one screen.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any, get, on};
use tower::ServiceExt as _;

use crate::auth::{Gate, authenticate, authenticate_comet, cors, has_credentials};
use crate::customer::{self, CustomerDoors};
use crate::diagnostics::Readiness;
use crate::media::{chats, emails, openmedia, workitems};
use crate::request::{expect_unpacked, read_body};
use crate::respond::{refusals, unknown_method, unknown_path};
use crate::shared::Shared;
use crate::{
    attachments, center, channels, chat_messages, contacts, diagnostics, interactions, me,
    me_interactions, notes, queues, settings, skills, supervision, targets, users, workbins,
};

/// Where the API is mounted.
pub const ROOT: &str = "/api/v2";

/// A path of the platform's that is not below [`ROOT`].
const BUSINESS_ATTRIBUTES: &str = "/internal-api/business-attributes";

/// One route below [`ROOT`].
pub struct Route {
    pub method: Method,
    /// The path, with its variables in braces.
    pub path: &'static str,
    handler: fn() -> MethodRouter<Shared>,
}

/// Returns every route of the API; CometD and the two health paths beside it are added by
/// `router`.
#[rustfmt::skip]
#[must_use]
pub fn table() -> Vec<Route> {
    vec![
        read("/diagnostics/version",           || get(diagnostics::version)),

        read("/me",                            || get(me::get)),
        write("/me",                           || post(me::operate)),
        remove("/me/session",                  || axum::routing::delete(me::log_out)),
        read("/me/channels",                   || get(channels::list)),
        read("/me/channels/{channel}",         || get(channels::get)),
        write("/me/channels/{channel}",        || post(channels::set)),

        read("/me/interactions",               || get(me_interactions::list)),
        write("/me/interactions",              || post(me_interactions::create)),
        write("/me/interactions/{id}",         || operation(me_interactions::operate)),
        read("/me/interactions/{id}/attachments", || get(attachments::list)),
        write("/me/interactions/{id}/attachments", || form(attachments::add)),
        read("/me/interactions/{id}/attachments/{attachment}", || get(attachments::download)),
        remove("/me/interactions/{id}/attachments/{attachment}", || axum::routing::delete(attachments::delete)),

        read("/me/interactions/{id}/raw",      || get(attachments::raw)),

        read("/me/emails",                     || get(emails::list)),
        write("/me/emails",                    || post(emails::create)),
        read("/me/emails/{id}",                || get(emails::get)),
        write("/me/emails/{id}",               || post(emails::operate)),
        read("/me/emails/{id}/attachments",    || get(attachments::list_of)),
        read("/me/emails/{id}/attachments/{attachment}", || get(attachments::download_of)),
        read("/me/chats",                      || get(chats::list)),
        write("/me/chats",                     || post(chats::create)),
        read("/me/chats/{id}",                 || get(chats::get)),
        write("/me/chats/{id}",                || post(chats::operate)),
        read("/me/chats/{id}/messages",        || get(chat_messages::list)),
        read("/me/workitems",                  || get(workitems::list)),
        write("/me/workitems",                 || post(workitems::create)),
        read("/me/workitems/{id}",             || get(workitems::get)),
        write("/me/workitems/{id}",            || post(workitems::operate)),
        read("/me/openmedia/{type}",           || get(openmedia::list)),
        write("/me/openmedia/{type}",          || post(openmedia::create)),
        read("/me/openmedia/{type}/{id}",      || get(openmedia::get)),
        write("/me/openmedia/{type}/{id}",     || post(openmedia::operate)),

        read("/me/workbins",                   || get(workbins::list_own)),
        write("/me/workbins",                  || post(workbins::watch_many)),
        read("/me/workbins/{id}",              || get(workbins::get)),
        write("/me/workbins/{id}",             || post(workbins::operate)),
        read("/me/workbins/{id}/{content}",    || get(workbins::content)),

        read("/interactions",                  || get(interactions::list)),
        write("/interactions",                 || post(interactions::create)),
        read("/interactions/{id}",             || get(interactions::get)),
        change("/interactions/{id}",           || put(interactions::put)),
        read("/interactions/{id}/routing",     || get(interactions::routing)),
        read("/interactions/{id}/operations",  || get(interactions::operations)),
        read("/interactions/{id}/notes",       || get(notes::list)),
        write("/interactions/{id}/notes",      || post(notes::add)),
        read("/interactions/{id}/events",      || get(interactions::events)),

        read("/emails/{id}",                   || get(emails::get)),
        read("/emails/{id}/attachments",       || get(attachments::list_of)),
        read("/emails/{id}/attachments/{attachment}", || get(attachments::download_of)),
        read("/chats/{id}",                    || get(chats::get)),
        read("/chats/{id}/messages",           || get(chat_messages::list)),
        // Samples print the addresses in the singular.
        read("/email/{id}",                    || get(emails::get)),
        read("/email/{id}/attachments",        || get(attachments::list_of)),
        read("/email/{id}/attachments/{attachment}", || get(attachments::download_of)),
        read("/chat/{id}",                     || get(chats::get)),
        read("/chat/{id}/messages",            || get(chat_messages::list)),
        read("/workitem/{id}",                 || get(workitems::get)),
        read("/workitems/{id}",                || get(workitems::get)),
        read("/openmedia/{type}/{id}",         || get(openmedia::get)),

        read("/contacts",                      || get(targets::list)),
        read("/contacts/{id}",                 || get(targets::get)),
        write("/contacts/ucs",                 || post(contacts::identify)),
        write("/ucs/contacts/{id}/interactions", || post(contacts::history)),
        write("/ucs/interactions/{id}",        || post(contacts::content)),

        read("/workbins",                      || get(workbins::list)),
        write("/workbins",                     || post(workbins::watch_many)),
        read("/workbins/{id}",                 || get(workbins::get)),
        write("/workbins/{id}",                || post(workbins::operate)),
        read("/workbins/{id}/{content}",       || get(workbins::content)),

        read("/users",                         || get(users::list)),
        read("/users/{id}",                    || get(users::get)),
        read("/users/{id}/skills",             || get(users::skills)),
        write("/users/{id}/channels/{channel}",|| post(channels::set_of)),
        write("/users/{id}/chats/{chat}",      || post(supervision::operate)),
        read("/users/{id}/workbins",           || get(workbins::list_of_user)),
        read("/users/{id}/workbins/{workbin}", || get(workbins::get_of)),
        read("/users/{id}/workbins/{workbin}/{content}", || get(workbins::content_of)),
        write("/users/{id}/workbins/{workbin}",|| post(workbins::operate_of)),
        read("/{user}/workbins",               || get(workbins::list_of_user)),
        read("/{user}/workbins/{workbin}",     || get(workbins::get_of)),
        read("/{user}/workbins/{workbin}/{content}", || get(workbins::content_of)),
        write("/{user}/workbins/{workbin}",    || post(workbins::operate_of)),

        read("/queues",                        || get(queues::list)),
        read("/queues/{id}",                   || get(queues::get)),
        change("/queues/{id}",                 || put(queues::put)),
        write("/center",                      || form(center::of_admin)),
        read("/skills",                        || get(skills::list)),
        read("/skills/{id}",                   || get(skills::get)),
        read("/groups",                        || get(skills::list_groups)),
        read("/groups/{id}",                   || get(skills::get_group)),
        read("/settings",                      || get(settings::list)),
        read("/settings/{section}",            || get(settings::section)),
        read("/internal-api/business-attributes", || get(settings::business_attributes)),
        read("/settings/agent-states",         || get(settings::agent_states)),
    ]
}

const fn read(path: &'static str, handler: fn() -> MethodRouter<Shared>) -> Route {
    Route { method: Method::GET, path, handler }
}

const fn write(path: &'static str, handler: fn() -> MethodRouter<Shared>) -> Route {
    Route { method: Method::POST, path, handler }
}

const fn change(path: &'static str, handler: fn() -> MethodRouter<Shared>) -> Route {
    Route { method: Method::PUT, path, handler }
}

const fn remove(path: &'static str, handler: fn() -> MethodRouter<Shared>) -> Route {
    Route { method: Method::DELETE, path, handler }
}

/// A POST with a file, which its handler bounds while it arrives.
fn form<H: Handler<T, Shared>, T: 'static>(handler: H) -> MethodRouter<Shared> {
    on(MethodFilter::POST, handler).route_layer(DefaultBodyLimit::disable())
}

/// A POST with a JSON body.
fn post<H: Handler<T, Shared>, T: 'static>(handler: H) -> MethodRouter<Shared> {
    on(MethodFilter::POST, handler).route_layer(from_fn(read_body))
}

/// A PUT with a JSON body.
fn put<H: Handler<T, Shared>, T: 'static>(handler: H) -> MethodRouter<Shared> {
    on(MethodFilter::PUT, handler).route_layer(from_fn(read_body))
}

/// A POST of the reference document's operations, whose answers have older envelopes.
fn operation<H: Handler<T, Shared>, T: 'static>(handler: H) -> MethodRouter<Shared> {
    let with_envelopes =
        on(MethodFilter::POST, handler).route_layer(from_fn(me_interactions::envelopes));
    with_envelopes.route_layer(from_fn(read_body))
}

/// Puts everything together.
pub(crate) fn router(shared: &Shared, gate: &Gate, doors: &CustomerDoors) -> Router {
    let internal = Router::new().route(BUSINESS_ATTRIBUTES, get(settings::business_attributes));
    let internal = internal.route_layer(from_fn_with_state(gate.clone(), authenticate));
    let comet = shared.comet().router().layer(from_fn_with_state(gate.clone(), authenticate_comet));
    let health = Router::new()
        .route("/healthz", get(diagnostics::healthz))
        .route("/readyz", get(diagnostics::readyz).with_state(Readiness::new(shared.clone())));
    let nothing = by_caller(any(unknown_path), doors.nothing());
    Router::new()
        // Clients of the platform whose API this is ask beside the root as well as below it.
        .merge(internal)
        .merge(health)
        .with_state(shared.clone())
        .nest(ROOT, below_root(shared, gate, doors))
        .nest(&format!("{ROOT}{}", customer::SIMPLE_ROOT), Router::new().fallback_service(nothing))
        .merge(comet)
        .merge(customer::router(doors))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(from_fn_with_state(shared.clone(), cors))
        .layer(from_fn(refusals))
}

/// Returns what is below [`ROOT`]: the table, and where customers have a path as well, their door
/// beside it.
fn below_root(shared: &Shared, gate: &Gate, doors: &CustomerDoors) -> Router {
    let authenticated = |routes: MethodRouter<Shared>| {
        let routes = routes.layer(from_fn(expect_unpacked));
        routes.layer(from_fn_with_state(gate.clone(), authenticate)).with_state(shared.clone())
    };
    let doors = doors.simple();
    let has_door = |route: &Route| doors.iter().any(|(path, _)| *path == route.path);
    let (shared_paths, own): (Vec<_>, Vec<_>) = table().into_iter().partition(has_door);
    let router = own.into_iter().fold(Router::new(), |router, route| {
        at_both(router, route.path, authenticated((route.handler)()))
    });
    doors.into_iter().fold(router, |router, (path, customers)| {
        let of_path = shared_paths.iter().filter(|route| route.path == path);
        let agents = of_path.map(|route| (route.handler)()).reduce(MethodRouter::merge);
        let agents = match agents {
            Some(agents) => authenticated(agents).fallback(unknown_method),
            None => any(unknown_path),
        };
        at_both(router, path, by_caller(agents, customers))
    })
}

/// Adds a path with and without a slash at the end: the only documented Create is a POST on
/// `/me/interactions/` (docs/compat/operations.md#creating).
fn at_both(router: Router, path: &str, routes: MethodRouter) -> Router {
    router.route(path, routes.clone()).route(&format!("{path}/"), routes)
}

/// Makes what answers where agents and customers have the same path: whoever brings no agent's
/// credentials is a customer.
fn by_caller(agents: MethodRouter, customers: MethodRouter) -> MethodRouter {
    any(agent_or_customer).with_state((agents, customers))
}

async fn agent_or_customer(
    State((agents, customers)): State<(MethodRouter, MethodRouter)>,
    request: Request,
) -> Response {
    let routes = if has_credentials(request.headers()) { agents } else { customers };
    routes.oneshot(request).await.unwrap_or_else(|never| match never {})
}
