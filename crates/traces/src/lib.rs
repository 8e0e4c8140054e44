//! Tells a collector of traces what happened to interactions: each is a trace, from its arrival to
//! its end, with its waits, its offers and the work on it as spans.
//!
//! A reader of the log, so a command costs the same with it, and what several nodes did to one
//! interaction is one trace. It has ids and names of things, and never a word of what was said.

mod exporter;
mod otlp;
mod span;

#[cfg(test)]
mod tests;

pub use exporter::{Destination, Traces};
