//! Dialogues that no decent server has.

use std::sync::Arc;

use handoff_mail::login::{Login, Secret, Token, Tokens};
use handoff_mail::ports::NotNow;
use handoff_mail::tls::Security;

use super::{Machine, flag, mailbox};
use crate::peers::ledger::Ledger;
use crate::peers::script::{Script, Turn, hear, say};
use crate::peers::until;

const ABLE: &str = "* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK\r\n";
const OPEN: &str = "* 1 EXISTS\r\n* OK [UIDVALIDITY 3] ok\r\n{tag} OK open\r\n";

/// Returns the dialogue up to the opened folder.
fn opened(then: Vec<Turn>) -> Vec<Turn> {
    let mut turns = vec![
        say("* OK hello\r\n"),
        hear("CAPABILITY", ABLE),
        hear("LOGIN \"kate\" \"secret\"", "{tag} OK in\r\n"),
        hear("CAPABILITY", ABLE),
        hear("SELECT \"INBOX\"", OPEN),
    ];
    turns.extend(then);
    turns
}

/// Returns dialogues that break off or go wrong, with what the machine has to make of each.
fn gone_wrong() -> Vec<(&'static str, Vec<Turn>, &'static str)> {
    let found = hear("UID SEARCH UID 1:*", "* SEARCH 1\r\n{tag} OK\r\n");
    let sized =
        hear("UID FETCH 1 (UID RFC822.SIZE", "* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n{tag} OK\r\n");
    vec![
        (
            "a refused search",
            opened(vec![hear("UID SEARCH", "{tag} NO not today\r\n"), hear("", "")]),
            "refused",
        ),
        ("a search that breaks off", opened(vec![hear("UID SEARCH", "* SEARCH 1\r\n")]), "broken"),
        ("a goodbye", opened(vec![hear("UID SEARCH", "* BYE\r\n"), hear("", "")]), "broken"),
        ("another's end", opened(vec![hear("UID SEARCH", "X9 OK\r\n"), hear("", "")]), "nonsense"),
        (
            "no response at all",
            opened(vec![hear("UID SEARCH", "HTTP/1.1 400 Bad Request\r\n"), hear("", "")]),
            "nonsense",
        ),
        (
            "a refused size",
            opened(vec![found.clone(), hear("UID FETCH", "{tag} NO\r\n"), hear("", "")]),
            "refused",
        ),
        (
            "a literal of 4 GiB",
            opened(vec![
                found.clone(),
                sized.clone(),
                hear("BODY.PEEK[]", "* 1 FETCH (UID 1 BODY[] {4294967295}\r\n"),
                hear("", ""),
            ]),
            "nonsense",
        ),
        (
            "a message without content",
            opened(vec![
                found.clone(),
                sized.clone(),
                hear("BODY.PEEK[]", "* 1 FETCH (UID 1 BODY[] NIL)\r\n{tag} OK\r\n"),
                sized.clone(),
                hear("", ""),
            ]),
            "nonsense",
        ),
        (
            "half a message",
            opened(vec![found, sized, hear("BODY.PEEK[]", "* 1 FETCH (UID 1 BODY[] {10}\r\nabc")]),
            "broken",
        ),
        (
            "no UIDVALIDITY",
            vec![
                say("* OK hello\r\n"),
                hear("CAPABILITY", ABLE),
                hear("LOGIN", "{tag} OK in\r\n"),
                hear("CAPABILITY", ABLE),
                hear("SELECT", "* 0 EXISTS\r\n{tag} OK open\r\n"),
                hear("", ""),
            ],
            "nonsense",
        ),
        ("a busy server", vec![say("* BYE too many\r\n")], "refused"),
        ("SMTP", vec![say("220 mail.example ESMTP\r\n")], "nonsense"),
    ]
}

