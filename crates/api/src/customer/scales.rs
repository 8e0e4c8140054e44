//! How much of strangers' requests is in memory at a time: large bodies wait for their turn before they are read.
//!
//! A body is held several times over while it is carried out (as it came, read, as records), so hundreds at once would take hundreds of
//! megabytes. Those that wait are in the kernel's buffers and cost nothing here. Each address has a share, so that it waits for itself.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::form::media_type;
use super::guard::address_of;
use super::trouble::{Kind, Trouble};
use crate::shared::Shared;

/// Bodies up to here are not weighed, in bytes: a message and what is said beside it.
const LIGHT: u64 = 16 << 10;
/// What all bodies together may have, in KiB.
const ALL_KIB: u32 = 16 << 10;
/// What those of one address may have, in KiB.
const ADDRESS_KIB: u32 = 1 << 10;
/// How long a body waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is being read and carried out.
pub(crate) struct Scales {
    all: Arc<Semaphore>,
    by_address: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    patience: Duration,
}

/// A body's place; dropped, it is free again.
struct Weighed<'a> {
    scales: &'a Scales,
    address: IpAddr,
    permits: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Drop for Weighed<'_> {
    fn drop(&mut self) {
        self.permits = None;
        let mut by_address = self.scales.lock();
        // Then the map has the only one: nobody holds or waits for anything of it.
        let is_last = by_address.get(&self.address).is_some_and(|share| Arc::strong_count(share) == 1);
        if is_last {
            by_address.remove(&self.address);
        }
    }
}

impl Default for Scales {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL_KIB as usize)),
            by_address: Mutex::default(),
            patience: PATIENCE,
        }
    }
}

impl Scales {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Semaphore>>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place; `None` when none became free in time.
    async fn weigh(&self, address: IpAddr, bytes: u64) -> Option<Weighed<'_>> {
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).min(ADDRESS_KIB);
        let mut weighed = Weighed { scales: self, address, permits: None };
        let share = || Arc::new(Semaphore::new(ADDRESS_KIB as usize));
        let share = self.lock().entry(address).or_insert_with(share).clone();
        let places = async {
            // The address first: who waits for it holds nothing that others need.
            let own = share.acquire_many_owned(kib).await.ok()?;
            Some((own, self.all.clone().acquire_many_owned(kib).await.ok()?))
        };
        weighed.permits = tokio::time::timeout(self.patience, places).await.ok().flatten();
        weighed.permits.is_some().then_some(weighed)
    }
}

/// Returns what a body is to be weighed as; `None` for a light one, and for one with files, which are written down as they come.
fn weight(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    // One that does not say is as large as it may be.
    let length: u64 = match length {
        Some(length) => length,
        None if headers.contains_key(axum::http::header::TRANSFER_ENCODING) => super::FORM_BYTES_MAX as u64,
        None => 0,
    };
    (length > LIGHT && media_type(headers) != "multipart/form-data").then_some(length)
}

/// Layer of all customers' routes: a large body waits for its turn.
pub(crate) async fn weigh(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let Some(bytes) = weight(request.headers()) else { return next.run(request).await };
    let scales = &shared.reception().scales;
    let Some(_weighed) = scales.weigh(address_of(request.extensions()), bytes).await else {
        let advice = "Too much is sent from your address at the same time; send one request after the other.";
        return Trouble::new(Kind::TooMany, advice).into_response();
    };
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn is_pending<T>(future: &mut std::pin::Pin<Box<impl Future<Output = T>>>) -> bool {
        future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    #[tokio::test]
    async fn an_address_waits_for_itself_and_is_forgotten_when_it_has_nothing() {
        let scales = Scales { patience: Duration::from_millis(50), ..Scales::default() };
        let half = u64::from(ADDRESS_KIB) * 512;
        let first = scales.weigh(address(1), half).await.unwrap();
        let second = scales.weigh(address(1), half).await.unwrap();
        let mut third = Box::pin(scales.weigh(address(1), half));
        assert!(is_pending(&mut third));
        let other = scales.weigh(address(2), u64::MAX).await.unwrap();
        drop(first);
        let third = third.await.unwrap();
        assert!(scales.weigh(address(1), half).await.is_none(), "nobody waits for ever");
        drop((second, third, other));
        assert!(scales.lock().is_empty());
        assert_eq!(scales.all.available_permits(), ALL_KIB as usize);
    }

    #[test]
    fn only_large_bodies_without_files_are_weighed() {
        let table = [
            (&[("content-length", "100")][..], None),
            (&[("content-length", "200000")][..], Some(200_000)),
            (&[("content-length", "200000"), ("content-type", "multipart/form-data; boundary=x")][..], None),
            (&[("transfer-encoding", "chunked")][..], Some(super::super::FORM_BYTES_MAX as u64)),
            (&[][..], None),
        ];
        for (pairs, wanted) in table {
            let headers = pairs.iter().map(|(name, value)| {
                (axum::http::HeaderName::from_static(name), axum::http::HeaderValue::from_static(value))
            });
            assert_eq!(weight(&headers.collect()), wanted, "{pairs:?}");
        }
    }
}
