//! The rules against two other views of them.
//!
//! - `reference`: a second, deliberately naive writing of the state table, with types of its own.
//!   `compare` gives both the same random commands and asks for the same answer.
//! - `explore`: every state that two agents, two interactions and one queue can reach, with
//!   commands, timers and crashes in any order.
//! - `faults`: the rules with a fault, five times. Each must be found, or the exploration would
//!   prove nothing.
//!
//! Both run a small part by default. `HANDOFF_MODEL_COMMANDS` sets the number of random commands,
//! `HANDOFF_MODEL_SEED` the seed, and `HANDOFF_MODEL_EPOCHS` how far an interaction is explored.

mod compare;
mod explore;
mod faults;
mod reference;
mod world;

#[path = "../support/floor.rs"]
mod floor;

/// Reads a number from the environment.
fn number_from_env(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is to be a number, not {text}")),
        Err(_) => default,
    }
}

/// Says a figure on standard output, past the harness, which would keep what a passing test prints.
fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}").expect("standard output is writable");
}
