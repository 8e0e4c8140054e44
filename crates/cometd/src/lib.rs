//! A CometD (Bayeux 1.0) server over long-polling and WebSocket.
//!
//! Inside, [`protocol`] is deterministic: the time is an argument, identifiers come from an injected source, and
//! nothing there knows of tasks, locks or sockets. Outside, [`CometdServer`] is a thin driver over axum and tokio.
//! The crate authenticates nobody: an outer middleware puts an [`Identity`] into the request's extensions, and a
//! session then belongs to that identity. What may be subscribed and published is asked of a [`Policy`]; what
//! happens is told to an [`Application`].
//!
//! Left out on purpose: callback-polling (it lets any site read a session that is authenticated by cookie), the
//! binary extension, and permessage-deflate (it costs memory on every socket).

mod application;
mod identity;
mod limits;
mod policy;
mod ports;
pub mod protocol;
mod server;

pub use application::{Application, Outgoing, RemovalReason, Silent};
pub use identity::{BrowserId, Identity, SessionId, SessionInfo};
pub use limits::Limits;
pub use policy::{AllowAll, Denial, Policy, Verdict};
pub use ports::{Clock, Ports, Random, SystemClock, SystemRandom};
pub use protocol::hub::{Delivery, EndAdvice, Stats};
pub use server::CometdServer;
