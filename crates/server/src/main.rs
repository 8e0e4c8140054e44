//! The `handoff` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    handoff_server::carry_out(std::env::args_os())
}
