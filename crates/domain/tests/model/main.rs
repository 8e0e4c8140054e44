//! The rules over their whole state space.
//!
//! - `explore`: every state that two agents, two interactions and one queue can reach, with
//!   commands, timers and crashes in any order.
//! - `faults`: the rules with a fault, five times. Each must be found, or the exploration would
//!   prove nothing.
//!
//! A small part by default; `HANDOFF_MODEL_EPOCHS` sets how far an interaction is explored.

mod explore;
mod faults;

#[path = "../support/floor.rs"]
mod floor;

/// Says a figure on standard output, past the harness, which would keep what a passing test prints.
fn say(line: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}").expect("standard output is writable");
}
