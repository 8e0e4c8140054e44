//! Whose addresses there are: the mailboxes of the directory as it is when somebody asks.

use std::sync::Arc;

use handoff_domain::mail::{mailbox_key, wire_address};
use handoff_domain::{CenterId, InteractionId};
use handoff_engine::{Core, Directory, Mailboxes};
use handoff_mail::lmtp::Recipients;
use handoff_mail::ports::NotNow;
use handoff_mail::token::Signer;
use handoff_store::Mailbox;

use crate::connections::Connections;

/// All mailboxes.
pub(crate) struct Addresses {
    core: Arc<Core>,
    connections: Arc<Connections>,
    signer: Signer,
}

/// Nobody's address may be that of a mailbox whose record cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("no mailbox that can be read has the address {0}, and there is one that cannot be read")]
pub(crate) struct MayBeUnread(String);

impl Addresses {
    pub(crate) fn new(core: Arc<Core>, connections: Arc<Connections>, signer: Signer) -> Self {
        Self { core, connections, signer }
    }

    /// Returns the mailbox that an address belongs to: its own, an alias, or one of the two with a
    /// token that this server signed.
    pub(crate) fn of(&self, address: &str) -> Option<Arc<Mailbox>> {
        self.find(&self.core.directory(), address)
    }

    /// Returns the mailbox that an address belongs to, for whoever turns mail away when there is
    /// none.
    ///
    /// # Errors
    ///
    /// While it may be one that cannot be read.
    pub(crate) fn certainly_of(&self, address: &str) -> Result<Option<Arc<Mailbox>>, MayBeUnread> {
        let directory = self.core.directory();
        match self.find(&directory, address) {
            None if directory.has_unreadable_mailboxes() => Err(MayBeUnread(address.to_owned())),
            found => Ok(found),
        }
    }

    fn find(&self, directory: &Directory, address: &str) -> Option<Arc<Mailbox>> {
        let found = directory.mailbox_of(address).or_else(|| {
            let key = mailbox_key(address);
            self.signer.proven_by_address(&key)?;
            let (local, domain) = key.rsplit_once('@')?;
            let (name, _token) = local.rsplit_once('+')?;
            directory.mailbox_of(&format!("{name}@{domain}"))
        });
        found.cloned()
    }
}

impl Mailboxes for Addresses {
    fn is_ours(&self, center: CenterId, address: &str) -> bool {
        self.of(address).is_some_and(|mailbox| mailbox.center == center)
    }

    fn default_sender(&self, center: CenterId) -> Option<String> {
        self.core.directory().default_mailbox(center).map(|mailbox| mailbox.address.clone())
    }

    fn message_id(&self, interaction: InteractionId, sends: u32, sender: &str) -> String {
        let address = self.of(sender).and_then(|mailbox| wire_address(&mailbox.address));
        let domain = address.as_ref().and_then(|address| address.rsplit_once('@'));
        self.signer.message_id(
            interaction,
            sends.into(),
            domain.map_or("localhost", |(_, domain)| domain),
        )
    }

    fn problem(&self, mailbox: &Mailbox) -> Option<String> {
        self.connections.problem(mailbox)
    }
}

impl Recipients for Addresses {
    fn mailbox(&self, address: &str) -> Result<Option<String>, NotNow> {
        let found = self.certainly_of(address).map_err(|error| NotNow(Box::new(error)))?;
        let found = found.filter(|mailbox| mailbox.takes_lmtp);
        Ok(found.map(|mailbox| mailbox.address.clone()))
    }
}

#[cfg(test)]
mod tests {
    use handoff_domain::Center;
    use handoff_store::{ChangeSet, Key, Put, Record, Store as _};
    use handoff_testkit::FaultyStore;

    use super::*;
    use crate::source::tests::{CENTER, connections, core, mailbox, password};

    /// To take an address for nobody's would send back all mail of the mailbox.
    #[tokio::test]
    async fn whose_an_address_is_is_not_known_while_a_mailbox_cannot_be_read() {
        let home = tempfile::tempdir().expect("a directory");
        let store = Arc::new(FaultyStore::default());
        let core = core(&store).await;
        let signer = crate::key::signer(home.path()).expect("a key");
        let addresses = Addresses::new(core.clone(), connections(home.path()), signer);
        let mailbox = mailbox(1, &password(home.path()));
        let (address, id) = (mailbox.address.clone(), mailbox.id);
        let center = Center {
            id: CENTER,
            name: "Demo".to_owned(),
            workspace: <_>::default(),
            missed_offers_to_not_ready: None,
            retention_ms: std::collections::BTreeMap::new(),
            time_zone: None,
        };
        let records = [Record::Center(center), Record::Mailbox(mailbox)];
        let puts = records.map(|record| Put { record, expected: 0 }).to_vec();
        let change = ChangeSet { puts: puts.clone(), ..ChangeSet::default() };
        store.commit(change).await.expect("it is written");
        core.reload_directory().await.expect("it is read");
        assert_eq!(Recipients::mailbox(&addresses, &address).ok(), Some(Some(address.clone())));
        assert_eq!(Recipients::mailbox(&addresses, "b@demo.example").ok(), Some(None));

        store.make_unreadable(Key::Mailbox(id));
        let puts = puts.into_iter().map(|put| Put { expected: 1, ..put }).collect();
        let change = ChangeSet { puts, ..ChangeSet::default() };
        store.commit(change).await.expect("it is written");
        core.reload_directory().await.expect("it is read");
        assert!(addresses.certainly_of(&address).is_err());
        assert!(Recipients::mailbox(&addresses, &address).is_err());
    }
}
