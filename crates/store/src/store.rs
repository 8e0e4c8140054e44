//! The contract.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use handoff_domain::{
    CenterId, Entry, Incarnation, Interaction, InteractionId, Owner, Time, Topic, UserId,
};

use crate::change_set::{ChangeSet, Receipt, Timer};
use crate::committed::Committed;
use crate::contact_words::{FoundWord, WordQuery};
use crate::directory::DirectoryPage;
use crate::erased::{Deed, ErasedWords};
use crate::error::{CommitError, StoreError};
use crate::log::{LogEnd, LogEntry, SubjectKey, Told};
use crate::missed::Missed;
use crate::nodes::{AboutNode, LivingNode};
use crate::promised::{PromisedEnd, PromisedRow};
use crate::query::{Head, HistoryEntry, InteractionQuery, Page, StreamRow};
use crate::record::{Key, Kind, LoginSession, Record, Version, Versioned};

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    pub log_entries: u64,
    pub stream_rows: u64,
    pub receipts: u64,
    pub login_sessions: u64,
    /// Promised answers.
    pub promised: u64,
    pub claims: u64,
    pub chat_marks: u64,
    pub audit_entries: u64,
}

impl SweepReport {
    /// Returns everything removed, together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.log_entries
            + self.stream_rows
            + self.receipts
            + self.login_sessions
            + self.promised
            + self.claims
            + self.chat_marks
            + self.audit_entries
    }
}

/// Records and receipts, each in the order asked.
pub type LookedUp = (Vec<Option<Versioned<Record>>>, Vec<Option<Receipt>>);

/// How a node's lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// The node lives on.
    Kept,
    /// It was over already, or given back: others count the node as dead, for good.
    Lost,
}

/// A stored row that could not be read and is left out of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its table and key.
    pub row: String,
    /// Why, without anything of what is stored in it.
    pub why: String,
}

/// How many events or records are read at once while looking for some of them.
const LOOKED_AT_ONCE: usize = 500;

/// Makes a page of all entries that were found.
pub(crate) fn first_entries(mut items: Vec<Entry>, limit: usize) -> Page<Entry> {
    let more = items.len() > limit;
    items.truncate(limit);
    Page { items, more }
}

