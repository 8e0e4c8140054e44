//! Mailboxes: addresses of contact centers, with where their mail comes from and how it goes out.
//!
//! No secret is stored: a mailbox says where the server finds its passwords and tokens.

use handoff_domain::{CenterId, MailboxId, QueueId};
use serde::{Deserialize, Serialize};

/// A mailbox of a contact center.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    pub id: MailboxId,
    pub center: CenterId,
    /// Mail goes out under it. Unique across the installation, with all aliases. How far its folder
    /// was read and who reads it is kept by it.
    pub address: String,
    /// The name before the address in what goes out; none when empty.
    pub name: String,
    /// Other addresses whose mail is for it, and under which it may go out.
    pub aliases: Vec<String>,
    /// The e-mail queue of its contact center that its mail waits in.
    pub queue: QueueId,
    /// Whether mail without a sender's address goes out by it.
    pub is_default: bool,
    /// Whether mail that LMTP brings for it is taken.
    pub takes_lmtp: bool,
    /// Whether answers come back to an address with a token.
    pub has_reply_tokens: bool,
    /// Where its mail is fetched.
    pub source: Option<ImapSource>,
    /// How its mail goes out; without it none does.
    pub exit: Option<WayOut>,
}

impl Mailbox {
    /// Returns its address and its aliases.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.address).chain(&self.aliases).map(String::as_str)
    }

    /// Returns how it logs in: where mail is fetched, and where it goes out.
    pub fn logins(&self) -> impl Iterator<Item = &MailLogin> {
        let out = self.exit.as_ref().and_then(|exit| match exit {
            WayOut::Relay(relay) => relay.login.as_ref(),
            WayOut::Directory(_) => None,
        });
        self.source.iter().map(|source| &source.login).chain(out)
    }
}

/// Where mail is fetched, by IMAP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImapSource {
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    pub login: MailLogin,
    pub folder: String,
    pub after: AfterFetch,
    /// How often a server is asked that cannot tell by itself, in ms. 5 s…1 h.
    pub poll_ms: u64,
    /// Whether what lies there already at the first look is left alone.
    pub only_new: bool,
}

impl ImapSource {
    /// Returns whose folder it is, wherever on that server it is reached.
    #[must_use]
    pub fn account(&self) -> String {
        let (MailLogin::Password { user, .. } | MailLogin::OAuth { user, .. }) = &self.login;
        format!("{user}@{}", self.host)
    }
}

/// How mail leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WayOut {
    Relay(SmtpRelay),
    /// Into a directory, as files, for trying things out: an absolute path, or one below the data
    /// directory.
    Directory(String),
}

/// A server that mail is handed to, by SMTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmtpRelay {
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    /// `None` where the relay knows the server by its address.
    pub login: Option<MailLogin>,
}

/// How a connection is made safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS after a greeting; without it nothing is said.
    Starttls,
    /// None, on this machine.
    None,
    /// None, also to other machines.
    Insecure,
}

/// What happens to a message that was taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AfterFetch {
    /// It is marked as seen.
    Flag,
    Move {
        folder: String,
    },
    Delete,
}

/// How to log in at a mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailLogin {
    Password { user: String, password: SecretPlace },
    OAuth { user: String, oauth: OAuthLogin },
}

/// OAuth 2: a refresh token that is changed for access tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthLogin {
    /// Where tokens are got: an `https` address, or `http` on this machine.
    pub token_url: String,
    pub client_id: String,
    pub client_secret: Option<SecretPlace>,
    pub refresh_token: SecretPlace,
    /// What is asked for; empty where the server does not want it named.
    pub scope: String,
}

/// Where the server finds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretPlace {
    /// In a variable of its environment.
    Env(String),
    /// In a file, whose last line end does not count.
    File(String),
}
