//! Operators who have no monitoring are told by e-mail when a node is in trouble, and when that is
//! over: what `/readyz` says in `details`, with names.
//!
//! The mails go by a relay of their own, because what is wrong may be the mailboxes' one. Each node
//! tells its own trouble.

mod ledger;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use handoff_domain::{Address, Time};
use handoff_engine::Core;
use handoff_mail::outgoing::{AutoKind, Outgoing, compose};
use handoff_mail::smtp::{Envelope, Outcome};
use handoff_postoffice::Connections;
use handoff_store::SmtpRelay;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Alerts, Config};
use crate::mail;
use crate::run::options;
pub(crate) use ledger::Wrong;
use ledger::{Ledger, News};

/// How often is looked for news.
const LOOKED_EVERY: Duration = Duration::from_secs(5);
/// What was told, in the data directory.
const TOLD: &str = "alerts.json";
/// Most lines of each kind in a mail.
const LINES_MAX: usize = 50;

/// Whom trouble is of, and where it is said.
pub(crate) struct Watch {
    pub(crate) core: Arc<Core>,
    pub(crate) said: Arc<Present>,
}

/// What is wrong now with a node, kind by kind.
#[derive(Default)]
pub(crate) struct Present(Mutex<BTreeMap<&'static str, BTreeMap<Wrong, i64>>>);

impl Present {
    /// Sets what is wrong of one kind, and since when. What was wrong before began when it was
    /// first said.
    pub(crate) fn set(&self, kind: &'static str, sentence: &str, found: &BTreeMap<String, Time>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.remove(kind).unwrap_or_default();
        let of = |(what, since): (&String, &Time)| {
            let wrong = Wrong { sentence: sentence.to_owned(), what: what.clone() };
            let since = before.get(&wrong).copied().unwrap_or(since.0);
            (wrong, since)
        };
        all.insert(kind, found.iter().map(of).collect());
    }

    fn all(&self) -> BTreeMap<Wrong, i64> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().flatten().map(|(wrong, since)| (wrong.clone(), *since)).collect()
    }
}

/// Tells operators of trouble until it is stopped, if any are configured; returns what trouble is
/// of, and where it is said.
pub(crate) fn tell(
    config: &Config,
    core: &Arc<Core>,
    (tasks, stopping): (&TaskTracker, &CancellationToken),
) -> Watch {
    let said = Arc::<Present>::default();
    let watch = Watch { core: core.clone(), said: said.clone() };
    let Some(relay) = config.alerts.place().ok().flatten() else { return watch };
    let teller = Teller {
        alerts: config.alerts.clone(),
        connections: Arc::new(mail::connections(config)),
        relay,
        node: options::node_name(config),
        core: core.clone(),
    };
    let ledger = Ledger::open(&config.store.path.join(TOLD), core.now());
    let stopping = stopping.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = teller.tell_for_good(&said, ledger) => {}
            () = stopping.cancelled() => {}
        }
    });
    watch
}

struct Teller {
    alerts: Alerts,
    connections: Arc<Connections>,
    relay: SmtpRelay,
    node: String,
    core: Arc<Core>,
}

