//! Who fetches mail: one collector for each mailbox that says where, as the directory has them at
//! any time.
//!
//! A collector is known by its mailbox's key, as its claim and its marks are. One that is
//! changed ends before the next begins, because within a node nobody else may claim the same; one
//! that is removed leaves what it had not taken in where it is. What it did take in is known by its
//! receipts, so that no change loses or doubles a letter.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::mail::mailbox_key;
use handoff_engine::{Core, Directory};
use handoff_mail::ports::Intake;
use handoff_store::ImapSource;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connections::Connections;
use crate::fetching::Fetching;
use crate::marks::StoredMarks;
use crate::source::{Patience, Source};

/// Starts, changes and stops collectors.
pub(crate) struct Collectors {
    core: Arc<Core>,
    connections: Arc<Connections>,
    fetching: Arc<Fetching>,
    intake: Arc<dyn Intake>,
    tasks: TaskTracker,
    begun: u64,
    /// By the keys of their mailboxes' addresses: one that is written in another case is the same.
    running: BTreeMap<String, Collector>,
}

struct Collector {
    /// What it fetches; `None` once it was told to stop.
    source: Option<ImapSource>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Collectors {
    pub(crate) fn new(
        core: Arc<Core>,
        connections: Arc<Connections>,
        fetching: Arc<Fetching>,
        intake: Arc<dyn Intake>,
        tasks: TaskTracker,
    ) -> Self {
        Self { core, connections, fetching, intake, tasks, begun: 0, running: BTreeMap::new() }
    }

    /// Follows the directory until it is stopped.
    pub(crate) async fn run(mut self, stopping: CancellationToken) {
        let mut present = self.core.watch_directory();
        loop {
            let directory = present.borrow_and_update().clone();
            self.follow(&directory, &stopping);
            tokio::select! {
                Ok(()) = present.changed() => {}
                // The tokens of the collectors are its children.
                () = stopping.cancelled() => return,
            }
        }
    }

    fn follow(&mut self, directory: &Directory, stopping: &CancellationToken) {
        let mailboxes = directory.mailboxes.values();
        let mut wanted: BTreeMap<String, (&str, &ImapSource)> = mailboxes
            .filter_map(|mailbox| {
                let address = mailbox.address.as_str();
                Some((mailbox_key(address), (address, mailbox.source.as_ref()?)))
            })
            .collect();
        for (key, collector) in &mut self.running {
            if collector.source.as_ref() == wanted.get(key).map(|(_, source)| *source) {
                wanted.remove(key);
            } else {
                collector.source = None;
                collector.stop.cancel();
            }
        }
        self.running
            .retain(|_, collector| collector.source.is_some() || !collector.task.is_finished());
        for (key, (address, source)) in wanted {
            let before = self.running.remove(&key).map(|before| before.task);
            let collector = self.begin(address, source, before, stopping.child_token());
            self.running.insert(key, collector);
        }
    }

    /// Begins to fetch once whoever did so before has ended.
    fn begin(
        &mut self,
        address: &str,
        source: &ImapSource,
        before: Option<JoinHandle<()>>,
        stop: CancellationToken,
    ) -> Collector {
        self.begun += 1;
        let fetching = Source {
            core: self.core.clone(),
            address: address.to_owned(),
            source: source.clone(),
            connections: self.connections.clone(),
            fetching: self.fetching.clone(),
            intake: self.intake.clone(),
            checkpoints: Arc::new(StoredMarks::new(self.core.clone(), source)),
            spread: self.begun,
            patience: Patience::default(),
        };
        let stopping = stop.clone();
        let task = self.tasks.spawn(async move {
            if let Some(before) = before {
                // One that panicked has ended, too.
                let _has_ended = before.await;
            }
            fetching.attend(stopping).await;
        });
        Collector { source: Some(source.clone()), stop, task }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use handoff_domain::{Center, CenterId, Workspace};
    use handoff_store::{ChangeSet, Extent, Mailbox, Put, Record, Removal, Store as _};
    use handoff_testkit::FaultyStore;
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;
    use crate::source::tests::{CENTER, Nothing, connections, core, mailbox, password};

    async fn write(store: &FaultyStore, core: &Core, records: Vec<(Record, u64)>) {
        let puts = records.into_iter().map(|(record, expected)| Put { record, expected });
        let change = ChangeSet { puts: puts.collect(), ..ChangeSet::default() };
        store.commit(change).await.expect("nobody else writes");
        core.reload_directory().await.expect("it is read");
    }

    fn center(id: CenterId) -> Record {
        Record::Center(Center {
            id,
            name: "Demo".to_owned(),
            workspace: Workspace::default(),
            missed_offers_to_not_ready: None,
            retention_ms: std::collections::BTreeMap::new(),
            time_zone: None,
        })
    }

    async fn listen() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        (listener, port)
    }

    async fn soon<T>(what: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(1), what).await.expect("it takes less than a second")
    }

