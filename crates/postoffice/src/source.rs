//! A mailbox that mail is fetched from: of several nodes one does so at a time.
//!
//! Two that read the same folder would do no harm, since a message that is known is taken in once;
//! but each would fetch everything, and they would move messages away under each other's hands.
//!
//! A node that cannot read a mailbox for a while leaves it to the others for another while: it may
//! be this node alone that the mail server is out of reach for.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use handoff_domain::mail::mailbox_key;
use handoff_engine::{ClaimFor, Claimed, Claiming, Core};
use handoff_mail::imap::{self, ImapMailbox, ImapPorts, MailboxStatus};
use handoff_mail::ports::{Checkpoints, Intake};
use handoff_store::{ImapSource, with_causes};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::connections::Connections;
use crate::fetching::Fetching;

/// How often a node asks whether a mailbox that another reads is free: mail waits for so long
/// when the other stopped. So often what a mailbox needs is looked for, too.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// When a node leaves a mailbox that it cannot read to others, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// How often in a row it may fail, and for how long at least: most of what fails is over soon.
    failures: u32,
    failing: Duration,
    /// Long enough for another node to try as often, and to go on if it can do better.
    rest: Duration,
    /// Whoever has it for so long can read it: where nobody can, it does not stay.
    others: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            failures: 5,
            failing: Duration::from_secs(30),
            rest: Duration::from_secs(120),
            others: Duration::from_secs(600),
        }
    }
}

/// What reading a mailbox takes.
pub(crate) struct Source {
    pub(crate) core: Arc<Core>,
    /// The mailbox's address, by whose key its claim and its marks are known.
    pub(crate) address: String,
    pub(crate) source: ImapSource,
    pub(crate) connections: Arc<Connections>,
    pub(crate) fetching: Arc<Fetching>,
    pub(crate) intake: Arc<dyn Intake>,
    pub(crate) checkpoints: Arc<dyn Checkpoints>,
    pub(crate) spread: u64,
    pub(crate) patience: Patience,
}

impl Source {
    /// Fetches mail whenever nobody else does, until it is stopped. What it needs and is not there,
    /// such as a secret, is looked for again.
    pub(crate) async fn attend(self, stopping: CancellationToken) {
        let key = format!("mailbox {}", mailbox_key(&self.address));
        let (mut missing, mut may_leave, mut taken_since) = (None, true, None);
        while !stopping.is_cancelled() {
            match self.prepare().await {
                Ok(mailbox) => {
                    missing = None;
                    match self.core.claim(&key, ClaimFor::Incarnation).await {
                        Ok(Claiming::Ours(claimed)) => {
                            taken_since = None;
                            let ended =
                                self.fetch(mailbox, claimed, &mut may_leave, &stopping).await;
                            if ended == Ended::LeftToOthers {
                                pause(self.patience.rest, &stopping).await;
                            }
                            continue;
                        }
                        Ok(Claiming::Taken { .. }) => {
                            self.fetching.forget(&self.address);
                            let since = *taken_since.get_or_insert_with(Instant::now);
                            may_leave |= since.elapsed() >= self.patience.others;
                        }
                        // What could not be claimed now is asked for again.
                        Err(_) => {}
                    }
                }
                Err(why) => {
                    self.fetching.failed(&self.address, self.core.now());
                    if missing.as_ref() != Some(&why) {
                        tracing::warn!(mailbox.name = self.address, why, "no mail is fetched");
                    }
                    missing = Some(why);
                }
            }
            pause(ASK_AGAIN, &stopping).await;
        }
        self.fetching.forget(&self.address);
    }

    /// Reads the secrets, where that may take time.
    async fn prepare(&self) -> Result<ImapMailbox, String> {
        let (connections, address) = (self.connections.clone(), self.address.clone());
        let source = self.source.clone();
        let prepared =
            tokio::task::spawn_blocking(move || connections.source(&address, &source)).await;
        prepared.map_err(|error| error.to_string())?.map_err(|why| with_causes(&why))
    }

