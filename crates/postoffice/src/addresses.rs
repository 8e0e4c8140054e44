//! Whose addresses there are: the mailboxes of the directory as it is when somebody asks.

use std::sync::Arc;

use handoff_domain::mail::{mailbox_key, wire_address};
use handoff_domain::{CenterId, InteractionId};
use handoff_engine::{Core, Mailboxes};
use handoff_mail::lmtp::Recipients;
use handoff_mail::token::Signer;
use handoff_store::Mailbox;

use crate::connections::Connections;

/// All mailboxes.
pub(crate) struct Addresses {
    core: Arc<Core>,
    connections: Arc<Connections>,
    signer: Signer,
}

impl Addresses {
    pub(crate) fn new(core: Arc<Core>, connections: Arc<Connections>, signer: Signer) -> Self {
        Self { core, connections, signer }
    }

    /// Returns the mailbox that an address belongs to: its own, an alias, or one of the two with a
    /// token that this server signed.
    pub(crate) fn of(&self, address: &str) -> Option<Arc<Mailbox>> {
        let directory = self.core.directory();
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
    fn mailbox(&self, address: &str) -> Option<String> {
        self.of(address).filter(|mailbox| mailbox.takes_lmtp).map(|mailbox| mailbox.address.clone())
    }
}
