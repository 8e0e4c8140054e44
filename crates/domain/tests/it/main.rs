//! The rules from outside: the whole state table, what follows from a change, and random sequences against the invariants.

mod agreement;
mod changes;
mod conversations;
mod departures;
mod drafts;
mod predicates;
mod random;
mod routed;
mod support;
mod table;
mod talk;
mod transcripts;

#[path = "../support/floor.rs"]
mod floor;
