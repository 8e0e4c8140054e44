//! The `handoff` program.

use std::process::ExitCode;

use tikv_jemallocator::Jemalloc;

/// It gives back what a burst took (docs/adr/0021-the-allocator-is-jemalloc.md).
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    handoff_server::carry_out(std::env::args_os())
}
