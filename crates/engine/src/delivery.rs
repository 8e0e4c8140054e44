//! Delivery: from the durable streams to the CometD sessions that are open on this node.
//!
//! Every session remembers, per topic, the last number that it was given; a row goes to a session
//! when the session is subscribed and the row's number is higher. Rows are read in order under one
//! lock per user. From these two, and from the streams being gap-free, follows that a session
//! misses nothing, gets nothing twice, and sees a user's messages in order, whatever hints are
//! lost.
//!
//! Nothing but this module publishes to agents.

mod audience;
mod center;
mod deliver;
mod subscriptions;
mod viewers;
mod viewing;

pub use center::WatchCenter;
pub use deliver::Delivery;
pub(crate) use deliver::Owed;
pub use subscriptions::{Replay, Subscriptions};
pub(crate) use viewing::Look;
