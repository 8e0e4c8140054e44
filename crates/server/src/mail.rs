//! E-mail: the machines of the mail crate on one side, the engine on the other, and this between
//! them.
//!
//! Which mailboxes there are stands in the configuration and is resolved once, at the start:
//! contact centers and queues only change while no server runs.

mod addresses;
mod intake;
mod key;
mod letters;
mod marks;
mod oauth;
mod outbox;
mod post;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use handoff_content::FileKeeper;
use handoff_engine::Engine;
use handoff_mail::imap::{
    self, After, Aside, Company, ImapLimits, ImapMailbox, MailboxStatus, Start,
};
use handoff_mail::lmtp::{self, LmtpConfig, LmtpLimits, LmtpListener};
use handoff_mail::login::{Login, Secret};
use handoff_mail::ports::Intake;
use handoff_mail::tls::{Endpoint, Trust};
use handoff_mail::token::Signer;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::config::mail::{self as configured, ImapSource, LmtpPlace, OAuth, SecretSource};
use addresses::Addresses;
use intake::EngineIntake;
use marks::StoredMarks;
use oauth::RefreshedTokens;
use post::Poster;

pub(crate) use addresses::queue_of;
pub(crate) use letters::MailLetters;

/// E-mail of one server.
pub(crate) struct Mail {
    addresses: Arc<Addresses>,
    signer: Signer,
    sources: Vec<ImapMailbox>,
    lmtp: Option<LmtpListener>,
    files: Arc<FileKeeper>,
    host_name: String,
}

impl Mail {
    /// Prepares it: resolves what is configured, reads secrets, and listens. From here on the
    /// engine knows whose addresses there are and who posts.
    ///
    /// # Errors
    ///
    /// When a contact center or queue is not known, a secret or certificate cannot be read, or the
    /// LMTP place cannot be listened on.
    pub(crate) async fn prepare(
        config: &Config,
        engine: &Arc<Engine>,
        files: &Arc<FileKeeper>,
    ) -> anyhow::Result<Self> {
        let signer = key::signer(&config.store.path)?;
        let trust = trust(config)?;
        let addresses =
            Addresses::resolve(config, &engine.core().directory(), &signer, trust.as_ref())?;
        let addresses = Arc::new(addresses);
        engine.send_from(addresses.clone());
        engine.post_with(Arc::new(Poster::new(addresses.clone(), signer.clone(), files.clone())));
        let mut sources = Vec::new();
        for mailbox in &config.mailbox {
            if let Some(imap) = &mailbox.imap {
                let named = || format!("mailbox {}: imap", mailbox.address);
                sources.push(source(&mailbox.address, imap, trust.as_ref()).with_context(named)?);
            }
        }
        let place = config.mail.lmtp_place().ok().flatten();
        let lmtp = match place {
            Some(place) => Some(listen(&place).await.context("mail.lmtp")?),
            None => None,
        };
        Ok(Self {
            addresses,
            signer,
            sources,
            lmtp,
            files: files.clone(),
            host_name: config.mail.greeting_name().to_owned(),
        })
    }

