//! The contract.

use async_trait::async_trait;
use handoff_domain::{CenterId, Entry, InteractionId, Time, UserId};

use crate::change_set::{ChangeSet, Receipt, Timer};
use crate::error::{CommitError, StoreError};
use crate::query::{Head, HeadChange, HistoryEntry, InteractionQuery, Page, StreamRow};
use crate::record::{Key, Kind, Record, Versioned};
use handoff_domain::Interaction;

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The position of its last event in the log, or of the last one before it if it had none.
    pub position: u64,
}

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    pub stream_rows: u64,
    /// Snapshots of events that no stream row refers to any more.
    pub snapshots: u64,
    pub receipts: u64,
    pub login_sessions: u64,
}

impl SweepReport {
    /// Returns everything removed, together.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.stream_rows + self.snapshots + self.receipts + self.login_sessions
    }
}

/// A stored row that could not be read and is left out of lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its table and key.
    pub row: String,
    /// Why, without anything of what is stored in it.
    pub why: String,
}

/// How many events are read at once while looking for entries.
const HISTORY_PAGE: usize = 500;

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
    /// Stream numbers are taken in the same commit: a user's rows become visible in the order of
    /// their numbers, without gaps.
    ///
    /// # Errors
    ///
    /// [`CommitError::Conflict`] when a guard fails, [`CommitError::Receipt`] when the receipt
    /// exists (tried before the guards), or the store's own errors. After [`StoreError::Stopped`]
    /// every later call fails the same way.
    async fn commit(&self, change: ChangeSet) -> Result<Committed, CommitError>;

    /// Loads records by key, in the order asked, `None` for what does not exist.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Versioned<Record>>>, StoreError>;

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

    /// Returns a user's stream rows after a position, in order, at most `limit` (but never
    /// splitting one position's rows).
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn stream(
        &self,
        user: UserId,
        after: u64,
        limit: usize,
    ) -> Result<Page<StreamRow>, StoreError>;

    /// Returns how far a user's numbering has come, and what is still kept.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn head(&self, user: UserId) -> Result<Head, StoreError>;

    /// Returns the users whose stream grew after a position, in order of position, at most `limit`
    /// (but never splitting one position's users, so that the last position is a cursor): the
    /// periodic look for lost hints, one query for the whole node.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn heads_after(&self, position: u64, limit: usize)
    -> Result<Vec<HeadChange>, StoreError>;

    /// Returns an interaction's history in order, after a position.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn history(
        &self,
        interaction: InteractionId,
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
            let page = self.history(interaction, position, HISTORY_PAGE).await?;
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

    /// Forgets what nobody can ask for any more: stream rows (and the snapshots that only they
    /// needed) older than `streams_before`, receipts expired at `now`, login sessions unused since
    /// `logins_before`. At most `limit` rows of each, so that it never holds writers up for long;
    /// call it again while it reports that many.
    ///
    /// Streams are swept in the order of the log and up to the first event that is not old enough,
    /// so that what is kept has no gaps even when the clock was set back.
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

    /// Tells whether the store can take a commit now.
    ///
    /// # Errors
    ///
    /// The store's own, saying why not.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Finishes what was handed in, makes it durable and closes. Later calls fail.
    async fn close(&self);
}
