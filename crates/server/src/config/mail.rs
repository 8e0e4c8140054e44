//! Mailboxes: where e-mail comes from, and how it goes out.
//!
//! A mailbox is an address of one contact center with the queue that its mail waits in. How its
//! mail arrives (IMAP, LMTP) and leaves (a relay) is each optional. Passwords never stand in the
//! file: it names a variable or a file that has them.

use std::net::SocketAddr;
use std::path::PathBuf;

use handoff_engine::AcknowledgementLimits;
use serde::{Deserialize, Serialize};

use handoff_provision::TimeSpan;

/// What all mailboxes share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Mail {
    /// Where mail servers of this machine deliver straight, by LMTP: an address on loopback such as
    /// `127.0.0.1:8024`, or the absolute path of a socket. Empty (the default): nowhere.
    pub lmtp: String,
    /// The name by which this server greets others. Empty (the default) is `localhost`.
    pub host_name: String,
    /// How long a message that the other side does not take now is tried again, before its draft
    /// goes back to its owner. 1 min…7 d. Default 48 h.
    pub give_up_after: TimeSpan,
    /// How long such a message rests after each attempt; the last counts from then on. 1 to 20 of
    /// them, each 100 ms…24 h.
    pub retries: Vec<TimeSpan>,
    /// Acknowledgements that one contact center sends in an hour to one domain. 0…1,000,000.
    /// Default 100.
    pub acknowledgements_per_domain: u32,
    /// Acknowledgements that one contact center sends in an hour in all. 0…1,000,000. Default
    /// 1,000.
    pub acknowledgements_per_hour: u32,
    /// More certificates of authorities than the system has: a PEM file. Empty (the default): none.
    pub authorities: PathBuf,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            lmtp: String::new(),
            host_name: String::new(),
            give_up_after: TimeSpan::from_ms(48 * 60 * 60 * 1_000),
            retries: [1, 2, 5, 15, 30, 60]
                .map(|minutes| TimeSpan::from_ms(minutes * 60_000))
                .to_vec(),
            acknowledgements_per_domain: AcknowledgementLimits::default().per_domain,
            acknowledgements_per_hour: AcknowledgementLimits::default().in_all,
            authorities: PathBuf::new(),
        }
    }
}

/// Where LMTP is listened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LmtpPlace {
    /// An address on loopback.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Mail {
    /// Returns where LMTP is listened for: `None` for nowhere, an error for what is neither an
    /// address on loopback nor an absolute path.
    pub(crate) fn lmtp_place(&self) -> Result<Option<LmtpPlace>, ()> {
        if self.lmtp.is_empty() {
            return Ok(None);
        }
        if self.lmtp.starts_with('/') {
            return Ok(Some(LmtpPlace::Unix(PathBuf::from(&self.lmtp))));
        }
        let address: SocketAddr = self.lmtp.parse().map_err(|_| ())?;
        if address.ip().is_loopback() { Ok(Some(LmtpPlace::Tcp(address))) } else { Err(()) }
    }

    /// Returns the name by which others are greeted.
    pub(crate) fn greeting_name(&self) -> &str {
        if self.host_name.is_empty() { "localhost" } else { &self.host_name }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mailbox {
    /// The address, such as `support@example.com`. Mail goes out under it.
    pub address: String,
    /// The name before the address in what goes out.
    #[serde(default)]
    pub name: String,
    /// The contact center that it belongs to.
    pub center: String,
    /// The e-mail queue that its mail waits in.
    pub queue: String,
    /// Other addresses whose mail is for it, and under which it may go out.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether mail without a sender's address goes out by it. One mailbox of a center at most.
    #[serde(default)]
    pub default: bool,
    /// Whether mail that LMTP brings for it is taken.
    #[serde(default)]
    pub lmtp: bool,
    /// Whether answers come back to `name+token@domain`, which proves what they answer even when a
    /// client drops its references. Only for servers that deliver such addresses.
    #[serde(default)]
    pub reply_tokens: bool,
    /// Where its mail is fetched.
    pub imap: Option<ImapSource>,
    /// How its mail goes out; without it none does.
    pub smtp: Option<SmtpRelay>,
    /// A directory that gets what goes out, as files, instead of a relay: for trying things out.
    pub outbox: Option<PathBuf>,
}

/// How a connection is made safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS after a greeting; without it nothing is said.
    Starttls,
    /// None, on this machine.
    None,
    /// None, also to other machines.
    Insecure,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum SecretSource {
    /// In a variable of the environment.
    Env(String),
    /// In a file, whose last line end does not count.
    File(PathBuf),
}

impl SecretSource {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// When the variable is not set or the file cannot be read.
    pub(crate) fn read(&self) -> anyhow::Result<String> {
        match self {
            Self::Env(name) => {
                std::env::var(name).map_err(|_| anyhow::anyhow!("the variable {name} is not set"))
            }
            Self::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => Err(anyhow::anyhow!("{} cannot be read: {error}", path.display())),
            },
        }
    }
}

/// OAuth 2: a refresh token that is changed for access tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuth {
    /// Where tokens are got: an `https` address, or `http` on this machine.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret, where there is one.
    pub client_secret: Option<SecretSource>,
    pub refresh_token: SecretSource,
    /// What is asked for, where the server wants it named.
    #[serde(default)]
    pub scope: String,
}

