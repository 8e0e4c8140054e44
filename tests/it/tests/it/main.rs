//! Black-box tests: the built program as a child process, seen through HTTP and CometD alone.
//!
//! Each test has a server, a data directory and a port of its own, so that they run side by side.
//! The program has to be built before (`cargo build -p handoff-server`), or named with
//! `HANDOFF_BIN`. What single operations answer and who may do what is the matter of the tests of
//! `crates/api`; here is what needs the whole program: time that passes, sockets, kills, the disk.

mod apply;
mod backups;
mod chat;
mod cluster;
mod counters;
mod database;
mod durability;
mod erasures;
mod mailboxes;
mod memory;
mod observe;
mod offers;
mod pass_on;
mod passwords;
mod provisioning;
mod proxied;
mod reach;
mod refused_bodies;
mod replay;
mod rolling;
mod scene;
mod shutdown;
mod tls;
mod tour;
mod webhooks;
