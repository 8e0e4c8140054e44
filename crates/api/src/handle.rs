//! Between routers and functions: a handler by what it does and not by its type, so that one
//! function can call any of them, and a function as a route.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any_service, on_service};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tower::{ServiceExt as _, service_fn};

type Call<S> = dyn Fn(Request, S) -> BoxFuture<'static, Response> + Send + Sync;

/// A handler, which answers what was let through to it.
pub(crate) struct Handle<S>(Box<Call<S>>);

impl<S: 'static> Handle<S> {
    pub(crate) fn of<T: 'static>(handler: impl Handler<T, S>) -> Self {
        Self(Box::new(move |request, state| Box::pin(handler.clone().call(request, state))))
    }

    /// Calls it with what it shares with the others.
    pub(crate) async fn call(&self, request: Request, state: S) -> Response {
        (self.0)(request, state).await
    }
}

/// Adds routes to a path, with and without a slash at the end: the only documented Create is a POST
/// on `/me/interactions/` (docs/compat/operations.md#creating), and the vendor's chat window always
/// adds one (docs/api/customers.md).
pub(crate) fn at_both(router: Router, path: &str, routes: MethodRouter) -> Router {
    router.route(path, routes.clone()).route(&format!("{path}/"), routes)
}

/// Makes routes of a function and what it needs, for one method or for any.
pub(crate) fn answering<N, F>(
    method: Option<&Method>,
    needs: N,
    answer: fn(Arc<N>, Request) -> F,
) -> MethodRouter
where
    N: Send + Sync + 'static,
    F: Future<Output = Response> + Send + 'static,
{
    let needs = Arc::new(needs);
    let service = service_fn(move |request| answer(needs.clone(), request).map(Ok));
    match method.map(|method| MethodFilter::try_from(method.clone())) {
        Some(filter) => on_service(filter.expect("a method that routers know"), service),
        None => any_service(service),
    }
}

/// Returns what a router answers.
pub(crate) async fn routed(router: &Router, request: Request) -> Response {
    let Ok(response) = router.clone().oneshot(request).await;
    response
}
