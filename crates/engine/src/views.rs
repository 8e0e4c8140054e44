//! What may be seen: interactions, lines, transcripts, threads and contacts, as their readers get
//! them.
//!
//! Nothing is changed here, and no command is called. Whether a user may see something is asked
//! first ([`may_see`]); what that user may not see is told like what does not exist.

mod attended;
mod center;
mod contacts;
mod drafts;
mod interactions;
mod line;
mod marks;
mod search;
mod sight;
mod statistics;
mod threads;
mod transcript;
mod what_if;
mod why;

pub use center::{agents_of_center, queues_of_center};
pub use contacts::{ContactSearch, ContactsFound};
pub use interactions::Views;
pub use line::PlaceInLine;
pub use marks::{OwnMarks, ReadMark, ReadTo};
pub use search::{FoundOne, SearchFound};
pub use sight::may_see;
pub(crate) use sight::{Sight, sight_of};
pub use statistics::CountsFound;
pub use what_if::{
    AgentFigures, Difference, Figures, Played, Question, QueueFigures, WhatIf, WhatIfError,
};
pub use why::{Asked, Judged, NextStep, Verdict, Why};
