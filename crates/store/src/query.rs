//! What can be asked of a store beside records by key.

use std::collections::BTreeMap;
use std::sync::Arc;

use handoff_domain::event::Subject;
use handoff_domain::{
    CenterId, ContactId, Entry, Event, Fact, Interaction, InteractionId, Media, Notice, QueueId,
    State, Time, Topic, UserId, WorkbinId,
};

/// Which interactions, before filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InteractionScope {
    /// Everything of a contact center that is not over.
    Active(CenterId),
    /// Everything that waits in any queue of any contact center, offered or not.
    Waiting,
    /// What a user owns, is offered, takes part in or is sending.
    HeldBy(UserId),
    /// What lies in a workbin.
    InWorkbin(WorkbinId),
    /// Everything of a contact, also what is over. The newest comes first.
    OfContact {
        /// The contact center.
        center: CenterId,
        /// The contact, as the interactions name them; an id in whatever spelling.
        contact: String,
    },
    /// Every e-mail of a thread, also what is over. The newest comes first.
    InThread {
        /// The contact center.
        center: CenterId,
        /// The first e-mail of the thread.
        root: InteractionId,
    },
    /// Everything that is on its way out, of any contact center.
    Sending,
    /// Everything of a contact center that is not over and that a user may see who does not see all
    /// of it: what they hold, what they submitted, what was last in one of these queues, what lies
    /// in one of these workbins.
    VisibleTo {
        user: UserId,
        /// Their contact center.
        center: CenterId,
        /// The queues that they serve.
        queues: Vec<QueueId>,
        /// The workbins that they may use.
        workbins: Vec<WorkbinId>,
    },
}

impl InteractionScope {
    /// Tells whether the newest comes first.
    #[must_use]
    pub const fn is_newest_first(&self) -> bool {
        match self {
            Self::OfContact { .. } | Self::InThread { .. } => true,
            Self::Active(_)
            | Self::Waiting
            | Self::HeldBy(_)
            | Self::InWorkbin(_)
            | Self::Sending
            | Self::VisibleTo { .. } => false,
        }
    }
}

/// Returns what a contact is called, in the one spelling that counts. An id may be written in
/// several; whoever submits interactions may call their contacts anything else.
#[must_use]
pub fn contact_called(contact: &str) -> String {
    contact.parse::<ContactId>().map_or_else(|_| contact.to_owned(), |id| id.to_string())
}

/// Returns the spellings in which interactions may name a contact.
#[must_use]
pub fn contact_spellings(contact: &str) -> Vec<String> {
    let mut all = vec![contact.to_owned()];
    if let Ok(id) = contact.parse::<ContactId>() {
        // An id that is printed with hyphens.
        let (plain, hyphenated) = (id.to_string(), UserId(id.0).to_string());
        all.extend([plain.to_uppercase(), hyphenated.to_uppercase(), plain, hyphenated]);
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// A page of interactions in order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InteractionQuery {
    pub scope: InteractionScope,
    /// Only this medium.
    pub media: Option<Media>,
    /// Only those last in this queue.
    pub queue: Option<QueueId>,
    /// Only those owned by this user.
    pub owner: Option<UserId>,
    /// Only this external id.
    pub external_id: Option<String>,
    /// Only this contact.
    pub contact: Option<String>,
    /// Only ids above this one; below it where the newest comes first.
    pub after: Option<InteractionId>,
    /// At most so many.
    pub limit: usize,
    /// Whether one that cannot be read is an error; else it is left out.
    pub strict: bool,
}

impl InteractionQuery {
    /// Asks for the first `limit` of a scope.
    #[must_use]
    pub const fn of(scope: InteractionScope, limit: usize) -> Self {
        Self {
            scope,
            media: None,
            queue: None,
            owner: None,
            external_id: None,
            contact: None,
            after: None,
            limit,
            strict: false,
        }
    }
}

/// A page of interactions, or of a stream, ends before its limit once what is on it takes so much,
/// in bytes ([`Interaction::weight`]): a letter may be a thousand times as large as a chat. There
/// is at least one on it.
pub const PAGE_BYTES_MAX: usize = 4 << 20;

/// A page of results.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The results, in order.
    pub items: Vec<T>,
    /// Whether there are more after the last.
    pub more: bool,
}

/// The numbers of one notice, per topic that carries it.
pub type Numbering = Vec<(Topic, u64)>;

/// One row of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRow {
    /// The event's place in the log; grows along a stream. Several rows of one stream may share it
    /// (one event, several notices).
    pub position: u64,
    /// What its owner is told.
    pub notice: Notice,
    /// The notice's number on each topic.
    pub numbers: Numbering,
    /// The event. Its own `notices` are empty here.
    pub event: Arc<Event>,
}

/// How far a stream's numbering has come on each topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The position of the stream's last row; zero when there never was one.
    pub position: u64,
    /// The last number given on each topic; a topic that is missing has given none.
    pub numbers: BTreeMap<Topic, u64>,
}

impl StreamRow {
    /// Returns about how many bytes it takes.
    #[must_use]
    pub fn weight(&self) -> usize {
        subject_weight(&self.event.subject)
    }
}

/// Returns about how many bytes a snapshot takes.
fn subject_weight(subject: &Subject) -> usize {
    match subject {
        Subject::Interaction(interaction) => interaction.weight(),
        Subject::Transcript { interaction, entries } => {
            interaction.weight()
                + entries.iter().map(|entry| entry.content.text_bytes()).sum::<usize>()
        }
        Subject::Desk(_) | Subject::Center(_) => size_of::<StreamRow>(),
    }
}

/// One entry of a history. It outlives the event's snapshot, which is swept with the
/// streams.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// Its place in the log.
    pub position: u64,
    pub at: Time,
    /// Who caused it.
    pub cause: handoff_domain::event::Cause,
    /// What happened.
    pub facts: Vec<Fact>,
    /// The interaction's epoch after it; zero for what has none.
    pub epoch: u64,
}

impl HistoryEntry {
    /// Returns what was said, in order.
    pub fn into_entries(self) -> impl Iterator<Item = Entry> {
        said(self.facts)
    }
}

/// Returns what was said among facts, in order.
pub(crate) fn said(facts: Vec<Fact>) -> impl Iterator<Item = Entry> {
    facts
        .into_iter()
        .filter_map(|fact| if let Fact::Said(entry) = fact { Some(*entry) } else { None })
}

/// The places of the census, in its order.
pub(crate) const PLACES: [&str; 6] =
    ["queued", "invited", "handling", "parked", "sending", "ended"];

pub(crate) const fn place(interaction: &Interaction) -> &'static str {
    match interaction.state {
        State::Queued(_) => "queued",
        State::Invited(..) => "invited",
        State::Handling(_) => "handling",
        State::Parked { .. } => "parked",
        State::Sending { .. } => "sending",
        State::Ended { .. } => "ended",
    }
}
