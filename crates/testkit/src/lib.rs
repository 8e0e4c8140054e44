//! Test support for the whole of Handoff: the program as a child process, a small HTTP client,
//! agents that speak REST and CometD over both transports, and a clock that is set by hand.
//!
//! It is used by tests only; nothing that is shipped depends on it. It knows the product through
//! its public doors alone (command line, HTTP, CometD), so that a test written with it says what a
//! client sees. The exceptions are [`ManualClock`] and [`FaultyStore`], which stand in for the
//! clock and the store in tests that run the engine in process.
//!
//! Every wait is bounded by [`BOUND`] and waits for a condition; nothing sleeps for a fixed time
//! and hopes.

mod agent;
mod clock;
mod comet;
mod faulty_store;
mod inbox;
pub mod load;
mod rest;
mod server;

pub use agent::TestAgent;
pub use clock::ManualClock;
pub use comet::{Comet, Replay, Transport};
pub use faulty_store::{Fault, FaultyStore};
pub use inbox::{BOUND, Inbox};
pub use rest::{Answer, Call, Rest};
pub use server::{PASSWORD, TestServer};