    /// Fetches and listens until it is stopped.
    pub(crate) fn start(
        self,
        engine: &Arc<Engine>,
        tasks: &TaskTracker,
        stopping: &CancellationToken,
    ) {
        let intake: Arc<dyn Intake> = Arc::new(EngineIntake::new(
            engine.clone(),
            self.files,
            self.addresses.clone(),
            self.signer,
        ));
        let marks = Arc::new(StoredMarks::new(engine.clone()));
        for (number, source) in (0..).zip(self.sources) {
            let (status, _) = watch::channel(MailboxStatus::default());
            let company = Company {
                intake: intake.clone(),
                checkpoints: marks.clone(),
                status,
                spread: number,
            };
            tasks.spawn(imap::run(source, company, stopping.clone()));
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

/// Reads whose certificates are good. Without a mailbox that uses TLS nothing is read: a minimal
/// container has no certificates.
fn trust(config: &Config) -> anyhow::Result<Option<Trust>> {
    let is_tls = |security: configured::Security| {
        matches!(security, configured::Security::Tls | configured::Security::Starttls)
    };
    let is_needed = config.mailbox.iter().any(|mailbox| {
        mailbox.imap.as_ref().is_some_and(|imap| is_tls(imap.security) || imap.oauth2.is_some())
            || mailbox
                .smtp
                .as_ref()
                .is_some_and(|smtp| is_tls(smtp.security) || smtp.oauth2.is_some())
    });
    if !is_needed {
        return Ok(None);
    }
    let pem = match config.mail.authorities.as_os_str().is_empty() {
        true => Vec::new(),
        false => std::fs::read(&config.mail.authorities).with_context(|| {
            format!("mail.authorities: {} cannot be read", config.mail.authorities.display())
        })?,
    };
    let trust = Trust::system_and(&pem).context(
        "no certificates of authorities are at hand; install the package ca-certificates, or name a file in mail.authorities",
    )?;
    Ok(Some(trust))
}

fn security(security: configured::Security) -> handoff_mail::tls::Security {
    use handoff_mail::tls::Security;
    match security {
        configured::Security::Tls => Security::Tls,
        configured::Security::Starttls => Security::StartTls,
        configured::Security::None => Security::PlainOnLoopback,
        configured::Security::Insecure => Security::PlainAnywhere,
    }
}

fn endpoint(
    host: &str,
    port: u16,
    security_of: configured::Security,
    trust: Option<&Trust>,
) -> Endpoint {
    Endpoint { host: host.to_owned(), port, security: security(security_of), trust: trust.cloned() }
}

/// Returns how to log in, by a password or by OAuth 2; `None` when neither is configured.
fn login(
    user: &str,
    password: Option<&SecretSource>,
    oauth: Option<&OAuth>,
    trust: Option<&Trust>,
) -> anyhow::Result<Option<Login>> {
    let user = user.to_owned();
    match (password, oauth) {
        (Some(password), _) => {
            Ok(Some(Login::Password { user, password: Secret::new(password.read()?) }))
        }
        (None, Some(oauth)) => {
            let tokens = Arc::new(RefreshedTokens::new(oauth, trust)?);
            Ok(Some(Login::Bearer { user, tokens }))
        }
        (None, None) => Ok(None),
    }
}

fn source(address: &str, imap: &ImapSource, trust: Option<&Trust>) -> anyhow::Result<ImapMailbox> {
    const TLS_PORT: u16 = 993;
    const PLAIN_PORT: u16 = 143;
    let port = imap.port.unwrap_or(match imap.security {
        configured::Security::Tls => TLS_PORT,
        _ => PLAIN_PORT,
    });
    let login = login(&imap.user, imap.password.as_ref(), imap.oauth2.as_ref(), trust)?;
    Ok(ImapMailbox {
        name: address.to_owned(),
        endpoint: endpoint(&imap.host, port, imap.security, trust),
        login: login.context("password is missing")?,
        folder: imap.folder.clone(),
        start: if imap.only_new { Start::OnlyNew } else { Start::Everything },
        after: match imap.after {
            configured::After::Flag => After::Flag { keyword: None },
            configured::After::Move => After::Move { folder: imap.move_to.clone() },
            configured::After::Delete => After::Delete,
        },
        aside: Aside::Flag,
        limits: ImapLimits { poll_ms: imap.poll.ms(), ..ImapLimits::default() },
    })
}

async fn listen(place: &LmtpPlace) -> anyhow::Result<LmtpListener> {
    match place {
        LmtpPlace::Tcp(address) => {
            let listener = TcpListener::bind(address).await;
            let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
            LmtpListener::tcp(listener).context("only this machine may deliver")
        }
        LmtpPlace::Unix(path) => {
            remove_stale(path)?;
            let listener = UnixListener::bind(path);
            let listener =
                listener.with_context(|| format!("{} cannot be listened on", path.display()))?;
            Ok(LmtpListener::unix(listener))
        }
    }
}

/// Removes the socket that a server left which did not stop in order. Nothing else is removed.
fn remove_stale(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let is_socket =
        std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    // Somebody who answers is a server that runs.
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)
            .with_context(|| format!("{} cannot be removed", path.display()))?;
    }
    Ok(())
}
