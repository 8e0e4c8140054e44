//! The relays that mail goes out by: one for each mailbox, kept with its connections for as long as
//! the mailbox stays as it is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use handoff_domain::mail::mailbox_key;
use handoff_engine::{Core, Directory};
use handoff_mail::smtp::Relay;
use handoff_store::{SmtpRelay, WayOut, with_causes};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::connections::Connections;

/// Relays by the keys of their mailboxes' addresses.
pub(crate) struct Relays {
    core: Arc<Core>,
    connections: Arc<Connections>,
    kept: Mutex<HashMap<String, (SmtpRelay, Arc<Relay>)>>,
}

impl Relays {
    pub(crate) fn new(core: Arc<Core>, connections: Arc<Connections>) -> Self {
        Self { core, connections, kept: Mutex::default() }
    }

    /// Forgets relays when their mailboxes are removed or changed, until it is stopped.
    pub(crate) async fn follow(&self, stopping: CancellationToken) {
        let mut present = self.core.watch_directory();
        loop {
            let directory = present.borrow_and_update().clone();
            self.lock().retain(|key, (relay, _)| is_relay_of(&directory, key, relay));
            tokio::select! {
                Ok(()) = present.changed() => {}
                () = stopping.cancelled() => return,
            }
        }
    }

    /// Returns the relay of a mailbox; its secrets are read when it is not the one from before.
    ///
    /// # Errors
    ///
    /// Why there is none now, as a sentence.
    pub(crate) async fn of(&self, address: &str, wanted: &SmtpRelay) -> Result<Arc<Relay>, String> {
        let key = mailbox_key(address);
        if let Some((is, relay)) = self.lock().get(&key)
            && is == wanted
        {
            return Ok(relay.clone());
        }
        let (connections, relay) = (self.connections.clone(), wanted.clone());
        let read = spawn_blocking(move || connections.relay(&relay)).await;
        let config = read.map_err(|error| error.to_string())?.map_err(|why| with_causes(&why))?;
        let relay = Arc::new(Relay::new(config));
        let mut kept = self.lock();
        // What was removed meanwhile would be kept for good: its end has been looked at.
        if is_relay_of(&self.core.directory(), &key, wanted) {
            kept.insert(key, (wanted.clone(), relay.clone()));
        }
        Ok(relay)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (SmtpRelay, Arc<Relay>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells whether mail of a mailbox goes out by a relay.
fn is_relay_of(directory: &Directory, key: &str, relay: &SmtpRelay) -> bool {
    let exit = directory.mailbox_of(key).and_then(|mailbox| mailbox.exit.as_ref());
    matches!(exit, Some(WayOut::Relay(is)) if is == relay)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handoff_domain::Center;
    use handoff_store::{ChangeSet, MailSecurity, Mailbox, Put, Record, Store as _};
    use handoff_testkit::FaultyStore;

    use super::*;
    use crate::source::tests::{CENTER, connections, core, mailbox, password};

    fn relay(host: &str) -> SmtpRelay {
        let security = MailSecurity::None;
        SmtpRelay { host: host.to_owned(), port: 25, security, login: None }
    }

    async fn write(store: &FaultyStore, core: &Core, mailbox: &Mailbox, expected: u64) {
        let center = Center {
            id: CENTER,
            name: "Demo".to_owned(),
            workspace: <_>::default(),
            missed_offers_to_not_ready: None,
            retention_ms: std::collections::BTreeMap::new(),
            time_zone: None,
        };
        let records = [Record::Center(center), Record::Mailbox(mailbox.clone())];
        let puts = records.map(|record| Put { record, expected }).to_vec();
        let change = ChangeSet { puts, ..ChangeSet::default() };
        store.commit(change).await.expect("nobody else writes");
        core.reload_directory().await.expect("it is read");
    }

    #[tokio::test]
    async fn a_relay_is_kept_as_long_as_its_mailbox_goes_out_by_it() {
        let home = tempfile::tempdir().expect("a directory");
        let store = Arc::new(FaultyStore::default());
        let core = core(&store).await;
        let relays = Arc::new(Relays::new(core.clone(), connections(home.path())));
        let exit = Some(WayOut::Relay(relay("localhost")));
        let mut mailbox = Mailbox { exit, ..mailbox(1, &password(home.path())) };
        write(&store, &core, &mailbox, 0).await;
        let stop = CancellationToken::new();
        let following = tokio::spawn({
            let (relays, stop) = (relays.clone(), stop.clone());
            async move { relays.follow(stop).await }
        });
        let of = async |address: &str, host: &str| relays.of(address, &relay(host)).await;
        let first = of(&mailbox.address, "localhost").await.expect("there is one");
        let same = of("A@demo.EXAMPLE", "localhost").await.expect("there is one");
        assert!(Arc::ptr_eq(&first, &same));

        mailbox.exit = None;
        write(&store, &core, &mailbox, 1).await;
        let forgotten = async {
            while !relays.lock().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(1), forgotten).await.expect("it is forgotten");
        of(&mailbox.address, "localhost").await.expect("whoever was at it goes on");
        assert!(relays.lock().is_empty(), "nobody would forget it");
        stop.cancel();
        following.await.expect("it stops");
    }
}
