//! Mailboxes. Where their secrets are is written; they are not here.

use handoff_store::{
    AfterFetch, ImapSource, MailLogin, MailSecurity, Mailbox, OAuthLogin, SecretPlace, SmtpRelay,
    WayOut,
};
use toml::{Table, Value};

use super::Writing;
use super::lines::Lines;
use crate::center_file::form::mailbox::{
    DEFAULT_FOLDER, DEFAULT_POLL_MS, default_imap_port, default_smtp_port, security_name,
};

impl Writing<'_> {
    pub(super) fn has_mailboxes(&self) -> bool {
        self.directory.mailboxes.values().any(|mailbox| mailbox.center == self.center)
    }

    pub(super) fn mailboxes(&mut self) {
        let mailboxes = self.directory.mailboxes.values().filter(|it| it.center == self.center);
        let mut mailboxes: Vec<&Mailbox> = mailboxes.map(|mailbox| &**mailbox).collect();
        mailboxes.sort_by(|one, other| one.address.cmp(&other.address));
        for mailbox in mailboxes {
            self.mailbox(mailbox);
        }
    }

    fn mailbox(&mut self, mailbox: &Mailbox) {
        let queue = self.queue_name(mailbox.queue);
        let lines = &mut self.lines;
        lines.table("[[mailbox]]");
        lines.set("address", &*mailbox.address);
        lines.set_unless_empty("name", &mailbox.name);
        lines.set("queue", queue);
        lines.set_list("aliases", &mailbox.aliases);
        lines.set_unless("default", mailbox.is_default, false);
        lines.set_unless("lmtp", mailbox.takes_lmtp, false);
        lines.set_unless("replyTokens", mailbox.has_reply_tokens, false);
        if let Some(WayOut::Directory(directory)) = &mailbox.exit {
            lines.set("outbox", &**directory);
        }
        if let Some(source) = &mailbox.source {
            imap(lines, source);
        }
        if let Some(WayOut::Relay(relay)) = &mailbox.exit {
            smtp(lines, relay);
        }
    }
}

fn imap(lines: &mut Lines, source: &ImapSource) {
    let ImapSource { host, port, security, login: by, folder, after, poll_ms, only_new } = source;
    lines.sub_table("[mailbox.imap]");
    server(lines, host, *security, (*port, default_imap_port(*security)));
    login(lines, by);
    lines.set_unless("folder", &**folder, DEFAULT_FOLDER);
    match after {
        AfterFetch::Flag => {}
        AfterFetch::Move { folder } => {
            lines.set("after", "move");
            lines.set("moveTo", &**folder);
        }
        AfterFetch::Delete => lines.set("after", "delete"),
    }
    lines.set_time_unless("poll", *poll_ms, DEFAULT_POLL_MS);
    lines.set_unless("onlyNew", *only_new, false);
}

fn smtp(lines: &mut Lines, relay: &SmtpRelay) {
    let SmtpRelay { host, port, security, login: by } = relay;
    lines.sub_table("[mailbox.smtp]");
    server(lines, host, *security, (*port, default_smtp_port(*security)));
    if let Some(by) = by {
        login(lines, by);
    }
}

fn server(lines: &mut Lines, host: &str, security: MailSecurity, (port, otherwise): (u16, u16)) {
    lines.set("host", host);
    lines.set_unless("port", u32::from(port), otherwise.into());
    lines.set_unless("security", security_name(security), security_name(MailSecurity::Tls));
}

fn login(lines: &mut Lines, login: &MailLogin) {
    match login {
        MailLogin::Password { user, password } => {
            lines.set("user", &**user);
            lines.set("password", place(password));
        }
        MailLogin::OAuth { user, oauth } => {
            lines.set("user", &**user);
            lines.set("oauth2", oauth2(oauth));
        }
    }
}

fn oauth2(oauth: &OAuthLogin) -> Table {
    let OAuthLogin { token_url, client_id, client_secret, refresh_token, scope } = oauth;
    let text = |text: &String| Some(Value::from(text.clone()));
    let values = [
        ("tokenUrl", text(token_url)),
        ("clientId", text(client_id)),
        ("clientSecret", client_secret.as_ref().map(|secret| place(secret).into())),
        ("refreshToken", Some(place(refresh_token).into())),
        ("scope", text(scope).filter(|_| !scope.is_empty())),
    ];
    let given = values.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    given.collect()
}

fn place(place: &SecretPlace) -> Table {
    let (key, value) = match place {
        SecretPlace::Env(name) => ("env", name),
        SecretPlace::File(path) => ("file", path),
    };
    Table::from_iter([(key.to_owned(), Value::from(value.clone()))])
}
