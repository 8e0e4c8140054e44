//! What never reaches the relay: commands in addresses, ends of messages in messages, credentials
//! without encryption.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use handoff_mail::login::{Login, Secret, Token, Tokens};
use handoff_mail::ports::NotNow;
use handoff_mail::smtp::{Cause, Envelope, Outcome, Relay};
use handoff_mail::tls::{Security, Trust};

use super::{config, relay, send};
use crate::peers::STRANGER;
use crate::peers::script::{Script, hear, say};
use crate::peers::smtp::SmtpPeer;

#[tokio::test]
async fn what_could_smuggle_is_refused_before_there_is_a_connection() {
    let peer = SmtpPeer::start(Security::PlainOnLoopback).await;
    let relay = relay(peer.port, Security::PlainOnLoopback);
    for raw in [
        "a\n.\nb\r\n",
        "a\r.\rb\r\n",
        "a\n.\r\nb\r\n",
        "a\r\n.\nb\r\n",
        "a\r.\r\nb\r\n",
        "a\r\r\n",
        "a\n\n.\r\n",
        "a\n\r.\n\r\r\n",
        "no end",
        "",
        "\n",
        "\r",
        "a\r\n\r",
        "a\r\n\n",
    ] {
        let outcome = send(&relay, raw.as_bytes()).await;
        assert!(matches!(outcome, Outcome::Permanent(Cause::Message(_))), "{raw:?}: {outcome:?}");
    }
    for address in [
        "a@x.example\r\nDATA",
        "a@x.example>\r\nRCPT TO:<b@x.example",
        "a b@x.example",
        "<a@x.example>",
        "a@x.example> SIZE=1",
        "a\0@x.example",
        "a@x.example\n",
        "\u{85}a@x.example",
        "nobody",
        "@x.example",
        "a@",
        "",
    ] {
        let recipients = ["a@x.example".to_owned(), address.to_owned()];
        let envelope = Envelope { sender: None, recipients: &recipients, raw: b"x\r\n" };
        assert!(
            matches!(relay.send(envelope).await, Outcome::Permanent(Cause::Message(_))),
            "{address:?}"
        );
        let recipients = ["a@x.example".to_owned()];
        let envelope = Envelope { sender: Some(address), recipients: &recipients, raw: b"x\r\n" };
        assert!(
            matches!(relay.send(envelope).await, Outcome::Permanent(Cause::Message(_))),
            "{address:?}"
        );
    }
    let nobody = Envelope { sender: None, recipients: &[], raw: b"x\r\n" };
    assert!(matches!(relay.send(nobody).await, Outcome::Permanent(Cause::Message(_))));
    assert_eq!(peer.connections(), 0);
}

#[tokio::test]
async fn dots_arrive_as_they_were() {
    let peer = SmtpPeer::start(Security::PlainOnLoopback).await;
    let relay = relay(peer.port, Security::PlainOnLoopback);
    for raw in [".\r\n", "..\r\n", ".\r\n.\r\n", "\r\n.\r\n\r\n", "a\r\n.b\r\n..\r\n"] {
        assert!(matches!(send(&relay, raw.as_bytes()).await, Outcome::Sent { .. }));
        assert_eq!(peer.accepted().pop().unwrap().raw, raw.as_bytes(), "{raw:?}");
    }
    assert_eq!(peer.accepted().len(), 5, "each was one message");
}

#[tokio::test]
async fn credentials_wait_for_the_encryption() {
    let hello = "250-relay\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n";
    for (what, script, expected) in [
        (
            "not offered",
            vec![
                say("220 relay\r\n"),
                hear("EHLO", "250-relay\r\n250 AUTH PLAIN\r\n"),
                hear("", ""),
            ],
            "no_starttls",
        ),
        (
            "answers sent before the encryption began",
            vec![
                say("220 relay\r\n"),
                hear("EHLO", hello),
                hear("STARTTLS", "220 begin\r\n250 AUTH PLAIN\r\n"),
                hear("", ""),
            ],
            "injected",
        ),
    ] {
        let peer = Script::start(script).await;
        let outcome = send(&relay(peer.port, Security::StartTls), b"x\r\n").await;
        assert_eq!(outcome, Outcome::Temporary(Cause::Connection(expected)), "{what}");
        assert!(
            !peer.heard().iter().any(|line| line.contains("AUTH") || line.contains("MAIL")),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_good() {
    let peer = SmtpPeer::start(Security::StartTls).await;
    let mut config = config(peer.port, Security::StartTls);
    config.endpoint.host = "127.0.0.1".into();
    assert!(matches!(send(&Relay::new(config.clone()), b"x\r\n").await, Outcome::Sent { .. }));
    config.endpoint.trust = Some(Trust::system_and(STRANGER).unwrap());
    assert_eq!(
        send(&Relay::new(config), b"x\r\n").await,
        Outcome::Temporary(Cause::Connection("tls"))
    );
    assert!(peer.accepted().len() == 1);
}

/// Hands out numbered tokens.
#[derive(Default)]
struct Numbered(AtomicUsize);

#[async_trait]
impl Tokens for Numbered {
    async fn bearer(&self, user: &str, token: Token) -> Result<Secret, NotNow> {
        assert_eq!(user, "kate");
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        assert_eq!(token == Token::Renewed, number > 0);
        Ok(Secret::new(format!("t{number}")))
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    // `user=kate^Aauth=Bearer t0^A^A` and the same with t1.
    let peer = Script::start(vec![
        say("220 relay\r\n"),
        hear("EHLO", "250-relay\r\n250 AUTH XOAUTH2\r\n"),
        hear("dXNlcj1rYXRlAWF1dGg9QmVhcmVyIHQwAQE=", "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"),
        hear("", "535 expired\r\n"),
        hear("dXNlcj1rYXRlAWF1dGg9QmVhcmVyIHQxAQE=", "235 in\r\n"),
        hear("MAIL FROM:<support@desk.example>", "250 go on\r\n"),
        hear("RCPT TO:<anna@customer.example>", "250 go on\r\n"),
        hear("RCPT TO:<ben@customer.example>", "250 go on\r\n"),
        hear("DATA", "354 send\r\n"),
        hear("x", ""),
        hear(".", "250 taken\r\n"),
    ])
    .await;
    let mut config = config(peer.port, Security::PlainOnLoopback);
    config.login =
        Some(Login::Bearer { user: "kate".into(), tokens: Arc::new(Numbered::default()) });
    let outcome = send(&Relay::new(config), b"x\r\n").await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}: {:?}", peer.heard());
}
