//! E-mail as it is configured: the settings of the post office, with secrets and certificates read
//! and the LMTP place listened on.

mod letters;

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use handoff_mail::imap::{After, Aside, ImapLimits, ImapMailbox, Start};
use handoff_mail::lmtp::LmtpListener;
use handoff_mail::login::{Login, Secret};
use handoff_mail::smtp::{RelayConfig, RelayLimits};
use handoff_mail::tls::{Endpoint, Trust};
use handoff_postoffice::oauth::{OAuthSettings, RefreshedTokens};
use handoff_postoffice::{Exit, MailboxSettings, Settings, key};
use tokio::net::{TcpListener, UnixListener};

use crate::config::Config;
use crate::config::mail::{self as configured, ImapSource, LmtpPlace, OAuth, SecretSource};
use crate::config::mail::{Mailbox, SmtpRelay};

pub(crate) use letters::MailLetters;

/// Makes the post office's settings.
///
/// # Errors
///
/// When a secret, a certificate or the key cannot be read, or the LMTP place cannot be listened on.
pub(crate) async fn settings(config: &Config) -> anyhow::Result<Settings> {
    let signer = key::signer(&config.store.path)?;
    let trust = trust(config)?;
    let mailboxes = config.mailbox.iter().map(|mailbox| {
        let named = || format!("mailbox {}", mailbox.address);
        mailbox_settings(mailbox, config, trust.as_ref()).with_context(named)
    });
    let mailboxes = mailboxes.collect::<anyhow::Result<_>>()?;
    let place = config.mail.lmtp_place().ok().flatten();
    let lmtp = match place {
        Some(place) => Some(listen(&place).await.context("mail.lmtp")?),
        None => None,
    };
    Ok(Settings { mailboxes, lmtp, host_name: config.mail.greeting_name().to_owned(), signer })
}

fn mailbox_settings(
    mailbox: &Mailbox,
    config: &Config,
    trust: Option<&Trust>,
) -> anyhow::Result<MailboxSettings> {
    let exit = match (&mailbox.smtp, &mailbox.outbox) {
        (Some(smtp), _) => Some(Exit::Relay(relay(smtp, config, trust).context("smtp")?)),
        (None, Some(outbox)) => Some(Exit::Directory(outbox.clone())),
        (None, None) => None,
    };
    let source = mailbox.imap.as_ref().map(|imap| source(&mailbox.address, imap, trust));
    Ok(MailboxSettings {
        address: mailbox.address.clone(),
        aliases: mailbox.aliases.clone(),
        name: mailbox.name.clone(),
        center: mailbox.center.clone(),
        queue: mailbox.queue.clone(),
        is_default: mailbox.default,
        takes_lmtp: mailbox.lmtp,
        has_reply_tokens: mailbox.reply_tokens,
        source: source.transpose().context("imap")?,
        exit,
    })
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
            let tokens = RefreshedTokens::new(oauth_settings(oauth)?, trust)?;
            Ok(Some(Login::Bearer { user, tokens: Arc::new(tokens) }))
        }
        (None, None) => Ok(None),
    }
}

fn oauth_settings(oauth: &OAuth) -> anyhow::Result<OAuthSettings> {
    let client_secret = oauth.client_secret.as_ref().map(SecretSource::read).transpose()?;
    Ok(OAuthSettings {
        token_url: oauth.token_url.clone(),
        client_id: oauth.client_id.clone(),
        client_secret: client_secret.map(Secret::new),
        refresh_token: Secret::new(oauth.refresh_token.read()?),
        scope: oauth.scope.clone(),
    })
}

fn relay(smtp: &SmtpRelay, config: &Config, trust: Option<&Trust>) -> anyhow::Result<RelayConfig> {
    const TLS_PORT: u16 = 465;
    const SUBMISSION_PORT: u16 = 587;
    const PLAIN_PORT: u16 = 25;
    let port = smtp.port.unwrap_or(match smtp.security {
        configured::Security::Tls => TLS_PORT,
        configured::Security::Starttls => SUBMISSION_PORT,
        configured::Security::None | configured::Security::Insecure => PLAIN_PORT,
    });
    Ok(RelayConfig {
        endpoint: endpoint(&smtp.host, port, smtp.security, trust),
        login: login(&smtp.user, smtp.password.as_ref(), smtp.oauth2.as_ref(), trust)?,
        hello_name: config.mail.greeting_name().to_owned(),
        limits: RelayLimits::default(),
    })
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
