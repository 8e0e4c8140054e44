//! The `handoff` program, but for its `main`: whatever runs it in a process of its own may bring an
//! allocator.
//!
//! Reads the command line and the configuration, puts the other crates together, and starts and
//! stops what they make up. It decides nothing about interactions and speaks no protocol beyond
//! accepting connections.

mod accept;
mod alerts;
mod apply;
mod backup;
mod bus;
mod cli;
mod command;
mod config;
mod copy;
mod counters;
mod demo;
mod doctor;
mod erase_contact;
mod export;
mod local;
mod lost_password;
mod mail;
mod metrics;
mod output;
mod pages;
mod pass_on;
mod rebuild;
mod run;
mod runtime;
mod serving;
mod sign_in;
mod stored;
mod supervisor;
mod telemetry;
mod tls;
mod traces;
mod upgrade;
mod webhooks;

pub use command::{carry_out, command_line};