    /// Fetches mail until the claim is lost, it is stopped, or another node should try.
    async fn fetch(
        &self,
        mailbox: ImapMailbox,
        claimed: Claimed,
        may_leave: &mut bool,
        stopping: &CancellationToken,
    ) -> Ended {
        let (status, shown) = watch::channel(MailboxStatus::default());
        let ports = ImapPorts {
            intake: self.intake.clone(),
            checkpoints: self.checkpoints.clone(),
            status,
            spread: self.spread,
        };
        let turn = stopping.child_token();
        let mut fetching = pin!(imap::run(mailbox, ports, turn.clone()));
        let ended = tokio::select! {
            () = &mut fetching => Ended::Stopped,
            () = self.note(shown.clone()) => Ended::Stopped,
            () = self.core.keep(claimed.clone()) => Ended::ClaimLost,
            () = self.until_left_to_others(shown, may_leave) => Ended::LeftToOthers,
        };
        if ended != Ended::Stopped {
            turn.cancel();
            fetching.await;
        }
        if ended != Ended::ClaimLost {
            // A claim that cannot be given up ends by itself.
            let _ends_by_itself = self.core.release(&claimed).await;
        }
        ended
    }

    /// Notes how it goes, as long as it is shown.
    async fn note(&self, mut shown: watch::Receiver<MailboxStatus>) {
        let mut looks = 0;
        while shown.changed().await.is_ok() {
            let status = shown.borrow_and_update().clone();
            if status.looks > looks {
                looks = status.looks;
                self.fetching.went_well(&self.address, self.core.now());
            } else if status.failures > 0 {
                self.fetching.failed(&self.address, self.core.now());
            }
        }
        // Whoever shows it ends, and with that this is over.
        std::future::pending().await
    }

