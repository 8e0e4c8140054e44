//! The relays that mail goes out by: one for each mailbox, kept with its connections for as long as
//! the mailbox stays as it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use handoff_mail::smtp::Relay;
use handoff_store::{SmtpRelay, with_causes};
use tokio::task::spawn_blocking;

use crate::connections::Connections;

/// Relays by the addresses of their mailboxes.
pub(crate) struct Relays {
    connections: Arc<Connections>,
    kept: Mutex<HashMap<String, (SmtpRelay, Arc<Relay>)>>,
}

impl Relays {
    pub(crate) fn new(connections: Arc<Connections>) -> Self {
        Self { connections, kept: Mutex::default() }
    }

    /// Returns the relay of a mailbox; its secrets are read when it is not the one from before.
    ///
    /// # Errors
    ///
    /// Why there is none now, as a sentence.
    pub(crate) async fn of(
        &self,
        address: &str,
        wanted: &SmtpRelay,
        is_mailbox: impl Fn(&str) -> bool,
    ) -> Result<Arc<Relay>, String> {
        if let Some((is, relay)) = self.lock().get(address)
            && is == wanted
        {
            return Ok(relay.clone());
        }
        let (connections, relay) = (self.connections.clone(), wanted.clone());
        let read = spawn_blocking(move || connections.relay(&relay)).await;
        let config = read.map_err(|error| error.to_string())?.map_err(|why| with_causes(&why))?;
        let relay = Arc::new(Relay::new(config));
        let mut kept = self.lock();
        kept.retain(|address, _| is_mailbox(address));
        kept.insert(address.to_owned(), (wanted.clone(), relay.clone()));
        Ok(relay)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (SmtpRelay, Arc<Relay>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
