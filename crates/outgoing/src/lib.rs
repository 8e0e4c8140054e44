//! Requests to addresses that somebody else chose, such as the admin of a contact center.
//!
//! Whoever chooses an address must not reach by it what this machine reaches and they do not: other
//! programs on it, its network, the metadata of a cloud. So the address that is connected to is
//! looked at after its name was looked up, and it is that one that is connected to; a redirect is
//! an answer like any other and is not followed. Every wait has an end, and of an answer little is
//! read.
//!
//! It knows nothing of what is sent, and keeps no connections: each request has its own.

mod address;
mod client;
mod lookups;

pub use address::{Policy, is_public};
pub use client::{Answer, Client, Limits, Trust, Unsent};