    /// Returns once it has failed for so long that another node should try, where there is one. A
    /// mailbox that comes back afterwards is kept until it went well here or was another's for
    /// long: what no node can read is to be seen failing somewhere.
    async fn until_left_to_others(
        &self,
        mut seen: watch::Receiver<MailboxStatus>,
        may_leave: &mut bool,
    ) {
        let mut since = None;
        loop {
            let status = seen.borrow_and_update().clone();
            *may_leave |= status.looks > 0 && status.failures == 0;
            let now = Instant::now();
            since = (status.failures > 0).then(|| since.unwrap_or(now));
            let is_long = since.is_some_and(|since| now - since >= self.patience.failing)
                && status.failures >= self.patience.failures;
            // Where not even that can be asked, nobody is known who could do better.
            if is_long && *may_leave && self.core.is_accompanied().await.unwrap_or(false) {
                let failure = status.last_failure.unwrap_or_default();
                tracing::warn!(
                    mailbox.name = self.address,
                    failure,
                    "the mailbox could not be read here again and again; another node may take it"
                );
                *may_leave = false;
                return;
            }
            if seen.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// Why a node reads a mailbox no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Stopped,
    ClaimLost,
    LeftToOthers,
}

async fn pause(duration: Duration, stopping: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(duration) => {}
        () = stopping.cancelled() => {}
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    use async_trait::async_trait;
    use handoff_bus::LocalBus;
    use handoff_domain::{CenterId, MailboxId, QueueId};
    use handoff_engine::{Engine, Options, Outward, Parts, SystemClock, SystemIds};
    use handoff_mail::ports::{Arrival, NotNow, Taken};
    use handoff_store::{
        AfterFetch, ImapSource, Key, MailLogin, MailSecurity, Mailbox, Record, SecretPlace,
        Store as _,
    };
    use handoff_testkit::FaultyStore;
    use tokio::net::TcpListener;

    use super::*;
    use crate::connections::Lmtp;
    use crate::marks::StoredMarks;

    /// Longer than the test.
    const REST: Duration = Duration::from_secs(60);

    pub(crate) const CENTER: CenterId = CenterId(1);

    pub(crate) struct Nothing;

    #[async_trait]
    impl Intake for Nothing {
        async fn take_in(&self, _: Arrival) -> Result<Taken, NotNow> {
            unreachable!("the server of the test has no mail")
        }
    }

    pub(crate) async fn core(store: &Arc<FaultyStore>) -> Arc<Core> {
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
        core
    }

    pub(crate) fn connections(home: &Path) -> Arc<Connections> {
        Arc::new(Connections::new("localhost", Path::new(""), home, Lmtp::Off))
    }

    /// Returns where the password is that is written here.
    pub(crate) fn password(home: &Path) -> SecretPlace {
        let file = home.join("password");
        std::fs::write(&file, "secret\n").expect("it is written");
        SecretPlace::File(file.display().to_string())
    }

    /// Returns a mailbox whose mail is fetched at a port of this machine.
    pub(crate) fn mailbox(port: u16, password: &SecretPlace) -> Mailbox {
        let (user, password) = ("a".to_owned(), password.clone());
        let source = ImapSource {
            host: "127.0.0.1".to_owned(),
            port,
            security: MailSecurity::None,
            login: MailLogin::Password { user, password },
            folder: "INBOX".to_owned(),
            after: AfterFetch::Delete,
            poll_ms: 60_000,
            only_new: false,
        };
        Mailbox {
            id: MailboxId(1),
            center: CENTER,
            address: "a@demo.example".to_owned(),
            name: String::new(),
            aliases: Vec::new(),
            queue: QueueId(1),
            is_default: false,
            takes_lmtp: true,
            has_reply_tokens: false,
            source: Some(source),
            exit: None,
        }
    }

    async fn source(store: &Arc<FaultyStore>, home: &Path, port: u16, at: &SecretPlace) -> Source {
        let core = core(store).await;
        let Mailbox { address, source, .. } = mailbox(port, at);
        let source = source.expect("it has one");
        let checkpoints = Arc::new(StoredMarks::new(core.clone(), &source));
        Source {
            core,
            address,
            source,
            connections: connections(home),
            fetching: Arc::default(),
            intake: Arc::new(Nothing),
            checkpoints,
            spread: 0,
            patience: Patience::default(),
        }
    }

    /// The server says nothing, so whoever is connected stays so for a minute.
    #[tokio::test]
    async fn of_two_nodes_one_reads_a_mailbox_and_the_other_follows() {
        let home = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (store, place) = (Arc::new(FaultyStore::default()), password(home.path()));
        let first = source(&store, home.path(), port, &place).await;
        let mut second = source(&store, home.path(), port, &place).await;
        second.address = "A@demo.EXAMPLE".to_owned();
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

    #[tokio::test]
    async fn a_secret_that_comes_later_is_found() {
        let home = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (store, place) = (Arc::new(FaultyStore::default()), password(home.path()));
        let SecretPlace::File(file) = &place else { unreachable!("it is in a file") };
        std::fs::remove_file(file).expect("it is removed");
        let stop = CancellationToken::new();
        let source = source(&store, home.path(), port, &place).await;
        let reading = tokio::spawn(source.attend(stop.clone()));
        tokio::select! {
            _ = listener.accept() => panic!("nobody can log in"),
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
        password(home.path());
        let (_connected, _) = listener.accept().await.expect("it connects");
        stop.cancel();
        reading.await.expect("it stops");
    }

    /// The server hangs up on whoever comes until the first node has left it to the other: as if it
    /// were out of the first one's reach.
    #[tokio::test]
    async fn a_mailbox_that_a_node_cannot_read_is_left_to_another() {
        let home = tempfile::tempdir().expect("a directory");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (store, place) = (Arc::new(FaultyStore::default()), password(home.path()));
        let patience = Patience { failures: 1, failing: Duration::ZERO, rest: REST, others: REST };
        let key = format!("mailbox {}", mailbox_key("a@demo.example"));
        let first = Source { patience, ..source(&store, home.path(), port, &place).await };
        let stop = CancellationToken::new();
        let reading = tokio::spawn(first.attend(stop.clone()));
        drop(listener.accept().await.expect("it connects"));
        drop(listener.accept().await.expect("who is alone goes on"));

        let second = source(&store, home.path(), port, &place).await;
        let other = second.core.clone();
        let waiting = tokio::spawn(second.attend(stop.clone()));
        let _connected = loop {
            let (connection, _) = listener.accept().await.expect("somebody connects");
            let found = store.load_one(&Key::Claim(key.clone())).await.expect("it is read");
            match found.map(|found| found.value) {
                Some(Record::Claim(claim)) if claim.by == other.incarnation() => break connection,
                _ => {}
            }
        };
        stop.cancel();
        reading.await.expect("it stops");
        waiting.await.expect("it stops");
    }
}