impl Teller {
    async fn tell_for_good(&self, present: &Present, mut ledger: Ledger) {
        let mut period = tokio::time::interval(LOOKED_EVERY);
        period.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            period.tick().await;
            let Some(news) = ledger.news(&present.all(), self.core.now()) else { continue };
            match self.send(&news).await {
                Ok(()) => {
                    if let Err(error) = ledger.tell(&news, self.core.now()) {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(
                            error,
                            "what operators were told could not be noted: a restart tells it again"
                        );
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "operators could not be told of trouble by e-mail; it is tried again in a minute"
                    );
                    ledger.rest(self.core.now());
                }
            }
        }
    }

    async fn send(&self, news: &News) -> anyhow::Result<()> {
        let composed = compose(&self.message(news)).context("alerts.from and alerts.to")?;
        let (connections, relay) = (self.connections.clone(), self.relay.clone());
        // Read anew for each mail: a password or a certificate may have been put right.
        let relay = spawn_blocking(move || connections.relay_of(&relay)).await?;
        let relay = relay.map_err(|why| anyhow::anyhow!("alerts: {why}"))?;
        let envelope = Envelope {
            sender: composed.envelope_from.as_deref(),
            recipients: &composed.recipients,
            raw: &composed.raw,
        };
        let outcome = relay.send(envelope).await;
        ensure!(
            matches!(outcome, Outcome::Sent { .. }),
            "the relay {}: {outcome:?}",
            self.alerts.relay
        );
        Ok(())
    }

    fn message(&self, news: &News) -> Outgoing {
        let address = |address: &String| Address { name: None, address: address.clone() };
        let domain = self.alerts.from.rsplit('@').next().unwrap_or_default();
        Outgoing {
            message_id: format!("{:032x}@{domain}", self.core.ids().random()),
            in_reply_to: None,
            references: Vec::new(),
            from: Address { name: Some("Handoff".to_owned()), address: self.alerts.from.clone() },
            reply_to: None,
            to: self.alerts.to.iter().map(address).collect(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: subject(&self.node, news),
            text: text(&self.node, news),
            html: None,
            attachments: Vec::new(),
            date: self.core.now(),
            auto: Some(AutoKind::Generated),
        }
    }
}

fn subject(node: &str, news: &News) -> String {
    let first = |all: &BTreeMap<Wrong, i64>| all.keys().next().map(|it| it.sentence.clone());
    match (first(&news.begun), first(&news.over)) {
        (Some(sentence), _) => format!("Handoff {node}: {sentence}"),
        (None, over) => format!("Handoff {node}: over: {}", over.unwrap_or_default()),
    }
}

fn text(node: &str, news: &News) -> String {
    let mut text = format!("From the Handoff node {node}.\n");
    let parts = [("In trouble:", &news.begun), ("Over:", &news.over), ("Still so:", &news.still)];
    for (heading, all) in parts.into_iter().filter(|(_, all)| !all.is_empty()) {
        let _ = write!(text, "\n{heading}\n");
        for (wrong, since) in all.iter().take(LINES_MAX) {
            let since = Timestamp::from_millisecond(*since).unwrap_or_default();
            let _ = writeln!(text, "- {}: {} (since {since:.0})", wrong.what, wrong.sentence);
        }
        if let Some(more) = all.len().checked_sub(LINES_MAX).filter(|more| *more > 0) {
            let _ = writeln!(text, "- and {more} more");
        }
    }
    text.push_str("\nThe log of the node says more, and `handoff doctor` looks for causes. Each is told once, and once when it is over.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_what_begins_what_is_over_and_what_is_still_so() {
        let present = Present::default();
        let found = [("a@x", 1_000), ("b@x", 2_000)].map(|(what, at)| (what.to_owned(), Time(at)));
        present.set("mailboxes", "a mailbox fails", &found.into());
        let again = [("a@x".to_owned(), Time(9_000))].into();
        present.set("mailboxes", "a mailbox fails", &again);
        let all = present.all();
        assert_eq!(all.values().collect::<Vec<_>>(), [&1_000], "it began when it was first said");
        let news = News { begun: all.clone(), over: BTreeMap::new(), still: all.clone() };
        assert_eq!(subject("n1", &news), "Handoff n1: a mailbox fails");
        let said = text("n1", &news);
        assert!(
            said.contains("In trouble:\n- a@x: a mailbox fails (since 1970-01-01T00:00:01Z)\n")
        );
        assert!(said.contains("Still so:\n") && !said.contains("Over:"), "{said}");
        let over = News { over: all, ..News::default() };
        assert_eq!(subject("n1", &over), "Handoff n1: over: a mailbox fails");
    }
}
