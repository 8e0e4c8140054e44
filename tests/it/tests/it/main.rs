//! Black-box tests: the built program as a child process, seen through HTTP and CometD alone.
//!
//! Each test has a server, a data directory and a port of its own, so that they run side by side.
//! The program has to be built before (`cargo build -p handoff-server`), or named with
//! `HANDOFF_BIN`. What the tests demand is written in the wire contract and in the reference
//! document of the operations; where a test names a section, it is the contract's.

mod access;
mod bad_input;
mod chat;
mod durability;
mod offers;
mod operations;
mod provisioning;
mod reach;
mod refused_bodies;
mod replay;
mod scene;
mod shutdown;
mod tour;
mod transfer;
mod user_data;
mod workbins;
