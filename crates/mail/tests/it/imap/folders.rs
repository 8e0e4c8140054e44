//! What is fetched, and what is left of it in the folder.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use handoff_mail::imap::{After, Aside, Phase, Start};
use handoff_mail::ports::{Checkpoint, Extent, Source};
use handoff_mail::tls::{Security, Trust};

use super::{Machine, flag, letter, mailbox};
use crate::peers::imap::ImapPeer;
use crate::peers::ledger::Ledger;
use crate::peers::{STRANGER, until};

async fn plain() -> (Arc<Ledger>, Arc<ImapPeer>) {
    let ledger = Arc::new(Ledger::default());
    let peer = ImapPeer::start(ledger.clone(), Security::PlainOnLoopback).await;
    (ledger, peer)
}

fn mark(uid_validity: u32, uid: u32) -> Checkpoint {
    Checkpoint { uid_validity, uid, skipped: None }
}

fn flags(peer: &ImapPeer, at: usize) -> Vec<String> {
    peer.folder("INBOX").unwrap().messages[at].flags.iter().cloned().collect()
}

#[tokio::test]
async fn messages_come_over_every_kind_of_connection() {
    for security in [Security::Tls, Security::StartTls, Security::PlainOnLoopback] {
        let ledger = Arc::new(Ledger::default());
        let peer = ImapPeer::start(ledger.clone(), security).await;
        peer.append(&letter("a"));
        let machine = Machine::start(mailbox(peer.port, security, flag()), &ledger);
        until("a message", || ledger.count(&letter("a")) == 1).await;
        machine.stop().await;
        let source = Source::Imap { folder: "INBOX".into(), uid_validity: 7, uid: 1 };
        assert_eq!(ledger.taken()[0].source, source, "{security:?}");
        assert_eq!(ledger.taken()[0].raw, letter("a"), "{security:?}");
    }
}

#[tokio::test]
async fn without_idle_the_folder_is_looked_at_again_and_again() {
    let (ledger, peer) = plain().await;
    peer.without("IDLE");
    let machine = Machine::start(mailbox(peer.port, Security::PlainOnLoopback, flag()), &ledger);
    until("a wait", || machine.status().phase == Phase::Waiting).await;
    peer.append(&letter("a"));
    until("a message", || ledger.count(&letter("a")) == 1).await;
    assert!(!peer.faults.steps().iter().any(|step| step == "IDLE"));
    assert_eq!(machine.stop().await.phase, Phase::Stopped);
}

#[tokio::test]
async fn a_new_generation_is_read_again_and_makes_no_second_interaction() {
    let (ledger, peer) = plain().await;
    for name in ["a", "b", "c"] {
        peer.append(&letter(name));
    }
    let run = || Machine::start(mailbox(peer.port, Security::PlainOnLoopback, flag()), &ledger);
    let machine = run();
    until("all", || ledger.kept("support", "INBOX") == Some(mark(7, 3))).await;
    machine.stop().await;
    peer.renumber();
    peer.append(&letter("d"));
    let machine = run();
    until("all again", || ledger.kept("support", "INBOX") == Some(mark(8, 4))).await;
    let status = machine.stop().await;
    assert_eq!((status.tally.known, status.tally.taken), (3, 1));
    assert_eq!(ledger.taken().len(), 4);
}

#[tokio::test]
async fn only_new_messages_are_fetched_if_so_wished() {
    let (ledger, peer) = plain().await;
    peer.append(&letter("old"));
    let mut mailbox = mailbox(peer.port, Security::PlainOnLoopback, flag());
    mailbox.start = Start::OnlyNew;
    let machine = Machine::start(mailbox, &ledger);
    until("a checkpoint", || ledger.kept("support", "INBOX").is_some()).await;
    peer.append(&letter("new"));
    until("a message", || ledger.count(&letter("new")) == 1).await;
    machine.stop().await;
    assert_eq!(ledger.count(&letter("old")), 0);
    assert_eq!(flags(&peer, 0), Vec::<String>::new());
}

