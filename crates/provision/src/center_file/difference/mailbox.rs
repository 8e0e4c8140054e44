//! What of a mailbox can differ, as texts. Where its secrets are is told; they are not here.

use handoff_store::{
    AfterFetch, ImapSource, MailLogin, Mailbox, OAuthLogin, SecretPlace, SmtpRelay, WayOut,
};

use super::{Names, listed, nothing};
use crate::center_file::form::mailbox::security_name;
use crate::time_span::TimeSpan;

pub(super) fn fields(mailbox: &Mailbox, names: &Names) -> Vec<(&'static str, String)> {
    let relay = mailbox.exit.as_ref().and_then(|exit| match exit {
        WayOut::Relay(relay) => Some(relay),
        WayOut::Directory(_) => None,
    });
    let outbox = mailbox.exit.as_ref().and_then(|exit| match exit {
        WayOut::Directory(directory) => Some(directory.clone()),
        WayOut::Relay(_) => None,
    });
    vec![
        // Written another way it is the same mailbox.
        ("address", mailbox.address.clone()),
        ("name", mailbox.name.clone()),
        ("queue", names.queue(mailbox.queue)),
        ("aliases", listed(mailbox.aliases.iter().cloned())),
        ("default", mailbox.is_default.to_string()),
        ("lmtp", mailbox.takes_lmtp.to_string()),
        ("replyTokens", mailbox.has_reply_tokens.to_string()),
        ("imap", mailbox.source.as_ref().map_or_else(nothing, source)),
        ("smtp", relay.map_or_else(nothing, way_out)),
        ("outbox", outbox.unwrap_or_else(nothing)),
    ]
}

fn source(source: &ImapSource) -> String {
    let ImapSource { host, port, security, login: by, folder, after, poll_ms, only_new } = source;
    let after = match after {
        AfterFetch::Flag => "flag".to_owned(),
        AfterFetch::Move { folder } => format!("move to {folder:?}"),
        AfterFetch::Delete => "delete".to_owned(),
    };
    let poll = TimeSpan::from_ms(*poll_ms);
    let new = if *only_new { ", onlyNew" } else { "" };
    let (how, by) = (security_name(*security), login(by));
    format!("{host}:{port} {how} as {by}, folder {folder:?}, {after}, poll {poll}{new}")
}

fn way_out(relay: &SmtpRelay) -> String {
    let by = relay.login.as_ref().map_or_else(|| "nobody".to_owned(), login);
    format!("{}:{} {} as {by}", relay.host, relay.port, security_name(relay.security))
}

fn login(login: &MailLogin) -> String {
    match login {
        MailLogin::Password { user, password } => format!("{user:?} ({})", place(password)),
        MailLogin::OAuth { user, oauth } => {
            let OAuthLogin { token_url, client_id, client_secret, refresh_token, scope } = oauth;
            let secret = client_secret.as_ref().map_or_else(nothing, place);
            format!(
                "{user:?} ({token_url} for {client_id:?}, secret {secret}, token {}, scope {scope:?})",
                place(refresh_token)
            )
        }
    }
}

fn place(place: &SecretPlace) -> String {
    match place {
        SecretPlace::Env(name) => format!("env {name}"),
        SecretPlace::File(path) => format!("file {path}"),
    }
}
