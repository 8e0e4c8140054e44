//! The server, or the client, dies at every step of fetching; each message becomes exactly one
//! interaction, and none is touched before.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_mail::imap::After;
use handoff_mail::tls::Security;
use tokio::task::JoinSet;

use super::{Machine, flag, letter, mailbox};
use crate::peers::faults::{Fault, MOMENTS};
use crate::peers::imap::ImapPeer;
use crate::peers::ledger::{Ledger, Manner};
use crate::peers::{PATIENCE, until};

/// How many deaths there are at least at each step: all moments, five times.
const ROUNDS: usize = 20;

/// Who dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Server,
    Client,
}

/// A way of dealing with messages.
#[derive(Clone, Debug)]
struct Way {
    after: After,
    security: Security,
    /// What the server cannot.
    without: &'static [&'static str],
}

fn ways() -> Vec<Way> {
    let to_done = || After::Move { folder: "Done".into() };
    vec![
        Way { after: flag(), security: Security::StartTls, without: &[] },
        Way { after: to_done(), security: Security::PlainOnLoopback, without: &[] },
        Way { after: to_done(), security: Security::PlainOnLoopback, without: &["MOVE"] },
        Way { after: After::Delete, security: Security::PlainOnLoopback, without: &["SASL-IR"] },
    ]
}

/// What came of one life with at most one death in it.
#[derive(Debug, Default)]
struct Story {
    fired: usize,
    /// Messages that are no interaction, or several.
    wrong: usize,
    touched_early: usize,
    steps: Vec<String>,
}

/// Whether everything in the folder was dealt with.
fn is_settled(peer: &ImapPeer, after: &After, letters: &[Vec<u8>]) -> bool {
    let inbox = peer.folder("INBOX").unwrap();
    match after {
        After::Flag { .. } => {
            inbox.messages.len() == letters.len()
                && inbox.messages.iter().all(|message| {
                    message.flags.contains("$Handoff") && message.flags.contains("\\Seen")
                })
        }
        After::Move { folder } => {
            let there = peer.folder(folder).map(|folder| folder.messages).unwrap_or_default();
            inbox.messages.is_empty()
                && letters.iter().all(|letter| there.iter().any(|message| message.raw == *letter))
        }
        After::Delete => inbox.messages.is_empty(),
    }
}

async fn live(way: Way, manner: Manner, fault: Option<(Fault, Victim)>) -> Story {
    let ledger = Arc::new(Ledger::new(manner));
    let peer = ImapPeer::start(ledger.clone(), way.security).await;
    way.without.iter().for_each(|able| peer.without(able));
    let letters = [letter("a"), letter("b"), letter("c")];
    peer.append(&letters[0]);
    peer.append(&letters[1]);
    let victim = fault.as_ref().map(|(_, victim)| *victim);
    if let Some((fault, _)) = fault {
        peer.faults.plan(fault);
    }
    let start = || Machine::start(mailbox(peer.port, way.security, way.after.clone()), &ledger);
    let mut machine = start();
    if victim == Some(Victim::Client) {
        *peer.victim.lock().unwrap() = Some(machine.stop.clone());
    }
    let mut is_told = false;
    let life = async {
        while !(is_told && is_settled(&peer, &way.after, &letters)) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            // The third message comes while the machine waits for news.
            if !is_told && peer.faults.steps().iter().any(|step| step == "IDLE") {
                peer.append(&letters[2]);
                is_told = true;
            }
            if machine.stop.is_cancelled() {
                machine = start();
            }
        }
    };
    let has_settled = tokio::time::timeout(PATIENCE, life).await.is_ok();
    let steps = peer.faults.steps();
    assert!(
        has_settled,
        "it never settled: {way:?} {:?}",
        &steps[steps.len().saturating_sub(20)..]
    );
    // Let it come to rest, so that faults at the end of an `IDLE` have their turn too.
    until("an end of IDLE", || peer.faults.steps().iter().any(|step| step == "DONE")).await;
    machine.stop().await;
    Story {
        fired: peer.faults.fired(),
        wrong: letters.iter().filter(|letter| ledger.count(letter) != 1).count(),
        touched_early: peer.touched_early(),
        steps: peer.faults.steps(),
    }
}

/// Returns faults for the ways: for each step of a life without any, each moment, at several of its
/// turns. Steps that several ways have share their faults.
async fn faults(ways: &[Way]) -> Vec<(Way, Fault)> {
    let mut places: BTreeMap<String, Vec<(Way, usize)>> = BTreeMap::new();
    for way in ways {
        let story = live(way.clone(), Manner::Honest, None).await;
        assert_eq!((story.wrong, story.touched_early), (0, 0), "{story:?}");
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for step in story.steps {
            *counts.entry(step).or_default() += 1;
        }
        for (step, count) in counts {
            places.entry(step).or_default().push((way.clone(), count));
        }
    }
    let mut faults = Vec::new();
    for (step, places) in places {
        for round in 0..ROUNDS {
            let (way, count) = &places[(round / MOMENTS.len()) % places.len()];
            // The last turn of a step may come or not, as the machine is stopped about then.
            let turn = (round / MOMENTS.len()) % count.saturating_sub(1).max(1);
            let moment = MOMENTS[round % MOMENTS.len()];
            faults.push((way.clone(), Fault { step: step.clone(), turn, moment }));
        }
    }
    faults
}

/// Lives through many faults, several lives at a time.
async fn toll(ways: Vec<Way>, victim: Victim) -> Story {
    let mut lives = JoinSet::new();
    let mut sum = Story::default();
    let mut planned = 0;
    let add = |sum: &mut Story, story: Story| {
        sum.fired += story.fired;
        sum.wrong += story.wrong;
        sum.touched_early += story.touched_early;
    };
    for (way, fault) in faults(&ways).await {
        planned += 1;
        if lives.len() >= 16 {
            add(&mut sum, lives.join_next().await.unwrap().unwrap());
        }
        lives.spawn(live(way, Manner::Honest, Some((fault, victim))));
    }
    while let Some(story) = lives.join_next().await {
        add(&mut sum, story.unwrap());
    }
    assert_eq!(sum.fired, planned, "every fault has fired");
    sum
}

#[tokio::test]
async fn nothing_is_lost_wherever_the_server_dies() {
    let sum = toll(ways(), Victim::Server).await;
    assert_eq!((sum.wrong, sum.touched_early), (0, 0));
}

#[tokio::test]
async fn nothing_is_lost_wherever_the_client_dies() {
    let sum = toll(ways(), Victim::Client).await;
    assert_eq!((sum.wrong, sum.touched_early), (0, 0));
}

#[tokio::test]
async fn an_answer_before_it_is_durable_loses() {
    let way = Way { after: flag(), security: Security::PlainOnLoopback, without: &[] };
    let story = live(way, Manner::Hasty, None).await;
    assert_eq!(story.wrong, 3, "the control has to lose all of them");
    assert!(story.touched_early >= 3, "and to be seen touching them before: {story:?}");
}
