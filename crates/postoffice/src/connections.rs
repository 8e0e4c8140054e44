//! From what is written of a mailbox to connections: here the secrets and certificates are read, on
//! the machine that serves, whenever somebody begins to use them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use handoff_mail::imap::{After, Aside, ImapLimits, ImapMailbox, Start};
use handoff_mail::login::{Login, Secret};
use handoff_mail::smtp::{Relay, RelayConfig, RelayLimits};
use handoff_mail::tls::{Endpoint, Security, Trust, Untrustworthy};
use handoff_store::{
    AfterFetch, ImapSource, MailLogin, MailSecurity, Mailbox, OAuthLogin, SecretPlace, SmtpRelay,
    WayOut, with_causes,
};

use crate::oauth::{OAuthSettings, RefreshedTokens, TokenUrlError};

/// Whether mail servers of this machine deliver straight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lmtp {
    Served,
    Off,
}

/// What all mailboxes of a server share.
pub struct Connections {
    host_name: String,
    /// More certificates of authorities than the system has; none when empty.
    authorities: PathBuf,
    /// Where relative outbox directories are.
    data: PathBuf,
    lmtp: Lmtp,
    /// Read when TLS is first used: a minimal container has no certificates.
    trust: Mutex<Option<Trust>>,
}

/// What a mailbox needs is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotReady {
    #[error("the variable {0} is not set where the server runs")]
    NoVariable(String),
    #[error("the file {path} cannot be read where the server runs")]
    Unreadable {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error(
        "no certificates of authorities are at hand; install the package ca-certificates, or name a file in mail.authorities"
    )]
    NoTrust(#[source] Untrustworthy),
    #[error(transparent)]
    TokenUrl(#[from] TokenUrlError),
}

impl Connections {
    /// `host_name` is how this server greets others, `authorities` a PEM file or empty, and `data`
    /// the directory that relative paths are in.
    #[must_use]
    pub fn new(host_name: &str, authorities: &Path, data: &Path, lmtp: Lmtp) -> Self {
        let (authorities, data) = (authorities.to_owned(), data.to_owned());
        Self { host_name: host_name.to_owned(), authorities, data, lmtp, trust: Mutex::default() }
    }

    /// Returns what would keep a mailbox from working. It reads files.
    #[must_use]
    pub fn problem(&self, mailbox: &Mailbox) -> Option<String> {
        if mailbox.takes_lmtp && self.lmtp == Lmtp::Off {
            return Some(
                "lmtp needs mail.lmtp in the server's configuration, which says where it is listened for".to_owned(),
            );
        }
        let source = mailbox.source.as_ref();
        let fetches = source.map_or(Ok(()), |source| self.source("", source).map(drop));
        let sends = || match &mailbox.exit {
            Some(WayOut::Relay(relay)) => self.relay(relay).map(drop),
            Some(WayOut::Directory(_)) | None => Ok(()),
        };
        let not_ready = fetches
            .map_err(|why| ("imap", why))
            .and_then(|()| sends().map_err(|why| ("smtp", why)));
        not_ready.err().map(|(what, why)| format!("{what}: {}", with_causes(&why)))
    }

    pub(crate) fn host_name(&self) -> &str {
        &self.host_name
    }

    /// Returns the directory that mail goes out to.
    pub(crate) fn outbox(&self, directory: &str) -> PathBuf {
        self.data.join(directory)
    }

    /// Returns what fetches the mail of an address. It reads files.
    ///
    /// # Errors
    ///
    /// When a secret or a certificate is not there.
    pub(crate) fn source(
        &self,
        address: &str,
        source: &ImapSource,
    ) -> Result<ImapMailbox, NotReady> {
        let ImapSource { host, port, security, login, folder, after, poll_ms, only_new } = source;
        Ok(ImapMailbox {
            name: address.to_owned(),
            endpoint: self.endpoint(host, *port, *security)?,
            login: self.login(login)?,
            folder: folder.clone(),
            start: if *only_new { Start::OnlyNew } else { Start::Everything },
            after: match after {
                AfterFetch::Flag => After::Flag { keyword: None },
                AfterFetch::Move { folder } => After::Move { folder: folder.clone() },
                AfterFetch::Delete => After::Delete,
            },
            aside: Aside::Flag,
            limits: ImapLimits { poll_ms: *poll_ms, ..ImapLimits::default() },
        })
    }

    /// Returns a relay that belongs to no mailbox. It reads files.
    ///
    /// # Errors
    ///
    /// Why there is none now, as a sentence.
    pub fn relay_of(&self, relay: &SmtpRelay) -> Result<Relay, String> {
        self.relay(relay).map(Relay::new).map_err(|why| with_causes(&why))
    }

    /// Returns what hands mail to a relay. It reads files.
    ///
    /// # Errors
    ///
    /// When a secret or a certificate is not there.
    pub(crate) fn relay(&self, relay: &SmtpRelay) -> Result<RelayConfig, NotReady> {
        let SmtpRelay { host, port, security, login } = relay;
        Ok(RelayConfig {
            endpoint: self.endpoint(host, *port, *security)?,
            login: login.as_ref().map(|login| self.login(login)).transpose()?,
            hello_name: self.host_name.clone(),
            limits: RelayLimits::default(),
        })
    }

    fn endpoint(
        &self,
        host: &str,
        port: u16,
        security: MailSecurity,
    ) -> Result<Endpoint, NotReady> {
        let (security, trust) = match security {
            MailSecurity::Tls => (Security::Tls, Some(self.trust()?)),
            MailSecurity::Starttls => (Security::StartTls, Some(self.trust()?)),
            MailSecurity::None => (Security::PlainOnLoopback, None),
            MailSecurity::Insecure => (Security::PlainAnywhere, None),
        };
        Ok(Endpoint { host: host.to_owned(), port, security, trust })
    }

    fn login(&self, login: &MailLogin) -> Result<Login, NotReady> {
        Ok(match login {
            MailLogin::Password { user, password } => {
                Login::Password { user: user.clone(), password: read(password)? }
            }
            MailLogin::OAuth { user, oauth } => {
                let tokens = Arc::new(self.tokens(oauth)?);
                Login::Bearer { user: user.clone(), tokens }
            }
        })
    }

    fn tokens(&self, oauth: &OAuthLogin) -> Result<RefreshedTokens, NotReady> {
        let OAuthLogin { token_url, client_id, client_secret, refresh_token, scope } = oauth;
        let settings = OAuthSettings {
            token_url: token_url.clone(),
            client_id: client_id.clone(),
            client_secret: client_secret.as_ref().map(read).transpose()?,
            refresh_token: read(refresh_token)?,
            scope: scope.clone(),
        };
        Ok(RefreshedTokens::new(settings, Some(&self.trust()?))?)
    }

    /// Returns whose certificates are good.
    fn trust(&self) -> Result<Trust, NotReady> {
        let mut known = self.trust.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*known {
            return Ok(known.clone());
        }
        let pem = match self.authorities.as_os_str().is_empty() {
            true => Vec::new(),
            false => std::fs::read(&self.authorities).map_err(|source| {
                let path = self.authorities.display().to_string();
                NotReady::Unreadable { path, source }
            })?,
        };
        let trust = Trust::system_and(&pem).map_err(NotReady::NoTrust)?;
        Ok(known.insert(trust).clone())
    }
}

fn read(place: &SecretPlace) -> Result<Secret, NotReady> {
    match place {
        SecretPlace::Env(name) => {
            let value = std::env::var(name).map_err(|_| NotReady::NoVariable(name.clone()))?;
            Ok(Secret::new(value))
        }
        SecretPlace::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(Secret::new(text.trim_end_matches(['\r', '\n']))),
            Err(source) => Err(NotReady::Unreadable { path: path.clone(), source }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tests::mailbox;

    #[test]
    fn what_is_missing_is_told_by_where_it_would_be() {
        let home = tempfile::tempdir().expect("a directory");
        let connections = |lmtp| Connections::new("localhost", Path::new(""), home.path(), lmtp);
        let password = home.path().join("password");
        let mut mailbox = mailbox(1, &SecretPlace::File(password.display().to_string()));
        let told = |mailbox: &Mailbox, lmtp| connections(lmtp).problem(mailbox).unwrap_or_default();
        assert!(told(&mailbox, Lmtp::Off).contains("mail.lmtp"));
        let text = told(&mailbox, Lmtp::Served);
        assert!(text.starts_with("imap: the file ") && text.contains("No such file"), "{text}");
        std::fs::write(&password, "secret\r\n").expect("it is written");
        assert_eq!(told(&mailbox, Lmtp::Served), "");
        let place = SecretPlace::Env("HANDOFF_TEST_NO_SUCH_VARIABLE".to_owned());
        let login = Some(MailLogin::Password { user: "help".to_owned(), password: place });
        let (host, security) = ("localhost".to_owned(), MailSecurity::None);
        mailbox.exit = Some(WayOut::Relay(SmtpRelay { host, port: 25, security, login }));
        let text = told(&mailbox, Lmtp::Served);
        assert!(text.starts_with("smtp: the variable HANDOFF_TEST_NO_SUCH_VARIABLE"), "{text}");
    }

    #[test]
    fn an_outbox_is_below_the_data_unless_it_is_elsewhere() {
        let connections = Connections::new("h", Path::new(""), Path::new("/data"), Lmtp::Off);
        assert_eq!(connections.outbox("sent"), Path::new("/data/sent"));
        assert_eq!(connections.outbox("/srv/sent"), Path::new("/srv/sent"));
    }
}
