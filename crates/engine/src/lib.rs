//! The loops of Handoff.
//!
//! Every change, whoever wants it, goes the one write path in [`commands`]: load, decide, commit,
//! wake. The workers around it (router, timers, delivery, sweeper) wake on a hint *or* on a period,
//! take no input and are idempotent, so a lost hint or a crash costs time and nothing else.
//!
//! The rooms stand on each other in this order: [`core`], [`views`], [`commands`]; on these
//! [`desks`], [`letters`], [`conversations`] and [`delivery`]; then the [`workers`]; and an
//! [`Engine`] is all of them. What is below knows nothing of what is above.
//!
//! The crate owns no protocol and no SQL: it builds against the contracts of store and bus, and
//! whoever speaks outward implements a trait of [`outward`].

pub mod commands;
pub mod conversations;
pub mod core;
pub mod delivery;
pub mod desks;
pub mod letters;
pub mod outward;
pub mod privacy;
pub mod views;
pub mod workers;

mod run;
mod worker;

pub use crate::core::{
    AcknowledgementLimits, Backlog, Board, CLOCKS_APART_MAX_MS, ClaimFor, Claimed, Claiming, Clock,
    CommitTally, Core, CurrentBoard, Directory, Duty, Happened, IdSource, KeyTerms, Most, Note,
    NoteKind, NumberedNote, Options, Parts, QueueHeld, QueueWaits, SystemClock, SystemIds,
    clocks_apart_ms,
};
pub use commands::{
    CommandCount, CommandRequest, Commands, Done, ExecuteError, Opening, Outcome,
    external_ids_of_account, external_ids_of_center, external_ids_of_service,
};
pub use conversations::{
    ChatRefused, Conversations, NewChat, NotYourChat, OpenedChat, RequestName,
};
pub use delivery::{Delivery, Replay, Subscriptions, WatchCenter};
pub use desks::{AgentError, ChannelChange, Desks, Watch};
pub use letters::{
    Contacts, Letters, NewLetter, NotWritten, ProfileChange, RawMessage, TakenIn, WriteDown,
    contact_id, has_message_id,
};
pub use outward::{
    AgentState, Among, BUCKETS_MS, CenterNews, CenterTopic, Counted, CountedBy, Counts, Customers,
    DispositionMark, Finder, Highlight, Hit, Hits, Mailboxes, Narrowed, OpenLogin, Order, Outward,
    Patience, Post, Posted, Published, Publisher, QUARTER_MS, QueueState, SearchError, SearchPlace,
    Statistics, StatisticsError, Tally, Times, Wanted, WantedCounts,
};
pub use privacy::{Erasures, NotErased, Weighed, WishToErase};
pub use run::{Engine, Leaving, Mark};
pub use views::{
    AgentFigures, Asked, ContactSearch, ContactsFound, CountsFound, Difference, Figures, FoundOne,
    Judged, NextStep, OwnMarks, PlaceInLine, Played, Question, QueueFigures, ReadMark, ReadTo,
    SearchFound, Verdict, Views, WhatIf, WhatIfError, Why,
};
pub use worker::{Worker, WorkerStatus};
pub use workers::Workers;
