//! The office of one server: its mailboxes, the way in and the way out.

use std::sync::Arc;

use handoff_content::FileKeeper;
use handoff_engine::{Core, Engine, Mailboxes, Post};
use handoff_mail::imap::ImapMailbox;
use handoff_mail::lmtp::{self, LmtpConfig, LmtpLimits, LmtpListener};
use handoff_mail::ports::Intake;
use handoff_mail::token::Signer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::{Addresses, MailboxError};
use crate::intake::EngineIntake;
use crate::marks::StoredMarks;
use crate::post::Poster;
use crate::settings::Settings;
use crate::source::Source;

/// E-mail of one server.
pub struct PostOffice {
    addresses: Arc<Addresses>,
    poster: Arc<Poster>,
    files: Arc<FileKeeper>,
    signer: Signer,
    sources: Vec<ImapMailbox>,
    lmtp: Option<LmtpListener>,
    host_name: String,
}

impl PostOffice {
    /// Prepares it: finds the contact centers and queues that the mailboxes lead to.
    ///
    /// # Errors
    ///
    /// When one of them is not known.
    pub fn prepare(
        core: &Core,
        files: &Arc<FileKeeper>,
        settings: Settings,
    ) -> Result<Self, MailboxError> {
        let Settings { mut mailboxes, lmtp, host_name, signer } = settings;
        let sources = mailboxes.iter_mut().filter_map(|mailbox| mailbox.source.take()).collect();
        let addresses = Addresses::resolve(mailboxes, &core.directory(), &signer)?;
        let addresses = Arc::new(addresses);
        let poster = Poster::new(addresses.clone(), signer.clone(), files.clone());
        let (poster, files) = (Arc::new(poster), files.clone());
        Ok(Self { addresses, poster, files, signer, sources, lmtp, host_name })
    }

    /// Returns which addresses the contact centers have.
    #[must_use]
    pub fn mailboxes(&self) -> Arc<dyn Mailboxes> {
        self.addresses.clone()
    }

    /// Returns who posts mails.
    #[must_use]
    pub fn post(&self) -> Arc<dyn Post> {
        self.poster.clone()
    }

    /// Fetches and listens until it is stopped.
    pub fn start(self, engine: &Arc<Engine>, tasks: &TaskTracker, stopping: &CancellationToken) {
        let intake: Arc<dyn Intake> = Arc::new(EngineIntake::new(
            engine.clone(),
            self.files,
            self.addresses.clone(),
            self.signer,
        ));
        let marks = Arc::new(StoredMarks::new(engine.core().clone()));
        for (spread, mailbox) in (0..).zip(self.sources) {
            let (core, intake, checkpoints) =
                (engine.core().clone(), intake.clone(), marks.clone());
            let source = Source { core, mailbox, intake, checkpoints, spread };
            tasks.spawn(source.attend(stopping.clone()));
        }
        if let Some(listener) = self.lmtp {
            let config = LmtpConfig {
                host_name: self.host_name,
                recipients: self.addresses,
                limits: LmtpLimits::default(),
            };
            tasks.spawn(lmtp::serve(listener, config, intake, stopping.clone()));
        }
    }
}
