//! A door of customers, and what a request passes on its way to it and through it: it is counted by
//! address, a large body waits until there is memory for it, a compressed one is refused.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;

use super::form::media_type;
use super::guard::address_of;
use super::refusal::{CustomerRefusal, RefusalKind};
use super::state::DoorState;
use crate::body_memory::{FORM_BYTES_MAX, LIGHT, LatePlace, Reserved, TooMuchAtOnce};
use crate::handle::{Handle, answering, at_both};
use crate::matched_route::MatchedRoute;
use crate::request::{PACKED, is_packed, packed_refused, telling_what_is_taken};

/// One door.
pub(crate) struct Door {
    /// Its method; any when there is none.
    method: Option<Method>,
    /// The path below the root, with its variables in braces.
    path: Cow<'static, str>,
    takes: Takes,
    handle: Handle<DoorState>,
}

/// What a door takes of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// The fields of a form.
    Form,
    /// A form that may have files. They are bounded while they arrive, by what their service
    /// allows; what has none is bounded where it is read.
    Files,
    /// A JSON object.
    Object,
    /// Whatever the handler bounds itself.
    Anything,
}

impl Door {
    pub(super) fn new<T: 'static>(
        method: impl Into<Option<Method>>,
        path: impl Into<Cow<'static, str>>,
        takes: Takes,
        handler: impl Handler<T, DoorState>,
    ) -> Self {
        Self { method: method.into(), path: path.into(), takes, handle: Handle::of(handler) }
    }
}

/// A door, and what all doors share.
struct Entrance {
    state: DoorState,
    door: Door,
}

/// Returns a router with doors below a root.
pub(super) fn router(state: &DoorState, root: &str, doors: Vec<Door>) -> Router {
    doors.into_iter().fold(Router::new(), |router, door| {
        let path = format!("{root}{}", door.path);
        at_both(router, &path, routes(state, door))
    })
}

/// Returns a door as routes of a router.
pub(super) fn routes(state: &DoorState, door: Door) -> MethodRouter {
    let method = door.method.clone();
    answering(method.as_ref(), Entrance { state: state.clone(), door }, pass)
}

/// Answers a request at its door.
async fn pass(entrance: Arc<Entrance>, mut request: Request) -> Response {
    let Entrance { state, door } = &*entrance;
    MatchedRoute::note(&request, || door.path.clone());
    // It is kept until the request has been answered.
    let _place = match wait_for_memory(state, &mut request).await {
        Ok(place) => place,
        Err(refusal) => return CustomerRefusal::from(refusal).into_response(),
    };
    if door.takes != Takes::Anything && is_packed(request.headers(), request.body()) {
        return door.takes.packed_refused();
    }
    door.takes.bound(&mut request);
    door.handle.call(request, state.clone()).await
}

impl Takes {
    fn packed_refused(self) -> Response {
        match self {
            Self::Object => packed_refused(),
            Self::Form | Self::Files | Self::Anything => telling_what_is_taken(
                CustomerRefusal::new(RefusalKind::Packed, PACKED).into_response(),
            ),
        }
    }

    fn bound(self, request: &mut Request) {
        match self {
            Self::Form | Self::Object => DefaultBodyLimit::max(FORM_BYTES_MAX).apply(request),
            Self::Files => DefaultBodyLimit::disable().apply(request),
            Self::Anything => {}
        }
    }
}

/// Counts requests by address.
pub(super) fn count(doors: &DoorState, request: &Request) -> Result<(), CustomerRefusal> {
    let address = address_of(request.extensions());
    match doors.guard().requests.wait_ms(address, doors.engine().core().now()) {
        None => Ok(()),
        Some(_) => Err(CustomerRefusal::new(
            RefusalKind::TooMany,
            "Too many requests from your address; try again in a second.",
        )),
    }
}

/// Waits until there is memory for a large body. Returns its place; a light one needs none, and one
/// that may have files takes it when it has to.
async fn wait_for_memory(
    doors: &DoorState,
    request: &mut Request,
) -> Result<(Option<Reserved>, Option<LatePlace>), TooMuchAtOnce> {
    let (memory, address) = (doors.memory(), address_of(request.extensions()));
    if may_have_files(request.headers()) {
        let place = LatePlace::new(memory, address);
        request.extensions_mut().insert(place.clone());
        return Ok((None, Some(place)));
    }
    let Some(bytes) = needed(request.headers()) else { return Ok((None, None)) };
    let reserved = memory.reserve(address, bytes).await;
    Ok((Some(reserved.ok_or(TooMuchAtOnce)?), None))
}

/// Returns how much memory a body needs, in bytes; `None` for a light one, and for one that may
/// have files ([`LatePlace`]).
fn needed(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    // One that does not say is as large as it may be.
    let length: u64 = match length {
        Some(length) => length,
        None if headers.contains_key(TRANSFER_ENCODING) => FORM_BYTES_MAX as u64,
        None => 0,
    };
    (length > LIGHT && !may_have_files(headers)).then_some(length)
}

fn may_have_files(headers: &HeaderMap) -> bool {
    media_type(headers) == "multipart/form-data"
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_large_bodies_without_files_wait() {
        let form = "multipart/form-data; boundary=x";
        let table = [
            (&[("content-length", "100")][..], None),
            (&[("content-length", "200000")][..], Some(200_000)),
            (&[("content-length", "200000"), ("content-type", form)][..], None),
            (&[("transfer-encoding", "chunked")][..], Some(FORM_BYTES_MAX as u64)),
            (&[][..], None),
        ];
        for (pairs, wanted) in table {
            let headers = pairs.iter().map(|(name, value)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            });
            assert_eq!(needed(&headers.collect()), wanted, "{pairs:?}");
        }
    }
}
