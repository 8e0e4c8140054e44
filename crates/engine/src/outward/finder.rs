//! Who keeps the index of search, and what it is asked.

use std::time::Duration;

use async_trait::async_trait;
use handoff_domain::interaction::Outcome;
use handoff_domain::{CenterId, InteractionId, Media, QueueId, Time, UserId, WorkbinId};
use handoff_store::{LogEnd, StoreError};

/// In which order what is found is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What came last comes first.
    Newest,
    /// What came first comes first.
    Oldest,
    /// What ended last comes first; what is not over is left out. Not together with words.
    LastEnded,
}

/// How somebody's sight narrows what is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Narrowed {
    /// They see everything of their contact center.
    All,
    /// They see their own, what is in these places, what they submitted, and what ended after a
    /// time and concerned them.
    To { user: UserId, queues: Vec<QueueId>, workbins: Vec<WorkbinId>, ended_after: Time },
}

/// Which states are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    All,
    /// What is not over.
    Active,
    /// What is over, in one way or in any.
    Finished(Option<Outcome>),
}

/// Where a page ended: the number and, in the order of ends, the time of what was looked at last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchPlace {
    pub number: i64,
    pub ended: Option<Time>,
}

impl SearchPlace {
    /// The largest number: 41 bits of a time in ms since 2020, and 8 that tell those apart that
    /// came at once.
    pub const NUMBER_MAX: i64 = (1 << 49) - 1;
}

/// What is looked for. A time is when it came, and in the order of ends when it ended.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub center: CenterId,
    /// What somebody typed; without any, everything is found that the rest leaves.
    pub words: Option<String>,
    pub narrowed: Narrowed,
    pub among: Among,
    pub media: Option<Media>,
    /// Only what was last in this queue.
    pub queue: Option<QueueId>,
    /// Only what this user has, or had when it ended.
    pub owner: Option<UserId>,
    pub contact: Option<String>,
    /// Only from this time on.
    pub from: Option<Time>,
    /// Only before this time.
    pub to: Option<Time>,
    pub order: Order,
    pub after: Option<SearchPlace>,
    pub limit: usize,
}

impl Wanted {
    /// Asks for everything that a center has, the newest first, before anything narrows it down.
    #[must_use]
    pub const fn of(center: CenterId, limit: usize) -> Self {
        Self {
            center,
            words: None,
            narrowed: Narrowed::All,
            among: Among::All,
            media: None,
            queue: None,
            owner: None,
            contact: None,
            from: None,
            to: None,
            order: Order::Newest,
            after: None,
            limit,
        }
    }
}

/// Something that the index has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub id: InteractionId,
    pub place: SearchPlace,
    /// Who has it, or had it when it ended.
    pub owner: Option<UserId>,
}

/// A page of what the index has. It may be short and yet not the last: so much is looked at for
/// one.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    pub hits: Vec<Hit>,
    /// Where to go on; `None` when there is no more.
    pub next: Option<SearchPlace>,
}

/// A piece of text in which words were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// What it is of: `subject`, `contact`, `userData`, `notes`, `files`, `text` or `transcript`.
    pub field: &'static str,
    pub text: String,
    /// Where the words are in it, in UTF-16 code units.
    pub ranges: Vec<[usize; 2]>,
}

/// A search could not be done.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// There is no word in what was typed, or none that has to be there.
    #[error("there is no word to look for")]
    NoWords,
    /// There are more words than are looked for at once.
    #[error("there are more than {0} words")]
    TooMany(usize),
    /// This server has no index, or it cannot be read.
    #[error("the index cannot be asked")]
    NoIndex,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps the index of search, and finds in it.
#[async_trait]
pub trait Finder: Send + Sync + 'static {
    /// Waits until it has everything of the log up to an end, as long as it is patient; tells
    /// whether it has. While it is made anew it does not wait.
    async fn reaches(&self, end: LogEnd, patience: Duration) -> bool;

    /// Finds a page.
    ///
    /// # Errors
    ///
    /// What is wrong with the words, or that the index cannot be read.
    async fn find(&self, wanted: Wanted) -> Result<Hits, SearchError>;

    /// Returns what to show of why some were found, in the order of the hits. `all_lines` shows
    /// what supervisors alone see of a transcript as well.
    ///
    /// # Errors
    ///
    /// As [`Finder::find`].
    async fn highlights(
        &self,
        words: String,
        hits: Vec<Hit>,
        all_lines: bool,
    ) -> Result<Vec<Vec<Highlight>>, SearchError>;
}
