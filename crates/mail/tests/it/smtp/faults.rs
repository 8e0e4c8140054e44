//! The relay dies at every step; nothing is dropped, and there are two copies only when it died
//! after the final dot.

use handoff_mail::smtp::{Outcome, Relay};
use handoff_mail::tls::Security;

use super::{relay, send};
use crate::peers::faults::{Fault, MOMENTS, Moment};
use crate::peers::smtp::SmtpPeer;

/// How many messages die at each step.
const ROUNDS: usize = 20;

/// What the sender does with an outcome that nobody knows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// It sends again.
    Again,
    /// It takes it as sent: the control.
    Hope,
}

/// Sends until it is sent, and gives whether an outcome was unknown.
async fn deliver(relay: &Relay, raw: &[u8], policy: Policy) -> bool {
    let mut unknown = false;
    for _ in 0..5 {
        match send(relay, raw).await {
            Outcome::Sent { .. } => return unknown,
            Outcome::Temporary(_) => {}
            Outcome::Unknown if policy == Policy::Hope => return true,
            Outcome::Unknown => unknown = true,
            Outcome::Permanent(cause) => panic!("{cause:?}"),
        }
    }
    panic!("it was never sent");
}

fn message(step: &str, round: usize, moment: Moment) -> Vec<u8> {
    format!(
        "Message-ID: <{step}.{round}.{moment:?}@desk.example>\r\n\r\n.dots\r\n..and more\r\n.\r\n"
    )
    .replace(' ', "-")
    .into_bytes()
}

/// What came of many deaths.
#[derive(Debug, Default)]
struct Toll {
    fired: usize,
    lost: usize,
    twice: usize,
    /// Second copies of messages whose outcome was never unknown, or with other bytes.
    wrong: usize,
    /// Unknown outcomes of messages whose content had not even been asked for.
    needless: usize,
}

/// Each step with its turn: the first `EHLO` is in clear, the second encrypted; the second message
/// goes over a kept connection.
const STEPS: [(&str, usize); 13] = [
    ("greeting", 0),
    ("EHLO", 0),
    ("STARTTLS", 0),
    ("EHLO", 1),
    ("AUTH", 0),
    ("MAIL", 0),
    ("RCPT", 0),
    ("RCPT", 1),
    ("DATA", 0),
    ("content", 0),
    ("MAIL", 1),
    ("dot", 0),
    ("dot", 1),
];

async fn toll(policy: Policy, steps: &[(&str, usize)]) -> Toll {
    let mut toll = Toll::default();
    for &(step, turn) in steps {
        for round in 0..ROUNDS {
            let moment = MOMENTS[round % MOMENTS.len()];
            let peer = SmtpPeer::start(Security::StartTls).await;
            let relay = relay(peer.port, Security::StartTls);
            peer.faults.plan(Fault { step: step.to_owned(), turn, moment });
            // The second message goes over the kept connection of the first, unless that died.
            for part in ["first", "second"] {
                let raw =
                    [message(step, round, moment), part.as_bytes().to_vec(), b"\r\n".to_vec()]
                        .concat();
                let unknown = deliver(&relay, &raw, policy).await;
                let copies = peer.accepted().iter().filter(|accepted| accepted.raw == raw).count();
                toll.lost += usize::from(copies == 0);
                toll.twice += usize::from(copies == 2);
                toll.wrong += usize::from(copies > 2 || (copies == 2 && !unknown));
                toll.needless +=
                    usize::from(unknown && !["DATA", "content", "dot"].contains(&step));
            }
            // `Between` is where a message is accepted and not answered; no copy may differ from
            // what was sent.
            let accepted = peer.accepted();
            let odd = accepted
                .iter()
                .filter(|accepted| !accepted.raw.starts_with(&message(step, round, moment)));
            toll.wrong += odd.count();
            toll.fired += peer.faults.fired();
        }
    }
    toll
}

#[tokio::test]
async fn nothing_is_dropped_wherever_the_relay_dies() {
    let toll = toll(Policy::Again, &STEPS).await;
    assert_eq!(toll.fired, STEPS.len() * ROUNDS, "every fault has fired");
    assert_eq!((toll.lost, toll.wrong, toll.needless), (0, 0, 0));
    // Of the deaths at the dot, one moment is before it is kept; at the others there are two
    // copies, or the answer was there.
    assert_eq!(toll.twice, 2 * (ROUNDS / 4) * 2);
}

#[tokio::test]
async fn taking_the_unknown_for_sent_loses() {
    let toll = toll(Policy::Hope, &STEPS[11..]).await;
    assert_eq!(toll.lost, 2 * (ROUNDS / 4), "the control has to lose what died before it was kept");
}
