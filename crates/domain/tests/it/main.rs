//! The rules from outside: the whole state table, what follows from a change, and random sequences
//! against the invariants.

mod agreement;
mod changes;
mod conversations;
mod departures;
mod dispositions;
mod drafts;
mod letters;
mod marks;
mod missed;
mod operations;
mod predicates;
mod random;
mod reminders;
mod routed;
mod sending;
mod supervised;
mod support;
mod table;
mod talk;
mod threads;
mod times;
mod transcripts;
mod versions;

#[path = "../support/floor.rs"]
mod floor;
