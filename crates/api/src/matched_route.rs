//! The pattern of the route that a request found, for whoever writes requests down.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use axum::extract::Request;

/// Where the pattern of a request's route is noted, as `/me/interactions/{id}`. Whoever wants to
/// know it puts one into the request's extensions and keeps a clone.
#[derive(Clone, Debug, Default)]
pub struct MatchedRoute(Arc<OnceLock<Cow<'static, str>>>);

impl MatchedRoute {
    /// Returns the pattern, below the root of its routes; `None` where no route was found.
    #[must_use]
    pub fn pattern(&self) -> Option<&str> {
        self.0.get().map(AsRef::as_ref)
    }

    /// Notes the pattern of a request's route if anybody wants to know it.
    pub(crate) fn note(request: &Request, pattern: impl FnOnce() -> Cow<'static, str>) {
        if let Some(wanted) = request.extensions().get::<Self>() {
            wanted.0.get_or_init(pattern);
        }
    }
}
