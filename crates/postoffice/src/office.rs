//! The office of one server: its mailboxes, the way in and the way out.

use std::sync::Arc;

use handoff_content::FileKeeper;
use handoff_engine::{Core, Engine, Mailboxes, Post};
use handoff_mail::lmtp::{self, LmtpConfig, LmtpLimits, LmtpListener};
use handoff_mail::ports::Intake;
use handoff_mail::token::Signer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::addresses::Addresses;
use crate::collectors::Collectors;
use crate::connections::Connections;
use crate::fetching::Fetching;
use crate::intake::EngineIntake;
use crate::post::Poster;
use crate::relays::Relays;

/// What all mailboxes of a server share.
pub struct Settings {
    pub connections: Connections,
    /// Where mail servers of this machine deliver straight; `None` is nowhere.
    pub lmtp: Option<LmtpListener>,
    /// Signs the tokens in what goes out.
    pub signer: Signer,
}

/// E-mail of one server.
pub struct PostOffice {
    addresses: Arc<Addresses>,
    poster: Arc<Poster>,
    relays: Arc<Relays>,
    files: Arc<FileKeeper>,
    signer: Signer,
    connections: Arc<Connections>,
    fetching: Arc<Fetching>,
    lmtp: Option<LmtpListener>,
}

impl PostOffice {
    #[must_use]
    pub fn new(core: &Arc<Core>, files: &Arc<FileKeeper>, settings: Settings) -> Self {
        let Settings { connections, lmtp, signer } = settings;
        let (connections, files) = (Arc::new(connections), files.clone());
        let addresses = Addresses::new(core.clone(), connections.clone(), signer.clone());
        let addresses = Arc::new(addresses);
        let relays = Arc::new(Relays::new(core.clone(), connections.clone()));
        let poster = Poster::new(
            addresses.clone(),
            connections.clone(),
            relays.clone(),
            signer.clone(),
            files.clone(),
        );
        let (poster, fetching) = (Arc::new(poster), Arc::default());
        Self { addresses, poster, relays, files, signer, connections, fetching, lmtp }
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

    /// Returns how the mailboxes are doing that this node fetches.
    #[must_use]
    pub fn fetching(&self) -> Arc<Fetching> {
        self.fetching.clone()
    }

    /// Fetches and listens until it is stopped.
    pub fn start(self, engine: &Arc<Engine>, tasks: &TaskTracker, stopping: &CancellationToken) {
        let intake: Arc<dyn Intake> = Arc::new(EngineIntake::new(
            engine.clone(),
            self.files,
            self.addresses.clone(),
            self.signer,
        ));
        let host_name = self.connections.host_name().to_owned();
        let core = engine.core().clone();
        let collectors =
            Collectors::new(core, self.connections, self.fetching, intake.clone(), tasks.clone());
        tasks.spawn(collectors.run(stopping.clone()));
        let (relays, stopped) = (self.relays, stopping.clone());
        tasks.spawn(async move { relays.follow(stopped).await });
        if let Some(listener) = self.lmtp {
            let limits = LmtpLimits::default();
            let config = LmtpConfig { host_name, recipients: self.addresses, limits };
            tasks.spawn(lmtp::serve(listener, config, intake, stopping.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
