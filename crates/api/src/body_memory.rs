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

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest body of a request without a file, in bytes. The longest text takes 16 KiB,
/// percent-encoded three times that.
pub(crate) const FORM_BYTES_MAX: usize = 256 * 1024;
/// Bodies up to here need no place, in bytes: a message and what is said beside it.
pub(crate) const LIGHT: u64 = 16 << 10;
/// What all bodies together may have, in KiB.
const ALL_KIB: u32 = 16 << 10;
/// What those of one address may have, in KiB.
const ADDRESS_KIB: u32 = 1 << 10;
/// How long a body waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is being read and carried out.
pub(crate) struct BodyMemory {
    all: Arc<Semaphore>,
    by_address: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
    patience: Duration,
}

/// A body's place; dropped, it is free again.
pub(crate) struct Reserved {
    memory: Arc<BodyMemory>,
    address: IpAddr,
    permits: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.permits = None;
        let mut by_address = self.memory.lock();
        // Then the map has the only one: nobody holds or waits for anything of it.
        let is_last =
            by_address.get(&self.address).is_some_and(|share| Arc::strong_count(share) == 1);
        if is_last {
            by_address.remove(&self.address);
        }
    }
}

impl Default for BodyMemory {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL_KIB as usize)),
            by_address: Mutex::default(),
            patience: PATIENCE,
        }
    }
}

impl BodyMemory {
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Arc<Semaphore>>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place; `None` when none became free in time.
    pub(crate) async fn reserve(self: &Arc<Self>, address: IpAddr, bytes: u64) -> Option<Reserved> {
        let kib = u32::try_from(bytes.div_ceil(1_024)).unwrap_or(u32::MAX).min(ADDRESS_KIB);
        let mut reserved = Reserved { memory: self.clone(), address, permits: None };
        let share = || Arc::new(Semaphore::new(ADDRESS_KIB as usize));
        let share = self.lock().entry(address).or_insert_with(share).clone();
        let places = async {
            // The address first: who waits for it holds nothing that others need.
            let own = share.acquire_many_owned(kib).await.ok()?;
            Some((own, self.all.clone().acquire_many_owned(kib).await.ok()?))
        };
        reserved.permits = tokio::time::timeout(self.patience, places).await.ok().flatten();
        reserved.permits.is_some().then_some(reserved)
    }
}

/// The place in memory of a form that may have files. Files are written down as they
/// come and may take minutes, so a form with files takes its place only once the fields beside them
/// are not light any more. It keeps it until the request has been answered.
#[derive(Clone)]
pub(crate) struct LatePlace {
    memory: Arc<BodyMemory>,
    address: IpAddr,
    taken: Arc<tokio::sync::Mutex<Option<Reserved>>>,
}

impl LatePlace {
    pub(crate) fn new(memory: &Arc<BodyMemory>, address: IpAddr) -> Self {
        Self { memory: memory.clone(), address, taken: Arc::default() }
    }

    /// Makes one of an address whose share is used up for good.
    #[cfg(test)]
    pub(crate) async fn with_nothing_left() -> Self {
        let memory =
            Arc::new(BodyMemory { patience: Duration::from_millis(1), ..BodyMemory::default() });
        let address = IpAddr::from([192, 0, 2, 1]);
        std::mem::forget(memory.reserve(address, u64::MAX).await);
        Self::new(&memory, address)
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
            *taken = self.memory.reserve(self.address, FORM_BYTES_MAX as u64).await;
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
        let memory =
            Arc::new(BodyMemory { patience: Duration::from_millis(50), ..BodyMemory::default() });
        let half = u64::from(ADDRESS_KIB) * 512;
        let first = memory.reserve(address(1), half).await.unwrap();
        let second = memory.reserve(address(1), half).await.unwrap();
        let mut third = Box::pin(memory.reserve(address(1), half));
        assert!(is_pending(&mut third));
        let other = memory.reserve(address(2), u64::MAX).await.unwrap();
        drop(first);
        let third = third.await.unwrap();
        assert!(memory.reserve(address(1), half).await.is_none(), "nobody waits for ever");
        drop((second, third, other));
        assert!(memory.lock().is_empty());
        assert_eq!(memory.all.available_permits(), ALL_KIB as usize);
    }

    #[tokio::test]
    async fn a_form_with_files_takes_a_place_once_its_fields_are_heavy() {
        let memory =
            Arc::new(BodyMemory { patience: Duration::from_millis(50), ..BodyMemory::default() });
        let places: Vec<_> = (0..5).map(|_| LatePlace::new(&memory, address(1))).collect();
        for place in &places {
            assert_eq!(place.hold(16 << 10).await, Ok(()), "a light one needs none");
        }
        assert_eq!(memory.all.available_permits(), ALL_KIB as usize);
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
            LatePlace::new(&memory, address(2)).hold(256 << 10).await,
            Ok(()),
            "another its own"
        );
        drop(places);
        assert!(memory.lock().is_empty());
        assert_eq!(memory.all.available_permits(), ALL_KIB as usize);
    }
}
