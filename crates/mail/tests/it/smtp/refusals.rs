//! What the relay refuses, and what is said of it.

use handoff_mail::smtp::{Cause, Outcome, RefusedRecipient, Relay, RelayConfig, Reply};
use handoff_mail::tls::Security;

use super::{config, relay, send};
use crate::peers::smtp::SmtpPeer;

const RAW: &[u8] = b"Subject: x\r\n\r\nhello\r\n";

fn reply(code: u16, text: &str) -> Reply {
    Reply { code, text: text.to_owned() }
}

#[tokio::test]
async fn every_refusal_has_its_outcome() {
    let refused = |address: &str, reply| {
        Cause::Recipients(vec![RefusedRecipient { address: address.to_owned(), reply }])
    };
    for (step, answer, expected) in [
        // Before a message is announced, nothing that is said is about the message.
        ("greeting", "554 not you", Outcome::Temporary(Cause::Reply(reply(554, "not you")))),
        ("EHLO", "502 what?", Outcome::Temporary(Cause::Reply(reply(502, "what?")))),
        ("AUTH", "535 who?", Outcome::Temporary(Cause::Login)),
        ("AUTH", "454 later", Outcome::Temporary(Cause::Login)),
        (
            "MAIL",
            "550 not from here",
            Outcome::Permanent(Cause::Reply(reply(550, "not from here"))),
        ),
        ("MAIL", "451 later", Outcome::Temporary(Cause::Reply(reply(451, "later")))),
        (
            "RCPT ben@customer.example",
            "550-no\r\n550 such user",
            Outcome::Permanent(refused("ben@customer.example", reply(550, "no\nsuch user"))),
        ),
        (
            "RCPT anna@customer.example",
            "450 greylisted",
            Outcome::Temporary(refused("anna@customer.example", reply(450, "greylisted"))),
        ),
        ("DATA", "554 no", Outcome::Permanent(Cause::Reply(reply(554, "no")))),
        ("DATA", "250 what for?", Outcome::Temporary(Cause::Connection("nonsense"))),
        ("dot", "554 spam", Outcome::Permanent(Cause::Reply(reply(554, "spam")))),
        ("dot", "452 full", Outcome::Temporary(Cause::Reply(reply(452, "full")))),
        ("dot", "421 stopping", Outcome::Temporary(Cause::Reply(reply(421, "stopping")))),
        ("dot", "354 more?", Outcome::Unknown),
        ("dot", "what?", Outcome::Unknown),
        ("MAIL", "nonsense", Outcome::Temporary(Cause::Connection("nonsense"))),
    ] {
        let peer = SmtpPeer::start(Security::PlainOnLoopback).await;
        peer.answer(step, answer);
        let relay = relay(peer.port, Security::PlainOnLoopback);
        assert_eq!(send(&relay, RAW).await, expected, "{step}: {answer}");
        assert_eq!(peer.accepted(), [], "{step}: {answer}");
        // Whatever was refused, the next message has its chance.
        peer.answers.lock().unwrap().clear();
        assert_eq!(
            send(&relay, RAW).await,
            Outcome::Sent { reply: reply(250, "taken over") },
            "{step}: {answer}"
        );
    }
}

/// It has no 8BITMIME and no SIZE either, and needs neither for what is made here.
#[tokio::test]
async fn a_relay_without_extensions_will_do_unless_they_are_needed() {
    let peer = SmtpPeer::start(Security::PlainOnLoopback).await;
    peer.answer("EHLO", "502 what?");
    let relay =
        Relay::new(RelayConfig { login: None, ..config(peer.port, Security::PlainOnLoopback) });
    assert!(matches!(send(&relay, RAW).await, Outcome::Sent { .. }));
    assert_eq!(peer.accepted().len(), 1);
    assert_eq!(peer.faults.steps()[1..3], ["EHLO", "HELO"]);
}

#[tokio::test]
async fn nothing_is_sent_to_a_part_of_the_recipients() {
    let peer = SmtpPeer::start(Security::PlainOnLoopback).await;
    peer.answer("RCPT ben@customer.example", "550 no");
    let outcome = send(&relay(peer.port, Security::PlainOnLoopback), RAW).await;
    assert!(matches!(outcome, Outcome::Permanent(Cause::Recipients(_))), "{outcome:?}");
    assert!(
        !peer.faults.steps().iter().any(|step| step == "DATA"),
        "no content was even announced"
    );
}

#[tokio::test]
async fn a_connection_serves_many_messages() {
    let peer = SmtpPeer::start(Security::Tls).await;
    // This peer greets in clear, which is not what TLS from the first byte is: the handshake fails
    // and is told.
    let outcome = send(&relay(peer.port, Security::Tls), RAW).await;
    assert_eq!(outcome, Outcome::Temporary(Cause::Connection("tls")));
    let peer = SmtpPeer::start(Security::StartTls).await;
    let relay = relay(peer.port, Security::StartTls);
    for _ in 0..10 {
        assert!(matches!(send(&relay, RAW).await, Outcome::Sent { .. }));
    }
    assert_eq!(peer.connections(), 1);
    assert_eq!(peer.accepted().len(), 10);
    assert_eq!(peer.accepted()[0].sender, "support@desk.example");
    assert_eq!(peer.accepted()[0].recipients, ["anna@customer.example", "ben@customer.example"]);
}

#[tokio::test]
async fn what_the_relay_cannot_take_is_not_begun() {
    for (ability, raw, why) in [
        (
            "8BITMIME",
            "Subject: x\r\n\r\nä\r\n".as_bytes().to_vec(),
            "it has 8-bit characters, which the relay does not take",
        ),
        ("SIZE 10", RAW.to_vec(), "it is larger than the relay takes"),
    ] {
        let peer = SmtpPeer::start(Security::PlainOnLoopback).await;
        let mut able = peer.able.lock().unwrap().clone();
        able.remove("8BITMIME");
        if ability == "SIZE 10" {
            able.remove("SIZE 100000");
            able.insert("SIZE 10");
        }
        *peer.able.lock().unwrap() = able;
        let outcome = send(&relay(peer.port, Security::PlainOnLoopback), &raw).await;
        assert_eq!(outcome, Outcome::Permanent(Cause::Message(why)));
        assert!(!peer.faults.steps().iter().any(|step| step == "MAIL"));
    }
}
