//! A mailbox that mail is fetched from: of several nodes one does so at a time.
//!
//! Two that read the same folder would do no harm, since a message that is known is taken in once;
//! but each would fetch everything, and they would move messages away under each other's hands.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use handoff_engine::{ClaimFor, Claimed, Claiming, Core};
use handoff_mail::imap::{self, ImapMailbox, ImapPorts, MailboxStatus};
use handoff_mail::ports::{Checkpoints, Intake};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often a node asks whether a mailbox that another reads is free: mail waits for so long
/// when the other stopped.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// What reading a mailbox takes.
pub(crate) struct Source {
    pub(crate) core: Arc<Core>,
    pub(crate) mailbox: ImapMailbox,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) spread: u64,
}

impl Source {
    /// Fetches mail whenever nobody else does, until it is stopped.
    pub(crate) async fn attend(self, stopping: CancellationToken) {
        let key = format!("mailbox {}", self.mailbox.name);
        while !stopping.is_cancelled() {
            match self.core.claim(&key, ClaimFor::Incarnation).await {
                Ok(Claiming::Ours(claimed)) => self.fetch(claimed, &stopping).await,
                // What could not be claimed now is asked for again.
                Ok(Claiming::Taken { .. }) | Err(_) => {
                    tokio::select! {
                        () = tokio::time::sleep(ASK_AGAIN) => {}
                        () = stopping.cancelled() => {}
                    }
                }
            }
        }
    }

    /// Fetches mail until the claim is lost or it is stopped.
    async fn fetch(&self, claimed: Claimed, stopping: &CancellationToken) {
        let (status, _) = watch::channel(MailboxStatus::default());
        let ports = ImapPorts {
            intake: self.intake.clone(),
            checkpoints: self.checkpoints.clone(),
            status,
            spread: self.spread,
        };
        let turn = stopping.child_token();
        let mut fetching = pin!(imap::run(self.mailbox.clone(), ports, turn.clone()));
        tokio::select! {
            () = &mut fetching => {}
            () = self.core.keep(claimed.clone()) => {
                turn.cancel();
                return fetching.await;
            }
        }
        // A claim that cannot be given up ends by itself.
        let _ends_by_itself = self.core.release(&claimed).await;
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use handoff_bus::LocalBus;
    use handoff_engine::{Engine, Options, Outward, Parts, SystemClock, SystemIds};
    use handoff_mail::imap::{After, Aside, ImapLimits, Start};
    use handoff_mail::login::{Login, Secret};
    use handoff_mail::ports::{Arrival, NotNow, Taken};
    use handoff_mail::tls::{Endpoint, Security};
    use handoff_testkit::FaultyStore;
    use tokio::net::TcpListener;

    use super::*;
    use crate::marks::StoredMarks;

    struct Nothing;

    #[async_trait]
    impl Intake for Nothing {
        async fn take_in(&self, _: Arrival) -> Result<Taken, NotNow> {
            unreachable!("the server of the test has no mail")
        }
    }

    async fn source(store: &Arc<FaultyStore>, port: u16) -> Source {
        let core = Core::open(Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::default()),
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds::default()),
            options: Options::default(),
        });
        let core = core.await.expect("an empty store opens");
        let engine = Engine::build(core.clone(), Outward::default(), Vec::new()).await;
        engine.expect("the node begins to live");
        let (host, security) = ("127.0.0.1".to_owned(), Security::PlainOnLoopback);
        let password = Secret::new("secret".to_owned());
        let mailbox = ImapMailbox {
            name: "a@demo.example".to_owned(),
            endpoint: Endpoint { host, port, security, trust: None },
            login: Login::Password { user: "a".to_owned(), password },
            folder: "INBOX".to_owned(),
            start: Start::Everything,
            after: After::Delete,
            aside: Aside::Flag,
            limits: ImapLimits::default(),
        };
        let checkpoints = Arc::new(StoredMarks::new(core.clone()));
        Source { core, mailbox, intake: Arc::new(Nothing), checkpoints, spread: 0 }
    }

    /// The server says nothing, so whoever is connected stays so for a minute.
    #[tokio::test]
    async fn of_two_nodes_one_reads_a_mailbox_and_the_other_follows() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let store = Arc::new(FaultyStore::default());
        let (first, second) = (source(&store, port).await, source(&store, port).await);
        let (stop, other_stop) = (CancellationToken::new(), CancellationToken::new());
        let reading = tokio::spawn(first.attend(stop.clone()));
        let (_connected, _) = listener.accept().await.expect("the first connects");
        let before = store.loads();
        let waiting = tokio::spawn(second.attend(other_stop.clone()));
        while store.loads() == before {
            tokio::task::yield_now().await;
        }
        tokio::select! {
            biased;
            _ = listener.accept() => panic!("both read"),
            () = tokio::task::yield_now() => {}
        }
        stop.cancel();
        reading.await.expect("it stops");
        let (_connected, _) = listener.accept().await.expect("the second connects");
        other_stop.cancel();
        waiting.await.expect("it stops");
    }
}
