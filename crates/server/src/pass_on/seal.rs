//! What a request that is passed on says of where it came from, so that only a node can say it.
//!
//! The header names the node that it is for, the time, and the client's address, under a signature
//! by a key that all nodes share and nobody else has. So nobody gets around a bound by address, and
//! a node that took over another's address notices that it is not meant.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use handoff_domain::Time;
use handoff_engine::{Core, KeyTerms};
use handoff_store::StoreError;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::Mutex;

/// The header.
pub(super) const HEADER: HeaderName = HeaderName::from_static("x-handoff-passed-on");
/// The name of the keys in the store.
const NAME: &str = "passing on";
/// How long a key signs, and how long it is kept, in ms: as the keys of logins, so that a backup's
/// open nothing.
const TERMS: KeyTerms = KeyTerms {
    renewed_ms: 60 * 60 * 1_000,
    settled_ms: 2 * 60 * 1_000,
    kept_ms: 2 * 60 * 60 * 1_000,
};
/// How old a signature may be, in ms: nodes' clocks are 2 s apart at most, and a request is read
/// at once.
const AGE_MS_MAX: u64 = 10_000;
/// How often it is looked whether there is a newer key.
const PERIOD: Duration = Duration::from_secs(60);
/// How often at most it is looked because of a signature by no known key, in ms: anybody can send
/// such.
const LOOK_MS: u64 = 1_000;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stamped {
    /// A node passed the request on to this one; it came from that address.
    ForThis(IpAddr),
    /// A node passed it on to another one.
    ForAnother,
    /// No node wrote it, or it is too old.
    ByNobody,
}

/// Writes and reads headers.
pub(super) struct Seals {
    core: Arc<Core>,
    keys: RwLock<Vec<[u8; 32]>>,
    /// When the keys were last looked at; held meanwhile.
    looked: Mutex<Option<Time>>,
}

impl Seals {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core, keys: RwLock::default(), looked: Mutex::default() }
    }

    /// Keeps the keys those of all nodes; dropping it ends that.
    pub(super) async fn follow(&self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "the keys of nodes could not be read");
            }
            tokio::time::sleep(PERIOD).await;
        }
    }

    /// Looks at the keys, unless that was done just now.
    ///
    /// # Errors
    ///
    /// The store's own.
    pub(super) async fn look(&self) -> Result<(), StoreError> {
        let mut looked = self.looked.lock().await;
        let now = self.core.now();
        if looked.is_some_and(|at| now.ms_since(at) < LOOK_MS) {
            return Ok(());
        }
        *looked = Some(now);
        let keys = self.core.shared_keys(NAME, TERMS).await?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Returns the header of a request to a path of the node with that prefix; `None` without a
    /// key.
    pub(super) fn write(&self, prefix: &str, client: IpAddr, path: &str) -> Option<HeaderValue> {
        let key = *self.keys.read().unwrap_or_else(PoisonError::into_inner).first()?;
        let claim = format!("{prefix} {} {client}", self.core.now().0);
        let signature = signing(&key, &claim, path).finalize().into_bytes();
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        HeaderValue::try_from(format!("{claim} {signature}")).ok()
    }

    /// Reads the header of a request to a path.
    pub(super) async fn read(&self, header: &HeaderValue, path: &str) -> Stamped {
        let Some((claim, signature)) = header.to_str().ok().and_then(|text| text.rsplit_once(' '))
        else {
            return Stamped::ByNobody;
        };
        let mut is_signed = self.is_signed(claim, path, signature);
        // Another node may have made a key just now.
        if !is_signed && self.look().await.is_ok() {
            is_signed = self.is_signed(claim, path, signature);
        }
        if is_signed { self.understood(claim) } else { Stamped::ByNobody }
    }

    fn is_signed(&self, claim: &str, path: &str, signature: &str) -> bool {
        let Ok(signature) = BASE64_URL_SAFE_NO_PAD.decode(signature) else { return false };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().any(|key| signing(key, claim, path).verify_slice(&signature).is_ok())
    }

    fn understood(&self, claim: &str) -> Stamped {
        let words: Vec<&str> = claim.split(' ').collect();
        let [prefix, at, client] = words[..] else { return Stamped::ByNobody };
        let (Ok(at), Ok(client)) = (at.parse().map(Time), client.parse()) else {
            return Stamped::ByNobody;
        };
        let now = self.core.now();
        match now.ms_since(at).max(at.ms_since(now)) <= AGE_MS_MAX {
            false => Stamped::ByNobody,
            true if prefix != self.core.options().session_prefix => Stamped::ForAnother,
            true => Stamped::ForThis(client),
        }
    }
}

