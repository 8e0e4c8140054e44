//! What the fault campaigns and benchmarks share: the program as a child that is killed and started
//! again, a lean client that says what became of each request, made contact centers, and figures.
//!
//! The client here differs from [`Rest`](crate::Rest) on purpose: it keeps one connection,
//! measures, and tells a request that never left from one whose outcome is unknown.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "campaigns talk to the person who called them, and measure real time"
)]

pub mod center;
pub mod comet;
pub mod figures;
pub mod http;
pub mod program;
