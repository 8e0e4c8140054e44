//! The store of many nodes: one schema of a PostgreSQL database.
//!
//! One task commits, over a connection of its own, in batches of what waits; reads share a pool of
//! connections. Correctness rests on the guards, as everywhere: everything that a batch
//! guards is locked in one order and compared before anything is written, so no isolation level
//! beyond the default is needed, and no node trusts what it remembers.
//!
//! Bounds: at most [`PostgresOptions::queue_len_max`] change sets, of
//! [`PostgresOptions::queue_bytes_max`] together, wait; who comes later waits for a place. A batch
//! ends at [`PostgresOptions::batch_len_max`] change sets or [`PostgresOptions::batch_bytes_max`].
//!
//! A connection that is lost while a batch is committed leaves it open what became of it. Each
//! batch writes a name of its own, so the next connection finds that out; when none can be had in
//! time the answer says that nobody knows.

mod address;
mod alone;
mod bulk;
mod committer;
mod connect;
mod erase;
mod explain;
mod failure;
mod files;
mod generation;
mod heads;
mod line;
mod migrate;
mod needs;
mod nodes;
mod pipeline;
mod reads;
mod start;
mod statements;
mod text;
mod tls;
mod until;
mod world;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use handoff_domain::{
    CenterId, Entry, Incarnation, Interaction, InteractionId, Owner, Time, Topic, UserId,
};

use crate::aside::Aside;
use crate::change_set::{ChangeSet, Receipt, Timer};
use crate::committed::Committed;
use crate::contact_words::{FoundWord, WordQuery};
use crate::directory::DirectoryPage;
use crate::distribution::BatchCounts;
use crate::erased::{Deed, ErasedWords};
use crate::error::{CommitError, StoreError};
use crate::log::{LogEnd, LogEntry, SubjectKey, Told};
use crate::missed::Missed;
use crate::nodes::{AboutNode, LivingNode};
use crate::promised::{PromisedEnd, PromisedRow};
use crate::query::{Head, HistoryEntry, InteractionQuery, Page, StreamRow};
use crate::record::{Key, Kind, LoginSession, Record, Version, Versioned};
use crate::schema::SchemaReport;
use crate::sql::decode::undecodable;
use crate::sql::encode::EncodedChange;
use crate::store::{Lease, LookedUp, SetAside, Store, SweepReport};

use alone::Bounds;
pub use bulk::PostgresBulk;
use committer::{Writer, Written, closed};
use connect::Server;
use explain::Sentence;
pub(crate) use failure::not_ready;
use reads::Reads;

pub use address::Hidden;
pub use files::PostgresFiles;
pub use line::{PostgresLine, PostgresLines};

/// How a PostgreSQL store works.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Where the database is: `postgres://user@host/database`. The tables are in the first schema
    /// of its `search_path`. Several hosts are tried in turn until one takes writes.
    pub url: Hidden,
    /// The user's password; wins over one in the address.
    pub password: Option<Hidden>,
    /// What the cluster is called: a database that another cluster called its own is refused.
    pub cluster: Option<String>,
    /// Most connections that read. Default 8.
    pub readers: usize,
    /// Most change sets that wait. Default 1,000.
    pub queue_len_max: usize,
    /// Most bytes of the change sets that wait. Default 16 MiB; a single larger change set still
    /// waits, alone.
    pub queue_bytes_max: usize,
    /// Most change sets in one transaction. Default 500.
    pub batch_len_max: usize,
    /// About how many bytes go into one transaction. Default 1 MiB; a single larger change set
    /// still goes, alone.
    pub batch_bytes_max: usize,
    /// What goes wrong on purpose.
    #[cfg(feature = "conformance")]
    pub faults: PostgresFaults,
}

/// What goes wrong on purpose, for tests and their controls.
#[cfg(feature = "conformance")]
#[derive(Clone, Copy, Debug, Default)]
pub struct PostgresFaults {
    /// Of every so many batches the connection is lost after the commit and before the answer; zero
    /// is never.
    pub lose_answer_of_every: u64,
    /// Guards are read without their locks.
    pub is_without_locks: bool,
    /// A batch whose connection was lost counts as not committed.
    pub forgets_batches: bool,
    /// Positions come from plain sequences and not from the log's end under its lock: they become
    /// visible in another order than they were taken in. Whoever starts the node has made the
    /// sequences (`positions`, `promises`, `batches`), and a function `last_of` that takes so many
    /// numbers of one.
    pub has_plain_sequences: bool,
}

