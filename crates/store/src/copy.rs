//! Carries all that one store has over into another: from SQLite to PostgreSQL, and back.
//!
//! Rows are carried as they are stored, table by table in the order of their keys, and never
//! decoded. A pass writes what the target lacks or has otherwise and removes what it has besides,
//! so one that was broken off is gone on with by beginning again, and a second pass carries what
//! changed during the first. Each row that was written is read back and compared; a copy is done
//! when a pass over both found nothing to write.
//!
//! Logs are not carried, and neither is what lasts a minute. The target begins a generation of its
//! own, in which every number is beyond those of the source, so whoever replays looks at everything
//! again. Until then nobody can open it.

mod pass;
mod tables;

use std::fmt;

use async_trait::async_trait;

use crate::error::StoreError;
use crate::hash::fnv1a;
use crate::log::{GENERATION_JUMP, LogEnd};

pub use tables::Table;
pub(crate) use tables::{Column, Holds, tables};

/// The table that says of a target that it is not whole yet.
pub(crate) const UNFINISHED: &str = "unfinished_copy";

/// Passes after which a source that is not written to must be found unchanged.
const PASSES_MAX: usize = 3;

/// What is in one column of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    Nothing,
    Integer(i64),
    Text(String),
}

/// A row, or the key of one, column by column.
pub type Cells = Vec<Cell>;

/// A row as far as rows are compared.
#[derive(Clone, Debug)]
pub struct Seen {
    pub key: Cells,
    /// What differs when the row does.
    pub state: Cells,
    /// About how large it is.
    pub bytes: u64,
}

/// How far a stream's numbering has come, by the names of owner and topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamHead {
    pub owner: String,
    pub position: u64,
    pub numbers: Vec<(String, u64)>,
}

/// Where a store's log and its promised answers end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    pub log: LogEnd,
    pub promised: u64,
}

/// Why nothing was copied, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(
        "{0} has something in it already, and is no copy that was broken off; name an empty one"
    )]
    NotEmpty(String),
    #[error("a copy of {begun} into it was broken off; finish that one, or name an empty one")]
    OtherSource {
        /// What was being copied.
        begun: String,
    },
    #[error("{name} is an unfinished copy of {begun} itself; finish that one, or copy {begun}")]
    UnfinishedSource {
        name: String,
        /// What was being copied into it.
        begun: String,
    },
    #[error("another copy into {0} is under way; wait until it is done, or stop it")]
    Taken(String),
    #[error("nodes are at work on {0}; stop them")]
    Served(String),
    #[error("{table} {key} was written and came back otherwise")]
    CameBack {
        /// Of which table.
        table: &'static str,
        key: String,
    },
    /// A pass found every row as it is in the source, and yet not as many, or others.
    #[error("{table} has other rows in the copy than in the source")]
    Differs {
        /// Which.
        table: &'static str,
    },
    #[error("the source was written to while it was being finished; stop whoever serves it")]
    Moving,
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store as a copy needs it.
#[async_trait]
pub trait Bulk: Send + Sync {
    /// Returns the store's name in messages.
    fn name(&self) -> &str;

    /// Takes it for this copy alone, for as long as it is open; `false` when another copy has it.
    /// It is written to by nobody who has not taken it.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn take(&self) -> Result<bool, StoreError>;

    /// Tells whether nodes are at work on it, as far as it can tell.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn is_served(&self) -> Result<bool, StoreError>;

    /// Returns rows of a table in order of their keys after one; all from the first where `after`
    /// is empty.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn seen(
        &self,
        table: &'static Table,
        after: &[Cell],
        limit: usize,
    ) -> Result<Vec<Seen>, StoreError>;

    /// Returns rows by their keys, in the order asked, key first; what is not there is left out.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn rows(&self, table: &'static Table, keys: &[Cells]) -> Result<Vec<Cells>, StoreError>;

    /// Writes rows in place of those with their keys, and removes others, all or nothing. When it
    /// returns `Ok`, that is durable.
    ///
    /// # Errors
    ///
    /// The store's own; and when it is no unfinished copy any more.
    async fn write(
        &self,
        table: &'static Table,
        rows: &[Cells],
        gone: &[Cells],
    ) -> Result<(), StoreError>;

    /// Returns how far every stream is numbered.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn heads(&self) -> Result<Vec<StreamHead>, StoreError>;

    /// Returns where it ends.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn ends(&self) -> Result<Ends, StoreError>;

    /// Returns of which source it is a copy that is not finished; `None` when it is none.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn unfinished(&self) -> Result<Option<String>, StoreError>;

    /// Notes that it is a copy that is not finished: nobody else opens it from then on.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn begin(&self, source: &str) -> Result<(), StoreError>;

    /// Makes it whole: it has these heads and ends, nothing in its log, and may be opened.
    ///
    /// # Errors
    ///
    /// The store's own.
    async fn finish(&self, ends: Ends, heads: &[StreamHead]) -> Result<(), StoreError>;
}

/// How far a pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being carried.
    pub table: &'static str,
    /// How many of its rows were looked at.
    pub rows: u64,
}

