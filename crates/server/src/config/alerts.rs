//! Who is told of trouble by e-mail.

use std::path::PathBuf;

use handoff_store::{MailLogin, MailSecurity, SecretPlace, SmtpRelay};
use serde::{Deserialize, Serialize};

/// How a connection to the relay is made safe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Security {
    /// TLS from the first byte.
    #[default]
    Tls,
    /// TLS after a greeting; without it nothing is said.
    Starttls,
    /// None, on this machine alone.
    None,
}

/// Who is told of trouble by e-mail, and by which relay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Alerts {
    /// The operators' addresses. Default none: nobody is told.
    pub to: Vec<String>,
    /// Whom the mails are from. Needed with `to`.
    pub from: String,
    /// The relay that takes them, as `smtp.example.com:465`. Needed with `to`.
    pub relay: String,
    /// How the connection to it is made safe. Default `tls`.
    pub security: Security,
    /// The name to log in with. Empty (the default): the relay knows this machine.
    pub user: String,
    /// A file with nothing but the password.
    pub password_file: PathBuf,
}

impl Alerts {
    /// Returns the relay; `None` when nobody is told, an error for what is no place.
    pub(crate) fn place(&self) -> Result<Option<SmtpRelay>, ()> {
        if self.to.is_empty() {
            return Ok(None);
        }
        let (host, port) = self.relay.rsplit_once(':').ok_or(())?;
        let port = port.parse().map_err(|_| ())?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let password = SecretPlace::File(self.password_file.display().to_string());
        let login = MailLogin::Password { user: self.user.clone(), password };
        let security = match self.security {
            Security::Tls => MailSecurity::Tls,
            Security::Starttls => MailSecurity::Starttls,
            Security::None => MailSecurity::None,
        };
        let login = (!self.user.is_empty()).then_some(login);
        (!host.is_empty()).then_some(Some(SmtpRelay { host, port, security, login })).ok_or(())
    }
}