fn signing(key: &[u8; 32], claim: &str, path: &str) -> Hmac<Sha256> {
    let mut signing = Hmac::<Sha256>::new_from_slice(key).expect("every length is a key");
    signing.update(claim.as_bytes());
    signing.update(b"\n");
    signing.update(path.as_bytes());
    signing
}

#[cfg(test)]
mod tests {
    use handoff_bus::LocalBus;
    use handoff_engine::{Clock, Options, Parts, SystemIds};
    use handoff_store::{MemoryStore, Store};
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
    const PATH: &str = "/api/v2/notifications";

    #[derive(Default)]
    struct TestClock(AtomicI64);

    impl Clock for TestClock {
        fn now(&self) -> Time {
            Time(1_700_000_000_000 + self.0.load(Ordering::Relaxed))
        }
    }

    async fn node(store: &Arc<dyn Store>, clock: &Arc<TestClock>, prefix: &str) -> Seals {
        let parts = Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::default()),
            clock: clock.clone(),
            ids: Arc::new(SystemIds::default()),
            options: Options { session_prefix: prefix.to_owned(), ..Options::default() },
        };
        let seals = Seals::new(Core::open(parts).await.unwrap());
        seals.look().await.unwrap();
        seals
    }

    #[tokio::test]
    async fn only_a_node_says_where_a_request_comes_from() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock = Arc::new(TestClock::default());
        let (here, there) =
            (node(&store, &clock, "here").await, node(&store, &clock, "there").await);
        let stamp = here.write("there", CLIENT, PATH).unwrap();
        assert_eq!(there.read(&stamp, PATH).await, Stamped::ForThis(CLIENT));
        assert_eq!(here.read(&stamp, PATH).await, Stamped::ForAnother);
        assert_eq!(there.read(&stamp, "/genesys/cometd").await, Stamped::ByNobody, "another path");
        let other = stamp.to_str().unwrap().replace("192.0.2.7", "192.0.2.8");
        let texts = ["", " ", "there", "there 0 192.0.2.7 AAAA", &*other];
        for text in texts {
            let forged = HeaderValue::from_str(text).unwrap();
            assert_eq!(there.read(&forged, PATH).await, Stamped::ByNobody, "{text}");
        }
        let strangers = node(&(Arc::new(MemoryStore::new()) as Arc<dyn Store>), &clock, "x").await;
        let forged = strangers.write("there", CLIENT, PATH).unwrap();
        assert_eq!(there.read(&forged, PATH).await, Stamped::ByNobody, "another cluster's");
        clock.0.fetch_add(10_001, Ordering::Relaxed);
        assert_eq!(there.read(&stamp, PATH).await, Stamped::ByNobody, "an old one");
    }

    #[tokio::test]
    async fn a_key_that_another_node_made_just_now_is_known() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let clock = Arc::new(TestClock::default());
        let (here, there) =
            (node(&store, &clock, "here").await, node(&store, &clock, "there").await);
        clock.0.fetch_add(61 * 60 * 1_000, Ordering::Relaxed);
        here.look().await.unwrap();
        let stamp = here.write("there", CLIENT, PATH).unwrap();
        assert_eq!(there.read(&stamp, PATH).await, Stamped::ForThis(CLIENT));
    }
}
