//! `[[mailbox]]`: an address with where its mail comes from and how it goes out.

use std::fmt;

use handoff_store::{MailSecurity, SecretPlace};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::concealed::refuse_unrepeated;
use super::text::Text;
use crate::time_span::TimeSpan;

/// `[[mailbox]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct MailboxForm {
    /// Such as `support@example.com`. Mail goes out under it.
    pub address: Text,
    /// The name before the address in what goes out.
    #[serde(default)]
    pub name: String,
    pub queue: Text,
    /// Other addresses whose mail is for it, and under which it may go out.
    #[serde(default)]
    pub aliases: Vec<Text>,
    /// Whether mail without a sender's address goes out by it. One mailbox of a center at most.
    pub default: Option<Spanned<bool>>,
    /// Whether mail that LMTP brings for it is taken.
    #[serde(default)]
    pub lmtp: bool,
    /// Whether answers come back to `name+token@domain`, which proves what they answer even when a
    /// client drops its references. Only for servers that deliver such addresses.
    #[serde(default)]
    pub reply_tokens: bool,
    pub imap: Option<ImapForm>,
    pub smtp: Option<SmtpForm>,
    /// A directory that gets what goes out, as files, instead of a relay: for trying things out.
    pub outbox: Option<Text>,
}

/// `[mailbox.imap]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct ImapForm {
    pub host: Text,
    /// [`default_imap_port`] when it is left out.
    pub port: Option<u16>,
    #[serde(default)]
    pub security: SecurityForm,
    pub user: Text,
    pub password: Option<SecretForm>,
    /// Instead of a password.
    pub oauth2: Option<OAuthForm>,
    pub folder: Option<Text>,
    #[serde(default)]
    pub after: AfterForm,
    /// The folder that `move` moves to.
    pub move_to: Option<Text>,
    pub poll: Option<Spanned<TimeSpan>>,
    #[serde(default)]
    pub only_new: bool,
}

/// `[mailbox.smtp]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct SmtpForm {
    pub host: Text,
    /// [`default_smtp_port`] when it is left out.
    pub port: Option<u16>,
    #[serde(default)]
    pub security: SecurityForm,
    /// Without one nobody logs in.
    pub user: Option<Text>,
    pub password: Option<SecretForm>,
    /// Instead of a password.
    pub oauth2: Option<OAuthForm>,
}

/// How often a folder is looked at when the file does not say, in ms.
pub(in crate::center_file) const DEFAULT_POLL_MS: u64 = 60_000;
/// The folder that is read when the file names none.
pub(in crate::center_file) const DEFAULT_FOLDER: &str = "INBOX";

/// Returns the port that mail is fetched from when the file does not say.
pub(in crate::center_file) const fn default_imap_port(security: MailSecurity) -> u16 {
    match security {
        MailSecurity::Tls => 993,
        MailSecurity::Starttls | MailSecurity::None | MailSecurity::Insecure => 143,
    }
}

/// Returns the port that mail goes out to when the file does not say.
pub(in crate::center_file) const fn default_smtp_port(security: MailSecurity) -> u16 {
    match security {
        MailSecurity::Tls => 465,
        MailSecurity::Starttls => 587,
        MailSecurity::None | MailSecurity::Insecure => 25,
    }
}

/// Returns the name in the file of how a connection is made safe.
pub(in crate::center_file) const fn security_name(security: MailSecurity) -> &'static str {
    match security {
        MailSecurity::Tls => "tls",
        MailSecurity::Starttls => "starttls",
        MailSecurity::None => "none",
        MailSecurity::Insecure => "insecure",
    }
}

/// How a connection is made safe, by its name in the file.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::center_file) enum SecurityForm {
    #[default]
    Tls,
    Starttls,
    None,
    Insecure,
}

impl From<SecurityForm> for MailSecurity {
    fn from(form: SecurityForm) -> Self {
        match form {
            SecurityForm::Tls => Self::Tls,
            SecurityForm::Starttls => Self::Starttls,
            SecurityForm::None => Self::None,
            SecurityForm::Insecure => Self::Insecure,
        }
    }
}

/// What happens to a message that was taken in, by its name in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::center_file) enum AfterForm {
    #[default]
    Flag,
    Move,
    Delete,
}

/// `oauth2`: a refresh token that is changed for access tokens.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(in crate::center_file) struct OAuthForm {
    pub token_url: Text,
    pub client_id: String,
    pub client_secret: Option<SecretForm>,
    pub refresh_token: SecretForm,
    #[serde(default)]
    pub scope: String,
}

/// Where the server finds a secret.
#[derive(Debug)]
pub(in crate::center_file) struct SecretForm(pub SecretPlace);

impl<'de> Deserialize<'de> for SecretForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

const NO_SECRET_HERE: &str = "a mailbox's secret does not stand in this file; expected { env = \"VARIABLE\" } or { file = \"/path\" }, where the server finds it";

struct SecretVisitor;

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = SecretForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ env = \"VARIABLE\" } or { file = \"/path\" }, where the server finds it")
    }

    refuse_unrepeated!(NO_SECRET_HERE);

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<SecretForm, E> {
        Err(E::custom(NO_SECRET_HERE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretForm, A::Error> {
        let Some(key) = map.next_key::<String>()? else {
            return Err(A::Error::custom("a secret needs one of env, file"));
        };
        let place = match key.as_str() {
            "env" => SecretPlace::Env(map.next_value()?),
            "file" => SecretPlace::File(map.next_value()?),
            // The key may be the secret, too; a date is a table to this library.
            _ => return Err(A::Error::custom(NO_SECRET_HERE)),
        };
        match map.next_key::<String>()? {
            None => Ok(SecretForm(place)),
            Some(second) => Err(A::Error::custom(format!(
                "a secret is in one place, and {second} is a second one"
            ))),
        }
    }
}