/// What a pass did with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    pub table: &'static str,
    /// How many rows the source has.
    pub rows: u64,
    /// How many were written.
    pub written: u64,
    /// How many were removed.
    pub removed: u64,
    /// A hash of the keys and versions that the source has.
    pub hash: u64,
}

/// What a source that nobody writes to was found to be, and its copy as well.
#[derive(Debug)]
pub struct Settled {
    carried: Vec<Carried>,
    ends: Ends,
    heads: Vec<StreamHead>,
}

/// A copy from one store into another.
pub struct Copy<'a> {
    from: &'a dyn Bulk,
    to: &'a dyn Bulk,
    progress: &'a (dyn Fn(CopyProgress) + Sync),
}

impl fmt::Debug for Copy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copy")
            .field("from", &self.from.name())
            .field("to", &self.to.name())
            .finish()
    }
}

impl<'a> Copy<'a> {
    /// Begins a copy, or goes on with one that was broken off.
    ///
    /// # Errors
    ///
    /// [`CopyError::NotEmpty`], [`CopyError::OtherSource`], [`CopyError::Taken`] and
    /// [`CopyError::Served`] of the target; [`CopyError::UnfinishedSource`]; or a store's own.
    pub async fn begin(
        from: &'a dyn Bulk,
        to: &'a dyn Bulk,
        progress: &'a (dyn Fn(CopyProgress) + Sync),
    ) -> Result<Self, CopyError> {
        if let Some(begun) = from.unfinished().await? {
            return Err(CopyError::UnfinishedSource { name: from.name().to_owned(), begun });
        }
        if !to.take().await? {
            return Err(CopyError::Taken(to.name().to_owned()));
        }
        expect_unserved(to).await?;
        match to.unfinished().await? {
            Some(begun) if begun == from.name() => {}
            Some(begun) => return Err(CopyError::OtherSource { begun }),
            None => {
                for table in tables() {
                    if !to.seen(table, &[], 1).await?.is_empty() {
                        return Err(CopyError::NotEmpty(to.name().to_owned()));
                    }
                }
                to.begin(from.name()).await?;
            }
        }
        Ok(Self { from, to, progress })
    }

    /// Carries what the target has not, or otherwise. The source may be written to meanwhile:
    /// another pass carries what was.
    ///
    /// # Errors
    ///
    /// [`CopyError::CameBack`], or a store's own.
    pub async fn pass(&self) -> Result<Vec<Carried>, CopyError> {
        let mut all = Vec::with_capacity(tables().len());
        for table in tables() {
            all.push(pass::carry(self.from, self.to, table, self.progress).await?);
        }
        Ok(all)
    }

    /// Carries what is left of a source that nobody writes to any more, and compares both.
    ///
    /// # Errors
    ///
    /// [`CopyError::Moving`] when the source was written to, [`CopyError::CameBack`], or a store's
    /// own.
    pub async fn settle(&self) -> Result<Settled, CopyError> {
        for _ in 0..PASSES_MAX {
            let ends = self.from.ends().await?;
            let carried = self.pass().await?;
            let heads = self.from.heads().await?;
            let is_same = carried.iter().all(|it| it.written == 0 && it.removed == 0);
            if is_same && self.from.ends().await? == ends {
                return Ok(Settled { carried, ends, heads });
            }
        }
        Err(CopyError::Moving)
    }

    /// Makes the target whole; the source must be kept from being served before. `salt` is anything
    /// that no other copy has.
    ///
    /// # Errors
    ///
    /// [`CopyError::Served`] when a node is at work on either, [`CopyError::Moving`] when the
    /// source was written to since it settled, or a store's own.
    pub async fn finish(&self, settled: Settled, salt: &str) -> Result<Vec<Carried>, CopyError> {
        let Settled { carried, ends, heads } = settled;
        // Whoever began to serve since does so beside this copy, also if nothing was written yet.
        expect_unserved(self.from).await?;
        expect_unserved(self.to).await?;
        if self.from.ends().await? != ends {
            return Err(CopyError::Moving);
        }
        self.to.finish(beyond(ends, salt), &all_beyond(heads)).await?;
        Ok(carried)
    }
}

async fn expect_unserved(store: &dyn Bulk) -> Result<(), CopyError> {
    match store.is_served().await? {
        true => Err(CopyError::Served(store.name().to_owned())),
        false => Ok(()),
    }
}

/// Returns where a copy's log goes on: behind that of the source, in another generation.
fn beyond(Ends { log, promised }: Ends, salt: &str) -> Ends {
    // Without the highest bit, because a column's numbers are signed.
    let generation = fnv1a(&format!("{} {} {salt}", log.generation, log.position)) >> 1;
    let log = LogEnd { generation, position: log.position, floor: log.position };
    Ends { log, promised: promised + GENERATION_JUMP }
}

fn all_beyond(mut heads: Vec<StreamHead>) -> Vec<StreamHead> {
    for (_, last) in heads.iter_mut().flat_map(|head| &mut head.numbers) {
        *last += GENERATION_JUMP;
    }
    heads
}

/// Makes the error of whoever opens a store that is an unfinished copy.
pub(crate) fn refused(source: &str) -> StoreError {
    let what = format!(
        "the store is an unfinished copy of {source}; finish it with the same `handoff copy`, or \
         remove it"
    );
    StoreError::Corrupt { what }
}