/// A durable store. Every method may be called from any task at any time; dropping a returned
/// future leaves either all or nothing of a commit.
///
/// Reads see every commit that was acknowledged before they were called.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Applies all of a change set, or nothing. When it returns `Ok` the change is on stable
    /// storage and survives a power cut.
    ///
    /// Positions and stream numbers are taken in the same commit: a stream's rows become visible in
    /// the order of their numbers, without gaps.
    ///
    /// A contact center's directory has a version, from zero: it grows by one with each commit that
    /// writes or removes records of it, whether or not the change set says so. With two committers
    /// a commit that relies on a directory must keep others from changing it until it is done.
    ///
    /// # Errors
    ///
    /// [`CommitError::Conflict`] when a guard fails (a directory's before those of records, by the
    /// key of its contact center), [`CommitError::Receipt`] when the receipt
    /// exists (tried before the guards), or the store's own errors. After [`StoreError::Stopped`]
    /// every later call fails the same way.
    async fn commit(&self, change: ChangeSet) -> Result<Committed, CommitError>;

    /// Loads records by key, in the order asked, `None` for what does not exist.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError>;

    /// Loads one record by key, `None` when it does not exist.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn load_one(&self, key: &Key) -> Result<Option<Versioned<Record>>, StoreError> {
        Ok(self.load(std::slice::from_ref(key)).await?.pop().flatten())
    }

    /// Returns the versions of records by key, in the order asked, zero for what does not exist:
    /// whoever remembers a record learns with it, for little, whether that is so still.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn versions(&self, keys: &[Key]) -> Result<Vec<Version>, StoreError>;

    /// Lists all records of one kind in order of their keys, at most `limit`, after `after`. For
    /// recovery: a starting server reads its directory and its desks this way.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn list(
        &self,
        kind: Kind,
        after: Option<Key>,
        limit: usize,
    ) -> Result<Page<Versioned<Record>>, StoreError>;

    /// Returns the login sessions of a user, those used last first, at most `limit`, ended ones
    /// among them.
    ///
    /// The default looks at everybody's, and says with that what the answer is; a store that can
    /// find a user's does.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn logins_of(&self, user: UserId, limit: usize) -> Result<Vec<LoginSession>, StoreError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.list(Kind::LoginSession, after.take(), LOOKED_AT_ONCE).await?;
            after = page.items.last().map(|last| last.value.key());
            found.extend(page.items.into_iter().filter_map(|item| match item.value {
                Record::LoginSession(session) if session.user == user => Some(session),
                _ => None,
            }));
            if !page.more {
                found.sort_by(|a, b| (b.last_used, &b.id).cmp(&(a.last_used, &a.id)));
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// Returns how often each contact center's directory was changed; of one that is not named,
    /// zero times.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn directory_versions(&self) -> Result<BTreeMap<CenterId, Version>, StoreError>;

    /// Returns the records of a contact center's directory that were changed after it had a
    /// version, as they are now, in the order in which they were changed last, then of their keys:
    /// about `limit` of them, because what was changed together is together. All of a page is of
    /// one moment. Once there are no more, whoever knew the directory at that version knows it as
    /// it was then.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn directory_after(
        &self,
        center: CenterId,
        version: Version,
        limit: usize,
    ) -> Result<DirectoryPage, StoreError>;

    /// Returns a page of interactions in order of their ids. For recovery: the router re-reads what
    /// waits.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn interactions(
        &self,
        query: &InteractionQuery,
    ) -> Result<Page<Versioned<Interaction>>, StoreError>;

    /// Returns the words by which contacts of a contact center are found that begin as asked, in
    /// order of the words, then of the contacts: a contact once for each of its words.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn contact_words(&self, query: &WordQuery) -> Result<Page<FoundWord>, StoreError>;

    /// Counts the interactions of a contact center by place (`queued`, `invited`, `handling`,
    /// `parked`, `sending`, `ended`, always all of them in that order): what a crash test adds up.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn census(&self, center: CenterId) -> Result<Vec<(&'static str, u64)>, StoreError>;

    /// Returns the timers that are due at `now`, earliest first, and when the next one after them
    /// is due. For recovery: timers that fell due while no server ran are found here.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn timers(
        &self,
        now: Time,
        limit: usize,
    ) -> Result<(Vec<Timer>, Option<Time>), StoreError>;

    /// Returns where the log ends.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn log_end(&self) -> Result<LogEnd, StoreError>;

    /// Returns the log's entries after a position, in order, at most `limit` and
    /// [`PAGE_BYTES_MAX`](crate::PAGE_BYTES_MAX). Positions are dense and in the order in which
    /// commits become visible, whoever commits at the same time: after an entry was returned, none
    /// with a lower position ever appears. So the last position of a page is a cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::Swept`] when entries after that position are gone; or the store's own.
    async fn log_after(&self, position: u64, limit: usize) -> Result<Page<LogEntry>, StoreError>;

    /// Returns who was told of what after a position, in order, at most `limit`: the periodic look
    /// for lost hints, one cheap query for the whole node. Who was told of nothing is returned as
    /// well, so that the last position is a cursor.
    ///
    /// # Errors
    ///
    /// As [`Store::log_after`].
    async fn told_after(&self, position: u64, limit: usize) -> Result<Page<Told>, StoreError>;

    /// Begins a new generation of the log, because this store is a copy of one that went on, or an
    /// earlier state of it. Every number grows by [`GENERATION_JUMP`](crate::GENERATION_JUMP) and
    /// no stream row is kept, so every replay that was begun before is answered by a resync.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn renew_generation(&self) -> Result<LogEnd, StoreError>;

    /// Returns a stream's rows after a position, in order, at most `limit` (but never splitting one
    /// position's rows).
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn stream(
        &self,
        owner: Owner,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError>;

    /// Returns how far a stream's numbering has come.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn head(&self, owner: Owner) -> Result<Head, StoreError>;

    /// Returns what a reader of a stream missed who has these numbers, and what else they need to
    /// go on. Its rows are at most `limit`, as those of [`Store::stream`]; the rest is read there,
    /// after the last of them. A topic that is not named is not asked about.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn missed(
        &self,
        owner: Owner,
        after: &BTreeMap<Topic, u64>,
        limit: usize,
    ) -> Result<Missed, StoreError>;

    /// Returns the answers that are kept for a user after the one of that number, in order, at most
    /// `limit` and [`PAGE_BYTES_MAX`](crate::PAGE_BYTES_MAX). After an answer was returned none
    /// with a lower number ever appears, whoever commits at the same time: the last number is a
    /// cursor.
    ///
    /// Of a user's answers at least the last commit's are kept until they are swept, and as many
    /// before them as are at most [`PROMISED_MAX`](crate::PROMISED_MAX) and
    /// [`PROMISED_BYTES_MAX`](crate::PROMISED_BYTES_MAX) with them.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn promised(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<PromisedRow>, StoreError>;

    /// Returns the number of the last promised answer, also when it is no longer kept, and who has
    /// any after that of `number`: the periodic look for lost hints.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn promised_after(&self, number: u64) -> Result<PromisedEnd, StoreError>;

    /// Returns what happened to an interaction, a desk or a center, in order, after a position. It
    /// is kept for good.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn history(
        &self,
        subject: SubjectKey,
        after: u64,
        limit: usize,
    ) -> Result<Page<HistoryEntry>, StoreError>;

    /// Returns what was said in a chat after the entry of that number, in order of the numbers, at
    /// most `limit`.
    ///
    /// The default reads the history, and says with that what the answer is; a store that can find
    /// the entries without the rest of the history does.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn transcript(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
    ) -> Result<Page<Entry>, StoreError> {
        let (mut items, mut position) = (Vec::new(), 0);
        loop {
            let page = self
                .history(SubjectKey::Interaction(interaction), position, LOOKED_AT_ONCE)
                .await?;
            let Some(last) = page.items.last() else { return Ok(Page { items, more: false }) };
            position = last.position;
            let said = page.items.into_iter().flat_map(HistoryEntry::into_entries);
            items.extend(said.filter(|entry| entry.number > after));
            if items.len() > limit || !page.more {
                return Ok(first_entries(items, limit));
            }
        }
    }

    /// Returns a receipt.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn receipt(&self, scope: &str, key: &str) -> Result<Option<Receipt>, StoreError>;

    /// Returns records by key and receipts by their scopes and keys, each in the order asked: where
    /// both are wanted, a store that hands reads over to somebody does it once.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn look_up(
        &self,
        keys: &[Key],
        receipts: &[(String, String)],
    ) -> Result<LookedUp, StoreError> {
        let records = self.load(keys).await?;
        let mut found = Vec::with_capacity(receipts.len());
        for (scope, key) in receipts {
            found.push(self.receipt(scope, key).await?);
        }
        Ok((records, found))
    }

    /// Returns the receipts of a scope whose keys begin so, in order of the keys, at most `limit`.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn receipts_beginning(
        &self,
        scope: &str,
        beginning: &str,
        limit: usize,
    ) -> Result<Vec<Receipt>, StoreError>;

    /// Takes the words ([`Event::erase`](handoff_domain::Event::erase)) out of an interaction's
    /// history after a position, out of what the log still has of it and out of the stream rows
    /// that tell of that; or counts these. At most about `limit` entries of the history at once.
    /// Its record stays as it is. It may be done again, and finds as much again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when a row cannot be read, whose words stay; or the store's own.
    async fn erase_words(
        &self,
        interaction: InteractionId,
        after: u64,
        limit: usize,
        deed: Deed,
    ) -> Result<ErasedWords, StoreError>;

    /// Overwrites what was deleted or replaced before, as far as that is in this process's hands:
    /// where the store keeps a log of pages, it is empty on return.
    ///
    /// # Errors
    ///
    /// The store's own, as when somebody reads what is to be overwritten: it is to be done again.
    async fn scrub(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Forgets what nobody can ask for any more: log entries and their stream rows older than
    /// `streams_before`, receipts, promised answers, claims, marks of chats and audit entries
    /// expired at `now`, login sessions unused since `logins_before`. At most `limit` of each, and
    /// no more of the log once so many stream rows go with it (but at least one entry), so that it
    /// never holds writers up for long; call it again while it removes anything.
    ///
    /// The log is swept in its order and up to the first entry that is not old enough, so that what
    /// is kept has no gaps even when the clock was set back.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn sweep(
        &self,
        now: Time,
        streams_before: Time,
        logins_before: Time,
        limit: usize,
    ) -> Result<SweepReport, StoreError>;

    /// Returns the rows that could not be read since the store was opened: a newer version's, or
    /// damaged ones. Lists leave them out and loads of them fail, so that one of them does not keep
    /// everything else from being read.
    fn set_aside(&self) -> Vec<SetAside> {
        Vec::new()
    }

    /// Returns the latest time that anything stored was written at, as far as that is known without
    /// reading everything: a clock that shows an earlier one was set back.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn latest(&self) -> Result<Option<Time>, StoreError>;

    /// Begins the lease of a node's life: it counts as living for so long, and what it says of
    /// itself under that incarnation counts with it.
    ///
    /// Leases go by the store's own clock, so that nodes need not agree about the time: that of the
    /// database where many processes share it. A store that one process holds may keep them in
    /// memory, because when it is opened no other node can be alive. They are never in the log.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn begin_lease(&self, node: Incarnation, for_ms: u64) -> Result<(), StoreError>;

    /// Makes a node's lease last for so long from now, unless it is over: then it stays over, and
    /// the node has to begin another incarnation.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn renew_lease(&self, node: Incarnation, for_ms: u64) -> Result<Lease, StoreError>;

    /// Ends a node's lease, at a clean stop, and its duties with it.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn end_lease(&self, node: Incarnation) -> Result<(), StoreError>;

    /// Returns the nodes whose leases are not over. Whoever is named in something that was read
    /// before this was asked, and is not among them, is dead and stays so.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn living(&self) -> Result<BTreeSet<Incarnation>, StoreError>;

    /// Returns the time by the clock of the store; `None` when that is this machine's.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn clock(&self) -> Result<Option<Time>, StoreError> {
        Ok(None)
    }

    /// Takes those of the named duties that no living node has, for a node; returns which of them
    /// it has then: none when its lease is over. A duty is had for as long as the lease lasts.
    ///
    /// Duties save work that several nodes would do at once, and nothing more: for a moment two
    /// nodes may believe that they have one.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn take_duties(
        &self,
        node: Incarnation,
        wanted: &[&str],
    ) -> Result<BTreeSet<String>, StoreError>;

    /// Hands back those of the named duties that a node has.
    ///
    /// # Errors
    ///
    /// The store's own; they are others' when the node's lease is over.
    async fn leave_duties(&self, node: Incarnation, names: &[&str]) -> Result<(), StoreError>;

    /// Keeps what a node says of itself, unless its lease is over.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn describe_node(&self, node: Incarnation, about: AboutNode) -> Result<(), StoreError>;

    /// Returns the nodes whose leases are not over, with what they say of themselves and their
    /// duties, in the order of their incarnations.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn nodes(&self) -> Result<Vec<LivingNode>, StoreError>;

    /// Tells whether the store can take a commit now.
    ///
    /// # Errors
    ///
    /// The store's own, saying why not.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Finishes what was handed in, makes it durable and closes. Later calls fail.
    async fn close(&self);
}
