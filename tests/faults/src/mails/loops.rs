//! Two mailboxes that confirm letters, and robots that answer every one: it comes to an end.
//!
//! Each contact center has a server of its own, so that nothing is known as our own message. The
//! relay between them loses the null sender of confirmations, as some do, and some robots do not
//! say that they are any: then only what is known of the sender helps.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::letter::Words;
use super::lmtp::{Delivery, Lmtp};
use super::no_findings;
use super::relay::{Copy, Relay};
use super::site::{Mailbox, Office, agent, list, send};
use crate::campaign::{DOUBLED, Findings, MISSING};

const MAILBOXES: [&str; 2] = ["left@left.example", "right@right.example"];
/// How robots say that they are robots; the last one does not.
const MARKS: [&str; 6] = [
    "Auto-Submitted: auto-replied\r\n",
    "Precedence: bulk\r\n",
    "X-Autoreply: yes\r\n",
    "List-Id: <robots.example>\r\n",
    "X-Auto-Response-Suppress: All\r\n",
    "",
];
/// How long all may take to become quiet.
const QUIET_BOUND: Duration = Duration::from_secs(60);
/// How long nothing may happen before it is quiet, in steps of 50 ms.
const QUIET_STEPS: usize = 6;

/// Has robots write this many answers to the two mailboxes, which confirm letters. With `strangers`
/// each robot has another address and says nothing of being one, which must be noticed: nothing can
/// stop that.
pub(super) async fn run(
    binary: &Path,
    home: &Path,
    answers: usize,
    strangers: bool,
) -> Result<Findings> {
    let (listener, heard) = mpsc::unbounded_channel();
    let relay = Relay::start(None, Some(listener)).await?;
    let open = |side: usize| {
        let mailbox =
            Mailbox { relay: Some(relay.port), acknowledges: true, ..Mailbox::of(MAILBOXES[side]) };
        let home = home.join(side.to_string());
        async move { mailbox.open(binary, &home).await }
    };
    let offices = [open(0).await?, open(1).await?];
    let mut lines =
        [Lmtp::connect(&offices[0].lmtp).await?, Lmtp::connect(&offices[1].lmtp).await?];
    let forwarder =
        tokio::spawn(forward(offices.each_ref().map(|office| office.lmtp.clone()), heard));
    // A person begins.
    let client = agent(&offices[0].program).await?;
    send(&client, "A question", &[MAILBOXES[1]]).await?;
    settle(&offices, &relay, 1).await?;
    let mut random = StdRng::seed_from_u64(1);
    for number in 0..answers {
        let to = number % 2;
        let stranger = format!("robot{number}@elsewhere.example");
        let from = if strangers { &stranger } else { MAILBOXES[1 - to] };
        let headers = if strangers { "" } else { MARKS[number / 2 % MARKS.len()] };
        let (subject, id) = (format!("Re: {number}"), format!("robot.{number}@robots.example"));
        let words = Words {
            from,
            to: MAILBOXES[to],
            subject: &subject,
            message_id: Some(&id),
            answers: None,
            headers,
        };
        let delivery = Delivery::new(from, MAILBOXES[to], &words.letter(2_000, &mut random));
        let said = lines[to].deliver(&delivery).await?;
        ensure!(said.starts_with('2'), "a letter was refused: {said}");
    }
    settle(&offices, &relay, answers).await?;
    forwarder.abort();
    report(answers, &offices, &relay.take()).await
}

/// Prints what came of it and finds what was confirmed twice or never.
async fn report(answers: usize, offices: &[Office; 2], kept: &[Copy]) -> Result<Findings> {
    let confirmations = |mailbox: &str| {
        kept.iter()
            .filter(|copy| {
                copy.field("Subject") == "We have it" && copy.field("From").contains(mailbox)
            })
            .count()
    };
    let replies = MAILBOXES.map(confirmations);
    let mut waiting = 0;
    for office in offices {
        waiting += list(&office.program).await?.len();
    }
    println!(
        "loops: {answers} automatic answers between two mailboxes; {} and {} confirmations; \
         {waiting} letters wait in queues, the others were filed",
        replies[0], replies[1]
    );
    let mut findings = no_findings();
    for (mailbox, count) in MAILBOXES.into_iter().zip(replies).filter(|(_, count)| *count > 1) {
        findings.find(DOUBLED, format!("{mailbox} confirmed {count} times"));
    }
    if kept.iter().all(|copy| copy.field("Subject") != "We have it") {
        findings.find(MISSING, "the person's letter was not confirmed".to_owned());
    }
    Ok(findings)
}

/// Hands what the relay keeps to whom it is for. Addresses elsewhere get nothing.
async fn forward(
    paths: [std::path::PathBuf; 2],
    mut heard: mpsc::UnboundedReceiver<Copy>,
) -> Result<()> {
    let mut lines = [Lmtp::connect(&paths[0]).await?, Lmtp::connect(&paths[1]).await?];
    while let Some(copy) = heard.recv().await {
        let from = copy.field("From");
        let sender =
            from.rsplit_once('<').map_or(from.as_str(), |(_, rest)| rest.trim_end_matches('>'));
        for recipient in &copy.recipients {
            if let Some(side) = MAILBOXES.iter().position(|mailbox| mailbox == recipient) {
                lines[side].deliver(&Delivery::new(sender, recipient, &copy.raw)).await?;
            }
        }
    }
    Ok(())
}

/// Waits until nothing is on its way and nothing happens any more.
async fn settle(offices: &[Office; 2], relay: &Relay, most: usize) -> Result<()> {
    let end = Instant::now() + QUIET_BOUND;
    let (mut quiet, mut before) = (0, 0);
    while quiet < QUIET_STEPS {
        ensure!(
            Instant::now() < end,
            "it does not end: {} mails for {most} letters",
            relay.count()
        );
        let mut sending = 0;
        for office in offices {
            let listed = list(&office.program).await.context("while mails are under way")?;
            sending += listed.iter().filter(|mail| mail.state == "Sending").count();
        }
        let count = relay.count();
        quiet = if sending == 0 && count == before { quiet + 1 } else { 0 };
        before = count;
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