/// The mailbox moved to another server, say: what lay in it before the first look is no more wanted
/// than it was then.
#[tokio::test]
async fn a_new_generation_does_not_bring_what_was_never_wanted() {
    let (ledger, peer) = plain().await;
    for name in ["old", "older"] {
        peer.append(&letter(name));
    }
    let mut mailbox = mailbox(peer.port, Security::PlainOnLoopback, flag());
    mailbox.start = Start::OnlyNew;
    let machine = Machine::start(mailbox.clone(), &ledger);
    until("a checkpoint", || ledger.kept("support", "INBOX").is_some()).await;
    peer.append(&letter("new"));
    until("a message", || ledger.count(&letter("new")) == 1).await;
    machine.stop().await;
    for generation in 1..=2 {
        peer.append(&letter(&format!("meanwhile {generation}")));
        peer.renumber();
        let machine = Machine::start(mailbox.clone(), &ledger);
        until("the newest", || ledger.count(&letter(&format!("meanwhile {generation}"))) == 1)
            .await;
        machine.stop().await;
    }
    assert_eq!((ledger.count(&letter("old")), ledger.count(&letter("older"))), (0, 0));
    assert_eq!((ledger.count(&letter("new")), ledger.taken().len()), (1, 3));
    assert!(peer.searches().last().unwrap().contains(" SINCE "), "{:?}", peer.searches());
}

/// Somebody moves a letter out of the folder and back: it has another UID and is the same letter.
#[tokio::test]
async fn a_letter_that_was_moved_away_and_back_is_one() {
    let (ledger, peer) = plain().await;
    peer.append(&letter("a"));
    let machine = Machine::start(mailbox(peer.port, Security::PlainOnLoopback, flag()), &ledger);
    until("a message", || ledger.kept("support", "INBOX") == Some(mark(7, 1))).await;
    peer.folders.lock().unwrap().get_mut("INBOX").unwrap().messages.clear();
    peer.append(&letter("a"));
    until("it again", || ledger.kept("support", "INBOX") == Some(mark(7, 2))).await;
    let status = machine.stop().await;
    assert_eq!((status.tally.taken, status.tally.known, ledger.taken().len()), (1, 1, 1));
}

/// A server or something on the way forgets the connection and says nothing.
#[tokio::test]
async fn a_connection_that_died_silently_in_idle_is_given_up() {
    let (ledger, peer) = plain().await;
    peer.fall_silent_in_idle();
    let mut mailbox = mailbox(peer.port, Security::PlainOnLoopback, flag());
    mailbox.limits.idle_ms = 50;
    mailbox.limits.done_ms = 50;
    let machine = Machine::start(mailbox, &ledger);
    until("an idle", || machine.status().phase == Phase::Idling).await;
    peer.append(&letter("a"));
    until("a message", || ledger.count(&letter("a")) == 1).await;
    machine.stop().await;
    let greetings = peer.faults.steps().iter().filter(|step| *step == "greeting").count();
    assert!(greetings >= 2, "by another connection");
}

#[tokio::test]
async fn what_cannot_be_taken_in_now_is_not_touched() {
    let (ledger, peer) = plain().await;
    peer.append(&letter("a"));
    peer.append(&letter("b"));
    ledger.not_now.store(5, Ordering::SeqCst);
    let machine = Machine::start(mailbox(peer.port, Security::PlainOnLoopback, flag()), &ledger);
    until("trouble", || machine.status().last_failure == Some("not_now") || ledger.calls() > 1)
        .await;
    until("both", || ledger.kept("support", "INBOX") == Some(mark(7, 2))).await;
    let status = machine.stop().await;
    assert_eq!(
        (ledger.calls(), ledger.taken().len()),
        (7, 2),
        "the first one came five times more"
    );
    assert_eq!((peer.touched_early(), status.failures, status.last_failure), (0, 0, None));
}

