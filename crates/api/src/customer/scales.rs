//! How much of strangers' requests is in memory at a time: large bodies wait for their turn before
//! they are read.
//!
//! A body is held several times over while it is carried out (as it came, read, as records), so
//! hundreds at once would take hundreds of megabytes. Those that wait are in the kernel's buffers
//! and cost nothing here. Each address has a share, so that it waits for itself.

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
struct Weighed {
    scales: Arc<Scales>,
    address: IpAddr,
    permits: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Drop for Weighed {
    fn drop(&mut self) {
        self.permits = None;
        let mut by_address = self.scales.lock();
        // Then the map has the only one: nobody holds or waits for anything of it.
        let is_last =
            by_address.get(&self.address).is_some_and(|share| Arc::strong_count(share) == 1);
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
    async fn weigh(self: &Arc<Self>, address: IpAddr, bytes: u64) -> Option<Weighed> {
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).min(ADDRESS_KIB);
        let mut weighed = Weighed { scales: self.clone(), address, permits: None };
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

/// The place of a form that may have files among what is weighed. Files are written down as they
/// come and may take minutes, so a form with files takes its place only once the fields beside them
/// are not light any more. It keeps it until the request has been answered.
#[derive(Clone)]
pub(crate) struct LatePlace {
    scales: Arc<Scales>,
    address: IpAddr,
    taken: Arc<tokio::sync::Mutex<Option<Weighed>>>,
}

impl LatePlace {
    fn new(scales: &Arc<Scales>, address: IpAddr) -> Self {
        Self { scales: scales.clone(), address, taken: Arc::default() }
    }

    /// Makes one of an address whose share is used up for good.
    #[cfg(test)]
    pub(crate) async fn with_nothing_left() -> Self {
        let scales = Arc::new(Scales { patience: Duration::from_millis(1), ..Scales::default() });
        let address = IpAddr::from([192, 0, 2, 1]);
        std::mem::forget(scales.weigh(address, u64::MAX).await);
        Self::new(&scales, address)
    }

    /// Waits for a place as soon as there are so many bytes of fields; an error when none became
    /// free in time.
    pub(crate) async fn hold(&self, bytes: usize) -> Result<(), TooMuchAtOnce> {
        if bytes as u64 <= LIGHT {
            return Ok(());
        }
        let mut taken = self.taken.lock().await;
        if taken.is_none() {
            // How much there will be nobody knows: as much as there may be.
            *taken = self.scales.weigh(self.address, super::FORM_BYTES_MAX as u64).await;
        }
        taken.as_ref().map(|_| ()).ok_or(TooMuchAtOnce)
    }
}

/// An address sends more at the same time than is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuchAtOnce;

impl TooMuchAtOnce {
    /// What to do.
    pub(crate) const ADVICE: &str =
        "Too much is sent from your address at the same time; send one request after the other.";
}

impl From<TooMuchAtOnce> for Trouble {
    fn from(_: TooMuchAtOnce) -> Self {
        Self::new(Kind::TooMany, TooMuchAtOnce::ADVICE)
    }
}

/// Returns what a body is to be weighed as; `None` for a light one, and for one that may have files
/// ([`LatePlace`]).
fn weight(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    // One that does not say is as large as it may be.
    let length: u64 = match length {
        Some(length) => length,
        None if headers.contains_key(axum::http::header::TRANSFER_ENCODING) => {
            super::FORM_BYTES_MAX as u64
        }
        None => 0,
    };
    (length > LIGHT && !may_have_files(headers)).then_some(length)
}

fn may_have_files(headers: &HeaderMap) -> bool {
    media_type(headers) == "multipart/form-data"
}

/// Layer of all customers' routes: a large body waits for its turn.
pub(crate) async fn weigh(
    State(shared): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let (scales, address) = (&shared.reception().scales, address_of(request.extensions()));
    if may_have_files(request.headers()) {
        let place = LatePlace::new(scales, address);
        request.extensions_mut().insert(place.clone());
        let response = next.run(request).await;
        drop(place);
        return response;
    }
    let Some(bytes) = weight(request.headers()) else { return next.run(request).await };
    let Some(_weighed) = scales.weigh(address, bytes).await else {
        return Trouble::from(TooMuchAtOnce).into_response();
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
        let scales = Arc::new(Scales { patience: Duration::from_millis(50), ..Scales::default() });
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

    #[tokio::test]
    async fn a_form_with_files_takes_a_place_once_its_fields_are_heavy() {
        let scales = Arc::new(Scales { patience: Duration::from_millis(50), ..Scales::default() });
        let places: Vec<_> = (0..5).map(|_| LatePlace::new(&scales, address(1))).collect();
        for place in &places {
            assert_eq!(place.hold(16 << 10).await, Ok(()), "a light one needs none");
        }
        assert_eq!(scales.all.available_permits(), ALL_KIB as usize);
        for place in &places[..4] {
            assert_eq!(place.hold((16 << 10) + 1).await, Ok(()));
            assert_eq!(place.hold(256 << 10).await, Ok(()), "it has its place");
        }
        assert_eq!(
            places[4].hold(256 << 10).await,
            Err(TooMuchAtOnce),
            "the address has its share"
        );
        assert_eq!(
            LatePlace::new(&scales, address(2)).hold(256 << 10).await,
            Ok(()),
            "another its own"
        );
        drop(places);
        assert!(scales.lock().is_empty());
        assert_eq!(scales.all.available_permits(), ALL_KIB as usize);
    }

    #[test]
    fn only_large_bodies_without_files_are_weighed() {
        let table = [
            (&[("content-length", "100")][..], None),
            (&[("content-length", "200000")][..], Some(200_000)),
            (
                &[
                    ("content-length", "200000"),
                    ("content-type", "multipart/form-data; boundary=x"),
                ][..],
                None,
            ),
            (&[("transfer-encoding", "chunked")][..], Some(super::super::FORM_BYTES_MAX as u64)),
            (&[][..], None),
        ];
        for (pairs, wanted) in table {
            let headers = pairs.iter().map(|(name, value)| {
                (
                    axum::http::HeaderName::from_static(name),
                    axum::http::HeaderValue::from_static(value),
                )
            });
            assert_eq!(weight(&headers.collect()), wanted, "{pairs:?}");
        }
    }
}
