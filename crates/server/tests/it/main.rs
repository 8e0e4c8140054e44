//! The program as a child process: what it prints, how it starts and stops, what it exits with.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod alerts;
mod buckets;
mod child;
mod commands;
mod copies;
mod demo;
mod leftovers;
mod upgrades;
