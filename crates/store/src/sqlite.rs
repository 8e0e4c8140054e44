//! The store of a single server: one SQLite file.
//!
//! One thread writes. It takes whatever change sets wait, puts them into one transaction, commits
//! once with `synchronous=FULL`, and only then answers; so the cost of making a commit durable is
//! shared by everybody who waits for it. A few threads read, each over a connection of its own, and
//! never wait for the writer (write-ahead log). A read starts after the commits that were
//! acknowledged before it was asked, so it sees them.
//!
//! Bounds: at most [`SqliteOptions::queue_len_max`] change sets, of
//! [`SqliteOptions::queue_bytes_max`] together, and as many reads wait; who comes later waits for a
//! place. A batch ends at [`SqliteOptions::batch_len_max`] change sets or
//! [`SqliteOptions::batch_bytes_max`].
//!
//! After a failed write the kernel may take pages for clean that never reached the disk, and a
//! second try would succeed and lie (<https://doi.org/10.1145/3450338>). So the first such failure
//! stops the store for good, checkpoints included: those are made by the writer itself because
//! SQLite's automatic ones do not report their errors. A full disk is not such a failure; the batch
//! is rolled back and the next one may succeed.
//!
//! A second process on the same file is refused.

mod apply;
mod beside;
mod bulk;
mod check;
#[cfg(feature = "conformance")]
pub mod counts;
mod directories;
mod erase;
mod failure;
#[cfg(feature = "conformance")]
pub mod faults;
mod files;
mod generation;
mod guarded;
mod heads;
mod health;
mod migrate;
#[cfg(test)]
mod plans;
mod readers;
mod reads;
mod resting;
mod sweep;
mod writer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use handoff_domain::{
    CenterId, Entry, Incarnation, Interaction, InteractionId, Owner, Time, Topic, UserId,
};
use rusqlite::Connection;
use tokio::sync::{Mutex, oneshot};

use crate::aside::Aside;
use crate::change_set::{ChangeSet, Receipt, Timer};
use crate::committed::Committed;
use crate::contact_words::{FoundWord, WordQuery};
use crate::directory::DirectoryPage;
use crate::distribution::BatchCounts;
use crate::erased::{Deed, ErasedWords};
use crate::error::{CommitError, StoreError};
use crate::leases::Leases;
use crate::log::{LogEnd, LogEntry, SubjectKey, Told};
use crate::missed::Missed;
use crate::nodes::{AboutNode, LivingNode};
use crate::promised::{PromisedEnd, PromisedRow};
use crate::query::{Head, HistoryEntry, InteractionQuery, Page, StreamRow};
use crate::record::{Key, Kind, LoginSession, Record, Version, Versioned};
use crate::sql::encode::EncodedChange;
use crate::store::{Lease, LookedUp, SetAside, Store, SweepReport};

pub use bulk::SqliteBulk;
pub use check::{Checked, Progress};
use failure::corrupt;
pub(crate) use failure::{failed, not_ready};
pub(crate) use files::{open_reader, restoring};
use health::Health;
pub use health::Rest;
use readers::Readers;
use writer::{Job, Writer};

/// Returns a database in memory that has the newest schema.
#[cfg(test)]
pub(crate) fn migrated() -> Connection {
    let connection = Connection::open_in_memory().expect("a database in memory");
    migrate::migrate(&connection).expect("migrations apply");
    connection
}

/// How a SQLite store works.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The database file. Its directory is made if there is none; `-wal`, `-shm` and `-lock` files
    /// lie beside it.
    pub path: PathBuf,
    /// Reading threads. 1…16, default 2: on the two cores of a small machine more only wait for
    /// each other.
    pub readers: usize,
    /// Most change sets that wait for the writer, and most reads that wait for a reader. Default
    /// 1,000.
    pub queue_len_max: usize,
    /// Most bytes of the change sets that wait for the writer. Default 16 MiB; a single larger
    /// change set still waits, alone.
    pub queue_bytes_max: usize,
    /// Most change sets in one transaction. Default 1,000.
    pub batch_len_max: usize,
    /// About how many bytes go into one transaction. Default 1 MiB; a single larger change set
    /// still goes, alone.
    pub batch_bytes_max: usize,
    /// The length of the write-ahead log, in pages of 4 KiB, at which it is copied into the
    /// database between two batches. Default 4,000 (16 MiB): a longer one makes the copying rarer
    /// and each time longer. In idle moments it is copied at any length.
    pub checkpoint_pages: u32,
    /// Answers before the commit is durable. That is wrong on purpose: the crash test uses it to
    /// show that it would notice.
    #[cfg(feature = "conformance")]
    pub unsafe_answer_before_commit_for_tests: bool,
    /// Where writes fail on purpose.
    #[cfg(feature = "conformance")]
    pub faults: faults::Faults,
    /// Counts what the connections do.
    #[cfg(feature = "conformance")]
    pub counts: counts::Counts,
}

