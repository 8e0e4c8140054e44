//! Mailboxes, without what is the operator's.

use handoff_store::Mailbox;
use serde::Serialize;

use super::{Link, Lookup};

/// A mailbox (docs/api/provisioning.md#mailboxes).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailboxResource {
    pub id: String,
    /// Mail goes out under it.
    pub address: String,
    /// The name before the address in what goes out.
    pub name: String,
    /// The queue that its mail waits in, by name.
    pub queue: String,
    /// Other addresses whose mail is for it.
    pub aliases: Vec<String>,
    /// Whether mail without a sender's address goes out by it.
    pub default: bool,
    /// Whether mail comes in by it.
    pub receives: bool,
    /// Whether mail goes out by it.
    pub sends: bool,
    /// Its addresses.
    #[serde(flatten)]
    pub link: Link,
}

impl MailboxResource {
    /// Shows a mailbox.
    #[must_use]
    pub fn new(mailbox: &Mailbox, lookup: Lookup<'_>) -> Self {
        let queue = lookup.directory.queues.get(&mailbox.queue);
        Self {
            id: mailbox.id.to_string(),
            address: mailbox.address.clone(),
            name: mailbox.name.clone(),
            queue: queue.map(|queue| queue.name.clone()).unwrap_or_default(),
            aliases: mailbox.aliases.clone(),
            default: mailbox.is_default,
            receives: mailbox.source.is_some() || mailbox.takes_lmtp,
            sends: mailbox.exit.is_some(),
            link: lookup.url.mailbox(mailbox.id),
        }
    }
}