#[tokio::test]
async fn a_refused_message_goes_aside_and_holds_nobody_up() {
    for aside in [Aside::Flag, Aside::Move { folder: "Aside".into() }] {
        let (ledger, peer) = plain().await;
        *ledger.refuse.lock().unwrap() = Some(b"poison".to_vec());
        peer.append(&letter("poison"));
        peer.append(&letter("b"));
        let mut mailbox = mailbox(peer.port, Security::PlainOnLoopback, After::Delete);
        mailbox.aside = aside.clone();
        let machine = Machine::start(mailbox, &ledger);
        until("both", || ledger.kept("support", "INBOX") == Some(mark(7, 2))).await;
        let status = machine.stop().await;
        assert_eq!((status.tally.refused, status.tally.taken), (1, 1));
        let folder = if aside == Aside::Flag { "INBOX" } else { "Aside" };
        let left = peer.folder(folder).unwrap().messages;
        assert_eq!((left.len(), &left[0].raw), (1, &letter("poison")), "{aside:?}");
        if aside == Aside::Flag {
            assert_eq!(flags(&peer, 0), ["\\Flagged"]);
        }
    }
}

#[tokio::test]
async fn of_a_message_too_large_the_headers_come_and_it_stays() {
    let (ledger, peer) = plain().await;
    let mut large = letter("large");
    large.resize(5_000, b'x');
    peer.append(&large);
    peer.append(&letter("b"));
    let mut mailbox = mailbox(peer.port, Security::PlainOnLoopback, After::Delete);
    mailbox.limits.message_bytes_max = 4_999;
    let machine = Machine::start(mailbox, &ledger);
    until("both", || ledger.taken().len() == 2).await;
    until("the other to be gone", || peer.folder("INBOX").unwrap().messages.len() == 1).await;
    let status = machine.stop().await;
    let arrival = &ledger.taken()[0];
    assert_eq!(arrival.extent, Extent::Headers { size_bytes: 5_000 });
    assert!(arrival.raw.ends_with(b"Subject: large\r\n\r\n"), "{arrival:?}");
    assert_eq!(flags(&peer, 0), ["\\Flagged"]);
    assert_eq!((status.tally.in_part, status.tally.taken), (1, 2));
}

#[tokio::test]
async fn of_a_message_that_the_server_cannot_give_the_headers_come() {
    let (ledger, peer) = plain().await;
    *peer.refuse_content.lock().unwrap() = BTreeSet::from([1]);
    peer.append(&letter("broken"));
    peer.append(&letter("b"));
    let machine = Machine::start(mailbox(peer.port, Security::PlainOnLoopback, flag()), &ledger);
    until("both", || ledger.taken().len() == 2).await;
    machine.stop().await;
    assert!(matches!(ledger.taken()[0].extent, Extent::Headers { .. }));
    assert_eq!(ledger.taken()[1].raw, letter("b"));
}

#[tokio::test]
async fn without_uidplus_nothing_of_others_is_expunged() {
    let (ledger, peer) = plain().await;
    peer.without("UIDPLUS");
    peer.append(&letter("a"));
    let machine =
        Machine::start(mailbox(peer.port, Security::PlainOnLoopback, After::Delete), &ledger);
    until("the mark", || flags(&peer, 0) == ["\\Deleted"]).await;
    machine.stop().await;
    assert!(!peer.faults.steps().iter().any(|step| step == "EXPUNGE"));
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_over_and_over() {
    let (ledger, peer) = plain().await;
    let mut mailbox = mailbox(peer.port, Security::PlainOnLoopback, flag());
    mailbox.login = handoff_mail::login::Login::Password {
        user: "kate".into(),
        password: handoff_mail::login::Secret::new("guess"),
    };
    mailbox.limits.login_retry_ms_min = 3_600_000;
    let machine = Machine::start(mailbox, &ledger);
    until("trouble", || machine.status().phase == Phase::BackingOff).await;
    assert_eq!(machine.status().last_failure, Some("login"));
    machine.stop().await;
    assert_eq!(peer.faults.steps().iter().filter(|step| *step == "LOGIN").count(), 1);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_password() {
    for security in [Security::Tls, Security::StartTls] {
        let ledger = Arc::new(Ledger::default());
        let peer = ImapPeer::start(ledger.clone(), security).await;
        let mut mailbox = mailbox(peer.port, security, flag());
        mailbox.endpoint.trust = Some(Trust::system_and(STRANGER).unwrap());
        let machine = Machine::start(mailbox, &ledger);
        until("trouble", || machine.status().last_failure == Some("connection")).await;
        machine.stop().await;
        assert!(!peer.faults.steps().iter().any(|step| step == "LOGIN"));
    }
}
