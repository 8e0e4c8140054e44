//! Mailboxes: addresses of the contact center, each of which leads to one of the file's e-mail
//! queues.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};
use std::sync::Arc;

use handoff_domain::mail::{mailbox_key, wire_address};
use handoff_domain::{MailboxId, Media, QueueId};
use handoff_store::{
    AfterFetch, ImapSource, MailLogin, Mailbox, OAuthLogin, Record, SmtpRelay, WayOut,
};
use url::{Host, Url};

use super::resolver::{Resolver, not_empty, unknown};
use crate::center_file::error::CenterFileError;
use crate::center_file::file::Unnamed;
use crate::center_file::form::Text;
use crate::center_file::form::mailbox::{
    AfterForm, DEFAULT_FOLDER, DEFAULT_POLL_MS, ImapForm, MailboxForm, OAuthForm, SecretForm,
    SmtpForm, default_imap_port, default_smtp_port,
};

/// The shortest time between two looks at a folder, in ms.
const POLL_MIN_MS: u64 = 5_000;
/// The longest, in ms.
const POLL_MAX_MS: u64 = 3_600_000;

/// Whose an address is, by its key.
type Taken = BTreeMap<String, String>;

impl Resolver<'_> {
    pub(super) fn mailboxes(&mut self, forms: &[MailboxForm], unnamed: Unnamed) {
        let kept = match unnamed {
            Unnamed::Keep => self.unnamed_mailboxes(forms),
            Unnamed::Prune => Vec::new(),
        };
        let whose = |kept: &Mailbox| {
            format!("{:?}, which the file does not name and --prune removes", kept.address)
        };
        let all =
            kept.iter().flat_map(|kept| kept.addresses().map(|address| (address, whose(kept))));
        let mut taken = all.map(|(address, whose)| (mailbox_key(address), whose)).collect();
        let mut default = kept.iter().find(|kept| kept.is_default).map(|kept| whose(kept));
        for form in forms {
            let own = format!("{:?}", form.address.get_ref());
            self.refuse_taken_addresses(form, &mut taken, &own);
            if let Some(second) = form.default.as_ref().filter(|is_default| *is_default.get_ref())
                && let Some(first) = default.replace(own)
            {
                let message = format!("the default mailbox is {first}; a center has one at most");
                self.wrong(second.span().start, message);
            }
            let mailbox = self.checked(self.mailbox(form).map(Some));
            self.records.extend(mailbox.map(Record::Mailbox));
        }
    }

    /// Returns the mailboxes of the contact center that stay without being named.
    fn unnamed_mailboxes(&self, forms: &[MailboxForm]) -> Vec<Arc<Mailbox>> {
        let named: BTreeSet<String> =
            forms.iter().map(|form| mailbox_key(form.address.get_ref())).collect();
        let own = self.directory.mailboxes.values().filter(|own| own.center == self.center);
        own.filter(|own| !named.contains(&mailbox_key(&own.address))).cloned().collect()
    }

    /// Letters name no contact center: an address is of one mailbox of the installation. Whose
    /// another center's is, is nobody else's business.
    fn refuse_taken_addresses(&self, form: &MailboxForm, taken: &mut Taken, own: &str) {
        for address in std::iter::once(&form.address).chain(&form.aliases) {
            let text = address.get_ref();
            let other = self.directory.mailbox_of(text);
            let message = if wire_address(text).is_none() {
                format!(
                    "{text:?} is no e-mail address; expected one such as \"support@example.com\""
                )
            } else if let Some(before) = taken.insert(mailbox_key(text), own.to_owned()) {
                format!("{text:?} is an address of the mailbox {before} already")
            } else if other.is_some_and(|mailbox| mailbox.center != self.center) {
                format!("{text:?} is taken by another contact center")
            } else {
                continue;
            };
            self.wrong(address.span().start, message);
        }
    }

    fn mailbox(&self, form: &MailboxForm) -> Result<Mailbox, CenterFileError> {
        let address = form.address.get_ref();
        let mut of_center =
            self.directory.mailboxes.values().filter(|mailbox| mailbox.center == self.center);
        let key = mailbox_key(address);
        let known = of_center.find(|mailbox| mailbox_key(&mailbox.address) == key);
        let mailbox = Mailbox {
            id: known.map_or_else(|| MailboxId(self.ids.uuid()), |mailbox| mailbox.id),
            center: self.center,
            address: address.clone(),
            name: form.name.clone(),
            aliases: form.aliases.iter().map(|alias| alias.get_ref().clone()).collect(),
            queue: self.letters_queue(&form.queue)?,
            is_default: form.default.as_ref().is_some_and(|is_default| *is_default.get_ref()),
            takes_lmtp: form.lmtp,
            has_reply_tokens: form.reply_tokens,
            source: form.imap.as_ref().map(|imap| self.source(imap)).transpose()?,
            exit: self.way_out(form)?,
        };
        if known.is_some_and(|known| **known == mailbox) {
            // What is wrong with it now is not this application's doing, and must not stop it.
            return Ok(mailbox);
        }
        match self.passwords.mailbox_problem(&mailbox) {
            None => Ok(mailbox),
            Some(why) => {
                let message = format!("the mailbox {address:?} would not work: {why}");
                Err(self.file.wrong_at(form.address.span().start, message))
            }
        }
    }

    fn letters_queue(&self, name: &Text) -> Result<QueueId, CenterFileError> {
        let (id, media) =
            self.queues.get(name.get_ref()).ok_or_else(|| unknown(self.file, "queue", name))?;
        if *media == Media::Email {
            return Ok(*id);
        }
        let message = format!(
            "the queue {:?} is of channel {media}, and a mailbox leads to one of channel email",
            name.get_ref()
        );
        Err(self.file.wrong_at(name.span().start, message))
    }

    fn source(&self, form: &ImapForm) -> Result<ImapSource, CenterFileError> {
        let security = form.security.into();
        let port = form.port.unwrap_or_else(|| default_imap_port(security));
        let poll_ms = form.poll.as_ref().map_or(Ok(DEFAULT_POLL_MS), |poll| {
            let ms = poll.get_ref().ms();
            let message = || format!("poll is {}, allowed is 5s to 1h", poll.get_ref());
            let is_allowed = (POLL_MIN_MS..=POLL_MAX_MS).contains(&ms);
            is_allowed.then_some(ms).ok_or_else(|| self.file.wrong_at(poll.span().start, message()))
        })?;
        let login = self.login(&form.user, form.password.as_ref(), form.oauth2.as_ref())?;
        let folder = form.folder.as_ref().map(|folder| not_empty(self.file, folder)).transpose()?;
        Ok(ImapSource {
            host: not_empty(self.file, &form.host)?,
            port,
            security,
            login,
            folder: folder.unwrap_or_else(|| DEFAULT_FOLDER.to_owned()),
            after: self.after(form)?,
            poll_ms,
            only_new: form.only_new,
        })
    }

    fn after(&self, form: &ImapForm) -> Result<AfterFetch, CenterFileError> {
        match (form.after, &form.move_to) {
            (AfterForm::Flag, None) => Ok(AfterFetch::Flag),
            (AfterForm::Delete, None) => Ok(AfterFetch::Delete),
            (AfterForm::Move, Some(to)) => {
                Ok(AfterFetch::Move { folder: not_empty(self.file, to)? })
            }
            (_, folder) => {
                let place = folder.as_ref().unwrap_or(&form.host).span().start;
                let message = "moveTo goes with after = \"move\", and is needed there";
                Err(self.file.wrong_at(place, message))
            }
        }
    }

    fn way_out(&self, form: &MailboxForm) -> Result<Option<WayOut>, CenterFileError> {
        match (&form.smtp, &form.outbox) {
            (None, None) => Ok(None),
            (Some(smtp), None) => self.relay(smtp).map(WayOut::Relay).map(Some),
            (None, Some(outbox)) => self.outbox(outbox).map(WayOut::Directory).map(Some),
            (Some(_), Some(outbox)) => {
                let message = "outbox stands beside smtp; mail can only go out one way";
                Err(self.file.wrong_at(outbox.span().start, message))
            }
        }
    }

    /// A path that leads out of the data directory is to be seen as one that does.
    fn outbox(&self, path: &Text) -> Result<String, CenterFileError> {
        let text = not_empty(self.file, path)?;
        let climbs = Path::new(&text).components().any(|part| part == Component::ParentDir);
        if climbs {
            let message = format!(
                "outbox is {text:?}, expected an absolute path, or one below the server's data directory"
            );
            return Err(self.file.wrong_at(path.span().start, message));
        }
        Ok(text)
    }

    fn relay(&self, form: &SmtpForm) -> Result<SmtpRelay, CenterFileError> {
        let security = form.security.into();
        let port = form.port.unwrap_or_else(|| default_smtp_port(security));
        let login = match &form.user {
            Some(user) => Some(self.login(user, form.password.as_ref(), form.oauth2.as_ref())?),
            None if form.password.is_none() && form.oauth2.is_none() => None,
            None => {
                let message = "a password or oauth2 goes with a user; give both or neither";
                return Err(self.file.wrong_at(form.host.span().start, message));
            }
        };
        Ok(SmtpRelay { host: not_empty(self.file, &form.host)?, port, security, login })
    }

    fn login(
        &self,
        user: &Text,
        password: Option<&SecretForm>,
        oauth: Option<&OAuthForm>,
    ) -> Result<MailLogin, CenterFileError> {
        let name = not_empty(self.file, user)?;
        match (password, oauth) {
            (Some(password), None) => {
                Ok(MailLogin::Password { user: name, password: password.0.clone() })
            }
            (None, Some(oauth)) => Ok(MailLogin::OAuth { user: name, oauth: self.oauth(oauth)? }),
            _ => {
                let message = format!(
                    "the login {name:?} needs a password, or else oauth2, and not both; a password is {{ env = \"VARIABLE\" }} or {{ file = \
                     \"/path\" }}"
                );
                Err(self.file.wrong_at(user.span().start, message))
            }
        }
    }

    /// A refresh token is a password; it is not sent in the clear.
    fn oauth(&self, form: &OAuthForm) -> Result<OAuthLogin, CenterFileError> {
        let url = form.token_url.get_ref();
        if !Url::parse(url).is_ok_and(|url| keeps_a_secret(&url)) {
            let message =
                format!("tokenUrl is {url:?}, expected an address that begins with https://");
            return Err(self.file.wrong_at(form.token_url.span().start, message));
        }
        Ok(OAuthLogin {
            token_url: url.clone(),
            client_id: form.client_id.clone(),
            client_secret: form.client_secret.as_ref().map(|secret| secret.0.clone()),
            refresh_token: form.refresh_token.0.clone(),
            scope: form.scope.clone(),
        })
    }
}

/// Tells whether what is sent to an address stays between this machine and the server there.
fn keeps_a_secret(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        _ => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}
