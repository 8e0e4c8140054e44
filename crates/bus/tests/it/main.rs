//! The bus over real servers.
#![expect(
    clippy::unwrap_used,
    reason = "a test may stop at the first thing that is not as it should be, in helpers too"
)]

mod nats;
mod notify;