impl PostgresOptions {
    /// Returns the defaults for a database.
    #[must_use]
    pub fn new(url: impl Into<Hidden>) -> Self {
        Self {
            url: url.into(),
            password: None,
            cluster: None,
            readers: 8,
            queue_len_max: 1_000,
            queue_bytes_max: 16 * 1024 * 1024,
            batch_len_max: 500,
            batch_bytes_max: 1024 * 1024,
            #[cfg(feature = "conformance")]
            faults: PostgresFaults::default(),
        }
    }
}

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    writer: Writer,
    batches: Arc<BatchCounts>,
    reads: Reads,
    closed: AtomicBool,
    cluster: String,
    name: String,
}

impl PostgresStore {
    /// Connects to a database and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the database cannot be reached, used by this user, or is
    /// another cluster's, [`StoreError::Corrupt`] when its schema is a newer program's; each with a
    /// sentence that says what to do.
    pub async fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let store = Self::open_unfinished(options).await?;
        store.refuse_unfinished().await?;
        Ok(store)
    }

    /// Does the same with a database that may be an unfinished copy.
    async fn open_unfinished(options: PostgresOptions) -> Result<Self, StoreError> {
        let server = Server::of(&options).map_err(Sentence::into_error)?;
        let cluster = start::begin(&server, &options).await?;
        let reads = Reads { pool: server.pool(options.readers.max(1))?, aside: Aside::default() };
        let name = server.address.name.clone();
        let batches = Arc::default();
        let writer = Writer::start(&options, server, cluster.clone(), &batches);
        Ok(Self { writer, batches, reads, closed: AtomicBool::new(false), cluster, name })
    }

    /// Says what [`PostgresStore::open`] would do to a database's schema; changes nothing.
    ///
    /// # Errors
    ///
    /// Those of [`PostgresStore::open`].
    pub async fn schema(options: &PostgresOptions) -> Result<SchemaReport, StoreError> {
        start::look(&Server::of(options).map_err(Sentence::into_error)?).await
    }

    /// Returns how the batches of commits went.
    #[must_use]
    pub const fn batches(&self) -> &Arc<BatchCounts> {
        &self.batches
    }

    /// Returns the id of the cluster whose database this is, which no other has.
    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Returns hosts and database, as messages name them.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn reads(&self, attempted: &'static str) -> Result<&Reads, StoreError> {
        self.is_open(attempted).map(|()| &self.reads)
    }

    fn is_open(&self, attempted: &'static str) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) { Err(closed(attempted)) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, mut change: ChangeSet) -> Result<Committed, CommitError> {
        self.is_open("committing")?;
        let encoded = EncodedChange::take(&mut change)
            .map_err(|error| undecodable("a change set", "", &error))?;
        let ChangeSet { puts, events, .. } = change;
        let Written { position, added } = self.writer.commit(Box::new(encoded)).await?;
        Ok(Committed::of(position, puts, events, added))
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        self.reads("loading records")?.load(keys).await
    }

    async fn versions(&self, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
        self.reads("reading versions")?.versions(keys).await
    }

    async fn list(
        &self,
        kind: Kind,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        self.reads("listing records")?.list(kind, after.as_ref(), limit).await
    }

    async fn directory_versions(&self) -> Result<BTreeMap<CenterId, Version>, StoreError> {
        self.reads("reading how often directories were changed")?.directory_versions().await
    }

    async fn directory_after(
        &self,
        center: CenterId,
        version: Version,
        limit: usize,
    ) -> Result<DirectoryPage, StoreError> {
        let reads = self.reads("reading what was changed in a directory")?;
        reads.directory_after(center, version, limit).await
    }

    async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        self.reads("querying interactions")?.interactions(query).await
    }

    async fn contact_words(&self, query: &WordQuery) -> Result<Page<FoundWord>, StoreError> {
        self.reads("looking for contacts")?.contact_words(query).await
    }

    async fn logins_of(&self, user: UserId, limit: usize) -> Result<Vec<LoginSession>, StoreError> {
        self.reads("reading a user's login sessions")?.logins_of(user, limit).await
    }

    async fn census(&self, center: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.reads("counting interactions")?.census(center).await
    }

    async fn timers(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        self.reads("reading timers")?.timers(now, limit).await
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        self.reads("reading the end of the log")?.log_end().await
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Page<LogEntry>, StoreError> {
        self.reads("reading the log")?.log_after(position, limit).await
    }

    async fn told_after(&self, position: u64, limit: usize) -> Result<Page<Told>, StoreError> {
        self.reads("reading who was told")?.told_after(position, limit).await
    }

    async fn renew_generation(&self) -> Result<LogEnd, StoreError> {
        self.is_open("renewing the log")?;
        self.renewed().await
    }

    async fn stream(
        &self,
        owner: Owner,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError> {
        self.reads("reading a stream")?.stream(owner, after, limit).await
    }

    async fn head(&self, owner: Owner) -> Result<Head, StoreError> {
        self.reads("reading a head")?.head(owner).await
    }

    async fn missed(
        &self,
        owner: Owner,
        after: &BTreeMap<Topic, u64>,
        limit: usize,
    ) -> Result<Missed, StoreError> {
        self.reads("reading what was missed")?.missed(owner, after, limit).await
    }

    async fn promised(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<PromisedRow>, StoreError> {
        self.reads("reading promised answers")?.promised(user, after, limit).await
    }

    async fn promised_after(&self, number: u64) -> Result<PromisedEnd, StoreError> {
        self.reads("reading who was promised answers")?.promised_after(number).await
    }

    async fn history(
        &self,
        subject: SubjectKey,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        self.reads("reading a history")?.history(subject, after, limit).await
    }

    async fn transcript(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        self.reads("reading a transcript")?.transcript(interaction, after, limit).await
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<Receipt>, StoreError> {
        let wanted = [(scope.to_owned(), key.to_owned())];
        Ok(self.reads("reading a receipt")?.receipts(&wanted).await?.pop().flatten())
    }

    async fn look_up(
        &self,
        keys: &[Key],
        receipts: &[(String, String)],
    ) -> Result<LookedUp, StoreError> {
        let reads = self.reads("looking up records and receipts")?;
        Ok((reads.load(keys).await?, reads.receipts(receipts).await?))
    }

    async fn receipts_beginning(
        &self,
        scope: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        self.is_open("looking for receipts")?;
        self.receipts_found(scope, beginning, limit).await
    }

    async fn erase_words(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
        deed: Deed,
    ) -> Result<ErasedWords, StoreError> {
        self.is_open("taking the words out of the log")?;
        self.words_erased(interaction, after, limit, deed).await
    }

    async fn sweep(
        &self,
        now: Time,
        streams_before: Time,
        logins_before: Time,
        limit: usize,
    ) -> Result<SweepReport, StoreError> {
        self.is_open("sweeping")?;
        self.swept(&Bounds { now, streams_before, logins_before, limit }).await
    }

    fn set_aside(&self) -> Vec<SetAside> {
        self.reads.aside.all()
    }

    async fn latest(&self) -> Result<Option<Time>, StoreError> {
        self.reads("reading the latest time")?.latest().await
    }

    async fn begin_lease(&self, node: Incarnation, for_ms: u64) -> Result<(), StoreError> {
        self.is_open("beginning a lease")?;
        self.lease_begun(node, for_ms).await
    }

    async fn renew_lease(&self, node: Incarnation, for_ms: u64) -> Result<Lease, StoreError> {
        self.is_open("renewing a lease")?;
        self.lease_renewed(node, for_ms).await
    }

    async fn end_lease(&self, node: Incarnation) -> Result<(), StoreError> {
        self.is_open("ending a lease")?;
        self.lease_ended(node).await
    }

    async fn living(&self) -> Result<BTreeSet<Incarnation>, StoreError> {
        self.is_open("reading who lives")?;
        self.lease_holders().await
    }

    async fn clock(&self) -> Result<Option<Time>, StoreError> {
        self.reads("reading the database's clock")?.clock().await.map(Some)
    }

    async fn take_duties(
        &self,
        node: Incarnation,
        wanted: &[&str],
    ) -> Result<BTreeSet<String>, StoreError> {
        self.is_open("taking duties")?;
        self.duties_taken(node, wanted).await
    }

    async fn leave_duties(&self, node: Incarnation, names: &[&str]) -> Result<(), StoreError> {
        self.is_open("leaving duties")?;
        self.duties_left(node, names).await
    }

    async fn describe_node(&self, node: Incarnation, about: AboutNode) -> Result<(), StoreError> {
        self.is_open("describing a node")?;
        self.node_described(node, &about).await
    }

    async fn nodes(&self) -> Result<Vec<LivingNode>, StoreError> {
        self.is_open("reading the nodes")?;
        self.living_nodes().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.is_open("taking commits")?;
        self.probed().await
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.writer.close().await;
        self.reads.pool.close();
    }
}
