//! The layers before the customers' doors: requests are counted by address, a large body waits
//! until there is memory for it, a compressed one is refused.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::form::media_type;
use super::guard::address_of;
use super::refusal::{CustomerRefusal, RefusalKind};
use super::state::DoorState;
use crate::body_memory::{FORM_BYTES_MAX, LIGHT, LatePlace, TooMuchAtOnce};
use crate::request::{PACKED, is_packed, telling_what_is_taken};

/// Layer of all customers' routes: counts requests by address.
pub(crate) async fn count(
    State(doors): State<DoorState>,
    request: Request,
    next: Next,
) -> Response {
    let address = address_of(request.extensions());
    match doors.guard().requests.wait_ms(address, doors.engine().core().now()) {
        None => next.run(request).await,
        Some(_) => CustomerRefusal::new(
            RefusalKind::TooMany,
            "Too many requests from your address; try again in a second.",
        )
        .into_response(),
    }
}

/// Layer of all customers' routes: a large body waits for its turn.
pub(crate) async fn wait_for_memory(
    State(doors): State<DoorState>,
    mut request: Request,
    next: Next,
) -> Response {
    let (memory, address) = (doors.memory(), address_of(request.extensions()));
    if may_have_files(request.headers()) {
        let place = LatePlace::new(memory, address);
        request.extensions_mut().insert(place.clone());
        let response = next.run(request).await;
        drop(place);
        return response;
    }
    let Some(bytes) = needed(request.headers()) else { return next.run(request).await };
    let Some(_reserved) = memory.reserve(address, bytes).await else {
        return CustomerRefusal::from(TooMuchAtOnce).into_response();
    };
    next.run(request).await
}

/// Layer of the customers' routes that take forms: refuses a body that is compressed, as the API's
/// does.
pub(crate) async fn expect_unpacked(request: Request, next: Next) -> Response {
    if !is_packed(&request) {
        return next.run(request).await;
    }
    telling_what_is_taken(CustomerRefusal::new(RefusalKind::Packed, PACKED).into_response())
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