    /// The servers say nothing, so whoever is connected stays so for a minute.
    #[tokio::test]
    async fn a_mailbox_that_is_added_moved_or_removed_while_serving_is_followed() {
        let (home, store) = (tempfile::tempdir().expect("a directory"), Arc::default());
        let core = core(&store).await;
        let (connections, tasks) = (connections(home.path()), TaskTracker::new());
        let stop = CancellationToken::new();
        let intake = Arc::new(Nothing);
        let collectors =
            Collectors::new(core.clone(), connections, Arc::default(), intake, tasks.clone());
        tasks.spawn(collectors.run(stop.clone()));
        let ((first, first_port), (second, second_port)) = (listen().await, listen().await);
        let place = password(home.path());

        let added = Record::Mailbox(mailbox(first_port, &place));
        write(&store, &core, vec![(center(CENTER), 0), (added.clone(), 0)]).await;
        let (mut connected, _) = soon(first.accept()).await.expect("it connects");
        write(&store, &core, vec![(center(CENTER), 1)]).await;

        let moved = Record::Mailbox(mailbox(second_port, &place));
        write(&store, &core, vec![(moved.clone(), 1)]).await;
        soon(ended(&mut connected)).await;
        let (mut connected, _) = soon(second.accept()).await.expect("it connects elsewhere");

        let version = store.load_one(&moved.key()).await.expect("it is read").expect("it is there");
        let removal = Removal { key: moved.key(), version: version.version };
        let directory = Some(core.directory().guard(CENTER, Extent::Whole));
        let change = ChangeSet { removals: vec![removal], directory, ..ChangeSet::default() };
        store.commit(change).await.expect("nobody else writes");
        core.reload_directory().await.expect("it is read");
        soon(ended(&mut connected)).await;

        write(&store, &core, vec![(added, 0)]).await;
        let (_connected, _) = soon(first.accept()).await.expect("it is back");
        let nobody = timeout(Duration::from_millis(20), second.accept()).await;
        assert!(nobody.is_err(), "nobody fetches where it was");

        let Record::Mailbox(is) = moved else { unreachable!("it is one") };
        let (address, source) = ("A@demo.EXAMPLE".to_owned(), mailbox(first_port, &place).source);
        let recased = Record::Mailbox(Mailbox { address, source, ..is });
        write(&store, &core, vec![(recased, 1)]).await;
        let nobody = timeout(Duration::from_millis(20), first.accept()).await;
        assert!(nobody.is_err(), "an address in another case is the same mailbox");
        stop.cancel();
        tasks.close();
        soon(tasks.wait()).await;
    }

    async fn ended(connection: &mut tokio::net::TcpStream) {
        use tokio::io::AsyncReadExt as _;
        let mut rest = Vec::new();
        // Reset or closed: whoever was there is gone.
        let _was_closed = connection.read_to_end(&mut rest).await;
    }
}
