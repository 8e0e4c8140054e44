//! Whose addresses there are: mailboxes with their contact centers, queues and ways out.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context as _;
use handoff_domain::mail::{mailbox_key, wire_address};
use handoff_domain::{Center, CenterId, InteractionId, Media, Queue, QueueId};
use handoff_engine::{Directory, Mailboxes};
use handoff_mail::lmtp::Recipients;
use handoff_mail::smtp::{Relay, RelayConfig, RelayLimits};
use handoff_mail::tls::Trust;
use handoff_mail::token::Signer;

use super::{endpoint, login};
use crate::config::Config;
use crate::config::mail::{Mailbox, Security, SmtpRelay};

/// How mail leaves.
pub(super) enum Exit {
    /// By a relay.
    Relay(Box<Relay>),
    /// Into a directory.
    Directory(PathBuf),
}

/// A mailbox.
pub(super) struct OwnMailbox {
    pub(super) address: String,
    /// The name before the address; none when empty.
    pub(super) name: String,
    pub(super) center: CenterId,
    pub(super) queue: QueueId,
    pub(super) reply_tokens: bool,
    pub(super) exit: Option<Exit>,
    is_default: bool,
    lmtp: bool,
}

/// All mailboxes.
pub(super) struct Addresses {
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
    /// When a contact center or an e-mail queue of that name is not known, or a secret cannot be
    /// read; the text names the mailbox.
    pub(super) fn resolve(
        config: &Config,
        directory: &Directory,
        signer: &Signer,
        trust: Option<&Trust>,
    ) -> anyhow::Result<Self> {
        let mut found =
            Self { mailboxes: Vec::new(), by_address: HashMap::new(), signer: signer.clone() };
        for mailbox in &config.mailbox {
            let named = || format!("mailbox {}", mailbox.address);
            let resolved = resolve(mailbox, config, directory, trust).with_context(named)?;
            for address in mailbox.addresses() {
                found.by_address.insert(mailbox_key(address), found.mailboxes.len());
            }
            found.mailboxes.push(resolved);
        }
        Ok(found)
    }

    /// Returns the mailbox that an address belongs to: its own, an alias, or one of the two with a
    /// token that this server signed.
    pub(super) fn of(&self, address: &str) -> Option<&OwnMailbox> {
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
    pub(super) fn of_mailbox(&self, mailbox: &OwnMailbox) -> Vec<String> {
        let is_its = |index: &usize| std::ptr::eq(&raw const self.mailboxes[*index], mailbox);
        self.by_address
            .iter()
            .filter(|(_, index)| is_its(index))
            .map(|(address, _)| address.clone())
            .collect()
    }
}

/// Finds the contact center and the queue that a mailbox leads to.
///
/// # Errors
///
/// When there is no such contact center, or no e-mail queue of that name in it.
pub(crate) fn queue_of<'d>(
    mailbox: &Mailbox,
    directory: &'d Directory,
) -> anyhow::Result<(&'d Center, &'d Queue)> {
    let center = directory.centers.values().find(|center| center.name == mailbox.center);
    let center = center.with_context(|| {
        format!("there is no contact center {:?}; apply its center file first", mailbox.center)
    })?;
    let queue =
        directory.queues.values().find(|it| it.center == center.id && it.name == mailbox.queue);
    let queue = queue.filter(|queue| queue.media == Media::Email).with_context(|| {
        format!(
            "{} has no e-mail queue {:?}; apply a center file that has it first",
            center.name, mailbox.queue
        )
    })?;
    Ok((center, queue))
}

fn resolve(
    mailbox: &Mailbox,
    config: &Config,
    directory: &Directory,
    trust: Option<&Trust>,
) -> anyhow::Result<OwnMailbox> {
    let (center, queue) = queue_of(mailbox, directory)?;
    let exit = match (&mailbox.smtp, &mailbox.outbox) {
        (Some(smtp), _) => Some(Exit::Relay(Box::new(relay(smtp, config, trust).context("smtp")?))),
        (None, Some(outbox)) => Some(Exit::Directory(outbox.clone())),
        (None, None) => None,
    };
    Ok(OwnMailbox {
        address: mailbox.address.clone(),
        name: mailbox.name.clone(),
        center: center.id,
        queue: queue.id,
        reply_tokens: mailbox.reply_tokens,
        exit,
        is_default: mailbox.default,
        lmtp: mailbox.lmtp,
    })
}

fn relay(smtp: &SmtpRelay, config: &Config, trust: Option<&Trust>) -> anyhow::Result<Relay> {
    const TLS_PORT: u16 = 465;
    const SUBMISSION_PORT: u16 = 587;
    const PLAIN_PORT: u16 = 25;
    let port = smtp.port.unwrap_or(match smtp.security {
        Security::Tls => TLS_PORT,
        Security::Starttls => SUBMISSION_PORT,
        Security::None | Security::Insecure => PLAIN_PORT,
    });
    let login = login(&smtp.user, smtp.password.as_ref(), smtp.oauth2.as_ref(), trust)?;
    Ok(Relay::new(RelayConfig {
        endpoint: endpoint(&smtp.host, port, smtp.security, trust),
        login,
        hello_name: config.mail.greeting_name().to_owned(),
        limits: RelayLimits::default(),
    }))
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
        self.of(address).filter(|mailbox| mailbox.lmtp).map(|mailbox| mailbox.address.clone())
    }
}
