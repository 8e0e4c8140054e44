//! Test support for the whole of Handoff: one description of contact centers, the program as a
//! child process, one HTTP client, CometD clients of both transports, and stand-ins for clock,
//! store and a mail server.
//!
//! It is used by tests, campaigns and benchmarks only; nothing that is shipped depends on it. It
//! knows the product through its public doors (command line, center file, HTTP, CometD), so that a
//! test written with it says what a client sees. The exceptions are [`ManualClock`],
//! [`CountingIds`], [`FaultyStore`] and [`Center`]'s records, for tests that run the engine in
//! process.
//!
//! Every wait is bounded and waits for a condition; nothing sleeps for a fixed time and hopes.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "campaigns talk to the person who called them, and measure real time"
)]

mod agent;
mod balancer;
pub mod center;
mod clock;
mod cluster;
pub mod comet;
mod contract;
mod cookies;
mod faulty_store;
pub mod figures;
pub mod http;
mod ids;
mod inbox;
pub mod issuer;
mod letter;
pub mod mail_folder;
pub mod process;
pub mod program;
mod receiver;
pub mod tally;
pub mod tls;

pub use agent::TestAgent;
pub use balancer::{Balancer, Proxy, Spread};
pub use center::{Center, PASSWORD, Settings, Site};
pub use clock::ManualClock;
pub use cluster::{Cluster, Door};
pub use comet::{Comet, Replay, Transport};
pub use contract::{Contract, Exchange};
pub use faulty_store::{Fault, FaultyStore};
pub use handoff_store::conformance::server::PostgresServer;
pub use handoff_store::conformance::way::{Ending, Way};
pub use http::{Answer, Call, Client, NoAnswer};
pub use ids::CountingIds;
pub use inbox::{BOUND, Inbox};
pub use issuer::{Issuer, Signing, Wrongs};
pub use letter::Received;
pub use mail_folder::MailFolder;
pub use program::{Address, Program, Start, Surroundings};
pub use receiver::{Posted, Receiver};
pub use tally::Tally;
