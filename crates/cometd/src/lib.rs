#![doc = include_str!("../README.md")]

mod application;
mod http;
mod identity;
mod limits;
mod policy;
mod ports;
pub mod protocol;
mod server;

pub use application::{Application, Outgoing, RemovalReason, Silent};
pub use http::{Answer, HttpConnection, whole};
pub use identity::{BrowserId, Identity, Login, SessionId, SessionInfo, Source, Tag};
pub use limits::Limits;
pub use policy::{AllowAll, Denial, Policy, Verdict};
pub use ports::{Clock, Ports, Random, SystemClock, SystemRandom};
pub use protocol::glance::Glance;
pub use protocol::hub::{Delivery, EndAdvice, Stats};
pub use server::{CometdServer, LaterBody, TakesLaterBody};
