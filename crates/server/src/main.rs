//! The `handoff` program.
//!
//! Reads the command line and the configuration, puts the other crates together, and starts and
//! stops what they make up. It decides nothing about interactions and speaks no protocol beyond
//! accepting connections.

mod accept;
mod apply;
mod cli;
mod command;
mod config;
mod counters;
mod demo;
mod doctor;
mod local;
mod mail;
mod output;
mod pages;
mod run;
mod runtime;
mod telemetry;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match command::execute(cli::Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            output::complain(&error);
            ExitCode::FAILURE
        }
    }
}
