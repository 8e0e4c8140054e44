//! Fault campaigns. Each says what it does while it runs, is bounded in time, counts what was
//! promised, and has a control that must fail.
//!
//! The program under test is a child process, known by its public doors alone; the one exception is
//! what stands in for it in some controls: the product's own parts on a store with a fault.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "campaigns talk to the person who called them"
)]

pub mod applies;
mod campaign;
pub mod chats;
pub mod cluster;
pub mod contention;
pub mod crash;
pub mod cuts;
pub mod floods;
pub mod mails;
pub mod slow;
pub mod stand_in;
