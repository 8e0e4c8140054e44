//! Looking names up, which takes a thread each time, for as long as the name's servers like.

use std::collections::HashMap;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::client::Unsent;

/// Names that are looked up at the same time; the process has some five hundred threads for this
/// and for everything else that waits.
const AT_ONCE: usize = 64;

/// The names that are being looked up.
pub(crate) struct Lookups {
    all: Arc<Semaphore>,
    /// Each of them once at a time, so that a slow one has one thread.
    names: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), names: Mutex::default() }
    }
}

impl Lookups {
    /// Looks a name up. Whoever stops waiting leaves the thread to its end.
    pub(crate) async fn look_up(&self, name: String, port: u16) -> Result<Vec<SocketAddr>, Unsent> {
        let own = self.turn(&name).acquire_owned().await.map_err(|_| Unsent::Unknown)?;
        let any = self.all.clone().acquire_owned().await.map_err(|_| Unsent::Unknown)?;
        let looking = tokio::task::spawn_blocking(move || {
            let _until_it_is_done = (own, any);
            (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)
        });
        looking.await.ok().and_then(Result::ok).ok_or(Unsent::Unknown)
    }

    /// Returns whose turn it is to look a name up. Names that nobody looks up are forgotten.
    fn turn(&self, name: &str) -> Arc<Semaphore> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.retain(|_, turn| Arc::strong_count(turn) > 1);
        names.entry(name.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(1))).clone()
    }
}
