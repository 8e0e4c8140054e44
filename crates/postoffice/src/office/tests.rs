//! Two nodes over one store and one mailbox: one fetches, and the other goes on when that one is
//! killed.

use std::path::Path;
use std::time::Duration;

use handoff_bus::LocalBus;
use handoff_content::Options as ContentOptions;
use handoff_domain::{GroupId, Media, QueueId};
use handoff_engine::{Options, Outward, Parts, SystemClock, SystemIds};
use handoff_store::{
    AfterFetch, InteractionQuery, InteractionScope, Mailbox, MemoryFiles, Record, SecretPlace,
    Store,
};
use handoff_testkit::{Center, MailFolder};
use tokio::runtime::{self, Runtime};
use tokio::time::Instant;

use super::*;
use crate::source::tests::{CENTER, mailbox, password};

/// How long a lease lasts, in ms; a node that runs has 10 s.
const LEASE_MS: u64 = 1_500;
/// What taking over may take beyond the lease: a look for it, and fetching what is there.
const PATIENCE: Duration = Duration::from_secs(5);

struct Node {
    engine: Arc<Engine>,
    /// What it does by itself runs here.
    life: Option<Runtime>,
}

impl Drop for Node {
    /// As a process that is killed: nothing more is done, and nothing is given back.
    fn drop(&mut self) {
        self.life.take().expect("it is there until now").shutdown_background();
    }
}

impl Node {
    async fn start(store: &Arc<dyn Store>, home: &Path) -> Self {
        let parts = Parts {
            store: store.clone(),
            bus: Arc::new(LocalBus::default()),
            clock: Arc::new(SystemClock::default()),
            ids: Arc::new(SystemIds::default()),
            options: Options { lease_ms: LEASE_MS, ..Options::default() },
        };
        let core = Core::open(parts).await.expect("the store opens");
        let files = Arc::new(MemoryFiles::new());
        let keeper = FileKeeper::new(core.clone(), files, ContentOptions::default());
        let connections = crate::source::tests::connections(home);
        let connections = Arc::into_inner(connections).expect("nobody else has them");
        let settings = Settings { connections, lmtp: None, signer: Signer::new([7; 32]) };
        let office = PostOffice::new(&core, &keeper, settings);
        let outward = Outward { mailboxes: Some(office.mailboxes()), ..Outward::default() };
        let engine = Engine::build(core, outward, Vec::new()).await.expect("it begins to live");
        let life = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let life = life.expect("a runtime");
        let entered = life.enter();
        engine.start();
        office.start(&engine, &TaskTracker::new(), &CancellationToken::new());
        drop(entered);
        Self { engine, life: Some(life) }
    }

    /// Returns how many letters wait.
    async fn letters(&self) -> usize {
        let query = InteractionQuery::of(InteractionScope::Waiting, 99);
        self.engine.core().store().interactions(&query).await.expect("they are read").items.len()
    }

    async fn until_letters(&self, count: usize) {
        until("the letters", async || self.letters().await >= count).await;
        assert_eq!(self.letters().await, count);
    }
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let bound = Duration::from_secs(20);
    tokio::time::timeout(bound, wait).await.unwrap_or_else(|_| panic!("never came: {what}"));
}

async fn store(port: u16, password: &SecretPlace) -> Arc<dyn Store> {
    let (queue, group) = (QueueId(1), GroupId(1));
    let center = Center::new(CENTER, "Demo").group(group, "Support").queue(
        queue,
        "letters",
        Media::Email,
        &[group],
        &[],
    );
    let mut source = mailbox(port, password);
    if let Some(source) = &mut source.source {
        source.after = AfterFetch::Flag;
    }
    let mailbox = Record::Mailbox(Mailbox { queue, ..source });
    let records = center.records().chain([mailbox]);
    Arc::new(handoff_testkit::center::store(records).await.expect("the center is stored"))
}

fn letter(number: u32) -> Vec<u8> {
    format!(
        "From: eve@out.example\r\nTo: a@demo.example\r\nSubject: {number}\r\n\
         Message-ID: <{number}@out.example>\r\n\r\nGood day\r\n"
    )
    .into_bytes()
}

/// The first is killed while it fetches a letter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_whose_node_is_killed_is_fetched_by_another_without_a_second_copy() {
    let home = tempfile::tempdir().expect("a directory");
    let folder = MailFolder::start().await.expect("a mail server");
    let store = store(folder.port, &password(home.path())).await;
    let first = Node::start(&store, home.path()).await;
    folder.append(letter(1));
    first.until_letters(1).await;
    let second = Node::start(&store, home.path()).await;
    tokio::time::sleep(Duration::from_millis(2 * LEASE_MS)).await;
    assert_eq!(folder.connections(), 1, "the control: one of them fetches");
    folder.set_trap(Some("CONTENT"));
    folder.append(letter(2));
    folder.sprung.notified().await;
    assert_eq!((first.letters().await, folder.unseen()), (1, 1), "it is under way");
    drop(first);
    let killed = Instant::now();
    until("the other node", async || folder.unseen() == 0).await;
    let after = killed.elapsed();
    assert!(after < Duration::from_millis(LEASE_MS) + PATIENCE, "{after:?}");
    assert_eq!(second.letters().await, 2, "it is there once");
    folder.append(letter(3));
    second.until_letters(3).await;
}
