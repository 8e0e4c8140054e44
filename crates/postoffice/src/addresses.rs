//! Whose addresses there are: mailboxes with their contact centers, queues and ways out.

use std::collections::HashMap;
use std::path::PathBuf;

use handoff_domain::mail::{mailbox_key, wire_address};
use handoff_domain::{Center, CenterId, InteractionId, Media, Queue, QueueId};
use handoff_engine::{Directory, Mailboxes};
use handoff_mail::lmtp::Recipients;
use handoff_mail::smtp::Relay;
use handoff_mail::token::Signer;

use crate::settings::{self, MailboxSettings};

/// How mail leaves.
pub(crate) enum Exit {
    Relay(Box<Relay>),
    Directory(PathBuf),
}

/// A mailbox whose contact center and queue are known.
pub(crate) struct OwnMailbox {
    pub(crate) address: String,
    /// The name before the address; none when empty.
    pub(crate) name: String,
    pub(crate) center: CenterId,
    pub(crate) queue: QueueId,
    pub(crate) has_reply_tokens: bool,
    pub(crate) exit: Option<Exit>,
    is_default: bool,
    takes_lmtp: bool,
}

/// All mailboxes.
pub(crate) struct Addresses {
    mailboxes: Vec<OwnMailbox>,
    /// Which of them an address belongs to, by its key.
    by_address: HashMap<String, usize>,
    signer: Signer,
}

impl Addresses {
    /// Resolves what is configured.
    ///
    /// # Errors
    ///
    /// When a contact center or an e-mail queue of that name is not known.
    pub(crate) fn resolve(
        mailboxes: Vec<MailboxSettings>,
        directory: &Directory,
        signer: &Signer,
    ) -> Result<Self, MailboxError> {
        let mut found =
            Self { mailboxes: Vec::new(), by_address: HashMap::new(), signer: signer.clone() };
        for mailbox in mailboxes {
            for address in std::iter::once(&mailbox.address).chain(&mailbox.aliases) {
                found.by_address.insert(mailbox_key(address), found.mailboxes.len());
            }
            found.mailboxes.push(resolve(mailbox, directory)?);
        }
        Ok(found)
    }

    /// Returns the mailbox that an address belongs to: its own, an alias, or one of the two with a
    /// token that this server signed.
    pub(crate) fn of(&self, address: &str) -> Option<&OwnMailbox> {
        let key = mailbox_key(address);
        let found = self.by_address.get(&key).or_else(|| {
            self.signer.proven_by_address(&key)?;
            let (local, domain) = key.rsplit_once('@')?;
            let (name, _token) = local.rsplit_once('+')?;
            self.by_address.get(&format!("{name}@{domain}"))
        });
        found.map(|index| &self.mailboxes[*index])
    }

    /// Returns the mailbox by which a contact center sends what names no sender.
    fn default_of(&self, center: CenterId) -> Option<&OwnMailbox> {
        let mut own = self.mailboxes.iter().filter(|mailbox| mailbox.center == center);
        own.clone()
            .find(|mailbox| mailbox.is_default)
            .or_else(|| own.find(|mailbox| mailbox.exit.is_some()))
    }

    /// Returns the addresses of a mailbox.
    pub(crate) fn of_mailbox(&self, mailbox: &OwnMailbox) -> Vec<String> {
        let is_its = |index: &usize| std::ptr::eq(&raw const self.mailboxes[*index], mailbox);
        self.by_address
            .iter()
            .filter(|(_, index)| is_its(index))
            .map(|(address, _)| address.clone())
            .collect()
    }
}

/// What a mailbox should lead to is not there.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    #[error("there is no contact center {0:?}; apply its center file first")]
    NoCenter(String),
    #[error("{center} has no e-mail queue {queue:?}; apply a center file that has it first")]
    NoQueue {
        /// The contact center's name.
        center: String,
        /// The queue's name.
        queue: String,
    },
}

/// A mailbox leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("mailbox {address}")]
pub struct MailboxError {
    pub address: String,
    /// Why.
    #[source]
    pub source: QueueError,
}

/// Finds the contact center and the queue that a mailbox leads to, by their names.
///
/// # Errors
///
/// When there is no such contact center, or no e-mail queue of that name in it.
pub fn queue_of<'d>(
    directory: &'d Directory,
    center: &str,
    queue: &str,
) -> Result<(&'d Center, &'d Queue), QueueError> {
    let found = directory.centers.values().find(|known| known.name == center);
    let center = found.ok_or_else(|| QueueError::NoCenter(center.to_owned()))?;
    let mut queues = directory.queues.values();
    let found = queues.find(|known| known.center == center.id && known.name == queue);
    let missing = || QueueError::NoQueue { center: center.name.clone(), queue: queue.to_owned() };
    let queue = found.filter(|queue| queue.media == Media::Email).ok_or_else(missing)?;
    Ok((center, queue))
}

fn resolve(mailbox: MailboxSettings, directory: &Directory) -> Result<OwnMailbox, MailboxError> {
    let (center, queue) = queue_of(directory, &mailbox.center, &mailbox.queue)
        .map_err(|source| MailboxError { address: mailbox.address.clone(), source })?;
    let exit = mailbox.exit.map(|exit| match exit {
        settings::Exit::Relay(relay) => Exit::Relay(Box::new(Relay::new(relay))),
        settings::Exit::Directory(directory) => Exit::Directory(directory),
    });
    Ok(OwnMailbox {
        address: mailbox.address,
        name: mailbox.name,
        center: center.id,
        queue: queue.id,
        has_reply_tokens: mailbox.has_reply_tokens,
        exit,
        is_default: mailbox.is_default,
        takes_lmtp: mailbox.takes_lmtp,
    })
}

impl Mailboxes for Addresses {
    fn is_ours(&self, center: CenterId, address: &str) -> bool {
        self.of(address).is_some_and(|mailbox| mailbox.center == center)
    }

    fn default_sender(&self, center: CenterId) -> Option<String> {
        self.default_of(center).map(|mailbox| mailbox.address.clone())
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
}

impl Recipients for Addresses {
    fn mailbox(&self, address: &str) -> Option<String> {
        self.of(address).filter(|mailbox| mailbox.takes_lmtp).map(|mailbox| mailbox.address.clone())
    }
}