impl SqliteOptions {
    /// Returns the defaults for a file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 2,
            queue_len_max: 1_000,
            queue_bytes_max: 16 * 1024 * 1024,
            batch_len_max: 1_000,
            batch_bytes_max: 1024 * 1024,
            checkpoint_pages: 4_000,
            #[cfg(feature = "conformance")]
            unsafe_answer_before_commit_for_tests: false,
            #[cfg(feature = "conformance")]
            faults: faults::Faults::default(),
            #[cfg(feature = "conformance")]
            counts: counts::Counts::default(),
        }
    }
}

/// A store in one SQLite file.
///
/// Dropping it finishes what was handed in, like [`Store::close`], but blocks meanwhile.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    health: Arc<Health>,
    writer: Writer,
    readers: Readers,
    aside: Arc<Aside>,
    /// In memory: whoever had one before this process opened the file is dead.
    leases: Leases,
    /// Makes a second close wait for the first.
    closing: Mutex<()>,
}

impl SqliteStore {
    /// Opens a database file, makes it if there is none, and brings its schema up to date. Blocks
    /// while it does; a large migration may take minutes.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the file cannot be opened, another process has it open, or
    /// what it has was moved, [`StoreError::Corrupt`] when it is damaged, is no database, or was
    /// written by a newer version of the program.
    pub fn open(options: SqliteOptions) -> Result<Self, StoreError> {
        files::refuse_restoring(&options.path)?;
        files::refuse_moved(&options.path)?;
        let lock = files::prepare(&options.path)?;
        let connection = files::open_writer(&options.path)?;
        migrate::migrate(&connection)?;
        bulk::refuse_unfinished(&connection)?;
        generation::recognise(&connection, &options.path, &lock)?;
        let health = Arc::new(Health::default());
        let readers = Readers::start(&options, &health)?;
        let writer = Writer::start(connection, lock, &options, &health)?;
        Ok(Self {
            path: options.path,
            health,
            writer,
            readers,
            aside: Arc::default(),
            leases: Leases::default(),
            closing: Mutex::new(()),
        })
    }

    /// Waits until a write failed for good. Nothing is lost that was acknowledged, but nothing more
    /// will be stored: the process should end and be started anew. Never returns otherwise.
    /// Cancelling it has no effect.
    pub async fn stopped(&self) {
        self.health.stopped().await;
    }

    /// Reads every stored row and tells which cannot be read. `progress` is told how far it is.
    /// Long: for a store that serves nobody.
    ///
    /// # Errors
    ///
    /// The store's own, as when the file as a whole is damaged.
    pub async fn check(
        &self,
        progress: impl Fn(Progress) + Send + 'static,
    ) -> Result<Checked, StoreError> {
        self.read("checking every record", move |connection| check::check(connection, &progress))
            .await
    }