#[tokio::test]
async fn nothing_that_a_server_says_passes_for_an_empty_folder() {
    for (what, turns, trouble) in gone_wrong() {
        let ledger = Arc::new(Ledger::default());
        let peer = Script::start(turns).await;
        let machine =
            Machine::start(mailbox(peer.port, Security::PlainOnLoopback, flag()), &ledger);
        until(what, || machine.status().last_failure == Some(trouble)).await;
        machine.stop().await;
        assert_eq!(ledger.kept("support", "INBOX"), None, "{what}");
        assert_eq!(ledger.calls(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_password_waits_for_the_encryption() {
    let able = "* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK\r\n";
    for (what, turns, trouble) in [
        (
            "not offered",
            vec![say("* OK hello\r\n"), hear("CAPABILITY", ABLE), hear("", "")],
            "no_starttls",
        ),
        (
            "refused",
            vec![
                say("* OK hello\r\n"),
                hear("CAPABILITY", able),
                hear("STARTTLS", "{tag} NO\r\n"),
                hear("", ""),
            ],
            "no_starttls",
        ),
        (
            "answers sent before the encryption began",
            vec![
                say("* OK hello\r\n"),
                hear("CAPABILITY", able),
                hear("STARTTLS", "{tag} OK begin\r\n* CAPABILITY IMAP4rev1\r\n"),
                hear("", ""),
            ],
            "connection",
        ),
        ("logged in already", vec![say("* PREAUTH welcome\r\n"), hear("", "")], "refused"),
    ] {
        let ledger = Arc::new(Ledger::default());
        let peer = Script::start(turns).await;
        let machine = Machine::start(mailbox(peer.port, Security::StartTls, flag()), &ledger);
        until(what, || machine.status().last_failure == Some(trouble)).await;
        machine.stop().await;
        assert!(
            !peer.heard().iter().any(|line| line.contains("LOGIN") || line.contains("secret")),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_server_that_forbids_login_in_clear_does_not_hear_the_password() {
    let ledger = Arc::new(Ledger::default());
    let able = "* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n{tag} OK\r\n";
    let peer =
        Script::start(vec![say("* OK hello\r\n"), hear("CAPABILITY", able), hear("", "")]).await;
    let machine = Machine::start(mailbox(peer.port, Security::PlainOnLoopback, flag()), &ledger);
    until("trouble", || machine.status().last_failure == Some("login")).await;
    machine.stop().await;
    assert!(!peer.heard().iter().any(|line| line.contains("secret")));
}

/// Has a token that has expired, and another.
struct Expired;

#[async_trait::async_trait]
impl Tokens for Expired {
    async fn bearer(&self, _user: &str, token: Token) -> Result<Secret, NotNow> {
        Ok(Secret::new(if token == Token::Kept { "t0" } else { "t1" }))
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let ledger = Arc::new(Ledger::default());
    // `user=kate^Aauth=Bearer t0^A^A` and the same with t1.
    let peer = Script::start(vec![
        say("* OK hello\r\n"),
        hear("CAPABILITY", ABLE),
        hear("AUTHENTICATE XOAUTH2", "+ \r\n"),
        hear("dXNlcj1rYXRlAWF1dGg9QmVhcmVyIHQwAQE=", "+ eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
        hear("", "H2 NO expired\r\n"),
        hear("AUTHENTICATE XOAUTH2", "+ \r\n"),
        hear("dXNlcj1rYXRlAWF1dGg9QmVhcmVyIHQxAQE=", "H3 OK in\r\n"),
        hear("CAPABILITY", ABLE),
        hear("SELECT", OPEN),
        hear("UID SEARCH UID 1:*", "* SEARCH\r\n{tag} OK\r\n"),
        hear("IDLE", "+ idling\r\n"),
    ])
    .await;
    let mut mailbox = mailbox(peer.port, Security::PlainOnLoopback, flag());
    mailbox.login = Login::Bearer { user: "kate".into(), tokens: Arc::new(Expired) };
    let machine = Machine::start(mailbox, &ledger);
    until("an idle machine", || peer.heard().iter().any(|line| line.ends_with("IDLE"))).await;
    machine.stop().await;
}