/// Where mail is fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImapSource {
    /// The server.
    pub host: String,
    /// The port; 993 for TLS and 143 otherwise when it is left out.
    pub port: Option<u16>,
    /// How the connection is made safe.
    #[serde(default)]
    pub security: Security,
    /// The login's name.
    pub user: String,
    pub password: Option<SecretSource>,
    /// Or OAuth 2 instead of a password.
    pub oauth2: Option<OAuth>,
    /// The folder. Default `INBOX`.
    #[serde(default = "inbox")]
    pub folder: String,
    /// What happens to a message that was taken in: `flag`, `move` or `delete`. Default `flag`.
    #[serde(default)]
    pub after: After,
    /// The folder that `move` moves to.
    #[serde(default)]
    pub move_to: String,
    /// How often a server is asked that cannot tell by itself. 5 s…1 h. Default 1 min.
    #[serde(default = "a_minute")]
    pub poll: TimeSpan,
    /// Whether what lies there already at the first start is left alone. Default false.
    #[serde(default)]
    pub only_new: bool,
}

/// What happens to a message that was taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum After {
    /// It is marked as seen.
    #[default]
    Flag,
    /// It is moved to another folder.
    Move,
    /// It is deleted.
    Delete,
}

fn inbox() -> String {
    "INBOX".to_owned()
}

fn a_minute() -> TimeSpan {
    TimeSpan::from_ms(60_000)
}

/// How mail goes out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmtpRelay {
    /// The server.
    pub host: String,
    /// The port; 465 for TLS, 587 for STARTTLS and 25 otherwise when it is left out.
    pub port: Option<u16>,
    /// How the connection is made safe.
    #[serde(default)]
    pub security: Security,
    /// The login's name; without one nobody logs in.
    #[serde(default)]
    pub user: String,
    pub password: Option<SecretSource>,
    /// Or OAuth 2 instead of a password.
    pub oauth2: Option<OAuth>,
}

impl Mailbox {
    /// Finds what is wrong with it beyond types: the key below `mailbox`, and a sentence that goes
    /// on after it.
    pub(crate) fn fault(&self) -> Option<(&'static str, String)> {
        if let Some(address) =
            self.addresses().find(|address| handoff_mail::address::parse(address).is_err())
        {
            return Some((
                "address",
                format!("has {address:?}, expected something like \"support@example.com\""),
            ));
        }
        if self.smtp.is_some() && self.outbox.is_some() {
            return Some((
                "outbox",
                "stands beside mailbox.smtp; mail can only go out one way".to_owned(),
            ));
        }
        if self.outbox.as_ref().is_some_and(|path| !path.is_absolute()) {
            return Some(("outbox", "is no absolute path".to_owned()));
        }
        self.imap
            .as_ref()
            .and_then(ImapSource::fault)
            .or_else(|| self.smtp.as_ref().and_then(SmtpRelay::fault))
    }

    /// Returns where its secrets are.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretSource> {
        let imap = self.imap.iter().map(|imap| (&imap.password, &imap.oauth2));
        let logins = imap.chain(self.smtp.iter().map(|smtp| (&smtp.password, &smtp.oauth2)));
        logins.flat_map(|(password, oauth)| {
            let of_oauth = oauth
                .iter()
                .flat_map(|oauth| oauth.client_secret.iter().chain([&oauth.refresh_token]));
            password.iter().chain(of_oauth)
        })
    }

    /// Returns its address and its aliases.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.address).chain(&self.aliases).map(String::as_str)
    }
}

impl ImapSource {
    fn fault(&self) -> Option<(&'static str, String)> {
        if self.password.is_some() == self.oauth2.is_some() {
            return Some(("imap.password", "is needed, or else oauth2, and not both".to_owned()));
        }
        if (self.after == After::Move) == self.move_to.is_empty() {
            return Some((
                "imap.move_to",
                "goes with after = \"move\", and is needed there".to_owned(),
            ));
        }
        if !(5_000..=3_600_000).contains(&self.poll.ms()) {
            return Some(("imap.poll", format!("is {}, allowed is 5s to 1h", self.poll)));
        }
        self.oauth2.as_ref().and_then(OAuth::fault).map(|text| ("imap.oauth2", text))
    }
}

impl SmtpRelay {
    fn fault(&self) -> Option<(&'static str, String)> {
        let logins = usize::from(self.password.is_some()) + usize::from(self.oauth2.is_some());
        if logins != usize::from(!self.user.is_empty()) {
            let text = "goes with user: give both or neither, and one of password and oauth2";
            return Some(("smtp.password", text.to_owned()));
        }
        self.oauth2.as_ref().and_then(OAuth::fault).map(|text| ("smtp.oauth2", text))
    }
}

impl OAuth {
    /// A refresh token is a password; it is not sent in the clear.
    fn fault(&self) -> Option<String> {
        let url = &self.token_url;
        let is_local = url.starts_with("http://127.0.0.1") || url.starts_with("http://localhost");
        (!url.starts_with("https://") && !is_local).then(|| {
            format!("has the token_url {url:?}, expected an address that begins with https://")
        })
    }
}