    /// Tells whether a write failed for good.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.health.is_stopped()
    }

    /// Returns how the batches of commits went.
    #[must_use]
    pub const fn batches(&self) -> &Arc<BatchCounts> {
        self.writer.batches()
    }

    fn leases(&self, attempted: &'static str) -> Result<&Leases, StoreError> {
        self.health.check(attempted)?;
        Ok(&self.leases)
    }

    async fn read<T: Send + 'static>(
        &self,
        attempted: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.health.check(attempted)?;
        self.readers.run(attempted, read).await
    }

    async fn write<T>(
        &self,
        attempted: &'static str,
        bytes: usize,
        job: impl FnOnce(oneshot::Sender<T>) -> Job + Send,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
    {
        self.health.check_writes(attempted)?;
        self.writer.run(attempted, bytes, job).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, mut change: ChangeSet) -> Result<Committed, CommitError> {
        // Encoded here and not by the writer: this thread is one of several, the writer is the one
        // that everybody waits for.
        let encoded =
            EncodedChange::take(&mut change).map_err(|error| corrupt("a change set", &error))?;
        let ChangeSet { puts, events, .. } = change;
        let (bytes, change) = (encoded.bytes, Box::new(encoded));
        let written =
            self.write("committing", bytes, |reply| Job::Commit { change, reply }).await??;
        Ok(Committed::of(written.position, puts, events, written.added))
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError> {
        let keys = keys.to_vec();
        let aside = Arc::clone(&self.aside);
        self.read("loading records", move |connection| reads::load(connection, &aside, &keys)).await
    }

    async fn versions(&self, keys: &[Key]) -> Result<Vec<Version>, StoreError> {
        let keys = keys.to_vec();
        self.read("reading versions", move |connection| reads::versions(connection, &keys)).await
    }

    async fn list(
        &self,
        kind: Kind,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("listing records", move |connection| {
            reads::list(connection, &aside, kind, after.as_ref(), limit)
        })
        .await
    }

    async fn directory_versions(&self) -> Result<BTreeMap<CenterId, Version>, StoreError> {
        let attempted = "reading how often directories were changed";
        self.read(attempted, reads::directories::versions).await
    }

    async fn directory_after(
        &self,
        center: CenterId,
        version: Version,
        limit: usize,
    ) -> Result<DirectoryPage, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading what was changed in a directory", move |connection| {
            reads::directories::after(connection, &aside, center, version, limit)
        })
        .await
    }

    async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError> {
        let query = query.clone();
        let aside = Arc::clone(&self.aside);
        self.read("querying interactions", move |connection| {
            reads::interactions(connection, &aside, &query)
        })
        .await
    }

    async fn contact_words(&self, query: &WordQuery) -> Result<Page<FoundWord>, StoreError> {
        let query = query.clone();
        self.read("looking for contacts", move |connection| {
            reads::contact_words(connection, &query)
        })
        .await
    }

    async fn logins_of(&self, user: UserId, limit: usize) -> Result<Vec<LoginSession>, StoreError> {
        let aside = self.aside.clone();
        self.read("reading a user's login sessions", move |connection| {
            reads::logins_of(connection, &aside, user, limit)
        })
        .await
    }

    async fn census(&self, center: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.read("counting interactions", move |connection| reads::census(connection, center))
            .await
    }

    async fn timers(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<(Vec<Timer>, Option<Time>), StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading timers", move |connection| reads::timers(connection, &aside, now, limit))
            .await
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        self.read("reading the end of the log", reads::log::log_end).await
    }

    async fn log_after(&self, position: u64, limit: usize) -> Result<Page<LogEntry>, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading the log", move |connection| {
            reads::log::log_after(connection, &aside, position, limit)
        })
        .await
    }

    async fn told_after(&self, position: u64, limit: usize) -> Result<Page<Told>, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading who was told", move |connection| {
            reads::log::told_after(connection, &aside, position, limit)
        })
        .await
    }

    async fn renew_generation(&self) -> Result<LogEnd, StoreError> {
        self.write("renewing the log", 0, |reply| Job::Renew { reply }).await?
    }

    async fn stream(
        &self,
        owner: Owner,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading a stream", move |connection| {
            reads::log::stream(connection, &aside, owner, after, limit)
        })
        .await
    }

    async fn head(&self, owner: Owner) -> Result<Head, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading a head", move |connection| reads::log::head(connection, &aside, owner))
            .await
    }

    async fn missed(
        &self,
        owner: Owner,
        after: &BTreeMap<Topic, u64>,
        limit: usize,
    ) -> Result<Missed, StoreError> {
        let (aside, after) = (Arc::clone(&self.aside), after.clone());
        self.read("reading what was missed", move |connection| {
            reads::missed::missed(connection, &aside, owner, &after, limit)
        })
        .await
    }

    async fn promised(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<PromisedRow>, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading promised answers", move |connection| {
            reads::promised::of_user(connection, &aside, user, after, limit)
        })
        .await
    }

    async fn promised_after(&self, number: u64) -> Result<PromisedEnd, StoreError> {
        self.read("reading who was promised answers", move |connection| {
            reads::promised::end(connection, number)
        })
        .await
    }

    async fn history(
        &self,
        subject: SubjectKey,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading a history", move |connection| {
            reads::log::history(connection, &aside, subject, after, limit)
        })
        .await
    }

    async fn transcript(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        let aside = Arc::clone(&self.aside);
        self.read("reading a transcript", move |connection| {
            reads::log::transcript(connection, &aside, interaction, after, limit)
        })
        .await
    }

    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<Receipt>, StoreError> {
        let (scope, key) = (scope.to_owned(), key.to_owned());
        self.read("reading a receipt", move |connection| reads::receipt(connection, &scope, &key))
            .await
    }

    async fn look_up(
        &self,
        keys: &[Key],
        receipts: &[(String, String)],
    ) -> Result<LookedUp, StoreError> {
        let (keys, wanted) = (keys.to_vec(), receipts.to_vec());
        let aside = Arc::clone(&self.aside);
        self.read("looking up records and receipts", move |connection| {
            reads::look_up(connection, &aside, &keys, &wanted)
        })
        .await
    }

    async fn receipts_beginning(
        &self,
        scope: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError> {
        let (scope, beginning) = (scope.to_owned(), beginning.to_owned());
        self.read("looking for receipts", move |connection| {
            reads::receipts_beginning(connection, &scope, &beginning, limit)
        })
        .await
    }

    async fn erase_words(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
        deed: Deed,
    ) -> Result<ErasedWords, StoreError> {
        let wanted = erase::Wanted {
            subject: interaction.stored(),
            after: after.cast_signed(),
            limit: i64::try_from(limit).unwrap_or(i64::MAX - 1),
            deed,
        };
        if deed == Deed::Count {
            return self.read("counting words", move |it| erase::count(it, &wanted)).await;
        }
        let attempted = "taking the words out of the log";
        self.write(attempted, 0, |reply| Job::Erase { wanted, reply }).await??
    }

    async fn scrub(&self) -> Result<(), StoreError> {
        self.write("emptying the log of pages", 0, |reply| Job::Scrub { reply }).await?
    }

    async fn sweep(
        &self,
        now: Time,
        streams_before: Time,
        logins_before: Time,
        limit: usize,
    ) -> Result<SweepReport, StoreError> {
        let bounds = sweep::Bounds { now, streams_before, logins_before, limit };
        self.write("sweeping", 0, |reply| Job::Sweep { bounds, reply }).await?
    }

    fn set_aside(&self) -> Vec<SetAside> {
        self.aside.all()
    }

    async fn latest(&self) -> Result<Option<Time>, StoreError> {
        self.read("reading the latest time", reads::log::latest).await
    }

    async fn begin_lease(&self, node: Incarnation, for_ms: u64) -> Result<(), StoreError> {
        self.leases("beginning a lease")?.begin(node, for_ms);
        Ok(())
    }

    async fn renew_lease(&self, node: Incarnation, for_ms: u64) -> Result<Lease, StoreError> {
        Ok(self.leases("renewing a lease")?.renew(node, for_ms))
    }

    async fn end_lease(&self, node: Incarnation) -> Result<(), StoreError> {
        self.leases("ending a lease")?.end(node);
        Ok(())
    }

    async fn living(&self) -> Result<BTreeSet<Incarnation>, StoreError> {
        Ok(self.leases("reading who lives")?.living())
    }

    async fn take_duties(
        &self,
        node: Incarnation,
        wanted: &[&str],
    ) -> Result<BTreeSet<String>, StoreError> {
        Ok(self.leases("taking duties")?.take_duties(node, wanted))
    }

    async fn leave_duties(&self, node: Incarnation, names: &[&str]) -> Result<(), StoreError> {
        self.leases("leaving duties")?.leave_duties(node, names);
        Ok(())
    }

    async fn describe_node(&self, node: Incarnation, about: AboutNode) -> Result<(), StoreError> {
        self.leases("describing a node")?.describe(node, about);
        Ok(())
    }

    async fn nodes(&self) -> Result<Vec<LivingNode>, StoreError> {
        Ok(self.leases("reading the nodes")?.nodes())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.write("taking commits", 0, |reply| Job::Probe { reply }).await?
    }

    async fn close(&self) {
        let _only_one = self.closing.lock().await;
        self.health.close();
        // Readers first: a log that somebody reads cannot be emptied.
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.health.close();
        self.readers.join();
        self.writer.join();
    }
}
